//! A billing run: the invoices of every period that begins on one civil date.
//!
//! A date begins in one zone after another, over 26 hours. So a run looks each time it begins for some
//! of its enrollments, bills those, and is done when the date has begun everywhere. It is split into
//! shards by enrollment; each keeps its own count.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::Offset;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use crate::id::{EnrollmentId, RunId};
use crate::money::{Money, MoneyError};

/// The most parked enrollments that a shard names; more are only counted.
const PARKED_NAMED_MAX: usize = 100;

/// One shard's share of a run, and how far it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunShard {
    /// The run.
    pub run: RunId,
    /// Which share of the enrollments.
    pub shard: u16,
    /// The date whose periods are billed.
    pub on: Date,
    /// Whether it writes invoices or only counts them.
    pub mode: RunMode,
    /// Whether nothing is left to look at.
    pub done: bool,
    /// What it came to.
    pub tally: Tally,
    /// Enrollments that could not be billed when it looked last, with the reason; the first hundred.
    pub parked: BTreeMap<EnrollmentId, String>,
    /// How many those are.
    pub parked_count: u64,
}

/// Whether a run writes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "mode")]
pub enum RunMode {
    /// It writes invoices.
    Bill,
    /// It only counts what it would write.
    DryRun {
        /// The enrollment behind which it goes on counting.
        after: Option<EnrollmentId>,
    },
}

/// A number of invoices and their sums.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// How many.
    pub invoices: u64,
    /// Their sums, one per currency, in the order of their codes.
    pub totals: Vec<Money>,
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunState {
    /// It has looked, or will, and will look again.
    Running,
    /// The date has begun everywhere and nothing is left.
    Done,
    /// The same, but some enrollments could not be billed.
    DoneWithParked,
}

/// A whole run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunReport {
    /// Where it stands.
    pub state: RunState,
    /// What it came to.
    pub tally: Tally,
    /// Enrollments that could not be billed, with the reason; the first hundred of each shard.
    pub parked: BTreeMap<EnrollmentId, String>,
    /// How many those are.
    pub parked_count: u64,
}

impl RunId {
    /// The one run that writes the invoices of a date.
    pub fn of_date(on: Date) -> Self {
        Self::derived(&["billing", &on.to_string()])
    }
}

impl RunState {
    /// The state's word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::DoneWithParked => "done_with_parked",
        }
    }
}

impl Tally {
    /// This tally with one more invoice.
    pub fn and(mut self, total: Money) -> Result<Self, MoneyError> {
        self.invoices += 1;
        self.add(total)?;
        Ok(self)
    }

    /// The sum of two tallies.
    pub fn plus(mut self, other: &Self) -> Result<Self, MoneyError> {
        self.invoices += other.invoices;
        other.totals.iter().try_for_each(|total| self.add(*total))?;
        Ok(self)
    }

    fn add(&mut self, amount: Money) -> Result<(), MoneyError> {
        match self.totals.iter_mut().find(|total| total.currency == amount.currency) {
            Some(total) => *total = total.plus(amount)?,
            None => {
                self.totals.push(amount);
                self.totals.sort_unstable_by_key(|total| total.currency);
            }
        }
        Ok(())
    }
}

impl RunShard {
    /// A shard of the run that writes a date's invoices.
    pub fn of_date(on: Date, shard: u16) -> Self {
        Self::new(RunId::of_date(on), on, shard, RunMode::Bill)
    }

    /// A shard of a dry run.
    pub fn dry(run: RunId, on: Date, shard: u16) -> Self {
        Self::new(run, on, shard, RunMode::DryRun { after: None })
    }

    fn new(run: RunId, on: Date, shard: u16, mode: RunMode) -> Self {
        let (tally, parked) = (Tally::default(), BTreeMap::new());
        Self { run, shard, on, mode, done: false, tally, parked, parked_count: 0 }
    }

    /// Before it looks again at what is left: what was parked is tried again.
    #[must_use]
    pub fn looking_again(self) -> Self {
        Self { done: false, parked: BTreeMap::new(), parked_count: 0, ..self }
    }

    /// With the invoices of one more period.
    pub fn counted(self, totals: impl IntoIterator<Item = Money>) -> Result<Self, MoneyError> {
        let tally = totals.into_iter().try_fold(self.tally, Tally::and)?;
        Ok(Self { tally, ..self })
    }

    /// With an enrollment that cannot be billed.
    #[must_use]
    pub fn parking(mut self, enrollment: EnrollmentId, reason: String) -> Self {
        self.parked_count += 1;
        if self.parked.len() < PARKED_NAMED_MAX {
            self.parked.insert(enrollment, reason);
        }
        self
    }
}

impl RunReport {
    /// The sum of a run's shards.
    pub fn of<'a>(shards: impl IntoIterator<Item = &'a RunShard>) -> Result<Self, MoneyError> {
        let nothing =
            Self { state: RunState::Done, tally: Tally::default(), parked: BTreeMap::new(), parked_count: 0 };
        let mut report = shards.into_iter().try_fold(nothing, |report, shard| {
            let mut parked = report.parked;
            parked.extend(shard.parked.clone());
            Ok(Self {
                state: if shard.done { report.state } else { RunState::Running },
                tally: report.tally.plus(&shard.tally)?,
                parked,
                parked_count: report.parked_count + shard.parked_count,
            })
        })?;
        if report.state == RunState::Done && report.parked_count > 0 {
            report.state = RunState::DoneWithParked;
        }
        Ok(report)
    }
}

