//! Part of a month: what a period that stopped early is worth, by civil days and never by seconds.

use jiff::civil::Date;

use super::{Period, days_between};
use crate::money::{Money, MoneyError};

/// The used and the unused part of what a period cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proration {
    /// What is kept.
    pub used: Money,
    /// What is given back: the rest.
    pub unused: Money,
    /// Days from the first that is given back to the end.
    pub unused_days: u32,
    /// Days of the whole period.
    pub period_days: u32,
}

/// Splits a period's price where it stopped: `unused_from` is the first date that is given back, so the
/// day before it was used and is charged.
///
/// `used = half_up(price * days used / days of the period)`, and the rest is unused.
pub fn prorate(price: Money, period: &Period, unused_from: Date) -> Result<Proration, MoneyError> {
    let period_days = period.days();
    let used_days = days_between(period.from, unused_from).min(period_days);
    let used = price.part(used_days.into(), period_days.into())?;
    Ok(Proration { used, unused: price.minus(used)?, unused_days: period_days - used_days, period_days })
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;
    use proptest::prelude::*;

    use super::*;
    use crate::billing::Segment;
    use crate::money::Currency::{Gbp, Jpy, Kwd};

    fn date(text: &str) -> Date {
        text.parse().expect("a date")
    }

    #[test]
    fn a_part_of_a_month_is_counted_in_civil_days() {
        let check = |price: Money, from: &str, unused_from: &str, used: i64, unused: i64| {
            let period = Segment::new(1, date(from)).period(0);
            let split = prorate(price, &period, date(unused_from)).expect("fits");
            let parts = (split.used.amount_minor, split.unused.amount_minor);
            assert_eq!(parts, (used, unused), "{price} from {from} until {unused_from}");
        };
        let pounds = Money::minor(30_000, Gbp);
        // Completion on 10 April in London: 27 of 31 days, whatever the clocks did on 28 March.
        check(pounds, "2026-03-15", "2026-04-11", 26_129, 3_871);
        // Taken back on day 9 of 30.
        check(pounds, "2027-04-01", "2027-04-10", 9_000, 21_000);
        check(Money::minor(58_000, Jpy), "2027-04-01", "2027-04-14", 25_133, 32_867);
        check(Money::minor(115_500, Kwd), "2027-01-01", "2027-01-08", 26_081, 89_419);
        // Before the first day, and after the last.
        check(pounds, "2027-04-01", "2027-03-20", 0, 30_000);
        check(pounds, "2027-04-01", "2027-05-01", 30_000, 0);
        check(pounds, "2027-04-01", "2027-06-01", 30_000, 0);
    }

    proptest! {
        #[test]
        fn used_and_unused_are_the_price(minor in 0_i64..10_000_000, start in 0_i32..80_000, k in 0_u32..40, day in -5_i32..40) {
            let period = Segment::new(1, date("1900-01-01").saturating_add(start.days())).period(k);
            let price = Money::minor(minor, Gbp);
            let split = prorate(price, &period, period.from.saturating_add(day.days())).expect("fits");
            prop_assert_eq!(split.used.plus(split.unused), Ok(price));
            prop_assert!(split.used.amount_minor >= 0 && split.unused.amount_minor >= 0);
            prop_assert_eq!(split.period_days, period.days());
        }

        #[test]
        fn a_later_stop_never_costs_less(start in 0_i32..80_000, day in 0_i32..31) {
            let period = Segment::new(1, date("1900-01-01").saturating_add(start.days())).period(0);
            let used = |day: i32| {
                let from = period.from.saturating_add(day.days());
                prorate(Money::minor(29_999, Gbp), &period, from).expect("fits").used.amount_minor
            };
            prop_assert!(used(day) <= used(day + 1));
        }

        #[test]
        fn whole_months_cost_their_number_times_the_price(start in 0_i32..80_000, months in 1_u32..48) {
            let segment = Segment::new(1, date("1900-01-01").saturating_add(start.days()));
            let price = Money::minor(30_000, Gbp);
            let each = (0..months).map(|k| {
                let period = segment.period(k);
                prorate(price, &period, period.to).expect("fits").used
            });
            prop_assert_eq!(Money::sum(Gbp, each), price.times(months));
        }
    }
}
