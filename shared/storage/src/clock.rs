//! Two clocks. The school's decides rules, due times and retention, and may be simulated; the
//! machine's decides leases, retry timers, tokens and signatures.
//!
//! This file and the mains are the only places that may ask what time it is or for a random id.
#![allow(clippy::disallowed_methods)]

use std::time::SystemTime;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::item::{Item, Stored};
use crate::key::Key;
use crate::store::{Store, StoreError};
use crate::transaction::{Refused, read_again};

/// The machine's clock.
pub fn machine_now() -> Timestamp {
    Timestamp::now()
}

/// The machine's clock as the standard library has it.
pub fn system_now() -> SystemTime {
    SystemTime::now()
}

/// A UUID for something new that happened at `at`: sorted by time, then random.
pub fn new_uuid(at: Timestamp) -> Uuid {
    let since = at.duration_since(Timestamp::UNIX_EPOCH);
    let seconds = u64::try_from(since.as_secs()).unwrap_or(0);
    let nanos = u32::try_from(since.subsec_nanos()).unwrap_or(0);
    Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanos))
}

/// The school's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// The machine's.
    Machine,
    /// One that stands still until it is moved, kept in the table so that every part reads the same.
    Simulated,
}

/// Where a simulated clock stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hands {
    /// The school's now.
    pub now: Timestamp,
}

impl Stored for Hands {
    const KIND: &'static str = "clock";

    fn key(&self) -> Key {
        Key::Clock
    }
}

impl Clock {
    /// The kind of clock this table has: simulated once somebody set one.
    pub async fn of(store: &Store) -> Result<Self, StoreError> {
        let hands: Option<Item<Hands>> = store.get(&Key::Clock).await?;
        Ok(if hands.is_some() { Self::Simulated } else { Self::Machine })
    }

    /// The school's now.
    pub async fn now(self, store: &Store) -> Result<Timestamp, StoreError> {
        match self {
            Self::Machine => Ok(machine_now()),
            Self::Simulated => {
                let hands: Option<Item<Hands>> = store.uncounted(store.get(&Key::Clock)).await?;
                Ok(hands.map_or_else(machine_now, |hands| hands.value.now))
            }
        }
    }

    /// Sets the hands of a simulated clock; never backwards: the later of both counts.
    pub async fn set(store: &Store, now: Timestamp) -> Result<Timestamp, StoreError> {
        let set = read_again(
            |refused| matches!(refused, Refused::By(())),
            async || {
                let hands: Option<Item<Hands>> = store.get(&Key::Clock).await?;
                let item = hands.unwrap_or(Item::new(Hands { now }));
                let later = item.value.now.max(now);
                store.transaction().save(&item.with(Hands { now: later }), ()).commit().await?;
                Ok(later)
            },
        );
        set.await.map_err(|refused| match refused {
            Refused::Store(error) => error,
            _ => StoreError::Unavailable("others set the clock all the time".into()),
        })
    }
}
