//! Lengths in months: whole hundredths inside, a decimal string (`"6.0"`) outside.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

mod exact; // fractions, until they are rounded once

pub use exact::ExactMonths;

/// A length in months, exact to a hundredth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Months(u32);

/// The text is not a length in months.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("expected a number of months such as \"6.0\", with at most two decimals and at most 600")]
pub struct InvalidMonths;

impl Months {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// Fifty years: more than any path, and what keeps sums far from overflow.
    pub const MAX: Self = Self(60_000);

    /// So many hundredths of a month.
    pub const fn hundredths(hundredths: u32) -> Self {
        Self(hundredths)
    }

    /// So many whole months.
    pub const fn whole(months: u32) -> Self {
        Self(months * 100)
    }

    /// The length in hundredths of a month.
    pub const fn as_hundredths(self) -> u32 {
        self.0
    }

    /// Months begun: a started month is owed in full.
    pub const fn started(self) -> u32 {
        self.0.div_ceil(100)
    }

    /// Both lengths together.
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// What is left of this length, never less than nothing.
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// This length times a fraction, rounded half up to the hundredth.
    pub fn scaled(self, numerator: u32, denominator: u32) -> Self {
        ExactMonths::from(self).times(numerator, denominator).rounded()
    }
}

impl fmt::Display for Months {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0 / 100, self.0 % 100) {
            (whole, rest) if rest % 10 == 0 => write!(f, "{whole}.{}", rest / 10),
            (whole, rest) => write!(f, "{whole}.{rest:02}"),
        }
    }
}

impl FromStr for Months {
    type Err = InvalidMonths;

    fn from_str(text: &str) -> Result<Self, InvalidMonths> {
        let (whole, rest) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str, most: usize| {
            (1..=most).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit())
        };
        if !digits(whole, 3) || !digits(rest, 2) {
            return Err(InvalidMonths);
        }
        let tens = if rest.len() == 1 { 10 } else { 1 };
        let parse = |part: &str| part.parse::<u32>().map_err(|_| InvalidMonths);
        let months = Self(parse(whole)? * 100 + parse(rest)? * tens);
        if months > Self::MAX { Err(InvalidMonths) } else { Ok(months) }
    }
}

impl TryFrom<String> for Months {
    type Error = InvalidMonths;

    fn try_from(text: String) -> Result<Self, InvalidMonths> {
        text.parse()
    }
}

impl From<Months> for String {
    fn from(months: Months) -> Self {
        months.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn months_are_written_with_a_decimal() {
        assert_eq!(Months::whole(6).to_string(), "6.0");
        assert_eq!(Months::hundredths(1150).to_string(), "11.5");
        assert_eq!(Months::hundredths(1125).to_string(), "11.25");
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", ".", "6.", ".5", "-1", "1e3", "6,0", "6.005", "601", "1.0.0", " 6"] {
            assert_eq!(text.parse::<Months>(), Err(InvalidMonths), "{text}");
        }
    }

    #[test]
    fn a_started_month_counts_whole() {
        assert_eq!(Months::hundredths(1150).started(), 12);
        assert_eq!(Months::whole(6).started(), 6);
        assert_eq!(Months::ZERO.started(), 0);
    }

    proptest! {
        #[test]
        fn a_length_reads_back_as_itself(hundredths in 0_u32..=60_000) {
            let months = Months::hundredths(hundredths);
            prop_assert_eq!(months.to_string().parse(), Ok(months));
        }
    }
}
