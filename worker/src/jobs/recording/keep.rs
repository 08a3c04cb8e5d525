//! What is stored of recordings follows what their defense says of them: watchable and locked once proven, held
//! while an appeal is open, gone when its time is over or the law asks for it.

use domain::defense::{Defense, DefenseRefusal};
use domain::id::{DefenseId, UploadId};
use domain::job::Job;
use domain::recording::{Recording, Rendition};
use domain::upload::{Purpose, UploadKey};
use jiff::{SignedDuration, Timestamp};
use storage::bucket::Holding;
use storage::defense::Hearing;
use storage::queue::Claimed;
use storage::recording::{prefix_of_attempt, prefix_of_renditions};

use super::progress::{Progress, Step};
use super::prove::{Fetched, io, limits, turn, unfinished};
use crate::Worker;
use crate::media::make::{MakeError, Order, Watchable, make};
use crate::outcome::Unfinished;

/// When what a slower attempt left behind is looked for again: by then its lease is long over.
const SWEPT_AGAIN: SignedDuration = SignedDuration::from_hours(24);

/// All that is made of one recording together.
const MADE_BYTES_MAX: u64 = 32 << 30;

/// Brings what is stored of a defense's recordings in line with what it says of them. Everything is derived from
/// what is there, so that it can be done again at any time, and be broken off anywhere.
pub async fn keep(worker: &Worker, claimed: &Claimed, id: DefenseId) -> Result<(), Unfinished> {
    // Every recording takes at most two steps: it is kept, and its time ends.
    let mut steps_left = 1 + 2 * recordings_of(worker, id).await?;
    while steps_left > 0 && step(worker, claimed, id).await? {
        steps_left -= 1;
    }
    let finished = worker.store.transaction::<()>();
    let Some(hearing) = worker.store.hearing_for_job(id).await? else {
        return Ok(finished.finish(claimed).commit().await?);
    };
    let now = worker.clock.now(&worker.store).await?;
    let mut next_look = None;
    for (_, recording) in hearing.defense.value.recordings() {
        arrange(worker, &hearing.defense.value, recording).await?;
        let made_at = recording.rendition().map(|rendition| rendition.made_at);
        let swept_at = made_at.map(|at| at + SWEPT_AGAIN);
        let looks = [recording.kept_until(), swept_at].into_iter().flatten().filter(|at| *at > now);
        next_look = next_look.into_iter().chain(looks).min();
    }
    let finished = match next_look {
        Some(at) => finished.enqueue(&Job::KeepRecordings { defense: id, at }, at),
        None => finished,
    };
    Ok(finished.finish(claimed).commit().await?)
}

async fn recordings_of(worker: &Worker, id: DefenseId) -> Result<usize, Unfinished> {
    let hearing = worker.store.hearing_for_job(id).await?;
    Ok(hearing.map_or(0, |hearing| hearing.defense.value.recordings().count()))
}

/// Takes the next step that some recording is due for; says whether there was one.
async fn step(worker: &Worker, claimed: &Claimed, id: DefenseId) -> Result<bool, Unfinished> {
    let Some(hearing) = worker.store.hearing_for_job(id).await? else { return Ok(false) };
    let defense = &hearing.defense.value;
    let now = worker.clock.now(&worker.store).await?;
    if let Some((_, recording)) = defense.recordings().find(|(_, it)| it.is_to_be_kept()) {
        let upload = recording.upload();
        let rendition = made(worker, claimed, upload, now).await?;
        let until = defense.recording_kept_until(upload).unwrap_or(now);
        worker.store.bucket(Purpose::Recording).retain(&key(upload), until).await?;
        let conflicts = &hearing.progress.conflicts.value;
        let retained = defense.clone().recording_retained(upload, rendition, conflicts, now);
        return written(worker, claimed, &hearing, retained, now).await;
    }
    let over = |it: &Recording| it.kept_until().is_some_and(|until| until <= now);
    let ended = defense.recordings().find(|(_, it)| over(it) && !defense.holds_recordings());
    let Some((_, recording)) = ended else { return Ok(false) };
    let conflicts = &hearing.progress.conflicts.value;
    let expired = defense.clone().recording_stepped(recording.upload(), |it| it.expired(now), conflicts, now);
    written(worker, claimed, &hearing, expired, now).await
}

