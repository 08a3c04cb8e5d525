//! A day is closed: its entries are read and compared with their documents, what it earned is posted, and
//! every account has its balance.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use super::{
    Account, Balances, Difference, DifferenceKind, Differences, Earnings, Entry, Found, Series, Source,
};
use crate::invoice::InvoiceNumber;
use crate::money::{Currency, Money, MoneyError};

/// The day of a legal entity that is being closed: all days before it are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closing {
    /// The legal entity.
    pub entity: String,
    /// The day.
    pub day: Date,
    /// The share of the enrollments whose entries are read next.
    pub shard: u16,
    /// The entry behind which reading goes on; nothing at the first.
    pub after: Option<String>,
    /// The balances at the end of the day before.
    pub balances: Balances,
    /// What the entries read so far post.
    pub posted: Balances,
    /// What is earned since them.
    pub earnings: Earnings,
    /// How many of them there are.
    pub tally: Tally,
    /// What did not agree so far.
    pub differences: Differences,
    /// The numbers that were seen, by series and year.
    pub numbers: BTreeMap<String, Series>,
}

/// How many documents a day has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Entries.
    pub entries: u64,
    /// Invoices issued.
    pub invoices: u64,
    /// Payments received.
    pub payments: u64,
    /// Credit notes.
    pub credit_notes: u64,
    /// Refunds.
    pub refunds: u64,
}

/// A day that is closed, as it is kept for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closed {
    /// The legal entity.
    pub entity: String,
    /// The day.
    pub day: Date,
    /// What its entries post.
    pub posted: Balances,
    /// What it earned, per currency.
    pub earned: Vec<Money>,
    /// The balances at its end.
    pub balances: Balances,
    /// How many documents it has.
    pub tally: Tally,
    /// What did not agree.
    pub differences: Differences,
    /// When it was closed.
    pub closed_at: Timestamp,
}

impl Closing {
    /// The first day of a ledger.
    pub fn first(entity: String, day: Date) -> Self {
        Self {
            entity,
            day,
            shard: 0,
            after: None,
            balances: Balances::default(),
            posted: Balances::default(),
            earnings: Earnings::default(),
            tally: Tally::default(),
            differences: Differences::default(),
            numbers: BTreeMap::new(),
        }
    }

    /// The day after a date.
    pub fn day_after(date: Date) -> Date {
        date.saturating_add(1.day())
    }

    /// Reads an entry, and compares it with its documents.
    pub fn read(mut self, entry: &Entry, found: &Found) -> Result<Self, MoneyError> {
        for difference in entry.differences(found)? {
            self.differences.name(difference);
        }
        self.tally.entries += 1;
        match &entry.source {
            Source::Issue { number, .. } => {
                self.tally.invoices += 1;
                self.see(number, number.sequence);
            }
            Source::Page { first, invoices, .. } => {
                let count = invoices.len() as u64;
                self.tally.invoices += count;
                self.see(first, first.sequence + count.saturating_sub(1));
            }
            Source::Credit { number, .. } => {
                self.tally.credit_notes += 1;
                self.see(number, number.sequence);
            }
            Source::Payment { .. } => self.tally.payments += 1,
            Source::Payments { charges, .. } => self.tally.payments += charges.len() as u64,
            Source::Refund { .. } => self.tally.refunds += 1,
            Source::Return { .. } | Source::Sent { .. } | Source::WriteOff { .. } => {}
        }
        self.posted = self.posted.plus(&entry.postings)?;
        self.earnings = self.earnings.and(&entry.earnings);
        Ok(self)
    }

    fn see(&mut self, first: &InvoiceNumber, last: u64) {
        let series = self.numbers.entry(format!("{}-{}", first.entity, first.year)).or_default();
        if !series.see(first.sequence, last) {
            self.differences.name(Difference::new(DifferenceKind::NumberTwice, first));
        }
    }

    /// Closes the day, once all of its entries are read. `open` is what was yet to be earned before them.
    /// Answers the day, what is yet to be earned after it, and the next day to be closed.
    pub fn close(self, open: &Earnings, now: Timestamp) -> Result<(Closed, Earnings, Self), MoneyError> {
        let (day, tomorrow) = (self.day, Self::day_after(self.day));
        let earning = self.earnings.and(open);
        let earned = earning.between(day, tomorrow)?;
        let mut balances = self.balances.plus(&self.posted)?;
        for amount in earned.values() {
            balances =
                balances.debit(Account::DeferredRevenue, *amount)?.credit(Account::Revenue, *amount)?;
        }
        let earning = earning.after(tomorrow);
        let mut differences = self.differences;
        for difference in sums_differ(&balances, &earning.left(tomorrow)?)? {
            differences.name(difference);
        }
        for (series, numbers) in &self.numbers {
            for (first, last) in numbers.missing() {
                let of = format!("{series}-{first:06} to {last:06}");
                differences.name(Difference::new(DifferenceKind::NumberMissing, of));
            }
        }
        let earned = Vec::from_iter(earned.into_values().filter(|amount| !amount.is_zero()));
        let (entity, posted, tally) = (self.entity.clone(), self.posted, self.tally);
        let next =
            Self { numbers: self.numbers, balances: balances.clone(), ..Self::first(self.entity, tomorrow) };
        let closed = Closed { entity, day, posted, earned, balances, tally, differences, closed_at: now };
        Ok((closed, earning, next))
    }
}

impl Closed {
    /// A later day on which nothing happened: the same balances.
    #[must_use]
    pub fn quiet_until(self, day: Date) -> Self {
        let (posted, earned, tally) = (Balances::default(), Vec::new(), Tally::default());
        Self { day, posted, earned, tally, differences: Differences::default(), ..self }
    }

    /// Whether anything happened on it.
    pub fn is_quiet(&self) -> bool {
        self.tally == Tally::default() && self.earned.is_empty() && self.differences.count == 0
    }
}

/// What balances say that cannot be.
fn sums_differ(balances: &Balances, left: &BTreeMap<Currency, Money>) -> Result<Vec<Difference>, MoneyError> {
    let mut differences = Vec::new();
    for currency in balances.currencies() {
        let nothing = Money::zero(currency);
        let deferred = nothing.minus(balances.of(Account::DeferredRevenue, currency))?;
        let left = left.get(&currency).copied().unwrap_or(nothing);
        if deferred != left {
            let kind = DifferenceKind::EarningsDiffer;
            differences.push(Difference::new(kind, currency).amounts(deferred, left));
        }
        for (account, debit) in Account::SIDES {
            let balance = balances.of(account, currency);
            if !balance.is_zero() && (balance.amount_minor > 0) != debit {
                let of = format!("{} {currency}", account.word());
                differences.push(Difference::new(DifferenceKind::WrongSide, of).amounts(balance, nothing));
            }
        }
    }
    Ok(differences)
}
