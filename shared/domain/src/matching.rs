//! The right mentor for every student: the largest matching there is, and of those the one worth most.
//!
//! It knows students and mentors as numbers only. A [`Problem`] is a sparse [`Graph`] of who could study
//! with whom and what that is worth, less the pairs that stay. It is solved in three steps: a maximum
//! matching says which mentors are scarce; what that leaves falls into markets; in each of them an auction
//! puts prices on seats. The prices are a [`Certificate`], with which anyone can check how much more
//! another answer could be worth.

mod cardinality; // the largest number of students that can be placed
mod graph; // who could study with whom, and what it is worth
mod problem; // the graph less the pairs that stay

mod auction; // seats go to who bids most
mod market; // students and mentors whom nothing connects to others
mod reverse; // mentors lower the prices of seats that nobody took
mod whole; // prices in whole values

mod certificate; // why no answer is worth more

pub use certificate::{Bound, Certificate};
pub use graph::{Edge, Graph, GraphBuilder, InvalidGraph, VALUE_MAX};
pub use problem::{InvalidPin, Problem};

use auction::Cleared;
use market::{Members, Split};
use rayon::prelude::*;

/// How near to the optimum an answer has to be, and what decides between equals. By default it is the
/// optimum.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Parameters {
    /// The gap at which an auction may stop, in millionths of the value.
    pub gap_millionths: u32,
    /// Decides between answers of one value; the same seed gives the same answer.
    pub seed: u64,
}

/// Who studies with whom. The pairs that stay are in `mentors` but in none of the counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matching {
    /// Each student's mentor.
    pub mentors: Vec<Option<u32>>,
    /// Who has none, and why, by number.
    pub unplaced: Vec<Unplaced>,
    /// How many students were placed: as many as can be.
    pub placed: u64,
    /// What their pairs are worth together.
    pub value: i64,
    /// What no matching of as many students can be worth more than.
    pub bound: i64,
    /// Why that is so.
    pub certificate: Certificate,
}

/// A student without a mentor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unplaced {
    /// Who.
    pub student: u32,
    /// Why.
    pub reason: Reason,
}

/// Why a student has no mentor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// No mentor comes into question.
    NoCandidate,
    /// The seats of all who do are taken by others.
    Capacity,
    /// Some would, but have no hour in common with the student: for the caller, who left them out, to say.
    NoOverlap,
}

impl Matching {
    /// What may be missing to the best answer.
    pub const fn gap(&self) -> i64 {
        self.bound - self.value
    }
}

impl Problem {
    /// Places as many students as can be and, of the ways to do so, takes one worth the most, or as near to
    /// that as the parameters ask. Markets are cleared in parallel; the answer is the same for any number
    /// of threads.
    pub fn solve(&self, parameters: &Parameters) -> Matching {
        let scarce = cardinality::scarce_mentors(self);
        let (markets, number_of) = Split::new(self, &scarce).members();
        let clear =
            |members: Members| members.market(self, &scarce, &number_of, parameters.seed).clear(parameters);
        let cleared: Vec<Cleared> = markets.into_par_iter().map(clear).collect();

        let mut mentors = self.pinned().to_vec();
        let mut prices = vec![0; self.seats().len()];
        for market in cleared {
            for (student, mentor) in market.places {
                mentors[student as usize] = Some(mentor);
            }
            for (mentor, price) in market.prices {
                prices[mentor as usize] = price;
            }
        }
        self.matching(mentors, Certificate { prices, scarce })
    }
}

#[cfg(test)]
mod tests;
