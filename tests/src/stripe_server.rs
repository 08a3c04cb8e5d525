//! A small Stripe in memory on loopback, written from Stripe's documentation, for tests.
//!
//! It does what `localstripe` does not: it honors `Idempotency-Key`, lets a declined intent be
//! confirmed again, searches, fails on demand, and counts what was captured. Every call goes over
//! HTTP and through the real client.

mod answer;
mod intents;
mod keys;
mod refunds;
mod world;

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::hmac;
use axum::Router;
use axum::routing::{get, post};
use jiff::Timestamp;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use self::world::World;

pub use self::world::Fault;

/// The key that it takes.
pub const KEY: &str = "sk_test_stripe_server";

/// The server. It ends with this value.
pub struct StripeServer {
    /// Where it listens.
    pub url: String,
    shared: Shared,
    task: JoinHandle<()>,
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<World>>);

impl Shared {
    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StripeServer {
    /// A server without any payment, on a free port.
    pub async fn start() -> std::io::Result<Self> {
        let shared = Shared::default();
        let routes = Router::new()
            .route("/v1/payment_intents", post(intents::create).get(intents::list))
            .route("/v1/payment_intents/search", get(intents::search))
            .route("/v1/payment_intents/{id}", post(intents::update).get(intents::retrieve))
            .route("/v1/payment_intents/{id}/confirm", post(intents::confirm))
            .route("/v1/charges", get(refunds::charges))
            .route("/v1/refunds", post(refunds::create).get(refunds::list))
            .with_state(shared.clone());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let task = tokio::spawn(async move {
            let _ = axum::serve(listener, routes).await;
        });
        Ok(Self { url, shared, task })
    }

    /// Fails the next call that would create, confirm or refund.
    pub fn fail_next(&self, fault: Fault) {
        self.shared.world().faults.push_back(fault);
    }

    /// Sets its clock.
    pub fn at(&self, now: Timestamp) {
        self.shared.world().clock = u64::try_from(now.as_second()).ok();
    }

    /// Takes money that nobody here asked for, in pence.
    pub fn takes(&self, invoice: &str, pence: i64) {
        self.shared.world().take(invoice, pence);
    }

    /// Forgets its idempotency keys, as Stripe does after a day.
    pub fn forget_keys(&self) {
        self.shared.world().keys.clear();
    }

    /// Lets the search know nothing of what happens from now on, as when it lags behind.
    pub fn search_lags(&self) {
        let world = &mut *self.shared.world();
        world.indexed = Some(world.intents.clone());
    }

    /// Makes every intent one of this customer's, for a customer with a great many.
    pub fn all_of(&self, customer: &str) {
        for intent in &mut self.shared.world().intents {
            intent.customer = Some(customer.to_owned());
        }
    }

    /// Ends what is still processing.
    pub fn settle(&self) {
        self.shared.world().settle();
    }

    /// Lets an invoice's payer come and begin to pay what was refused; [`settle`](Self::settle) ends it.
    pub fn process(&self, invoice: &str) {
        self.shared.world().process(invoice);
    }

    /// Lets an invoice's payer come and pay what was refused.
    pub fn pay(&self, invoice: &str) {
        self.shared.world().pay(invoice);
    }

    /// How often money was taken for an invoice. More than once is what must never be.
    pub fn captures(&self, invoice: &str) -> usize {
        self.shared.world().of_invoice(invoice).map(|intent| intent.captures).sum()
    }

    /// How many intents an invoice has.
    pub fn intents(&self, invoice: &str) -> usize {
        self.shared.world().of_invoice(invoice).count()
    }

    /// How often a card was tried for an invoice.
    pub fn tries(&self, invoice: &str) -> usize {
        self.shared.world().of_invoice(invoice).map(|intent| intent.tries).sum()
    }

    /// What was given back of an invoice's money, in minor units.
    pub fn refunded(&self, invoice: &str) -> i64 {
        let world = self.shared.world();
        world.of_invoice(invoice).map(|intent| world.refunded(&intent.id)).sum()
    }

    /// What happened so far, as events; oldest first.
    pub fn events(&self) -> Vec<Value> {
        self.shared.world().events.clone()
    }

    /// Ends the server.
    pub fn stop(self) {}
}

impl Drop for StripeServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// An event's bytes and the header that signs them. A test sends them when, in what order and as
/// often as it wants.
pub fn signed(event: &Value, secret: &str, signed_at: Timestamp) -> (String, Vec<u8>) {
    let body = event.to_string().into_bytes();
    let at = signed_at.as_second();
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, &[format!("{at}.").as_bytes(), &body].concat());
    let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    (format!("t={at},v1={hex}"), body)
}

/// Sends events to an address in this order, each signed, and gives the statuses it was answered. The
/// same one may stand there twice, or before an older one, as Stripe may send them.
pub async fn send<'a>(
    events: impl IntoIterator<Item = &'a Value>,
    url: &str,
    secret: &str,
    signed_at: Timestamp,
) -> Result<Vec<u16>, reqwest::Error> {
    let http = reqwest::Client::builder().no_proxy().build()?;
    let mut statuses = Vec::new();
    for event in events {
        let (header, body) = signed(event, secret, signed_at);
        let sent = http.post(url).header("content-type", "application/json; charset=utf-8");
        statuses.push(sent.header("stripe-signature", header).body(body).send().await?.status().as_u16());
    }
    Ok(statuses)
}
