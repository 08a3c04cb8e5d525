//! Bytes on their way in, until they are verified.
//!
//! `Open -> Arrived -> Verified | Refused`, `Open -> Abandoned`, and `Open -> Refused` when what
//! arrived is not what was declared. The client sends parts straight to the store; at complete the
//! store tells size and CRC-64/NVME ([`Upload::arrive`]), later the worker has read all bytes and
//! tells their SHA-256 ([`Upload::verify`]). Only a verified upload can become evidence.

mod error;
mod file_name;
mod key;
mod parts;
mod policy;
mod provided;
mod quota;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use self::error::{Refusal, UploadError};
pub use self::file_name::{FILE_NAME_CHARS_MAX, FileName};
pub use self::key::{InvalidUploadName, UploadKey, UploadSubject};
pub use self::parts::{
    GIB, MIB, PART_BYTES_MIN, PART_BYTES_USUAL, PARTS_MAX, Part, PartsError, part_size, parts_expected,
};
pub use self::policy::{POLICY, UploadLimits, UploadPolicy};
pub use self::provided::PROVIDED_WAIT;
pub use self::quota::{DailyQuota, UploadQuota};
use crate::digest::{Crc64, Sha256Hex};
use crate::id::{PersonId, UploadId};
use crate::permission::{Relation, Subject};

/// What bytes are sent for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Work to hand in.
    Submission,
    /// The recording of a defense or meeting.
    Recording,
    /// Proof of earlier learning, or what a juror asked for.
    Evidence,
}

/// What the client says about a file before it arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declared {
    /// In bytes.
    pub size: u64,
    /// Confirmed by the worker if given, else computed.
    pub sha256: Option<Sha256Hex>,
    /// Compared with the store's own sum if given.
    pub crc64nvme: Option<Crc64>,
}

/// What someone asks to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadRequest {
    /// What for.
    pub purpose: Purpose,
    /// What it belongs to.
    pub subject: UploadSubject,
    /// The file's name on the owner's machine.
    pub filename: FileName,
    /// Its media type; parameters such as codecs are dropped.
    pub content_type: String,
    /// Its size and sums; a live recording tells them at complete ([`Upload::declare`]).
    pub declared: Option<Declared>,
}

/// Bytes on their way in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upload {
    /// Which.
    pub id: UploadId,
    /// Who sends them.
    pub owner: PersonId,
    /// What for.
    pub purpose: Purpose,
    /// What they belong to.
    pub subject: UploadSubject,
    /// What the file was called.
    pub filename: FileName,
    /// The media type that was declared.
    pub content_type: String,
    /// Size and sums; of a live recording only from its complete on.
    pub declared: Option<Declared>,
    /// Bytes of each part but the last.
    pub part_size: u64,
    /// How far they are.
    #[serde(flatten)]
    pub state: UploadState,
}

/// How far an upload is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum UploadState {
    /// Parts may be sent.
    Open {
        /// The store's id of the multipart upload, once the client began it.
        multipart: Option<String>,
        /// When it is abandoned, unless there is progress until then.
        expires_at: Timestamp,
    },
    /// All bytes are in the store, as declared by size and CRC.
    Arrived {
        /// When.
        at: Timestamp,
        /// In bytes.
        size: u64,
    },
    /// The worker has read all bytes; they are what was declared and of a type that is taken.
    Verified {
        /// When.
        at: Timestamp,
        /// In bytes.
        size: u64,
        /// Of all bytes.
        sha256: Sha256Hex,
    },
    /// The bytes are not what was declared, or not taken; the object is to be removed.
    Refused {
        /// When.
        at: Timestamp,
        /// Why.
        reason: Refusal,
    },
    /// Given up by the client, or too long without progress; its parts are to be removed.
    Abandoned {
        /// When.
        at: Timestamp,
    },
}

impl Purpose {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Submission, Self::Recording, Self::Evidence];

    /// What keys of this purpose begin with.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Submission => "submissions",
            Self::Recording => "recordings",
            Self::Evidence => "evidence",
        }
    }
}

impl UploadState {
    /// The word it is stored and shown by.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Open { .. } => "open",
            Self::Arrived { .. } => "arrived",
            Self::Verified { .. } => "verified",
            Self::Refused { .. } => "refused",
            Self::Abandoned { .. } => "abandoned",
        }
    }
}

