//! Once a day, while anything is awaited of a defense's recordings: whatever has to happen next is asked for again,
//! also where it was given up.

use domain::defense::{Defense, RECONCILED_EVERY};
use domain::id::DefenseId;
use domain::job::Job;
use domain::upload::{Upload, UploadState};
use jiff::Timestamp;
use storage::queue::Claimed;

use super::finish;
use crate::Worker;
use crate::outcome::Unfinished;

/// The most jobs that are asked for at once, far below a transaction's bound.
const ASKED_AT_ONCE: usize = 40;

/// Asks for what is to happen with a defense's recordings, as follows from what is there, and looks again in a day.
pub async fn reconcile(worker: &Worker, claimed: &Claimed, id: DefenseId) -> Result<(), Unfinished> {
    let Some(hearing) = worker.store.hearing_for_job(id).await? else {
        return finish(worker, claimed).await;
    };
    let defense = hearing.defense.value;
    let now = worker.clock.now(&worker.store).await?;
    // Objects are looked at in any case: what was to be held or erased may have been given up.
    let mut next = vec![Job::KeepRecordings { defense: id, at: now }];
    for upload in defense.recordings_awaited() {
        let upload = worker.store.upload_for_job(upload).await?;
        let job = upload.and_then(|upload| next_of(&upload.value, id, now));
        next.extend(job.filter(|job| !next.contains(job)));
    }
    // What is left is for the next day: others have to be looked at first.
    next.truncate(ASKED_AT_ONCE);
    let mut transaction = worker.store.transaction::<()>();
    for job in &next {
        // One that was given up is tried again; one that runs, or is due by then, stays as it is.
        worker.store.hasten(job, now).await?;
        transaction = transaction.enqueue(job, now);
    }
    let transaction = match next_look(&defense, now) {
        Some(at) => transaction.finish_until(claimed, at),
        None => transaction.finish(claimed),
    };
    Ok(transaction.commit().await?)
}

/// What brings an upload that a defense waits for further.
fn next_of(upload: &Upload, defense: DefenseId, now: Timestamp) -> Option<Job> {
    match upload.state {
        UploadState::Open { .. } => {
            upload.is_expired(now).then_some(Job::AbandonUpload { upload: upload.id })
        }
        UploadState::Arrived { .. } => Some(Job::VerifyUpload { upload: upload.id }),
        UploadState::Verified { .. } | UploadState::Refused { .. } | UploadState::Abandoned { .. } => {
            Some(Job::VerifyRecording { defense })
        }
    }
}

fn next_look(defense: &Defense, now: Timestamp) -> Option<Timestamp> {
    if !defense.awaits_of_recordings() {
        return None;
    }
    let at = now + RECONCILED_EVERY;
    if defense.reconciled_until().is_some_and(|until| at <= until) {
        return Some(at);
    }
    tracing::error!(defense = %defense.id(), "nothing becomes of a defense's recordings: staff must look");
    None
}
