//! Claims of earlier learning: skills that a student can prove without learning them here.
//!
//! `Submitted -> InReview -> Recognized | Refused`; an assessor may decide without saying first that
//! they look at it. A claim names skills, each with its evidence; the decision recognizes or refuses
//! every one of them, once. What is recognized needs no defense: [`settle`](ClaimSettled) shortens the
//! path in the same step.
//!
//! A claim comes before the work: from the first version handed in, a project's skills are shown by
//! it. What was claimed in time is recognized until a defense is asked for.

mod decision; // skill by skill, given once
mod evidence; // what proves a skill
mod refusal; // why not
mod settle; // what a decision changes besides the claim
mod submit; // what a student may claim

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::{ClaimId, DegreeId, EnrollmentId, PersonId, SkillId};
use crate::permission::{Relation, Subject};
use crate::person::Scope;

pub use decision::{Decision, DecisionMade, Independence, REASON_CHARS_MAX, RefusedSkill};
pub use evidence::{EVIDENCE_MAX, Evidence, SentEvidence};
pub use refusal::{ClaimRefused, DecisionRefused};
pub use settle::ClaimSettled;
pub use submit::{CLAIMS_MAX, ClaimRequest, Standing};

/// A claim of earlier learning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriorLearningClaim {
    /// Derived ([`PriorLearningClaim::id_of`]).
    pub id: ClaimId,
    /// Which of its enrollment's claims it is, from 1 without a gap.
    pub number: u32,
    /// The student's place.
    pub enrollment: EnrollmentId,
    /// The degree it leads to, for roles that are limited to one.
    pub degree: DegreeId,
    /// Who claims.
    pub student: PersonId,
    /// When.
    pub submitted_at: Timestamp,
    /// What is claimed: each skill once, with its evidence.
    pub skills: Vec<ClaimedSkill>,
    /// Behind a door: what is decided never changes.
    #[serde(flatten)]
    state: ClaimState,
}

/// A skill that is claimed, and what proves it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimedSkill {
    /// Which.
    pub skill: SkillId,
    /// At least one piece.
    pub evidence: Vec<Evidence>,
}

/// How far a claim is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum ClaimState {
    /// Nobody has looked at it.
    Submitted,
    /// An assessor looks at it.
    InReview {
        /// Who.
        by: PersonId,
        /// Since when.
        since: Timestamp,
    },
    /// Some or all of its skills are recognized.
    Recognized {
        /// Which, by whom, when.
        decision: DecisionMade,
    },
    /// None of its skills is recognized.
    Refused {
        /// Why, by whom, when.
        decision: DecisionMade,
    },
}

impl ClaimState {
    /// The word it is stored and shown by.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Submitted => "submitted",
            Self::InReview { .. } => "in_review",
            Self::Recognized { .. } => "recognized",
            Self::Refused { .. } => "refused",
        }
    }

    /// Whether it is still to be decided.
    pub const fn is_open(&self) -> bool {
        matches!(self, Self::Submitted | Self::InReview { .. })
    }
}

impl PriorLearningClaim {
    /// The id of the n-th claim of an enrollment: of two at once one is made.
    pub fn id_of(enrollment: EnrollmentId, number: u32) -> ClaimId {
        ClaimId::derived(&[&enrollment.to_string(), &number.to_string()])
    }

    /// How far it is.
    pub const fn state(&self) -> &ClaimState {
        &self.state
    }

    /// The decision, once it is made.
    pub const fn decision(&self) -> Option<&DecisionMade> {
        match &self.state {
            ClaimState::Submitted | ClaimState::InReview { .. } => None,
            ClaimState::Recognized { decision } | ClaimState::Refused { decision } => Some(decision),
        }
    }

    /// Whether it names a skill.
    pub fn names(&self, skill: &SkillId) -> bool {
        self.skills.iter().any(|claimed| claimed.skill == *skill)
    }

    /// An assessor says that they look at it; another one may take it over until it is decided.
    pub fn review(
        self,
        by: PersonId,
        independence: Independence<'_>,
        now: Timestamp,
    ) -> Result<Self, DecisionRefused> {
        if !self.state.is_open() {
            return Err(DecisionRefused::AlreadyDecided);
        }
        independence.check(by)?;
        match self.state {
            ClaimState::InReview { by: reviewer, .. } if reviewer == by => Ok(self),
            _ => Ok(Self { state: ClaimState::InReview { by, since: now }, ..self }),
        }
    }
}

impl Subject for PriorLearningClaim {
    fn relations(&self, person: PersonId, _now: Timestamp) -> Vec<Relation> {
        if person == self.student { vec![Relation::Owner] } else { Vec::new() }
    }

    fn scope(&self) -> Scope {
        Scope::Degree(self.degree.clone())
    }
}

#[cfg(test)]
mod tests;
