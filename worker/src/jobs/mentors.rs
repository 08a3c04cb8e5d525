//! Mentors for students: at once where a seat is free, else by the nightly matching; and what follows when a
//! mentor leaves.

mod cover; // for a mentor on holiday
mod hand_over; // the students of a mentor who leaves
mod introduce; // a first meeting
mod match_students; // everyone who waits, every night
mod seat_student; // one who needs a seat to begin
mod seats; // those that are not needed any more

use std::collections::{BTreeMap, BTreeSet};

use domain::availability::Availability;
use domain::billing::Terms;
use domain::catalog::Prospectus;
use domain::conflict::{ConflictSet, Reason};
use domain::enrollment::{Enrollment, MentorAssignment};
use domain::id::{AssignmentId, EditionId, PersonId};
use domain::occupancy::Week;
use domain::pairing::{Pairing, PairingPolicy, Seeker};
use domain::seat::{Seat, Seats};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan};
use storage::Item;
use storage::assignment::Assigning;
use storage::seat::Mentor;

use crate::Worker;
use crate::outcome::Unfinished;

pub use cover::cover_holidays;
pub use hand_over::hand_over;
pub use introduce::introduce;
pub use match_students::match_students;
pub use seat_student::seat_student;
pub use seats::arrange as arrange_seats;

/// The hour of the day, in UTC, at which everyone who waits is matched.
const MATCHED_AT_HOUR: i8 = 3;

/// What looking for a mentor rests on, besides people.
#[derive(Debug, Clone, Copy)]
struct Search {
    now: Timestamp,
    policy: PairingPolicy,
    /// The week whose hours are looked at: the next whole one.
    week: Week,
}

impl Search {
    fn new(edition: &Prospectus, now: Timestamp) -> Self {
        let today = jiff::tz::TimeZone::UTC.to_datetime(now).date();
        Self { now, policy: edition.pairing_policy_on(today), week: Week::of(now).next() }
    }

    /// A student as the matching looks at them.
    fn seeker(
        &self,
        enrollment: &Enrollment,
        edition: Option<&Prospectus>,
        said: Option<&Availability>,
        since: Timestamp,
    ) -> Seeker {
        let level = edition.map(|edition| edition.level_left(&enrollment.recognized_skills));
        Seeker {
            enrollment: enrollment.id,
            student: enrollment.student,
            degree: enrollment.degree.clone(),
            language: enrollment.language.clone(),
            level: level.unwrap_or_default().into(),
            hours: self.policy.hours_of(said, &enrollment.time_zone, self.week),
            since,
            former: enrollment.mentors.iter().map(|assignment| assignment.mentor).collect(),
            barred: BTreeSet::new(),
        }
    }

    /// A mentor's seat for a student, as it is taken.
    fn assigning(
        &self,
        pairing: &Pairing,
        seats: Item<Seats>,
        capacity: u32,
        from: Date,
        frees_by: Option<Date>,
    ) -> Assigning {
        let Pairing { enrollment, mentor, hour } = *pairing;
        let id = AssignmentId::derived(&[&enrollment.to_string(), &mentor.to_string(), &from.to_string()]);
        Assigning {
            assignment: MentorAssignment { id, mentor, from, to: None },
            seats,
            seat: Seat { since: self.now, frees_by, hour: Some(hour) },
            capacity,
        }
    }
}

/// Editions by what enrollments hold of them.
type Editions = BTreeMap<(EditionId, u32), Prospectus>;

/// Every version of every edition.
async fn editions(worker: &Worker) -> Result<Editions, Unfinished> {
    let editions = worker.store.editions().await?.into_iter();
    Ok(editions.map(|it| ((it.edition.id.clone(), it.edition.version), it)).collect())
}

/// The version that an enrollment holds.
fn edition_of<'a>(editions: &'a Editions, enrollment: &Enrollment) -> Option<&'a Prospectus> {
    editions.get(&(enrollment.edition.clone(), enrollment.version))
}

/// Who has a declared tie to the student, and so is no mentor of theirs.
fn tied(conflicts: &ConflictSet) -> BTreeSet<PersonId> {
    let declared = |person: &PersonId| conflicts.reasons(*person).any(|reason| reason == Reason::Declared);
    conflicts.people().filter(declared).collect()
}

/// The date by which so many seats of these mentors should have become free; none where nobody knows.
fn freed_by<'a>(seats: impl Iterator<Item = &'a Seats>, place: u64, today: Date) -> Option<Date> {
    let dates = seats.flat_map(|seats| seats.taken.values().filter_map(|seat| seat.frees_by));
    let mut dates = Vec::from_iter(dates.map(|date| date.max(today.saturating_add(1.day()))));
    dates.sort_unstable();
    dates.get(usize::try_from(place).ok()?.checked_sub(1)?).copied()
}

/// The next instant at which everyone who waits is matched.
fn next_night(now: Timestamp) -> Timestamp {
    let utc = jiff::tz::TimeZone::UTC;
    let wall = utc.to_datetime(now);
    let night = wall.date().at(MATCHED_AT_HOUR, 0, 0, 0);
    let night = if wall < night { night } else { night.saturating_add(1.day()) };
    utc.to_timestamp(night).unwrap_or(now.saturating_add(SignedDuration::from_hours(24)).unwrap_or(now))
}

/// Mentors by who they are.
fn by_person(mentors: Vec<Mentor>) -> BTreeMap<PersonId, Mentor> {
    mentors.into_iter().map(|mentor| (mentor.availability.person, mentor)).collect()
}

/// The terms that hold for an enrollment now.
fn terms(enrollment: &Enrollment, edition: &Prospectus, now: Timestamp) -> Terms {
    edition.terms_on(enrollment.date_at(now))
}

/// Whether a job has to look again: somebody changed what it read.
const fn was_changed(unfinished: &Unfinished) -> bool {
    matches!(unfinished, Unfinished::Changed(_))
}
