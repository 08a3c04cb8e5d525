//! A billing run: the invoices of every period of one legal entity that begins on one civil date.
//!
//! A date begins in one zone after another, over 26 hours. So a run looks each time it begins for some
//! of its enrollments, drafts their invoices page by page, and is done when the date has begun
//! everywhere. It is split into shards by enrollment; each keeps its own count and cursor. A page's
//! drafts then get their numbers, and then their money is asked for.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::id::{EnrollmentId, RunId};
use crate::money::{Money, MoneyError};

mod dates; // when a date begins for whom
mod page; // invoices that are drafted and numbered together

pub use dates::{
    a_month_before, begins_anywhere_at, begun_everywhere_at, days_beginning_on, foreseen_at, looks_again_at,
};
pub(crate) use page::read;
pub use page::{InvalidLine, PageInvoice, PageStage, Rated, RunPage};

/// The most parked enrollments that a shard names; more are only counted.
const PARKED_NAMED_MAX: usize = 100;

/// The most invoices of a page: with its cursor and what it asks for, within one transaction.
pub const PAGE_INVOICES_MAX: usize = 90;

/// The most numbers that are claimed at once.
pub const BLOCK_NUMBERS_MAX: usize = 1_000;

/// A run of more invoices than this, drafted or foreseen, waits for finance where it differs from its
/// forecast. Source: the school's policy of January 2026.
pub const HELD_OVER_INVOICES: u64 = 100;

/// The part of its forecast, in percent, that such a run may differ by. Source: as above.
pub const HELD_OVER_PERCENT: u64 = 20;

/// One shard's share of a run, and how far it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunShard {
    /// The run.
    pub run: RunId,
    /// The legal entity that invoices.
    pub entity: String,
    /// Which share of the enrollments.
    pub shard: u16,
    /// The date whose periods are billed.
    pub on: Date,
    /// Whether it writes invoices or only counts them.
    pub mode: RunMode,
    /// Whether nothing is left to look at.
    pub done: bool,
    /// The instant that it is looking at, or looked at last.
    pub looked_at: Option<Timestamp>,
    /// The instant of the look before, whose enrollments are not looked at again; nothing where all are.
    pub looked_before: Option<Timestamp>,
    /// Whether this look goes over what was looked at before: its invoices may be there already.
    pub repeats: bool,
    /// The enrollment behind which it goes on looking.
    pub after: Option<ListedAt>,
    /// What it was to come to, by the instant at which the date begins for whom; nothing where nobody
    /// looked before the date began anywhere.
    #[serde(default)]
    pub forecast: Option<BTreeMap<Timestamp, Tally>>,
    /// Whether finance let it go on although it differs from its forecast.
    #[serde(default)]
    pub released: bool,
    /// How many pages it has drafted.
    pub pages: u64,
    /// What it came to.
    pub tally: Tally,
    /// Enrollments that could not be billed when it looked last, with the reason; the first hundred.
    pub parked: BTreeMap<EnrollmentId, String>,
    /// How many those are.
    pub parked_count: u64,
}

/// A place in the list of those whose months begin on a day of the month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedAt {
    /// The day of the month, 1 to 31.
    pub day: i8,
    /// Whose place it is.
    pub enrollment: EnrollmentId,
}

/// Whether a run writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "mode")]
pub enum RunMode {
    /// It writes invoices.
    Bill,
    /// It only counts what it would write.
    DryRun,
}

/// A number of invoices and their sums.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// How many.
    pub invoices: u64,
    /// Their sums, one per currency, in the order of their codes.
    pub totals: Vec<Money>,
}

/// Where a run stands. Of several runs together, the greatest of theirs says how far they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RunState {
    /// The date has begun everywhere and nothing is left.
    Done,
    /// The same, but some enrollments could not be billed.
    DoneWithParked,
    /// It has looked, or will, and will look again.
    Running,
    /// What it drafted differs from its forecast: finance releases it, or finds out why.
    WaitingForFinance,
}

/// A whole run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunReport {
    /// Where it stands.
    pub state: RunState,
    /// What it came to.
    pub tally: Tally,
    /// What it was to come to, by the instants that it has looked at; nothing where it was not foreseen.
    pub expected: Option<Tally>,
    /// Enrollments that could not be billed, with the reason; the first hundred of each shard.
    pub parked: BTreeMap<EnrollmentId, String>,
    /// How many those are.
    pub parked_count: u64,
}

impl RunId {
    /// The one run that writes a legal entity's invoices of a date.
    pub fn of(entity: &str, on: Date) -> Self {
        Self::derived(&["billing", entity, &on.to_string()])
    }

    /// All runs over a date together, as finance looks at them.
    pub fn of_date(on: Date) -> Self {
        Self::derived(&["billing", &on.to_string()])
    }
}

impl RunState {
    /// The state's word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::WaitingForFinance => "waiting_for_finance",
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

