//! Why an upload is refused, before and after its bytes came.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{PartsError, UploadSubject};

/// Why bytes that arrived were refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Error)]
#[serde(rename_all = "snake_case", tag = "code")]
pub enum Refusal {
    /// More or fewer bytes than declared.
    #[error("{declared} bytes were declared, {found} arrived")]
    SizeDiffers {
        /// What was to come.
        declared: u64,
        /// What came.
        found: u64,
    },
    /// Other bytes than declared, by CRC-64/NVME or SHA-256.
    #[error("the bytes that arrived are not the ones declared")]
    ChecksumMismatch,
    /// By their first bytes of a type that is not taken for this purpose.
    #[error("{found} files are not taken for this purpose")]
    TypeNotTaken {
        /// Its media type.
        found: String,
    },
}

/// Why an upload cannot be opened or go on.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UploadError {
    /// Nothing to send.
    #[error("the file is empty")]
    EmptyFile,
    /// Larger than is taken for this purpose.
    #[error("the file has {size} bytes; at most {size_bytes_max} are taken")]
    TooLarge {
        /// In bytes.
        size: u64,
        /// What is taken.
        size_bytes_max: u64,
    },
    /// A media type that is not taken for this purpose.
    #[error("{content_type} files are not taken for this purpose")]
    TypeNotTaken {
        /// As declared.
        content_type: String,
    },
    /// The purpose and the subject do not go together.
    #[error("{subject} does not take uploads for this purpose")]
    WrongSubject {
        /// As given.
        subject: UploadSubject,
    },
    /// Only a live recording may tell its size and sums at the end.
    #[error("the size and a checksum must be declared")]
    NotDeclared,
    /// Size and sums were already declared, and differ.
    #[error("the file was declared with another size or checksum")]
    AlreadyDeclared,
    /// The store's upload was begun before; that one goes on.
    #[error("the upload was already begun")]
    AlreadyBegun {
        /// The store's id of it.
        multipart: String,
    },
    /// A part's number is beyond the last.
    #[error("parts are numbered from 1 to {last}")]
    NoSuchPart {
        /// The highest number.
        last: u32,
    },
    /// The parts do not make the file.
    #[error(transparent)]
    Parts(#[from] PartsError),
    /// It has arrived, or was given up.
    #[error("the upload is no longer open")]
    NotOpen,
    /// The person began to send as much as anybody may within a day.
    #[error("more than anybody sends within a day was begun; there is room again at {again_at}")]
    QuotaUsed {
        /// When it fits.
        again_at: Timestamp,
    },
    /// Nothing to verify: not arrived, or decided otherwise before.
    #[error("the upload has not arrived, or was already decided")]
    NotArrived,
}
