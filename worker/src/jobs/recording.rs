//! What becomes of a defense by itself: its recording is proved or missed, a condition lapses.

mod film; // what browsers play, stored whole
mod keep; // watchable, locked, held, gone
mod progress; // how far the work is
mod prove; // what the bytes show
mod reconcile; // what was given up is asked for again

use domain::conflict::Reason;
use domain::defense::{Defense, DefenseRefusal, Settled, Stage};
use domain::id::{DefenseId, UploadId};
use domain::recording::{Probe, RecordedFile, Recording};
use domain::upload::UploadState;
use jiff::Timestamp;
use storage::defense::{DefenseRefused, Hearing};
use storage::occupancy::Diaries;
use storage::queue::Claimed;
use storage::{Key, Refused, Transaction};

use self::film::Attempt;
pub use self::keep::keep;
use self::prove::prove;
pub use self::reconcile::reconcile;
use super::finish;
use crate::Worker;
use crate::outcome::Unfinished;

/// Proves the recordings of a defense whose uploads have ended: what is whole is probed, what will
/// never come is lost. A drafted verdict is sealed with the recording that proves it.
pub async fn verify(worker: &Worker, claimed: &Claimed, id: DefenseId) -> Result<(), Unfinished> {
    let Some(mut hearing) = worker.store.hearing_for_job(id).await? else {
        return finish(worker, claimed).await;
    };
    let mut news = Vec::new();
    for recording in hearing.defense.value.recordings_to_prove() {
        if let Some(seen) = look_at(worker, claimed, recording).await? {
            news.push((recording.upload(), seen));
        }
    }
    if news.is_empty() {
        return finish(worker, claimed).await;
    }
    let now = worker.clock.now(&worker.store).await?;
    let next = heard(&hearing, &news, now)?;
    if next.state().stage() == Stage::HeldUnrecorded {
        tracing::error!(defense = %id, "a defense was held and no recording of it is left: staff waive it or hold it again");
    }
    match write(worker, claimed, &hearing, next, now).await {
        // One of the two declared a tie since: what the recording shows is kept, the draft is for staff.
        Err(Refused::By(DefenseRefused::JurorInConflict { juror })) => {
            hearing.progress.conflicts.value.add(juror, Reason::Declared);
            let next = heard(&hearing, &news, now)?;
            Ok(write(worker, claimed, &hearing, next, now).await?)
        }
        written => Ok(written?),
    }
}

/// What was found out about a recording.
enum Seen {
    /// All bytes are there, and this is what they show.
    Whole(RecordedFile, Probe),
    /// It will never come.
    Lost,
}

/// Looks at what became of a recording's upload; nothing while it may still come.
async fn look_at(
    worker: &Worker,
    claimed: &Claimed,
    recording: &Recording,
) -> Result<Option<Seen>, Unfinished> {
    let missing = || Unfinished::GiveUp("a recording has no upload".into());
    let upload = worker.store.upload_for_job(recording.upload()).await?.ok_or_else(missing)?.value;
    match upload.state {
        UploadState::Open { .. } | UploadState::Arrived { .. } => Ok(None),
        UploadState::Refused { .. } | UploadState::Abandoned { .. } => Ok(Some(Seen::Lost)),
        UploadState::Verified { size, sha256, .. } => {
            let file = RecordedFile { size, sha256: sha256.to_string() };
            let attempt = Attempt { worker, claimed, upload: upload.id };
            let probe = prove(attempt, &upload, &file).await?;
            Ok(Some(Seen::Whole(file, probe)))
        }
    }
}

/// The defense once it has heard all news about its recordings.
fn heard(hearing: &Hearing, news: &[(UploadId, Seen)], now: Timestamp) -> Result<Defense, Unfinished> {
    let conflicts = &hearing.progress.conflicts.value;
    let tell = |defense: Defense, (upload, seen): &(UploadId, Seen)| match seen {
        Seen::Lost => defense.recording_stepped(*upload, Recording::failed, conflicts, now),
        Seen::Whole(file, probe) => {
            let stored = |recording: Recording| recording.stored(file.clone());
            let defense = defense.recording_stepped(*upload, stored, conflicts, now)?;
            defense.recording_probed(*upload, probe.clone(), conflicts, now)
        }
    };
    let told = news.iter().try_fold(hearing.defense.value.clone(), tell);
    told.map_err(|refusal: DefenseRefusal| Unfinished::GiveUp(refusal.to_string()))
}

/// A day after the defense: where no recording is there or on its way, it was held unrecorded.
pub async fn miss(worker: &Worker, claimed: &Claimed, id: DefenseId) -> Result<(), Unfinished> {
    let now = worker.clock.now(&worker.store).await?;
    by_time(worker, claimed, id, now, |defense| defense.held_unrecorded(now)).await
}

/// A turn after a conditional verdict is over.
pub async fn close_condition(worker: &Worker, claimed: &Claimed, id: DefenseId) -> Result<(), Unfinished> {
    let now = worker.clock.now(&worker.store).await?;
    by_time(worker, claimed, id, now, |defense| defense.condition_lapsed(now)).await
}

/// A step that time alone makes: it is taken when it is due, and left where it no longer fits.
async fn by_time(
    worker: &Worker,
    claimed: &Claimed,
    id: DefenseId,
    now: Timestamp,
    step: impl FnOnce(Defense) -> Result<Defense, DefenseRefusal>,
) -> Result<(), Unfinished> {
    let Some(hearing) = worker.store.hearing_for_job(id).await? else {
        return finish(worker, claimed).await;
    };
    match step(hearing.defense.value.clone()) {
        Ok(next) if next != hearing.defense.value => Ok(write(worker, claimed, &hearing, next, now).await?),
        Err(DefenseRefusal::TooEarly { from }) => {
            Ok(worker.store.transaction::<()>().finish_until(claimed, from).commit().await?)
        }
        Ok(_) | Err(_) => finish(worker, claimed).await,
    }
}

/// Writes a step with all that it settles, and ends the job with it.
async fn write(
    worker: &Worker,
    claimed: &Claimed,
    hearing: &Hearing,
    next: Defense,
    now: Timestamp,
) -> Result<(), Refused<DefenseRefused>> {
    step(worker, claimed, hearing, next, now)?.finish(claimed).commit().await
}

/// A step with all that it settles.
fn step<'a>(
    worker: &'a Worker,
    claimed: &Claimed,
    hearing: &Hearing,
    next: Defense,
    now: Timestamp,
) -> Result<Transaction<'a, DefenseRefused>, Refused<DefenseRefused>> {
    let attempts = hearing.attempts();
    let settled = hearing.defense.value.settle(next, hearing.path(&attempts), now);
    let settled: Settled = match settled {
        Ok(settled) => settled,
        Err(refusal) => {
            tracing::error!(%refusal, "an attempt does not follow its defense");
            return Err(Refused::By(DefenseRefused::Changed));
        }
    };
    let key = Key::Defense(settled.defense.id());
    let transaction = worker.store.keep_step(hearing, &settled, &Diaries::default());
    Ok(transaction.audit(&key, claimed.job.kind(), "worker", now))
}
