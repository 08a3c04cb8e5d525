//! The ledger: a day's entries, spread over shards, and its days as they were closed.

use domain::invoice::LegalEntity;
use domain::job::Job;
use domain::ledger::{Closed, Closing, Earnings, Entry, Source};
use jiff::ToSpan;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::item::{Item, Stored, from_attributes};
use crate::key::{Key, Query};
use crate::store::{Order, Page, Store, StoreError};
use crate::transaction::Transaction;

/// An entry, in the shard of its enrollment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerEntry {
    /// The shard.
    pub shard: u16,
    /// The entry.
    #[serde(flatten)]
    pub entry: Entry,
}

impl Stored for LedgerEntry {
    const KIND: &'static str = "ledger_entry";

    fn key(&self) -> Key {
        let Entry { entity, posted_on, source, .. } = &self.entry;
        Key::LedgerEntry(entity.clone(), self.shard, *posted_on, source.to_string())
    }
}

impl Stored for Closing {
    const KIND: &'static str = "ledger_closing";

    fn key(&self) -> Key {
        Key::LedgerClosing(self.entity.clone())
    }
}

impl Stored for Closed {
    const KIND: &'static str = "ledger_closed";

    fn key(&self) -> Key {
        Key::LedgerClosed(self.entity.clone(), self.day)
    }
}

/// What of the months that begin on a date is yet to be earned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerEarnings {
    /// The legal entity.
    pub entity: String,
    /// The date.
    pub begin: Date,
    /// What is to be earned.
    pub earnings: Earnings,
}

impl Stored for LedgerEarnings {
    const KIND: &'static str = "ledger_earnings";

    fn key(&self) -> Key {
        Key::LedgerEarnings(self.entity.clone(), self.begin)
    }
}

/// The most dates on which months begin that are not over.
const BEGINS_MAX: u16 = 90;

/// The day that is being closed was closed by another worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClosedMeanwhile;

impl Store {
    /// The day of a legal entity's ledger that is being closed; nothing before its first entry.
    pub async fn ledger_closing(&self, entity: &str) -> Result<Option<Item<Closing>>, StoreError> {
        if let Some(closing) = self.get(&Key::LedgerClosing(entity.to_owned())).await? {
            return Ok(Some(closing));
        }
        let mut first = None;
        for shard in 0..self.billing_shards() {
            let query = Query::AllLedgerEntries { entity: entity.to_owned(), shard };
            let page = self.page(&query, Order::Ascending, None, 1).await?;
            for item in page.items {
                let day = from_attributes::<LedgerEntry>(item)?.value.entry.posted_on;
                first = Some(first.map_or(day, |known: Date| known.min(day)));
            }
        }
        Ok(first.map(|day| Item::new(Closing::first(entity.to_owned(), day))))
    }

    /// A page of a day's entries in a shard, and where the next one begins.
    pub async fn ledger_entries(
        &self,
        entity: &str,
        shard: u16,
        day: Date,
        after: Option<&str>,
        items_max: u16,
    ) -> Result<(Vec<Entry>, Option<String>), StoreError> {
        let query = Query::LedgerEntries { entity: entity.to_owned(), shard, day };
        let Page { items, next } = self.page(&query, Order::Ascending, after, items_max).await?;
        let entries = items.into_iter().map(|item| Ok(from_attributes::<LedgerEntry>(item)?.value.entry));
        Ok((entries.collect::<Result<_, StoreError>>()?, next))
    }

    /// What is yet to be earned, by the dates on which the months begin.
    pub async fn ledger_earnings(&self, entity: &str) -> Result<Vec<Item<LedgerEarnings>>, StoreError> {
        self.list(&Query::LedgerEarnings(entity.to_owned()), BEGINS_MAX).await
    }

    /// Closed days of a legal entity up to a date, newest first, and where the next page begins. A day on
    /// which nothing happened has none.
    pub async fn ledger_closed(
        &self,
        entity: &str,
        until: Date,
        after: Option<&str>,
        items_max: u16,
    ) -> Result<(Vec<Closed>, Option<String>), StoreError> {
        let query = Query::LedgerClosed { entity: entity.to_owned(), until };
        let Page { items, next } = self.page(&query, Order::Descending, after, items_max).await?;
        let days = items.into_iter().map(|item| Ok(from_attributes::<Closed>(item)?.value));
        Ok((days.collect::<Result<_, StoreError>>()?, next))
    }

    /// Keeps how far the entries of a day are read.
    pub fn keep_closing(&self, closing: &Item<Closing>) -> Transaction<'_, ClosedMeanwhile> {
        self.transaction().save(closing, ClosedMeanwhile)
    }

    /// Keeps a closed day, unless nothing happened on it, and goes on with the next one. `kept` is what was
    /// to be earned before, `earnings` what is after.
    pub fn close_day(
        &self,
        closing: &Item<Closing>,
        closed: &Closed,
        kept: &[Item<LedgerEarnings>],
        earnings: Earnings,
    ) -> Transaction<'_, ClosedMeanwhile> {
        let mut transaction = self.keep_closing(closing);
        if !closed.is_quiet() {
            transaction = transaction.create(closed, ClosedMeanwhile);
        }
        let mut by_begin = earnings.by_begin();
        for item in kept {
            transaction = match by_begin.remove(&item.value.begin) {
                None => transaction.remove(item, ClosedMeanwhile),
                Some(earnings) if earnings == item.value.earnings => transaction,
                Some(earnings) => {
                    let next = LedgerEarnings { earnings, ..item.value.clone() };
                    transaction.save(&item.clone().with(next), ClosedMeanwhile)
                }
            };
        }
        for (begin, earnings) in by_begin {
            let new = LedgerEarnings { entity: closing.value.entity.clone(), begin, earnings };
            transaction = transaction.create(&new, ClosedMeanwhile);
        }
        transaction
    }
}

impl<R: Copy> Transaction<'_, R> {
    /// Writes what documents mean in the ledger, beside them; `refusal` where one was posted already.
    pub fn post(self, entries: &[Entry], refusal: R) -> Self {
        entries.iter().fold(self, |transaction, entry| {
            let shard = entry.source.enrollment().map_or(0, |enrollment| transaction.shard_of(enrollment));
            transaction.create(&LedgerEntry { shard, entry: entry.clone() }, refusal)
        })
    }
}

impl<R> Transaction<'_, R> {
    /// Asks for the day of entries to be closed once it is over. The job stays, night after night; who begins
    /// to owe something asks for it, or pays before.
    pub fn ask_closing(self, entries: &[Entry]) -> Self {
        let begins = |entry: &&Entry| {
            matches!(entry.source, Source::Issue { .. } | Source::Page { .. } | Source::Payment { .. })
        };
        let Some(Entry { entity, posted_on, .. }) = entries.iter().find(begins) else { return self };
        let Some(issuer) = LegalEntity::of_market(entity) else { return self };
        let Ok(due_at) = issuer.zone.start_of(posted_on.saturating_add(1.day())) else { return self };
        self.enqueue(&Job::CloseLedger { entity: entity.clone() }, due_at)
    }
}
