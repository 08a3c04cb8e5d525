//! Files of bytes: how they come in, how they are read, and when they go.

use std::fs;
use std::io::{self, SeekFrom};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt, stream};
use s3s::dto::StreamingBlob;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};
use tokio_util::io::ReaderStream;

use super::record::Extent;
use super::sums::{Crc64, Md5, Summing};
use super::{Durability, Refusal};

/// The most one request may carry, as on S3.
const REQUEST_BYTES_MAX: u64 = 5 << 30;
/// What is read from a file at once.
const READ_BYTES: usize = 64 << 10;

/// A file under `data/`, written once.
///
/// It is born condemned: unless a record comes to name it, the file goes when the last handle does.
/// A reader's handle is one of them, so an object that is replaced can still be read to its end.
pub(super) struct Blob {
    folder: PathBuf,
    name: String,
    condemned: AtomicBool,
}

impl Blob {
    /// A new file, which nothing names yet.
    pub(super) fn draft(folder: PathBuf, name: String) -> Self {
        Self { folder, name, condemned: AtomicBool::new(true) }
    }

    /// A file that a record names.
    pub(super) fn kept(folder: PathBuf, name: String) -> Self {
        Self { folder, name, condemned: AtomicBool::new(false) }
    }

    /// A record is about to name this file.
    pub(super) fn keep(&self) {
        self.condemned.store(false, Ordering::Release);
    }

    /// No record names this file any more.
    pub(super) fn condemn(&self) {
        self.condemned.store(true, Ordering::Release);
    }

    /// The name that records use.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    fn path(&self) -> PathBuf {
        self.folder.join(&self.name)
    }
}

impl Drop for Blob {
    fn drop(&mut self) {
        if self.condemned.load(Ordering::Acquire) {
            // A file that stays is swept when the store is next opened.
            let _ = fs::remove_file(self.path());
        }
    }
}

/// Bytes that came in whole, are on the disk, and are what was declared.
pub(super) struct Received {
    /// Where they are.
    pub blob: Arc<Blob>,
    /// How many.
    pub bytes: u64,
    /// Their MD5.
    pub md5: Md5,
    /// Their CRC64NVME.
    pub crc64nvme: Crc64,
}

impl Received {
    /// As a record names it.
    pub(super) fn extent(&self) -> Extent {
        Extent { name: self.blob.name().to_owned(), bytes: self.bytes }
    }
}

/// Writes a body to a new file as it comes. A body that is cut short or not as declared leaves nothing.
pub(super) async fn receive(
    blob: Blob,
    body: Option<StreamingBlob>,
    expected_bytes: Option<u64>,
    mut summing: Summing,
    durability: Durability,
) -> Result<Received, Refusal> {
    let mut file = File::create_new(blob.path()).await?;
    let mut bytes = 0;
    let mut chunks = stream::iter(body).flatten();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Refusal::CutShort)?;
        bytes += chunk.len() as u64;
        if bytes > REQUEST_BYTES_MAX {
            return Err(Refusal::TooLarge);
        }
        summing.update(&chunk);
        file.write_all(&chunk).await?;
    }
    if expected_bytes.is_some_and(|expected| expected != bytes) {
        return Err(Refusal::CutShort);
    }
    let (md5, crc64nvme) = summing.finish()?;
    file.flush().await?;
    let (file, folder) = (file.into_std().await, blob.folder.clone());
    blocking(move || {
        durability.sync_file(&file)?;
        Ok(durability.sync_folder(&folder)?)
    })
    .await?;
    Ok(Received { blob: Arc::new(blob), bytes, md5, crc64nvme })
}

/// Does work that waits for the disk, to its end even if the one who asked is gone.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|panic| Err(io::Error::other(panic).into()))
}

/// The wanted bytes of files that follow each other, opened one at a time.
pub(super) fn read(
    files: impl IntoIterator<Item = (Arc<Blob>, u64)>,
    wanted: Range<u64>,
) -> impl Stream<Item = io::Result<Bytes>> + Send + Sync + 'static {
    let mut start = 0;
    let mut pieces = Vec::new();
    for (blob, bytes) in files {
        let piece = wanted.start.max(start)..wanted.end.min(start + bytes);
        if !piece.is_empty() {
            pieces.push((blob, piece.start - start..piece.end - start));
        }
        start += bytes;
    }
    stream::iter(pieces).map(Ok).and_then(|(blob, piece)| read_one(blob, piece)).try_flatten()
}

async fn read_one(
    blob: Arc<Blob>,
    piece: Range<u64>,
) -> io::Result<impl Stream<Item = io::Result<Bytes>> + Send + Sync> {
    let mut file = File::open(blob.path()).await?;
    file.seek(SeekFrom::Start(piece.start)).await?;
    let bytes = ReaderStream::with_capacity(file.take(piece.end - piece.start), READ_BYTES);
    Ok(bytes)
}