    /// Whether it is so far from what was expected that finance looks first: many invoices, and over a
    /// fifth more or less of them or of a currency's sum.
    pub fn differs_from(&self, expected: &Self) -> bool {
        if self.invoices.max(expected.invoices) <= HELD_OVER_INVOICES {
            return false;
        }
        let far = |found: i128, expected: i128| {
            (found - expected).abs() * 100 > expected.abs() * i128::from(HELD_OVER_PERCENT)
        };
        let of = |tally: &Self, currency| {
            let total = tally.totals.iter().find(|total| total.currency == currency);
            total.map_or(0, |total| i128::from(total.amount_minor))
        };
        let currencies = self.totals.iter().chain(&expected.totals).map(|total| total.currency);
        far(self.invoices.into(), expected.invoices.into())
            || currencies.into_iter().any(|currency| far(of(self, currency), of(expected, currency)))
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
    /// A shard of the run that writes a legal entity's invoices of a date.
    pub fn of_date(entity: &str, on: Date, shard: u16) -> Self {
        Self::new(RunId::of(entity, on), entity, on, shard, RunMode::Bill)
    }

    /// A shard of a dry run.
    pub fn dry(run: RunId, entity: &str, on: Date, shard: u16) -> Self {
        Self::new(run, entity, on, shard, RunMode::DryRun)
    }

    fn new(run: RunId, entity: &str, on: Date, shard: u16, mode: RunMode) -> Self {
        Self {
            run,
            entity: entity.to_owned(),
            shard,
            on,
            mode,
            done: false,
            looked_at: None,
            looked_before: None,
            repeats: mode == RunMode::DryRun,
            after: None,
            forecast: None,
            released: false,
            pages: 0,
            tally: Tally::default(),
            parked: BTreeMap::new(),
            parked_count: 0,
        }
    }

    /// Where it goes on: in the middle of a look that was not ended, or with a new one. That one passes
    /// over what the look before billed, unless something was parked or all of it is asked for again.
    #[must_use]
    pub fn looking(self, now: Timestamp) -> Self {
        if self.after.is_some() {
            return self;
        }
        let all = self.done || self.parked_count > 0;
        let looked_before = self.looked_at.filter(|_| !all);
        let (looked_at, parked) = (Some(now), BTreeMap::new());
        Self { done: false, looked_at, looked_before, repeats: all, parked, parked_count: 0, ..self }
    }

    /// With more that is foreseen for those for whom the date begins at an instant.
    pub fn foreseeing(
        mut self,
        begins_at: Timestamp,
        totals: impl IntoIterator<Item = Money>,
    ) -> Result<Self, MoneyError> {
        let forecast = self.forecast.get_or_insert_default();
        let tally = forecast.remove(&begins_at).unwrap_or_default();
        forecast.insert(begins_at, totals.into_iter().try_fold(tally, Tally::and)?);
        Ok(self)
    }

    /// What it was to come to by the instant that it looked at.
    fn expected(&self) -> Result<Option<Tally>, MoneyError> {
        let (Some(forecast), Some(at)) = (&self.forecast, self.looked_at) else { return Ok(None) };
        forecast.range(..=at).try_fold(Tally::default(), |sum, (_, tally)| sum.plus(tally)).map(Some)
    }

    /// Whether a date that begins at an instant for somebody is for this look.
    pub fn is_for_this_look(&self, begins_at: Timestamp) -> bool {
        self.looked_at.is_some_and(|at| begins_at <= at)
            && self.looked_before.is_none_or(|before| before < begins_at)
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
        let nothing = Self {
            state: RunState::Done,
            tally: Tally::default(),
            expected: None,
            parked: BTreeMap::new(),
            parked_count: 0,
        };
        let (mut released, mut all_expected) = (true, Tally::default());
        let mut report = shards.into_iter().try_fold(nothing, |report, shard| {
            let mut parked = report.parked;
            parked.extend(shard.parked.clone());
            let foreseen = shard.expected()?;
            released &= shard.released || foreseen.is_none();
            // What nobody foresaw differs from nothing.
            all_expected = all_expected.clone().plus(foreseen.as_ref().unwrap_or(&shard.tally))?;
            let any = report.expected.is_some() || foreseen.is_some();
            let expected = any.then(|| all_expected.clone());
            Ok(Self {
                state: if shard.done { report.state } else { RunState::Running },
                tally: report.tally.plus(&shard.tally)?,
                expected,
                parked,
                parked_count: report.parked_count + shard.parked_count,
            })
        })?;
        if report.state == RunState::Done && report.parked_count > 0 {
            report.state = RunState::DoneWithParked;
        }
        let differs = report.expected.as_ref().is_some_and(|expected| report.tally.differs_from(expected));
        if differs && !released {
            report.state = RunState::WaitingForFinance;
        }
        Ok(report)
    }
}

#[cfg(test)]
mod tests;