impl UploadLimits {
    fn check_declared(&self, declared: &Declared) -> Result<(), UploadError> {
        if declared.size == 0 {
            return Err(UploadError::EmptyFile);
        }
        if declared.size > self.size_bytes_max {
            return Err(UploadError::TooLarge { size: declared.size, size_bytes_max: self.size_bytes_max });
        }
        if declared.sha256.is_none() && declared.crc64nvme.is_none() {
            return Err(UploadError::NotDeclared);
        }
        Ok(())
    }
}

impl Upload {
    /// Opens an upload, if the school takes such a file for that purpose.
    pub fn open(
        id: UploadId,
        owner: PersonId,
        request: UploadRequest,
        policy: &UploadPolicy,
        now: Timestamp,
    ) -> Result<Self, UploadError> {
        let UploadRequest { purpose, subject, filename, content_type, declared } = request;
        let limits = policy.limits(purpose);
        if !subject.suits(purpose) {
            return Err(UploadError::WrongSubject { subject });
        }
        let content_type = media_type(&content_type);
        if !limits.takes(&content_type) {
            return Err(UploadError::TypeNotTaken { content_type });
        }
        match &declared {
            Some(declared) => limits.check_declared(declared)?,
            None if purpose == Purpose::Recording => {}
            None => return Err(UploadError::NotDeclared),
        }
        let part_size = part_size(declared.map_or(limits.size_bytes_max, |declared| declared.size));
        let state = UploadState::Open { multipart: None, expires_at: now + policy.idle_max };
        Ok(Self { id, owner, purpose, subject, filename, content_type, declared, part_size, state })
    }

    /// Where the bytes go.
    pub const fn key(&self) -> UploadKey {
        UploadKey { purpose: self.purpose, upload: self.id }
    }

    /// How many parts the file has, if cut as told; nobody knows of a live recording.
    pub fn parts_expected(&self) -> Option<u64> {
        self.declared.map(|declared| parts_expected(declared.size, self.part_size))
    }

    /// The store has begun a multipart upload for it.
    ///
    /// Refused with the first one's id if there is one: that is to be used, and the new one removed.
    pub fn begin(self, multipart: String) -> Result<Self, UploadError> {
        match self.state {
            UploadState::Open { multipart: None, expires_at } => {
                Ok(Self { state: UploadState::Open { multipart: Some(multipart), expires_at }, ..self })
            }
            UploadState::Open { multipart: Some(multipart), .. } => {
                Err(UploadError::AlreadyBegun { multipart })
            }
            _ => Err(UploadError::NotOpen),
        }
    }

    /// Whether a link for that part may be given out.
    pub fn check_part_number(&self, number: u32) -> Result<(), UploadError> {
        let UploadState::Open { .. } = self.state else { return Err(UploadError::NotOpen) };
        // As many as the smallest parts make, for clients that cut their own.
        let most = self.declared.map_or(u64::from(PARTS_MAX), |file| file.size.div_ceil(PART_BYTES_MIN));
        let last = u32::try_from(most).unwrap_or(PARTS_MAX).min(PARTS_MAX);
        if (1..=last).contains(&number) { Ok(()) } else { Err(UploadError::NoSuchPart { last }) }
    }

    /// Whether progress now is worth writing down: parts come many a minute.
    pub fn gains_time(&self, policy: &UploadPolicy, now: Timestamp) -> bool {
        let UploadState::Open { expires_at, .. } = self.state else { return false };
        expires_at + policy.progress_every <= now + policy.idle_max
    }

    /// Some bytes came: it has its full time again.
    pub fn progress(self, idle_max: SignedDuration, now: Timestamp) -> Result<Self, UploadError> {
        let UploadState::Open { multipart, .. } = self.state else { return Err(UploadError::NotOpen) };
        Ok(Self { state: UploadState::Open { multipart, expires_at: now + idle_max }, ..self })
    }

    /// A live recording has ended, and its client tells size and sums. Told twice, they are the same.
    pub fn declare(self, declared: Declared, policy: &UploadPolicy) -> Result<Self, UploadError> {
        let UploadState::Open { .. } = self.state else { return Err(UploadError::NotOpen) };
        policy.limits(self.purpose).check_declared(&declared)?;
        match self.declared {
            None => Ok(Self { declared: Some(declared), ..self }),
            Some(before) if before == declared => Ok(self),
            Some(_) => Err(UploadError::AlreadyDeclared),
        }
    }

