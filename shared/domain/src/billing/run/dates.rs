//! When a date begins for whom, and when a run over it looks.

use std::ops::RangeInclusive;

use jiff::civil::Date;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp, ToSpan};

/// When a date begins for the first of all zones: UTC+14, Kiritimati's.
pub fn begins_anywhere_at(on: Date) -> Timestamp {
    start_at_offset(on, 14)
}

/// When the invoices of a date are foreseen: before it begins anywhere.
pub fn foreseen_at(on: Date) -> Timestamp {
    let ahead = SignedDuration::from_hours(2);
    begins_anywhere_at(on).checked_sub(ahead).unwrap_or(Timestamp::MIN)
}

/// When a date has begun for the last of all zones: UTC-12, the sea's west of the date line.
pub fn begun_everywhere_at(on: Date) -> Timestamp {
    start_at_offset(on, -12)
}

fn start_at_offset(on: Date, hours: i8) -> Timestamp {
    let midnight = on.at(0, 0, 0, 0);
    // A date at the very end of the calendar never comes.
    Offset::constant(hours).to_timestamp(midnight).unwrap_or(Timestamp::MAX)
}

/// The days of the month whose periods begin on a date: its own and, on the last day of a month, those
/// that the month is too short for.
pub fn days_beginning_on(on: Date) -> RangeInclusive<i8> {
    let last = if on.day() == on.days_in_month() { 31 } else { on.day() };
    on.day()..=last
}

/// When a run that looked now has to look again: when its date begins for the next enrollment that
/// it found, and at last when it has begun everywhere; nothing once it has.
pub fn looks_again_at(on: Date, now: Timestamp, next_begins_at: Option<Timestamp>) -> Option<Timestamp> {
    let last = begun_everywhere_at(on);
    (now < last).then(|| next_begins_at.map_or(last, |begins_at| begins_at.min(last)))
}

/// The date whose run a month earlier is the one to compare with.
pub fn a_month_before(on: Date) -> Date {
    on.saturating_sub(1.month())
}
