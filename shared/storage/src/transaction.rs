//! All or nothing: a transaction over up to 100 items that says which of its guards refused.
//!
//! Each operation carries the refusal that its failure means. The store's own hindrances (another
//! transaction on the same items, throttling) are retried with full jitter, a bounded number of
//! times; a guard that fails is never retried.

mod again;
mod commit;
mod guard;
mod send;

use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, Delete, Put, TransactWriteItem};
use domain::job::{Asking, Job};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::clock::{machine_now, new_uuid};
use crate::idempotency::Answer;
use crate::item::{Entries, Item, Stored, to_attributes};
use crate::key::Key;
use crate::queue::Claimed;
use crate::store::{Store, StoreError};
pub use again::read_again;
pub(crate) use commit::pause;
pub(crate) use guard::Guard;

/// DynamoDB's bound on one transaction.
pub const OPERATIONS_MAX: usize = 100;

/// How a store is written to where not everything has to be one transaction. What each costs:
/// docs/decisions/0011.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Writes {
    /// In as few calls as possible: for a store that is slow to begin a call, as the embedded one.
    #[default]
    Together,
    /// Each by itself, at half of the write units: for a store that bills by them, as AWS.
    Alone,
}

/// Why nothing was written.
#[derive(Debug, Error)]
pub enum Refused<R> {
    /// A guard failed; this is what it stands for.
    #[error("a guard refused")]
    By(R),
    /// The call was answered before, under the same idempotency key.
    #[error("already answered")]
    Answered,
    /// The job that wanted to finish belongs to another worker by now.
    #[error("the job's lease was lost")]
    Fenced,
    /// The store did not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What was done, by whom: kept beside the thing it was done to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Partition of the thing.
    pub of: String,
    /// The operation's name.
    pub action: String,
    /// The person, or the kind of job.
    pub by: String,
    /// By the school's clock.
    pub at: Timestamp,
    /// Made by the writer, so that two entries of one instant stand side by side.
    pub id: uuid::Uuid,
}

impl Stored for AuditEntry {
    const KIND: &'static str = "audit";

    fn key(&self) -> Key {
        Key::Audit(self.of.clone(), self.at, self.id)
    }
}

/// What an operation's refusal means.
enum Meaning<R> {
    /// The caller's word for it.
    Refusal(R),
    /// The idempotency record is there.
    Answered,
    /// The finished job was asked for again, or is no longer ours.
    Finish(Claimed),
    /// The job that goes on is no longer ours.
    Held,
    /// It has no guard.
    Never,
}

struct Operation<R> {
    write: TransactWriteItem,
    meaning: Meaning<R>,
    /// With which group it may be written before the others.
    ahead: Option<u16>,
}

/// Writes that happen together or not at all.
#[must_use = "nothing is written before `commit`"]
pub struct Transaction<'store, R> {
    pub(crate) store: &'store Store,
    operations: Vec<Operation<R>>,
    wakes: bool,
    /// The group that is being added, and how many there are.
    group: Option<u16>,
    groups: u16,
    broken: Option<StoreError>,
}

impl Store {
    /// Begins a transaction with nothing in it.
    pub const fn transaction<R>(&self) -> Transaction<'_, R> {
        Transaction {
            store: self,
            operations: Vec::new(),
            wakes: false,
            group: None,
            groups: 0,
            broken: None,
        }
    }
}

