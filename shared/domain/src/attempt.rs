//! One student on one project, from locked to validated.
//!
//! `Locked -> Available -> InProgress -> UnderReview <-> ChangesRequested`;
//! `UnderReview -> ReadyForDefense -> DefenseScheduled -> Validated | Conditional | Rework`;
//! `Conditional -> Validated | Rework`; `Rework -> InProgress`; `Exempted`; `Annulled`.
//!
//! The attempt counts the versions and knows the state of each. It is written in the same
//! transaction as the submission, conditional on its revision: that is why there is one open draft
//! and one seal per version, however many tabs are open.

mod claiming;
mod defending;
mod error;
mod path;

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::defending::Outcome;
pub use self::error::AttemptError;
pub use self::path::{all_done, first_attempts, unlocked_next};
use crate::assessment::Decision;
use crate::id::{DefenseId, EnrollmentId, PersonId, ProjectId, SkillId, SubmissionId};
use crate::submission::{Stage, Submission};

/// The most versions of one project: two a week for a year, which keeps an attempt small to read.
pub const SUBMISSIONS_MAX: usize = 100;

/// One student on one project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// The student's place.
    pub enrollment: EnrollmentId,
    /// What is worked on.
    pub project: ProjectId,
    /// The project's place in the edition, from 1.
    pub ordinal: u32,
    /// How far it is.
    #[serde(flatten)]
    pub state: AttemptState,
    /// When work on it could begin: where the student's pace is measured from.
    pub unlocked_at: Option<Timestamp>,
    /// Version 1 to n, without a gap.
    pub submissions: Vec<SubmissionSummary>,
    /// The open defense, or the last one until another version is accepted.
    pub defense: Option<DefenseId>,
    /// Skills shown in defenses.
    pub acquired: BTreeSet<SkillId>,
    /// Defenses that were held and failed.
    pub failed_defenses: u32,
}

/// How far an attempt is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum AttemptState {
    /// An earlier project comes first.
    Locked,
    /// Work may begin.
    Available,
    /// The student works on it.
    InProgress,
    /// The mentor looks at what was handed in.
    UnderReview,
    /// The mentor wants another version.
    ChangesRequested,
    /// A version was accepted.
    ReadyForDefense,
    /// The defense has a time.
    DefenseScheduled,
    /// Done.
    Validated {
        /// When.
        at: Timestamp,
    },
    /// The defense passes if something is uploaded.
    Conditional,
    /// The defense failed; another version is needed.
    Rework,
    /// Not needed: its skills were recognized.
    Exempted {
        /// When.
        at: Timestamp,
    },
    /// Made void by staff.
    Annulled {
        /// When.
        at: Timestamp,
    },
}

/// What an attempt knows of a version of its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmissionSummary {
    /// Which.
    pub id: SubmissionId,
    /// From 1.
    pub version: u32,
    /// How far it is.
    pub state: Stage,
    /// When it was handed in.
    pub sealed_at: Option<Timestamp>,
}

/// The draft to work on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "one per request, taken apart at once")]
pub enum OpenDraft {
    /// A new version: both are to be written together.
    New {
        /// With the version counted.
        attempt: Attempt,
        /// The empty draft.
        submission: Submission,
    },
    /// There was one; nothing changes.
    Existing(SubmissionId),
}

impl AttemptState {
    /// The word it is stored and shown by.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Locked => "locked",
            Self::Available => "available",
            Self::InProgress => "in_progress",
            Self::UnderReview => "under_review",
            Self::ChangesRequested => "changes_requested",
            Self::ReadyForDefense => "ready_for_defense",
            Self::DefenseScheduled => "defense_scheduled",
            Self::Validated { .. } => "validated",
            Self::Conditional => "conditional",
            Self::Rework => "rework",
            Self::Exempted { .. } => "exempted",
            Self::Annulled { .. } => "annulled",
        }
    }

    /// Whether it needs nothing more for the degree.
    pub const fn is_done(self) -> bool {
        matches!(self, Self::Validated { .. } | Self::Exempted { .. })
    }

    /// Whether it is the project being worked on or judged.
    pub const fn is_open(self) -> bool {
        !matches!(self, Self::Locked | Self::Annulled { .. }) && !self.is_done()
    }
}

impl Attempt {
    pub(crate) const fn locked(enrollment: EnrollmentId, project: ProjectId, ordinal: u32) -> Self {
        Self {
            enrollment,
            project,
            ordinal,
            state: AttemptState::Locked,
            unlocked_at: None,
            submissions: Vec::new(),
            defense: None,
            acquired: BTreeSet::new(),
            failed_defenses: 0,
        }
    }

    /// The project before it is done: work may begin, or, where a version was accepted and is to be
    /// proved again, its defense be asked for.
    pub fn unlock(self, now: Timestamp) -> Result<Self, AttemptError> {
        if self.state != AttemptState::Locked {
            return Err(self.refused("unlocking"));
        }
        let accepted = self.submissions.iter().any(|known| known.state == Stage::Accepted);
        let state = if accepted { AttemptState::ReadyForDefense } else { AttemptState::Available };
        Ok(Self { state, unlocked_at: Some(now), ..self })
    }

