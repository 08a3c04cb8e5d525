//! Cards, through the whole stack and a small Stripe: paid, declined and recovered, lost and found, told of
//! by webhooks, given back.

use std::time::Duration;

use functions::stripe::HEADER;
use functions::webhook::{Form, WebhookKeys};
use infra::providers::{ProviderSettings, StripeAccount};
use infra::stack::Options;
use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};
use storage::clock::machine_now;
use tests::stripe_server::{Fault, KEY, StripeServer, signed};
use tests::{Answer, School, begin, enroll, text};
use worker::payment::stripe::Settings;
use worker::secret::Secret;

const WEBHOOKS: &str = "/v1/webhooks/stripe";
const SECRET: &str = "whsec_journey";
const NOW: &str = "2027-02-07T10:00:00Z";

/// A school that takes cards, and its Stripe.
struct Till {
    school: School,
    server: StripeServer,
}

impl Till {
    async fn open() -> Self {
        let server = StripeServer::start().await.expect("a server");
        let settings = Settings {
            base_url: server.url.clone(),
            key: Secret::new(KEY),
            call_max: Duration::from_secs(30),
        };
        let account = StripeAccount { settings, webhook_keys: WebhookKeys::new(Form::Hex, [SECRET]) };
        let providers = ProviderSettings { stripe: Some(account), ..ProviderSettings::default() };
        let options = Options { port: 0, now: NOW.parse().ok(), providers, ..Options::default() };
        Self { school: School::with(options).await, server }
    }

    async fn accept(&self, id: &str, token: &str) -> Value {
        let body = json!({ "contract_version": 1, "payment_method": card(token) });
        self.school.post("maya", &format!("/v1/enrollments/{id}/accept"), body).await.expect(200)
    }

    /// Enrolls and accepts with a card, and answers the enrollment's first invoice with what was accepted.
    async fn accepted(&self, token: &str) -> (String, String, Value) {
        let id = enroll(&self.school, "maya", "2027-02-07").await;
        let accepted = self.accept(&id, token).await;
        let invoice = text(&self.invoices(&id).await[0], "/id");
        (id, invoice, accepted)
    }

    async fn pay_with(&self, id: &str, method: Value) {
        let path = format!("/v1/enrollments/{id}/payment-method");
        let etag = self.school.get("maya", &path).await.etag();
        let ask = self.school.by("maya", Method::PUT, &path).await.header("if-match", &etag);
        ask.json(json!({ "payment_method": method })).send().await.expect(200);
    }

    /// Waits until what was asked of the worker is done.
    async fn settle(&self, now: &str) {
        self.school.move_to(now).await;
    }

    async fn items(&self, path: &str) -> Vec<Value> {
        self.school.get("maya", path).await.expect(200)["items"].as_array().expect("a list").clone()
    }

    async fn invoices(&self, id: &str) -> Vec<Value> {
        let mut invoices = self.items(&format!("/v1/enrollments/{id}/invoices")).await;
        // A link to a document is signed anew each time.
        invoices.iter_mut().for_each(|invoice| invoice["document_url"] = Value::Null);
        invoices
    }

    /// The one payment of an invoice.
    async fn payment(&self, invoice: &str) -> Value {
        let payments = self.items(&format!("/v1/invoices/{invoice}/payments")).await;
        let [payment] = &payments[..] else { panic!("one payment: {payments:?}") };
        payment.clone()
    }

    /// Intents and captures of an invoice.
    fn counts(&self, invoice: &str) -> (usize, usize) {
        (self.server.intents(invoice), self.server.captures(invoice))
    }

    /// Sends an event as Stripe would, signed at an instant.
    async fn tell_at(&self, event: &Value, signed_at: Timestamp) -> Answer {
        let (header, body) = signed(event, SECRET, signed_at);
        let ask = self.school.ask(Method::POST, WEBHOOKS).header(HEADER, &header);
        ask.body("application/json; charset=utf-8", body).send().await
    }

    async fn tell(&self, event: &Value) -> Answer {
        self.tell_at(event, machine_now()).await
    }

    /// The newest event of a kind.
    fn event(&self, kind: &str) -> Value {
        let events = self.server.events();
        events.iter().rfind(|event| event["type"] == kind).unwrap_or_else(|| panic!("no {kind}")).clone()
    }

    async fn close(self) {
        self.school.close().await;
    }
}

fn card(token: &str) -> Value {
    json!({ "kind": "card", "token": token, "customer": "cus_maya" })
}