impl<R> Transaction<'_, R> {
    /// Adds a group of writes that may be made ahead of the others, in any order and each by itself, where that
    /// costs less ([`Writes`]): what of them is done has to stay right should the others never be
    /// made, and whoever comes next has to find it. One group is made after the other.
    pub fn ahead(mut self, add: impl FnOnce(Self) -> Self) -> Self {
        self.group = Some(self.groups);
        self.groups += 1;
        Self { group: None, ..add(self) }
    }

    /// Writes a value where nothing may stand yet.
    pub fn create<T: Stored>(self, value: &T, refusal: R) -> Self {
        self.put(value, 1, Guard::absent(), Meaning::Refusal(refusal))
    }

    /// Writes what an item became, if it still is as it was read; one that was never written is created.
    pub fn save<T: Stored>(self, item: &Item<T>, refusal: R) -> Self {
        self.put(&item.value, item.revision + 1, Guard::at_revision(item.revision), Meaning::Refusal(refusal))
    }

    /// Writes a value over whatever stands there: for entries of an index, which are the same each time.
    pub fn set<T: Stored>(self, value: &T) -> Self {
        self.put(value, 1, Guard::none(), Meaning::Never)
    }

    /// Deletes whatever stands at a key, or nothing.
    pub fn unset(self, key: &Key) -> Self {
        let delete =
            Guard::none().on(Delete::builder().table_name(self.table()).set_key(Some(key.attributes())));
        self.push(delete.build().map(|delete| TransactWriteItem::builder().delete(delete)), Meaning::Never)
    }

    /// Deletes an item, if it still is as it was read.
    pub fn remove<T: Stored>(self, item: &Item<T>, refusal: R) -> Self {
        let delete = Delete::builder().table_name(self.table()).set_key(Some(item.value.key().attributes()));
        let delete = Guard::at_revision(item.revision).on(delete).build();
        self.push(delete.map(|delete| TransactWriteItem::builder().delete(delete)), Meaning::Refusal(refusal))
    }

    /// Requires an item to be as it was read (or still absent), without writing it.
    pub fn require<T: Stored>(self, item: &Item<T>, refusal: R) -> Self {
        self.check(&item.value.key(), Guard::at_revision(item.revision), refusal)
    }

    /// Requires that something stands at a key.
    pub fn require_present(self, key: &Key, refusal: R) -> Self {
        self.check(key, Guard::present(), refusal)
    }

    /// Requires that a map inside an item's value has no such entry: nobody in a set of conflicts.
    pub fn require_no_entry(self, key: &Key, map: &str, entry: &str, refusal: R) -> Self {
        self.check(key, Guard::no_entry(map, entry), refusal)
    }

    /// Asks for a job, due by the school's clock. A wake-up cannot be refused; a job that is done
    /// only once is refused when it was asked for before.
    pub fn enqueue(mut self, job: &Job, due_at: Timestamp) -> Self {
        debug_assert_eq!(job.asking(), Asking::WakeUp);
        self.wakes = true;
        let update = self.store.queue.ask(self.table(), job, due_at);
        self.push(update.map(|update| TransactWriteItem::builder().update(update)), Meaning::Never)
    }

    /// Asks for a job that is done once, or refuses when it was asked for before.
    pub fn enqueue_once(mut self, job: &Job, due_at: Timestamp, refusal: R) -> Self {
        debug_assert_eq!(job.asking(), Asking::Once);
        self.wakes = true;
        let put = self.store.queue.ask_once(self.table(), job, due_at);
        self.push(put.map(|put| TransactWriteItem::builder().put(put)), Meaning::Refusal(refusal))
    }

    /// Ends a claimed job with this transaction, or makes it due again where it was asked for while it ran.
    pub fn finish(self, claimed: &Claimed) -> Self {
        let write = self.store.queue.finish(self.table(), claimed);
        self.push(write, Meaning::Finish(claimed.clone()))
    }

    /// Makes a claimed job due at another time with this transaction.
    pub fn finish_until(mut self, claimed: &Claimed, due_at: Timestamp) -> Self {
        self.wakes = true;
        let update = self.store.queue.again(self.table(), claimed, due_at);
        let write = update.map(|update| TransactWriteItem::builder().update(update));
        self.push(write, Meaning::Finish(claimed.clone()))
    }

    /// Says that a claimed job has come a step further: its tries are forgotten, and the step is written
    /// only while the job is still the claimer's.
    pub fn checkpoint(self, claimed: &Claimed) -> Self {
        let update = self.store.queue.checkpoint(self.table(), claimed);
        self.push(update.map(|update| TransactWriteItem::builder().update(update)), Meaning::Held)
    }

    /// Records what was done, by whom.
    pub fn audit(self, of: &Key, action: &str, by: &str, at: Timestamp) -> Self {
        let id = new_uuid(machine_now());
        let entry = AuditEntry { of: of.parts().0, action: action.into(), by: by.into(), at, id };
        self.put(&entry, 1, Guard::none(), Meaning::Never)
    }

    /// Keeps the answer to a call under its idempotency key.
    pub fn answer(self, answer: &Answer, machine_now: Timestamp) -> Self {
        self.put(answer, 1, Guard::absent_or_expired(machine_now), Meaning::Answered)
    }

    /// How many items it writes or checks.
    pub fn len(&self) -> usize {
        self.operations.len()
    }

    /// Whether it writes nothing.
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }

    /// The shard of the enrollments that one of them is in.
    pub(crate) fn shard_of(&self, enrollment: domain::id::EnrollmentId) -> u16 {
        self.store.queue.shard(enrollment.uuid())
    }

    fn table(&self) -> &str {
        &self.store.table
    }

    /// Puts a value, with the entries by which it is found.
    fn put<T: Stored>(self, value: &T, revision: u64, guard: Guard, meaning: Meaning<R>) -> Self {
        let entries = value.entries(&self.store.queue);
        let transaction = self.put_alone(value, revision, guard, meaning);
        let Entries { there, gone } = match entries {
            Ok(entries) => entries,
            Err(error) => return Self { broken: transaction.broken.or(Some(error)), ..transaction },
        };
        let transaction = gone.iter().fold(transaction, |transaction, key| transaction.unset(key));
        there.into_iter().fold(transaction, |transaction, entry| {
            let put = Put::builder().table_name(transaction.table()).set_item(Some(entry)).build();
            transaction.push(put.map(|put| TransactWriteItem::builder().put(put)), Meaning::Never)
        })
    }

    fn put_alone<T: Stored>(self, value: &T, revision: u64, guard: Guard, meaning: Meaning<R>) -> Self {
        let put = to_attributes(value, revision).and_then(|mut attributes| {
            if let Some(seconds) = value.expires() {
                attributes.insert("expires".into(), AttributeValue::N(seconds.to_string()));
            }
            let put = Put::builder().table_name(self.table()).set_item(Some(attributes));
            Ok(TransactWriteItem::builder().put(guard.on(put).build()?))
        });
        self.push(put, meaning)
    }

    fn check(self, key: &Key, guard: Guard, refusal: R) -> Self {
        let check = ConditionCheck::builder().table_name(self.table()).set_key(Some(key.attributes()));
        let check = guard.on(check).build().map(|check| TransactWriteItem::builder().condition_check(check));
        self.push(check, Meaning::Refusal(refusal))
    }

    fn push<E: Into<StoreError>>(
        mut self,
        write: Result<aws_sdk_dynamodb::types::builders::TransactWriteItemBuilder, E>,
        meaning: Meaning<R>,
    ) -> Self {
        match write {
            Ok(write) => {
                self.operations.push(Operation { write: write.build(), meaning, ahead: self.group });
            }
            Err(error) => self.broken = self.broken.or(Some(error.into())),
        }
        self
    }
}
