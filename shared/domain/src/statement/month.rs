//! The month that a statement is over, on the calendar of who pays.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::time::{InvalidTime, Zone};

/// A month of the calendar: `2027-03`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Month(Date);

/// The text is no month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("expected a month such as 2027-03")]
pub struct InvalidMonth;

impl Month {
    /// The month of a date.
    pub fn of(date: Date) -> Self {
        Self(date.first_of_month())
    }

    /// Its first date.
    pub const fn first(self) -> Date {
        self.0
    }

    /// The first date behind it.
    pub fn end(self) -> Date {
        let last = self.0.last_of_month();
        last.tomorrow().unwrap_or(last)
    }

    /// Its first instant, and the first behind it.
    pub fn span(self, zone: &Zone) -> Result<(Timestamp, Timestamp), InvalidTime> {
        Ok((zone.start_of(self.first())?, zone.start_of(self.end())?))
    }

    /// The months whose statements may be open at an instant, the earlier first: the one before, until it
    /// is closed, and this one.
    pub fn open_at(zone: &Zone, now: Timestamp, days: u32) -> Vec<Self> {
        let today = Self::of(zone.date_at(now));
        let before = today.first().yesterday().ok().map(Self::of);
        let before =
            before.filter(|before| before.closes_at(zone, days).is_ok_and(|closes_at| now < closes_at));
        before.into_iter().chain([today]).collect()
    }

    /// When its statements are closed: so many days after its end.
    pub fn closes_at(self, zone: &Zone, days: u32) -> Result<Timestamp, InvalidTime> {
        let date = self.end().checked_add(i64::from(days).days());
        zone.start_of(date.map_err(|_| InvalidTime::OutsideCalendar)?)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.0.year(), self.0.month())
    }
}

impl FromStr for Month {
    type Err = InvalidMonth;

    fn from_str(text: &str) -> Result<Self, InvalidMonth> {
        let date: Date = format!("{text}-01").parse().map_err(|_| InvalidMonth)?;
        // Dates have other spellings; a month has one.
        Some(Self(date)).filter(|month| month.to_string() == text).ok_or(InvalidMonth)
    }
}

impl TryFrom<String> for Month {
    type Error = InvalidMonth;

    fn try_from(text: String) -> Result<Self, InvalidMonth> {
        text.parse()
    }
}

impl From<Month> for String {
    fn from(month: Month) -> Self {
        month.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_reads_back_as_it_is_written() {
        let month: Month = "2028-02".parse().expect("a month");
        assert_eq!(month.to_string(), "2028-02");
        assert_eq!(
            (month.first().to_string(), month.end().to_string()),
            ("2028-02-01".into(), "2028-03-01".into())
        );
        for text in ["2028-2", "2028-13", "2028-02-01", "202802", "", "+2028-02", "2028-00"] {
            assert_eq!(text.parse::<Month>(), Err(InvalidMonth), "{text}");
        }
    }

    #[test]
    fn a_month_is_open_until_some_days_after_it() {
        let check = |now: &str, open: &[&str]| {
            let paris = "Europe/Paris".parse().expect("a zone");
            let months = Month::open_at(&paris, now.parse().expect("an instant"), 3);
            assert_eq!(Vec::from_iter(months.iter().map(Month::to_string)), open, "{now}");
        };
        check("2027-04-03T21:59:59Z", &["2027-03", "2027-04"]);
        check("2027-04-03T22:00:00Z", &["2027-04"]);
        check("2027-03-31T21:59:59Z", &["2027-03"]);
        check("2027-03-31T22:00:00Z", &["2027-03", "2027-04"]);
    }

    #[test]
    fn a_month_begins_and_ends_on_the_wall_of_who_pays() {
        let month: Month = "2027-03".parse().expect("a month");
        let check = |zone: &str, from: &str, to: &str, closes_at: &str| {
            let zone: Zone = zone.parse().expect("a zone");
            let at = |text: &str| text.parse::<Timestamp>().expect("an instant");
            assert_eq!(month.span(&zone), Ok((at(from), at(to))));
            assert_eq!(month.closes_at(&zone, 3), Ok(at(closes_at)));
        };
        // Between these two ends the clocks of Paris go forward.
        check("Europe/Paris", "2027-02-28T23:00:00Z", "2027-03-31T22:00:00Z", "2027-04-03T22:00:00Z");
        check("Asia/Tokyo", "2027-02-28T15:00:00Z", "2027-03-31T15:00:00Z", "2027-04-03T15:00:00Z");
    }
}
