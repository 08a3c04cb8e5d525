//! Stripe's provider against a small Stripe: however calls are lost, repeated or late, an invoice's
//! money is taken once.

mod events; // as Stripe sends them: signed, twice and out of order
mod finding; // calls that nobody heard the answer of, and payments that are hard to find
mod refunds; // money given back once

use std::time::Duration;

use domain::enrollment::PaymentMethod;
use domain::id::{InvoiceId, PaymentId, RefundId};
use domain::invoice::Retry;
use domain::money::{Currency, Money};
use functions::stripe::{Event, HEADER};
use functions::webhook::{Form, WebhookKeys, WebhookRefused};
use jiff::Timestamp;
use tests::stripe_server::{Fault, KEY, StripeServer, send, signed};
use worker::payment::stripe::{Settings, Stripe};
use worker::payment::{Charged, Collection, PaymentProvider, Return, Returned};
use worker::secret::Secret;

/// No call takes so long, on however busy a machine.
const CALL_MAX: Duration = Duration::from_secs(30);

/// A Stripe and our client of it, and an invoice of 300 pounds.
struct Till {
    server: StripeServer,
    stripe: Stripe,
    invoice: InvoiceId,
}

impl Till {
    async fn open() -> Self {
        let server = StripeServer::start().await.expect("a server");
        let stripe = stripe(&server, KEY);
        Self { server, stripe, invoice: InvoiceId::derived(&["1"]) }
    }

    async fn charge(&self, method: &PaymentMethod) -> Charged {
        self.charge_of(self.invoice, pounds(30_000), method).await
    }

    async fn look_up(&self, method: &PaymentMethod) -> Charged {
        self.stripe.look_up(collection(self.invoice, pounds(30_000), method)).await
    }

    async fn charge_of(&self, invoice: InvoiceId, amount: Money, method: &PaymentMethod) -> Charged {
        self.stripe.charge(collection(invoice, amount, method)).await
    }

    async fn send_back(&self, refund: &str, reference: &str, minor: i64) -> Returned {
        let (refund, payment) = (RefundId::derived(&[refund]), PaymentId::of_charge(self.invoice));
        let (invoice, amount) = (self.invoice, pounds(minor));
        self.stripe.send_back(Return { refund, invoice, payment, reference, amount }).await
    }

    /// Intents, tries and captures of the invoice.
    fn counts(&self) -> (usize, usize, usize) {
        let invoice = self.invoice.to_string();
        (self.server.intents(&invoice), self.server.tries(&invoice), self.server.captures(&invoice))
    }
}

fn stripe(server: &StripeServer, key: &str) -> Stripe {
    let settings = Settings { base_url: server.url.clone(), key: Secret::new(key), call_max: CALL_MAX };
    Stripe::new(settings).expect("a client")
}

/// A collection that may have been tried before.
fn collection(invoice: InvoiceId, amount: Money, method: &PaymentMethod) -> Collection<'_> {
    Collection { invoice, amount, method, tries: 2 }
}

fn pounds(minor: i64) -> Money {
    Money::minor(minor, Currency::Gbp)
}

/// A card of a customer, as it is in life.
fn card(token: &str) -> PaymentMethod {
    card_of(token, "cus_1")
}

fn card_of(token: &str, customer: &str) -> PaymentMethod {
    PaymentMethod::Card { token: token.to_owned(), customer: Some(customer.to_owned()) }
}

/// A card of nobody, whose intents only the search can find.
fn bare(token: &str) -> PaymentMethod {
    PaymentMethod::Card { token: token.to_owned(), customer: None }
}

fn declined(reason: &str, retry: Retry) -> Charged {
    Charged::Declined { reason: reason.to_owned(), retry }
}

#[track_caller]
fn is_paid(charged: &Charged) -> String {
    let Charged::Paid { reference, .. } = charged else { panic!("{charged:?}") };
    assert!(reference.starts_with("pi_"), "{reference}");
    reference.clone()
}

