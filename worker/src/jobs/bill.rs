//! Billing one enrollment: the invoices of a period that has begun, with the next numbers.

use domain::activation::{Billed, Issuing, bill as invoice_for};
use domain::catalog::Prospectus;
use domain::enrollment::Enrollment;
use domain::id::{EditionId, EnrollmentId};
use domain::invoice::LegalEntity;
use jiff::Timestamp;
use storage::Item;
use storage::invoice::InvoiceRefusal;
use storage::numbers::Numbers;
use storage::queue::Claimed;
use storage::transaction::Transaction;

use super::finish;
use crate::Worker;
use crate::outcome::Unfinished;

/// What an enrollment owes next, as it was read.
pub(super) struct Owed {
    pub(super) enrollment: Item<Enrollment>,
    /// Nothing where no period has begun that is not in the ledger.
    pub(super) billed: Option<Billed>,
    numbers: Option<Item<Numbers>>,
}

impl Owed {
    /// Reads an enrollment and decides what it owes at an instant; nothing where there is none.
    pub(super) async fn read(
        worker: &Worker,
        id: EnrollmentId,
        at: Timestamp,
    ) -> Result<Option<Self>, Unfinished> {
        let Some(enrollment) = worker.store.enrollment_for_job(id).await? else { return Ok(None) };
        let as_of = enrollment.value.clone().as_of(at);
        let last = worker.store.last_billed(id).await?;
        let Some(due) = as_of.periods_due(last, as_of.date_at(at)).next() else {
            return Ok(Some(Self { enrollment, billed: None, numbers: None }));
        };
        let edition = edition(worker, &as_of.edition, as_of.version).await?;
        let issuer = issuer(&edition)?;
        let numbers = worker.store.numbers(&issuer.code, issuer.year_of_issue(at)).await?;
        let issuing = Issuing { prospectus: &edition, issuer: &issuer, sequence: numbers.value.next() };
        let terms = edition.terms_on(as_of.date_at(at));
        let billed = invoice_for(&as_of, due, &issuing, &terms, at)
            .map_err(|refused| Unfinished::GiveUp(refused.to_string()))?;
        Ok(Some(Self { enrollment, billed: Some(billed), numbers: Some(numbers) }))
    }

    /// What keeps the invoice; nothing where none is owed.
    pub(super) fn keep<'store>(
        &self,
        worker: &'store Worker,
        now: Timestamp,
    ) -> Option<Transaction<'store, InvoiceRefusal>> {
        let (billed, numbers) = (self.billed.as_ref()?, self.numbers.as_ref()?);
        Some(worker.store.bill(&self.enrollment, billed, numbers, now))
    }
}

/// Writes the invoices of the next period that is due, if any, and asks for the one after it.
pub async fn bill(worker: &Worker, claimed: &Claimed, id: EnrollmentId) -> Result<(), Unfinished> {
    let now = worker.clock.now(&worker.store).await?;
    let owed = Owed::read(worker, id, now).await?;
    match owed.and_then(|owed| owed.keep(worker, now)) {
        Some(transaction) => Ok(transaction.finish(claimed).commit().await?),
        None => finish(worker, claimed).await,
    }
}

/// An edition version that enrollments hold.
pub(super) async fn edition(
    worker: &Worker,
    edition: &EditionId,
    version: u32,
) -> Result<Prospectus, Unfinished> {
    let edition = worker.store.edition(edition, version).await?;
    edition.ok_or_else(|| Unfinished::GiveUp("the edition of this enrollment is not in the catalog".into()))
}

/// Who issues an edition's invoices.
pub(super) fn issuer(edition: &Prospectus) -> Result<LegalEntity, Unfinished> {
    issuer_in(edition.edition.market.as_str())
}

/// Who issues a market's invoices.
pub(super) fn issuer_in(market: &str) -> Result<LegalEntity, Unfinished> {
    let issuer = LegalEntity::of_market(market);
    issuer.ok_or_else(|| Unfinished::GiveUp(format!("no legal entity issues invoices in {market}")))
}
