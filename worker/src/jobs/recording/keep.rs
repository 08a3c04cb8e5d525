//! What is stored of recordings follows what their defense says of them: watchable and locked once proven, held
//! while an appeal is open, gone when its time is over or the law asks for it.

use domain::conflict::ConflictSet;
use domain::defense::{Defense, DefenseRefusal};
use domain::id::{DefenseId, UploadId};
use domain::job::Job;
use domain::recording::{Recording, Rendition, captions};
use domain::upload::{Purpose, UploadKey};
use jiff::{SignedDuration, Timestamp};
use storage::bucket::Holding;
use storage::defense::Hearing;
use storage::queue::Claimed;
use storage::recording::{key_of_captions, prefix_of_renditions};
use storage::{Bucket, Refused};

use super::film::Attempt;
use super::progress::{Progress, Step};
use super::prove::{Fetched, turn};
use crate::Worker;
use crate::media::make::MakeError;
use crate::outcome::Unfinished;

/// When what a slower attempt left behind is looked for again: by then its lease is long over.
const SWEPT_AGAIN: SignedDuration = SignedDuration::from_hours(24);

/// Brings what is stored of a defense's recordings in line with what it says of them. Everything is derived from
/// what is there, so that it can be done again at any time, and be broken off anywhere.
///
/// What is to be held or erased is so before anything is made, which takes long and may fail.
pub async fn keep(worker: &Worker, claimed: &Claimed, id: DefenseId) -> Result<(), Unfinished> {
    let Some(hearing) = arrange_all(worker, id).await? else {
        return Ok(worker.store.transaction::<()>().finish(claimed).commit().await?);
    };
    // Every recording takes at most two steps: it is kept, and its time ends.
    let mut steps_left = 1 + 2 * hearing.defense.value.recordings().count();
    while steps_left > 0 && step(worker, claimed, id).await? {
        steps_left -= 1;
    }
    let hearing = arrange_all(worker, id).await?;
    let now = worker.clock.now(&worker.store).await?.max(claimed.due_at);
    let recordings = hearing.iter().flat_map(|hearing| hearing.defense.value.recordings());
    let looks = recordings.flat_map(|(_, recording)| {
        let decided_at = recording.custody().last().map(|last| last.at).filter(|_| is_swept(recording));
        [recording.kept_until(), decided_at.map(|at| at + SWEPT_AGAIN)]
    });
    // A millisecond is the grain of the queue: what is due within it would be this very job.
    let next_look =
        looks.flatten().filter(|at| at.duration_since(now) > SignedDuration::from_millis(1)).min();
    let finished = worker.store.transaction::<()>();
    let finished = match next_look {
        Some(at) => finished.enqueue(&Job::KeepRecordings { defense: id, at }, at),
        None => finished,
    };
    Ok(finished.finish(claimed).commit().await?)
}

/// How often the objects are looked at again because the defense changed meanwhile.
const TRIES_MAX: usize = 8;

/// Brings the objects of all recordings in line with the defense; again where an appeal began or ended meanwhile, so
/// that of two jobs the later word counts.
async fn arrange_all(worker: &Worker, id: DefenseId) -> Result<Option<Hearing>, Unfinished> {
    for _ in 0..TRIES_MAX {
        let Some(hearing) = worker.store.hearing_for_job(id).await? else { return Ok(None) };
        for (_, recording) in hearing.defense.value.recordings() {
            arrange(worker, &hearing.defense.value, recording).await?;
        }
        let after = worker.store.hearing_for_job(id).await?;
        if after.is_some_and(|after| after.defense.revision == hearing.defense.revision) {
            return Ok(Some(hearing));
        }
    }
    Err(Unfinished::Retry("others keep changing the defense".into()))
}

/// Takes the next step that some recording is due for; says whether there was one.
async fn step(worker: &Worker, claimed: &Claimed, id: DefenseId) -> Result<bool, Unfinished> {
    let Some(hearing) = worker.store.hearing_for_job(id).await? else { return Ok(false) };
    let defense = &hearing.defense.value;
    let now = worker.clock.now(&worker.store).await?;
    if let Some((_, recording)) = defense.recordings().find(|(_, it)| it.is_to_be_kept()) {
        let upload = recording.upload();
        // Locked at once, whatever becomes of the film.
        let until = defense.recording_kept_until(upload).unwrap_or(now);
        worker.store.bucket(Purpose::Recording).retain(&key(upload), until).await?;
        let rendition = rendition(Attempt { worker, claimed, upload }, now).await?;
        let retained = |defense: Defense, conflicts: &ConflictSet| {
            defense.recording_retained(upload, rendition.clone(), conflicts, now)
        };
        return written(worker, claimed, id, retained, now).await;
    }
    let over = |it: &Recording| it.kept_until().is_some_and(|until| until <= now);
    let ended = defense.recordings().find(|(_, it)| over(it) && !defense.holds_recordings());
    let Some((_, recording)) = ended else { return Ok(false) };
    let upload = recording.upload();
    let expired = |defense: Defense, conflicts: &ConflictSet| {
        defense.recording_stepped(upload, |it| it.expired(now), conflicts, now)
    };
    written(worker, claimed, id, expired, now).await
}

