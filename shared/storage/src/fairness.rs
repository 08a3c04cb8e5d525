//! What defenses tell of how juries judge, by the month in which they were decided.

use domain::fairness::{FACTS_MAX, JuryFact, JuryFacts, TooManyFacts};
use domain::id::DefenseId;
use domain::statement::Month;
use jiff::ToSpan;
use jiff::civil::Date;
use thiserror::Error;

use crate::item::{Stored, from_attributes};
use crate::key::{Key, Query};
use crate::store::{Order, Store, StoreError};
use crate::transaction::Transaction;

/// Facts that one call reads.
const READ_AT_ONCE: u16 = 1_000;

/// A fact with the shard of its month that it stands in.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
struct ShardedFact {
    shard: u16,
    fact: JuryFact,
}

impl Stored for ShardedFact {
    const KIND: &'static str = "jury_fact";

    fn key(&self) -> Key {
        Key::JuryFact(Month::of(self.fact.decided_on), self.shard, self.fact.defense)
    }
}

/// Why the facts of some months are not answered.
#[derive(Debug, Error)]
pub enum FactsRefused {
    /// There are more than are compared at once.
    #[error(transparent)]
    TooMany(#[from] TooManyFacts),
    /// They could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// Keeps what a defense tells, in place of what it told before.
    pub fn keep_jury_fact(&self, fact: JuryFact) -> Transaction<'_, ()> {
        let shard = self.queue.shard(fact.defense.uuid());
        self.transaction().set(&ShardedFact { shard, fact })
    }

    /// Forgets what a defense told that was decided on a date.
    pub fn forget_jury_fact(&self, defense: DefenseId, decided_on: Date) -> Transaction<'_, ()> {
        let shard = self.queue.shard(defense.uuid());
        self.transaction().unset(&Key::JuryFact(Month::of(decided_on), shard, defense))
    }

    /// What the defenses tell that were decided from one month to another, both included.
    pub async fn jury_facts(&self, from: Month, to: Month) -> Result<JuryFacts, FactsRefused> {
        let mut facts = JuryFacts::of([])?;
        let months = std::iter::successors(Some(from), |month| {
            Some(Month::of(month.first().saturating_add(1.month())))
        });
        for month in months.take_while(|month| *month <= to) {
            for shard in 0..self.queue.shards.max(1) {
                self.add_facts(&mut facts, month, shard).await?;
            }
        }
        Ok(facts)
    }

    async fn add_facts(&self, facts: &mut JuryFacts, month: Month, shard: u16) -> Result<(), FactsRefused> {
        let query = Query::JuryFacts(month, shard);
        let mut after = None;
        // One page more than may be compared finds out that there are too many.
        for _ in 0..=FACTS_MAX / usize::from(READ_AT_ONCE) {
            let page = self.page(&query, Order::Ascending, after.as_deref(), READ_AT_ONCE).await?;
            for item in page.items {
                facts.add(from_attributes::<ShardedFact>(item)?.value.fact)?;
            }
            let Some(next) = page.next else { return Ok(()) };
            after = Some(next);
        }
        Err(TooManyFacts.into())
    }
}
