//! How far the work on a recording is: told now and then, beside the jobs that do it.

use std::time::{Duration, Instant};

use domain::id::UploadId;
use storage::Store;
use storage::recording::RecordingProgress;

/// The least time between two words about one recording.
const TOLD_EVERY: Duration = Duration::from_secs(2);

/// What is done to a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// It is decoded to its end.
    Checking,
    /// Something watchable is made of it.
    Making,
}

impl Step {
    const fn word(self) -> &'static str {
        match self {
            Self::Checking => "checking",
            Self::Making => "making",
        }
    }
}

/// Where to tell of one recording.
pub(super) struct Progress<'a> {
    store: &'a Store,
    upload: UploadId,
}

impl<'a> Progress<'a> {
    /// Of the recording that came in by this upload.
    pub fn of(store: &'a Store, upload: UploadId) -> Self {
        Self { store, upload }
    }

    /// Begins to tell of a step.
    pub fn follow(&self, step: Step) -> Following {
        Following { store: self.store.clone(), upload: self.upload, step, told: None }
    }
}

/// Tells of a step. That a word is lost costs nothing: the next one follows.
pub(super) struct Following {
    store: Store,
    upload: UploadId,
    step: Step,
    told: Option<Instant>,
}

impl Following {
    /// So many of so many are done.
    pub fn of(&mut self, done: u64, whole: u64) {
        if self.told.is_some_and(|told| told.elapsed() < TOLD_EVERY) {
            return;
        }
        self.told = Some(Instant::now());
        let percent = u128::from(done.min(whole)) * 100 / u128::from(whole.max(1));
        let percent = u8::try_from(percent).unwrap_or(100);
        let progress = RecordingProgress { upload: self.upload, step: self.step.word().into(), percent };
        let store = self.store.clone();
        tokio::spawn(async move {
            if let Err(error) = store.tell_progress(&progress).await {
                tracing::warn!(%error, "the progress of a recording was not told");
            }
        });
    }
}
