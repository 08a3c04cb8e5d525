//! Before a defense: who judges, when, or not at all.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::policy::minutes_after;
use super::refusal::check_text;
use super::{Defense, DefensePolicy, DefenseRefusal, DefenseState};
use crate::conflict::ConflictSet;
use crate::enrollment::Enrollment;
use crate::id::PersonId;
use crate::occupancy;
use crate::permission::{Role, Subject};
use crate::person::Grant;

/// A quarter of an hour, the grain of every calendar.
const QUARTER_SECONDS: i64 = 15 * 60;

/// When a defense is to be held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// On a quarter hour.
    pub starts_at: Timestamp,
    /// When it is over.
    pub ends_at: Timestamp,
}

impl Slot {
    /// A time to come, on a quarter hour, of an allowed length.
    pub fn new(
        starts_at: Timestamp,
        minutes: u32,
        policy: &DefensePolicy,
        now: Timestamp,
    ) -> Result<Self, DefenseRefusal> {
        if starts_at.as_second() % QUARTER_SECONDS != 0 || starts_at.subsec_nanosecond() != 0 {
            return Err(DefenseRefusal::OffQuarterHour);
        }
        if starts_at <= now {
            return Err(DefenseRefusal::InThePast);
        }
        let (minutes_min, minutes_max) = (policy.length_minutes_min, policy.length_minutes_max);
        if !(minutes_min..=minutes_max).contains(&minutes) {
            return Err(DefenseRefusal::Length { minutes_min, minutes_max });
        }
        let ends_at = minutes_after(starts_at, minutes);
        // What cannot be booked in anybody's week has no time.
        occupancy::Slot::between(starts_at, ends_at)
            .map_err(|_| DefenseRefusal::Length { minutes_min, minutes_max })?;
        Ok(Self { starts_at, ends_at })
    }

    /// How long it is.
    pub fn length(&self) -> SignedDuration {
        self.ends_at.duration_since(self.starts_at)
    }
}

impl Defense {
    /// Says who judges. A juror in the conflict set is refused; another one may take the place
    /// until the defense starts, or when it has to be held again. The time is the former juror's,
    /// so it is chosen anew.
    pub fn assign_juror(mut self, juror: PersonId, conflicts: &ConflictSet) -> Result<Self, DefenseRefusal> {
        let free = matches!(
            self.state,
            DefenseState::Requested
                | DefenseState::JurorAssigned
                | DefenseState::Scheduled
                | DefenseState::TechnicalFailure
                | DefenseState::HeldUnrecorded
        );
        if !free {
            return Err(self.wrong_state("given a juror"));
        }
        self.check_independent(juror, conflicts)?;
        self.put_away_sitting();
        self.juror = Some(juror);
        self.slot = None;
        self.state = DefenseState::JurorAssigned;
        Ok(self)
    }

    /// Says who judges, if they hold the role by one of their grants.
    pub fn assign_granted(
        self,
        juror: PersonId,
        grants: &[Grant],
        conflicts: &ConflictSet,
        now: Timestamp,
    ) -> Result<Self, DefenseRefusal> {
        let scope = self.scope();
        let assigned = self.assign_juror(juror, conflicts)?;
        let granted =
            grants.iter().any(|grant| grant.person == juror && grant.allows(&[Role::Juror], &scope, now));
        if granted { Ok(assigned) } else { Err(DefenseRefusal::NotAJuror { person: juror }) }
    }

    /// With a juror who holds the role, if it is another one than before, and a time.
    pub fn booked(
        self,
        juror: PersonId,
        grants: &[Grant],
        slot: Slot,
        (enrollment, conflicts): (&Enrollment, &ConflictSet),
        now: Timestamp,
    ) -> Result<Self, DefenseRefusal> {
        let assigned = match self.juror {
            Some(same) if same == juror => self,
            _ => self.assign_granted(juror, grants, conflicts, now)?,
        };
        assigned.timed(slot, enrollment, conflicts, now)
    }

    /// Chooses or moves the time, to one at which the student studies.
    pub fn timed(
        self,
        slot: Slot,
        enrollment: &Enrollment,
        conflicts: &ConflictSet,
        now: Timestamp,
    ) -> Result<Self, DefenseRefusal> {
        let timed = match self.state {
            DefenseState::Scheduled => self.moved(slot, conflicts, now),
            _ => self.schedule(slot, conflicts),
        }?;
        enrollment.session_allowed_at(slot.starts_at)?;
        Ok(timed)
    }

    /// Chooses the time: the first one, or another one for a defense that has to be held again.
    pub fn schedule(mut self, slot: Slot, conflicts: &ConflictSet) -> Result<Self, DefenseRefusal> {
        let waits = matches!(
            self.state,
            DefenseState::JurorAssigned | DefenseState::TechnicalFailure | DefenseState::HeldUnrecorded
        );
        if !waits {
            return Err(self.wrong_state("scheduled"));
        }
        self.check_plan()?;
        self.independent_juror(conflicts)?;
        self.put_away_sitting();
        Ok(self.in_slot(slot))
    }

    /// Moves it to another time, while it has not begun by the clock: after that somebody was
    /// absent.
    pub fn moved(self, slot: Slot, conflicts: &ConflictSet, now: Timestamp) -> Result<Self, DefenseRefusal> {
        if self.state != DefenseState::Scheduled {
            return Err(self.wrong_state("moved"));
        }
        self.check_to_come(now)?;
        self.independent_juror(conflicts)?;
        Ok(self.in_slot(slot))
    }