/// When a date begins for the first of all zones: UTC+14, Kiritimati's.
pub fn begins_anywhere_at(on: Date) -> Timestamp {
    start_at_offset(on, 14)
}

/// When a date has begun for the last of all zones: UTC-12, the sea's west of the date line.
pub fn begun_everywhere_at(on: Date) -> Timestamp {
    start_at_offset(on, -12)
}

fn start_at_offset(on: Date, hours: i8) -> Timestamp {
    let midnight = on.at(0, 0, 0, 0);
    // A date at the very end of the calendar never comes.
    Offset::constant(hours).to_timestamp(midnight).unwrap_or(Timestamp::MAX)
}

/// When a run that looked now has to look again: when its date begins for the next enrollment that
/// it found, and at last when it has begun everywhere; nothing once it has.
pub fn looks_again_at(on: Date, now: Timestamp, next_begins_at: Option<Timestamp>) -> Option<Timestamp> {
    let last = begun_everywhere_at(on);
    (now < last).then(|| next_begins_at.map_or(last, |begins_at| begins_at.min(last)))
}

/// The date whose run a month earlier is the one to compare with.
pub fn a_month_before(on: Date) -> Date {
    on.saturating_sub(1.month())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::money::Currency::{Eur, Gbp};
    use crate::time::Zone;

    fn date(text: &str) -> Date {
        text.parse().expect("a date")
    }

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    #[test]
    fn a_date_begins_over_26_hours() {
        assert_eq!(begins_anywhere_at(date("2027-02-07")), at("2027-02-06T10:00:00Z"));
        assert_eq!(begun_everywhere_at(date("2027-02-07")), at("2027-02-07T12:00:00Z"));
    }

    #[test]
    fn a_run_looks_when_its_date_begins_for_somebody_and_when_it_has_for_everybody() {
        let check = |now: &str, begins: Option<&str>, again: Option<&str>| {
            let begins = begins.map(at);
            assert_eq!(looks_again_at(date("2027-02-07"), at(now), begins), again.map(at), "{now}");
        };
        check("2027-02-06T10:00:00Z", Some("2027-02-06T11:00:00Z"), Some("2027-02-06T11:00:00Z"));
        check("2027-02-06T11:00:00Z", Some("2027-02-07T00:00:00Z"), Some("2027-02-07T00:00:00Z"));
        check("2027-02-07T00:00:00Z", None, Some("2027-02-07T12:00:00Z"));
        check("2027-02-07T12:00:00Z", None, None);
        check("2027-03-01T00:00:00Z", None, None);
    }

    #[test]
    fn no_zone_begins_a_date_earlier_or_later() {
        for name in ["Pacific/Kiritimati", "Pacific/Apia", "Pacific/Auckland", "Asia/Kathmandu", "Etc/GMT+12"]
        {
            let zone: Zone = name.parse().expect("a zone");
            let begins = zone.start_of(date("2027-02-07")).expect("in the calendar");
            assert!(begins_anywhere_at(date("2027-02-07")) <= begins, "{name}");
            assert!(begins <= begun_everywhere_at(date("2027-02-07")), "{name}");
        }
    }

    #[test]
    fn a_run_is_done_when_each_shard_is_and_says_what_it_parked() {
        let on = date("2027-02-07");
        let poison = EnrollmentId::derived(&["poison"]);
        let done = RunShard { done: true, ..RunShard::of_date(on, 0) };
        let open = RunShard::of_date(on, 1);
        let parked = RunShard { done: true, ..open.clone().parking(poison, "no price".into()) };
        let state = |shards: &[RunShard]| RunReport::of(shards).expect("sums").state;
        assert_eq!(state(&[done.clone(), open]), RunState::Running);
        assert_eq!(state(std::slice::from_ref(&done)), RunState::Done);
        assert_eq!(state(&[done, parked.clone()]), RunState::DoneWithParked);
        assert_eq!(parked.looking_again().parked_count, 0);
    }

    proptest! {
        #[test]
        fn what_shards_counted_is_what_the_run_counted(amounts in proptest::collection::vec((0_i64..1_000_000, any::<bool>(), 0_u16..4), 0..40)) {
            let on = date("2027-02-07");
            let mut shards = Vec::from_iter((0..4).map(|shard| RunShard::of_date(on, shard)));
            let mut whole = Tally::default();
            for (minor, pounds, shard) in amounts {
                let money = Money::minor(minor, if pounds { Gbp } else { Eur });
                let share = &mut shards[usize::from(shard)];
                *share = share.clone().counted([money]).expect("sums");
                whole = whole.and(money).expect("sums");
            }
            prop_assert_eq!(RunReport::of(&shards).expect("sums").tally, whole);
        }
    }
}
