//! The numbers that a session is judged by. It keeps those of the day it was booked.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::catalog::Share;

/// The school's numbers about sessions, as the catalog's policies have them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionPolicy {
    /// A cancellation at least this many hours before the start is free of charge.
    pub notice_hours: u32,
    /// Whoever joins after this share of the length has not come.
    pub no_show_share: Share,
    /// How many minutes before the start the join link opens.
    pub join_early_minutes: u32,
    /// How many minutes after the end the join link closes.
    #[serde(default = "opening_join_late_minutes")]
    pub join_late_minutes: u32,
    /// A report this many hours after the end is on time.
    pub report_hours: u32,
    /// Before a session starts, both people are reminded so many hours ahead, the earlier first.
    #[serde(default = "opening_remind_hours")]
    pub remind_hours: [u32; 2],
    /// The mentor is reminded so many hours after the end of a report that is missing.
    #[serde(default = "opening_report_remind_hours")]
    pub report_remind_hours: u32,
    /// Days after the end of its month on which the pay for it is stated.
    #[serde(default = "opening_statement_days")]
    pub statement_days: u32,
    /// Days after it in which another one can be booked in its place, where the student is owed one.
    #[serde(default = "opening_make_up_days")]
    pub make_up_days: u32,
    /// The shortest session.
    pub minutes_min: u16,
    /// The longest session.
    pub minutes_max: u16,
}

impl SessionPolicy {
    /// The rules the school opens with: 24 hours and one third as its session states say, a day for the
    /// report with a reminder after half of it, reminders two days and one hour before a session, three days
    /// for the statement, sixty to make up for a session, a quarter of an hour to three hours for the length.
    pub const OPENING: Self = Self {
        notice_hours: 24,
        no_show_share: Share { numerator: 1, denominator: 3 },
        join_early_minutes: 10,
        join_late_minutes: 30,
        report_hours: 24,
        remind_hours: [48, 1],
        report_remind_hours: 12,
        statement_days: opening_statement_days(),
        make_up_days: opening_make_up_days(),
        minutes_min: 15,
        minutes_max: 180,
    };

    /// The last instant at which a session that starts then is cancelled free of charge.
    pub(crate) fn free_until(&self, starts_at: Timestamp) -> Timestamp {
        before(starts_at, SignedDuration::from_hours(i64::from(self.notice_hours)))
    }

    /// The first instant at which somebody may join.
    pub(crate) fn join_from(&self, starts_at: Timestamp) -> Timestamp {
        before(starts_at, SignedDuration::from_mins(i64::from(self.join_early_minutes)))
    }

    /// The first instant at which nobody may join any more.
    pub(crate) fn join_until(&self, ends_at: Timestamp) -> Timestamp {
        let length = SignedDuration::from_mins(i64::from(self.join_late_minutes));
        ends_at.checked_add(length).unwrap_or(Timestamp::MAX)
    }

    /// The last instant at which somebody who joins has still come.
    pub(super) fn present_until(&self, starts_at: Timestamp, ends_at: Timestamp) -> Timestamp {
        let Share { numerator, denominator } = self.no_show_share;
        let seconds = starts_at.duration_until(ends_at).as_secs();
        starts_at + SignedDuration::from_secs(seconds * i64::from(numerator) / i64::from(denominator.max(1)))
    }

    /// The last instant at which a report is on time.
    pub fn report_until(&self, ends_at: Timestamp) -> Timestamp {
        after(ends_at, self.report_hours)
    }

    /// The instants at which both people are reminded of a session that starts then, the earlier first.
    pub(super) fn remind_at(&self, starts_at: Timestamp) -> [Timestamp; 2] {
        self.remind_hours.map(|hours| before(starts_at, SignedDuration::from_hours(i64::from(hours))))
    }

    /// The instant at which the mentor is reminded of a report that is missing.
    pub(super) fn report_remind_at(&self, ends_at: Timestamp) -> Timestamp {
        after(ends_at, self.report_remind_hours)
    }
}

/// Sessions that were kept before they named their rules were booked under the opening ones.
impl Default for SessionPolicy {
    fn default() -> Self {
        Self::OPENING
    }
}

/// What holds for sessions that were kept before they said it.
fn opening_join_late_minutes() -> u32 {
    SessionPolicy::OPENING.join_late_minutes
}

const fn opening_remind_hours() -> [u32; 2] {
    SessionPolicy::OPENING.remind_hours
}

const fn opening_report_remind_hours() -> u32 {
    SessionPolicy::OPENING.report_remind_hours
}

fn after(instant: Timestamp, hours: u32) -> Timestamp {
    instant.checked_add(SignedDuration::from_hours(i64::from(hours))).unwrap_or(Timestamp::MAX)
}

/// What held before sessions and defenses kept it.
pub(crate) const fn opening_statement_days() -> u32 {
    3
}

const fn opening_make_up_days() -> u32 {
    60
}

fn before(instant: Timestamp, length: SignedDuration) -> Timestamp {
    instant.checked_sub(length).unwrap_or(Timestamp::MIN)
}
