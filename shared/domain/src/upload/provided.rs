//! The recording of a meeting that its provider made and put into our store by itself.

use jiff::{SignedDuration, Timestamp};

use super::parts::part_size;
use super::{Declared, FileName, Purpose, Upload, UploadError, UploadPolicy, UploadState, UploadSubject};
use crate::defense::Defense;
use crate::id::{PersonId, UploadId};

/// How long an object that a provider told of is waited for, before the meeting counts as unrecorded: with what else
/// it takes, staff know within five minutes.
pub const PROVIDED_WAIT: SignedDuration = SignedDuration::from_mins(4);

impl Upload {
    /// The upload that a provider's recording of a defense comes in by: one for each time that it is held, known
    /// before anybody records, so that the provider can be told where to put it.
    pub fn id_of_provided(defense: &Defense) -> UploadId {
        let held = defense.earlier_sittings().len().to_string();
        UploadId::derived(&[&defense.id().to_string(), "provided", &held])
    }

    /// What a provider told of the recording of a defense, before the object was looked for.
    pub fn provided(
        defense: &Defense,
        juror: PersonId,
        content_type: &str,
        declared: Declared,
        policy: &UploadPolicy,
        now: Timestamp,
    ) -> Result<Self, UploadError> {
        let limits = policy.limits(Purpose::Recording);
        if !limits.takes(content_type) {
            return Err(UploadError::TypeNotTaken { content_type: content_type.into() });
        }
        if declared.size == 0 {
            return Err(UploadError::EmptyFile);
        }
        if declared.size > limits.size_bytes_max {
            return Err(UploadError::TooLarge { size: declared.size, size_bytes_max: limits.size_bytes_max });
        }
        Ok(Self {
            id: Self::id_of_provided(defense),
            owner: juror,
            purpose: Purpose::Recording,
            subject: UploadSubject::Defense(defense.id()),
            filename: FileName::sanitized("recording"),
            content_type: content_type.into(),
            declared: Some(declared),
            part_size: part_size(declared.size),
            state: UploadState::Open { multipart: None, expires_at: now + PROVIDED_WAIT },
        })
    }
}
