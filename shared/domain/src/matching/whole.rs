//! Prices in whole values, and how near they prove an answer to be to the optimum.

use super::auction::Auction;
use super::market::NOBODY;

impl Auction<'_> {
    /// The prices over the scale, rounded so that nothing is lost once epsilon is one.
    ///
    /// Then no two of the prices and nothing differ by more than one over what a whole number of values
    /// allows. They leave one remainder of the scale unused, since it is larger than their number; rounded
    /// down from there, that one is less than what rounding takes away, and prices prove the optimum.
    pub(super) fn whole_prices(&self) -> Vec<i64> {
        let mut used = vec![false; self.scale as usize];
        used[0] = true;
        for price in &self.prices {
            used[price.rem_euclid(self.scale) as usize] = true;
        }
        let unused = used.iter().position(|used| !used).unwrap_or(0) as i64;
        let whole = |price: i64| (price - unused).div_euclid(self.scale);
        self.prices.iter().map(|price| whole(*price) - whole(0)).collect()
    }

    /// Whether the market's value is within so many millionths of what such prices prove.
    pub(super) fn is_near(&self, whole_prices: &[i64], gap_millionths: u32) -> bool {
        let market = self.market;
        let (mut value, mut bound) = (0, 0);
        for (seats, price) in market.seats.iter().zip(whole_prices) {
            bound += i128::from(*seats) * i128::from(*price);
        }
        for (student, (mentor, held)) in (0..).zip(&self.held) {
            value += if *mentor == NOBODY { 0 } else { i128::from(*held) };
            let pairs = market.by_student.row(student).iter();
            let profits = pairs.map(|(mentor, value)| i64::from(*value) - whole_prices[*mentor as usize]);
            let best = profits.max().unwrap_or(0);
            bound += i128::from(if market.scarce { best.max(0) } else { best });
        }
        (bound - value) * 1_000_000 <= value * i128::from(gap_millionths)
    }
}