#[tokio::test]
async fn a_card_that_works_pays_once_however_often_it_is_asked() {
    for method in [card("pm_card_visa"), bare("pm_card_visa")] {
        let till = Till::open().await;
        let reference = is_paid(&till.charge(&method).await);
        assert_eq!(is_paid(&till.charge(&method).await), reference);
        assert_eq!(is_paid(&till.look_up(&method).await), reference);
        assert_eq!(till.counts(), (1, 1, 1));
    }
}

#[tokio::test]
async fn a_decline_says_whether_asking_again_may_help() {
    for (token, reason, retry) in [
        ("pm_card_chargeDeclinedInsufficientFunds", "insufficient_funds", Retry::MayHelp),
        ("pm_card_chargeDeclinedProcessingError", "processing_error", Retry::MayHelp),
        ("pm_card_chargeDeclined", "generic_decline", Retry::MayHelp),
        ("pm_card_chargeDeclinedLostCard", "lost_card", Retry::NeverHelps),
        ("pm_card_chargeDeclinedStolenCard", "stolen_card", Retry::NeverHelps),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", Retry::NeverHelps),
        ("pm_card_authenticationRequired", "authentication_required", Retry::NeverHelps),
    ] {
        let till = Till::open().await;
        assert_eq!(till.charge(&card(token)).await, declined(reason, retry));
        assert_eq!(till.look_up(&card(token)).await, declined(reason, retry));
        assert_eq!(till.counts(), (1, 1, 0));
    }
}

#[tokio::test]
async fn a_retry_confirms_the_same_intent_and_does_not_hear_the_old_decline() {
    for method in [card("pm_declines_3"), bare("pm_declines_3")] {
        let till = Till::open().await;
        for _ in 0..3 {
            let soft = declined("insufficient_funds", Retry::MayHelp);
            assert_eq!(till.charge(&method).await, soft);
        }
        let reference = is_paid(&till.charge(&method).await);
        assert_eq!(is_paid(&till.charge(&method).await), reference);
        assert_eq!(till.counts(), (1, 4, 1));
    }
}

#[tokio::test]
async fn another_card_pays_the_same_intent() {
    let till = Till::open().await;
    let lost = declined("lost_card", Retry::NeverHelps);
    assert_eq!(till.charge(&card("pm_card_chargeDeclinedLostCard")).await, lost);
    is_paid(&till.charge(&card("pm_card_visa")).await);
    assert_eq!(till.counts(), (1, 2, 1));
}

#[tokio::test]
async fn an_error_of_stripes_is_no_answer() {
    let till = Till::open().await;
    let method = card("pm_card_visa");
    till.server.fail_next(Fault::ServerError);
    assert_eq!(till.charge(&method).await, Charged::Unknown);
    assert_eq!(till.look_up(&method).await, Charged::Absent);
    // Stripe gives the 500 again while it remembers the key, and then the call is new.
    assert_eq!(till.charge(&method).await, Charged::Unknown);
    assert_eq!(till.charge(&card("pm_declines_1")).await, Charged::Unknown, "the key with other facts");
    till.server.forget_keys();
    is_paid(&till.charge(&method).await);
    assert_eq!(till.counts(), (1, 1, 1));
}

#[tokio::test]
async fn what_is_processing_is_unknown_until_it_is_there() {
    let till = Till::open().await;
    let method = card("pm_processing");
    assert_eq!(till.charge(&method).await, Charged::Unknown);
    assert_eq!(till.look_up(&method).await, Charged::Unknown);
    assert_eq!(till.charge(&method).await, Charged::Unknown);
    till.server.settle();
    is_paid(&till.look_up(&method).await);
    assert_eq!(till.counts(), (1, 1, 1));
}

