//! Objects: bytes go straight between clients and S3, by presigned parts and links; only the worker
//! reads them through here.

use std::path::Path;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{DisplayErrorContext, SdkError};
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::{ByteStream, DateTime, Length};
use aws_sdk_s3::types::{
    ChecksumMode, ChecksumType, CompletedMultipartUpload, CompletedPart, ObjectLockLegalHold,
    ObjectLockLegalHoldStatus, ObjectLockRetention, ObjectLockRetentionMode,
};
use jiff::Timestamp;

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

/// Whether an object is held for a dispute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holding {
    /// It is.
    Held,
    /// It is no longer.
    LetGo,
}

/// The most bytes that are sent in one piece, far below S3's 5 GiB.
const PUT_BYTES_MAX: u64 = 1 << 30;

/// Pages of versions that are erased at once: hardly any key is written twice, so there is one.
const VERSION_PAGES_MAX: usize = 8;

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

    /// What each URL that is signed for it begins with, as in `https://s3.eu-west-1.amazonaws.com/works/`.
    pub async fn location(&self) -> Result<String, StoreError> {
        const KEY: &str = "key";
        let url = self.link(KEY, KEY, Duration::from_secs(1)).await?;
        let location = url.split('?').next().and_then(|url| url.strip_suffix(KEY));
        location.map(str::to_owned).ok_or(StoreError::Missing("a location"))
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

    /// Keeps a file of this machine whole: for the worker. Nothing is held in memory but a piece.
    pub async fn put_file(&self, key: &str, path: &Path, content_type: &str) -> Result<(), StoreError> {
        let broken = |error: &dyn std::fmt::Display| StoreError::Unavailable(error.to_string());
        let size = tokio::fs::metadata(path).await.map_err(|error| broken(&error))?.len();
        if size > PUT_BYTES_MAX {
            return self.put_in_parts(key, path, size, content_type).await;
        }
        let body = ByteStream::from_path(path).await.map_err(|error| broken(&error))?;
        let call = self.client.put_object().bucket(&self.name).key(key).content_type(content_type);
        call.body(body).send().await.map(drop).map_err(|error| unavailable(&error))
    }

    /// Broken off in between, its parts wait for whoever sweeps where it was to lie, or for the bucket's rule for
    /// unfinished uploads.
    async fn put_in_parts(
        &self,
        key: &str,
        path: &Path,
        size: u64,
        content_type: &str,
    ) -> Result<(), StoreError> {
        let upload = self.begin(key, content_type).await?;
        let mut parts = Vec::new();
        for (number, from) in (1..).zip((0..size).step_by(PUT_BYTES_MAX as usize)) {
            let length = Length::Exact(PUT_BYTES_MAX.min(size - from));
            let body = ByteStream::read_from().path(path).offset(from).length(length).build().await;
            let body = body.map_err(|error| StoreError::Unavailable(error.to_string()))?;
            let call = self.client.upload_part().bucket(&self.name).key(key).upload_id(&upload);
            let sent =
                call.part_number(number).body(body).send().await.map_err(|error| unavailable(&error))?;
            let number = u32::try_from(number).unwrap_or(u32::MAX);
            parts.push(Part { number, etag: sent.e_tag.unwrap_or_default(), size: 0 });
        }
        match self.complete(key, &upload, &parts, None).await? {
            Completion::Whole(_) => Ok(()),
            other => Err(StoreError::Unavailable(format!("an object in parts was not completed: {other:?}"))),
        }
    }

    /// Locks an object until a date, by object lock in governance mode; one that is locked for longer stays so.
    pub async fn retain(&self, key: &str, until: Timestamp) -> Result<(), StoreError> {
        let until = DateTime::from_secs(until.as_second());
        let lock = ObjectLockRetention::builder()
            .mode(ObjectLockRetentionMode::Governance)
            .retain_until_date(until)
            .build();
        let call = self.client.put_object_retention().bucket(&self.name).key(key).retention(lock);
        call.send().await.map(drop).map_err(|error| unavailable(&error))
    }

    /// Holds an object, which nobody can remove until it is let go again.
    pub async fn hold(&self, key: &str, held: Holding) -> Result<(), StoreError> {
        let status = match held {
            Holding::Held => ObjectLockLegalHoldStatus::On,
            Holding::LetGo => ObjectLockLegalHoldStatus::Off,
        };
        let hold = ObjectLockLegalHold::builder().status(status).build();
        let call = self.client.put_object_legal_hold().bucket(&self.name).key(key).legal_hold(hold);
        call.send().await.map(drop).map_err(|error| unavailable(&error))
    }

    /// Keys that begin with a prefix, in their order: at most as many as one page has, or those behind `after`.
    pub async fn keys(&self, prefix: &str, after: Option<&str>) -> Result<Vec<String>, StoreError> {
        let call = self.client.list_objects_v2().bucket(&self.name).prefix(prefix);
        let page = call.set_start_after(after.map(str::to_owned)).send().await;
        let page = page.map_err(|error| unavailable(&error))?;
        Ok(page.contents.unwrap_or_default().into_iter().filter_map(|object| object.key).collect())
    }

    /// Uploads that are open for keys that begin so: each with its key. One page of at most a thousand.
    pub async fn open_uploads(&self, prefix: &str) -> Result<Vec<(String, String)>, StoreError> {
        let call = self.client.list_multipart_uploads().bucket(&self.name).prefix(prefix);
        let page = call.send().await.map_err(|error| unavailable(&error))?;
        Ok(page.uploads.unwrap_or_default().into_iter().filter_map(|it| it.key.zip(it.upload_id)).collect())
    }

    /// Erases an object with all its versions, passing over the date it is locked until: for the end of a
    /// retention by the school's clock and for the law. What is held stays, and is an error.
    pub async fn erase(&self, key: &str) -> Result<(), StoreError> {
        for _ in 0..VERSION_PAGES_MAX {
            let call = self.client.list_object_versions().bucket(&self.name).prefix(key);
            let page = call.send().await.map_err(|error| unavailable(&error))?;
            let versions = page.versions.unwrap_or_default().into_iter().map(|it| (it.key, it.version_id));
            let markers =
                page.delete_markers.unwrap_or_default().into_iter().map(|it| (it.key, it.version_id));
            let own = versions.chain(markers).filter(|(of, _)| of.as_deref() == Some(key));
            let versions = Vec::from_iter(own.map(|(_, version)| version));
            if versions.is_empty() {
                return Ok(());
            }
            for version in versions {
                let call = self.client.delete_object().bucket(&self.name).key(key).set_version_id(version);
                let erased = call.bypass_governance_retention(true).send().await;
                erased.map_err(|error| unavailable(&error))?;
            }
        }
        Err(StoreError::Unavailable("an object has more versions than are erased at once".into()))
    }

    /// A small object's text, if it is there: what is longer, or no text, is an error.
    pub async fn read_text(&self, key: &str, bytes_max: usize) -> Result<Option<String>, StoreError> {
        let Some(mut body) = self.read(key).await? else { return Ok(None) };
        let mut bytes = Vec::new();
        let broken = |error: &dyn std::fmt::Display| StoreError::Unavailable(error.to_string());
        while let Some(piece) = body.try_next().await.map_err(|error| broken(&error))? {
            if bytes.len() + piece.len() > bytes_max {
                return Err(StoreError::Invalid("a small object is larger than it may be".into()));
            }
            bytes.extend_from_slice(&piece);
        }
        String::from_utf8(bytes).map(Some).map_err(|error| StoreError::Invalid(error.to_string()))
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
