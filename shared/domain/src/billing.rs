//! Segments and the periods of a month, by the anchor rule: what a month is, and when it begins.
//!
//! A [`Segment`] is a stretch of months with one anchor. It ends where a pause, a suspension, a
//! withdrawal or the last project says so, and another begins where billing begins again. So the
//! segments of an enrollment are its active time, and a month is owed when it begins inside one.

use jiff::civil::Date;
use jiff::{Span, ToSpan};
use serde::{Deserialize, Serialize};

mod facts; // what billing knows of an enrollment
mod payer; // who pays a month
mod proration; // the used and the unused part of a period
pub mod run; // the invoices of one civil date
mod terms; // the numbers of policy

pub use facts::BillingFacts;
pub use payer::{PAYERS_MAX, Part, Payer, PayersRefused, check_payers, shares};
pub use proration::{Proration, prorate};
pub use terms::{Completion, DUNNING_TRIES, PauseBegins, Terms};

/// A stretch of months with one anchor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// 1 for the first of an enrollment, then 2, 3, ...
    pub number: u32,
    /// The date its first period begins; every later one is computed from it.
    pub anchor: Date,
    /// The first date that no longer belongs to it; nothing while no end is known.
    pub ends: Option<Date>,
    /// The rest of its last period, where study stopped before that was over.
    #[serde(default)]
    pub unused: Option<Unused>,
}

/// The rest of a period that was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unused {
    /// Its first date: the day before was the last of study, and is charged.
    pub from: Date,
    /// Why study stopped.
    pub cause: UnusedCause,
}

/// Why study stopped inside a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnusedCause {
    /// All projects were done. The rest is given back where the terms say so.
    Completed,
    /// The contract was taken back within the days of cooling off.
    Cancelled,
    /// A pause began at once.
    Paused,
}

impl UnusedCause {
    /// Whether the rest is given back under the terms of the day.
    pub fn gives_back(self, terms: &Terms) -> bool {
        match self {
            Self::Completed => terms.completion == Completion::Prorated,
            Self::Cancelled | Self::Paused => true,
        }
    }
}

/// A month that is owed as one: from a date to the date the next one begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    /// 0 for the first of its segment.
    pub k: u32,
    /// Its first date.
    pub from: Date,
    /// The first date after it.
    pub to: Date,
}

/// Which period of which segment: what a student is billed for at most once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PeriodKey {
    /// The segment's number.
    pub segment: u32,
    /// The period's `k`.
    pub k: u32,
}

/// A period that is owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// What it is in the ledger.
    pub key: PeriodKey,
    /// Its dates.
    pub period: Period,
}

impl PeriodKey {
    /// The first period of the first segment, whose invoice waits as a draft.
    pub const FIRST: Self = Self { segment: 1, k: 0 };
}

impl Period {
    /// Its length in days.
    pub fn days(&self) -> u32 {
        days_between(self.from, self.to)
    }

    /// Whether a date lies in it.
    pub fn contains(&self, date: Date) -> bool {
        self.from <= date && date < self.to
    }
}

impl Segment {
    /// A segment without an end.
    pub const fn new(number: u32, anchor: Date) -> Self {
        Self { number, anchor, ends: None, unused: None }
    }

    /// Period `k`: from the anchor's day in month `k` to its day in month `k + 1`, each clamped to
    /// the length of its month and computed from the anchor (31 January, 28 February, 31 March).
    pub fn period(&self, k: u32) -> Period {
        let from = months_after(self.anchor, k);
        Period { k, from, to: months_after(self.anchor, k.saturating_add(1)) }
    }

    /// The period a date lies in, whether or not the segment still runs then; none before the anchor.
    pub fn period_containing(&self, date: Date) -> Option<Period> {
        let month = |date: Date| i32::from(date.year()) * 12 + i32::from(date.month());
        // The period that begins in the date's month, or, before its day, the one before.
        let k = u32::try_from(month(date) - month(self.anchor)).ok()?;
        let begun = if self.period(k).from <= date { k } else { k.checked_sub(1)? };
        Some(self.period(begun))
    }

    /// Whether a date belongs to it.
    pub fn covers(&self, date: Date) -> bool {
        self.anchor <= date && self.goes_on(date)
    }

    /// Whether it has not ended by a date.
    pub fn goes_on(&self, date: Date) -> bool {
        self.ends.is_none_or(|ends| date < ends)
    }

    /// This segment with its end no later than a date.
    pub fn ended_by(self, date: Date) -> Self {
        Self { ends: Some(self.ends.map_or(date, |ends| ends.min(date))), ..self }
    }

    /// Takes its end back, as if it had not been planned.
    pub(crate) fn go_on(&mut self) {
        (self.ends, self.unused) = (None, None);
    }

