//! From people to a graph and back: who could mentor whom, what it is worth, and whether there is an hour of
//! the week for it.
//!
//! [`pair`] is the nightly run and what follows a mentor's leaving; [`offer`] is for a new student in
//! between. Both know people by what they have said: a mentor's hours, languages, fields and seats, a
//! student's hours and language. [`matching`](crate::matching) knows only numbers.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::availability::{Availability, Level, LocalTime};
use crate::id::{DegreeId, EnrollmentId, PersonId};
use crate::occupancy::Week;
use crate::seat::WeeklyHour;
use crate::time::Zone;

mod fit; // what a pair is worth
mod run; // all who wait against all who have seats
mod weekly; // an hour of the week for each of a mentor's students
mod week; // a week in quarter hours

pub use fit::{FIT_MAX, Fit, WEEKS_WAITED_MAX};
pub use run::{EDGES_PER_STUDENT_MAX, PairingReport, Pairings, Unseated, Why, pair};
pub use week::Hours;

/// The school's numbers about pairing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PairingPolicy {
    /// How long a weekly session is.
    pub session_minutes: u16,
    /// How well a mentor must speak the student's language.
    pub language_level_min: Level,
    /// Hours in which a student who has said nothing can be met, on their own wall.
    pub waking: [LocalTime; 2],
    /// The most students of somebody who begins to mentor.
    pub novice_seats_max: u32,
}

/// A student who needs a mentor.
#[derive(Debug, Clone)]
pub struct Seeker {
    /// For which enrollment.
    pub enrollment: EnrollmentId,
    /// Who.
    pub student: PersonId,
    /// What they study.
    pub degree: DegreeId,
    /// In which language: a BCP 47 code.
    pub language: String,
    /// The highest level of what they still have to do.
    pub level: u8,
    /// When they can meet, in the week that is looked at.
    pub hours: Hours,
    /// Since when they wait.
    pub since: Timestamp,
    /// Who mentored them before.
    pub former: BTreeSet<PersonId>,
    /// Who may not mentor them: a declared tie, or whoever just leaves them.
    pub barred: BTreeSet<PersonId>,
}

/// A mentor with seats.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Who.
    pub mentor: PersonId,
    /// The degrees they may mentor; none for all of them.
    pub degrees: Option<BTreeSet<DegreeId>>,
    /// What they have said of themselves.
    pub availability: Availability,
    /// Seats they have.
    pub capacity: u32,
    /// Seats that nobody has taken.
    pub free: u32,
    /// When they could meet one more student, in the week that is looked at.
    pub hours: Hours,
    /// What the last run found one of their seats worth.
    pub price: i64,
}

impl Candidate {
    /// Whether they come into question by what they do and speak, whatever their hours and seats.
    pub fn could_mentor(&self, seeker: &Seeker, policy: &PairingPolicy) -> bool {
        self.capacity > 0
            && self.degrees.as_ref().is_none_or(|degrees| degrees.contains(&seeker.degree))
            && self.mentor != seeker.student
            && !seeker.barred.contains(&self.mentor)
            && self.availability.takes_level(seeker.level)
            && self
                .availability
                .speaks(&seeker.language)
                .is_some_and(|level| level >= policy.language_level_min)
    }

    /// The times at which the two could begin to meet.
    fn common_starts(&self, seeker: &Seeker, policy: &PairingPolicy) -> Hours {
        self.hours.and(&seeker.hours).starts(policy.quarters())
    }

    /// The hour of the week that a quarter stands for, on the mentor's wall.
    fn hour_at(&self, start: usize, policy: &PairingPolicy, week: Week) -> WeeklyHour {
        week::weekly_hour(start, policy.session_minutes, &self.availability.time_zone, week)
    }
}

impl PairingPolicy {
    /// What the school opens with.
    pub const OPENING: Self = Self {
        session_minutes: 45,
        language_level_min: Level::B2,
        waking: [LocalTime::hour(8), LocalTime::hour(22)],
        novice_seats_max: 5,
    };

    /// Quarter hours that a weekly session takes.
    fn quarters(&self) -> usize {
        usize::from(self.session_minutes.div_ceil(15).max(1))
    }

    /// When a student can be met: as they say, or else while people are awake.
    pub fn hours_of(&self, said: Option<&Availability>, zone: &Zone, week: Week) -> Hours {
        match said {
            Some(said) if !said.weekly.is_empty() => Hours::open(said, week),
            _ => Hours::waking(zone, week, self.waking),
        }
    }
}

/// A mentor for a student, and an hour of the week for the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pairing {
    /// For which enrollment.
    pub enrollment: EnrollmentId,
    /// Who mentors.
    pub mentor: PersonId,
    /// When they can meet every week.
    pub hour: WeeklyHour,
}

/// The mentor whom a new student gets at once: of those with a free seat and an hour for the two, the one of
/// the greatest benefit less the price of the last run. Otherwise why there is none.
pub fn offer(
    seeker: &Seeker,
    candidates: &[Candidate],
    policy: &PairingPolicy,
    week: Week,
    now: Timestamp,
) -> Result<Pairing, Why> {
    let (mut best, mut why) = (None, Why::NoCandidate);
    for candidate in candidates.iter().filter(|candidate| candidate.could_mentor(seeker, policy)) {
        let starts = candidate.common_starts(seeker, policy);
        let Some(start) = starts.quarters().next() else {
            why = why.max(Why::NoOverlap);
            continue;
        };
        if candidate.free == 0 {
            why = Why::Capacity;
            continue;
        }
        let profit = Fit::of(seeker, candidate, &starts).value(seeker, now) - candidate.price;
        let better = |(most, mentor, _): &(i64, PersonId, _)| {
            profit > *most || (profit == *most && candidate.mentor < *mentor)
        };
        if best.as_ref().is_none_or(better) {
            best = Some((profit, candidate.mentor, candidate.hour_at(start, policy, week)));
        }
    }
    best.map(|(_, mentor, hour)| Pairing { enrollment: seeker.enrollment, mentor, hour }).ok_or(why)
}

#[cfg(test)]
mod tests;
