//! Whether juries judge alike: what jurors say beside mentors, who passes how many, and where that is more
//! than chance.
//!
//! [`JuryFacts`] come in, [`Fairness`] comes out: the same facts in any order give the same answer to the
//! last digit. Students are not in it, jurors are by their ids, and a share of fewer than [`SAID_MIN`] is not
//! said.
//!
//! A defense counts as passed where the juror passed it at once; one passed under a condition has a count of
//! its own. Jurors are compared with the others on the same editions and projects, editions and markets with
//! the others on the same projects, so that whoever gets the hard ones is not blamed for them. What differs
//! is an [`Alarm`], a reason to watch recordings together and no finding: that two differ does not say who is
//! right.

mod fact; // what a defense tells
mod tally; // counts that add up
mod agreement; // mentor and juror on one criterion
mod chance; // the only floating-point numbers
mod compare; // how a group stands
mod drift; // since when
mod others; // the same work before others
mod family; // all of a kind beside each other
mod alarm; // what is worth a look, in words

#[cfg(test)]
mod example;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

pub use agreement::{CriterionAgreement, Words};
pub use alarm::{Alarm, AlarmKind, percent};
pub use chance::{Coefficient, ControlLimits, Share};
pub use compare::{Compared, Group, Level, Standing};
pub use fact::{AppealEnd, JurorWord, JuryFact, JuryFacts, Pair, TooManyFacts};
pub use tally::Tally;

use family::standings;
use others::Kind;

/// The most defenses that are compared at once.
pub const FACTS_MAX: usize = 100_000;

/// The fewest defenses of which a share is said; of fewer, a verdict more or less moves it by ten points.
pub const SAID_MIN: u64 = 10;

/// The fewest defenses of others on the same work that somebody is compared with.
pub const OTHERS_MIN: u64 = 20;

/// The smallest difference worth an alarm, in thousandths of the defenses: of thousands, chance can be ruled
/// out for differences that nobody would notice.
pub const DIFFERENCE_MIN_PER_MILLE: u64 = 50;

/// What the facts come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fairness {
    /// All defenses.
    pub school: Tally,
    /// Each criterion that both a mentor and a juror judged, by project.
    pub criteria: Vec<CriterionAgreement>,
    /// Each juror, by id.
    pub jurors: Vec<Standing>,
    /// Each edition, by its word.
    pub editions: Vec<Standing>,
    /// Each market, by its code.
    pub markets: Vec<Standing>,
    /// What is worth a look: jurors, then editions, then markets; of each, the farthest off first.
    pub alarms: Vec<Alarm>,
}

impl Fairness {
    /// Of these facts.
    pub fn of(facts: &JuryFacts) -> Self {
        let jurors = standings(facts, Kind::Juror, &[]);
        let mut alarms = alarm::raised(&jurors);
        // What one juror does is said of the juror, and not of an edition again.
        let found = Vec::from_iter(alarms.iter().filter_map(Alarm::juror));
        let editions = standings(facts, Kind::Edition, &found);
        let markets = standings(facts, Kind::Market, &found);
        alarms.extend(alarm::raised(&editions).into_iter().chain(alarm::raised(&markets)));
        Self {
            school: facts.iter().map(Tally::of).sum(),
            criteria: agreement::by_criterion(facts),
            alarms,
            jurors,
            editions,
            markets,
        }
    }

    /// Between what rates somebody who judges as the school does stays with so many defenses; nothing while
    /// the school's own rate cannot be said.
    pub fn control_limits(&self, defenses: u64) -> Option<ControlLimits> {
        self.school.pass_share()?;
        Some(chance::control_limits(self.school.passed, self.school.defenses, defenses))
    }
}