    /// Its periods that are owed, from period `k` on: those that begin before its end.
    pub fn periods_from(&self, k: u32) -> impl Iterator<Item = Due> {
        (k..)
            .map(|k| self.period(k))
            .take_while(|period| period.from < period.to && self.goes_on(period.from))
            .map(|period| Due { key: PeriodKey { segment: self.number, k: period.k }, period })
    }
}

/// The periods owed after one that is in the ledger (all, if none is), in order, endlessly while no end is
/// known.
pub fn periods_after(segments: &[Segment], billed: Option<PeriodKey>) -> impl Iterator<Item = Due> {
    // What earlier segments owed was billed before the last one in the ledger.
    let rest =
        segments.iter().filter(move |segment| billed.is_none_or(|last| last.segment <= segment.number));
    rest.flat_map(move |segment| match billed {
        Some(last) if last.segment == segment.number => segment.periods_from(last.k.saturating_add(1)),
        _ => segment.periods_from(0),
    })
}

/// The period that begins on a date, if it is owed.
pub fn due_on(segments: &[Segment], date: Date) -> Option<Due> {
    segments.iter().find_map(|segment| {
        let k = segment.period_containing(date)?.k;
        segment.periods_from(k).next().filter(|due| due.period.from == date)
    })
}

/// The date so many months later, clamped to its month's length; the calendar's last date past its end.
pub fn months_after(date: Date, months: u32) -> Date {
    Span::new().try_months(months).map_or(Date::MAX, |span| date.saturating_add(span))
}

/// Days from a date to a later one; 0 where it is not later.
pub fn days_between(from: Date, to: Date) -> u32 {
    u32::try_from(from.duration_until(to).as_hours() / 24).unwrap_or(0)
}

/// The date so many days later; the calendar's last date past its end.
pub fn days_after(date: Date, days: u16) -> Date {
    date.saturating_add(i32::from(days).days())
}

/// The date so many days earlier; the calendar's first date before its begin.
pub fn days_before(date: Date, days: u16) -> Date {
    date.saturating_sub(i32::from(days).days())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn date(text: &str) -> Date {
        text.parse().expect("a date")
    }

    #[test]
    fn periods_begin_on_the_anchor_day_or_the_last_of_a_shorter_month() {
        let check = |anchor: &str, starts: &[&str]| {
            let segment = Segment::new(1, date(anchor));
            let begun = segment.periods_from(0).map(|due| due.period.from).take(starts.len());
            assert_eq!(Vec::from_iter(begun), Vec::from_iter(starts.iter().map(|text| date(text))));
        };
        check("2027-01-31", &["2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30", "2027-05-31"]);
        check("2028-01-31", &["2028-01-31", "2028-02-29", "2028-03-31"]);
        check("2027-01-30", &["2027-01-30", "2027-02-28", "2027-03-30"]);
        check("2027-02-28", &["2027-02-28", "2027-03-28"]);
        check("2027-12-07", &["2027-12-07", "2028-01-07"]);
    }

    #[test]
    fn a_segment_owes_what_begins_before_its_end() {
        let check = |ends: &str, owed: usize| {
            let segment = Segment::new(1, date("2027-01-31")).ended_by(date(ends));
            assert_eq!(segment.periods_from(0).count(), owed, "{ends}");
        };
        check("2027-01-31", 0);
        check("2027-02-28", 1);
        check("2027-03-01", 2);
        check("2027-03-31", 2);
        check("2027-04-01", 3);
    }

    #[test]
    fn the_calendar_ends_a_segment_that_nobody_ended() {
        assert_eq!(Segment::new(1, date("9999-10-15")).periods_from(0).count(), 3);
    }

    fn anchors() -> impl Strategy<Value = Date> {
        (0_i32..109_573).prop_map(|days| date("1900-01-01").saturating_add(days.days()))
    }

    proptest! {
        #[test]
        fn periods_tile(anchor in anchors(), k in 0_u32..=600) {
            let segment = Segment::new(1, anchor);
            let (period, next) = (segment.period(k), segment.period(k + 1));
            prop_assert!(period.from < period.to);
            prop_assert_eq!(period.to, next.from);
            // The day of the anchor, or the last of a month that has no such day.
            let clamped = anchor.day().min(period.from.days_in_month());
            prop_assert_eq!(period.from.day(), clamped);
        }

        #[test]
        fn every_date_from_the_anchor_lies_in_one_period(anchor in anchors(), days in 0_i32..20_000) {
            let segment = Segment::new(1, anchor);
            let date = anchor.saturating_add(days.days());
            let period = segment.period_containing(date).expect("on or after the anchor");
            prop_assert!(period.contains(date));
            prop_assert_eq!(period, segment.period(period.k));
            prop_assert_eq!(segment.period_containing(anchor.saturating_sub((days + 1).days())), None);
        }
    }
}
