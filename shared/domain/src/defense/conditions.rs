//! After a conditional verdict: two days for the student to upload, two for the juror to look.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::policy::hours_after;
use super::refusal::check_text;
use super::{Awaits, Defense, DefenseRefusal, DefenseState};
use crate::conflict::ConflictSet;
use crate::id::{PersonId, UploadId};
use crate::upload::{Purpose, Upload, UploadState, UploadSubject};

/// What the student uploaded to meet the conditions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConditionUpload {
    /// The verified upload.
    pub upload: UploadId,
    /// SHA-256 of its bytes, 64 lower-case hex digits.
    pub sha256: String,
    /// When.
    pub at: Timestamp,
}

/// Whether what was uploaded is what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConditionDecision {
    /// Who looked.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
    /// What they found.
    pub finding: ConditionFinding,
    /// Why.
    pub note: Option<String>,
}

/// Whether the conditions of a verdict are met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConditionFinding {
    /// All that was asked for is there.
    Met,
    /// Something is not.
    NotMet,
}

impl Defense {
    /// Whether what is to be uploaded may be sent now.
    pub fn check_condition_open(&self, now: Timestamp) -> Result<(), DefenseRefusal> {
        match self.state {
            DefenseState::Conditional { awaits: Awaits::Student, until } if now < until => Ok(()),
            DefenseState::Conditional { awaits: Awaits::Student, until } => {
                Err(DefenseRefusal::TooLate { deadline: until })
            }
            _ => Err(self.wrong_state("completed")),
        }
    }

    /// The student hands in an upload of what was asked for, in time; then it is the juror's turn.
    pub fn condition_uploaded(
        mut self,
        upload: Option<&Upload>,
        now: Timestamp,
    ) -> Result<Self, DefenseRefusal> {
        let refusal = self.wrong_state("completed");
        self.check_condition_open(now)?;
        let own = |upload: &&Upload| {
            upload.owner == self.request.student
                && upload.purpose == Purpose::Evidence
                && upload.subject == UploadSubject::Defense(self.id)
        };
        let upload = upload.filter(own).ok_or(DefenseRefusal::UploadOfAnother)?;
        let sha256 = match upload.state {
            UploadState::Verified { sha256, .. } => sha256.to_string(),
            // In time, though the school has yet to confirm the sum: our slowness fails nobody.
            UploadState::Arrived { .. } => {
                let declared = upload.declared.and_then(|declared| declared.sha256);
                declared.ok_or(DefenseRefusal::UploadIncomplete)?.to_string()
            }
            UploadState::Open { .. } => return Err(DefenseRefusal::UploadIncomplete),
            UploadState::Refused { .. } | UploadState::Abandoned { .. } => {
                return Err(DefenseRefusal::UploadRefused);
            }
        };
        let sitting = self.sitting.as_mut().ok_or(refusal)?;
        sitting.condition_upload = Some(ConditionUpload { upload: upload.id, sha256, at: now });
        let until = hours_after(now, self.policy.condition_decision_hours);
        self.state = DefenseState::Conditional { awaits: Awaits::Juror, until };
        Ok(self)
    }

    /// Somebody looked at the upload: the juror, even late, or, after the juror's silence, staff.
    pub fn conditions_decided(
        mut self,
        decision: ConditionDecision,
        conflicts: &ConflictSet,
    ) -> Result<Self, DefenseRefusal> {
        let refusal = self.wrong_state("decided");
        match self.state {
            DefenseState::Conditional { awaits: Awaits::Juror, .. } => {
                self.check_is_juror(decision.by)?;
            }
            DefenseState::Conditional { awaits: Awaits::Staff, .. } => {}
            _ => return Err(refusal),
        }
        self.check_independent(decision.by, conflicts)?;
        if let Some(note) = &decision.note {
            check_text("note", note)?;
        }
        self.decided_at = Some(decision.at);
        self.state = match decision.finding {
            ConditionFinding::Met => DefenseState::Passed,
            ConditionFinding::NotMet => DefenseState::Failed,
        };
        self.sitting.as_mut().ok_or(refusal)?.condition_decision = Some(decision);
        Ok(self)
    }

    /// A turn is over: a student who uploaded nothing has failed; a juror who is silent is a
    /// matter for staff, and never the student's fail.
    pub fn condition_lapsed(mut self, now: Timestamp) -> Result<Self, DefenseRefusal> {
        let DefenseState::Conditional { awaits, until } = self.state else {
            return Err(self.wrong_state("lapsed"));
        };
        if now < until {
            return Err(DefenseRefusal::TooEarly { from: until });
        }
        self.state = match awaits {
            Awaits::Student => {
                self.decided_at = Some(until);
                DefenseState::Failed
            }
            Awaits::Juror | Awaits::Staff => DefenseState::Conditional { awaits: Awaits::Staff, until },
        };
        Ok(self)
    }

