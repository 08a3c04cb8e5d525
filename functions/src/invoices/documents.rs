//! Links to the documents of invoices and credit notes, which the worker makes.

use domain::id::{CreditNoteId, EnrollmentId, PersonId};
use domain::invoice::{Invoice, Paper};
use domain::upload::Purpose;
use storage::Item;

use crate::call::Call;
use crate::problem::Problem;

/// The documents that were made, or begun.
pub(super) struct Documents<'a> {
    call: &'a Call,
    papers: Vec<Item<Paper>>,
    /// Whether those of all payers are shown together.
    listed: bool,
}

impl<'a> Documents<'a> {
    /// Those of an enrollment.
    pub(super) async fn of_enrollment(call: &'a Call, id: EnrollmentId) -> Result<Self, Problem> {
        Ok(Self { call, papers: call.store().papers(id).await?, listed: true })
    }

    /// Those of an invoice and of its credit notes.
    pub(super) async fn of_invoice(call: &'a Call, invoice: &Invoice) -> Result<Self, Problem> {
        Ok(Self {
            call,
            papers: call.store().papers_of(invoice.enrollment, invoice.id).await?,
            listed: false,
        })
    }

    /// A link to a document that is there. It bears its payer's name and address: who studies or pays on the
    /// same enrollment gets none for another's.
    pub(super) async fn link(
        &self,
        invoice: &Invoice,
        note: Option<CreditNoteId>,
        reader: PersonId,
    ) -> Result<Option<String>, Problem> {
        if reader != invoice.payer && (self.listed || reader == invoice.student) {
            return Ok(None);
        }
        let invoice = invoice.id;
        let wanted = |paper: &&Item<Paper>| paper.value.invoice == invoice && paper.value.note == note;
        let paper = self.papers.iter().find(wanted);
        let Some(file) = paper.and_then(|paper| paper.value.file.as_ref()) else { return Ok(None) };
        let name = match note {
            None => format!("{invoice}.pdf"),
            Some(note) => format!("{note}.pdf"),
        };
        Ok(Some(self.call.file_link(Purpose::Evidence, &file.key, &name).await?.url))
    }
}
