//! A juror, an edition or a market beside the others on the same work.
//!
//! What is compared is a count: how many of a group's defenses were passed, and how many would have been at
//! the others' rates on the same work (indirect standardization).

use std::fmt;

use jiff::civil::Date;

use super::tally::Tally;
use crate::catalog::Country;
use crate::id::{EditionId, PersonId};

/// Whose verdicts are counted together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Those of one juror.
    Juror(PersonId),
    /// Those on students of one edition.
    Edition(EditionId),
    /// Those on students of one market.
    Market(Country),
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Juror(juror) => write!(f, "juror {juror}"),
            Self::Edition(edition) => write!(f, "edition {edition}"),
            Self::Market(market) => write!(f, "market {market}"),
        }
    }
}

/// How a group stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Who.
    pub group: Group,
    /// All its defenses.
    pub tally: Tally,
    /// Beside the others, over all; nothing where there are too few to say.
    pub level: Option<Level>,
    /// Since it began to differ from the others, where it does now and that is no chance.
    pub drift: Option<Compared>,
}

/// A group beside the others, over all its defenses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// How many were passed, and would have been.
    pub compared: Compared,
    /// How often chance makes a difference that large, in millionths.
    pub chance_per_million: u64,
    /// Whether that is too seldom to be chance, where so many are compared.
    pub exceeds_chance: bool,
}

/// What was passed, and what would have been at the others' rates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compared {
    /// The day of the first defense.
    pub since: Date,
    /// How many that others judged enough of.
    pub defenses: u64,
    /// How many of them were passed at once.
    pub passed: u64,
    /// How many would have been, in millionths of one.
    pub expected_millionths: u64,
}

impl Compared {
    /// Nothing yet.
    pub(super) const fn new(since: Date) -> Self {
        Self { since, defenses: 0, passed: 0, expected_millionths: 0 }
    }

    /// One more.
    pub(super) fn count(&mut self, passed: bool, expected_per_million: u64) {
        self.defenses += 1;
        self.passed += u64::from(passed);
        self.expected_millionths += expected_per_million;
    }

    /// The share that was passed.
    pub fn passed_per_mille(&self) -> u64 {
        (2_000 * self.passed + self.defenses) / (2 * self.defenses).max(1)
    }

    /// The share that would have been.
    pub fn expected_per_mille(&self) -> u64 {
        (2 * self.expected_millionths + 1_000 * self.defenses) / (2_000 * self.defenses).max(1)
    }

    /// How many more of a thousand were passed; below zero, fewer.
    pub fn difference_per_mille(&self) -> i64 {
        self.passed_per_mille().cast_signed() - self.expected_per_mille().cast_signed()
    }
}