    /// The draft to work on: the open one, or else the next version.
    pub fn open_draft(mut self, student: PersonId, now: Timestamp) -> Result<OpenDraft, AttemptError> {
        self.state = match self.state {
            AttemptState::Available | AttemptState::InProgress | AttemptState::Rework => {
                AttemptState::InProgress
            }
            AttemptState::ChangesRequested => AttemptState::ChangesRequested,
            _ => return Err(self.refused("a new version")),
        };
        if let Some(draft) = self.submissions.iter().find(|known| known.state == Stage::Draft) {
            return Ok(OpenDraft::Existing(draft.id));
        }
        if self.submissions.len() >= SUBMISSIONS_MAX {
            return Err(AttemptError::TooManyVersions);
        }
        let version = self.submissions.last().map_or(1, |last| last.version + 1);
        let submission = Submission::draft(self.enrollment, student, self.project.clone(), version, now);
        let id = submission.id;
        self.submissions.push(SubmissionSummary { id, version, state: Stage::Draft, sealed_at: None });
        Ok(OpenDraft::New { attempt: self, submission })
    }

    /// The draft is handed in.
    pub fn seal(mut self, submission: SubmissionId, now: Timestamp) -> Result<Self, AttemptError> {
        let known = self.submission(submission)?;
        if known.state != Stage::Draft {
            return Err(AttemptError::AlreadySubmitted { version: known.version });
        }
        let (AttemptState::InProgress | AttemptState::ChangesRequested) = self.state else {
            return Err(self.refused("handing in"));
        };
        self.submission_mut(submission)?.sealed_at = Some(now);
        self.turn(submission, Stage::Sealed, AttemptState::UnderReview)
    }

    /// The mentor has judged what was handed in.
    pub fn assess(mut self, submission: SubmissionId, decision: Decision) -> Result<Self, AttemptError> {
        let known = self.submission(submission)?;
        match known.state {
            Stage::Draft => return Err(self.refused("judging a draft")),
            Stage::Sealed => {}
            _ => return Err(AttemptError::AlreadyDecided { version: known.version }),
        }
        let AttemptState::UnderReview = self.state else { return Err(self.refused("judging")) };
        match decision {
            Decision::ChangesRequested => {
                self.turn(submission, Stage::ChangesRequested, AttemptState::ChangesRequested)
            }
            Decision::Accepted => {
                self.defense = None;
                self.turn(submission, Stage::Accepted, AttemptState::ReadyForDefense)
            }
        }
    }

    /// Its skills were recognized. Refused while a defense is open: it is cancelled or held first.
    ///
    /// Work under review is superseded; what was accepted stays.
    pub fn exempt(self, now: Timestamp) -> Result<Self, AttemptError> {
        if let Some(defense) = self.open_defense() {
            return Err(AttemptError::DefenseOpen { defense });
        }
        match self.state {
            AttemptState::Validated { .. }
            | AttemptState::Exempted { .. }
            | AttemptState::Annulled { .. } => Err(self.refused("an exemption")),
            _ => Ok(Self { state: AttemptState::Exempted { at: now }, ..self.superseded() }),
        }
    }

    /// Staff makes it void. Refused while a defense is open.
    pub fn annul(self, now: Timestamp) -> Result<Self, AttemptError> {
        if let Some(defense) = self.open_defense() {
            return Err(AttemptError::DefenseOpen { defense });
        }
        match self.state {
            AttemptState::Annulled { .. } => Err(self.refused("annulling")),
            _ => Ok(Self { state: AttemptState::Annulled { at: now }, ..self.superseded() }),
        }
    }

    /// The version that was accepted last, if any: what is defended.
    pub fn accepted(&self) -> Option<SubmissionId> {
        self.submissions.iter().rfind(|known| known.state == Stage::Accepted).map(|known| known.id)
    }

    /// What is under review, if anything: to be judged, or superseded with the attempt.
    pub fn under_review(&self) -> Option<SubmissionId> {
        self.submissions.iter().find(|known| known.state == Stage::Sealed).map(|known| known.id)
    }

    fn superseded(mut self) -> Self {
        for known in self.submissions.iter_mut().filter(|known| known.state == Stage::Sealed) {
            known.state = Stage::Superseded;
        }
        self
    }

    fn turn(mut self, id: SubmissionId, stage: Stage, state: AttemptState) -> Result<Self, AttemptError> {
        self.submission_mut(id)?.state = stage;
        Ok(Self { state, ..self })
    }

    fn submission(&self, id: SubmissionId) -> Result<&SubmissionSummary, AttemptError> {
        self.submissions.iter().find(|known| known.id == id).ok_or(AttemptError::OtherSubmission)
    }

    fn submission_mut(&mut self, id: SubmissionId) -> Result<&mut SubmissionSummary, AttemptError> {
        self.submissions.iter_mut().find(|known| known.id == id).ok_or(AttemptError::OtherSubmission)
    }

    fn refused(&self, act: &'static str) -> AttemptError {
        AttemptError::NotWhile { act, state: self.state.word() }
    }
}

#[cfg(test)]
mod tests;
