//! What is kept beside the bytes, as JSON.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use s3s::dto;
use serde::{Deserialize, Serialize};

use super::lock::Lock;
use super::sums::{Crc64, Md5};

/// What the sender says a thing is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Description {
    /// The media type.
    pub content_type: Option<String>,
    /// The `x-amz-meta-` headers, without that prefix.
    pub metadata: BTreeMap<String, String>,
}

impl Description {
    /// As a request gives it.
    pub(super) fn new(content_type: Option<String>, metadata: Option<dto::Metadata>) -> Self {
        Self { content_type, metadata: metadata.into_iter().flatten().collect() }
    }
}

/// Some of an object's bytes: a file and its size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Extent {
    /// The file under `data/`.
    pub name: String,
    /// Its size.
    pub bytes: u64,
}

/// An object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Object {
    /// The key it has in its bucket.
    pub key: String,
    /// The ETag, without its quotes.
    pub etag: String,
    /// The sum of the whole. It alone is kept; other sums are checked when declared.
    pub crc64nvme: Crc64,
    /// The size of the whole.
    pub bytes: u64,
    /// When it took this key, by the machine's clock.
    pub modified: Timestamp,
    /// What its sender says it is.
    pub description: Description,
    /// Where its bytes are, in order.
    pub extents: Vec<Extent>,
    /// What keeps it from being removed.
    #[serde(default)]
    pub lock: Lock,
    /// The upload it was completed from; tells a reopened store that the upload is over.
    pub upload: Option<String>,
}

/// An upload in parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Upload {
    /// Its name, unique in the bucket.
    pub id: String,
    /// The key that the object will have.
    pub key: String,
    /// What its sender says it will be.
    pub description: Description,
    /// When it was begun, by the machine's clock.
    pub initiated: Timestamp,
    /// How far it is.
    #[serde(flatten)]
    pub progress: Progress,
}

/// How far an upload is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub(super) enum Progress {
    /// Takes parts.
    Open,
    /// Was completed; kept for a while so that completing again gives the same answer.
    Completed(Completed),
}

/// What completing an upload answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Completed {
    /// The object's ETag.
    pub etag: String,
    /// The sum of the whole.
    pub crc64nvme: Crc64,
    /// The size of the whole.
    pub bytes: u64,
    /// When, by the machine's clock.
    pub at: Timestamp,
}

/// One part of an open upload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Part {
    /// Its place, from 1.
    pub number: i32,
    /// Its ETag.
    pub md5: Md5,
    /// Its sum.
    pub crc64nvme: Crc64,
    /// When it came, by the machine's clock.
    pub modified: Timestamp,
    /// Where its bytes are.
    pub extent: Extent,
}

/// An instant as S3 shows it: whole seconds.
pub(super) fn shown(instant: Timestamp) -> dto::Timestamp {
    let seconds = u64::try_from(instant.as_second()).unwrap_or(0);
    (SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)).into()
}
