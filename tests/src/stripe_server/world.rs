//! What the server knows, and what cards do.

use std::collections::{BTreeMap, HashMap, VecDeque};

use serde_json::{Value, json};

use super::keys::Remembered;

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The call is done, and nobody hears of it.
    TimeOutAfterCapture,
    /// The call is never done, and nobody hears of it.
    TimeOutBeforeCapture,
    /// Somebody else makes the same call just before.
    AnotherIsFaster,
    /// An answer of 500, before anything was done. Stripe remembers it under the key.
    ServerError,
}

/// Everything.
#[derive(Default)]
pub struct World {
    pub intents: Vec<Intent>,
    pub charges: Vec<Charged>,
    pub refunds: Vec<Refund>,
    pub events: Vec<Value>,
    pub keys: HashMap<String, Remembered>,
    pub faults: VecDeque<Fault>,
    /// The intents as the search knows them, where it lags.
    pub indexed: Option<Vec<Intent>>,
    /// When it is, in seconds since 1970.
    pub clock: Option<u64>,
    ids: u64,
}

/// One PaymentIntent.
#[derive(Debug, Clone)]
pub struct Intent {
    pub id: String,
    pub amount: i64,
    pub currency: String,
    pub customer: Option<String>,
    pub metadata: BTreeMap<String, String>,
    pub status: &'static str,
    pub latest_charge: Option<String>,
    pub error: Option<Value>,
    pub created: u64,
    pub captures: usize,
    pub tries: usize,
}

/// One refund.
#[derive(Debug, Clone)]
pub struct Refund {
    pub id: String,
    pub intent: String,
    pub amount: i64,
    pub currency: String,
    pub metadata: BTreeMap<String, String>,
    pub created: u64,
}

/// A try of a card that worked.
#[derive(Debug, Clone)]
pub struct Charged {
    id: String,
    intent: String,
    amount: i64,
    currency: String,
    metadata: BTreeMap<String, String>,
    pub created: u64,
}

/// What a card does when it is charged.
enum Charge {
    Succeeds,
    Processes,
    Declines(&'static str),
}

impl World {
    /// An id that was never given.
    pub fn id(&mut self, prefix: &str) -> String {
        self.ids += 1;
        format!("{prefix}_{:06}", self.ids)
    }

    /// A number that grows with everything that happens, in a clock's place.
    pub fn now(&self) -> u64 {
        self.clock.unwrap_or(1_800_000_000) + self.ids
    }

    pub fn of_invoice<'a>(&'a self, invoice: &'a str) -> impl Iterator<Item = &'a Intent> {
        self.intents
            .iter()
            .filter(move |intent| intent.metadata.get("invoice").is_some_and(|of| of == invoice))
    }

    pub fn at(&mut self, id: &str) -> Option<usize> {
        self.intents.iter().position(|intent| intent.id == id)
    }

    pub fn refunded(&self, intent: &str) -> i64 {
        self.refunds.iter().filter(|refund| refund.intent == intent).map(|refund| refund.amount).sum()
    }

    /// Charges a card for an intent. `None`: there is no such card.
    pub fn charge(&mut self, at: usize, card: &str) -> Option<()> {
        let does = charge(card, self.intents[at].tries)?;
        let charge = self.id("ch");
        let intent = &mut self.intents[at];
        intent.tries += 1;
        intent.latest_charge = Some(charge);
        intent.error = None;
        match does {
            Charge::Succeeds => self.succeed(at),
            Charge::Processes => intent.status = "processing",
            Charge::Declines(reason) => {
                intent.status = "requires_payment_method";
                intent.error = Some(json!({
                    "type": "card_error", "code": "card_declined", "decline_code": reason,
                    "message": "Your card was declined.",
                }));
                self.tell("payment_intent.payment_failed", at);
            }
        }
        Some(())
    }

    /// Ends what is processing: the money is there.
    pub fn settle(&mut self) {
        for at in 0..self.intents.len() {
            if self.intents[at].status == "processing" {
                self.succeed(at);
            }
        }
    }

