//! Why a claim is not taken, or not decided so.

use thiserror::Error;

use super::{CLAIMS_MAX, EVIDENCE_MAX, REASON_CHARS_MAX};
use crate::attempt::AttemptError;
use crate::enrollment::NotStudying;
use crate::id::{ClaimId, PersonId, SkillId};
use crate::link::LINK_CHARS_MAX;

/// Why nothing can be claimed so.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ClaimRefused {
    /// Nobody is studying, or about to.
    #[error(transparent)]
    Enrollment(#[from] NotStudying),
    /// As many as are kept.
    #[error("an enrollment has at most {CLAIMS_MAX} claims")]
    TooManyClaims,
    /// It names nothing.
    #[error("expected at least one skill")]
    NoSkills,
    /// More than anybody looks at.
    #[error("{pieces} pieces of evidence; at most {EVIDENCE_MAX} are taken in one claim")]
    TooMuchEvidence {
        /// How many.
        pieces: usize,
    },
    /// The edition has no such skill.
    #[error("{skill} is not a skill of this edition")]
    UnknownSkill {
        /// Its place in the claim.
        index: usize,
        /// As given.
        skill: SkillId,
    },
    /// One place for each skill.
    #[error("{skill} is claimed twice")]
    SkillTwice {
        /// Its second place in the claim.
        index: usize,
        /// Which.
        skill: SkillId,
    },
    /// Nothing is recognized on somebody's word.
    #[error("{skill} is claimed without evidence")]
    EvidenceMissing {
        /// Its place in the claim.
        index: usize,
        /// Which.
        skill: SkillId,
    },
    /// Nothing is left to prove: it was recognized.
    #[error("{skill} is recognized already")]
    AlreadyRecognized {
        /// Its place in the claim.
        index: usize,
        /// Which.
        skill: SkillId,
    },
    /// Nothing is left to prove: it was shown.
    #[error("{skill} was acquired in a defense")]
    AlreadyAcquired {
        /// Its place in the claim.
        index: usize,
        /// Which.
        skill: SkillId,
    },
    /// It is being decided.
    #[error("{skill} is claimed in {claim}, which is not decided yet")]
    Undecided {
        /// Its place in the claim.
        index: usize,
        /// Which.
        skill: SkillId,
        /// Where it is claimed.
        claim: ClaimId,
    },
    /// The work on its project shows it.
    #[error("{skill} can no longer be claimed: {reason}")]
    Project {
        /// Its place in the claim.
        index: usize,
        /// Which.
        skill: SkillId,
        /// What is true of its project.
        #[source]
        reason: AttemptError,
    },
    /// An address that is none.
    #[error("expected an address that begins with https://, at most {LINK_CHARS_MAX} characters")]
    Link {
        /// The skill's place in the claim.
        skill: usize,
        /// The evidence's place at the skill.
        evidence: usize,
    },
    /// A file that somebody else uploaded, or for something else.
    #[error("this file was not uploaded by you as evidence for this enrollment")]
    ForeignUpload {
        /// The skill's place in the claim.
        skill: usize,
        /// The evidence's place at the skill.
        evidence: usize,
    },
    /// A file whose bytes were refused or given up.
    #[error("this file is to be uploaded again")]
    UploadRefused {
        /// The skill's place in the claim.
        skill: usize,
        /// The evidence's place at the skill.
        evidence: usize,
    },
    /// A file that has not arrived whole, or is not verified yet; asking again later may do.
    #[error("this file is not verified yet")]
    UploadIncomplete {
        /// The skill's place in the claim.
        skill: usize,
        /// The evidence's place at the skill.
        evidence: usize,
    },
}

impl ClaimRefused {
    /// JSON pointer to the field at fault, as in the body of a claim; empty where none is.
    pub fn pointer(&self) -> String {
        match self {
            Self::Enrollment(_) | Self::TooManyClaims => String::new(),
            Self::NoSkills | Self::TooMuchEvidence { .. } => "/skills".into(),
            Self::UnknownSkill { index, .. }
            | Self::SkillTwice { index, .. }
            | Self::AlreadyRecognized { index, .. }
            | Self::AlreadyAcquired { index, .. }
            | Self::Undecided { index, .. }
            | Self::Project { index, .. } => format!("/skills/{index}/skill"),
            Self::EvidenceMissing { index, .. } => format!("/skills/{index}/evidence"),
            Self::Link { skill, evidence } => format!("/skills/{skill}/evidence/{evidence}/url"),
            Self::ForeignUpload { skill, evidence }
            | Self::UploadRefused { skill, evidence }
            | Self::UploadIncomplete { skill, evidence } => {
                format!("/skills/{skill}/evidence/{evidence}/upload")
            }
        }
    }
}

/// Why a claim is not decided so.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DecisionRefused {
    /// A claim is decided once.
    #[error("the claim was decided already")]
    AlreadyDecided,
    /// Who may not judge the student may not assess what they learned before.
    #[error("{assessor} is the student, or no stranger to them")]
    AssessorInConflict {
        /// Who may not decide.
        assessor: PersonId,
    },
    /// Whoever decides may not judge any more, and this defense waits for its juror.
    #[error("{assessor} is the juror of a defense of this student that is not over")]
    AssessorJudges {
        /// Who may not decide.
        assessor: PersonId,
    },
    /// Not a skill of the claim.
    #[error("{skill} is not claimed here")]
    NotClaimed {
        /// JSON pointer to it.
        pointer: String,
        /// As given.
        skill: SkillId,
    },
    /// One decision for each skill.
    #[error("{skill} is decided twice")]
    DecidedTwice {
        /// JSON pointer to its second mention.
        pointer: String,
        /// Which.
        skill: SkillId,
    },
    /// A skill of the claim has no decision.
    #[error("{skill} is neither recognized nor refused")]
    Undecided {
        /// Which.
        skill: SkillId,
    },
    /// A refusal without a reason, or with too long a one.
    #[error("expected a reason of 1 to {REASON_CHARS_MAX} characters")]
    Reason {
        /// The refusal's place.
        index: usize,
    },
    /// It was recognized or acquired meanwhile.
    #[error("{skill} needs no proof any more: refuse it, and say so")]
    NothingToProve {
        /// Its place among the recognized ones.
        index: usize,
        /// Which.
        skill: SkillId,
    },
    /// It is on its way to a jury, or was before one.
    #[error("{skill} cannot be recognized now: {reason}")]
    Project {
        /// Its place among the recognized ones.
        index: usize,
        /// Which.
        skill: SkillId,
        /// What is true of its project.
        #[source]
        reason: AttemptError,
    },
    /// Nobody is studying, or about to.
    #[error(transparent)]
    Enrollment(#[from] NotStudying),
    /// A project does not go on.
    #[error(transparent)]
    Attempt(#[from] AttemptError),
}

impl DecisionRefused {
    /// JSON pointer to the field at fault, as in the body of a decision; empty where none is.
    pub fn pointer(&self) -> String {
        match self {
            Self::NotClaimed { pointer, .. } | Self::DecidedTwice { pointer, .. } => pointer.clone(),
            Self::Undecided { .. } => "/recognized".into(),
            Self::Reason { index } => format!("/refused/{index}/reason"),
            Self::NothingToProve { index, .. } | Self::Project { index, .. } => {
                format!("/recognized/{index}")
            }
            Self::AlreadyDecided
            | Self::AssessorInConflict { .. }
            | Self::AssessorJudges { .. }
            | Self::Enrollment(_)
            | Self::Attempt(_) => String::new(),
        }
    }
}