#[tokio::test]
async fn a_card_pays_the_first_month_and_begins() {
    let till = Till::open().await;
    let (id, invoice, accepted) = till.accepted("pm_card_visa").await;
    assert_eq!(
        (text(&accepted, "/state"), text(&accepted, "/payment/state")),
        ("active".into(), "paid".into())
    );
    assert_eq!(till.counts(&invoice), (1, 1));
    let payment = till.payment(&invoice).await;
    assert_eq!((text(&payment, "/method"), text(&payment, "/state")), ("card".into(), "paid".into()));
    assert!(text(&payment, "/reference").starts_with("pi_"));
    // The next month is charged by the run, without anybody.
    till.school.move_to("2027-03-07T10:00:00Z").await;
    let next = &till.invoices(&id).await[1];
    assert_eq!(text(next, "/state"), "paid");
    assert_eq!(till.counts(&text(next, "/id")), (1, 1));
    let shown = till.school.get("maya", &format!("/v1/enrollments/{id}/payment-method")).await.expect(200);
    assert_eq!(shown, json!({ "kind": "card" }));
    till.close().await;
}

#[tokio::test]
async fn a_declined_card_is_recovered_on_a_day_of_the_plan() {
    let till = Till::open().await;
    let id = begin(&till.school, "maya", "2027-02-07").await;
    // Refused on the day, on day 1 and on day 3; then there is money.
    till.pay_with(&id, card("pm_declines_3")).await;
    till.school.move_to("2027-03-11T10:00:00Z").await;
    let late = till.invoices(&id).await.swap_remove(1);
    let invoice = text(&late, "/id");
    assert_eq!(text(&late, "/state"), "past_due");
    assert_eq!(till.counts(&invoice), (1, 0));
    till.school.move_to("2027-03-12T10:00:00Z").await;
    let payment = till.payment(&invoice).await;
    assert_eq!((text(&payment, "/state"), payment["tries"].as_u64()), ("paid".into(), Some(4)));
    assert_eq!((till.counts(&invoice), till.server.tries(&invoice)), ((1, 1), 4));
    assert_eq!(till.invoices(&id).await.len(), 2);
    till.close().await;
}

#[tokio::test]
async fn an_answer_that_is_lost_after_the_capture_pays_once() {
    let till = Till::open().await;
    let id = enroll(&till.school, "maya", "2027-02-07").await;
    till.server.fail_next(Fault::TimeOutAfterCapture);
    let accepted = till.accept(&id, "pm_card_visa").await;
    assert_eq!(text(&accepted, "/payment/state"), "paid");
    let invoice = text(&till.invoices(&id).await[0], "/id");
    assert_eq!(till.counts(&invoice), (1, 1));
    assert_eq!(till.payment(&invoice).await["tries"], 1);
    till.close().await;
}

/// Sent three times and in the wrong order, before anybody here knows of the money.
#[tokio::test]
async fn word_that_comes_thrice_and_out_of_order_pays_once() {
    let till = Till::open().await;
    let id = begin(&till.school, "maya", "2027-02-07").await;
    till.pay_with(&id, card("pm_processing")).await;
    till.school.move_to("2027-03-07T10:00:00Z").await;
    let invoice = text(&till.invoices(&id).await[1], "/id");
    assert_eq!(text(&till.payment(&invoice).await, "/state"), "unknown");
    till.server.settle();
    let succeeded = till.event("payment_intent.succeeded");
    let mut failed = succeeded.clone();
    failed["id"] = json!("evt_failed");
    failed["type"] = json!("payment_intent.payment_failed");
    failed["data"]["object"]["status"] = json!("requires_payment_method");
    for event in [&succeeded, &failed, &succeeded, &failed, &succeeded] {
        assert_eq!(till.tell(event).await.expect(200), json!({ "known": true }));
    }
    till.settle("2027-03-07T10:00:00Z").await;
    assert_eq!(text(&till.payment(&invoice).await, "/state"), "paid");
    assert_eq!(till.counts(&invoice), (1, 1));
    till.school.move_to("2027-03-20T10:00:00Z").await;
    assert_eq!((till.counts(&invoice), till.invoices(&id).await.len()), ((1, 1), 2));
    till.close().await;
}

