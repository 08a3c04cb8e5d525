//! Claiming, renewing, retrying and burying jobs.

use std::sync::atomic::Ordering;
use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use domain::job::Job;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{Claimed, INDEX, Range, claimed, sortable};
use crate::item::{Attributes, number, read_number, text};
use crate::key::Key;
use crate::store::{Store, StoreError, count_one};
use crate::transaction::Guard;
use crate::units;

/// Whether a worker still holds its job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// It does.
    Yes,
    /// Somebody else claimed it, or it is finished.
    Lost,
}

impl Store {
    /// How long a worker may hold a job without renewing.
    pub const fn lease(&self) -> Duration {
        self.queue.lease
    }

    /// Claims up to `jobs_max` due jobs for a worker: first what other workers let go of by the
    /// machine's clock, then what waits by the school's.
    ///
    /// Where others were faster with all that it found, it looks again, a few times.
    pub async fn claim(
        &self,
        owner: &str,
        now: Timestamp,
        machine_now: Timestamp,
        jobs_max: usize,
    ) -> Result<Vec<Claimed>, StoreError> {
        for _ in 0..LOOKS_MAX {
            let Claims { jobs, lost } = self.claim_found(owner, now, machine_now, jobs_max).await?;
            if !jobs.is_empty() || !lost {
                return Ok(jobs);
            }
        }
        Ok(Vec::new())
    }

    async fn claim_found(
        &self,
        owner: &str,
        now: Timestamp,
        machine_now: Timestamp,
        jobs_max: usize,
    ) -> Result<Claims, StoreError> {
        let mut claims = Claims { jobs: Vec::new(), lost: false };
        let first = fastrand::u16(..self.queue.shards.max(1));
        let look_at_held = self.held_look_is_old(machine_now);
        let mut held_found = false;
        for (range, until) in [(Range::Held, machine_now), (Range::Waiting, now)] {
            if range == Range::Held && !look_at_held {
                continue;
            }
            if range == Range::Waiting && look_at_held && !held_found {
                self.held_looked_at(machine_now);
            }
            for offset in 0..self.queue.shards.max(1) {
                let shard = (first + offset) % self.queue.shards.max(1);
                // A few more than wanted: others may be faster, or the index a moment behind.
                let wanted = jobs_max - claims.jobs.len() + SPARE;
                for entry in self.entries(range, shard, Some(until), wanted).await? {
                    held_found |= range == Range::Held;
                    match self.claim_entry(owner, &entry, machine_now).await? {
                        Some(job) => claims.jobs.push(job),
                        None => claims.lost = true,
                    }
                    if claims.jobs.len() == jobs_max {
                        return Ok(claims);
                    }
                }
            }
        }
        Ok(claims)
    }

    /// Entries of a range, earliest first.
    pub(crate) async fn entries(
        &self,
        range: Range,
        shard: u16,
        until: Option<Timestamp>,
        entries_max: usize,
    ) -> Result<Vec<Attributes>, StoreError> {
        count_one();
        let last = until.map_or_else(|| "~".to_owned(), sortable);
        let call = self.client.query().table_name(&*self.table).index_name(INDEX);
        let call = call.key_condition_expression("queue_pk = :pk AND queue_sk <= :last");
        let call =
            call.expression_attribute_values(":pk", AttributeValue::S(self.queue.partition(range, shard)));
        let call = call.expression_attribute_values(":last", AttributeValue::S(last));
        let call = call.limit(i32::try_from(entries_max).unwrap_or(i32::MAX));
        let answer = call.send().await.map_err(|error| StoreError::call(&error))?;
        Ok(answer.items.unwrap_or_default())
    }

