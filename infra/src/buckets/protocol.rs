//! The calls of S3 that are answered; every other is `NotImplemented` by the trait's default.

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use s3s::dto::{self, *};
use s3s::{S3, S3Request, S3Response, S3Result};

use super::assemble::Wanted;
use super::blob::{Received, blocking, read, receive};
use super::bucket::{Bucket, Stored};
use super::conditions::Conditions;
use super::lock::Passing;
use super::record::{Completed, Description, shown};
use super::sums::{Declared, Summing};
use super::uploads::check_number;
use super::{Buckets, Refusal};

/// The most entries on one page of a list, as on S3.
const PAGE_MAX: i32 = 1000;

type Answer<T> = S3Result<S3Response<T>>;

fn answer<T>(output: T) -> Answer<T> {
    Ok(S3Response::new(output))
}

#[async_trait]
impl S3 for Buckets {
    async fn create_bucket(&self, req: S3Request<CreateBucketInput>) -> Answer<CreateBucketOutput> {
        let (buckets, name) = (self.clone(), req.input.bucket);
        let location = Some(format!("/{name}"));
        blocking(move || buckets.create(&name)).await?;
        answer(CreateBucketOutput { location })
    }

    async fn head_bucket(&self, req: S3Request<HeadBucketInput>) -> Answer<HeadBucketOutput> {
        self.bucket(&req.input.bucket)?;
        answer(HeadBucketOutput::default())
    }

    async fn put_object(&self, req: S3Request<PutObjectInput>) -> Answer<PutObjectOutput> {
        let S3Request { input, headers, trailing_headers, .. } = req;
        let bucket = self.bucket(&input.bucket)?;
        let declared = Declared::new(headers, trailing_headers);
        let received = take_in(&bucket, input.body, declared).await?;
        let (md5, crc64nvme, bytes) = (received.md5, received.crc64nvme, received.bytes);
        let description = Description::new(input.content_type, input.metadata);
        let conditions = Conditions {
            if_match: input.if_match,
            if_none_match: input.if_none_match,
            ..Conditions::default()
        };
        blocking(move || bucket.put(&input.key, description, received, &conditions)).await?;
        answer(PutObjectOutput {
            e_tag: Some(ETag::Strong(md5.to_string())),
            checksum_crc64nvme: Some(crc64nvme.to_string()),
            checksum_type: Some(full_object()),
            size: Some(signed(bytes)),
            ..PutObjectOutput::default()
        })
    }

    async fn get_object(&self, req: S3Request<GetObjectInput>) -> Answer<GetObjectOutput> {
        let input = req.input;
        refuse_parts_and_versions(input.part_number, input.version_id.as_ref())?;
        let stored = self.bucket(&input.bucket)?.object(&input.key)?;
        let conditions = Conditions {
            if_match: input.if_match,
            if_none_match: input.if_none_match,
            if_modified_since: input.if_modified_since,
            if_unmodified_since: input.if_unmodified_since,
        };
        conditions.check_read(&stored.object)?;
        let wanted = wanted_bytes(&stored, input.range)?;
        let head = head(&stored, &wanted, input.range, input.checksum_mode.as_ref());
        answer(GetObjectOutput {
            body: Some(StreamingBlob::wrap(read(stored.files(), wanted))),
            accept_ranges: head.accept_ranges,
            checksum_crc64nvme: head.checksum_crc64nvme,
            checksum_type: head.checksum_type,
            content_length: head.content_length,
            content_range: head.content_range,
            content_type: head.content_type,
            e_tag: head.e_tag,
            last_modified: head.last_modified,
            metadata: head.metadata,
            ..GetObjectOutput::default()
        })
    }

    async fn head_object(&self, req: S3Request<HeadObjectInput>) -> Answer<HeadObjectOutput> {
        let input = req.input;
        refuse_parts_and_versions(input.part_number, input.version_id.as_ref())?;
        let stored = self.bucket(&input.bucket)?.object(&input.key)?;
        let conditions = Conditions {
            if_match: input.if_match,
            if_none_match: input.if_none_match,
            if_modified_since: input.if_modified_since,
            if_unmodified_since: input.if_unmodified_since,
        };
        conditions.check_read(&stored.object)?;
        let wanted = wanted_bytes(&stored, input.range)?;
        answer(head(&stored, &wanted, input.range, input.checksum_mode.as_ref()))
    }

