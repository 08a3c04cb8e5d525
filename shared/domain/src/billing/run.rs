//! A billing run: the invoices of every period of one legal entity that begins on one civil date.
//!
//! A date begins in one zone after another, over 26 hours. So a run looks each time it begins for some
//! of its enrollments, drafts their invoices page by page, and is done when the date has begun
//! everywhere. It is split into shards by enrollment; each keeps its own count and cursor. A page's
//! drafts then get their numbers, and then their money is asked for.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::billing::{BillingFacts, Due, Period, PeriodKey};
use crate::catalog::Prospectus;
use crate::id::{EnrollmentId, PersonId, RunId};
use crate::invoice::{Invoice, rate};
use crate::money::{Money, MoneyError};

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

/// Invoices that were drafted together, in the order of their numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunPage {
    /// The run.
    pub run: RunId,
    /// The legal entity that invoices.
    pub entity: String,
    /// The date whose periods are billed.
    pub on: Date,
    /// Which share of the enrollments.
    pub shard: u16,
    /// Which page of the shard, from 1.
    pub number: u64,
    /// Its invoices.
    pub invoices: Vec<PageInvoice>,
    /// How far they are.
    pub stage: PageStage,
}

/// An invoice of a page. Stored as one line of text, since a page has many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PageInvoice {
    /// Whose.
    pub enrollment: EnrollmentId,
    /// For which period.
    pub key: PeriodKey,
    /// The first date after the period.
    pub to: Date,
    /// Who owes it.
    pub payer: PersonId,
    /// Days from its issue to the date it is due.
    pub payment_days: u16,
}

/// A line of a page that says no invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("expected an enrollment, a segment, a period, its end, a payer and days, joined by spaces")]
pub struct InvalidLine;

impl From<PageInvoice> for String {
    fn from(line: PageInvoice) -> Self {
        let PageInvoice { enrollment, key: PeriodKey { segment, k }, to, payer, payment_days } = line;
        format!("{enrollment} {segment} {k} {to} {payer} {payment_days}")
    }
}

impl TryFrom<String> for PageInvoice {
    type Error = InvalidLine;

    fn try_from(line: String) -> Result<Self, InvalidLine> {
        fn read<T: FromStr>(word: &str) -> Result<T, InvalidLine> {
            word.parse().map_err(|_| InvalidLine)
        }
        let words = Vec::from_iter(line.split(' '));
        let [enrollment, segment, k, to, payer, payment_days] = words[..] else { return Err(InvalidLine) };
        Ok(Self {
            enrollment: read(enrollment)?,
            key: PeriodKey { segment: read(segment)?, k: read(k)? },
            to: read(to)?,
            payer: read(payer)?,
            payment_days: read(payment_days)?,
        })
    }
}

/// What a period that begins on a run's date costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rated {
    /// Whose.
    pub enrollment: EnrollmentId,
    /// The period.
    pub due: Due,
    /// Its invoices, one per payer; none where nothing is owed.
    pub drafts: Vec<Invoice>,
    /// The period after it.
    pub next: Option<Due>,
    /// Days from an invoice's issue to the date it is due.
    pub payment_days: u16,
    /// When the date begins for the enrollment.
    pub begins_at: Option<Timestamp>,
}

impl Rated {
    /// What an enrollment owes for the period that begins on a date; nothing where none does.
    pub fn of(facts: &BillingFacts, on: Date, prospectus: &Prospectus) -> Result<Option<Self>, MoneyError> {
        let Some(due) = facts.due_on(on) else { return Ok(None) };
        let drafts = rate(facts, due.key, &prospectus.taxes, on)?;
        let next = facts.next_after(&due);
        Ok(Some(Self {
            enrollment: facts.enrollment,
            due,
            drafts,
            next,
            payment_days: prospectus.terms_on(on).payment_days,
            begins_at: facts.time_zone.start_of(on).ok(),
        }))
    }

    /// Its invoices as a page keeps them.
    pub fn page_invoices(&self) -> impl Iterator<Item = PageInvoice> {
        self.drafts.iter().map(|draft| PageInvoice {
            enrollment: draft.enrollment,
            key: draft.key,
            to: self.due.period.to,
            payer: draft.payer,
            payment_days: self.payment_days,
        })
    }
}

impl RunPage {
    /// What the so-maniest invoice is for, as it is issued.
    pub fn period(&self, invoice: &PageInvoice) -> Period {
        Period { k: invoice.key.k, from: self.on, to: invoice.to }
    }
}