    /// Takes the job that an entry of the index shows, if it still stands there.
    async fn claim_entry(
        &self,
        owner: &str,
        entry: &Attributes,
        machine_now: Timestamp,
    ) -> Result<Option<Claimed>, StoreError> {
        let (pk, sk) = (text(entry, "pk")?, text(entry, "sk")?);
        let key = Key::parse(&pk, &sk).map_err(|_| StoreError::Missing("a job's key"))?;
        let Key::Job(id) = key else { return Ok(None) };
        let guard = Guard::that("queue_pk = :seen_pk AND queue_sk = :seen_sk")
            .value(":seen_pk", AttributeValue::S(text(entry, "queue_pk")?))
            .value(":seen_sk", AttributeValue::S(text(entry, "queue_sk")?))
            .value(":one", number(1))
            .value(":owner", AttributeValue::S(owner.to_owned()))
            .value(":queue_pk", AttributeValue::S(self.queue.partition_of(Range::Held, id)))
            .value(":queue_sk", AttributeValue::S(sortable(after(machine_now, self.queue.lease))));
        let set =
            "SET #owner = :owner, queue_pk = :queue_pk, queue_sk = :queue_sk ADD epoch :one, claims :one";
        let _claiming = self.claiming();
        let Some(job) = self.update(&key, guard.name("#owner", "owner"), set).await? else { return Ok(None) };
        if read_number(&job, "claims")? > u64::from(self.queue.claims_max) {
            let guard = Guard::that("epoch = :epoch").value(":epoch", number(read_number(&job, "epoch")?));
            let guard = guard.value(":error", AttributeValue::S("claimed too often".into()));
            self.shift(id, guard, "SET last_error = :error, ", Range::Dead, machine_now).await?;
            return Ok(None);
        }
        match claimed(&job) {
            Ok(job) => Ok(Some(job)),
            // Of a newer version, perhaps: its lease ends, and so do its claims where nobody can read it.
            Err(error) => {
                tracing::error!(id = %id.simple(), %error, "a job cannot be read");
                Ok(None)
            }
        }
    }

    /// Holds a job for another lease.
    pub async fn renew(&self, claimed: &Claimed, machine_now: Timestamp) -> Result<Held, StoreError> {
        let until = after(machine_now, self.queue.lease);
        self.shift(claimed.id, self.queue.held(claimed), "SET ", Range::Held, until).await
    }

    /// Lets a job that failed rest before it is tried again, with backoff and full jitter.
    pub async fn retry(
        &self,
        claimed: &Claimed,
        error: &str,
        machine_now: Timestamp,
    ) -> Result<Held, StoreError> {
        if claimed.claims >= self.queue.claims_max {
            return self.bury(claimed, error, machine_now).await;
        }
        let doubled = self.queue.retry_first.saturating_mul(1 << claimed.claims.min(20));
        let rest = doubled.min(self.queue.retry_max).mul_f64(fastrand::f64());
        let guard = self.queue.held(claimed).value(":error", AttributeValue::S(error.to_owned()));
        let set = "SET last_error = :error, ";
        self.shift(claimed.id, guard, set, Range::Held, after(machine_now, rest)).await
    }

    /// Gives a job up: it stays as a dead letter, with its reason, until staff looks at it.
    pub async fn bury(
        &self,
        claimed: &Claimed,
        error: &str,
        machine_now: Timestamp,
    ) -> Result<Held, StoreError> {
        let guard = self.queue.held(claimed).value(":error", AttributeValue::S(error.to_owned()));
        self.shift(claimed.id, guard, "SET last_error = :error, ", Range::Dead, machine_now).await
    }

    /// Makes a job that waits for a later time, or was given up, due at a time, its claims forgotten.
    /// One that is held, or due by then anyway, is left as it is.
    pub async fn hasten(&self, job: &Job, due_at: Timestamp) -> Result<bool, StoreError> {
        let id = job.id();
        let guard = Guard::that("queue_pk = :dead OR (queue_pk = :queue_pk AND queue_sk > :queue_sk)")
            .value(":dead", AttributeValue::S(self.queue.partition_of(Range::Dead, id)))
            .value(":queue_pk", AttributeValue::S(self.queue.partition_of(Range::Waiting, id)))
            .value(":queue_sk", AttributeValue::S(sortable(due_at)))
            .value(":due_at", AttributeValue::S(due_at.to_string()))
            .value(":zero", number(0));
        let set = "SET queue_pk = :queue_pk, queue_sk = :queue_sk, due_at = :due_at, claims = :zero";
        let hastened = self.update(&Key::Job(id), guard, set).await?.is_some();
        if hastened {
            self.wake();
        }
        Ok(hastened)
    }

