//! The calls of S3 that are answered; every other is `NotImplemented` by the trait's default.

mod words; // between a request's words and ours

use async_trait::async_trait;
use s3s::dto::*;
use s3s::{S3, S3Request, S3Response, S3Result};

use super::blob::{Received, blocking, read, receive};
use super::bucket::Bucket;
use super::conditions::Conditions;
use super::lock::Passing;
use super::record::{Completed, Description, shown};
use super::sums::{Declared, Summing};
use super::uploads::check_number;
use super::{Buckets, Refusal};
use words::*;

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
