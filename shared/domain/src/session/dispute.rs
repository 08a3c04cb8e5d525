//! Saying that a session's outcome is wrong.
//!
//! Each side may claim another outcome. It takes effect when the other side claims the same, or
//! when staff does; after that only staff changes it again. What was paid is never rewritten: the
//! next statement gets an adjustment.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Session, SessionState, Side};
use crate::id::PersonId;

/// How a session that was not called off ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It took place.
    Completed,
    /// The student did not come in time.
    StudentNoShow,
    /// The mentor or coach did not come in time.
    MentorNoShow,
    /// Neither came in time.
    NobodyCame,
    /// The link failed them.
    TechnicalFailure,
}

impl From<Outcome> for SessionState {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Completed => Self::Completed,
            Outcome::StudentNoShow => Self::StudentNoShow,
            Outcome::MentorNoShow => Self::MentorNoShow,
            Outcome::NobodyCame => Self::NobodyCame,
            Outcome::TechnicalFailure => Self::TechnicalFailure,
        }
    }
}

/// What somebody says about how a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// How they say it ended.
    pub outcome: Outcome,
    /// Who says so.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
}

/// Why an outcome cannot be disputed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DisputeError {
    /// It was called off, or is still to come.
    #[error("the session has no outcome to dispute")]
    NoOutcome,
    /// That is how it stands.
    #[error("this already is the outcome")]
    SameOutcome,
    /// They said so before.
    #[error("the same claim was made before")]
    AlreadyClaimed,
    /// An earlier dispute was settled.
    #[error("the dispute was settled; only staff can change the outcome now")]
    Settled,
}

impl SessionState {
    /// How the session ended, if it was neither called off nor is still to come.
    pub const fn outcome(&self) -> Option<Outcome> {
        match self {
            Self::Completed => Some(Outcome::Completed),
            Self::StudentNoShow => Some(Outcome::StudentNoShow),
            Self::MentorNoShow => Some(Outcome::MentorNoShow),
            Self::NobodyCame => Some(Outcome::NobodyCame),
            Self::TechnicalFailure => Some(Outcome::TechnicalFailure),
            Self::Booked
            | Self::InProgress
            | Self::CancelledEarly(_)
            | Self::CancelledLate(_)
            | Self::CancelledByMentor(_) => None,
        }
    }
}

impl Session {
    /// The session with one more claim, and with its outcome if that settles it.
    pub fn dispute(mut self, outcome: Outcome, by: PersonId, now: Timestamp) -> Result<Self, DisputeError> {
        let current = self.state.outcome().ok_or(DisputeError::NoOutcome)?;
        if outcome == current {
            return Err(DisputeError::SameOutcome);
        }
        let side = self.side_of(by);
        let claimed_by = |wanted: Side| {
            self.claims.iter().any(|claim| claim.outcome == outcome && self.side_of(claim.by) == wanted)
        };
        // Nobody claims what already stands, so a claim of what stands is one that settled it.
        let settled_before = self.claims.iter().any(|claim| claim.outcome == current);
        let settles = match side {
            Side::School => true,
            _ if settled_before => return Err(DisputeError::Settled),
            _ if claimed_by(side) => return Err(DisputeError::AlreadyClaimed),
            Side::Student => claimed_by(Side::Mentor),
            Side::Mentor => claimed_by(Side::Student),
        };
        self.claims.push(Claim { outcome, by, at: now });
        let state = if settles { outcome.into() } else { self.state };
        Ok(Self { state, ..self })
    }
}