    /// Frees every lease at once: for the start of a process that holds the store and its only worker.
    pub async fn release_all(&self, machine_now: Timestamp) -> Result<usize, StoreError> {
        self.held_looked_at(Timestamp::MIN);
        let mut released = 0;
        for shard in 0..self.queue.shards.max(1) {
            for entry in self.entries(Range::Held, shard, None, RELEASE_MAX).await? {
                let (pk, sk) = (text(&entry, "pk")?, text(&entry, "sk")?);
                let key = Key::parse(&pk, &sk).map_err(|_| StoreError::Missing("a job's key"))?;
                let guard = Guard::that("queue_pk = :seen")
                    .value(":seen", AttributeValue::S(text(&entry, "queue_pk")?))
                    .value(":queue_sk", AttributeValue::S(sortable(machine_now)));
                released +=
                    usize::from(self.update(&key, guard, "SET queue_sk = :queue_sk").await?.is_some());
            }
        }
        Ok(released)
    }

    /// How often a job was asked for, if this claimer still holds it.
    pub(crate) async fn asked_by_now(&self, mine: &Claimed) -> Result<Option<u64>, StoreError> {
        let Some(attributes) = self.get_attributes(&Key::Job(mine.id)).await? else { return Ok(None) };
        let job = claimed(&attributes)?;
        Ok((job.epoch == mine.epoch).then_some(job.asked))
    }

    async fn shift(
        &self,
        id: Uuid,
        guard: Guard,
        set: &str,
        range: Range,
        at: Timestamp,
    ) -> Result<Held, StoreError> {
        let guard = guard
            .value(":queue_pk", AttributeValue::S(self.queue.partition_of(range, id)))
            .value(":queue_sk", AttributeValue::S(sortable(at)));
        let set = format!("{set}queue_pk = :queue_pk, queue_sk = :queue_sk");
        let moved = self.update(&Key::Job(id), guard, &set).await?;
        Ok(if moved.is_some() { Held::Yes } else { Held::Lost })
    }

    /// A guarded update of one item: its attributes after it, or nothing where the guard failed.
    async fn update(&self, key: &Key, guard: Guard, set: &str) -> Result<Option<Attributes>, StoreError> {
        count_one();
        let call = self.client.update_item().table_name(&*self.table).set_key(Some(key.attributes()));
        let call = guard.on(call).update_expression(set).return_values(ReturnValue::AllNew);
        match call.set_return_consumed_capacity(units::wanted()).send().await {
            Ok(answer) => {
                units::count(answer.consumed_capacity());
                Ok(answer.attributes)
            }
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|error| error.is_conditional_check_failed_exception()) =>
            {
                Ok(None)
            }
            Err(error) => Err(StoreError::call(&error)),
        }
    }
}

/// Milliseconds for which a look at the held jobs that found none to take counts: a lease that ends, or a
/// pause before a retry, is noticed so much later, and a claim from a long queue asks for one range instead of two.
const HELD_LOOK_MILLIS: i64 = 100;

impl Store {
    fn held_look_is_old(&self, machine_now: Timestamp) -> bool {
        let looked = self.held_looked.load(Ordering::Relaxed);
        machine_now.as_millisecond().saturating_sub(looked) >= HELD_LOOK_MILLIS
    }

    fn held_looked_at(&self, machine_now: Timestamp) {
        self.held_looked.store(machine_now.as_millisecond(), Ordering::Relaxed);
    }
}

/// What one look at the queue came to.
struct Claims {
    jobs: Vec<Claimed>,
    /// Whether somebody else was faster with one that it found.
    lost: bool,
}

/// Looks at a queue whose jobs others take, before it counts as empty.
const LOOKS_MAX: usize = 4;
/// Entries read beyond the jobs that are wanted.
const SPARE: usize = 3;
/// Leases freed per shard at a start; more than any one process holds.
const RELEASE_MAX: usize = 1_000;

fn after(at: Timestamp, duration: Duration) -> Timestamp {
    SignedDuration::try_from(duration).ok().and_then(|duration| at.checked_add(duration).ok()).unwrap_or(at)
}
