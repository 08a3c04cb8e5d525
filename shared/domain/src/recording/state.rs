//! How far a recording is.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Doubt, Flaw};
use crate::id::PersonId;

/// How far a recording has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum RecordingState {
    /// Its upload exists; no byte came yet.
    Announced,
    /// Parts are coming in.
    Uploading,
    /// All bytes are there, not yet probed.
    Stored,
    /// It may be too little: staff look at it.
    NeedsReview {
        /// What is doubted.
        reason: Doubt,
    },
    /// It shows the defense.
    Verified,
    /// It does not.
    Rejected {
        /// What is wrong.
        reason: Flaw,
    },
    /// Verified, and kept for a time.
    Retained {
        /// The first instant at which it may go.
        until: Timestamp,
    },
    /// Removed when its time was over.
    Expired {
        /// When.
        at: Timestamp,
    },
    /// Removed because the law asked for it.
    Erased {
        /// When.
        at: Timestamp,
        /// On what ground.
        reason: String,
        /// Who said so.
        #[serde(default)]
        by: Option<PersonId>,
    },
    /// The upload never ended.
    Failed,
}

impl RecordingState {
    /// The state in one word, as it is stored and shown.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Announced => "announced",
            Self::Uploading => "uploading",
            Self::Stored => "stored",
            Self::NeedsReview { .. } => "needs_review",
            Self::Verified => "verified",
            Self::Rejected { .. } => "rejected",
            Self::Retained { .. } => "retained",
            Self::Expired { .. } => "expired",
            Self::Erased { .. } => "erased",
            Self::Failed => "failed",
        }
    }
}
