//! What a recording's bytes show: fetched, summed, looked at and decoded to the end.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use domain::digest::Sha256Hex;
use domain::recording::{Decoding, Probe, RecordedFile};
use domain::upload::Upload;
use futures::future::{Either, select};
use sha2::{Digest, Sha256};
use storage::Bucket;
use tempfile::TempDir;
use tokio::sync::{Semaphore, SemaphorePermit, mpsc};

use super::film::Attempt;
use super::progress::{Progress, Step};
use crate::media::decode::{Decoded, decode};
use crate::media::probe::{Media, ProbeError, probe};
use crate::media::tool::{Limits, ToolError};
use crate::media::{NoRecording, Source};
use crate::outcome::Unfinished;

/// Pieces of an object that may wait to be written, each as much as one read of the connection gives: some hundred KiB.
const PIECES_AHEAD: usize = 8;

/// Recordings worked on at once, from the first byte fetched to the last one stored: each uses all processors, and room
/// on the disk.
static AT_ONCE: Semaphore = Semaphore::const_new(2);

/// Waits until a recording may be worked on.
pub(super) async fn turn() -> Result<SemaphorePermit<'static>, Unfinished> {
    AT_ONCE.acquire().await.map_err(|error| Unfinished::Retry(error.to_string()))
}

/// What one run of a tool may take for a recording that plays so long: a phone's hour is decoded and coded within
/// four hours on one processor.
pub(super) fn limits(duration_millis: u64) -> Limits {
    let allowed = Duration::from_secs(120) + Duration::from_millis(duration_millis).saturating_mul(4);
    let allowed = allowed.min(Duration::from_secs(5 * 60 * 60));
    Limits { wall: allowed, cpu: allowed.saturating_mul(2) }
}

/// How long a proof waits for the store to take what is watched of the recording: a verdict waits with it.
const AHEAD_MAX: Duration = Duration::from_secs(5 * 60);

/// A recording on this machine, gone when this is dropped.
pub(super) struct Fetched {
    folder: TempDir,
    path: PathBuf,
    /// In bytes.
    pub size: u64,
    /// Of all bytes.
    pub sha256: Sha256Hex,
}

impl Fetched {
    /// Fetches an object into a folder of its own, and sums it on the way.
    pub async fn new(bucket: &Bucket, key: &str) -> Result<Self, Unfinished> {
        let lost = || Unfinished::GiveUp("the object of a verified upload is not there".into());
        let mut bytes = bucket.read(key).await?.ok_or_else(lost)?;
        let folder = scratch().map_err(|error| io(&error))?;
        let path = folder.path().join("recording");
        let mut file = std::fs::File::create(&path).map_err(|error| io(&error))?;
        // What has come is summed and written by a thread of its own while more comes.
        let (ahead, mut coming) = mpsc::channel::<Bytes>(PIECES_AHEAD);
        let written = tokio::task::spawn_blocking(move || {
            let (mut size, mut hash) = (0_u64, Sha256::new());
            while let Some(piece) = coming.blocking_recv() {
                size += piece.len() as u64;
                hash.update(&piece);
                file.write_all(&piece)?;
            }
            std::io::Result::Ok((size, Sha256Hex::from_bytes(hash.finalize().into())))
        });
        while let Some(piece) =
            bytes.try_next().await.map_err(|error| Unfinished::Retry(error.to_string()))?
        {
            if ahead.send(piece).await.is_err() {
                break;
            }
        }
        drop(ahead);
        let written = written.await.map_err(|error| Unfinished::Retry(error.to_string()))?;
        let (size, sha256) = written.map_err(|error| io(&error))?;
        Ok(Self { folder, path, size, sha256 })
    }

    /// Whether its bytes are those.
    fn holds(&self, file: &RecordedFile) -> bool {
        self.size == file.size && self.sha256.to_string() == file.sha256
    }

    /// Where tools may work, and write.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// It, if it begins like a recording.
    pub fn source(&self) -> Result<Option<Source>, Unfinished> {
        match Source::open(&self.path) {
            Ok(source) => Ok(Some(source)),
            Err(NoRecording::OtherKind) => Ok(None),
            Err(NoRecording::Io(error)) => Err(io(&error)),
        }
    }

    /// What its container says.
    pub async fn media(&self, source: &Source) -> Result<Media, Unfinished> {
        probe(source, self.folder()).await.map_err(|error| match error {
            ProbeError::Tool(error) => unfinished(error),
            ProbeError::Unreadable(error) => Unfinished::GiveUp(error.to_string()),
        })
    }
}

/// What the folders of this program begin with, before the process that works in them.
const SCRATCH: &str = "compagnon-recording-";