/// How far a page's invoices are. The stages follow one another, and each can be done again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "stage")]
pub enum PageStage {
    /// They are drafts.
    Drafted,
    /// Their numbers are theirs alone, and are being written on them.
    Numbered {
        /// The number of the first; the others follow.
        first: u64,
        /// When they were claimed: the instant of issue.
        at: Timestamp,
    },
    /// They are issued, and their money is being asked for.
    Issued,
    /// Their money has been asked for, and their documents are being made.
    Collected,
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

/// When a date begins for the first of all zones: UTC+14, Kiritimati's.
pub fn begins_anywhere_at(on: Date) -> Timestamp {
    start_at_offset(on, 14)
}

/// When the invoices of a date are foreseen: before it begins anywhere.
pub fn foreseen_at(on: Date) -> Timestamp {
    let ahead = SignedDuration::from_hours(2);
    begins_anywhere_at(on).checked_sub(ahead).unwrap_or(Timestamp::MIN)
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

/// The days of the month whose periods begin on a date: its own and, on the last day of a month, those
/// that the month is too short for.
pub fn days_beginning_on(on: Date) -> RangeInclusive<i8> {
    let last = if on.day() == on.days_in_month() { 31 } else { on.day() };
    on.day()..=last
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
    use crate::billing::Segment;
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
        let done = RunShard { done: true, ..RunShard::of_date("GB", on, 0) };
        let open = RunShard::of_date("GB", on, 1);
        let parked = RunShard { done: true, ..open.clone().parking(poison, "no price".into()) };
        let state = |shards: &[RunShard]| RunReport::of(shards).expect("sums").state;
        assert_eq!(state(&[done.clone(), open]), RunState::Running);
        assert_eq!(state(std::slice::from_ref(&done)), RunState::Done);
        assert_eq!(state(&[done, parked.clone()]), RunState::DoneWithParked);
        assert_eq!(parked.looking(at("2027-02-07T00:00:00Z")).parked_count, 0);
    }

    #[test]
    fn a_line_of_a_page_reads_back_as_itself() {
        let line = PageInvoice {
            enrollment: EnrollmentId::derived(&["e"]),
            key: PeriodKey { segment: 2, k: 11 },
            to: date("2027-03-07"),
            payer: PersonId::derived(&["p"]),
            payment_days: 14,
        };
        assert_eq!(PageInvoice::try_from(String::from(line)), Ok(line));
        for broken in ["", "a b c d e f", &format!("{} more", String::from(line))] {
            assert_eq!(PageInvoice::try_from(broken.to_owned()), Err(InvalidLine), "{broken}");
        }
    }

    #[test]
    fn a_run_that_differs_from_its_forecast_waits_for_finance() {
        let on = date("2027-02-07");
        let (early, late) = (at("2027-02-06T11:00:00Z"), at("2027-02-07T00:00:00Z"));
        let pounds = |count: usize| vec![Money::minor(30_000, Gbp); count];
        let state = |drafted: usize, seen: Timestamp, released: bool| {
            let shard = RunShard { released, ..RunShard::of_date("GB", on, 0) };
            let shard = shard.foreseeing(early, pounds(150)).expect("sums");
            let shard = shard.foreseeing(late, pounds(50)).expect("sums");
            let shard = shard.looking(seen).counted(pounds(drafted)).expect("sums");
            RunReport::of([&shard]).expect("sums").state
        };
        // By the first instant 150 were foreseen, by the second 200.
        assert_eq!(state(150, early, false), RunState::Running);
        assert_eq!(state(119, early, false), RunState::WaitingForFinance);
        assert_eq!(state(120, early, false), RunState::Running);
        assert_eq!(state(120, late, false), RunState::WaitingForFinance);
        assert_eq!(state(241, late, false), RunState::WaitingForFinance);
        assert_eq!(state(241, late, true), RunState::Running);
        let few = RunShard::of_date("GB", on, 0).foreseeing(early, pounds(10)).expect("sums");
        let few = few.looking(early).counted(pounds(100)).expect("sums");
        assert_eq!(RunReport::of([&few]).expect("sums").state, RunState::Running, "few are no matter");
    }

    #[test]
    fn a_short_month_ends_with_the_days_it_lacks() {
        let days = |on: &str| days_beginning_on(date(on));
        assert_eq!((days("2027-02-07"), days("2027-02-28"), days("2028-02-28")), (7..=7, 28..=31, 28..=28));
        assert_eq!((days("2027-04-30"), days("2027-01-31")), (30..=31, 31..=31));
    }

    proptest! {
        #[test]
        fn every_period_begins_on_a_day_that_is_looked_at(start in 0_i32..80_000, k in 0_u32..600) {
            let segment = Segment::new(1, date("1900-01-01").saturating_add(start.days()));
            let day = segment.anchor.day();
            prop_assert!(days_beginning_on(segment.period(k).from).contains(&day));
        }

        #[test]
        fn what_shards_counted_is_what_the_run_counted(amounts in proptest::collection::vec((0_i64..1_000_000, any::<bool>(), 0_u16..4), 0..40)) {
            let on = date("2027-02-07");
            let mut shards = Vec::from_iter((0..4).map(|shard| RunShard::of_date("GB", on, shard)));
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
