//! Facts for the tests, and chance with a seed.

use jiff::ToSpan;
use jiff::civil::{Date, date};

use super::*;
use crate::assessment::Met;
use crate::defense::Overall;
use crate::id::{DefenseId, PersonId};

/// Numbers that look like chance and are the same each time (SplitMix64).
pub struct Seeded(pub u64);

impl Seeded {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// One of so many.
    pub fn below(&mut self, count: u64) -> u64 {
        self.next() % count
    }

    /// What happens so often of a thousand times.
    pub fn happens(&mut self, per_mille: u64) -> bool {
        self.below(1_000) < per_mille
    }
}

pub fn juror(number: u64) -> PersonId {
    PersonId::derived(&["juror", &number.to_string()])
}

pub fn day(number: u64) -> Date {
    date(2027, 1, 4).saturating_add(i64::try_from(number).expect("a day").days())
}

/// A defense of a project of an edition in Great Britain, judged by a juror on a day.
pub fn fact(number: u64, by: u64, on: u64, passed: bool) -> JuryFact {
    let pair =
        |juror| Pair { criterion: "responsive".parse().expect("a slug"), mentor: Met::Acquired, juror };
    let (outcome, word) = match passed {
        true => (Overall::Passed, JurorWord::Acquired),
        false => (Overall::Failed, JurorWord::NotYet),
    };
    JuryFact {
        defense: DefenseId::derived(&[&number.to_string()]),
        decided_on: day(on),
        juror: juror(by),
        mentor: PersonId::derived(&["mentor"]),
        edition: "web-gb".parse().expect("a slug"),
        market: "GB".parse().expect("a country"),
        project: "portfolio-site".parse().expect("a slug"),
        outcome,
        pairs: vec![pair(word)],
        appeal: None,
    }
}

pub fn gathered(facts: impl IntoIterator<Item = JuryFact>) -> JuryFacts {
    JuryFacts::of(facts).expect("not too many")
}

/// A juror's defenses, one a day: the first so many passed, the others not.
pub fn judged(by: u64, passed: u64, failed: u64) -> impl Iterator<Item = JuryFact> {
    (0..passed + failed).map(move |it| fact(by * 100_000 + it, by, it, it < passed))
}

/// A juror's defenses, one a day, with those not passed spread evenly.
pub fn spread(by: u64, passed: u64, failed: u64) -> impl Iterator<Item = JuryFact> {
    let all = passed + failed;
    (0..all).map(move |it| fact(by * 100_000 + it, by, it, (it + 1) * passed / all > it * passed / all))
}
