//! What is made of a recording for browsers, and stored: under a prefix of each attempt's own, its playlist last, so
//! that an attempt whose playlist is there is whole, whoever made it and whatever became of them.

use domain::id::UploadId;
use domain::recording::captions;
use domain::upload::Purpose;
use futures::{StreamExt, TryStreamExt};
use storage::queue::Claimed;
use storage::recording::{key_of_captions, prefix_of_attempt, prefix_of_renditions};
use storage::{Bucket, StoreError};

use super::prove::{Fetched, io, limits, unfinished};
use crate::Worker;
use crate::media::Source;
use crate::media::make::{Made, MakeError, Order, PLAYLIST, make_film, make_rest};
use crate::media::probe::Media;
use crate::outcome::Unfinished;

/// Pieces on their way to the store at once, beside the film: more take the processors from the decoder.
const PUT_AT_ONCE: usize = 2;

/// All that is made of one recording together.
const MADE_BYTES_MAX: u64 = 32 << 30;

/// Who makes something of which recording.
#[derive(Clone, Copy)]
pub(super) struct Attempt<'a> {
    /// Whose store it comes from and goes to.
    pub worker: &'a Worker,
    /// The job that it is an attempt at.
    pub claimed: &'a Claimed,
    /// The upload that the recording came in by.
    pub upload: UploadId,
}

impl<'a> Attempt<'a> {
    /// Where recordings are, and what is made of them.
    pub fn bucket(&self) -> &'a Bucket {
        self.worker.store.bucket(Purpose::Recording)
    }

    /// The prefix under which an attempt, this one or another, has stored all.
    pub async fn found_whole(&self) -> Result<Option<String>, StoreError> {
        let mut after = None;
        loop {
            let keys = self.bucket().keys(&prefix_of_renditions(self.upload), after.as_deref()).await?;
            if let Some(prefix) = keys.iter().find_map(|key| key.strip_suffix(PLAYLIST)) {
                return Ok(Some(prefix.to_owned()));
            }
            let Some(last) = keys.last() else { return Ok(None) };
            after = Some(last.clone());
        }
    }

    /// Makes a film, its pieces, a poster and captions, and answers the prefix they are stored under, or why none can
    /// be made of these bytes. `tell` is told how much is done, in thousandths.
    pub async fn make(
        &self,
        fetched: &Fetched,
        source: &Source,
        media: &Media,
        tell: &mut (dyn FnMut(u16) + Send),
    ) -> Result<Result<String, MakeError>, Unfinished> {
        let prefix = prefix_of_attempt(self.upload, self.claimed);
        let supplied = self.bucket().read_text(&key_of_captions(self.upload), captions::BYTES_MAX).await?;
        let folder = fetched.folder().join("made");
        tokio::fs::create_dir(&folder).await.map_err(|error| io(&error))?;
        let order = Order {
            source,
            media,
            captions: supplied.as_deref(),
            folder: &folder,
            limits: limits(media.duration_millis),
            bytes_max: MADE_BYTES_MAX,
        };
        match self.made_and_stored(&order, &prefix, tell).await? {
            Ok(()) => Ok(Ok(prefix)),
            Err(MakeError::Tool(error)) => Err(unfinished(error)),
            Err(MakeError::Io(error)) => Err(io(&error)),
            Err(error) => Ok(Err(error)),
        }
    }

    /// The film is on its way while the rest is made of it.
    async fn made_and_stored(
        &self,
        order: &Order<'_>,
        prefix: &str,
        tell: &mut (dyn FnMut(u16) + Send),
    ) -> Result<Result<(), MakeError>, StoreError> {
        let film = match make_film(order, tell).await {
            Ok(film) => film,
            Err(error) => return Ok(Err(error)),
        };
        let rest = async {
            match make_rest(order, &film, tell).await {
                Ok(rest) => self.put_all(prefix, rest.files).await.map(|()| Ok(rest.playlist)),
                Err(error) => Ok(Err(error)),
            }
        };
        let (rest, put) = tokio::join!(rest, self.put(prefix, film.file.clone()));
        put?;
        match rest? {
            Ok(playlist) => self.put(prefix, playlist).await.map(Ok),
            Err(error) => Ok(Err(error)),
        }
    }

    /// A piece is small: its way takes longer than its bytes, so several are on it together.
    async fn put_all(&self, prefix: &str, files: Vec<Made>) -> Result<(), StoreError> {
        let put = files.into_iter().map(|file| self.put(prefix, file));
        futures::stream::iter(put).buffer_unordered(PUT_AT_ONCE).try_collect().await
    }

    async fn put(&self, prefix: &str, file: Made) -> Result<(), StoreError> {
        self.bucket().put_file(&format!("{prefix}{}", file.name), &file.path, file.content_type).await
    }
}