    /// Whether what the verdict made a condition was met.
    pub(super) fn met_conditions(&self) -> bool {
        let decision = self.sitting.as_ref().and_then(|sitting| sitting.condition_decision.as_ref());
        decision.is_some_and(|decision| decision.finding == ConditionFinding::Met)
    }
}

#[cfg(test)]
mod tests {
    use super::super::example::*;
    use super::super::{SkillVerdict, Verdict};
    use super::*;

    fn conditional() -> Defense {
        let asked = SkillVerdict::IfUploaded { what: "the tests".into() };
        let recorded = verified(stored(announced(held(), "a"), "a"), "a");
        let skills = judgments(asked, SkillVerdict::Acquired);
        let given = recorded.verdict_given(juror(), skills, &conflicts(), ended_at());
        given.expect("due").into_defense()
    }

    fn later(hours: u32) -> Timestamp {
        hours_after(ended_at(), hours)
    }

    fn uploaded(hours: u32) -> Result<Defense, DefenseRefusal> {
        conditional().condition_uploaded(Some(&condition_upload()), later(hours))
    }

    fn decided(defense: Defense, by: PersonId, finding: ConditionFinding) -> Result<Defense, DefenseRefusal> {
        let decision = ConditionDecision { by, at: later(50), finding, note: None };
        defense.conditions_decided(decision, &conflicts())
    }

    #[test]
    fn the_student_has_two_days_and_then_has_failed() {
        assert!(uploaded(47).is_ok());
        assert_eq!(uploaded(48), Err(DefenseRefusal::TooLate { deadline: later(48) }));
        assert_eq!(
            conditional().condition_lapsed(later(47)),
            Err(DefenseRefusal::TooEarly { from: later(48) })
        );
        let failed = conditional().condition_lapsed(later(48)).expect("over");
        assert!(failed.counts_as_failed());
        assert_eq!(failed.acquired(), [skill("css")].into());
    }

    #[test]
    fn only_what_the_student_uploaded_for_it_and_was_verified_counts() {
        let check = |expected, change: fn(&mut Upload)| {
            let mut upload = condition_upload();
            change(&mut upload);
            assert_eq!(conditional().condition_uploaded(Some(&upload), later(1)).err(), expected);
        };
        check(None, |_| ());
        check(Some(DefenseRefusal::UploadOfAnother), |upload| upload.owner = mentor());
        check(Some(DefenseRefusal::UploadOfAnother), |upload| upload.purpose = Purpose::Recording);
        let other = |upload: &mut Upload| {
            upload.subject = UploadSubject::Enrollment(request().enrollment);
        };
        check(Some(DefenseRefusal::UploadOfAnother), other);
        check(Some(DefenseRefusal::UploadIncomplete), |upload| {
            upload.state = UploadState::Arrived { at: ended_at(), size: 1 };
        });
        check(None, |upload| {
            upload.state = UploadState::Arrived { at: ended_at(), size: 1 };
            let sha256 = Some(crate::digest::Sha256Hex::of(b"tests"));
            upload.declared = Some(crate::upload::Declared { size: 1, sha256, crc64nvme: None });
        });
        check(Some(DefenseRefusal::UploadRefused), |upload| {
            upload.state = UploadState::Abandoned { at: ended_at() };
        });
        let none = conditional().condition_uploaded(None, later(1));
        assert_eq!(none, Err(DefenseRefusal::UploadOfAnother));
    }

    #[test]
    fn the_juror_decides_what_was_uploaded() {
        let check = |finding, state: &str, acquired: usize| {
            let defense = decided(uploaded(1).expect("in time"), juror(), finding).expect("due");
            assert_eq!((defense.state.word(), defense.acquired().len()), (state, acquired));
            assert_eq!(
                defense.verdict().map(Verdict::overall),
                conditional().verdict().map(Verdict::overall)
            );
        };
        check(ConditionFinding::Met, "passed", 2);
        check(ConditionFinding::NotMet, "failed", 1);
        let early = decided(uploaded(1).expect("in time"), staff(), ConditionFinding::Met);
        assert_eq!(early, Err(DefenseRefusal::NotTheJuror));
    }

    #[test]
    fn a_silent_juror_is_a_matter_for_staff() {
        let silent = uploaded(1).expect("in time").condition_lapsed(later(49)).expect("over");
        assert_eq!(silent.state, DefenseState::Conditional { awaits: Awaits::Staff, until: later(49) });
        assert!(!silent.counts_as_failed());
        for person in [juror(), staff()] {
            let decided = decided(silent.clone(), person, ConditionFinding::Met).expect("due");
            assert_eq!(decided.state.word(), "passed");
        }
        let by_mentor = decided(silent, mentor(), ConditionFinding::Met);
        assert_eq!(by_mentor, Err(DefenseRefusal::JurorInConflict { juror: mentor() }));
    }
}
