//! What each refusal of a claim or a decision answers.

use axum::http::header;
use domain::claim::{ClaimRefused, DecisionRefused};
use storage::claim::ClaimRefusal;

use crate::problem::{Code, Problem};

impl From<ClaimRefused> for Problem {
    fn from(refused: ClaimRefused) -> Self {
        use ClaimRefused as R;
        let (pointer, detail) = (refused.pointer(), format!("{refused}."));
        match refused {
            R::Enrollment(_) | R::TooManyClaims => Self::new(Code::WrongState, detail),
            R::AlreadyRecognized { .. }
            | R::AlreadyAcquired { .. }
            | R::Undecided { .. }
            | R::Project { .. } => Self::at_field(Code::WrongState, pointer, detail),
            R::EvidenceMissing { .. } => Self::at_field(Code::EvidenceMissing, pointer, detail),
            R::UploadIncomplete { .. } => {
                Self::at_field(Code::UploadIncomplete, pointer, detail).header(header::RETRY_AFTER, "1")
            }
            R::NoSkills
            | R::TooMuchEvidence { .. }
            | R::UnknownSkill { .. }
            | R::SkillTwice { .. }
            | R::Link { .. }
            | R::ForeignUpload { .. }
            | R::UploadRefused { .. } => Self::field(pointer, detail),
        }
    }
}

impl From<DecisionRefused> for Problem {
    fn from(refused: DecisionRefused) -> Self {
        use DecisionRefused as R;
        let (pointer, detail) = (refused.pointer(), format!("{refused}."));
        match refused {
            R::AlreadyDecided => Self::new(Code::AlreadyDecided, detail),
            R::AssessorInConflict { .. } | R::AssessorJudges { .. } => {
                Self::new(Code::JurorInConflict, detail)
            }
            R::NotClaimed { .. } | R::DecidedTwice { .. } | R::Undecided { .. } | R::Reason { .. } => {
                Self::field(pointer, detail)
            }
            R::NothingToProve { .. } | R::Project { .. } => Self::at_field(Code::WrongState, pointer, detail),
            R::Enrollment(_) | R::Attempt(_) => Self::new(Code::WrongState, detail),
        }
    }
}

impl From<ClaimRefusal> for Problem {
    fn from(refusal: ClaimRefusal) -> Self {
        match refusal {
            ClaimRefusal::Changed => Self::changed(),
            ClaimRefusal::AssessorInConflict { assessor } => {
                DecisionRefused::AssessorInConflict { assessor }.into()
            }
        }
    }
}