/// Writes a step on the defense as it is by now: it may have changed while the film was made, which is not made again
/// for that. What no longer fits is left.
async fn written(
    worker: &Worker,
    claimed: &Claimed,
    id: DefenseId,
    step: impl Fn(Defense, &ConflictSet) -> Result<Defense, DefenseRefusal>,
    now: Timestamp,
) -> Result<bool, Unfinished> {
    for _ in 0..TRIES_MAX {
        let Some(hearing) = worker.store.hearing_for_job(id).await? else { return Ok(false) };
        let conflicts = &hearing.progress.conflicts.value;
        let next = match step(hearing.defense.value.clone(), conflicts) {
            Ok(next) => next,
            Err(refusal) => {
                tracing::info!(defense = %id, %refusal, "a recording changed meanwhile");
                return Ok(false);
            }
        };
        let transaction = super::step(worker, claimed, &hearing, next, now)?.checkpoint(claimed);
        match transaction.commit().await {
            Ok(()) => return Ok(true),
            Err(Refused::By(_)) => {}
            Err(refused) => return Err(refused.into()),
        }
    }
    Err(Unfinished::Retry("others keep changing the defense".into()))
}

/// Something watchable of a recording: what some attempt has stored whole, or else this one does. Nothing where no film
/// can be made of it, though it decoded to its end: then it is watched as it came.
async fn rendition(attempt: Attempt<'_>, now: Timestamp) -> Result<Option<Rendition>, Unfinished> {
    let made = match attempt.found_whole().await? {
        Some(prefix) => Ok(prefix),
        None => fetched_and_made(attempt).await?,
    };
    match made {
        Ok(prefix) => Ok(Some(Rendition { prefix, made_at: now })),
        Err(error) => {
            tracing::error!(upload = %attempt.upload, %error, "no film can be made of a recording");
            Ok(None)
        }
    }
}

async fn fetched_and_made(attempt: Attempt<'_>) -> Result<Result<String, MakeError>, Unfinished> {
    let _turn = turn().await?;
    let fetched = Fetched::new(attempt.bucket(), &key(attempt.upload)).await?;
    let lost = || Unfinished::GiveUp("a proven recording is none any more".into());
    let source = fetched.source()?.ok_or_else(lost)?;
    let media = fetched.media(&source).await?;
    let mut told = Progress::of(&attempt.worker.store, attempt.upload).follow(Step::Making);
    attempt.make(&fetched, &source, &media, &mut |permille| told.of(permille.into(), 1000)).await
}

/// Brings the objects of one recording in line with its state.
async fn arrange(worker: &Worker, defense: &Defense, recording: &Recording) -> Result<(), Unfinished> {
    let (bucket, upload) = (worker.store.bucket(Purpose::Recording), recording.upload());
    let kept = recording.rendition().map(|rendition| rendition.prefix.as_str());
    let object = key(upload);
    if recording.is_removed() {
        if bucket.head(&object).await?.is_some() {
            bucket.hold(&object, Holding::LetGo).await?;
        }
        bucket.erase(&object).await?;
        bucket.erase(&key_of_captions(upload)).await?;
    } else if recording.counts() {
        let held = if defense.holds_recordings() { Holding::Held } else { Holding::LetGo };
        bucket.hold(&object, held).await?;
    }
    if let Some(prefix) = kept {
        caption(bucket, upload, prefix).await?;
    }
    if is_swept(recording) {
        sweep(bucket, &prefix_of_renditions(upload), kept).await?;
    }
    Ok(())
}

/// Whether it is decided which film of it counts, if any.
fn is_swept(recording: &Recording) -> bool {
    recording.is_removed() || recording.is_rejected() || recording.kept_until().is_some()
}

/// Puts captions that were supplied beside the film that was made before.
async fn caption(bucket: &Bucket, upload: UploadId, prefix: &str) -> Result<(), Unfinished> {
    let Some(supplied) = bucket.read_text(&key_of_captions(upload), captions::BYTES_MAX).await? else {
        return Ok(());
    };
    let shown = format!("{prefix}captions.vtt");
    if bucket.read_text(&shown, captions::BYTES_MAX).await?.as_ref() != Some(&supplied) {
        bucket.put(&shown, supplied.into_bytes(), "text/vtt").await?;
    }
    Ok(())
}

/// Erases what lies or is still to lie under a prefix, but for what lies under another one that counts, which is whole.
/// Only where no film is to be named any more: broken off, it leaves a playlist whose film is gone.
async fn sweep(bucket: &Bucket, under: &str, kept: Option<&str>) -> Result<(), Unfinished> {
    let counts = |key: &str| kept.is_some_and(|prefix| key.starts_with(prefix));
    for (key, open) in bucket.open_uploads(under).await? {
        bucket.abort(&key, &open).await?;
    }
    let mut after = None;
    loop {
        let keys = bucket.keys(under, after.as_deref()).await?;
        let Some(last) = keys.last().cloned() else { return Ok(()) };
        for key in keys.iter().filter(|key| !counts(key)) {
            bucket.erase(key).await?;
        }
        after = Some(last);
    }
}

fn key(upload: UploadId) -> String {
    UploadKey { purpose: Purpose::Recording, upload }.to_string()
}