async fn written(
    worker: &Worker,
    claimed: &Claimed,
    hearing: &Hearing,
    next: Result<Defense, DefenseRefusal>,
    now: Timestamp,
) -> Result<bool, Unfinished> {
    let next = next.map_err(|refusal| Unfinished::GiveUp(refusal.to_string()))?;
    super::step(worker, claimed, hearing, next, now)?.checkpoint(claimed).commit().await?;
    Ok(true)
}

/// Makes something watchable of a recording, under a prefix of this attempt's own.
async fn made(
    worker: &Worker,
    claimed: &Claimed,
    upload: UploadId,
    now: Timestamp,
) -> Result<Rendition, Unfinished> {
    let bucket = worker.store.bucket(Purpose::Recording);
    let prefix = prefix_of_attempt(upload, claimed);
    let fetched = Fetched::new(bucket, &key(upload)).await?;
    let lost = || Unfinished::GiveUp("a proven recording is none any more".into());
    let source = fetched.source()?.ok_or_else(lost)?;
    let folder = fetched.folder().join("made");
    tokio::fs::create_dir(&folder).await.map_err(|error| io(&error))?;
    let watchable = {
        let _turn = turn().await?;
        let media = fetched.media(&source).await?;
        let limits = limits(media.duration_millis);
        let order = Order {
            source: &source,
            media: &media,
            captions: None,
            folder: &folder,
            limits,
            bytes_max: MADE_BYTES_MAX,
        };
        let mut told = Progress::of(&worker.store, upload).follow(Step::Making);
        make(&order, &mut |permille| told.of(permille.into(), 1000)).await.map_err(not_made)?
    };
    let Watchable { files, .. } = watchable;
    for file in &files {
        bucket.put_file(&format!("{prefix}{}", file.name), &file.path, file.content_type).await?;
    }
    Ok(Rendition { prefix, made_at: now })
}

fn not_made(error: MakeError) -> Unfinished {
    match error {
        MakeError::Tool(error) => unfinished(error),
        MakeError::Io(error) => io(&error),
        error => Unfinished::GiveUp(error.to_string()),
    }
}

/// Brings the objects of one recording in line with its state.
async fn arrange(worker: &Worker, defense: &Defense, recording: &Recording) -> Result<(), Unfinished> {
    let (bucket, upload) = (worker.store.bucket(Purpose::Recording), recording.upload());
    let kept = recording.rendition().map(|rendition| rendition.prefix.as_str());
    if recording.is_removed() {
        bucket.erase(&key(upload)).await?;
    } else if recording.kept_until().is_some() {
        let held = if defense.holds_recordings() { Holding::Held } else { Holding::LetGo };
        bucket.hold(&key(upload), held).await?;
    }
    if recording.is_removed() || kept.is_some() {
        sweep(worker, upload, kept).await?;
    }
    Ok(())
}

/// Erases what attempts made of a recording, but for the one that counts.
async fn sweep(worker: &Worker, upload: UploadId, kept: Option<&str>) -> Result<(), Unfinished> {
    let bucket = worker.store.bucket(Purpose::Recording);
    let mut after = None;
    loop {
        let keys = bucket.keys(&prefix_of_renditions(upload), after.as_deref()).await?;
        let Some(last) = keys.last().cloned() else { return Ok(()) };
        for key in keys.iter().filter(|key| kept.is_none_or(|prefix| !key.starts_with(prefix))) {
            bucket.erase(key).await?;
        }
        after = Some(last);
    }
}

fn key(upload: UploadId) -> String {
    UploadKey { purpose: Purpose::Recording, upload }.to_string()
}
