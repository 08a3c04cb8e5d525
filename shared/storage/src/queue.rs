//! Jobs in the same table, written in the same transaction as the change that wants them.
//!
//! A job stands in one of three ranges of a sparse index, per queue and shard (a hash of its id):
//! *waiting* by its due time on the school's clock, *held* (leased or backing off) by the machine's
//! clock, *dead* after too many claims. A claim asks the first two and moves the job, so what it
//! costs does not grow with what waits. Every claim raises the job's epoch; finishing is a guard on
//! that epoch inside the transaction of the job's last effect, so each job has its effect once.

mod claim;
mod report;
mod writes;

use std::time::Duration;

use domain::job::Job;
use jiff::Timestamp;
use uuid::Uuid;

use crate::item::{Attributes, read_number, text};
use crate::store::StoreError;
use crate::transaction::Writes;

pub use claim::Held;
pub use report::{JobLine, QueueReport};

/// How a store is used: how its jobs are spread, held and given up, and how it is written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Ranges of the index that claims are spread over, and shares of the enrollments that a billing
    /// run is split into: 1 on one machine.
    pub shards: u16,
    /// How long a worker may hold a job without renewing.
    pub lease: Duration,
    /// Claims after which a job counts as dead: one that kills its process is claimed each time too.
    pub claims_max: u32,
    /// Pause before the first retry; each further one at most twice as long.
    pub retry_first: Duration,
    /// No pause before a retry is longer.
    pub retry_max: Duration,
    /// How what may be written ahead of a transaction is written.
    pub writes: Writes,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            shards: 1,
            lease: Duration::from_secs(30),
            claims_max: 8,
            retry_first: Duration::from_millis(200),
            retry_max: Duration::from_secs(60),
            writes: Writes::Together,
        }
    }
}

/// The table's sparse index of jobs.
pub const INDEX: &str = "queue";

/// A range of the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Range {
    Waiting,
    Held,
    Dead,
}

impl Range {
    const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Held => "held",
            Self::Dead => "dead",
        }
    }
}

/// A job that a worker holds until its lease ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// Derived from what the job is for.
    pub id: Uuid,
    /// What is to be done.
    pub job: Job,
    /// When it became due, by the school's clock.
    pub due_at: Timestamp,
    /// Raised by every claim: only the last claimer may finish.
    pub epoch: u64,
    /// How often it was asked for when it was claimed.
    pub asked: u64,
    /// How often it was claimed since it became due.
    pub claims: u32,
}

impl Settings {
    /// The shard of a thing, by its id.
    pub(crate) fn shard(&self, id: Uuid) -> u16 {
        let shards = u128::from(self.shards.max(1));
        u16::try_from(id.as_u128() % shards).unwrap_or(0)
    }

    pub(crate) fn partition(&self, range: Range, shard: u16) -> String {
        format!("jobs#{shard:03}#{}", range.word())
    }

    fn partition_of(&self, range: Range, id: Uuid) -> String {
        self.partition(range, self.shard(id))
    }
}

/// An instant as the index sorts it: to the millisecond, fixed width.
fn sortable(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

fn claimed(attributes: &Attributes) -> Result<Claimed, StoreError> {
    let job = attributes.get("job").cloned().ok_or(StoreError::Missing("job"))?;
    let job: Job = serde_dynamo::from_attribute_value(job).map_err(StoreError::Shape)?;
    let due_at = text(attributes, "due_at")?.parse().map_err(|_| StoreError::Missing("due_at"))?;
    Ok(Claimed {
        id: job.id(),
        job,
        due_at,
        epoch: read_number(attributes, "epoch")?,
        asked: read_number(attributes, "asked")?,
        claims: u32::try_from(read_number(attributes, "claims")?).unwrap_or(u32::MAX),
    })
}
