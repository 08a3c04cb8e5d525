//! Distances from UTC: what decides whose waking hours overlap.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

const HOUR: i32 = 60;
const DAY: i32 = 24 * HOUR;

/// A band of time zones by its standard distance from UTC, such as `+05:30`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ZoneBand(i16);

/// The text is not a distance from UTC.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("expected a distance from UTC between \"-12:00\" and \"+14:00\", such as \"+05:30\"")]
pub struct InvalidBand;

impl ZoneBand {
    /// The western end of the map.
    pub const MIN: Self = Self(-12 * 60);
    /// The eastern end of the map.
    pub const MAX: Self = Self(14 * 60);

    /// So many minutes east of UTC.
    pub fn minutes(minutes: i16) -> Result<Self, InvalidBand> {
        let offset = Self(minutes);
        if (Self::MIN..=Self::MAX).contains(&offset) { Ok(offset) } else { Err(InvalidBand) }
    }

    /// How many minutes the clocks of two bands differ by, around the globe: 22:00 and 02:00 are four hours
    /// apart, whatever their dates.
    pub fn minutes_to(self, other: Self) -> u32 {
        let apart = (i32::from(self.0) - i32::from(other.0)).rem_euclid(DAY);
        apart.min(DAY - apart).unsigned_abs()
    }
}

impl fmt::Display for ZoneBand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { '-' } else { '+' };
        let minutes = i32::from(self.0).abs();
        write!(f, "{sign}{:02}:{:02}", minutes / HOUR, minutes % HOUR)
    }
}

impl FromStr for ZoneBand {
    type Err = InvalidBand;

    fn from_str(text: &str) -> Result<Self, InvalidBand> {
        let &[sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] = text.as_bytes() else {
            return Err(InvalidBand);
        };
        let two = |tens: u8, ones: u8| match (tens, ones) {
            (b'0'..=b'9', b'0'..=b'9') => Ok(i16::from(tens - b'0') * 10 + i16::from(ones - b'0')),
            _ => Err(InvalidBand),
        };
        let (hours, minutes) = (two(h1, h2)?, two(m1, m2)?);
        if minutes >= 60 {
            return Err(InvalidBand);
        }
        let east = hours * 60 + minutes;
        Self::minutes(if sign == b'-' { -east } else { east })
    }
}

impl TryFrom<String> for ZoneBand {
    type Error = InvalidBand;

    fn try_from(text: String) -> Result<Self, InvalidBand> {
        text.parse()
    }
}

impl From<ZoneBand> for String {
    fn from(offset: ZoneBand) -> Self {
        offset.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distance_is_read_strictly_and_written_as_it_was() {
        for text in ["+00:00", "-12:00", "+14:00", "+05:30", "-03:30"] {
            assert_eq!(text.parse::<ZoneBand>().expect(text).to_string(), text);
        }
        for text in ["", "0", "5:30", "+5:30", "+05:60", "+14:01", "-12:01", "+05:3x", "+99:99", "+05:30 "] {
            assert_eq!(text.parse::<ZoneBand>(), Err(InvalidBand), "{text}");
        }
    }

    #[test]
    fn clocks_differ_around_the_globe() {
        let check = |one: &str, other: &str, minutes: u32| {
            let [one, other] = [one, other].map(|text| text.parse::<ZoneBand>().expect(text));
            assert_eq!((one.minutes_to(other), other.minutes_to(one)), (minutes, minutes));
        };
        check("+01:00", "+01:00", 0);
        check("+01:00", "+05:30", 270);
        check("-08:00", "+03:00", 660);
        check("-11:00", "+12:00", 60);
        check("-10:00", "+14:00", 0);
    }
}
