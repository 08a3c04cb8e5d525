//! Money: whole minor units of one ISO 4217 currency, never a float.

use std::fmt;
use std::iter;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A currency that prices may be set in, with its minor units from ISO 4217.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[allow(missing_docs)] // the codes are the standard's own names
pub enum Currency {
    Eur,
    Gbp,
    Jpy,
    Kwd,
    Tnd,
    Usd,
    Xaf,
}

impl Currency {
    /// Digits behind the point: JPY and XAF 0, KWD and TND 3, the others 2 (ISO 4217, list one).
    pub const fn minor_digits(self) -> u32 {
        match self {
            Self::Jpy | Self::Xaf => 0,
            Self::Eur | Self::Gbp | Self::Usd => 2,
            Self::Kwd | Self::Tnd => 3,
        }
    }

    /// The three letters.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Eur => "EUR",
            Self::Gbp => "GBP",
            Self::Jpy => "JPY",
            Self::Kwd => "KWD",
            Self::Tnd => "TND",
            Self::Usd => "USD",
            Self::Xaf => "XAF",
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Why two amounts could not be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MoneyError {
    /// A sum never mixes currencies.
    #[error("{left} and {right} cannot be added")]
    Mixed {
        /// Currency of the first amount.
        left: Currency,
        /// Currency of the second amount.
        right: Currency,
    },
    /// The sum does not fit 64 bits of minor units.
    #[error("the sum is too large")]
    TooLarge,
}

/// An amount: `{"amount_minor": 30000, "currency": "GBP"}` is 300 pounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// Pence, cents, yen: the currency's smallest unit.
    pub amount_minor: i64,
    /// What the units are of.
    pub currency: Currency,
}

impl Money {
    /// So many minor units.
    pub const fn minor(amount_minor: i64, currency: Currency) -> Self {
        Self { amount_minor, currency }
    }

    /// Nothing, in a currency.
    pub const fn zero(currency: Currency) -> Self {
        Self::minor(0, currency)
    }

    /// Whether nothing is owed.
    pub const fn is_zero(self) -> bool {
        self.amount_minor == 0
    }

    /// The sum of two amounts of one currency.
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::Mixed { left: self.currency, right: other.currency });
        }
        let sum = self.amount_minor.checked_add(other.amount_minor).ok_or(MoneyError::TooLarge)?;
        Ok(Self::minor(sum, self.currency))
    }

    /// What is left of this amount after another.
    pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
        let negated = other.amount_minor.checked_neg().ok_or(MoneyError::TooLarge)?;
        self.plus(Self::minor(negated, other.currency))
    }

    /// This amount so many times.
    pub fn times(self, count: u32) -> Result<Self, MoneyError> {
        let product = self.amount_minor.checked_mul(i64::from(count)).ok_or(MoneyError::TooLarge)?;
        Ok(Self::minor(product, self.currency))
    }

    /// So many of so many equal parts of this amount, to the minor unit, half up: 13 of 30 days, 20 %.
    pub fn part(self, numerator: u64, denominator: u64) -> Result<Self, MoneyError> {
        let (amount, numerator) = (i128::from(self.amount_minor), i128::from(numerator));
        // Without parts there is no part of them.
        let denominator = i128::from(denominator.max(1));
        let doubled = amount.checked_mul(numerator).and_then(|product| product.checked_mul(2));
        let rounded =
            doubled.ok_or(MoneyError::TooLarge)?.saturating_add(denominator).div_euclid(2 * denominator);
        let amount_minor = i64::try_from(rounded).map_err(|_| MoneyError::TooLarge)?;
        Ok(Self::minor(amount_minor, self.currency))
    }

    /// The smaller of two amounts of one currency.
    pub fn at_most(self, other: Self) -> Result<Self, MoneyError> {
        Ok(if self.minus(other)?.amount_minor > 0 { other } else { self })
    }

    /// The sum of all, which must share `currency`.
    pub fn sum(currency: Currency, amounts: impl IntoIterator<Item = Self>) -> Result<Self, MoneyError> {
        amounts.into_iter().try_fold(Self::zero(currency), Self::plus)
    }
}

/// As people read it: `GBP 3,600.00`, `JPY 58,000`, `KWD 115.500`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scale = 10_u64.pow(self.currency.minor_digits());
        let minor = self.amount_minor.unsigned_abs();
        let sign = if self.amount_minor < 0 { "-" } else { "" };
        write!(f, "{} {sign}{}", self.currency, grouped(minor / scale))?;
        match self.currency.minor_digits() {
            0 => Ok(()),
            digits => write!(f, ".{:0width$}", minor % scale, width = digits as usize),
        }
    }
}

/// A number with a comma between thousands: `75,000,000`.
pub fn grouped(mut whole: u64) -> String {
    let mut groups = Vec::from_iter(iter::from_fn(|| {
        (whole >= 1000).then(|| {
            let group = whole % 1000;
            whole /= 1000;
            format!("{group:03}")
        })
    }));
    groups.push(whole.to_string());
    groups.reverse();
    groups.join(",")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_amount_reads_as_people_write_it() {
        let check = |minor, currency, text: &str| assert_eq!(Money::minor(minor, currency).to_string(), text);
        check(360_000, Currency::Gbp, "GBP 3,600.00");
        check(58_000, Currency::Jpy, "JPY 58,000");
        check(115_500, Currency::Kwd, "KWD 115.500");
        check(-5, Currency::Eur, "EUR -0.05");
        check(100_000_000_000, Currency::Usd, "USD 1,000,000,000.00");
    }

    #[test]
    fn currencies_never_mix() {
        let mixed = Money::minor(1, Currency::Gbp).plus(Money::minor(1, Currency::Eur));
        assert_eq!(mixed, Err(MoneyError::Mixed { left: Currency::Gbp, right: Currency::Eur }));
    }

    #[test]
    fn a_part_is_rounded_half_up() {
        let check = |minor, numerator, denominator, expected| {
            let part = Money::minor(minor, Currency::Eur).part(numerator, denominator);
            assert_eq!(
                part,
                Ok(Money::minor(expected, Currency::Eur)),
                "{minor} * {numerator}/{denominator}"
            );
        };
        check(1, 1, 2, 1);
        check(1, 1, 3, 0);
        check(5, 1, 2, 3);
        check(30_000, 27, 31, 26_129);
        check(9_999, 70, 100, 6_999);
        check(0, 1, 0, 0);
        check(i64::MAX, 1, 1, i64::MAX);
        assert_eq!(Money::minor(i64::MAX, Currency::Eur).part(2, 1), Err(MoneyError::TooLarge));
    }

    proptest! {
        #[test]
        fn a_part_and_its_rest_lie_within_one_unit(minor in 0_i64..1_000_000_000_000, parts in 1_u64..10_000, share in 0_u64..10_000) {
            let share = share.min(parts);
            let whole = Money::minor(minor, Currency::Eur);
            let (part, rest) = (whole.part(share, parts).expect("fits"), whole.part(parts - share, parts).expect("fits"));
            let sum = part.plus(rest).expect("fits").amount_minor;
            prop_assert!((minor..=minor + 1).contains(&sum));
            prop_assert!(part.amount_minor <= minor);
        }

        #[test]
        fn taking_away_undoes_adding(a in any::<i32>(), b in any::<i32>()) {
            let (a, b) = (Money::minor(a.into(), Currency::Eur), Money::minor(b.into(), Currency::Eur));
            prop_assert_eq!(a.plus(b).and_then(|sum| sum.minus(b)), Ok(a));
        }
    }
}