    async fn delete_object(&self, req: S3Request<DeleteObjectInput>) -> Answer<DeleteObjectOutput> {
        let input = req.input;
        check_only_version(input.version_id.as_ref())?;
        not_offered("conditions on a removal", input.if_match.is_some())?;
        let bucket = self.bucket(&input.bucket)?;
        let passing = Passing::by(input.bypass_governance_retention);
        blocking(move || bucket.delete(&input.key, passing)).await?;
        answer(DeleteObjectOutput::default())
    }

    async fn put_object_retention(
        &self,
        req: S3Request<PutObjectRetentionInput>,
    ) -> Answer<PutObjectRetentionOutput> {
        let input = req.input;
        check_only_version(input.version_id.as_ref())?;
        let retention = input.retention.unwrap_or_default();
        let governance = ObjectLockRetentionMode::GOVERNANCE;
        let other = retention.mode.is_some_and(|mode| mode.as_str() != governance);
        not_offered("other locks than governance", other)?;
        let until = retention.retain_until_date.map(told).transpose()?;
        let passing = Passing::by(input.bypass_governance_retention);
        let bucket = self.bucket(&input.bucket)?;
        blocking(move || bucket.retain(&input.key, until, passing)).await?;
        answer(PutObjectRetentionOutput::default())
    }

    async fn put_object_legal_hold(
        &self,
        req: S3Request<PutObjectLegalHoldInput>,
    ) -> Answer<PutObjectLegalHoldOutput> {
        let input = req.input;
        check_only_version(input.version_id.as_ref())?;
        let status = input.legal_hold.and_then(|hold| hold.status);
        let held = status.is_some_and(|status| status.as_str() == ObjectLockLegalHoldStatus::ON);
        let bucket = self.bucket(&input.bucket)?;
        blocking(move || bucket.hold(&input.key, held)).await?;
        answer(PutObjectLegalHoldOutput::default())
    }

    async fn list_object_versions(
        &self,
        req: S3Request<ListObjectVersionsInput>,
    ) -> Answer<ListObjectVersionsOutput> {
        let input = req.input;
        not_offered("delimiters", input.delimiter.is_some())?;
        not_offered("encoded keys", input.encoding_type.is_some())?;
        let bucket = self.bucket(&input.bucket)?;
        let max = page_size("max-keys", input.max_keys)?;
        let page = bucket.objects(input.prefix.as_deref().unwrap_or(""), input.key_marker.as_deref(), max);
        let last = page.items.last().map(|stored| stored.object.key.clone());
        answer(ListObjectVersionsOutput {
            is_truncated: Some(page.more),
            next_key_marker: last.filter(|_| page.more),
            versions: Some(page.items.iter().map(version).collect()),
            max_keys: i32::try_from(max).ok(),
            name: Some(input.bucket),
            key_marker: input.key_marker,
            prefix: input.prefix,
            ..ListObjectVersionsOutput::default()
        })
    }

    async fn list_objects_v2(&self, req: S3Request<ListObjectsV2Input>) -> Answer<ListObjectsV2Output> {
        let input = req.input;
        not_offered("delimiters", input.delimiter.is_some())?;
        not_offered("encoded keys", input.encoding_type.is_some())?;
        let bucket = self.bucket(&input.bucket)?;
        let max = page_size("max-keys", input.max_keys)?;
        // The token is the last key of the page before.
        let after = input.continuation_token.as_deref().or(input.start_after.as_deref());
        let page = bucket.objects(input.prefix.as_deref().unwrap_or(""), after, max);
        let last = page.items.last().map(|stored| stored.object.key.clone());
        answer(ListObjectsV2Output {
            key_count: i32::try_from(page.items.len()).ok(),
            max_keys: i32::try_from(max).ok(),
            is_truncated: Some(page.more),
            next_continuation_token: last.filter(|_| page.more),
            contents: Some(page.items.iter().map(listed).collect()),
            name: Some(input.bucket),
            prefix: input.prefix,
            continuation_token: input.continuation_token,
            start_after: input.start_after,
            ..ListObjectsV2Output::default()
        })
    }

