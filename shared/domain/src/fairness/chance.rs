//! What chance alone does to shares and counts: the only floating-point numbers of the topic.
//!
//! They are added, multiplied, divided and rooted, which IEEE 754 defines to the last bit, and leave as whole
//! thousandths or millionths: the answers are the same on every machine.

use super::agreement::Words;

/// The square of how many standard deviations hold 95 %: 1.96.
const Z_SQUARED: f64 = 3.841_459;

/// How many standard deviations hold 95 %; with 99.8 % the customary limits of a funnel plot.
const Z_INNER: f64 = 1.959_964;

/// How many hold 99.8 %.
const Z_OUTER: f64 = 3.090_232;

/// Counts added to each cell of a table before an interval of it is made: all agreeing in ten is no proof.
const HALF: f64 = 0.5;

/// Probabilities so small beside the largest are left out.
const NEGLIGIBLE: f64 = 1e-18;

/// How the odds of not passing change in the juries that a watch looks for: by two and a half either way, so
/// that of ten students not two fail but four.
const ODDS: f64 = 2.5;

/// How much likelier what was seen has to be with those odds before a watch alarms. Somebody who judges as
/// the others do is above it at most once in 200 looks for each of the two directions, as far as the others'
/// rates are known (Ville's inequality, read backwards from the look).
const LIKELIER: f64 = 200.0;

/// A share with its Wilson interval, in thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// As counted.
    pub per_mille: u64,
    /// Where its 95 % interval begins.
    pub low_per_mille: u64,
    /// Where it ends.
    pub high_per_mille: u64,
}

/// A measure of agreement with its interval, in thousandths from -1,000 to 1,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coefficient {
    /// As counted.
    pub per_mille: i64,
    /// Where its 95 % interval begins.
    pub low_per_mille: i64,
    /// Where it ends.
    pub high_per_mille: i64,
}

/// Between what shares somebody who judges as the school does stays, in thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ControlLimits {
    /// With 95 %: from, to.
    pub inner_per_mille: (u64, u64),
    /// With 99.8 %: from, to.
    pub outer_per_mille: (u64, u64),
}

/// A share with Wilson's score interval, which is right for small counts and never leaves 0 to 1.
pub(super) fn wilson(hits: u64, of: u64) -> Share {
    let (hits, of) = (float(hits), float(of.max(1)));
    let share = hits / of;
    let middle = share + Z_SQUARED / (2.0 * of);
    let reach = (Z_SQUARED * (share * (1.0 - share) + Z_SQUARED / (4.0 * of)) / of).sqrt();
    let whole = 1.0 + Z_SQUARED / of;
    Share {
        per_mille: per_mille(share),
        low_per_mille: per_mille((middle - reach) / whole),
        high_per_mille: per_mille((middle + reach) / whole),
    }
}

/// The limits around a share: what is outside them has a Wilson interval without it.
pub(super) fn control_limits(hits: u64, of: u64, defenses: u64) -> ControlLimits {
    let share = float(hits) / float(of.max(1));
    let deviation = (share * (1.0 - share) / float(defenses.max(1))).sqrt();
    let around = |z: f64| (per_mille(share - z * deviation), per_mille(share + z * deviation));
    ControlLimits { inner_per_mille: around(Z_INNER), outer_per_mille: around(Z_OUTER) }
}

/// Two raters' table, as shares of all pairs.
struct Table {
    count: f64,
    both: f64,
    /// Where only the mentor saw it, and where only the juror did.
    apart: [f64; 2],
    neither: f64,
}

impl Table {
    fn of(words: &Words, added: f64) -> Self {
        let count = float(words.judged()) + 4.0 * added;
        let share = |count_of: u64| (float(count_of) + added) / count;
        let apart = [share(words.mentor_only), share(words.juror_only)];
        Self { count, both: share(words.both), apart, neither: share(words.neither) }
    }

    fn agreed(&self) -> f64 {
        self.both + self.neither
    }

