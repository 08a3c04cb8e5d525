//! The days on which banks collect.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};
use thiserror::Error;

/// Days that a file needs to reach the payers' banks in time: the scheme's one, and one to upload it.
const LEAD_DAYS: i64 = 2;
/// Days ahead at most. Source: the SEPA core scheme's rulebook, which lets banks take a file 14 calendar days
/// before its day.
const AHEAD_DAYS: i64 = 14;

/// Why debits cannot be collected on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CollectOnRefused {
    /// The payers' banks would not hear of it in time.
    #[error("banks need the file before that: {earliest} is the first day")]
    TooEarly {
        /// The first day that is not.
        earliest: Date,
    },
    /// Banks do not take a file so long before.
    #[error("banks do not take a file so long before: {latest} is the last day")]
    TooLate {
        /// The last day that is not.
        latest: Date,
    },
    /// Banks do not settle on it.
    #[error("banks do not settle on that day")]
    Closed,
}

/// Whether a file that is made today can ask for its debits on a day.
pub fn check_collect_on(day: Date, today: Date) -> Result<(), CollectOnRefused> {
    let (earliest, latest) = (days_after(today, LEAD_DAYS), days_after(today, AHEAD_DAYS));
    if day < earliest {
        return Err(CollectOnRefused::TooEarly { earliest });
    }
    if latest < day {
        return Err(CollectOnRefused::TooLate { latest });
    }
    if is_open(day) { Ok(()) } else { Err(CollectOnRefused::Closed) }
}

fn days_after(day: Date, days: i64) -> Date {
    day.saturating_add(days.days())
}

/// Whether euros are settled on a day. Source: the European Central Bank's calendar of its settlement
/// system: closed on weekends, New Year's Day, Good Friday, Easter Monday, 1 May, 25 and 26 December.
fn is_open(day: Date) -> bool {
    let fixed = matches!((day.month(), day.day()), (1 | 5, 1) | (12, 25 | 26));
    let weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
    let easter = easter(day.year());
    let around = easter.is_some_and(|easter| day == days_after(easter, -2) || day == days_after(easter, 1));
    !fixed && !weekend && !around
}

/// Easter Sunday of a year, by the Gregorian computus in its anonymous form.
fn easter(year: i16) -> Option<Date> {
    let y = i32::from(year);
    let (golden, century, rest) = (y % 19, y / 100, y % 100);
    let moon = (19 * golden + century - century / 4 - (century - (century + 8) / 25 + 1) / 3 + 15) % 30;
    let weekday = (32 + 2 * (century % 4) + 2 * (rest / 4) - moon - rest % 4) % 7;
    let shift = (golden + 11 * moon + 22 * weekday) / 451;
    let days = moon + weekday - 7 * shift + 114;
    Date::new(year, i8::try_from(days / 31).ok()?, i8::try_from(days % 31 + 1).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn date(text: &str) -> Date {
        text.parse().expect("a date")
    }

    #[test]
    fn banks_are_closed_on_weekends_and_six_days_of_the_year() {
        for day in
            ["2027-01-01", "2027-03-26", "2027-03-29", "2028-05-01", "2028-12-25", "2028-12-26", "2027-03-13"]
        {
            assert!(!is_open(date(day)), "{day}");
        }
        for day in ["2027-03-25", "2027-03-30", "2027-05-03", "2027-12-24", "2027-07-14"] {
            assert!(is_open(date(day)), "{day}");
        }
        for (year, sunday) in
            [(2024, "2024-03-31"), (2025, "2025-04-20"), (2026, "2026-04-05"), (2038, "2038-04-25")]
        {
            assert_eq!(easter(year), Some(date(sunday)));
        }
    }

    #[test]
    fn a_day_is_neither_too_near_nor_too_far() {
        let check =
            |day: &str, expected| assert_eq!(check_collect_on(date(day), date("2027-03-08")), expected);
        check("2027-03-09", Err(CollectOnRefused::TooEarly { earliest: date("2027-03-10") }));
        check("2027-03-10", Ok(()));
        check("2027-03-13", Err(CollectOnRefused::Closed));
        check("2027-03-22", Ok(()));
        check("2027-03-23", Err(CollectOnRefused::TooLate { latest: date("2027-03-22") }));
    }

    proptest! {
        #[test]
        fn there_is_always_a_day_to_collect_on(offset in 0_i64..36_500) {
            let today = days_after(date("2020-01-01"), offset);
            let days = (0..=20).map(|ahead| days_after(today, ahead));
            let open = days.filter(|day| check_collect_on(*day, today).is_ok()).count();
            prop_assert!((6..=11).contains(&open), "{}: {}", today, open);
            let easter = easter(today.year()).expect("a date");
            prop_assert_eq!(easter.weekday(), Weekday::Sunday);
            let span = Date::constant(today.year(), 3, 22)..=Date::constant(today.year(), 4, 25);
            prop_assert!(span.contains(&easter), "{}", easter);
        }
    }
}
