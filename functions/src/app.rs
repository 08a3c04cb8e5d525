//! What every handler shares: the store, the clock, who may sign in.

use std::sync::Arc;

use storage::{Clock, Store};

use crate::token::Verifier;

/// The parts a handler leans on; cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// What the mains put together.
pub struct Parts {
    /// The table and the buckets.
    pub store: Store,
    /// The school's clock.
    pub clock: Clock,
    /// Checks bearer tokens.
    pub verifier: Verifier,
    /// Signs credentials.
    pub signer: crate::signing::Signer,
    /// Makes and checks the endpoints of uploads.
    pub capability_key: crate::capability::CapabilityKey,
    /// Editions, read through a bounded cache.
    pub catalog: crate::catalog::Editions,
    /// How this deployment is set up.
    pub settings: Settings,
}

/// How a deployment is set up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where clients reach this API: `https://api.example.org`, without a slash at the end.
    pub public_url: String,
    /// Ways to pay that a student may choose here.
    pub payment_methods: Vec<domain::invoice::PaymentKind>,
    /// Who collects direct debits, by legal entity: these alone offer them.
    pub creditors: std::collections::BTreeMap<String, domain::debit::Creditor>,
    /// What Stripe's events are checked with; none is believed without a key.
    pub stripe_keys: crate::webhook::WebhookKeys,
    /// Where sessions are held, and who tells of them.
    pub video: crate::video::Video,
    /// What word of providers' recordings is signed with; without one none is believed.
    pub recording_keys: crate::webhook::WebhookKeys,
    /// How long `accept` waits for its charge.
    pub accept_wait: std::time::Duration,
    /// How long links to files and upload endpoints live.
    pub link_lifetime: std::time::Duration,
    /// How long an upload may make no progress before it is given up.
    pub upload_idle_max: std::time::Duration,
}

impl App {
    /// An app of these parts.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

impl std::ops::Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
