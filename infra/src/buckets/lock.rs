//! Object lock: what keeps an object from being removed or replaced.
//!
//! As in S3's governance mode, a date can be passed over by whoever says so; a legal hold by nobody. S3 keeps old
//! versions where an object is replaced; this store has none, so a locked object is not replaced at all.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Refusal;
use super::bucket::{Bucket, Stored, object_path};
use super::record::Object;

/// What holds an object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Lock {
    /// The first instant at which it may go, by the machine's clock.
    pub until: Option<Timestamp>,
    /// Whether it stays whatever the date.
    pub held: bool,
}

/// Whether somebody passes over a date that is not over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Passing {
    /// They do.
    Over,
    /// They do not.
    Not,
}

impl Passing {
    /// By the header of a request.
    pub(super) fn by(header: Option<bool>) -> Self {
        if header == Some(true) { Self::Over } else { Self::Not }
    }
}

impl Lock {
    /// Whether the object may go now.
    pub(super) fn check(&self, passing: Passing, now: Timestamp) -> Result<(), Refusal> {
        let dated = self.until.is_some_and(|until| now < until) && passing == Passing::Not;
        if self.held || dated { Err(Refusal::Locked) } else { Ok(()) }
    }
}

impl Bucket {
    /// Keeps an object until a date; an earlier one than before only for whoever passes over it.
    pub(super) fn retain(
        &self,
        key: &str,
        until: Option<Timestamp>,
        passing: Passing,
    ) -> Result<(), Refusal> {
        let now = self.now();
        self.relock(key, |lock| {
            let shortens = lock.until.is_some_and(|before| until.is_none_or(|until| until < before));
            if shortens {
                Lock { held: false, ..lock.clone() }.check(passing, now)?;
            }
            lock.until = until;
            Ok(())
        })
    }

    /// Holds an object whatever its date, or no longer.
    pub(super) fn hold(&self, key: &str, held: bool) -> Result<(), Refusal> {
        self.relock(key, |lock| {
            lock.held = held;
            Ok(())
        })
    }

    fn relock(
        &self,
        key: &str,
        change: impl FnOnce(&mut Lock) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        let _committing = self.committing();
        let there = self.object(key)?;
        let mut object: Object = there.object.clone();
        change(&mut object.lock)?;
        self.durability.write(&object_path(&self.folder, key), &object)?;
        let blobs = there.blobs.clone();
        self.index_mut().objects.insert(key.to_owned(), Arc::new(Stored { object, blobs }));
        Ok(())
    }
}
