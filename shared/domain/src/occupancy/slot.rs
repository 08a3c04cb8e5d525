//! Weeks and the stretches of them that a booking takes.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use jiff::civil::{Date, ISOWeekDate, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::QUARTERS_A_WEEK;

/// An ISO week in UTC, from Monday 00:00Z, written `2027-W10`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Week(Date); // its Monday

/// The text is not a week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("expected an ISO week such as 2027-W10")]
pub struct InvalidWeek;

impl Week {
    /// The week in which an instant lies.
    pub fn of(instant: Timestamp) -> Self {
        let date = TimeZone::UTC.to_datetime(instant).date();
        let days = i64::from(date.weekday().to_monday_zero_offset());
        // The first week of the calendar begins on its first day, a Monday: nothing lies before.
        Self(date.saturating_sub(SignedDuration::from_hours(24 * days)))
    }

    /// Its Monday.
    pub const fn monday(self) -> Date {
        self.0
    }

    /// Its first instant.
    pub fn begins_at(self) -> Timestamp {
        // Only the calendar's first and last days have midnights that are no instants.
        TimeZone::UTC.to_timestamp(self.0.at(0, 0, 0, 0)).unwrap_or(Timestamp::MIN)
    }

    /// The one after it.
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(SignedDuration::from_hours(24 * 7)))
    }

    /// Quarter hours from the start of the week to an instant in it.
    fn quarter_of(instant: Timestamp) -> u16 {
        let wall = TimeZone::UTC.to_datetime(instant);
        let [days, hours, minutes] =
            [wall.date().weekday().to_monday_zero_offset(), wall.hour(), wall.minute()]
                .map(i8::unsigned_abs)
                .map(u16::from);
        (days * 24 + hours) * 4 + minutes / 15
    }
}

impl fmt::Display for Week {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let iso = self.0.iso_week_date();
        write!(f, "{:04}-W{:02}", iso.year(), iso.week())
    }
}

impl fmt::Debug for Week {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Week {
    type Err = InvalidWeek;

    fn from_str(text: &str) -> Result<Self, InvalidWeek> {
        let (year, week) = text.split_once("-W").ok_or(InvalidWeek)?;
        let year = year.parse().map_err(|_| InvalidWeek)?;
        let week = week.parse().map_err(|_| InvalidWeek)?;
        let monday = ISOWeekDate::new(year, week, Weekday::Monday).map_err(|_| InvalidWeek)?;
        // Only the one way of writing it that is shown, so that a key has one text.
        Some(Self(monday.date())).filter(|parsed| parsed.to_string() == text).ok_or(InvalidWeek)
    }
}

impl TryFrom<String> for Week {
    type Error = InvalidWeek;

    fn try_from(text: String) -> Result<Self, InvalidWeek> {
        text.parse()
    }
}

impl From<Week> for String {
    fn from(week: Week) -> Self {
        week.to_string()
    }
}

/// The longest a booking may be: a day, so that it touches at most two weeks.
pub const SLOT_MINUTES_MAX: u16 = 24 * 60;

const QUARTER_SECONDS: i64 = 15 * 60;

/// Why a stretch of time cannot be booked at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidSlot {
    /// Not :00, :15, :30 or :45.
    #[error("expected a start on a quarter hour")]
    OffQuarter,
    /// No time at all, or more than a day.
    #[error("expected a length of 1 to {SLOT_MINUTES_MAX} minutes")]
    Length,
    /// After the year 9999.
    #[error("the time is outside the calendar")]
    OutsideCalendar,
}

/// A stretch that a booking takes of somebody's time: it starts on a quarter hour and lasts whole
/// ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot {
    starts_at: Timestamp,
    ends_at: Timestamp,
}

/// Quarter hours of one week; only [`Slot::weeks`] makes them, so they always lie inside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quarters {
    from: u16,
    to: u16,
}

impl Quarters {
    /// The bits of an occupancy that stand for them.
    pub fn bits(self) -> Range<usize> {
        usize::from(self.from)..usize::from(self.to)
    }
}

impl Slot {
    /// The stretch of `minutes` from `starts_at`, rounded up to quarter hours.
    pub fn new(starts_at: Timestamp, minutes: u16) -> Result<Self, InvalidSlot> {
        let quarters = minutes.div_ceil(15);
        if minutes == 0 || minutes > SLOT_MINUTES_MAX {
            return Err(InvalidSlot::Length);
        }
        if starts_at.as_second().rem_euclid(QUARTER_SECONDS) != 0 || starts_at.subsec_nanosecond() != 0 {
            return Err(InvalidSlot::OffQuarter);
        }
        let length = SignedDuration::from_secs(i64::from(quarters) * QUARTER_SECONDS);
        let ends_at = starts_at.checked_add(length).map_err(|_| InvalidSlot::OutsideCalendar)?;
        Ok(Self { starts_at, ends_at })
    }

