//! What becomes of a defense when something around it changes: another mentor, a conflict that came to light, a
//! student who no longer studies.

use jiff::Timestamp;

use super::{Defense, DefenseState};
use crate::conflict::ConflictSet;
use crate::enrollment::Enrollment;
use crate::id::PersonId;

impl Defense {
    /// The defense as it should be by now.
    ///
    /// It knows the mentor of today. Whoever came into conflict with the student no longer judges it: before the
    /// start it is asked for again, without juror and time, and an appeal waits for another reviewer. One that
    /// started goes on: what a juror in conflict says of it cannot be written. A defense at a time at which the
    /// student does not study is called off. `tied` tells who declared a tie to the student, or the student to them.
    pub fn adjusted(
        mut self,
        enrollment: &Enrollment,
        conflicts: &ConflictSet,
        tied: impl Fn(PersonId) -> bool,
        now: Timestamp,
    ) -> Self {
        if self.state.is_open() {
            self.mentor = enrollment.mentor_on(enrollment.date_at(now)).unwrap_or(self.mentor);
        }
        let barred = |person: PersonId| tied(person) || !self.may_be_judged_by(person, conflicts);
        let bars_reviewer = self.appeal.as_ref().and_then(|appeal| appeal.reviewer).is_some_and(barred);
        let bars_juror = self.juror.is_some_and(barred);
        if let DefenseState::UnderAppeal { .. } = self.state {
            if let Some(appeal) = self.appeal.as_mut().filter(|_| bars_reviewer) {
                appeal.reviewer = None;
            }
            return self;
        }
        if let Some(reason) = self.no_longer_held(enrollment) {
            return self.clone().cancelled(reason.into(), now).unwrap_or(self);
        }
        if bars_juror && self.check_before_start("left").is_ok() && !self.has_begun(now) {
            self.put_away_sitting();
            (self.juror, self.slot) = (None, None);
            self.state = DefenseState::Requested;
        }
        self
    }

    /// Why it is not held any more, where nobody studies.
    fn no_longer_held(&self, enrollment: &Enrollment) -> Option<&'static str> {
        if !enrollment.is_live() {
            return Some("The student has left.");
        }
        let slot = self.slot.filter(|_| self.state == DefenseState::Scheduled)?;
        let studies = enrollment.session_allowed_at(slot.starts_at).is_ok();
        (!studies).then_some("The student does not study at that time.")
    }

    /// Whether its time is there: then somebody is absent, and it is too late for another juror.
    fn has_begun(&self, now: Timestamp) -> bool {
        let slot = self.slot.filter(|_| self.state == DefenseState::Scheduled);
        slot.is_some_and(|slot| now >= slot.starts_at)
    }
}

#[cfg(test)]
mod tests {
    use super::super::example::*;
    use super::*;
    use crate::billing::Terms;
    use crate::enrollment::MentorAssignment;
    use crate::enrollment::scenario_test::begun;
    use crate::id::{AssignmentId, EnrollmentId};

    fn enrollment() -> Enrollment {
        Enrollment { id: EnrollmentId::derived(&["maya"]), ..begun("2027-02-07") }
    }

    fn mentored_by(mentor: PersonId) -> Enrollment {
        let mut enrollment = enrollment();
        let from = enrollment.date_at(asked_at());
        let id = AssignmentId::derived(&["a"]);
        enrollment.mentors = vec![MentorAssignment { id, mentor, from, to: None }];
        enrollment
    }

    fn adjust(defense: Defense, enrollment: &Enrollment, conflicts: &ConflictSet) -> Defense {
        defense.adjusted(enrollment, conflicts, |_| false, asked_at())
    }

    #[test]
    fn a_juror_who_becomes_the_mentor_no_longer_judges() {
        let adjusted = adjust(agreed(), &mentored_by(juror()), &in_conflict(juror()));
        assert_eq!((adjusted.state.word(), adjusted.juror, adjusted.slot), ("requested", None, None));
        assert_eq!(adjusted.mentor, juror());
        let other = adjust(agreed(), &mentored_by(other_juror()), &in_conflict(other_juror()));
        assert_eq!(
            (other.state.word(), other.juror, other.mentor),
            ("scheduled", Some(juror()), other_juror())
        );
    }

    #[test]
    fn a_tie_that_was_declared_counts_as_well() {
        let tied = agreed().adjusted(&enrollment(), &conflicts(), |person| person == juror(), asked_at());
        assert_eq!(tied.state.word(), "requested");
    }

    #[test]
    fn what_has_begun_goes_on() {
        for defense in [in_progress(), held(), drafted()] {
            let adjusted = adjust(defense.clone(), &enrollment(), &in_conflict(juror()));
            assert_eq!((adjusted.state, adjusted.juror), (defense.state, Some(juror())));
        }
        let late = agreed().adjusted(&enrollment(), &in_conflict(juror()), |_| false, starts_at());
        assert_eq!(late.state.word(), "scheduled");
    }

    #[test]
    fn nobody_defends_who_does_not_study() {
        let left = enrollment().withdraw(&Terms::OPENING, asked_at()).expect("live").as_of(starts_at());
        let adjusted = adjust(agreed(), &left, &conflicts());
        assert_eq!(adjusted.state.word(), "cancelled");
    }
}