    /// Whether the parts that the store lists make the file, before they are put together.
    pub fn check_parts(&self, parts: &[Part]) -> Result<(), UploadError> {
        let UploadState::Open { .. } = self.state else { return Err(UploadError::NotOpen) };
        let declared = self.declared.ok_or(UploadError::NotDeclared)?;
        Ok(parts::check_parts(parts, declared.size, self.part_size)?)
    }

    /// The store has put the parts together and tells size and sum: arrived, or refused.
    ///
    /// Told again, it stays as it is.
    pub fn arrive(self, size: u64, crc64nvme: Crc64, now: Timestamp) -> Result<Self, UploadError> {
        match self.state {
            UploadState::Open { .. } => {}
            UploadState::Arrived { .. } | UploadState::Verified { .. } | UploadState::Refused { .. } => {
                return Ok(self);
            }
            UploadState::Abandoned { .. } => return Err(UploadError::NotOpen),
        }
        let declared = self.declared.ok_or(UploadError::NotDeclared)?;
        let state = if size != declared.size {
            let reason = Refusal::SizeDiffers { declared: declared.size, found: size };
            UploadState::Refused { at: now, reason }
        } else if declared.crc64nvme.is_some_and(|sum| sum != crc64nvme) {
            UploadState::Refused { at: now, reason: Refusal::ChecksumMismatch }
        } else {
            UploadState::Arrived { at: now, size }
        };
        Ok(Self { state, ..self })
    }

    /// The worker has read all bytes: verified, or refused. Told again, it stays as it is.
    ///
    /// `sniffed` is the media type by the first bytes. Text, source code and many trades' own
    /// formats show none; then the declared one stands.
    pub fn verify(
        self,
        size: u64,
        sha256: Sha256Hex,
        sniffed: Option<&str>,
        policy: &UploadPolicy,
        now: Timestamp,
    ) -> Result<Self, UploadError> {
        let arrived = match self.state {
            UploadState::Arrived { size, .. } => size,
            UploadState::Verified { sha256: known, .. } if known == sha256 => return Ok(self),
            _ => return Err(UploadError::NotArrived),
        };
        let limits = policy.limits(self.purpose);
        let declared = self.declared.and_then(|declared| declared.sha256);
        let state = if size != arrived {
            let reason = Refusal::SizeDiffers { declared: arrived, found: size };
            UploadState::Refused { at: now, reason }
        } else if declared.is_some_and(|sum| sum != sha256) {
            UploadState::Refused { at: now, reason: Refusal::ChecksumMismatch }
        } else if let Some(found) = sniffed.filter(|found| !limits.takes(found)) {
            UploadState::Refused { at: now, reason: Refusal::TypeNotTaken { found: found.to_owned() } }
        } else {
            UploadState::Verified { at: now, size, sha256 }
        };
        Ok(Self { state, ..self })
    }

    /// Given up: by the client, or because it [is expired](Self::is_expired).
    pub fn abandon(self, now: Timestamp) -> Result<Self, UploadError> {
        match self.state {
            UploadState::Open { .. } => Ok(Self { state: UploadState::Abandoned { at: now }, ..self }),
            UploadState::Abandoned { .. } => Ok(self),
            _ => Err(UploadError::NotOpen),
        }
    }

    /// Whether it has gone too long without progress.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        matches!(self.state, UploadState::Open { expires_at, .. } if expires_at <= now)
    }

    /// Size and sum of the bytes, once they are verified.
    pub const fn verified(&self) -> Option<(u64, Sha256Hex)> {
        match self.state {
            UploadState::Verified { size, sha256, .. } => Some((size, sha256)),
            _ => None,
        }
    }

    /// Why the bytes were refused, if they were.
    pub const fn refusal(&self) -> Option<&Refusal> {
        match &self.state {
            UploadState::Refused { reason, .. } => Some(reason),
            _ => None,
        }
    }
}

/// `Video/WebM;codecs=vp9` is `video/webm`.
fn media_type(text: &str) -> String {
    text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

impl Subject for Upload {
    fn relations(&self, person: PersonId, _now: Timestamp) -> Vec<Relation> {
        if person == self.owner { vec![Relation::Owner] } else { Vec::new() }
    }
}

#[cfg(test)]
mod tests;