    /// The stretch between two instants, rounded up to quarter hours.
    pub fn between(starts_at: Timestamp, ends_at: Timestamp) -> Result<Self, InvalidSlot> {
        let seconds = starts_at.duration_until(ends_at).as_secs();
        Self::new(starts_at, u16::try_from((seconds + 59).div_euclid(60)).map_err(|_| InvalidSlot::Length)?)
    }

    /// Its first instant.
    pub const fn starts_at(&self) -> Timestamp {
        self.starts_at
    }

    /// The first instant behind it.
    pub const fn ends_at(&self) -> Timestamp {
        self.ends_at
    }

    /// How many quarter hours it takes.
    pub fn quarters(&self) -> u16 {
        let seconds = self.starts_at.duration_until(self.ends_at).as_secs();
        u16::try_from(seconds / QUARTER_SECONDS).unwrap_or(u16::MAX) // at most a day, by `new`
    }

    /// The same stretch, moved to begin elsewhere.
    pub(super) fn at(&self, starts_at: Timestamp) -> Result<Self, InvalidSlot> {
        Self::new(starts_at, self.quarters() * 15)
    }

    /// The one or two weeks it lies in, each with its quarter hours there.
    pub fn weeks(&self) -> impl Iterator<Item = (Week, Quarters)> + use<> {
        let from = Week::quarter_of(self.starts_at);
        let to = from + self.quarters();
        let first = Quarters { from, to: to.min(QUARTERS_A_WEEK) };
        let second = to.checked_sub(QUARTERS_A_WEEK).filter(|rest| *rest > 0);
        let second = second.map(|rest| (Week::of(self.ends_at), Quarters { from: 0, to: rest }));
        [(Week::of(self.starts_at), first)].into_iter().chain(second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    #[test]
    fn a_week_is_the_iso_week_in_utc() {
        let check = |instant: &str, week: &str| {
            assert_eq!(Week::of(at(instant)).to_string(), week);
            assert_eq!(week.parse(), Ok(Week::of(at(instant))));
        };
        check("2027-03-08T00:00:00Z", "2027-W10");
        check("2027-03-14T23:59:59Z", "2027-W10");
        check("2027-01-03T12:00:00Z", "2026-W53");
        check("2027-01-04T00:00:00Z", "2027-W01");
        check("2029-12-31T00:00:00Z", "2030-W01");
        for text in ["2027-W1", "2027-W54", "2027-W00", "+2027-W10", "2027W10", ""] {
            assert_eq!(text.parse::<Week>(), Err(InvalidWeek), "{text}");
        }
    }

    #[test]
    fn weeks_hold_at_the_calendars_edges() {
        assert_eq!(Week::of(Timestamp::MAX).to_string(), "9999-W52");
        Week::of(Timestamp::MIN);
        let last = at("9999-12-30T21:45:00Z");
        assert_eq!(Slot::new(last, 60), Err(InvalidSlot::OutsideCalendar));
    }

    #[test]
    fn a_slot_starts_on_a_quarter_hour_and_lasts_up_to_a_day() {
        let check = |starts_at: &str, minutes, expected| {
            assert_eq!(
                Slot::new(at(starts_at), minutes).map(|slot| slot.quarters()),
                expected,
                "{starts_at}"
            );
        };
        check("2027-03-09T17:15:00Z", 1, Ok(1));
        check("2027-03-09T17:15:00Z", 15, Ok(1));
        check("2027-03-09T17:15:00Z", 16, Ok(2));
        check("2027-03-09T17:15:00Z", 1440, Ok(96));
        check("2027-03-09T17:15:00Z", 1441, Err(InvalidSlot::Length));
        check("2027-03-09T17:15:00Z", 0, Err(InvalidSlot::Length));
        check("2027-03-09T17:10:00Z", 15, Err(InvalidSlot::OffQuarter));
        check("2027-03-09T17:15:00.5Z", 15, Err(InvalidSlot::OffQuarter));
    }

    #[test]
    fn a_slot_that_ends_with_the_week_stays_in_it() {
        let last = Slot::new(at("2027-03-14T23:15:00Z"), 45).expect("a slot");
        assert_eq!(last.weeks().count(), 1);
    }
}
