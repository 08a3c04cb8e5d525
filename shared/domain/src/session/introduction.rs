//! The first meeting of a student with a mentor.

use jiff::{SignedDuration, Timestamp};

use super::{BookingFacts, Parties, Session, SessionKind};
use crate::enrollment::Enrollment;
use crate::id::{EnrollmentId, PersonId, SessionId};
use crate::occupancy::{Diary, Slot};
use crate::seat::WeeklyHour;
use crate::time::Zone;

/// A student gets to know a mentor within so many days: of the first payment, or of the first day with a new
/// one.
pub const INTRODUCED_WITHIN_DAYS: i64 = 7;

const QUARTER_SECONDS: i64 = 15 * 60;

/// What a first meeting is found by.
pub struct Introduction<'a> {
    /// The mentor.
    pub with: PersonId,
    /// The mentor's zone, on whose wall it is written down.
    pub zone: &'a Zone,
    /// The hour of the week that was found for the two.
    pub hour: Option<WeeklyHour>,
    /// How long it is, where no hour was found.
    pub minutes: u16,
    /// Since when the two belong together.
    pub since: Timestamp,
    /// Both people's weeks.
    pub diaries: &'a [Diary],
    /// Whether the student is awake then.
    pub suits: &'a dyn Fn(Slot) -> bool,
}

/// The id of a student's first meeting with a mentor, the same whenever it is made.
pub fn introduction_id(enrollment: EnrollmentId, mentor: PersonId) -> SessionId {
    SessionId::derived(&["introduction", &enrollment.to_string(), &mentor.to_string()])
}

impl Enrollment {
    /// What a first meeting with a mentor is: a discovery session with the first one, a hand-over with a later
    /// one.
    pub fn introduction_kind(&self, mentor: PersonId) -> SessionKind {
        let before = self
            .mentors
            .iter()
            .any(|other| other.mentor != mentor && other.to.is_some_and(|to| other.from < to));
        if before { SessionKind::Handover } else { SessionKind::Discovery }
    }
}

impl Introduction<'_> {
    /// The meeting: at the hour of the week that was found for the two, else at the first time that is free
    /// for both, not sooner than a cancellation is free of charge, and within the week. Nothing where there
    /// is no such time.
    pub fn session(
        &self,
        enrollment: &Enrollment,
        facts: BookingFacts<'_>,
        now: Timestamp,
    ) -> Option<Session> {
        let notice = SignedDuration::from_hours(i64::from(facts.policy.notice_hours));
        let first = now.max(self.since).saturating_add(notice).ok()?;
        let last = self
            .since
            .max(now)
            .saturating_add(SignedDuration::from_hours(24 * INTRODUCED_WITHIN_DAYS))
            .ok()?;
        let free = |slot: &Slot| {
            (first..=last).contains(&slot.starts_at())
                && self.diaries.iter().all(|diary| diary.is_free(*slot))
                && (self.suits)(*slot)
                && facts.judge(*slot, enrollment.student, self.with, now).is_ok()
        };
        let weekly =
            self.hour.and_then(|hour| self.weekly_slots(hour, first).into_iter().find(|slot| free(slot)));
        let slot = weekly.or_else(|| self.slots(first, last).find(|slot| free(slot)))?;
        let minutes = self.hour.map_or(self.minutes, |hour| hour.minutes);
        let starts_at = slot.starts_at();
        let parties = Parties {
            id: introduction_id(enrollment.id, self.with),
            kind: enrollment.introduction_kind(self.with),
            enrollment: enrollment.id,
            student: enrollment.student,
            with: self.with,
            commitment: None,
        };
        let wall = (self.zone.wall_time_at(starts_at), self.zone.clone());
        Some(parties.booked((starts_at, minutes), wall, facts.policy))
    }

    /// The weekly hour in this week and the next.
    fn weekly_slots(&self, hour: WeeklyHour, first: Timestamp) -> Vec<Slot> {
        let weekday = jiff::civil::Weekday::from(hour.weekday);
        let begin = self.zone.date_at(first);
        let dates = (0..=INTRODUCED_WITHIN_DAYS).map(|days| begin.saturating_add(jiff::ToSpan::days(days)));
        let on_day = dates.filter(|date| date.weekday() == weekday);
        let slots = on_day.filter_map(|date| {
            let begins = self.zone.occurrence(date.to_datetime(hour.local_time.time())).ok()?;
            Slot::new(begins.starts_at, hour.minutes).ok()
        });
        slots.collect()
    }

    /// Every quarter hour of the week.
    fn slots(&self, first: Timestamp, last: Timestamp) -> impl Iterator<Item = Slot> {
        let begin = first.as_second().div_euclid(QUARTER_SECONDS) + 1;
        let end = last.as_second().div_euclid(QUARTER_SECONDS);
        let minutes = self.minutes;
        (begin..=end).filter_map(move |quarter| {
            Slot::new(Timestamp::from_second(quarter * QUARTER_SECONDS).ok()?, minutes).ok()
        })
    }
}
