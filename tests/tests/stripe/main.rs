//! Stripe's provider against a small Stripe: however calls are lost, repeated or late, an invoice's
//! money is taken once.

use std::time::Duration;

use domain::enrollment::PaymentMethod;
use domain::id::{InvoiceId, PaymentId, RefundId};
use domain::invoice::Retry;
use domain::money::{Currency, Money};
use functions::stripe::{Event, HEADER, WebhookKeys, WebhookRefused};
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
async fn the_keys_of_yesterday_are_not_needed() {
    for method in [card("pm_card_visa"), bare("pm_card_visa")] {
        let till = Till::open().await;
        let reference = is_paid(&till.charge(&method).await);
        till.server.forget_keys();
        assert_eq!(is_paid(&till.charge(&method).await), reference);
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
async fn a_payer_who_became_another_customer_keeps_the_intent() {
    let till = Till::open().await;
    till.server.fail_next(Fault::TimeOutAfterCapture);
    assert_eq!(till.charge(&card_of("pm_card_visa", "cus_1")).await, Charged::Unknown);
    till.server.forget_keys();
    is_paid(&till.look_up(&card_of("pm_card_visa", "cus_2")).await);
    is_paid(&till.charge(&card_of("pm_card_visa", "cus_2")).await);
    assert_eq!(till.counts(), (1, 1, 1));
}

#[tokio::test]
async fn a_capture_that_nobody_heard_of_is_found_and_never_repeated() {
    for method in [card("pm_card_visa"), bare("pm_card_visa")] {
        let till = Till::open().await;
        till.server.fail_next(Fault::TimeOutAfterCapture);
        assert_eq!(till.charge(&method).await, Charged::Unknown);
        let reference = is_paid(&till.look_up(&method).await);
        assert_eq!(is_paid(&till.charge(&method).await), reference);
        assert_eq!(till.counts(), (1, 1, 1));
    }
}

#[tokio::test]
async fn a_call_that_never_arrived_took_nothing_and_may_be_made_again() {
    for method in [card("pm_card_visa"), bare("pm_card_visa")] {
        let till = Till::open().await;
        till.server.fail_next(Fault::TimeOutBeforeCapture);
        assert_eq!(till.charge(&method).await, Charged::Unknown);
        assert_eq!(till.look_up(&method).await, Charged::Absent);
        is_paid(&till.charge(&method).await);
        assert_eq!(till.counts(), (1, 1, 1));
    }
}

#[tokio::test]
async fn a_first_try_looks_for_nothing_and_is_still_made_once() {
    let till = Till::open().await;
    let method = card("pm_card_visa");
    // Neither list nor search would find it.
    till.server.search_lags();
    till.server.all_of("cus_2");
    let first = Collection { tries: 1, ..collection(till.invoice, pounds(30_000), &method) };
    till.server.fail_next(Fault::TimeOutAfterCapture);
    assert_eq!(till.stripe.charge(first).await, Charged::Unknown);
    is_paid(&till.stripe.charge(first).await);
    assert_eq!(till.counts(), (1, 1, 1));
}

#[tokio::test]
async fn a_retry_that_nobody_heard_of_is_found_and_never_repeated() {
    let till = Till::open().await;
    let method = card("pm_declines_1");
    till.charge(&method).await;
    till.server.fail_next(Fault::TimeOutAfterCapture);
    assert_eq!(till.charge(&method).await, Charged::Unknown);
    is_paid(&till.look_up(&method).await);
    is_paid(&till.charge(&method).await);
    assert_eq!(till.counts(), (1, 2, 1));
}

#[tokio::test]
async fn a_retry_that_was_declined_unheard_is_answered_by_the_next_one() {
    let till = Till::open().await;
    let method = card("pm_declines_2");
    till.charge(&method).await;
    till.server.fail_next(Fault::TimeOutAfterCapture);
    assert_eq!(till.charge(&method).await, Charged::Unknown);
    assert_eq!(till.look_up(&method).await, declined("insufficient_funds", Retry::MayHelp));
    is_paid(&till.charge(&method).await);
    assert_eq!(till.counts(), (1, 3, 1));
}

#[tokio::test]
async fn while_the_search_lags_the_list_and_the_key_answer() {
    let till = Till::open().await;
    till.server.search_lags();
    let method = bare("pm_declines_1");
    assert_eq!(till.charge(&method).await, declined("insufficient_funds", Retry::MayHelp));
    is_paid(&till.charge(&method).await);
    is_paid(&till.look_up(&method).await);
    assert_eq!(till.counts(), (1, 2, 1));
}

#[tokio::test]
async fn a_search_that_is_out_of_date_decides_nothing() {
    for method in [card_of("pm_card_visa", "cus_2"), bare("pm_card_visa")] {
        let till = Till::open().await;
        let soft = declined("insufficient_funds", Retry::MayHelp);
        assert_eq!(till.charge(&card_of("pm_declines_1", "cus_1")).await, soft);
        // The search goes on showing the decline, and no list of this payer's has the intent.
        till.server.search_lags();
        assert_eq!(till.look_up(&method).await, soft);
        till.server.process(&till.invoice.to_string());
        assert_eq!(till.look_up(&method).await, Charged::Unknown);
        assert_eq!(till.charge(&method).await, Charged::Unknown);
        till.server.settle();
        is_paid(&till.look_up(&method).await);
        is_paid(&till.charge(&method).await);
        assert_eq!(till.counts(), (1, 1, 1));
    }
}

#[tokio::test]
async fn a_thousand_younger_payments_hide_an_intent_from_the_list_but_not_from_its_key() {
    let till = Till::open().await;
    till.server.search_lags();
    let method = bare("pm_declines_1");
    till.charge(&method).await;
    for number in 0..1_001 {
        let other = InvoiceId::derived(&["other", &number.to_string()]);
        is_paid(&till.charge_of(other, pounds(1), &card_of("pm_card_visa", &format!("cus_{number}"))).await);
    }
    // Found by the key alone: creating answers with the intent of then, which is taken on.
    is_paid(&till.charge(&method).await);
    assert_eq!(till.counts(), (1, 2, 1));
}

#[tokio::test]
async fn a_payer_with_more_payments_than_we_read_is_not_charged_blindly() {
    let till = Till::open().await;
    till.server.search_lags();
    let method = card("pm_card_visa");
    is_paid(&till.charge(&method).await);
    for number in 0..1_001 {
        let other = InvoiceId::derived(&["other", &number.to_string()]);
        is_paid(&till.charge_of(other, pounds(1), &card_of("pm_card_visa", &format!("cus_{number}_"))).await);
    }
    till.server.all_of("cus_1");
    till.server.forget_keys();
    assert_eq!(till.charge(&method).await, Charged::Unknown);
    assert_eq!(till.look_up(&method).await, Charged::Unknown);
    assert_eq!(till.counts(), (1, 1, 1));
}

#[tokio::test]
async fn whoever_comes_second_hears_that_it_is_paid() {
    let till = Till::open().await;
    let method = card("pm_declines_1");
    till.charge(&method).await;
    till.server.fail_next(Fault::AnotherIsFaster);
    is_paid(&till.charge(&method).await);
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

#[tokio::test]
async fn a_refund_is_sent_once_however_often_it_is_asked() {
    let till = Till::open().await;
    let reference = is_paid(&till.charge(&card("pm_card_visa")).await);
    let sent = till.send_back("1", &reference, 10_000).await;
    assert!(matches!(sent, Returned::Sent { .. }), "{sent:?}");
    assert_eq!(till.send_back("1", &reference, 10_000).await, sent);
    till.server.forget_keys();
    assert_eq!(till.send_back("1", &reference, 10_000).await, sent);
    assert_ne!(till.send_back("2", &reference, 10_000).await, sent);
    assert_eq!(till.server.refunded(&till.invoice.to_string()), 20_000);
}

#[tokio::test]
async fn a_refund_that_nobody_heard_of_is_found() {
    let till = Till::open().await;
    let reference = is_paid(&till.charge(&card("pm_card_visa")).await);
    for (refund, fault) in [("1", Fault::TimeOutAfterCapture), ("2", Fault::TimeOutBeforeCapture)] {
        till.server.fail_next(fault);
        assert_eq!(till.send_back(refund, &reference, 10_000).await, Returned::Unknown);
        till.server.forget_keys();
        let sent = till.send_back(refund, &reference, 10_000).await;
        assert!(matches!(sent, Returned::Sent { .. }), "{sent:?}");
    }
    assert_eq!(till.server.refunded(&till.invoice.to_string()), 20_000);
}

#[tokio::test]
async fn more_than_was_paid_is_not_given_back() {
    let till = Till::open().await;
    let reference = is_paid(&till.charge(&card("pm_card_visa")).await);
    let refused = |reason: &str| Returned::Refused { reason: reason.to_owned() };
    assert_eq!(till.send_back("1", &reference, 30_001).await, refused("amount_too_large"));
    till.send_back("2", &reference, 30_000).await;
    assert_eq!(till.send_back("3", &reference, 1).await, refused("charge_already_refunded"));
    assert_eq!(till.send_back("4", "pi_none", 1).await, refused("resource_missing"));
    assert_eq!(till.send_back("5", &reference, 0).await, refused("amount_not_positive"));
}

#[tokio::test]
async fn a_signed_event_names_the_intent_and_its_invoice() {
    let till = Till::open().await;
    let method = card("pm_declines_1");
    till.charge(&method).await;
    let reference = is_paid(&till.charge(&method).await);
    let keys = WebhookKeys::new(["whsec_1"]);
    let now: Timestamp = "2027-02-08T10:00:00Z".parse().expect("an instant");
    let read = |event| {
        let (header, body) = signed(event, "whsec_1", now);
        keys.verify(Some(header.as_bytes()), &body, now).and_then(|()| Event::parse(&body))
    };
    let events = till.server.events();
    // The other way round and twice: what they say is the same.
    let told = Vec::from_iter(events.iter().rev().chain(&events).map(|event| read(event).expect("an event")));
    assert!(told.iter().all(|event| event.object == reference && event.invoice == Some(till.invoice)));
    let kinds = Vec::from_iter(told.iter().map(|event| event.kind.as_str()));
    let (failed, succeeded) = ("payment_intent.payment_failed", "payment_intent.succeeded");
    assert_eq!(kinds, [succeeded, failed, failed, succeeded]);

    let (header, body) = signed(&events[0], "whsec_2", now);
    let refused = keys.verify(Some(header.as_bytes()), &body, now);
    assert_eq!(refused, Err(WebhookRefused::WrongSignature));
}

#[tokio::test]
async fn events_arrive_signed_twice_and_out_of_order() {
    let till = Till::open().await;
    let method = card("pm_declines_1");
    till.charge(&method).await;
    till.charge(&method).await;
    let now: Timestamp = "2027-02-08T10:00:00Z".parse().expect("an instant");
    let take = move |headers: axum::http::HeaderMap, body: axum::body::Bytes| async move {
        let header = headers.get(HEADER).map(|header| header.as_bytes());
        let read =
            WebhookKeys::new(["whsec_1"]).verify(header, &body, now).and_then(|()| Event::parse(&body));
        if read.is_ok() { axum::http::StatusCode::OK } else { axum::http::StatusCode::BAD_REQUEST }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    let routes = axum::Router::new().route("/", axum::routing::post(take));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    let events = till.server.events();
    let mixed = Vec::from_iter(events.iter().rev().chain(&events));
    let statuses = send(mixed, &url, "whsec_1", now).await.expect("sent");
    assert_eq!(statuses, [200, 200, 200, 200]);
    assert_eq!(send(&events[..1], &url, "whsec_2", now).await.expect("sent"), [400]);
}
