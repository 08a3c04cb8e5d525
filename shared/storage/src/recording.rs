//! Beside a defense's recordings: where what is made of them lies, and how far the work on them is.

use domain::id::UploadId;
use serde::{Deserialize, Serialize};

use crate::item::{Item, Stored};
use crate::key::Key;
use crate::queue::Claimed;
use crate::store::{Store, StoreError};

/// How far the work on a recording is: told now and then by whoever does it, and never relied on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordingProgress {
    /// The upload it came in by.
    pub upload: UploadId,
    /// `checking` or `making`.
    pub step: String,
    /// How much of the step is done.
    pub percent: u8,
}

impl Stored for RecordingProgress {
    const KIND: &'static str = "recording_progress";

    fn key(&self) -> Key {
        Key::RecordingProgress(self.upload)
    }
}

/// Where everything that was made of a recording lies.
pub fn prefix_of_renditions(upload: UploadId) -> String {
    format!("renditions/{upload}/")
}

/// Where captions lie that somebody supplied for a recording.
pub fn key_of_captions(upload: UploadId) -> String {
    format!("captions/{upload}.vtt")
}

/// Where one attempt to make it puts its files: no other claim of a job has the same epoch.
pub fn prefix_of_attempt(upload: UploadId, claimed: &Claimed) -> String {
    format!("{}{}-{}/", prefix_of_renditions(upload), claimed.id.simple(), claimed.epoch)
}

impl Store {
    /// How far the work on a recording was when it was told last.
    pub async fn recording_progress(
        &self,
        upload: UploadId,
    ) -> Result<Option<RecordingProgress>, StoreError> {
        let item: Option<Item<RecordingProgress>> = self.get(&Key::RecordingProgress(upload)).await?;
        Ok(item.map(|item| item.value))
    }

    /// Tells how far the work on a recording is.
    pub async fn tell_progress(&self, progress: &RecordingProgress) -> Result<(), StoreError> {
        let told = self.transaction::<()>().set(progress).commit().await;
        told.map_err(|refused| match refused {
            crate::Refused::Store(error) => error,
            refused => StoreError::Unavailable(format!("{refused:?}")),
        })
    }
}
