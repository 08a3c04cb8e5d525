//! Offsets from UTC as people write them: `+01:00`.

use std::fmt;
use std::str::FromStr;

use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::Offset;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// An offset that says which of two equal wall times is meant, such as `+01:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UtcOffset(Offset);

/// The text is not an offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("expected an offset such as +01:00")]
pub struct InvalidOffset;

impl From<UtcOffset> for Offset {
    fn from(offset: UtcOffset) -> Self {
        offset.0
    }
}

impl From<Offset> for UtcOffset {
    fn from(offset: Offset) -> Self {
        Self(offset)
    }
}

impl FromStr for UtcOffset {
    type Err = InvalidOffset;

    fn from_str(text: &str) -> Result<Self, InvalidOffset> {
        let offset = BrokenDownTime::parse("%:z", text).ok().and_then(|time| time.offset());
        offset.map(Self).ok_or(InvalidOffset)
    }
}

impl TryFrom<String> for UtcOffset {
    type Error = InvalidOffset;

    fn try_from(text: String) -> Result<Self, InvalidOffset> {
        text.parse()
    }
}

impl fmt::Display for UtcOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.seconds();
        let sign = if seconds < 0 { '-' } else { '+' };
        let minutes = seconds.unsigned_abs() / 60;
        write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

impl From<UtcOffset> for String {
    fn from(offset: UtcOffset) -> Self {
        offset.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_reads_back_as_it_is_written() {
        for text in ["+00:00", "+01:00", "-05:00", "+05:45", "-03:30"] {
            assert_eq!(text.parse::<UtcOffset>().map(|offset| offset.to_string()), Ok(text.to_owned()));
        }
        for text in ["CET", "1", "+1", "", "+01:00[Europe/Paris]"] {
            assert_eq!(text.parse::<UtcOffset>(), Err(InvalidOffset), "{text}");
        }
    }
}
