//! Mentors lower the prices of seats that nobody took, and students move where that is better for them.
//!
//! The reverse auction for problems in which one side is larger (Bertsekas and Castañon 1992). Nobody
//! loses a seat by it, and who moves gains epsilon at least, so it ends.

use std::collections::VecDeque;

use super::auction::Auction;
use super::market::NOBODY;

impl Auction<'_> {
    /// Sells the free seats: all of them where seats are scarce, else those that cost anything.
    pub(super) fn sell_what_is_left(&mut self) {
        let all = 0..self.market.mentors.len() as u32;
        let mut sellers: VecDeque<u32> = all.filter(|mentor| self.has_to_sell(*mentor)).collect();
        let mut waits = vec![false; self.market.mentors.len()];
        sellers.iter().for_each(|mentor| waits[*mentor as usize] = true);
        let mut offers = Vec::new();
        while let Some(seller) = sellers.pop_front() {
            waits[seller as usize] = false;
            self.lower_price(seller, &mut offers);
            for (_, student, value) in offers.drain(..) {
                let (left, _) = std::mem::replace(&mut self.held[student as usize], (seller, value));
                self.taken[seller as usize] += 1;
                if left == NOBODY {
                    continue;
                }
                self.taken[left as usize] -= 1;
                if !waits[left as usize] && self.has_to_sell(left) {
                    waits[left as usize] = true;
                    sellers.push_back(left);
                }
            }
        }
    }

    fn has_to_sell(&self, mentor: u32) -> bool {
        let mentor = mentor as usize;
        self.taken[mentor] < self.market.seats[mentor] && (self.market.scarce || self.prices[mentor] > 0)
    }

    /// Lowers a mentor's price until the free seats are wanted, or cost nothing. Leaves in `offers` who
    /// takes them: for how much, and what the pair is worth.
    fn lower_price(&mut self, mentor: u32, offers: &mut Vec<(i64, u32, i32)>) {
        let lowest = if self.market.scarce { i64::MIN } else { 0 };
        let free = (self.market.seats[mentor as usize] - self.taken[mentor as usize]) as usize;
        for (student, value) in self.market.by_mentor.row(mentor) {
            if self.held[*student as usize].0 != mentor {
                let offer = i64::from(*value) * self.scale - self.profit(*student) - self.epsilon;
                if offer >= lowest {
                    offers.push((offer, *student, *value));
                }
            }
        }
        let price = if offers.len() > free {
            let (_, next, _) = offers.select_nth_unstable_by(free, |one, other| other.cmp(one));
            let price = next.0;
            offers.truncate(free);
            price
        } else if self.market.scarce {
            offers.iter().map(|(offer, _, _)| *offer).min().unwrap_or(self.prices[mentor as usize])
        } else {
            lowest
        };
        self.prices[mentor as usize] = price.min(self.prices[mentor as usize]);
    }
}