/// Money that is there after a refusal, and after another way to pay was chosen, is found and never asked
/// for again.
#[tokio::test]
async fn money_that_comes_after_a_refusal_is_found() {
    let till = Till::open().await;
    let id = begin(&till.school, "maya", "2027-02-07").await;
    till.pay_with(&id, card("pm_card_authenticationRequired")).await;
    till.school.move_to("2027-03-09T10:00:00Z").await;
    let invoice = text(&till.invoices(&id).await[1], "/id");
    assert_eq!(text(&till.payment(&invoice).await, "/state"), "declined");
    // Word of a refusal alone changes nothing, and asks for nothing.
    till.tell(&till.event("payment_intent.payment_failed")).await.expect(200);
    till.settle("2027-03-09T10:00:00Z").await;
    let refused = till.payment(&invoice).await;
    assert_eq!((text(&refused, "/state"), refused["tries"].as_u64()), ("declined".into(), Some(1)));
    till.pay_with(&id, json!({ "kind": "manual" })).await;
    till.server.pay(&invoice);
    till.tell(&till.event("payment_intent.succeeded")).await.expect(200);
    till.settle("2027-03-09T10:00:00Z").await;
    let paid = till.payment(&invoice).await;
    assert_eq!((text(&paid, "/state"), paid["tries"].as_u64()), ("paid".into(), Some(1)));
    assert_eq!(text(&till.invoices(&id).await[1], "/state"), "paid");
    assert_eq!(till.counts(&invoice), (1, 1));
    till.close().await;
}

/// Told too early, it looks again by itself: Stripe does not say the same thing twice.
#[tokio::test]
async fn what_is_not_settled_when_it_is_told_is_looked_at_again() {
    let till = Till::open().await;
    let id = begin(&till.school, "maya", "2027-02-07").await;
    till.pay_with(&id, card("pm_card_authenticationRequired")).await;
    till.school.move_to("2027-03-09T10:00:00Z").await;
    let invoice = text(&till.invoices(&id).await[1], "/id");
    till.server.process(&invoice);
    till.tell(&till.event("payment_intent.payment_failed")).await.expect(200);
    till.settle("2027-03-09T10:00:00Z").await;
    assert_eq!(text(&till.payment(&invoice).await, "/state"), "declined");
    till.server.settle();
    till.settle("2027-03-09T10:15:00Z").await;
    assert_eq!(text(&till.payment(&invoice).await, "/state"), "paid");
    assert_eq!(till.counts(&invoice), (1, 1));
    till.close().await;
}

#[tokio::test]
async fn only_what_stripe_signed_lately_is_heard() {
    let till = Till::open().await;
    let (id, invoice, _) = till.accepted("pm_card_visa").await;
    let event = till.event("payment_intent.succeeded");
    let body = event.to_string();
    let bare = till.school.ask(Method::POST, WEBHOOKS).body("application/json", body.clone()).send().await;
    assert_eq!(bare.refused(401), "unauthenticated");
    let (header, _) = signed(&event, "whsec_other", machine_now());
    let ask = till.school.ask(Method::POST, WEBHOOKS).header(HEADER, &header);
    assert_eq!(ask.body("application/json", body).send().await.refused(401), "unauthenticated");
    let ago = |minutes| machine_now() - SignedDuration::from_mins(minutes);
    assert_eq!(till.tell_at(&event, ago(6)).await.refused(401), "unauthenticated");
    assert_eq!(till.tell(&json!({ "id": "evt_1" })).await.refused(400), "malformed_json");
    // Four minutes are well, and the school's clock has no say.
    assert_eq!(till.tell_at(&event, ago(4)).await.expect(200), json!({ "known": true }));
    till.settle(NOW).await;
    let before = (till.invoices(&id).await, till.payment(&invoice).await);
    // Played again within its time: heard before.
    assert_eq!(till.tell(&event).await.expect(200), json!({ "known": true }));
    let jobs = till.school.move_to(NOW).await;
    assert_eq!(jobs, 0, "nothing is done about what was heard before");
    assert_eq!((till.invoices(&id).await, till.payment(&invoice).await), before);
    // The account's other payments are not ours.
    let mut foreign = event.clone();
    foreign["id"] = json!("evt_foreign");
    foreign["data"]["object"]["metadata"] = json!({ "invoice": "inv_0190b5c2f5a97c1e8e2a6f3d4b5c6d7e" });
    assert_eq!(till.tell(&foreign).await.expect(200), json!({ "known": false }));
    foreign["data"]["object"]["metadata"] = json!({});
    assert_eq!(till.tell(&foreign).await.expect(200), json!({ "known": false }));
    till.close().await;
}

