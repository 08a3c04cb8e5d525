//! A mentor's seat: what an enrollment needs before it begins, and the line for one.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use super::{AssignRefused, Enrollment, MentorAssignment, State};
use crate::billing::{Terms, months_after};
use crate::catalog::Prospectus;
use crate::job::Job;
use crate::pairing::Why;
use crate::plan::{Plan, Wish};

/// A student's place in the line for a seat. Neither the place nor the date ever moves backwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// Since when.
    pub since: Timestamp,
    /// The number that was drawn: whoever drew a smaller one joined before.
    pub ticket: u64,
    /// How many of those still wait, and one.
    pub place: u64,
    /// The date by which a seat should be free; none where nobody knows.
    pub expected_on: Option<Date>,
    /// Why there is no seat now.
    pub why: Why,
}

impl Waiting {
    /// As it looks now: never further back, never later than was said before.
    #[must_use]
    pub fn seen(self, place: u64, expected_on: Option<Date>, why: Why) -> Self {
        let sooner = match (self.expected_on, expected_on) {
            (Some(said), Some(now)) => Some(said.min(now)),
            (said, now) => said.or(now),
        };
        Self { place: self.place.min(place), expected_on: sooner, why, ..self }
    }
}

impl Enrollment {
    /// Whether it waits for a seat: its contract is accepted and no mentor is promised, or its mentor left.
    pub fn needs_seat(&self) -> bool {
        let needs = match self.state {
            State::Applied | State::Completed { .. } | State::Withdrawn { .. } => false,
            State::Quoted { .. } => self.contract.is_some(),
            State::Active | State::Paused | State::Suspended { .. } | State::AwardPending { .. } => {
                self.waiting.is_some()
            }
        };
        needs && !self.has_seat()
    }

    /// Whether it goes into the line once its mentor has left: whoever is done, or leaves anyway, needs none.
    pub fn seeks_mentor(&self) -> bool {
        let studies = matches!(self.state, State::Quoted { .. } | State::Paused | State::Suspended { .. });
        studies && self.leaves_on.is_none() && self.contract.is_some() && !self.has_seat()
    }

    /// What an accepted enrollment that is not charged yet asks for: a seat, or to begin where it needs none.
    pub fn first_step(&self) -> Job {
        let enrollment = self.id;
        if self.needs_seat() { Job::SeatStudent { enrollment } } else { Job::Begin { enrollment } }
    }

    /// Since when the student has studied: whoever lost a mentor comes before whoever is new.
    pub fn studies_since(&self) -> Option<Timestamp> {
        let first = self.segments.first()?;
        self.time_zone.start_of(first.anchor).ok()
    }

    /// Whether a mentor is promised for as long as the student studies.
    pub fn has_seat(&self) -> bool {
        self.mentors.iter().any(|assignment| assignment.to.is_none())
    }

    /// The date by which a student who begins on a date should be done, at the slow end of the plan.
    pub fn done_by(&self, edition: &Prospectus, from: Date) -> Option<Date> {
        let recognized = Vec::from_iter(self.recognized_skills.iter().cloned());
        let wish = Wish { recognized_skills: &recognized, hours_per_week: self.hours_per_week };
        let plan = Plan::new(edition, self.monthly_price, &wish).ok()?;
        from.checked_add(i64::from(plan.range.p90.started()).months()).ok()
    }

    /// The enrollment in the line for a seat. Its quote holds until it had one.
    #[must_use]
    pub fn waits(self, waiting: Waiting) -> Self {
        Self { waiting: Some(waiting), ..self }
    }

    /// The enrollment with a mentor, or with a cover for a while. Whoever had to wait for a mentor waits no more: they
    /// have as many days to pay as with a new quote, and as many months to resume as with a new pause.
    pub fn assigned(
        self,
        assignment: MentorAssignment,
        terms: &Terms,
        now: Timestamp,
    ) -> Result<Self, AssignRefused> {
        if assignment.to.is_some() {
            return self.assign_mentor(assignment, now);
        }
        let waited = self.waiting.is_some();
        let mut enrollment = self.assign_mentor(assignment, now)?;
        let today = enrollment.date_at(now);
        if let Some(pause) = enrollment.pauses.last_mut().filter(|pause| waited && pause.to.is_none()) {
            // Nobody could resume before: there is as much time for it from now on.
            pause.lapses_on = months_after(today, terms.pause_months_max);
        }
        let state = match enrollment.state {
            State::Quoted { expires_at } if waited => {
                let days = SignedDuration::from_hours(24 * i64::from(terms.quote_days));
                State::Quoted { expires_at: expires_at.max(now.saturating_add(days).unwrap_or(now)) }
            }
            state => state,
        };
        Ok(Self { state, waiting: None, ..enrollment })
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    const WAITING: Waiting =
        Waiting { since: Timestamp::UNIX_EPOCH, ticket: 7, place: 5, expected_on: None, why: Why::Capacity };

    #[test]
    fn a_date_that_was_said_is_kept_or_becomes_earlier() {
        let said = WAITING.seen(5, Some(date(2027, 5, 1)), Why::Capacity);
        assert_eq!(said.seen(5, Some(date(2027, 6, 1)), Why::Capacity).expected_on, Some(date(2027, 5, 1)));
        assert_eq!(said.seen(4, None, Why::Capacity).expected_on, Some(date(2027, 5, 1)));
        assert_eq!(said.seen(4, Some(date(2027, 4, 1)), Why::Capacity).expected_on, Some(date(2027, 4, 1)));
    }

    proptest! {
        #[test]
        fn a_place_never_moves_backwards(looks in prop::collection::vec((1_u64..20, prop::option::of(0_i32..400)), 0..20)) {
            let mut waiting = WAITING;
            for (place, days) in looks {
                let on = days.map(|days| date(2027, 1, 1).saturating_add(jiff::ToSpan::days(days)));
                let seen = waiting.seen(place, on, Why::Capacity);
                prop_assert!(seen.place <= waiting.place);
                prop_assert!(waiting.expected_on.is_none() || seen.expected_on <= waiting.expected_on);
                waiting = seen;
            }
        }
    }
}
