//! What proves a skill: a file that was uploaded for the enrollment, or an address.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ClaimRefused;
use crate::digest::Sha256Hex;
use crate::enrollment::Enrollment;
use crate::id::UploadId;
use crate::link::is_https;
use crate::upload::{FileName, Purpose, Upload, UploadState, UploadSubject};

/// The most pieces of evidence in one claim: what somebody can look at in an afternoon.
pub const EVIDENCE_MAX: usize = 100;

/// What proves a skill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Evidence {
    /// A verified file, by its hash.
    Upload {
        /// What brought it.
        upload: UploadId,
        /// What it was called.
        filename: FileName,
        /// Of its bytes.
        sha256: Sha256Hex,
    },
    /// Where something can be seen. It may change or die, and the assessor says what it was worth.
    Url {
        /// An https address.
        url: String,
    },
}

/// A piece of evidence as the student names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SentEvidence {
    /// A file that was uploaded before.
    Upload(UploadId),
    /// An address.
    Url(String),
}

/// Where a piece of evidence stands in a claim, both from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub skill: usize,
    pub evidence: usize,
}

impl SentEvidence {
    /// The evidence as it is kept: the student's own file for this enrollment, verified, or an
    /// https address.
    pub(super) fn proven(
        &self,
        place: Place,
        enrollment: &Enrollment,
        uploads: &BTreeMap<UploadId, Upload>,
    ) -> Result<Evidence, ClaimRefused> {
        let Place { skill, evidence } = place;
        let id = match self {
            Self::Url(url) if is_https(url) => return Ok(Evidence::Url { url: url.clone() }),
            Self::Url(_) => return Err(ClaimRefused::Link { skill, evidence }),
            Self::Upload(id) => id,
        };
        let own = |upload: &&Upload| {
            upload.owner == enrollment.student
                && upload.purpose == Purpose::Evidence
                && upload.subject == UploadSubject::Enrollment(enrollment.id)
        };
        let Some(upload) = uploads.get(id).filter(own) else {
            return Err(ClaimRefused::ForeignUpload { skill, evidence });
        };
        match upload.state {
            UploadState::Verified { sha256, .. } => {
                Ok(Evidence::Upload { upload: *id, filename: upload.filename.clone(), sha256 })
            }
            UploadState::Refused { .. } | UploadState::Abandoned { .. } => {
                Err(ClaimRefused::UploadRefused { skill, evidence })
            }
            UploadState::Open { .. } | UploadState::Arrived { .. } => {
                Err(ClaimRefused::UploadIncomplete { skill, evidence })
            }
        }
    }
}
