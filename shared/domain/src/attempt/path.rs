//! A student's way through the projects of an edition: one at a time, in the edition's order.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Attempt, AttemptError, AttemptState};
use crate::id::{EnrollmentId, ProjectId};

/// The attempts of an enrollment when it becomes active: what was recognized is exempted, the first
/// of the others available, the rest locked.
///
/// `projects` are in the edition's order.
pub fn first_attempts(
    enrollment: EnrollmentId,
    projects: &[ProjectId],
    exempted: &BTreeSet<ProjectId>,
    now: Timestamp,
) -> Vec<Attempt> {
    let mut available = false;
    let attempt = |(ordinal, project): (u32, &ProjectId)| {
        let mut attempt = Attempt::locked(enrollment, project.clone(), ordinal);
        if exempted.contains(project) {
            attempt.state = AttemptState::Exempted { at: now };
        } else if !available {
            available = true;
            attempt.state = AttemptState::Available;
            attempt.unlocked_at = Some(now);
        }
        attempt
    };
    (1..).zip(projects).map(attempt).collect()
}

/// The project to unlock next: the first that is locked, unless one is open.
fn next_unlock(attempts: &[Attempt]) -> Option<&ProjectId> {
    if attempts.iter().any(|attempt| attempt.state.is_open()) {
        return None;
    }
    let locked = attempts.iter().filter(|attempt| attempt.state == AttemptState::Locked);
    locked.min_by_key(|attempt| attempt.ordinal).map(|attempt| &attempt.project)
}

/// The attempt that is unlocked next, unlocked; nothing where one is open or none is left.
pub fn unlocked_next(attempts: &[Attempt], now: Timestamp) -> Result<Option<Attempt>, AttemptError> {
    let Some(project) = next_unlock(attempts) else { return Ok(None) };
    let next = attempts.iter().find(|attempt| attempt.project == *project);
    next.map(|attempt| attempt.clone().unlock(now)).transpose()
}

/// Whether every project is validated or exempted, which makes the enrollment await its award.
pub fn all_done(attempts: &[Attempt]) -> bool {
    !attempts.is_empty() && attempts.iter().all(|attempt| attempt.state.is_done())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn project(name: usize) -> ProjectId {
        format!("project-{name}").parse().expect("a slug")
    }

    fn activated(exempted: &[usize]) -> Vec<Attempt> {
        let projects = Vec::from_iter((1..=6).map(project));
        let exempted = exempted.iter().copied().map(project).collect();
        first_attempts(EnrollmentId::derived(&["e"]), &projects, &exempted, Timestamp::UNIX_EPOCH)
    }

    fn words(attempts: &[Attempt]) -> String {
        Vec::from_iter(attempts.iter().map(|attempt| &attempt.state.word()[..1])).join("")
    }

    #[test]
    fn the_first_project_that_is_not_exempted_is_available() {
        let check = |exempted: &[usize], letters: &str| assert_eq!(words(&activated(exempted)), letters);
        check(&[], "alllll");
        check(&[1, 2, 3], "eeeall");
        check(&[2, 6], "aellle");
        check(&[1, 2, 3, 4, 5, 6], "eeeeee");
    }

    #[test]
    fn nothing_unlocks_while_a_project_is_open() {
        let mut attempts = activated(&[2]);
        assert_eq!(next_unlock(&attempts), None);
        for open in [AttemptState::UnderReview, AttemptState::Conditional, AttemptState::Rework] {
            attempts[0].state = open;
            assert_eq!(next_unlock(&attempts), None);
        }
        attempts[0].state = AttemptState::Validated { at: Timestamp::UNIX_EPOCH };
        attempts.reverse();
        assert_eq!(next_unlock(&attempts), Some(&project(3)));
    }

    #[test]
    fn an_annulled_project_is_not_done() {
        let mut attempts = activated(&[1, 2, 3, 4, 5, 6]);
        assert!(all_done(&attempts));
        attempts[0].state = AttemptState::Annulled { at: Timestamp::UNIX_EPOCH };
        assert!(!all_done(&attempts) && !all_done(&[]));
    }

    proptest! {
        #[test]
        fn validating_one_after_the_other_ends_with_all_done(
            exempted in proptest::sample::subsequence(vec![1, 2, 3, 4, 5, 6], 0..=6),
        ) {
            let mut attempts = activated(&exempted);
            for _ in exempted.len()..6 {
                prop_assert!(!all_done(&attempts));
                prop_assert_eq!(attempts.iter().filter(|attempt| attempt.state.is_open()).count(), 1);
                let open = attempts.iter_mut().find(|attempt| attempt.state.is_open()).expect("one");
                open.state = AttemptState::Validated { at: Timestamp::UNIX_EPOCH };
                let next = next_unlock(&attempts).cloned();
                let named = attempts.iter_mut().find(|attempt| Some(&attempt.project) == next.as_ref());
                if let Some(locked) = named {
                    *locked = locked.clone().unlock(Timestamp::UNIX_EPOCH).expect("locked");
                }
            }
            prop_assert!(all_done(&attempts));
        }
    }
}
