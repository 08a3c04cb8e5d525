//! Seats go to who bids most: an auction with similar objects, in phases of a falling epsilon.
//!
//! A student bids for the mentor of the best profit (value less price) what makes it as good as the second
//! best, and epsilon more, so that no two bid for ever (Bertsekas 1988; Bertsekas and Castañon 1989 for
//! seats of one mentor as similar objects). A mentor's price is that of the cheapest seat. Each phase
//! divides epsilon and starts from the prices of the one before, so that scarce seats do not end in price
//! wars; seats that it leaves empty at too high a price are sold in reverse (see `reverse`). At the end of
//! a phase every student's profit is within epsilon of the best.
//!
//! All amounts are values times `scale`, which is two more than there are mentors: then an epsilon of one
//! is small enough that prices round to whole values that prove the optimum (see `whole_prices`).

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::Parameters;
use super::market::{Market, NOBODY};

/// Which part of the spread of values the first epsilon is: a larger one finds prices that the next phase throws
/// away, a smaller one begins price wars. The best of 5 to 640 on all sizes and kinds of the example.
const EPSILON_FIRST: i64 = 80;
/// What epsilon is divided by from phase to phase.
const EPSILON_DIVISOR: i64 = 5;

/// How a market was cleared, by the problem's numbers.
#[derive(Debug)]
pub(super) struct Cleared {
    /// Who was placed with whom.
    pub places: Vec<(u32, u32)>,
    /// What the mentors' seats cost, in whole values.
    pub prices: Vec<(u32, i64)>,
}

/// An auction under way.
pub(super) struct Auction<'a> {
    pub market: &'a Market,
    pub scale: i64,
    pub epsilon: i64,
    /// Each mentor's price: what the cheapest seat was sold for, or what a free one costs.
    pub prices: Vec<i64>,
    /// Each student's mentor, and what the pair is worth.
    pub held: Vec<(u32, i32)>,
    /// How many of each mentor's seats are taken.
    pub taken: Vec<u32>,
    /// What each mentor's taken seats were sold for, and to whom, while students bid.
    sold: Vec<BinaryHeap<Reverse<(i64, u32)>>>,
    /// The most that a bid adds to a price beyond epsilon: nobody's values are further apart.
    spread: i64,
}

impl Market {
    /// Sells the seats.
    pub fn clear(&self, parameters: &Parameters) -> Cleared {
        let mut auction = Auction::new(self);
        let prices = loop {
            auction.sell();
            auction.sell_what_is_left();
            let prices = auction.whole_prices();
            if auction.epsilon == 1 || auction.is_near(&prices, parameters.gap_millionths) {
                break prices;
            }
            auction.epsilon = (auction.epsilon / EPSILON_DIVISOR).max(1);
        };
        let places = self.students.iter().zip(&auction.held).filter(|(_, (mentor, _))| *mentor != NOBODY);
        Cleared {
            places: places.map(|(student, (mentor, _))| (*student, self.mentors[*mentor as usize])).collect(),
            prices: self.mentors.iter().copied().zip(prices).collect(),
        }
    }

    fn values(&self, student: u32) -> impl Iterator<Item = i64> {
        self.by_student.row(student).iter().map(|(_, value)| i64::from(*value))
    }

    /// How far a student's values are apart.
    fn spread(&self, student: u32) -> i64 {
        self.values(student).max().unwrap_or(0) - self.values(student).min().unwrap_or(0)
    }

    /// The price at which as many students as there are seats would want one, if each could have the best:
    /// near where prices end, so that an auction from there has no long way up.
    fn clearing_value(&self) -> i64 {
        let seats: u64 = self.seats.iter().map(|seats| u64::from(*seats)).sum();
        if !self.scarce || seats >= self.students.len() as u64 {
            return 0;
        }
        let best = |student| self.values(student).max().unwrap_or(0);
        let mut bests: Vec<i64> = (0..self.students.len() as u32).map(best).collect();
        *bests.select_nth_unstable_by(seats as usize, |one, other| other.cmp(one)).1
    }
}

impl<'a> Auction<'a> {
    fn new(market: &'a Market) -> Self {
        let (students, mentors) = (market.students.len(), market.mentors.len());
        let scale = mentors as i64 + 2;
        let spread = (0..students as u32).map(|student| market.spread(student)).max().unwrap_or(0);
        let spread = spread.max(1) * scale;
        Self {
            market,
            scale,
            epsilon: (spread / EPSILON_FIRST).max(1),
            prices: vec![market.clearing_value() * scale; mentors],
            held: vec![(NOBODY, 0); students],
            taken: vec![0; mentors],
            sold: vec![BinaryHeap::new(); mentors],
            spread,
        }
    }

    /// What a student has of the mentor whose seat is held, over its price.
    pub fn profit(&self, student: u32) -> i64 {
        let (mentor, value) = self.held[student as usize];
        if mentor == NOBODY { 0 } else { i64::from(value) * self.scale - self.prices[mentor as usize] }
    }

    /// All students bid, from the prices as they are, until each has a seat or wants none.
    fn sell(&mut self) {
        self.held.fill((NOBODY, 0));
        self.sold.iter_mut().for_each(BinaryHeap::clear);
        let mut bidders: VecDeque<u32> = (0..self.market.students.len() as u32).collect();
        while let Some(student) = bidders.pop_front() {
            if let Some(outbid) = self.bid(student) {
                bidders.push_back(outbid);
            }
        }
        for (taken, sold) in self.taken.iter_mut().zip(&self.sold) {
            *taken = sold.len() as u32;
        }
    }

    /// A student bids; who lost a seat by it.
    fn bid(&mut self, student: u32) -> Option<u32> {
        let (mut best, mut pair) = (i64::MIN, (NOBODY, 0));
        // Where seats are scarce, a student may also have none, at no profit.
        let mut second = if self.market.scarce { 0 } else { i64::MIN };
        for (mentor, value) in self.market.by_student.row(student) {
            let profit = i64::from(*value) * self.scale - self.prices[*mentor as usize];
            if profit > best {
                second = second.max(best);
                (best, pair) = (profit, (*mentor, *value));
            } else if profit > second {
                second = profit;
            }
        }
        if self.market.scarce && best < 0 {
            return None;
        }
        let mentor = pair.0 as usize;
        let second = second.max(best - self.spread);
        let offer = self.prices[mentor] + (best - second) + self.epsilon;
        self.held[student as usize] = pair;
        let (sold, seats) = (&mut self.sold[mentor], self.market.seats[mentor] as usize);
        if sold.len() < seats {
            sold.push(Reverse((offer, student)));
            if sold.len() == seats {
                self.prices[mentor] = cheapest(sold);
            }
            return None;
        }
        let mut seat = sold.peek_mut()?;
        let Reverse((_, outbid)) = std::mem::replace(&mut *seat, Reverse((offer, student)));
        drop(seat);
        self.prices[mentor] = cheapest(sold);
        self.held[outbid as usize] = (NOBODY, 0);
        Some(outbid)
    }
}

fn cheapest(sold: &BinaryHeap<Reverse<(i64, u32)>>) -> i64 {
    sold.peek().map_or(0, |Reverse((price, _))| *price)
}
