//! Work handed in, version by version.
//!
//! `Draft -> Sealed -> Accepted | ChangesRequested`; `Sealed -> Superseded` when the project no
//! longer needs a judgment, because it was exempted or annulled meanwhile. A version's id is derived
//! from enrollment, project and number, so two tabs that open it open the same one.

pub mod manifest;
mod work;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use self::work::{DELIVERABLES_MAX, Deliverable, LINKS_MAX, NAME_CHARS_MAX, SealError, SealedWork, Work};
use crate::assessment::{Assessment, Decision};
use crate::enrollment::{Enrollment, NotStudying};
use crate::id::{EnrollmentId, PersonId, ProjectId, SubmissionId};
use crate::permission::{Relation, Subject};

/// One version of the work on a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submission {
    /// Derived ([`Submission::id_of`]).
    pub id: SubmissionId,
    /// The student's place.
    pub enrollment: EnrollmentId,
    /// Whose work it is.
    pub student: PersonId,
    /// What it is for.
    pub project: ProjectId,
    /// From 1, without a gap.
    pub version: u32,
    /// Who judges it: set when it is sealed, and by a hand-over.
    pub mentor: Option<PersonId>,
    /// Who hears its defense, once one is assigned.
    pub juror: Option<PersonId>,
    /// Behind a door: what is sealed never changes.
    #[serde(flatten)]
    state: SubmissionState,
}

/// How far a submission is, with what was handed in once it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum SubmissionState {
    /// The student works on it.
    Draft {
        /// Since when.
        opened_at: Timestamp,
    },
    /// Handed in.
    Sealed {
        /// What.
        work: SealedWork,
    },
    /// The mentor lets it be defended.
    Accepted {
        /// What was handed in.
        work: SealedWork,
        /// When it was judged.
        at: Timestamp,
    },
    /// The mentor wants another version.
    ChangesRequested {
        /// What was handed in.
        work: SealedWork,
        /// When it was judged.
        at: Timestamp,
    },
    /// No longer to be judged.
    Superseded {
        /// What was handed in.
        work: SealedWork,
        /// Since when.
        at: Timestamp,
    },
}

/// A submission's state by its word alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The student works on it.
    Draft,
    /// Handed in.
    Sealed,
    /// The mentor lets it be defended.
    Accepted,
    /// The mentor wants another version.
    ChangesRequested,
    /// No longer to be judged.
    Superseded,
}

/// Why a submission cannot be judged or superseded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SubmissionError {
    /// The judgment is of another submission.
    #[error("the assessment is of another submission")]
    OtherSubmission,
    /// Still a draft.
    #[error("the work has not been handed in")]
    NotSealed,
    /// Judged before, or no longer to be judged.
    #[error("the submission was already decided")]
    AlreadyDecided,
}

/// Whether work is opened, handed in and judged on an enrollment. A pause or suspension stops months
/// and sessions, not the work; only what has ended takes no more.
pub fn check_place(enrollment: &Enrollment, now: Timestamp) -> Result<(), NotStudying> {
    let enrollment = enrollment.clone().as_of(now);
    if enrollment.is_live() { Ok(()) } else { Err(NotStudying { state: enrollment.state.word() }) }
}

impl Submission {
    /// The id of a version of the work on a project.
    pub fn id_of(enrollment: EnrollmentId, project: &ProjectId, version: u32) -> SubmissionId {
        SubmissionId::derived(&[&enrollment.to_string(), project.as_str(), &version.to_string()])
    }

    /// A new version to work on; [`Attempt::open_draft`](crate::attempt::Attempt::open_draft) counts them.
    pub(crate) fn draft(
        enrollment: EnrollmentId,
        student: PersonId,
        project: ProjectId,
        version: u32,
        now: Timestamp,
    ) -> Self {
        let id = Self::id_of(enrollment, &project, version);
        let state = SubmissionState::Draft { opened_at: now };
        Self { id, enrollment, student, project, version, mentor: None, juror: None, state }
    }

    /// The same version, with a juror who may read it.
    #[must_use]
    pub fn heard_by(self, juror: PersonId) -> Self {
        Self { juror: Some(juror), ..self }
    }

    /// How far it is.
    pub const fn state(&self) -> &SubmissionState {
        &self.state
    }

    /// How far it is, in a word.
    pub const fn stage(&self) -> Stage {
        match self.state {
            SubmissionState::Draft { .. } => Stage::Draft,
            SubmissionState::Sealed { .. } => Stage::Sealed,
            SubmissionState::Accepted { .. } => Stage::Accepted,
            SubmissionState::ChangesRequested { .. } => Stage::ChangesRequested,
            SubmissionState::Superseded { .. } => Stage::Superseded,
        }
    }

    /// What was handed in, once it was.
    pub const fn work(&self) -> Option<&SealedWork> {
        match &self.state {
            SubmissionState::Draft { .. } => None,
            SubmissionState::Sealed { work }
            | SubmissionState::Accepted { work, .. }
            | SubmissionState::ChangesRequested { work, .. }
            | SubmissionState::Superseded { work, .. } => Some(work),
        }
    }

    /// Whether files may still come for it.
    pub const fn check_draft(&self) -> Result<(), SealError> {
        match self.state {
            SubmissionState::Draft { .. } => Ok(()),
            _ => Err(SealError::AlreadySubmitted { version: self.version }),
        }
    }

    /// Hands the work in, to be judged by `mentor`, if the student has one today.
    pub fn seal(self, work: Work, mentor: Option<PersonId>, now: Timestamp) -> Result<Self, SealError> {
        self.check_draft()?;
        let work = work.sealed(&self, now)?;
        Ok(Self { mentor, state: SubmissionState::Sealed { work }, ..self })
    }

    /// The mentor has judged it.
    pub fn assess(self, assessment: &Assessment) -> Result<Self, SubmissionError> {
        if assessment.submission() != self.id {
            return Err(SubmissionError::OtherSubmission);
        }
        let at = assessment.at();
        self.decide(|work| match assessment.decision() {
            Decision::Accepted => SubmissionState::Accepted { work, at },
            Decision::ChangesRequested => SubmissionState::ChangesRequested { work, at },
        })
    }

    /// It is no longer to be judged.
    pub fn supersede(self, now: Timestamp) -> Result<Self, SubmissionError> {
        self.decide(|work| SubmissionState::Superseded { work, at: now })
    }

    fn decide(self, decided: impl FnOnce(SealedWork) -> SubmissionState) -> Result<Self, SubmissionError> {
        match self.state {
            SubmissionState::Draft { .. } => Err(SubmissionError::NotSealed),
            SubmissionState::Sealed { work } => Ok(Self { state: decided(work), ..self }),
            _ => Err(SubmissionError::AlreadyDecided),
        }
    }
}

impl Subject for Submission {
    fn relations(&self, person: PersonId, _now: Timestamp) -> Vec<Relation> {
        let all = [
            (Some(self.student), Relation::Owner),
            (self.mentor, Relation::CurrentMentor),
            (self.juror, Relation::AssignedJuror),
        ];
        all.into_iter().filter(|(who, _)| *who == Some(person)).map(|(_, relation)| relation).collect()
    }
}

#[cfg(test)]
pub(crate) mod tests;