    /// How often the mentor and the juror say "acquired".
    fn acquired(&self) -> (f64, f64) {
        (self.both + self.apart[0], self.both + self.apart[1])
    }

    /// AC1 and its variance, by Gwet.
    fn ac1(&self) -> (f64, f64) {
        let (mentor, juror) = self.acquired();
        let word = f64::midpoint(mentor, juror);
        let by_chance = 2.0 * word * (1.0 - word);
        let beyond = (self.agreed() - by_chance) / (1.0 - by_chance);
        let left = 1.0 - beyond;
        let agreed = self.agreed();
        let single = self.both * (1.0 - word) + self.neither * word;
        let squared = self.both * square(1.0 - word)
            + self.neither * square(word)
            + 0.25 * (self.apart[0] + self.apart[1]);
        let spread = agreed * (1.0 - agreed) - 4.0 * left * (single - agreed * by_chance)
            + 4.0 * square(left) * (squared - square(by_chance));
        (beyond, spread / (self.count * square(1.0 - by_chance)))
    }

    /// Kappa and its variance, by Fleiss, Cohen and Everitt.
    fn kappa(&self) -> (f64, f64) {
        let (mentor, juror) = self.acquired();
        let by_chance = mentor * juror + (1.0 - mentor) * (1.0 - juror);
        let beyond = (self.agreed() - by_chance) / (1.0 - by_chance);
        let left = 1.0 - beyond;
        let same = self.both * square(1.0 - (mentor + juror) * left)
            + self.neither * square(1.0 - (2.0 - mentor - juror) * left);
        let apart =
            self.apart[0] * square(juror + 1.0 - mentor) + self.apart[1] * square(1.0 - juror + mentor);
        let spread = same + square(left) * apart - square(beyond - by_chance * left);
        (beyond, spread / (self.count * square(1.0 - by_chance)))
    }
}

/// Gwet's AC1, with an interval.
pub(super) fn ac1(words: &Words) -> Coefficient {
    coefficient(Table::of(words, 0.0).ac1().0, Table::of(words, HALF).ac1())
}

/// Cohen's kappa, with an interval; the words must not all be the same.
pub(super) fn kappa(words: &Words) -> Coefficient {
    coefficient(Table::of(words, 0.0).kappa().0, Table::of(words, HALF).kappa())
}

/// A measure as it is, with the interval of a table that half a count was added to in each cell: it holds the
/// true value in 19 of 20 tables of ten and more, where the plain one has no width once all agree.
fn coefficient(value: f64, (middle, variance): (f64, f64)) -> Coefficient {
    let reach = (Z_SQUARED * variance.max(0.0)).sqrt();
    let signed = |it: f64| whole(1_000.0 * it.clamp(-1.0, 1.0));
    Coefficient {
        per_mille: signed(value),
        low_per_mille: signed((middle - reach).min(value)),
        high_per_mille: signed((middle + reach).max(value)),
    }
}

/// How a count spreads by chance: the probability of each value from the lowest on.
pub(super) struct Spread {
    lowest: u64,
    chances: Vec<f64>,
}

impl Spread {
    /// Zero, for sure.
    pub(super) fn zero() -> Self {
        Self { lowest: 0, chances: vec![1.0] }
    }

    /// How many of `own` pass where `passed` of `all` did and it is chance which (hypergeometric).
    fn drawn(own: u64, all: u64, passed: u64) -> Self {
        let (low, high) = ((own + passed).saturating_sub(all), own.min(passed));
        let likeliest = ((own + 1) * (passed + 1) / (all + 2)).clamp(low, high);
        // One more by chance, against as many: each value follows from the one beside it.
        let up = |it: u64| {
            float(passed - it) * float(own - it) / (float(it + 1) * float(all + it + 1 - passed - own))
        };
        let rising = walk(likeliest..high, up);
        let falling = walk((low..likeliest).rev(), |it| 1.0 / up(it));
        let lowest = likeliest - falling.len() as u64;
        let chances = falling.into_iter().rev().chain([1.0]).chain(rising).collect();
        Self { lowest, chances }.normal()
    }

