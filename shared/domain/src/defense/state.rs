//! How far a defense has come.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::PersonId;

/// The state of a defense, with what only that state knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum DefenseState {
    /// Asked for by the mentor.
    Requested,
    /// Somebody will judge it, at a time to be chosen.
    JurorAssigned,
    /// It has a time.
    Scheduled,
    /// It is being held.
    InProgress,
    /// It was held; the verdict is not sealed.
    AwaitingVerdict,
    /// Every skill was shown.
    Passed,
    /// Every skill was shown but for something to upload.
    Conditional {
        /// Whose turn it is.
        awaits: Awaits,
        /// The first instant at which that turn is over.
        until: Timestamp,
    },
    /// A skill was not shown yet.
    Failed,
    /// It was held, and its recording is lost.
    HeldUnrecorded,
    /// It will not be held.
    Cancelled {
        /// Why.
        reason: String,
    },
    /// The student did not come.
    StudentNoShow,
    /// The juror did not come.
    JurorNoShow,
    /// It broke off for a reason that is nobody's fault, and gets another time.
    TechnicalFailure,
    /// A third person judges again; until then the outcome stands.
    UnderAppeal {
        /// What is appealed.
        outcome: Outcome,
    },
    /// The appeal changed nothing.
    Upheld {
        /// What stands.
        outcome: Outcome,
    },
    /// The appeal turned it.
    Overturned {
        /// What holds now.
        outcome: Outcome,
    },
    /// It counts for nothing.
    Annulled {
        /// Why.
        reason: String,
        /// Who said so.
        by: PersonId,
        /// When.
        at: Timestamp,
    },
}

/// A defense's state by its word alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // the state says what each is
pub enum Stage {
    Requested,
    JurorAssigned,
    Scheduled,
    InProgress,
    AwaitingVerdict,
    Passed,
    Conditional,
    Failed,
    HeldUnrecorded,
    Cancelled,
    StudentNoShow,
    JurorNoShow,
    TechnicalFailure,
    UnderAppeal,
    Upheld,
    Overturned,
    Annulled,
}

/// Whose turn it is after a conditional verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Awaits {
    /// The student, to upload what was asked for.
    Student,
    /// The juror, to look at it.
    Juror,
    /// Staff, because the juror was silent.
    Staff,
}

/// What a decided defense comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The project is done.
    Passed,
    /// The student defends it again.
    Failed,
}

impl DefenseState {
    /// The state in one word, as it is stored and shown.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::JurorAssigned => "juror_assigned",
            Self::Scheduled => "scheduled",
            Self::InProgress => "in_progress",
            Self::AwaitingVerdict => "awaiting_verdict",
            Self::Passed => "passed",
            Self::Conditional { .. } => "conditional",
            Self::Failed => "failed",
            Self::HeldUnrecorded => "held_unrecorded",
            Self::Cancelled { .. } => "cancelled",
            Self::StudentNoShow => "student_no_show",
            Self::JurorNoShow => "juror_no_show",
            Self::TechnicalFailure => "technical_failure",
            Self::UnderAppeal { .. } => "under_appeal",
            Self::Upheld { .. } => "upheld",
            Self::Overturned { .. } => "overturned",
            Self::Annulled { .. } => "annulled",
        }
    }

    /// The state without what only it knows.
    pub const fn stage(&self) -> Stage {
        match self {
            Self::Requested => Stage::Requested,
            Self::JurorAssigned => Stage::JurorAssigned,
            Self::Scheduled => Stage::Scheduled,
            Self::InProgress => Stage::InProgress,
            Self::AwaitingVerdict => Stage::AwaitingVerdict,
            Self::Passed => Stage::Passed,
            Self::Conditional { .. } => Stage::Conditional,
            Self::Failed => Stage::Failed,
            Self::HeldUnrecorded => Stage::HeldUnrecorded,
            Self::Cancelled { .. } => Stage::Cancelled,
            Self::StudentNoShow => Stage::StudentNoShow,
            Self::JurorNoShow => Stage::JurorNoShow,
            Self::TechnicalFailure => Stage::TechnicalFailure,
            Self::UnderAppeal { .. } => Stage::UnderAppeal,
            Self::Upheld { .. } => Stage::Upheld,
            Self::Overturned { .. } => Stage::Overturned,
            Self::Annulled { .. } => Stage::Annulled,
        }
    }

    /// Whether something is still to happen: an attempt has at most one such defense.
    pub const fn is_open(&self) -> bool {
        match self {
            Self::Requested
            | Self::JurorAssigned
            | Self::Scheduled
            | Self::InProgress
            | Self::AwaitingVerdict
            | Self::Conditional { .. }
            | Self::HeldUnrecorded
            | Self::TechnicalFailure
            | Self::UnderAppeal { .. } => true,
            Self::Passed
            | Self::Failed
            | Self::Cancelled { .. }
            | Self::StudentNoShow
            | Self::JurorNoShow
            | Self::Upheld { .. }
            | Self::Overturned { .. }
            | Self::Annulled { .. } => false,
        }
    }

    /// What it comes to today; nothing where no verdict stands.
    pub const fn outcome(&self) -> Option<Outcome> {
        match self {
            Self::Passed => Some(Outcome::Passed),
            Self::Failed => Some(Outcome::Failed),
            Self::UnderAppeal { outcome } | Self::Upheld { outcome } | Self::Overturned { outcome } => {
                Some(*outcome)
            }
            _ => None,
        }
    }
}
