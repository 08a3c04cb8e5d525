//! Billing runs, and which enrollments have a period that begins on a date.

use domain::billing::run::{RunShard, begins_anywhere_at};
use domain::enrollment::Enrollment;
use domain::id::{EnrollmentId, RunId};
use domain::job::Job;
use domain::time::Zone;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::item::{Item, Stored, from_attributes};
use crate::key::{Key, Query};
use crate::store::{Order, Page, Store, StoreError};
use crate::transaction::Transaction;

impl Stored for RunShard {
    const KIND: &'static str = "billing_run";

    fn key(&self) -> Key {
        Key::RunShard(self.run, self.shard)
    }
}

/// That an enrollment may have a period that begins on a date. It only says where to look: what is
/// owed is read from the enrollment and its ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BillingDue {
    /// The shard it stands in.
    pub shard: u16,
    /// The date.
    pub on: Date,
    /// Whose.
    pub enrollment: EnrollmentId,
    /// The zone whose calendar says when the date begins.
    pub time_zone: Zone,
}

impl Stored for BillingDue {
    const KIND: &'static str = "billing_due";

    fn key(&self) -> Key {
        Key::BillingDue(self.shard, self.on, self.enrollment)
    }
}

/// The most shards that a run is split into.
const SHARDS_MAX: u16 = 1_000;

impl Store {
    /// How many shards a billing run is split into.
    pub fn billing_shards(&self) -> u16 {
        self.queue.shards.clamp(1, SHARDS_MAX)
    }

    /// The shards of a run that have begun.
    pub async fn run(&self, id: RunId) -> Result<Vec<Item<RunShard>>, StoreError> {
        self.list(&Query::RunShards(id), SHARDS_MAX).await
    }

    /// One shard of a run.
    pub async fn run_shard(&self, id: RunId, shard: u16) -> Result<Option<Item<RunShard>>, StoreError> {
        self.get(&Key::RunShard(id, shard)).await
    }

    /// Where an enrollment stands among what is due on a date.
    pub(crate) fn billing_due(&self, enrollment: EnrollmentId, on: Date) -> Key {
        Key::BillingDue(self.queue.shard(enrollment.uuid()), on, enrollment)
    }

    /// A page of what may be due on a date in a shard, behind an enrollment, and whether there is more.
    pub async fn due_on(
        &self,
        shard: u16,
        on: Date,
        after: Option<EnrollmentId>,
        items_max: u16,
    ) -> Result<(Vec<BillingDue>, bool), StoreError> {
        let after = after.map(|enrollment| Key::BillingDue(shard, on, enrollment).parts().1);
        let query = Query::BillingDue { shard, on };
        let Page { items, next } = self.page(&query, Order::Ascending, after.as_deref(), items_max).await?;
        let due = items.into_iter().map(|item| Ok(from_attributes::<BillingDue>(item)?.value));
        Ok((due.collect::<Result<_, StoreError>>()?, next.is_some()))
    }
}

impl<R> Transaction<'_, R> {
    /// Lets the run over a date look at an enrollment, and asks for that run.
    pub(crate) fn due_on(self, on: Date, enrollment: &Enrollment) -> Self {
        let (id, time_zone) = (enrollment.id, enrollment.time_zone.clone());
        let shard = self.shard_of(id);
        self.set(&BillingDue { shard, on, enrollment: id, time_zone }).ask_run(on, shard)
    }

    /// Asks for a shard of the run over a date, when the date begins for the first of all zones.
    pub fn ask_run(self, on: Date, shard: u16) -> Self {
        self.enqueue(&Job::BillingRun { on, shard }, begins_anywhere_at(on))
    }
}
