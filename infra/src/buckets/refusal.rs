//! Why the store says no, and the S3 error each reason is.

use std::io;

use s3s::{S3Error, S3ErrorCode};
use thiserror::Error;

/// Why a call was refused; what was stored before is still there.
#[derive(Debug, Error)]
pub enum Refusal {
    /// No bucket has that name.
    #[error("there is no such bucket")]
    NoSuchBucket,
    /// The bucket is there already.
    #[error("the bucket exists already")]
    BucketExists,
    /// No object has that key.
    #[error("there is no object with that key")]
    NoSuchKey,
    /// The upload was never begun for that key, was aborted, or was completed too long ago.
    #[error("there is no such upload")]
    NoSuchUpload,
    /// An upload was completed with an empty list.
    #[error("an upload is completed with at least one part")]
    NoParts,
    /// The part was not uploaded, or its ETag is another.
    #[error("part {number} was not uploaded with that ETag")]
    NoSuchPart {
        /// Which part.
        number: i32,
    },
    /// The list of parts is not ascending.
    #[error("part {number} does not come after the one before it in the list")]
    PartsOutOfOrder {
        /// The first part that is out of order.
        number: i32,
    },
    /// A part that is not the last is too small.
    #[error("part {number} has {bytes} bytes; all but the last need 5 MiB")]
    PartTooSmall {
        /// Which part.
        number: i32,
        /// What it has.
        bytes: u64,
    },
    /// More bytes than one request may carry.
    #[error("one request carries at most 5 GiB")]
    TooLarge,
    /// The part's number is outside 1 to 10,000.
    #[error("a part's number is from 1 to 10,000")]
    NumberOutOfRange,
    /// The bytes are not those that were declared.
    #[error("the bytes do not have the declared {sum}")]
    SumDiffers {
        /// The header that declared it.
        sum: &'static str,
    },
    /// The size is not the one that was declared.
    #[error("the declared size is {declared} bytes, what was uploaded has {actual}")]
    SizeDiffers {
        /// As declared at complete.
        declared: i64,
        /// As uploaded.
        actual: u64,
    },
    /// The body ended early, or its signature or framing was wrong.
    #[error("the body was not received whole")]
    CutShort,
    /// An `If-Match`, `If-None-Match` or `If-Unmodified-Since` does not hold.
    #[error("a condition of the request does not hold")]
    ConditionFailed,
    /// The reader has the object already.
    #[error("not modified")]
    NotModified,
    /// The range begins behind the last byte.
    #[error("the range has no byte of the object")]
    RangeBeyondEnd,
    /// A page of a negative size, or the like.
    #[error("{name} is out of range")]
    OutOfRange {
        /// Which parameter.
        name: &'static str,
    },
    /// Something S3 can do and the project does not use.
    #[error("this store does not offer {what}")]
    NotOffered {
        /// What was asked for.
        what: &'static str,
    },
    /// A date that is not over, or a legal hold.
    #[error("the object is locked")]
    Locked,
    /// The disk failed.
    #[error("the disk failed")]
    Disk(#[from] io::Error),
}

impl From<Refusal> for S3Error {
    fn from(refusal: Refusal) -> Self {
        let code = match &refusal {
            Refusal::NoSuchBucket => S3ErrorCode::NoSuchBucket,
            Refusal::BucketExists => S3ErrorCode::BucketAlreadyOwnedByYou,
            Refusal::NoSuchKey => S3ErrorCode::NoSuchKey,
            Refusal::NoSuchUpload => S3ErrorCode::NoSuchUpload,
            Refusal::NoParts => S3ErrorCode::MalformedXML,
            Refusal::NoSuchPart { .. } => S3ErrorCode::InvalidPart,
            Refusal::PartsOutOfOrder { .. } => S3ErrorCode::InvalidPartOrder,
            Refusal::PartTooSmall { .. } => S3ErrorCode::EntityTooSmall,
            Refusal::TooLarge => S3ErrorCode::EntityTooLarge,
            Refusal::NumberOutOfRange | Refusal::OutOfRange { .. } => S3ErrorCode::InvalidArgument,
            Refusal::SumDiffers { .. } => S3ErrorCode::BadDigest,
            Refusal::SizeDiffers { .. } => S3ErrorCode::InvalidRequest,
            Refusal::CutShort => S3ErrorCode::IncompleteBody,
            Refusal::ConditionFailed => S3ErrorCode::PreconditionFailed,
            Refusal::NotModified => S3ErrorCode::NotModified,
            Refusal::RangeBeyondEnd => S3ErrorCode::InvalidRange,
            Refusal::NotOffered { .. } => S3ErrorCode::NotImplemented,
            Refusal::Locked => S3ErrorCode::AccessDenied,
            Refusal::Disk(error) => {
                tracing::error!(%error, "the object store's disk failed");
                S3ErrorCode::InternalError
            }
        };
        Self::with_message(code, refusal.to_string())
    }
}
