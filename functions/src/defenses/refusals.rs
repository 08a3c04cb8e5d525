//! What each refusal of a defense answers.

use axum::http::header;
use domain::defense::DefenseRefusal;
use domain::enrollment::SessionRefused;
use storage::defense::DefenseRefused;

use crate::problem::{Code, Problem};

impl From<DefenseRefusal> for Problem {
    fn from(refusal: DefenseRefusal) -> Self {
        use DefenseRefusal as R;
        let detail = format!("{refusal}.");
        match refusal {
            R::WrongState { .. }
            | R::NotAccepted
            | R::OpenDefense
            | R::NothingToJudge
            | R::TooEarly { .. }
            | R::TooLate { .. }
            | R::RecordingStored
            | R::EvidenceAwaited
            | R::UploadRefused
            | R::TooManyRecordings
            | R::RecordingOfAnother
            | R::AppealOpen
            | R::Recording(_)
            | R::NothingToWaive
            | R::NotStudying(SessionRefused::NotActive { .. }) => Self::new(Code::WrongState, detail),
            R::NotStudying(SessionRefused::MonthPaused { .. }) => Self::new(Code::MonthPaused, detail),
            R::NothingToWatch => Self::new(Code::RecordingMissing, detail),
            R::PlanMissing => Self::new(Code::PlanMissing, detail),
            R::OtherText { .. } => Self::field("/text_version", detail),
            R::UploadOfAnother => Self::field("/key", detail),
            R::UploadIncomplete => {
                Self::at_field(Code::UploadIncomplete, "/key", detail).header(header::RETRY_AFTER, "1")
            }
            R::AlreadyPassed | R::AlreadyDecided | R::AlreadyWaived => {
                Self::new(Code::AlreadyDecided, detail)
            }
            R::WishOutsideNotice { .. } => Self::field("/wished_from", detail),
            R::JurorInConflict { .. } => Self::new(Code::JurorInConflict, detail),
            R::NotAJuror { .. } => Self::field("/juror", detail),
            R::OffQuarterHour | R::InThePast => Self::at_field(Code::InvalidTime, "/starts_at", detail),
            R::Length { .. } => Self::field("/minutes", detail),
            R::NotAskedForConsent
            | R::NotTheJuror
            | R::NotTheReviewer
            | R::NotTheirsToTell { .. }
            | R::WaiverByParty => Self::new(Code::Forbidden, detail),
            R::ConsentMissing { .. } => Self::new(Code::ConsentMissing, detail),
            R::IdentityNotChecked => Self::field("/identity_checked", detail),
            R::ConditionOnAppeal { .. }
            | R::SkillMissing { .. }
            | R::SkillTwice { .. }
            | R::SkillUnknown { .. } => Self::field("/verdicts", detail),
            R::Text { field } => Self::field(format!("/{field}"), detail),
            R::ConflictsOfAnother => {
                tracing::error!("a defense was judged by another enrollment's conflicts");
                Self::new(Code::Internal, "Something broke on our side. We have been told.")
            }
        }
    }
}

impl From<DefenseRefused> for Problem {
    fn from(refused: DefenseRefused) -> Self {
        match refused {
            DefenseRefused::Changed => Self::changed(),
            DefenseRefused::JurorInConflict { juror } => DefenseRefusal::JurorInConflict { juror }.into(),
        }
    }
}