    async fn create_multipart_upload(
        &self,
        req: S3Request<CreateMultipartUploadInput>,
    ) -> Answer<CreateMultipartUploadOutput> {
        let input = req.input;
        let declares = input.checksum_algorithm.is_some() || input.checksum_type.is_some();
        not_offered("uploads begun with a checksum algorithm", declares)?;
        let bucket = self.bucket(&input.bucket)?;
        let description = Description::new(input.content_type, input.metadata);
        let key = input.key.clone();
        let id = blocking(move || bucket.begin(&key, description)).await?;
        answer(CreateMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(id),
            ..CreateMultipartUploadOutput::default()
        })
    }

    async fn upload_part(&self, req: S3Request<UploadPartInput>) -> Answer<UploadPartOutput> {
        let S3Request { input, headers, trailing_headers, .. } = req;
        let bucket = self.bucket(&input.bucket)?;
        check_number(input.part_number)?;
        bucket.check_open(&input.key, &input.upload_id)?;
        let declared = Declared::new(headers, trailing_headers);
        let received = take_in(&bucket, input.body, declared).await?;
        let put = move || bucket.put_part(&input.key, &input.upload_id, input.part_number, received);
        let e_tag = Some(ETag::Strong(blocking(put).await?.to_string()));
        answer(UploadPartOutput { e_tag, ..UploadPartOutput::default() })
    }

    async fn list_parts(&self, req: S3Request<ListPartsInput>) -> Answer<ListPartsOutput> {
        let input = req.input;
        let bucket = self.bucket(&input.bucket)?;
        let max = page_size("max-parts", input.max_parts)?;
        let after = input.part_number_marker.unwrap_or(0);
        let page = bucket.parts(&input.key, &input.upload_id, after, max)?;
        let last = page.items.last().map(|part| part.number);
        let parts = page.items.iter().map(|part| Part {
            part_number: Some(part.number),
            e_tag: Some(ETag::Strong(part.md5.to_string())),
            size: Some(signed(part.extent.bytes)),
            last_modified: Some(shown(part.modified)),
            ..Part::default()
        });
        answer(ListPartsOutput {
            parts: Some(parts.collect()),
            is_truncated: Some(page.more),
            next_part_number_marker: last,
            part_number_marker: Some(after),
            max_parts: i32::try_from(max).ok(),
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(input.upload_id),
            ..ListPartsOutput::default()
        })
    }

    async fn complete_multipart_upload(
        &self,
        req: S3Request<CompleteMultipartUploadInput>,
    ) -> Answer<CompleteMultipartUploadOutput> {
        let input = req.input;
        let bucket = self.bucket(&input.bucket)?;
        let wanted = wanted_object(&input)?;
        let conditions = Conditions {
            if_match: input.if_match,
            if_none_match: input.if_none_match,
            ..Conditions::default()
        };
        let (key, id) = (input.key.clone(), input.upload_id);
        let completed: Completed = blocking(move || bucket.complete(&key, &id, &wanted, &conditions)).await?;
        answer(CompleteMultipartUploadOutput {
            location: Some(format!("/{}/{}", input.bucket, input.key)),
            bucket: Some(input.bucket),
            key: Some(input.key),
            e_tag: Some(ETag::Strong(completed.etag)),
            checksum_crc64nvme: Some(completed.crc64nvme.to_string()),
            checksum_type: Some(full_object()),
            ..CompleteMultipartUploadOutput::default()
        })
    }

    async fn abort_multipart_upload(
        &self,
        req: S3Request<AbortMultipartUploadInput>,
    ) -> Answer<AbortMultipartUploadOutput> {
        let input = req.input;
        let bucket = self.bucket(&input.bucket)?;
        blocking(move || bucket.abort(&input.key, &input.upload_id)).await?;
        answer(AbortMultipartUploadOutput::default())
    }

    async fn list_multipart_uploads(
        &self,
        req: S3Request<ListMultipartUploadsInput>,
    ) -> Answer<ListMultipartUploadsOutput> {
        let input = req.input;
        not_offered("delimiters", input.delimiter.is_some())?;
        not_offered("encoded keys", input.encoding_type.is_some())?;
        let bucket = self.bucket(&input.bucket)?;
        let max = page_size("max-uploads", input.max_uploads)?;
        let after = input.key_marker.as_deref().map(|key| (key, input.upload_id_marker.as_deref()));
        let page = bucket.open_uploads(input.prefix.as_deref().unwrap_or(""), after, max);
        let last = page.items.last().filter(|_| page.more);
        answer(ListMultipartUploadsOutput {
            is_truncated: Some(page.more),
            next_key_marker: last.map(|upload| upload.key.clone()),
            next_upload_id_marker: last.map(|upload| upload.id.clone()),
            uploads: Some(
                page.items
                    .iter()
                    .map(|upload| MultipartUpload {
                        key: Some(upload.key.clone()),
                        upload_id: Some(upload.id.clone()),
                        initiated: Some(shown(upload.initiated)),
                        ..MultipartUpload::default()
                    })
                    .collect(),
            ),
            max_uploads: i32::try_from(max).ok(),
            bucket: Some(input.bucket),
            key_marker: input.key_marker,
            upload_id_marker: input.upload_id_marker,
            prefix: input.prefix,
            ..ListMultipartUploadsOutput::default()
        })
    }
}

