//! What is yet to be earned: months that were invoiced, by their dates and prices.
//!
//! Invoices of one month and price are earned alike, so a day's revenue is counted by kind, not by
//! invoice: its cost does not grow with how many study.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::billing::days_between;
use crate::invoice::{Invoice, Issue};
use crate::money::{Currency, Money, MoneyError};

/// How an invoice's net is earned: by the days of its period, and never more than its credit notes leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Earning {
    /// The first day.
    pub from: Date,
    /// The first day after.
    pub to: Date,
    currency: Currency,
    net_minor: i64,
    kept_minor: i64,
}

impl Earning {
    /// How an issued invoice is earned, as its credit notes are now.
    pub fn of(invoice: &Invoice, issue: &Issue) -> Result<Self, MoneyError> {
        let net = invoice.total.minus(invoice.tax()?)?;
        let kept = net.minus(invoice.credited.minus(invoice.credited_tax()?)?)?;
        Ok(Self {
            from: issue.period.from,
            to: issue.period.to,
            currency: net.currency,
            net_minor: net.amount_minor,
            kept_minor: kept.amount_minor,
        })
    }

    /// What is earned of it in the end.
    pub const fn kept(&self) -> Money {
        Money::minor(self.kept_minor, self.currency)
    }

    /// What is earned before a date: the days so far of all days, half up.
    pub fn before(&self, date: Date) -> Result<Money, MoneyError> {
        let days = days_between(self.from, self.to);
        let used = days_between(self.from, date).min(days);
        Money::minor(self.net_minor, self.currency).part(used.into(), days.into())?.at_most(self.kept())
    }
}

/// How many invoices are earned alike, by how. One that is credited leaves its kind for another.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<(Earning, i64)>", into = "Vec<(Earning, i64)>")]
pub struct Earnings(BTreeMap<Earning, i64>);

impl Earnings {
    /// These, with so many more that are earned like this.
    #[must_use]
    pub fn with(mut self, earning: Earning, count: i64) -> Self {
        let count = self.0.remove(&earning).unwrap_or(0).saturating_add(count);
        if count != 0 {
            self.0.insert(earning, count);
        }
        self
    }

    /// The sum of both.
    #[must_use]
    pub fn and(self, other: &Self) -> Self {
        other.0.iter().fold(self, |sum, (earning, count)| sum.with(*earning, *count))
    }

    /// Those that are not over on a date.
    #[must_use]
    pub fn after(mut self, date: Date) -> Self {
        self.0.retain(|earning, _| earning.to > date);
        self
    }

    /// Those of each first day.
    pub fn by_begin(self) -> BTreeMap<Date, Self> {
        let mut parts = BTreeMap::<Date, Self>::new();
        for (earning, count) in self.0 {
            parts.entry(earning.from).or_default().0.insert(earning, count);
        }
        parts
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is earned from one date to another, per currency.
    pub fn between(&self, from: Date, to: Date) -> Result<BTreeMap<Currency, Money>, MoneyError> {
        self.sums(|earning| earning.before(to)?.minus(earning.before(from)?))
    }

    /// What is yet to be earned from a date on, per currency.
    pub fn left(&self, from: Date) -> Result<BTreeMap<Currency, Money>, MoneyError> {
        self.sums(|earning| earning.kept().minus(earning.before(from)?))
    }

    fn sums(
        &self,
        of: impl Fn(&Earning) -> Result<Money, MoneyError>,
    ) -> Result<BTreeMap<Currency, Money>, MoneyError> {
        let mut sums = BTreeMap::new();
        for (earning, count) in &self.0 {
            let each = of(earning)?;
            let all = each.amount_minor.checked_mul(*count).ok_or(MoneyError::TooLarge)?;
            let sum = sums.entry(each.currency).or_insert(Money::zero(each.currency));
            *sum = sum.plus(Money::minor(all, each.currency))?;
        }
        Ok(sums)
    }
}

impl From<Vec<(Earning, i64)>> for Earnings {
    fn from(earnings: Vec<(Earning, i64)>) -> Self {
        Self(earnings.into_iter().filter(|(_, count)| *count != 0).collect())
    }
}

impl From<Earnings> for Vec<(Earning, i64)> {
    fn from(earnings: Earnings) -> Self {
        earnings.0.into_iter().collect()
    }
}
