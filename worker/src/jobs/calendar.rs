//! What was planned for an enrollment: a quote's end, a pause's begin, a withdrawal.

use domain::id::EnrollmentId;
use domain::job::Job;
use storage::Stored;
use storage::queue::Claimed;

use super::finish;
use crate::Worker;
use crate::outcome::Unfinished;

/// Stores what an enrollment became by what was planned for it.
pub async fn apply_planned(worker: &Worker, claimed: &Claimed, id: EnrollmentId) -> Result<(), Unfinished> {
    let now = worker.clock.now(&worker.store).await?;
    let Some(progress) = worker.store.progress_for_job(id).await? else {
        return finish(worker, claimed).await;
    };
    let before = progress.enrollment;
    let after = before.value.clone().as_of(now);
    if after == before.value {
        return finish(worker, claimed).await;
    }
    let item = before.with(after);
    let transaction = worker
        .store
        .transaction::<&str>()
        .save(&item, "the enrollment changed")
        .then_planned(&item.value)
        .enqueue(&Job::ArrangeSessions { enrollment: id }, now)
        .audit(&item.value.key(), claimed.job.kind(), "worker", now)
        .finish(claimed);
    let live = item.value.state.is_live();
    let transaction = if live { transaction } else { transaction.no_longer_live(&item.value) };
    Ok(transaction.commit().await?)
}
