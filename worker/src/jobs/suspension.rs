//! The end of a suspension for unpaid invoices: once nothing that is past its grace is owed any more.

use domain::enrollment::SuspensionCause;
use domain::id::EnrollmentId;
use domain::job::Job;
use domain::letter::{About, Letter};
use storage::Stored;
use storage::queue::Claimed;

use super::bill::edition;
use super::finish;
use crate::Worker;
use crate::outcome::Unfinished;

/// Lifts the suspension, and goes on billing: within the paid period as before, later from today.
pub async fn lift(worker: &Worker, claimed: &Claimed, id: EnrollmentId) -> Result<(), Unfinished> {
    let now = worker.clock.now(&worker.store).await?;
    let Some(enrollment) = worker.store.enrollment_for_job(id).await? else {
        return finish(worker, claimed).await;
    };
    let unpaid = enrollment.value.state.is_suspended_for(SuspensionCause::Unpaid);
    let today = enrollment.value.date_at(now);
    let terms = edition(worker, &enrollment.value.edition, enrollment.value.version).await?.terms_on(today);
    let invoices = worker.store.invoices_for_job(id).await?;
    if !unpaid || invoices.iter().any(|invoice| invoice.value.suspends_by(today, &terms)) {
        return finish(worker, claimed).await;
    }
    let Ok(lifted) = enrollment.clone().try_map(|enrollment| enrollment.lift(now)) else {
        return finish(worker, claimed).await;
    };
    let next = lifted.value.periods_after(worker.store.last_billed(id).await?).next();
    let told = Letter { enrollment: id, to: lifted.value.student, at: now, about: About::Lifted };
    let transaction = worker
        .store
        .transaction::<&str>()
        .save(&lifted, "the enrollment changed")
        .then_planned(&lifted.value)
        .bill_next(&lifted.value, next.as_ref(), now)
        .enqueue(&Job::ArrangeSessions { enrollment: id }, now)
        .introduce(&lifted.value, now)
        .audit(&lifted.value.key(), claimed.job.kind(), "worker", now)
        .write_letter(&told, now)
        .finish(claimed);
    let live = lifted.value.is_live();
    let transaction = if live { transaction } else { transaction.no_longer_live(&lifted.value) };
    Ok(transaction.commit().await?)
}
