//! The numbers that sessions are judged by, with their source and date.

use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// The school's numbers about sessions, as they stand from a date on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionPolicy {
    /// The first date it counts for.
    pub since: Date,
    /// A cancellation at least this many hours before the start is free of charge.
    pub notice_hours: u32,
    /// Whoever joins after the length divided by this has not come.
    pub presence_divisor: u32,
    /// How many minutes before the start the join link opens.
    pub join_early_minutes: u32,
    /// A report this many hours after the end is on time.
    pub report_hours: u32,
    /// The shortest session.
    pub minutes_min: u16,
    /// The longest session.
    pub minutes_max: u16,
}

impl SessionPolicy {
    /// The rules the school opens with: 24 hours and one third as its session states say, a day
    /// for the report, a quarter of an hour to three hours for the length.
    pub const OPENING: Self = Self {
        since: date(2026, 1, 1),
        notice_hours: 24,
        presence_divisor: 3,
        join_early_minutes: 15,
        report_hours: 24,
        minutes_min: 15,
        minutes_max: 180,
    };

    /// The last instant at which a session that starts then is cancelled free of charge.
    pub(crate) fn free_until(&self, starts_at: Timestamp) -> Timestamp {
        before(starts_at, SignedDuration::from_hours(i64::from(self.notice_hours)))
    }

    /// The first instant at which somebody may join.
    pub(super) fn join_from(&self, starts_at: Timestamp) -> Timestamp {
        before(starts_at, SignedDuration::from_mins(i64::from(self.join_early_minutes)))
    }

    /// The last instant at which somebody who joins has still come.
    pub(super) fn present_until(&self, starts_at: Timestamp, ends_at: Timestamp) -> Timestamp {
        let seconds = starts_at.duration_until(ends_at).as_secs();
        starts_at + SignedDuration::from_secs(seconds / i64::from(self.presence_divisor.max(1)))
    }

    /// The last instant at which a report is on time.
    pub(super) fn report_until(&self, ends_at: Timestamp) -> Timestamp {
        let hours = SignedDuration::from_hours(i64::from(self.report_hours));
        ends_at.checked_add(hours).unwrap_or(Timestamp::MAX)
    }
}

fn before(instant: Timestamp, length: SignedDuration) -> Timestamp {
    instant.checked_sub(length).unwrap_or(Timestamp::MIN)
}
