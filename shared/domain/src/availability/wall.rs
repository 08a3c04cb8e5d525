//! Weekdays and times of day as people write them: `tue`, `18:00`, and `24:00` as an end.

use std::fmt;

use jiff::civil::{self, Time};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A day of the week: `mon` to `sun`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // the days' own names
pub enum Weekday {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

impl From<Weekday> for civil::Weekday {
    fn from(weekday: Weekday) -> Self {
        match weekday {
            Weekday::Mon => Self::Monday,
            Weekday::Tue => Self::Tuesday,
            Weekday::Wed => Self::Wednesday,
            Weekday::Thu => Self::Thursday,
            Weekday::Fri => Self::Friday,
            Weekday::Sat => Self::Saturday,
            Weekday::Sun => Self::Sunday,
        }
    }
}

impl From<civil::Weekday> for Weekday {
    fn from(weekday: civil::Weekday) -> Self {
        match weekday {
            civil::Weekday::Monday => Self::Mon,
            civil::Weekday::Tuesday => Self::Tue,
            civil::Weekday::Wednesday => Self::Wed,
            civil::Weekday::Thursday => Self::Thu,
            civil::Weekday::Friday => Self::Fri,
            civil::Weekday::Saturday => Self::Sat,
            civil::Weekday::Sunday => Self::Sun,
        }
    }
}

/// The text is not a time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidTimeOfDay {
    /// When something starts.
    #[error("expected a time from 00:00 to 23:59, written HH:MM")]
    Start,
    /// When something ends.
    #[error("expected a time from 00:01 to 24:00, written HH:MM")]
    End,
}

/// A minute of the day at which something starts, `00:00` to `23:59`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LocalTime(u16);

/// A minute of the day at which something ends, `00:01` to `24:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EndTime(u16);

const MINUTES_A_DAY: u16 = 24 * 60;

/// The minute that `HH:MM` names, if hours and minutes are two digits each and below 60.
fn minute_of_day(text: &str) -> Option<u16> {
    let digits = |text: &str| {
        let plain = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        if plain { text.parse::<u16>().ok() } else { None }
    };
    let (hours, minutes) = text.split_once(':')?;
    let (hours, minutes) = (digits(hours)?, digits(minutes)?);
    (minutes < 60).then_some(hours * 60 + minutes)
}

impl LocalTime {
    /// The first minute of the day.
    pub const MIDNIGHT: Self = Self(0);

    /// The minute that a clock on the wall shows; seconds are dropped.
    pub fn of(time: Time) -> Self {
        Self(u16::from(time.hour().unsigned_abs()) * 60 + u16::from(time.minute().unsigned_abs()))
    }

    /// The beginning of an hour of the day, of the last one where there is no such hour.
    pub const fn hour(hour: u8) -> Self {
        Self(if hour < 24 { hour as u16 * 60 } else { 23 * 60 })
    }

    /// Minutes since midnight.
    pub const fn minute(self) -> u16 {
        self.0
    }

    /// What a clock on the wall shows then.
    pub fn time(self) -> Time {
        Time::midnight() + jiff::SignedDuration::from_mins(i64::from(self.0))
    }
}

impl EndTime {
    /// The end of the day.
    pub const MIDNIGHT: Self = Self(MINUTES_A_DAY);

    /// Minutes since midnight.
    pub const fn minute(self) -> u16 {
        self.0
    }

    /// The same minute as a time of that day; nothing at its end.
    pub const fn of_the_day(self) -> Option<LocalTime> {
        if self.0 < MINUTES_A_DAY { Some(LocalTime(self.0)) } else { None }
    }
}

impl TryFrom<String> for LocalTime {
    type Error = InvalidTimeOfDay;

    fn try_from(text: String) -> Result<Self, InvalidTimeOfDay> {
        let minute = minute_of_day(&text).filter(|minute| *minute < MINUTES_A_DAY);
        minute.map(Self).ok_or(InvalidTimeOfDay::Start)
    }
}

impl TryFrom<String> for EndTime {
    type Error = InvalidTimeOfDay;

    fn try_from(text: String) -> Result<Self, InvalidTimeOfDay> {
        let minute = minute_of_day(&text).filter(|minute| (1..=MINUTES_A_DAY).contains(minute));
        minute.map(Self).ok_or(InvalidTimeOfDay::End)
    }
}

impl fmt::Display for LocalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl fmt::Display for EndTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl From<LocalTime> for String {
    fn from(time: LocalTime) -> Self {
        time.to_string()
    }
}

impl From<EndTime> for String {
    fn from(time: EndTime) -> Self {
        time.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_day_is_two_digits_twice() {
        for text in ["00:00", "18:05", "23:59"] {
            assert_eq!(LocalTime::try_from(text.to_owned()).map(String::from), Ok(text.to_owned()));
        }
        for text in ["24:00", "12:60", "8:00", "08:0", "0800", "08:00:00", "+8:00", "", "é8:00"] {
            assert_eq!(LocalTime::try_from(text.to_owned()), Err(InvalidTimeOfDay::Start), "{text}");
        }
    }

    #[test]
    fn only_an_end_may_be_the_end_of_the_day() {
        for text in ["00:01", "21:00", "24:00"] {
            assert_eq!(EndTime::try_from(text.to_owned()).map(String::from), Ok(text.to_owned()));
        }
        for text in ["00:00", "24:01", "99:00"] {
            assert_eq!(EndTime::try_from(text.to_owned()), Err(InvalidTimeOfDay::End), "{text}");
        }
    }

    #[test]
    fn a_weekday_is_three_letters() {
        assert_eq!(serde_json::to_string(&Weekday::Tue).expect("a word"), r#""tue""#);
        assert!(serde_json::from_str::<Weekday>(r#""tuesday""#).is_err());
    }
}
