//! What the queue looks like: for the status page, and for a simulated clock that moves on.

use domain::job::Job;
use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use super::{Range, claimed};
use crate::item::{Attributes, read_number, text};
use crate::key::Key;
use crate::store::{Store, StoreError};

/// The most jobs of a range that a report shows.
const LINES_MAX: usize = 20;

/// What waits, what is held, what was given up: the first of each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QueueReport {
    /// Next to be done, earliest first.
    pub waiting: Vec<JobLine>,
    /// Leased or backing off.
    pub held: Vec<JobLine>,
    /// Given up, with their reasons.
    pub dead: Vec<JobLine>,
}

/// One job of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JobLine {
    /// What is to be done; nothing where this version cannot read it.
    pub job: Option<Job>,
    /// What it is known by.
    pub id: Uuid,
    /// When it is due, by the school's clock.
    pub due_at: Timestamp,
    /// How often it was claimed.
    pub claims: u32,
    /// Why it failed last.
    pub last_error: Option<String>,
}

impl Store {
    /// The first jobs of each range.
    pub async fn queue_report(&self) -> Result<QueueReport, StoreError> {
        Ok(QueueReport {
            waiting: self.lines(Range::Waiting).await?,
            held: self.lines(Range::Held).await?,
            dead: self.lines(Range::Dead).await?,
        })
    }

    /// When the next waiting job is due, by the school's clock.
    pub async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        let mut next: Option<Timestamp> = None;
        for entry in self.first_entries(Range::Waiting, 1).await? {
            let due: Timestamp =
                text(&entry, "queue_sk")?.parse().map_err(|_| StoreError::Missing("queue_sk"))?;
            next = Some(next.map_or(due, |next| next.min(due)));
        }
        Ok(next)
    }

    /// Whether no job is leased or backing off.
    pub async fn nothing_held(&self) -> Result<bool, StoreError> {
        Ok(self.first_entries(Range::Held, 1).await?.is_empty())
    }

    async fn first_entries(&self, range: Range, entries_max: usize) -> Result<Vec<Attributes>, StoreError> {
        let mut entries = Vec::new();
        for shard in 0..self.queue.shards.max(1) {
            entries.extend(self.entries(range, shard, None, entries_max).await?);
        }
        Ok(entries)
    }

    async fn lines(&self, range: Range) -> Result<Vec<JobLine>, StoreError> {
        let mut lines = Vec::new();
        for entry in self.first_entries(range, LINES_MAX).await? {
            let (pk, sk) = (text(&entry, "pk")?, text(&entry, "sk")?);
            let key = Key::parse(&pk, &sk).map_err(|_| StoreError::Missing("a job's key"))?;
            // Gone by now: the index was read before it was finished.
            let Some(attributes) = self.get_attributes(&key).await? else { continue };
            let Key::Job(id) = key else { continue };
            let due_at = text(&attributes, "due_at")?.parse();
            lines.push(JobLine {
                job: claimed(&attributes).ok().map(|claimed| claimed.job),
                id,
                due_at: due_at.map_err(|_| StoreError::Missing("due_at"))?,
                claims: u32::try_from(read_number(&attributes, "claims")?).unwrap_or(u32::MAX),
                last_error: text(&attributes, "last_error").ok(),
            });
        }
        Ok(lines)
    }
}
