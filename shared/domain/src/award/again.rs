//! What becomes of a student who is to prove more: study goes on, and the projects of the named
//! skills are defended again as a whole.
//!
//! The work that was accepted stays accepted; the verdicts on it count for nothing from then on,
//! so that no skill rests on two of them. A project that was exempted is to be done after all.

use thiserror::Error;

use super::ProveAgain;
use crate::attempt::{Attempt, AttemptError, unlocked_next};
use crate::defense::{Defense, DefenseRefusal};
use crate::enrollment::{Enrollment, NotAwardPending};

/// Why a student cannot be asked to prove more.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AgainRefused {
    /// No award is pending.
    #[error(transparent)]
    Enrollment(#[from] NotAwardPending),
    /// A project is not done.
    #[error(transparent)]
    Attempt(#[from] AttemptError),
    /// A verdict cannot be annulled.
    #[error(transparent)]
    Defense(#[from] DefenseRefusal),
}

impl ProveAgain {
    /// Study goes on from today, and what was recognized of the named skills no longer is.
    pub fn reopen(&self, enrollment: Enrollment) -> Result<Enrollment, AgainRefused> {
        let mut enrollment = enrollment.prove_again(self.decided_at)?;
        enrollment.recognized_skills.retain(|skill| !self.skills.contains(skill));
        Ok(enrollment)
    }

    /// The attempts of the path, those of the named skills' projects to be done again: one at a time,
    /// in the order of the path.
    pub fn reopen_attempts(&self, attempts: Vec<Attempt>) -> Result<Vec<Attempt>, AgainRefused> {
        let reopen = |attempt: Attempt| {
            if self.projects.contains(&attempt.project) { attempt.prove_again() } else { Ok(attempt) }
        };
        let mut attempts: Vec<Attempt> = attempts.into_iter().map(reopen).collect::<Result<_, _>>()?;
        if let Some(next) = unlocked_next(&attempts, self.decided_at)? {
            for attempt in attempts.iter_mut().filter(|attempt| attempt.project == next.project) {
                *attempt = next.clone();
            }
        }
        Ok(attempts)
    }

    /// A defense that no longer counts; none if it stays as it is.
    pub fn annul(&self, defense: &Defense) -> Option<Result<Defense, AgainRefused>> {
        let counts = self.projects.contains(&defense.request().project) && !defense.acquired().is_empty();
        let words: Vec<&str> = self.skills.iter().map(|skill| skill.as_str()).collect();
        let reason = format!("To be proved again: {}.", words.join(", "));
        counts.then(|| Ok(defense.clone().annulled(self.decided_by, reason, self.decided_at)?))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use jiff::Timestamp;

    use super::*;
    use crate::attempt::{AttemptState, SubmissionSummary};
    use crate::defense::example::{announced, drafted, requested, stored, verified};
    use crate::id::{EnrollmentId, PersonId, ProjectId, SubmissionId};
    use crate::submission::Stage;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn again(projects: &[&str]) -> ProveAgain {
        let projects: BTreeSet<ProjectId> =
            projects.iter().map(|word| word.parse().expect("a slug")).collect();
        ProveAgain {
            enrollment: EnrollmentId::derived(&["maya"]),
            person: PersonId::derived(&["maya"]),
            skills: vec!["html".parse().expect("a slug")],
            projects,
            decided_on: "2028-02-05".parse().expect("a date"),
            decided_by: PersonId::derived(&["staff"]),
            decided_at: NOW,
        }
    }

    fn attempts(states: &[AttemptState]) -> Vec<Attempt> {
        let projects: Vec<ProjectId> =
            (1..=states.len()).map(|n| format!("p{n}").parse().expect("a slug")).collect();
        let enrollment = EnrollmentId::derived(&["maya"]);
        let attempts = crate::attempt::first_attempts(enrollment, &projects, &BTreeSet::new(), NOW);
        attempts
            .into_iter()
            .zip(states)
            .map(|(attempt, state)| {
                let validated = matches!(state, AttemptState::Validated { .. });
                let submissions = Vec::from_iter(validated.then_some(accepted()));
                Attempt { state: *state, submissions, ..attempt }
            })
            .collect()
    }

    fn accepted() -> SubmissionSummary {
        let id = SubmissionId::derived(&["the version that was defended"]);
        SubmissionSummary { id, version: 1, state: Stage::Accepted, sealed_at: Some(NOW) }
    }

    #[test]
    fn the_named_projects_are_done_again_one_by_one() {
        const VALIDATED: AttemptState = AttemptState::Validated { at: NOW };
        const EXEMPTED: AttemptState = AttemptState::Exempted { at: NOW };
        let check = |projects: &[&str], expected: [&str; 4]| {
            let done = attempts(&[EXEMPTED, VALIDATED, EXEMPTED, VALIDATED]);
            let reopened = again(projects).reopen_attempts(done).expect("all done");
            assert_eq!(Vec::from_iter(reopened.iter().map(|attempt| attempt.state.word())), expected);
        };
        check(&["p2"], ["exempted", "ready_for_defense", "exempted", "validated"]);
        check(&["p2", "p4"], ["exempted", "ready_for_defense", "exempted", "locked"]);
        check(&["p1", "p3"], ["available", "validated", "locked", "validated"]);
        check(&["p1", "p2"], ["available", "locked", "exempted", "validated"]);
    }

    #[test]
    fn a_project_under_way_is_not_proved_again() {
        let open = attempts(&[AttemptState::InProgress]);
        assert!(matches!(again(&["p1"]).reopen_attempts(open), Err(AgainRefused::Attempt(_))));
    }

    #[test]
    fn verdicts_on_the_named_projects_count_for_nothing() {
        let passed = verified(stored(announced(drafted(), "a"), "a"), "a");
        let annulled = again(&["portfolio-site"]).annul(&passed).expect("counts").expect("held");
        assert!(annulled.acquired().is_empty());
        assert!(again(&["other"]).annul(&passed).is_none());
        assert!(again(&["portfolio-site"]).annul(&requested()).is_none());
    }
}