/// A folder to work in. Those of workers that were killed go now: nobody else would remove them.
fn scratch() -> std::io::Result<TempDir> {
    let place = std::env::temp_dir();
    let processes = Path::new("/proc");
    let is_over = |name: &str| {
        let process = name.strip_prefix(SCRATCH).and_then(|rest| rest.split('-').next());
        process.is_some_and(|process| !processes.join(process).exists())
    };
    // Where the system does not tell who runs, folders are left to whoever sweeps its temporary ones.
    if processes.join("self").exists() {
        for entry in place.read_dir()?.flatten() {
            if entry.file_name().to_str().is_some_and(is_over) {
                // Another worker may sweep it at the same moment.
                let _ = std::fs::remove_dir_all(entry.path());
            }
        }
    }
    tempfile::Builder::new().prefix(&format!("{SCRATCH}{}-", std::process::id())).tempdir_in(place)
}

/// Reads what the recording of an attempt shows, whose upload was proven to hold these bytes.
pub(super) async fn prove(
    attempt: Attempt<'_>,
    uploaded: &Upload,
    file: &RecordedFile,
) -> Result<Probe, Unfinished> {
    let _turn = turn().await?;
    let fetched = Fetched::new(attempt.bucket(), &uploaded.key().to_string()).await?;
    let seen = |media: Media, decoding| Probe {
        size: fetched.size,
        sha256: fetched.sha256.to_string(),
        containers: media.containers,
        duration_millis: media.duration_millis,
        cut_short: media.cut_short,
        decoding,
        video: media.video.into_iter().map(|stream| stream.codec).collect(),
        audio: media.audio.into_iter().map(|stream| stream.codec).collect(),
    };
    let Some(source) = fetched.source()? else { return Ok(seen(Media::default(), None)) };
    let media = fetched.media(&source).await?;
    if media.video.is_empty() || media.duration_millis == 0 {
        return Ok(seen(media, None));
    }
    // A film is made of nothing but these bytes.
    let is_whole = fetched.holds(file) && !media.cut_short;
    let ahead = async {
        if is_whole && media.is_copied() {
            make_ahead(attempt, &fetched, &source, &media).await;
        }
    };
    let decoding = match decoded(attempt, &fetched, &source, &media, ahead).await {
        Ok(decoded) => decoding(decoded),
        // Hostile bytes may take the decoder down, or all it may use: then they are not seen to the end.
        Err(error @ (ToolError::Crashed { .. } | ToolError::UsedTooMuch)) => {
            Decoding { duration_millis: 0, complaint: Some(error.to_string()) }
        }
        Err(error) => return Err(unfinished(error)),
    };
    Ok(seen(media, Some(decoding)))
}

/// Decodes a recording, beside something that is worth doing only while it is clean.
async fn decoded(
    attempt: Attempt<'_>,
    fetched: &Fetched,
    source: &Source,
    media: &Media,
    ahead: impl Future<Output = ()>,
) -> Result<Decoded, ToolError> {
    let whole = media.duration_millis;
    let mut told = Progress::of(&attempt.worker.store, attempt.upload).follow(Step::Checking);
    let mut tell = |millis| told.of(millis, whole);
    let decode = pin!(decode(source, fetched.folder(), limits(whole), &mut tell));
    let ahead = pin!(ahead);
    match select(decode, ahead).await {
        Either::Left((decoded, ahead)) => {
            if decoded.as_ref().is_ok_and(|decoded| decoded.clean) {
                let _ = tokio::time::timeout(AHEAD_MAX, ahead).await;
            }
            decoded
        }
        Either::Right(((), decode)) => decode.await,
    }
}

/// Makes and stores what is watched of a recording before it is proven: where it is but copied, the decoder leaves
/// enough of the processors idle. Nothing names it before the proof; then the job that keeps the recording finds it, or
/// makes it where this did not come to its end. Once for all attempts: a proof may be tried often.
async fn make_ahead(attempt: Attempt<'_>, fetched: &Fetched, source: &Source, media: &Media) {
    let made = async {
        match attempt.found_whole().await? {
            Some(_) => Ok(()),
            None => attempt.make(fetched, source, media, &mut |_| ()).await.map(drop),
        }
    };
    if let Err::<(), Unfinished>(error) = made.await {
        tracing::info!(upload = %attempt.upload, ?error, "nothing was made of a recording before it was proven");
    }
}

fn decoding(decoded: Decoded) -> Decoding {
    let silent = "the decoder stopped without a word".to_owned();
    let complaint = (!decoded.clean).then(|| decoded.complaints.unwrap_or(silent));
    Decoding { duration_millis: decoded.duration_millis, complaint }
}

/// How a job goes on where a tool has no answer.
pub(super) fn unfinished(error: ToolError) -> Unfinished {
    match error {
        ToolError::Missing { .. } => {
            Unfinished::ToolMissing("ffmpeg is not installed: recordings wait for it to be proven")
        }
        error => Unfinished::Retry(error.to_string()),
    }
}

pub(super) fn io(error: &std::io::Error) -> Unfinished {
    Unfinished::Retry(format!("the recording cannot be kept while it is worked on: {error}"))
}
