//! The mentor's judgment of a submission: written once, never changed.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::id::{CriterionId, PersonId, SubmissionId};

/// The most characters of a note to one criterion.
pub const NOTE_CHARS_MAX: usize = 4000;

/// A mentor's judgment of one submission.
///
/// Its fields are readable, but only [`Assessment::new`] makes one: there is nothing to change it
/// by, and a correction is another submission's assessment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessment {
    submission: SubmissionId,
    mentor: PersonId,
    decision: Decision,
    verdicts: Vec<CriterionVerdict>,
    at: Timestamp,
}

/// What the mentor decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// It may be defended.
    Accepted,
    /// Another version is needed.
    ChangesRequested,
}

/// Whether a criterion is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Met {
    /// The work shows it.
    Acquired,
    /// The work does not show it yet.
    NotYet,
}

/// The verdict on one criterion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CriterionVerdict {
    /// Which.
    pub criterion: CriterionId,
    /// Whether it is met.
    pub verdict: Met,
    /// What the student should read about it; may be empty.
    #[serde(default)]
    pub note: String,
}

/// Why a judgment cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AssessmentError {
    /// Every criterion of the project has a verdict.
    #[error("{criterion} has no verdict")]
    Missing {
        /// The first without.
        criterion: CriterionId,
    },
    /// One verdict per criterion.
    #[error("{criterion} has more than one verdict")]
    Repeated {
        /// Which.
        criterion: CriterionId,
    },
    /// Not a criterion of this project.
    #[error("{criterion} is no criterion of this project")]
    Unknown {
        /// As given.
        criterion: CriterionId,
    },
    /// What is accepted meets every criterion.
    #[error("{criterion} is not met yet, so the work cannot be accepted")]
    NotMet {
        /// The first of them.
        criterion: CriterionId,
    },
    /// A note is too long.
    #[error("the note on {criterion} has more than {NOTE_CHARS_MAX} characters")]
    LongNote {
        /// On which criterion.
        criterion: CriterionId,
    },
}

impl Assessment {
    /// A judgment, if it has one verdict on each of the project's criteria and accepts only work
    /// that meets them all.
    ///
    /// Changes may be requested of work that meets them all, too: the notes say which.
    pub fn new(
        submission: SubmissionId,
        mentor: PersonId,
        decision: Decision,
        verdicts: Vec<CriterionVerdict>,
        criteria: &[CriterionId],
        now: Timestamp,
    ) -> Result<Self, AssessmentError> {
        let mut judged = BTreeSet::new();
        for verdict in &verdicts {
            let criterion = || verdict.criterion.clone();
            if !criteria.contains(&verdict.criterion) {
                return Err(AssessmentError::Unknown { criterion: criterion() });
            }
            if !judged.insert(&verdict.criterion) {
                return Err(AssessmentError::Repeated { criterion: criterion() });
            }
            if verdict.note.chars().count() > NOTE_CHARS_MAX {
                return Err(AssessmentError::LongNote { criterion: criterion() });
            }
            if decision == Decision::Accepted && verdict.verdict == Met::NotYet {
                return Err(AssessmentError::NotMet { criterion: criterion() });
            }
        }
        if let Some(criterion) = criteria.iter().find(|criterion| !judged.contains(criterion)) {
            return Err(AssessmentError::Missing { criterion: criterion.clone() });
        }
        Ok(Self { submission, mentor, decision, verdicts, at: now })
    }

    /// What was judged.
    pub const fn submission(&self) -> SubmissionId {
        self.submission
    }

    /// By whom.
    pub const fn mentor(&self) -> PersonId {
        self.mentor
    }

    /// The outcome.
    pub const fn decision(&self) -> Decision {
        self.decision
    }

    /// One for each criterion of the project, in the mentor's order.
    pub fn verdicts(&self) -> &[CriterionVerdict] {
        &self.verdicts
    }

    /// When.
    pub const fn at(&self) -> Timestamp {
        self.at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn criterion(name: &str) -> CriterionId {
        name.parse().expect("a slug")
    }

    fn verdict(name: &str, verdict: Met) -> CriterionVerdict {
        CriterionVerdict { criterion: criterion(name), verdict, note: String::new() }
    }

    fn judge(decision: Decision, verdicts: Vec<CriterionVerdict>) -> Result<Assessment, AssessmentError> {
        let criteria = [criterion("responsive"), criterion("accessible")];
        let submission = SubmissionId::derived(&["a"]);
        let mentor = PersonId::derived(&["m"]);
        Assessment::new(submission, mentor, decision, verdicts, &criteria, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn every_criterion_is_judged_once() {
        use Decision::{Accepted, ChangesRequested};
        use Met::{Acquired, NotYet};
        let responsive = || criterion("responsive");
        let check = |decision, verdicts: &[(&str, Met)], refused: Option<AssessmentError>| {
            let verdicts = verdicts.iter().map(|(name, met)| verdict(name, *met)).collect();
            assert_eq!(judge(decision, verdicts).err(), refused);
        };
        let all = [("accessible", Acquired), ("responsive", Acquired)];
        check(Accepted, &all, None);
        check(ChangesRequested, &all, None);
        check(ChangesRequested, &[all[0], ("responsive", NotYet)], None);
        check(
            Accepted,
            &[all[0], ("responsive", NotYet)],
            Some(AssessmentError::NotMet { criterion: responsive() }),
        );
        check(Accepted, &all[..1], Some(AssessmentError::Missing { criterion: responsive() }));
        check(
            Accepted,
            &[all[0], all[1], all[1]],
            Some(AssessmentError::Repeated { criterion: responsive() }),
        );
        let other = AssessmentError::Unknown { criterion: criterion("other") };
        check(Accepted, &[all[0], all[1], ("other", Acquired)], Some(other));
    }

    #[test]
    fn a_note_has_a_bound() {
        let noted =
            |chars| CriterionVerdict { note: "é".repeat(chars), ..verdict("responsive", Met::Acquired) };
        let judged =
            |chars| judge(Decision::Accepted, vec![noted(chars), verdict("accessible", Met::Acquired)]);
        assert!(judged(NOTE_CHARS_MAX).is_ok());
        assert!(matches!(judged(NOTE_CHARS_MAX + 1), Err(AssessmentError::LongNote { .. })));
    }

    #[test]
    fn it_reads_back_from_json() {
        let verdicts = vec![verdict("responsive", Met::NotYet), verdict("accessible", Met::Acquired)];
        let judged = judge(Decision::ChangesRequested, verdicts).expect("valid");
        let json = serde_json::to_value(&judged).expect("serializes");
        assert_eq!(json["verdicts"][0]["verdict"], "not_yet");
        assert_eq!(serde_json::from_value::<Assessment>(json).expect("reads"), judged);
    }
}