    /// With another count on top: `own` defenses of a kind of which `passed` of `all` were passed.
    pub(super) fn with(&self, own: u64, all: u64, passed: u64) -> Self {
        let other = Self::drawn(own, all, passed);
        let mut chances = vec![0.0; self.chances.len() + other.chances.len() - 1];
        for (at, one) in self.chances.iter().enumerate() {
            for (beside, two) in other.chances.iter().enumerate() {
                chances[at + beside] += one * two;
            }
        }
        Self { lowest: self.lowest + other.lowest, chances }.trimmed()
    }

    /// How often chance goes at least so far from the middle to either side, in millionths rounded up.
    pub(super) fn two_sided_per_million(&self, seen: u64) -> u64 {
        let values = self.chances.iter().enumerate().map(|(at, chance)| (self.lowest + at as u64, chance));
        let (mut below, mut above) = (0.0, 0.0);
        for (value, chance) in values {
            below += if value <= seen { *chance } else { 0.0 };
            above += if value >= seen { *chance } else { 0.0 };
        }
        let both = (2.0 * f64::min(below, above)).min(1.0);
        whole((1e6 * both).ceil()).max(1).unsigned_abs()
    }

    /// Without values that never come.
    fn trimmed(mut self) -> Self {
        while self.chances.last().is_some_and(|it| *it < NEGLIGIBLE) {
            self.chances.pop();
        }
        let never = self.chances.iter().take_while(|it| **it < NEGLIGIBLE).count();
        self.chances.drain(..never);
        self.lowest += never as u64;
        self
    }

    fn normal(mut self) -> Self {
        let sum: f64 = self.chances.iter().sum();
        self.chances.iter_mut().for_each(|it| *it /= sum);
        self
    }
}

/// The weights beside a weight of one, until they are negligible.
fn walk(values: impl Iterator<Item = u64>, ratio: impl Fn(u64) -> f64) -> Vec<f64> {
    let weights = values.scan(1.0, |weight, value| {
        *weight *= ratio(value);
        Some(*weight)
    });
    weights.take_while(|weight| *weight > NEGLIGIBLE).collect()
}

/// Which way somebody drifts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// To fewer passes.
    Stricter,
    /// To more.
    Milder,
}

/// How much likelier the last defenses are by a drift than by the others' rates: Page's cumulative sum, as
/// the likelihood itself and not its logarithm.
pub(super) struct Watch {
    odds: f64,
    likelier: f64,
}

impl Watch {
    pub(super) const fn new(way: Way) -> Self {
        let odds = match way {
            Way::Stricter => ODDS,
            Way::Milder => 1.0 / ODDS,
        };
        Self { odds, likelier: 1.0 }
    }

    /// Sees a verdict where the others pass so many of a million.
    pub(super) fn see(&mut self, passed: bool, expected_per_million: u64) {
        let failing = 1.0 - float(expected_per_million) / 1e6;
        let now = if passed { 1.0 } else { self.odds };
        let factor = now / (1.0 - failing + self.odds * failing);
        // Bounded: what was long ago is not held against anybody for longer than it took to notice.
        self.likelier = (self.likelier * factor).clamp(1.0, LIKELIER * LIKELIER);
    }

    /// Whether nothing so far speaks for a drift.
    pub(super) fn is_calm(&self) -> bool {
        self.likelier <= 1.0
    }

    /// Whether it is time to say so.
    pub(super) fn alarms(&self) -> bool {
        self.likelier >= LIKELIER
    }
}

const fn square(number: f64) -> f64 {
    number * number
}

/// A share in whole thousandths.
fn per_mille(share: f64) -> u64 {
    whole(1_000.0 * share.clamp(0.0, 1.0)).unsigned_abs()
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
const fn float(count: u64) -> f64 {
    count as f64
}

#[expect(clippy::cast_possible_truncation, reason = "within a million, and rounded")]
fn whole(number: f64) -> i64 {
    number.round() as i64
}
