//! Objects: bytes go straight between clients and S3, by presigned parts and links; only the worker
//! reads them through here.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{DisplayErrorContext, SdkError};
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumMode, ChecksumType, CompletedMultipartUpload, CompletedPart};

use crate::store::StoreError;

/// One bucket.
#[derive(Debug, Clone)]
pub struct Bucket {
    client: Client,
    name: String,
}

/// A part that has arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// 1 to 10,000.
    pub number: u32,
    /// As the store answered it.
    pub etag: String,
    /// Bytes.
    pub size: u64,
}

/// An object that is there whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Bytes.
    pub size: u64,
    /// CRC-64/NVME over the whole object, base64, as the store computed it.
    pub crc64nvme: Option<String>,
}

/// What became of an upload that was to be completed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Completion {
    /// The object is there.
    Whole(Object),
    /// The store computed another sum than the declared one; nothing was replaced.
    WrongChecksum,
    /// The store has other parts than were named; nothing was replaced.
    WrongParts,
    /// There is no such upload: it was aborted, or completed long ago.
    Gone,
}

/// The most parts an upload has (S3's bound).
pub const PARTS_MAX: u32 = 10_000;

impl Bucket {
    /// A bucket by name, through a client that knows its endpoint.
    pub fn new(client: Client, name: &str) -> Self {
        Self { client, name: name.to_owned() }
    }

    /// The bucket's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Makes the bucket; one that is there already is left as it is.
    pub async fn create(&self) -> Result<(), StoreError> {
        match self.client.create_bucket().bucket(&self.name).send().await {
            Ok(_) => Ok(()),
            Err(error)
                if error.as_service_error().is_some_and(|error| error.is_bucket_already_owned_by_you()) =>
            {
                Ok(())
            }
            Err(error) => Err(unavailable(&error)),
        }
    }

    /// Begins an upload: without a checksum algorithm, so that bare part PUTs are taken and the
    /// store computes the sum of the whole.
    pub async fn begin(&self, key: &str, content_type: &str) -> Result<String, StoreError> {
        let call =
            self.client.create_multipart_upload().bucket(&self.name).key(key).content_type(content_type);
        let begun = call.send().await.map_err(|error| unavailable(&error))?;
        begun.upload_id.ok_or(StoreError::Missing("an upload id"))
    }

    /// A URL that takes one part by PUT.
    pub async fn part_url(
        &self,
        key: &str,
        upload: &str,
        number: u32,
        lifetime: Duration,
    ) -> Result<String, StoreError> {
        let call = self.client.upload_part().bucket(&self.name).key(key).upload_id(upload);
        let call = call.part_number(i32::try_from(number).unwrap_or(i32::MAX));
        let signed = call.presigned(expiring(lifetime)?).await.map_err(|error| unavailable(&error))?;
        Ok(signed.uri().to_owned())
    }

    /// A URL that answers an object by GET, under a file name.
    pub async fn link(&self, key: &str, filename: &str, lifetime: Duration) -> Result<String, StoreError> {
        let safe: String =
            filename.chars().filter(|c| c.is_ascii_alphanumeric() || "._- ".contains(*c)).collect();
        let call = self.client.get_object().bucket(&self.name).key(key);
        let call = call.response_content_disposition(format!("attachment; filename=\"{safe}\""));
        let signed = call.presigned(expiring(lifetime)?).await.map_err(|error| unavailable(&error))?;
        Ok(signed.uri().to_owned())
    }

