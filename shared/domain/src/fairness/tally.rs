//! What verdicts came to, counted.

use std::iter::Sum;
use std::ops::Add;

use super::SAID_MIN;
use super::chance::{Share, wilson};
use super::fact::{AppealEnd, JuryFact};
use crate::defense::Overall;

/// How many defenses came to what. Tallies of different defenses add up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// All.
    pub defenses: u64,
    /// Passed at once.
    pub passed: u64,
    /// Passed but for something to upload.
    pub conditional: u64,
    /// Not passed.
    pub failed: u64,
    /// Appealed in vain.
    pub upheld: u64,
    /// Turned by an appeal; the juror's own verdict counts above.
    pub overturned: u64,
}

impl Tally {
    /// Of one defense.
    pub fn of(fact: &JuryFact) -> Self {
        let is = |outcome| u64::from(fact.outcome == outcome);
        let ended = |end| u64::from(fact.appeal == Some(end));
        Self {
            defenses: 1,
            passed: is(Overall::Passed),
            conditional: is(Overall::Conditional),
            failed: is(Overall::Failed),
            upheld: ended(AppealEnd::Upheld),
            overturned: ended(AppealEnd::Overturned),
        }
    }

    /// The share that passed at once, with its interval; nothing where there are too few to say.
    pub fn pass_share(&self) -> Option<Share> {
        (self.defenses >= SAID_MIN).then(|| wilson(self.passed, self.defenses))
    }
}

impl Add for Tally {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            defenses: self.defenses + other.defenses,
            passed: self.passed + other.passed,
            conditional: self.conditional + other.conditional,
            failed: self.failed + other.failed,
            upheld: self.upheld + other.upheld,
            overturned: self.overturned + other.overturned,
        }
    }
}

impl Sum for Tally {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), Add::add)
    }
}