async fn take_in(
    bucket: &Bucket,
    body: Option<StreamingBlob>,
    declared: Declared,
) -> Result<Received, Refusal> {
    let bytes = declared.bytes();
    receive(bucket.draft(), body, bytes, Summing::new(declared), bucket.durability).await
}

fn not_offered(what: &'static str, asked: bool) -> Result<(), Refusal> {
    if asked { Err(Refusal::NotOffered { what }) } else { Ok(()) }
}

fn refuse_parts_and_versions(part: Option<i32>, version: Option<&String>) -> Result<(), Refusal> {
    not_offered("parts of objects", part.is_some())?;
    not_offered("versions", version.is_some())
}

/// What the one version of an object is called, as in a bucket of S3 without versions.
const ONLY_VERSION: &str = "null";

fn check_only_version(version: Option<&String>) -> Result<(), Refusal> {
    not_offered("versions", version.is_some_and(|version| version != ONLY_VERSION))
}

/// An instant that a request names.
fn told(instant: dto::Timestamp) -> Result<jiff::Timestamp, Refusal> {
    let out_of_range = Refusal::OutOfRange { name: "retain-until-date" };
    let mut text = Vec::new();
    let written = instant.format(dto::TimestampFormat::DateTime, &mut text);
    let text = written.ok().and_then(|()| String::from_utf8(text).ok());
    text.and_then(|text| text.parse().ok()).ok_or(out_of_range)
}

fn page_size(name: &'static str, asked: Option<i32>) -> Result<usize, Refusal> {
    usize::try_from(asked.unwrap_or(PAGE_MAX).min(PAGE_MAX)).map_err(|_| Refusal::OutOfRange { name })
}

fn full_object() -> ChecksumType {
    ChecksumType::from_static(ChecksumType::FULL_OBJECT)
}

/// S3's sizes are signed; none of ours reaches the sign.
fn signed(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

fn wanted_bytes(stored: &Stored, range: Option<dto::Range>) -> Result<Range<u64>, Refusal> {
    let Some(range) = range else { return Ok(0..stored.object.bytes) };
    let wanted = range.check(stored.object.bytes).map_err(|_| Refusal::RangeBeyondEnd)?;
    if wanted.is_empty() { Err(Refusal::RangeBeyondEnd) } else { Ok(wanted) }
}

fn wanted_object(input: &CompleteMultipartUploadInput) -> Result<Wanted, Refusal> {
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
fn head(
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

fn listed(stored: &Arc<Stored>) -> Object {
    let object = &stored.object;
    Object {
        key: Some(object.key.clone()),
        e_tag: Some(ETag::Strong(object.etag.clone())),
        size: Some(signed(object.bytes)),
        last_modified: Some(shown(object.modified)),
        ..Object::default()
    }
}

fn version(stored: &Arc<Stored>) -> ObjectVersion {
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
