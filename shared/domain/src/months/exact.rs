//! Lengths that are shared and scaled before they are rounded: exact fractions of a month.

use super::Months;

/// A length in months, exact: what is added up of shares of lengths, and rounded once at the end.
///
/// Fractions are kept in lowest terms within 128 bits, which the paths of a catalog never fill; one
/// that did would go on from its hundredths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExactMonths {
    /// In hundredths of a month,
    numerator: u128,
    /// divided by this, which is never 0.
    denominator: u128,
}

impl ExactMonths {
    /// No time at all.
    pub const ZERO: Self = Self { numerator: 0, denominator: 1 };

    /// Both lengths together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let sum = || {
            let denominator = self.denominator.checked_mul(other.denominator)?;
            let (own, its) = (
                self.numerator.checked_mul(other.denominator)?,
                other.numerator.checked_mul(self.denominator)?,
            );
            Some(Self { numerator: own.checked_add(its)?, denominator }.in_lowest_terms())
        };
        sum().unwrap_or_else(|| self.rounded().plus(other.rounded()).into())
    }

    /// This length times a fraction.
    #[must_use]
    pub fn times(self, numerator: u32, denominator: u32) -> Self {
        let product = || {
            let numerator = self.numerator.checked_mul(numerator.into())?;
            let denominator = self.denominator.checked_mul(denominator.max(1).into())?;
            Some(Self { numerator, denominator }.in_lowest_terms())
        };
        product().unwrap_or_else(|| self.rounded().scaled(numerator, denominator).into())
    }

    /// The length to the hundredth, rounded half up.
    pub fn rounded(self) -> Months {
        let (whole, rest) = (self.numerator / self.denominator, self.numerator % self.denominator);
        let up = u128::from(rest >= self.denominator - rest);
        Months(u32::try_from(whole + up).unwrap_or(u32::MAX))
    }

    fn in_lowest_terms(self) -> Self {
        let divisor = greatest_divisor(self.numerator, self.denominator);
        Self { numerator: self.numerator / divisor, denominator: self.denominator / divisor }
    }
}

impl From<Months> for ExactMonths {
    fn from(months: Months) -> Self {
        Self { numerator: months.0.into(), denominator: 1 }
    }
}

/// The greatest number that divides both; `other` is not 0.
const fn greatest_divisor(number: u128, other: u128) -> u128 {
    let (mut larger, mut smaller) = (number, other);
    while smaller != 0 {
        (larger, smaller) = (smaller, larger % smaller);
    }
    larger
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn three_thirds_are_a_whole() {
        let third = ExactMonths::from(Months::whole(2)).times(1, 3);
        assert_eq!(third.rounded(), Months::hundredths(67));
        assert_eq!(third.plus(third).plus(third).rounded(), Months::whole(2));
    }

    #[test]
    fn halves_round_up() {
        let check = |hundredths, numerator, denominator, rounded| {
            let exact = ExactMonths::from(Months::hundredths(hundredths)).times(numerator, denominator);
            assert_eq!(exact.rounded(), Months::hundredths(rounded));
        };
        check(1, 1, 2, 1);
        check(1, 49, 100, 0);
        check(5, 3, 2, 8);
        check(7, 0, 3, 0);
        check(60_000, u32::MAX, 1, u32::MAX);
    }

    #[test]
    fn what_128_bits_cannot_hold_goes_on_from_its_hundredths() {
        let primes = [4_294_967_291_u32, 4_294_967_279, 4_294_967_231, 4_294_967_197, 4_294_967_189];
        let share = |prime: &u32| ExactMonths::from(Months::whole(2)).times(prime / 2, *prime);
        let sum = primes.iter().map(share).fold(ExactMonths::ZERO, ExactMonths::plus);
        assert_eq!(sum.rounded(), Months::whole(5));
    }

    proptest! {
        #[test]
        fn a_length_cut_into_shares_adds_up_to_itself(hundredths in 0_u32..=60_000, shares in 1_u32..100) {
            let whole = ExactMonths::from(Months::hundredths(hundredths));
            let sum = (0..shares).fold(ExactMonths::ZERO, |sum, _| sum.plus(whole.times(1, shares)));
            prop_assert_eq!(sum, whole);
        }

        #[test]
        fn rounding_keeps_the_order(one in 0_u32..=60_000, more in 0_u32..100, numerator in 0_u32..100, denominator in 1_u32..100) {
            let scaled = |hundredths| ExactMonths::from(Months::hundredths(hundredths)).times(numerator, denominator);
            prop_assert!(scaled(one).rounded() <= scaled(one + more).rounded());
        }
    }
}
