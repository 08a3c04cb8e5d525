//! The documents of invoices and credit notes.

use domain::id::{CreditNoteId, EnrollmentId, InvoiceId};
use domain::invoice::{Invoice, Paper};
use domain::job::Job;
use jiff::Timestamp;

use crate::item::{Item, Stored};
use crate::key::{Key, Query};
use crate::store::{Store, StoreError};
use crate::transaction::Transaction;

impl Stored for Paper {
    const KIND: &'static str = "paper";

    fn key(&self) -> Key {
        Key::Paper(self.enrollment, self.invoice, self.note)
    }
}

/// The most documents of an enrollment: one for each of its invoices and credit notes.
const PAPERS_MAX: u16 = 6_000;

impl Store {
    /// A document, once somebody began to make it.
    pub async fn paper(
        &self,
        enrollment: EnrollmentId,
        invoice: InvoiceId,
        note: Option<CreditNoteId>,
    ) -> Result<Option<Item<Paper>>, StoreError> {
        self.get(&Key::Paper(enrollment, invoice, note)).await
    }

    /// The documents of an enrollment.
    pub async fn papers(&self, enrollment: EnrollmentId) -> Result<Vec<Item<Paper>>, StoreError> {
        self.list(&Query::Papers(enrollment), PAPERS_MAX).await
    }

    /// The documents of an invoice and of its credit notes.
    pub async fn papers_of(
        &self,
        enrollment: EnrollmentId,
        invoice: InvoiceId,
    ) -> Result<Vec<Item<Paper>>, StoreError> {
        self.list(&Query::PapersOf(enrollment, invoice), PAPERS_MAX).await
    }
}

impl<R> Transaction<'_, R> {
    /// Asks for the document of an invoice, or of a credit note over it.
    pub fn ask_document(self, invoice: &Invoice, note: Option<CreditNoteId>, now: Timestamp) -> Self {
        let Invoice { enrollment, id: invoice, .. } = *invoice;
        self.enqueue(&Job::MakeDocument { enrollment, invoice, note }, now)
    }
}
