//! The beginning of an enrollment for whose first period nothing is owed: no money is waited for.

use domain::activation::{Issuing, begin as began, first_drafts};
use domain::id::EnrollmentId;
use storage::Stored;
use storage::invoice::InvoiceRefusal;
use storage::queue::Claimed;

use super::bill::{edition, issuer};
use super::finish;
use crate::Worker;
use crate::outcome::Unfinished;

/// Begins the enrollment, unless something is owed by now, or money is on its way for a draft of before.
pub async fn begin(worker: &Worker, claimed: &Claimed, id: EnrollmentId) -> Result<(), Unfinished> {
    let now = worker.clock.now(&worker.store).await?;
    let Some(enrollment) = worker.store.enrollment_for_job(id).await? else {
        return finish(worker, claimed).await;
    };
    let edition = edition(worker, &enrollment.value.edition, enrollment.value.version).await?;
    let owed = first_drafts(&enrollment.value, &edition, enrollment.value.date_at(now));
    if !owed.map_err(|error| Unfinished::GiveUp(error.to_string()))?.is_empty() {
        return finish(worker, claimed).await;
    }
    let drafts = worker.store.drafts_of(id).await?;
    for draft in &drafts {
        let payments = worker.store.payments_of(&draft.value).await?;
        if !draft.value.paid.is_zero() || payments.iter().any(|payment| !payment.is_refused()) {
            return finish(worker, claimed).await;
        }
    }
    let issuer = issuer(&edition)?;
    let numbers = worker.store.numbers(&issuer.code, issuer.year_of_issue(now)).await?;
    let issuing = Issuing { prospectus: &edition, issuer: &issuer, sequence: numbers.value.next() };
    let terms = edition.terms_on(enrollment.value.date_at(now));
    let began = began(enrollment.value.clone(), Vec::new(), now, &issuing, &terms, now);
    // A quote that has expired meanwhile, or an enrollment that has begun, begins nothing.
    let Ok(Some(began)) = began else { return finish(worker, claimed).await };
    let transaction = worker.store.begin(&enrollment, &[], &began, &numbers, now);
    let dropped = drafts
        .iter()
        .fold(transaction, |transaction, draft| transaction.drop_draft(draft, InvoiceRefusal::Changed));
    let transaction = dropped.audit(&enrollment.value.key(), claimed.job.kind(), "worker", now);
    Ok(transaction.finish(claimed).commit().await?)
}