#[tokio::test]
async fn a_refund_is_sent_once() {
    let till = Till::open().await;
    let (_, invoice, _) = till.accepted("pm_card_visa").await;
    let path = format!("/v1/invoices/{invoice}/refunds");
    let body = json!({ "amount": { "amount_minor": 10_000, "currency": "GBP" }, "reason": "Goodwill" });
    // The answer to the first asking is lost; Stripe has done it all the same, and says so.
    till.server.fail_next(Fault::TimeOutAfterCapture);
    till.school.post("fay", &path, body).await.expect(201);
    till.settle(NOW).await;
    let refunds = till.items(&path).await;
    assert_eq!((refunds.len(), text(&refunds[0], "/state")), (1, "asked".into()));
    let event = till.event("refund.created");
    for _ in 0..2 {
        assert_eq!(till.tell(&event).await.expect(200), json!({ "known": true }));
        till.settle(NOW).await;
    }
    assert_eq!(text(&till.items(&path).await[0], "/state"), "sent");
    till.school.move_to("2027-02-08T10:00:00Z").await;
    assert_eq!(till.server.refunded(&invoice), 10_000);
    till.close().await;
}

#[tokio::test]
async fn a_card_is_offered_only_where_there_is_a_provider_for_it() {
    let school = School::open(NOW).await;
    let id = enroll(&school, "maya", "2027-02-07").await;
    let accept = async |method: Value| {
        let body = json!({ "contract_version": 1, "payment_method": method });
        school.post("maya", &format!("/v1/enrollments/{id}/accept"), body).await
    };
    assert_eq!(accept(card("pm_card_visa")).await.refused(422), "invalid_field");
    let debit = json!({
        "kind": "sepa_debit", "iban": "DE89370400440532013000", "name": "Maya", "mandate": "M-1",
        "signed_on": "2027-02-01",
    });
    assert_eq!(accept(debit).await.refused(422), "invalid_field");
    // Without a key nothing is believed.
    let (header, body) = signed(&json!({ "id": "evt_1" }), "", machine_now());
    let ask = school.ask(Method::POST, WEBHOOKS).header(HEADER, &header);
    assert_eq!(ask.body("application/json", body).send().await.refused(401), "unauthenticated");
    school.close().await;
}

/// The ledger's days are compared with Stripe's own books.
#[tokio::test]
async fn a_day_is_compared_with_what_stripe_says_of_it() {
    let till = Till::open().await;
    till.server.at(NOW.parse().expect("an instant"));
    let (_, invoice, _) = till.accepted("pm_card_visa").await;
    let note = json!({ "amount": { "amount_minor": 5_000, "currency": "GBP" }, "reason": "Goodwill" });
    till.school.post("fay", &format!("/v1/invoices/{invoice}/refunds"), note).await.expect(201);
    till.settle("2027-02-08T00:00:00Z").await;
    let day = |day: &str| format!("/v1/admin/billing/ledgers/GB/days/{day}");
    let agreed = till.school.get("fay", &day("2027-02-07")).await.expect(200);
    assert_eq!((text(&agreed, "/state"), &agreed["documents"]["refunds"]), ("reconciled".into(), &json!(1)));

    // Stripe takes the month once more, and something for nobody.
    till.server.at("2027-02-08T09:00:00Z".parse().expect("an instant"));
    till.server.takes(&invoice, 29_999);
    till.server.takes("somebody else", 700);
    till.settle("2027-02-09T00:00:00Z").await;
    let differs = till.school.get("fay", &day("2027-02-08")).await.expect(200);
    assert_eq!(text(&differs, "/state"), "differs");
    let named = differs["differences"].as_array().expect("differences").iter();
    let named = named.map(|it| {
        let minor = |side: &str| it[side]["amount_minor"].as_i64().expect("pence");
        (text(it, "/kind"), minor("ledger"), minor("found"))
    });
    let mut named = Vec::from_iter(named);
    named.sort();
    let not_recorded = || "not_recorded".to_owned();
    assert_eq!(named, [(not_recorded(), 0, 700), (not_recorded(), 30_000, 29_999)]);

    // It loses its memory, and its voice.
    let Till { school, server } = till;
    server.stop();
    school.move_to("2027-02-10T00:00:00Z").await;
    let silent = school.get("fay", &day("2027-02-09")).await.expect(200);
    assert_eq!(silent["differences"][0]["kind"], "no_statement");
    school.close().await;
}
