//! Between the words of a request of S3 and ours.

use std::ops::Range;
use std::sync::Arc;

use s3s::dto::{self, *};

use super::super::Refusal;
use super::super::assemble::Wanted;
use super::super::bucket::Stored;
use super::super::record::shown;

/// The most entries on one page of a list, as on S3.
const PAGE_MAX: i32 = 1000;

pub(super) fn not_offered(what: &'static str, asked: bool) -> Result<(), Refusal> {
    if asked { Err(Refusal::NotOffered { what }) } else { Ok(()) }
}

pub(super) fn refuse_parts_and_versions(part: Option<i32>, version: Option<&String>) -> Result<(), Refusal> {
    not_offered("parts of objects", part.is_some())?;
    not_offered("versions", version.is_some())
}

/// What the one version of an object is called, as in a bucket of S3 without versions.
const ONLY_VERSION: &str = "null";

pub(super) fn check_only_version(version: Option<&String>) -> Result<(), Refusal> {
    not_offered("versions", version.is_some_and(|version| version != ONLY_VERSION))
}

/// An instant that a request names.
pub(super) fn told(instant: dto::Timestamp) -> Result<jiff::Timestamp, Refusal> {
    let out_of_range = Refusal::OutOfRange { name: "retain-until-date" };
    let mut text = Vec::new();
    let written = instant.format(dto::TimestampFormat::DateTime, &mut text);
    let text = written.ok().and_then(|()| String::from_utf8(text).ok());
    text.and_then(|text| text.parse().ok()).ok_or(out_of_range)
}

pub(super) fn page_size(name: &'static str, asked: Option<i32>) -> Result<usize, Refusal> {
    usize::try_from(asked.unwrap_or(PAGE_MAX).min(PAGE_MAX)).map_err(|_| Refusal::OutOfRange { name })
}

pub(super) fn full_object() -> ChecksumType {
    ChecksumType::from_static(ChecksumType::FULL_OBJECT)
}

/// S3's sizes are signed; none of ours reaches the sign.
pub(super) fn signed(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

pub(super) fn wanted_bytes(stored: &Stored, range: Option<dto::Range>) -> Result<Range<u64>, Refusal> {
    let Some(range) = range else { return Ok(0..stored.object.bytes) };
    let wanted = range.check(stored.object.bytes).map_err(|_| Refusal::RangeBeyondEnd)?;
    if wanted.is_empty() { Err(Refusal::RangeBeyondEnd) } else { Ok(wanted) }
}

pub(super) fn wanted_object(input: &CompleteMultipartUploadInput) -> Result<Wanted, Refusal> {
    let other_sums =
        [&input.checksum_crc32, &input.checksum_crc32c, &input.checksum_sha1, &input.checksum_sha256];
    not_offered("sums of uploads other than CRC64NVME", other_sums.iter().any(|sum| sum.is_some()))?;
    let composite = input.checksum_type.as_ref().is_some_and(|kind| *kind != full_object());
    not_offered("composite sums", composite)?;
    let listed = input.multipart_upload.as_ref().and_then(|upload| upload.parts.as_ref());
    let part = |part: &CompletedPart| {
        let etag = part.e_tag.as_ref().map_or("", ETag::value);
        (part.part_number.unwrap_or(0), etag.to_owned())
    };
    Ok(Wanted {
        parts: listed.into_iter().flatten().map(part).collect(),
        crc64nvme: input.checksum_crc64nvme.clone(),
        bytes: input.mpu_object_size,
    })
}

/// What is said of an object before its bytes. The sum is the whole's: it is not said of a range.
pub(super) fn head(
    stored: &Stored,
    wanted: &Range<u64>,
    range: Option<dto::Range>,
    mode: Option<&ChecksumMode>,
) -> HeadObjectOutput {
    let object = &stored.object;
    let sum_wanted = range.is_none() && mode.is_some_and(|mode| mode.as_str() == ChecksumMode::ENABLED);
    let description = &object.description;
    HeadObjectOutput {
        accept_ranges: Some("bytes".to_owned()),
        checksum_crc64nvme: sum_wanted.then(|| object.crc64nvme.to_string()),
        checksum_type: sum_wanted.then(full_object),
        content_length: Some(signed(wanted.end - wanted.start)),
        content_range: range.map(|_| format!("bytes {}-{}/{}", wanted.start, wanted.end - 1, object.bytes)),
        content_type: description.content_type.clone(),
        e_tag: Some(ETag::Strong(object.etag.clone())),
        last_modified: Some(shown(object.modified)),
        metadata: Some(description.metadata.clone().into_iter().collect()),
        ..HeadObjectOutput::default()
    }
}

pub(super) fn listed(stored: &Arc<Stored>) -> Object {
    let object = &stored.object;
    Object {
        key: Some(object.key.clone()),
        e_tag: Some(ETag::Strong(object.etag.clone())),
        size: Some(signed(object.bytes)),
        last_modified: Some(shown(object.modified)),
        ..Object::default()
    }
}

pub(super) fn version(stored: &Arc<Stored>) -> ObjectVersion {
    let Object { key, e_tag, size, last_modified, .. } = listed(stored);
    ObjectVersion {
        key,
        e_tag,
        size,
        last_modified,
        version_id: Some(ONLY_VERSION.to_owned()),
        is_latest: Some(true),
        ..ObjectVersion::default()
    }
}