    /// Calls it off before its time. A defense without a time can always be called off, so that
    /// a request which nobody can serve does not stay open.
    pub fn cancelled(mut self, reason: String, now: Timestamp) -> Result<Self, DefenseRefusal> {
        let unheld = matches!(
            self.state,
            DefenseState::Requested
                | DefenseState::JurorAssigned
                | DefenseState::Scheduled
                | DefenseState::TechnicalFailure
        );
        if !unheld {
            return Err(self.wrong_state("cancelled"));
        }
        if self.state == DefenseState::Scheduled {
            self.check_to_come(now)?;
        }
        check_text("reason", &reason)?;
        self.state = DefenseState::Cancelled { reason };
        Ok(self)
    }

    /// Makes it count for nothing: decided wrongly, or held before a juror who must not judge.
    pub fn annulled(mut self, by: PersonId, reason: String, now: Timestamp) -> Result<Self, DefenseRefusal> {
        let held = matches!(
            self.state,
            DefenseState::AwaitingVerdict
                | DefenseState::HeldUnrecorded
                | DefenseState::Passed
                | DefenseState::Conditional { .. }
                | DefenseState::Failed
                | DefenseState::Upheld { .. }
                | DefenseState::Overturned { .. }
        );
        if !held {
            return Err(self.wrong_state("annulled"));
        }
        check_text("reason", &reason)?;
        self.state = DefenseState::Annulled { reason, by, at: now };
        Ok(self)
    }

    fn in_slot(mut self, slot: Slot) -> Self {
        self.slot = Some(slot);
        self.sequence += 1;
        self.state = DefenseState::Scheduled;
        self
    }

    fn check_to_come(&self, now: Timestamp) -> Result<(), DefenseRefusal> {
        match self.slot {
            Some(slot) if now >= slot.starts_at => Err(DefenseRefusal::TooLate { deadline: slot.starts_at }),
            _ => Ok(()),
        }
    }

    /// A defense held again starts from nothing; what happened before is kept aside.
    pub(super) fn put_away_sitting(&mut self) {
        self.earlier_sittings.extend(self.sitting.take());
    }
}

#[cfg(test)]
mod tests {
    use super::super::example::*;
    use super::*;

    const POLICY: &DefensePolicy = &DefensePolicy::OPENING;

    fn slot() -> Slot {
        Slot::new(at("2027-04-10T09:00:00Z"), 45, POLICY, asked_at()).expect("to come")
    }

    #[test]
    fn a_slot_is_a_time_to_come_on_a_quarter_hour() {
        let check = |starts_at, minutes, expected| {
            assert_eq!(Slot::new(at(starts_at), minutes, POLICY, asked_at()).err(), expected, "{starts_at}");
        };
        let length = Some(DefenseRefusal::Length { minutes_min: 30, minutes_max: 180 });
        check("2027-04-10T09:45:00Z", 45, None);
        check("2027-04-10T09:50:00Z", 45, Some(DefenseRefusal::OffQuarterHour));
        check("2027-04-10T09:45:00.5Z", 45, Some(DefenseRefusal::OffQuarterHour));
        check("2027-03-24T09:00:00Z", 45, Some(DefenseRefusal::InThePast));
        check("2027-04-10T09:45:00Z", 14, length.clone());
        check("2027-04-10T09:45:00Z", 181, length);
        check("9999-12-30T21:45:00Z", 180, None);
    }

    #[test]
    fn nobody_in_the_conflict_set_becomes_the_juror() {
        let (defense, conflicts) = (requested(), conflicts());
        for person in [student(), mentor()] {
            let refused = defense.clone().assign_juror(person, &conflicts);
            assert_eq!(refused, Err(DefenseRefusal::JurorInConflict { juror: person }));
        }
        assert_eq!(
            defense.assign_juror(juror(), &conflicts).expect("a stranger").state,
            DefenseState::JurorAssigned
        );
    }

    #[test]
    fn a_conflict_set_of_another_enrollment_proves_nothing() {
        let others = ConflictSet::new(crate::id::EnrollmentId::derived(&["tom"]), student());
        assert_eq!(requested().assign_juror(juror(), &others), Err(DefenseRefusal::ConflictsOfAnother));
    }

    #[test]
    fn a_new_juror_has_another_calendar() {
        let again = scheduled().assign_juror(other_juror(), &conflicts()).expect("not begun");
        assert_eq!((again.state.word(), again.slot), ("juror_assigned", None));
    }

    #[test]
    fn a_conflict_that_arises_later_stops_the_planning() {
        let conflicts = in_conflict(juror());
        let refused = Err(DefenseRefusal::JurorInConflict { juror: juror() });
        assert_eq!(assigned().schedule(slot(), &conflicts), refused);
        assert_eq!(scheduled().moved(slot(), &conflicts, asked_at()), refused);
    }

    #[test]
    fn a_defense_moves_until_its_time() {
        let moved = scheduled().moved(slot(), &conflicts(), asked_at()).expect("to come");
        assert_eq!((moved.slot, moved.sequence), (Some(slot()), 2));
        let late = scheduled().moved(slot(), &conflicts(), starts_at());
        assert_eq!(late, Err(DefenseRefusal::TooLate { deadline: starts_at() }));
        assert_eq!(
            requested().moved(slot(), &conflicts(), asked_at()),
            Err(DefenseRefusal::WrongState { act: "moved", state: "requested" })
        );
    }

    #[test]
    fn what_was_not_held_can_be_called_off_with_a_reason() {
        for defense in [requested(), assigned(), scheduled()] {
            assert_eq!(
                defense.clone().cancelled(" ".into(), asked_at()),
                Err(DefenseRefusal::Text { field: "reason" })
            );
            assert!(!defense.cancelled("ill".into(), asked_at()).expect("not held").state.is_open());
        }
        assert!(scheduled().cancelled("ill".into(), starts_at()).is_err());
        assert!(held().cancelled("bad mark".into(), ended_at()).is_err());
    }
}