    /// The parts of an upload that have arrived, in order; nothing where there is no such upload.
    pub async fn parts(&self, key: &str, upload: &str) -> Result<Option<Vec<Part>>, StoreError> {
        let mut parts = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let call = self.client.list_parts().bucket(&self.name).key(key).upload_id(upload);
            let page = match call.set_part_number_marker(after).send().await {
                Ok(page) => page,
                Err(error) if code(&error) == Some("NoSuchUpload") => return Ok(None),
                Err(error) => return Err(unavailable(&error)),
            };
            parts.extend(page.parts.unwrap_or_default().into_iter().map(|part| Part {
                number: u32::try_from(part.part_number.unwrap_or_default()).unwrap_or(0),
                etag: part.e_tag.unwrap_or_default(),
                size: u64::try_from(part.size.unwrap_or_default()).unwrap_or(0),
            }));
            after = page.next_part_number_marker;
            if page.is_truncated != Some(true) || after.is_none() || parts.len() > PARTS_MAX as usize {
                return Ok(Some(parts));
            }
        }
    }

    /// Puts the parts together, if their sum over the whole is the declared one.
    pub async fn complete(
        &self,
        key: &str,
        upload: &str,
        parts: &[Part],
        crc64nvme: Option<&str>,
    ) -> Result<Completion, StoreError> {
        let listed = parts.iter().map(|part| {
            let number = i32::try_from(part.number).unwrap_or(i32::MAX);
            CompletedPart::builder().part_number(number).e_tag(&part.etag).build()
        });
        let listed = CompletedMultipartUpload::builder().set_parts(Some(listed.collect())).build();
        let call = self.client.complete_multipart_upload().bucket(&self.name).key(key).upload_id(upload);
        let call = call.multipart_upload(listed).set_checksum_crc64_nvme(crc64nvme.map(str::to_owned));
        let call = call.set_checksum_type(crc64nvme.map(|_| ChecksumType::FullObject));
        match call.send().await {
            Ok(_) => Ok(self.head(key).await?.map_or(Completion::Gone, Completion::Whole)),
            Err(error) => match code(&error) {
                Some("BadDigest" | "XAmzContentChecksumMismatch") => Ok(Completion::WrongChecksum),
                Some("InvalidPart" | "InvalidPartOrder" | "EntityTooSmall" | "InvalidRequest") => {
                    Ok(Completion::WrongParts)
                }
                // A repeated complete finds the object that the first one made.
                Some("NoSuchUpload") => Ok(self.head(key).await?.map_or(Completion::Gone, Completion::Whole)),
                _ => Err(unavailable(&error)),
            },
        }
    }

    /// Gives an upload up and frees its parts; one that is gone is fine.
    pub async fn abort(&self, key: &str, upload: &str) -> Result<(), StoreError> {
        match self.client.abort_multipart_upload().bucket(&self.name).key(key).upload_id(upload).send().await
        {
            Ok(_) => Ok(()),
            Err(error) if code(&error) == Some("NoSuchUpload") => Ok(()),
            Err(error) => Err(unavailable(&error)),
        }
    }

    /// An object's size and sum, if it is there.
    pub async fn head(&self, key: &str) -> Result<Option<Object>, StoreError> {
        let call = self.client.head_object().bucket(&self.name).key(key).checksum_mode(ChecksumMode::Enabled);
        match call.send().await {
            Ok(head) => Ok(Some(Object {
                size: u64::try_from(head.content_length.unwrap_or_default()).unwrap_or(0),
                crc64nvme: head.checksum_crc64_nvme,
            })),
            Err(error) if error.as_service_error().is_some_and(|error| error.is_not_found()) => Ok(None),
            Err(error) => Err(unavailable(&error)),
        }
    }

    /// Keeps an object whole, in place of what lies there: for the worker, and for a bank's report, which is
    /// too small to be uploaded by parts.
    pub async fn put(&self, key: &str, bytes: Vec<u8>, content_type: &str) -> Result<(), StoreError> {
        let call = self.client.put_object().bucket(&self.name).key(key).content_type(content_type);
        let call = call.body(ByteStream::from(bytes));
        call.send().await.map(drop).map_err(|error| unavailable(&error))
    }

    /// An object's bytes, if it is there: only for the worker.
    pub async fn read(&self, key: &str) -> Result<Option<ByteStream>, StoreError> {
        match self.client.get_object().bucket(&self.name).key(key).send().await {
            Ok(object) => Ok(Some(object.body)),
            Err(error) if error.as_service_error().is_some_and(|error| error.is_no_such_key()) => Ok(None),
            Err(error) => Err(unavailable(&error)),
        }
    }

    /// Removes an object; one that is gone is fine.
    pub async fn remove(&self, key: &str) -> Result<(), StoreError> {
        let call = self.client.delete_object().bucket(&self.name).key(key);
        call.send().await.map(drop).map_err(|error| unavailable(&error))
    }
}

fn expiring(lifetime: Duration) -> Result<PresigningConfig, StoreError> {
    PresigningConfig::expires_in(lifetime).map_err(|error| StoreError::Unavailable(error.to_string()))
}

fn code<E: aws_sdk_s3::error::ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> Option<&str> {
    error.as_service_error().and_then(aws_sdk_s3::error::ProvideErrorMetadata::code)
}

fn unavailable<E, R>(error: &SdkError<E, R>) -> StoreError
where
    SdkError<E, R>: std::error::Error,
{
    StoreError::Unavailable(DisplayErrorContext(error).to_string())
}