    /// The payer of an invoice begins to pay by hand.
    pub fn process(&mut self, invoice: &str) {
        let of = |intent: &Intent| intent.metadata.get("invoice").is_some_and(|of| of == invoice);
        for intent in self.intents.iter_mut().filter(|intent| of(intent) && intent.status != "succeeded") {
            intent.status = "processing";
        }
    }

    /// The payer of an invoice pays by hand.
    pub fn pay(&mut self, invoice: &str) {
        self.process(invoice);
        self.settle();
    }

    /// Takes money for an invoice that nobody asked for.
    pub fn take(&mut self, invoice: &str, amount: i64) {
        let (intent, id, created) = (self.id("pi"), self.id("ch"), self.now());
        let metadata = BTreeMap::from([("invoice".to_owned(), invoice.to_owned())]);
        let currency = "gbp".to_owned();
        self.charges.push(Charged { id, intent, amount, currency, metadata, created });
    }

    fn succeed(&mut self, at: usize) {
        self.intents[at].status = "succeeded";
        self.intents[at].captures += 1;
        let (id, created) = (self.id("ch"), self.now());
        let Intent { id: intent, amount, currency, metadata, latest_charge, .. } = self.intents[at].clone();
        let id = latest_charge.unwrap_or(id);
        self.charges.push(Charged { id, intent, amount, currency, metadata, created });
        self.tell("payment_intent.succeeded", at);
    }

    fn tell(&mut self, kind: &str, at: usize) {
        let object = self.intents[at].shown();
        self.tell_of(kind, object);
    }

    /// Adds an event about a thing as it is now.
    pub fn tell_of(&mut self, kind: &str, object: Value) {
        let (id, created) = (self.id("evt"), self.now());
        self.events.push(json!({
            "id": id, "object": "event", "type": kind, "created": created, "livemode": false,
            "data": { "object": object },
        }));
    }
}

/// Stripe's magic cards by their Stripe names, and two of our own: one that declines some times
/// for an intent and then works (`pm_declines_2`), one that takes its time (`pm_processing`).
fn charge(card: &str, tries: usize) -> Option<Charge> {
    if let Some(times) = card.strip_prefix("pm_declines_") {
        let declines = tries < times.parse().ok()?;
        return Some(if declines { Charge::Declines("insufficient_funds") } else { Charge::Succeeds });
    }
    Some(match card {
        "pm_card_visa" => Charge::Succeeds,
        "pm_processing" => Charge::Processes,
        "pm_card_chargeDeclined" => Charge::Declines("generic_decline"),
        "pm_card_chargeDeclinedInsufficientFunds" => Charge::Declines("insufficient_funds"),
        "pm_card_chargeDeclinedLostCard" => Charge::Declines("lost_card"),
        "pm_card_chargeDeclinedStolenCard" => Charge::Declines("stolen_card"),
        "pm_card_chargeDeclinedExpiredCard" => Charge::Declines("expired_card"),
        "pm_card_chargeDeclinedProcessingError" => Charge::Declines("processing_error"),
        "pm_card_authenticationRequired" => Charge::Declines("authentication_required"),
        _ => return None,
    })
}

impl Intent {
    /// As Stripe shows it.
    pub fn shown(&self) -> Value {
        json!({
            "id": self.id, "object": "payment_intent", "amount": self.amount, "currency": self.currency,
            "customer": self.customer, "metadata": self.metadata, "status": self.status,
            "latest_charge": self.latest_charge, "last_payment_error": self.error, "created": self.created,
        })
    }
}

impl Charged {
    /// As Stripe shows it.
    pub fn shown(&self) -> Value {
        json!({
            "id": self.id, "object": "charge", "amount": self.amount, "amount_captured": self.amount,
            "currency": self.currency, "payment_intent": self.intent, "metadata": self.metadata,
            "paid": true, "captured": true, "status": "succeeded", "created": self.created,
        })
    }
}

impl Refund {
    /// As Stripe shows it.
    pub fn shown(&self) -> Value {
        json!({
            "id": self.id, "object": "refund", "amount": self.amount, "currency": self.currency,
            "payment_intent": self.intent, "metadata": self.metadata, "status": "succeeded",
            "created": self.created,
        })
    }
}
