//! The inbox of Stripe's events: which were heard, so that each has its effect once.

use domain::job::Job;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::item::Stored;
use crate::key::Key;
use crate::store::Store;
use crate::transaction::Transaction;

/// How long an event is remembered, by the machine's clock: Stripe sends one again for three days, and on
/// somebody's wish for thirty.
const KEPT: SignedDuration = SignedDuration::from_hours(35 * 24);

/// An event that was heard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeardEvent {
    /// Stripe's id of it: the same when it is sent again.
    pub id: String,
    /// What happened, such as `payment_intent.succeeded`.
    pub what: String,
    /// When the record ends, in seconds since 1970 by the machine's clock.
    pub expires: i64,
}

/// It was heard before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeardBefore;

impl HeardEvent {
    /// An event that is heard now.
    pub fn new(id: String, what: String, machine_now: Timestamp) -> Self {
        Self { id, what, expires: (machine_now + KEPT).as_second() }
    }
}

impl Stored for HeardEvent {
    const KIND: &'static str = "stripe_event";

    fn key(&self) -> Key {
        Key::StripeEvent(self.id.clone())
    }

    fn expires(&self) -> Option<i64> {
        Some(self.expires)
    }
}

impl Store {
    /// Remembers an event and asks for what it is a hint to, or refuses where it was heard before.
    pub fn hear(&self, event: &HeardEvent, job: &Job, now: Timestamp) -> Transaction<'_, HeardBefore> {
        self.transaction().create(event, HeardBefore).enqueue(job, now)
    }
}