#[tokio::test]
async fn charges_at_the_same_time_take_the_money_once() {
    for token in ["pm_card_visa", "pm_declines_1"] {
        let till = Till::open().await;
        let method = card(token);
        let charges = (0..8).map(|_| till.charge(&method));
        futures::future::join_all(charges).await;
        is_paid(&till.charge(&method).await);
        let (intents, _, captures) = till.counts();
        assert_eq!((intents, captures), (1, 1), "{token}");
    }
}

#[tokio::test]
async fn what_was_paid_otherwise_since_the_decline_is_not_taken_again() {
    let till = Till::open().await;
    let method = card("pm_declines_1");
    till.charge(&method).await;
    is_paid(&till.charge_of(till.invoice, pounds(10_000), &method).await);
    let reference = is_paid(&till.look_up(&method).await);
    let too_much = till.send_back("1", &reference, 10_001).await;
    assert_eq!(too_much, Returned::Refused { reason: "amount_too_large".to_owned() });
    assert_eq!(till.counts(), (1, 2, 1));
}

#[tokio::test]
async fn a_card_that_is_gone_never_helps() {
    let till = Till::open().await;
    let gone = declined("resource_missing", Retry::NeverHelps);
    assert_eq!(till.charge(&card("pm_gone")).await, gone);
    is_paid(&till.charge(&card("pm_card_visa")).await);
    assert_eq!(till.counts(), (1, 1, 1));
}

#[tokio::test]
async fn an_amount_that_stripe_cannot_take_is_not_sent() {
    let till = Till::open().await;
    for (money, reason) in [
        (Money::minor(115_505, Currency::Kwd), "amount_not_in_tens"),
        (Money::minor(0, Currency::Eur), "amount_not_positive"),
    ] {
        let refused = till.charge_of(till.invoice, money, &card("pm_card_visa")).await;
        assert_eq!(refused, declined(reason, Retry::NeverHelps));
    }
    assert_eq!(till.counts(), (0, 0, 0));
    let dinars = Money::minor(115_500, Currency::Kwd);
    is_paid(&till.charge_of(till.invoice, dinars, &card("pm_card_visa")).await);
}

#[tokio::test]
async fn our_own_mistake_is_not_the_payers() {
    let till = Till::open().await;
    let stranger = stripe(&till.server, "sk_test_other");
    let method = card("pm_card_visa");
    let collection = collection(till.invoice, pounds(1), &method);
    assert_eq!(stranger.charge(collection).await, Charged::Unknown);
    assert_eq!(stranger.look_up(collection).await, Charged::Unknown);
    assert_eq!(till.counts(), (0, 0, 0));
}

#[tokio::test]
async fn without_a_stripe_nothing_is_known() {
    let settings = Settings {
        base_url: "http://127.0.0.1:9".to_owned(),
        key: Secret::new("sk_test_1"),
        call_max: CALL_MAX,
    };
    let stripe = Stripe::new(settings).expect("a client");
    let invoice = InvoiceId::derived(&["1"]);
    let method = card("pm_card_visa");
    assert_eq!(stripe.charge(collection(invoice, pounds(1), &method)).await, Charged::Unknown);
    assert_eq!(stripe.look_up(collection(invoice, pounds(1), &method)).await, Charged::Unknown);
}

#[tokio::test]
async fn what_is_no_card_is_not_charged() {
    let till = Till::open().await;
    let refused = declined("card_not_accepted", Retry::NeverHelps);
    assert_eq!(till.charge(&PaymentMethod::Manual).await, refused);
    assert_eq!(till.look_up(&PaymentMethod::Manual).await, Charged::Absent);
    assert_eq!(till.counts(), (0, 0, 0));
    // Who has another way to pay by now has paid all the same.
    is_paid(&till.charge(&card("pm_card_visa")).await);
    is_paid(&till.look_up(&PaymentMethod::Manual).await);
    assert_eq!(till.counts(), (1, 1, 1));
}

#[tokio::test]
async fn the_key_does_not_print() {
    let till = Till::open().await;
    assert!(!format!("{:?}", till.stripe).contains(KEY));
}
