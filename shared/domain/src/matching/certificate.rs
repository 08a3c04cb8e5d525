//! Why no answer is worth more: prices that anyone can check in one pass over the graph.

use super::Problem;

/// The duals of a matching. Whoever has the problem can check them without knowing how they were found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The price of each mentor's seats. Only a scarce mentor's may be less than nothing.
    pub prices: Vec<i64>,
    /// Which mentors are scarce, so that all their seats are taken by students who have no other.
    pub scarce: Vec<bool>,
}

/// What a certificate proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound {
    /// No more students than this can be placed.
    pub placed: u64,
    /// No matching of exactly so many students is worth more than this.
    pub value: i64,
}

impl Certificate {
    /// What the certificate proves, by weak duality alone: it holds for any prices and any choice of scarce
    /// mentors, and is tight for good ones.
    ///
    /// Students who have a mentor that is not scarce and the seats of scarce mentors cover every pair, so
    /// no matching has more pairs than there are of both (König 1931). One that has as many takes one of
    /// them with each pair: no pair goes across, each such student is placed and each such seat is taken.
    /// So a student is worth the best of value less price on the own side, a seat is worth its price, and
    /// what may stay empty or unplaced is worth no less than nothing.
    pub fn bound(&self, problem: &Problem) -> Bound {
        let (mut placed, mut value) = (0, 0_i128);
        for ((seats, price), scarce) in problem.seats().iter().zip(&self.prices).zip(&self.scarce) {
            let price = if *scarce { *price } else { (*price).max(0) };
            value += i128::from(*seats) * i128::from(price);
            placed += if *scarce { u64::from(*seats) } else { 0 };
        }
        for student in 0..problem.students() {
            let (must_be_placed, edges) = problem.own_side(&self.scarce, student);
            let best = edges.map(|edge| i128::from(edge.value) - i128::from(self.price(edge.mentor))).max();
            placed += u64::from(must_be_placed);
            value += if must_be_placed { best.unwrap_or(0) } else { best.unwrap_or(0).max(0) };
        }
        Bound { placed, value: i64::try_from(value).unwrap_or(i64::MAX) }
    }

    fn price(&self, mentor: u32) -> i64 {
        let price = self.prices[mentor as usize];
        if self.scarce[mentor as usize] { price } else { price.max(0) }
    }
}
