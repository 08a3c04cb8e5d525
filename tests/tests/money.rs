//! Money that is refused, given back or shared: dunning, cancellation, refunds, payers.

use reqwest::Method;
use serde_json::{Value, json};
use tests::{Answer, School, begin, billed, enroll, text};

async fn put(school: &School, name: &str, path: &str, body: Value) -> Answer {
    let etag = school.get(name, path).await.etag();
    school.by(name, Method::PUT, path).await.header("if-match", &etag).json(body).send().await
}

async fn act(school: &School, name: &str, id: &str, act: &str) -> Answer {
    let etag = school.get(name, &format!("/v1/enrollments/{id}")).await.etag();
    let ask = school.by(name, Method::POST, &format!("/v1/enrollments/{id}/{act}")).await;
    ask.header("if-match", &etag).json(json!({})).send().await
}

async fn state(school: &School, name: &str, id: &str) -> String {
    text(&school.get(name, &format!("/v1/enrollments/{id}")).await.expect(200), "/state")
}

async fn items(school: &School, name: &str, path: &str) -> Vec<Value> {
    school.get(name, path).await.expect(200)["items"].as_array().expect("a list").clone()
}

async fn invoices(school: &School, name: &str, id: &str) -> Vec<Value> {
    items(school, name, &format!("/v1/enrollments/{id}/invoices")).await
}

async fn pay_with(school: &School, name: &str, id: &str, token: &str) {
    let body = json!({ "payment_method": { "kind": "sandbox", "token": token } });
    put(school, name, &format!("/v1/enrollments/{id}/payment-method"), body).await.expect(200);
}

/// Waits until what has been asked of the worker is done: the clock is told to stay where it is.
async fn settle(school: &School, now: &str) {
    school.move_to(now).await;
}

fn minor(body: &Value, field: &str) -> i64 {
    body[field]["amount_minor"].as_i64().unwrap_or_else(|| panic!("no amount in {field} of {body}"))
}

fn pounds(minor: i64) -> Value {
    json!({ "amount_minor": minor, "currency": "GBP" })
}

/// A declined payment that is recovered on day 5 of the plan: one invoice, one payment, one capture.
#[tokio::test]
async fn a_passing_refusal_is_recovered_on_a_day_of_the_plan() {
    let school = School::open("2027-02-07T10:00:00Z").await;
    let id = begin(&school, "maya", "2027-02-07").await;
    // Refused on the day, on day 1 and on day 3; then there is money.
    pay_with(&school, "maya", &id, "soft_then_ok_after:3").await;
    school.move_to("2027-03-11T10:00:00Z").await;
    let late = &invoices(&school, "maya", &id).await[1];
    assert_eq!((text(late, "/state"), minor(late, "paid")), ("past_due".into(), 0));
    school.move_to("2027-03-12T10:00:00Z").await;
    let paid = &invoices(&school, "maya", &id).await[1];
    assert_eq!((text(paid, "/state"), minor(paid, "paid")), ("paid".into(), 30_000));
    let payments = items(&school, "maya", &format!("/v1/invoices/{}/payments", text(paid, "/id"))).await;
    let [payment] = &payments[..] else { panic!("one payment: {payments:?}") };
    assert_eq!((text(payment, "/state"), payment["tries"].as_u64()), ("paid".into(), Some(4)));
    assert!(text(payment, "/tried_at").starts_with("2027-03-12"));
    assert_eq!(billed(&school, "maya", &id).await, ["2027-02-07", "2027-03-07"]);
    school.close().await;
}

/// Nothing comes: past due the next day, suspended after ten days of grace, tried until day 14, and never
/// billed while suspended. Another card, much later, ends it: back, anchored anew, nothing back-billed.
#[tokio::test]
async fn an_unpaid_month_suspends_and_paying_late_begins_anew() {
    let school = School::open("2027-02-07T10:00:00Z").await;
    let id = begin(&school, "maya", "2027-02-07").await;
    pay_with(&school, "maya", &id, "declined_soft").await;
    school.move_to("2027-03-17T22:00:00Z").await;
    assert_eq!(state(&school, "maya", &id).await, "active");
    school.move_to("2027-03-18T10:00:00Z").await;
    assert_eq!(state(&school, "maya", &id).await, "suspended");
    school.move_to("2027-05-20T10:00:00Z").await;
    let due = invoices(&school, "maya", &id).await;
    assert_eq!(due.len(), 2, "no month begins while suspended");
    let payments = items(&school, "maya", &format!("/v1/invoices/{}/payments", text(&due[1], "/id"))).await;
    assert_eq!(payments[0]["tries"], 7, "on the day, and on the six days of the plan");

    pay_with(&school, "maya", &id, "ok").await;
    settle(&school, "2027-05-20T10:00:00Z").await;
    assert_eq!(state(&school, "maya", &id).await, "active");
    let expected = ["2027-02-07", "2027-03-07", "2027-05-20"];
    assert_eq!(billed(&school, "maya", &id).await, expected);
    school.move_to("2027-06-20T10:00:00Z").await;
    assert_eq!(billed(&school, "maya", &id).await.last().map(String::as_str), Some("2027-06-20"));
    assert!(invoices(&school, "maya", &id).await.iter().all(|invoice| invoice["state"] == "paid"));
    school.close().await;
}

/// Paid within the same period, the anchor stays.
#[tokio::test]
async fn paying_within_the_period_keeps_the_anchor() {
    let school = School::open("2027-02-07T10:00:00Z").await;
    let id = begin(&school, "maya", "2027-02-07").await;
    pay_with(&school, "maya", &id, "declined_hard").await;
    school.move_to("2027-03-20T10:00:00Z").await;
    assert_eq!(state(&school, "maya", &id).await, "suspended");
    let late = &invoices(&school, "maya", &id).await[1];
    let payments = items(&school, "maya", &format!("/v1/invoices/{}/payments", text(late, "/id"))).await;
    assert_eq!(payments[0]["tries"], 1, "a lasting refusal is not tried again");
    let transfer = json!({ "amount": pounds(30_000), "received_on": "2027-03-20", "reference": "T1" });
    school.post("fay", &format!("/v1/invoices/{}/payments", text(late, "/id")), transfer).await.expect(201);
    school.move_to("2027-04-07T10:00:00Z").await;
    assert_eq!(state(&school, "maya", &id).await, "active");
    assert_eq!(billed(&school, "maya", &id).await, ["2027-02-07", "2027-03-07", "2027-04-07"]);
    school.close().await;
}

/// A provider that took the money and did not say so is paid once.
#[tokio::test]
async fn a_lost_answer_is_looked_up_and_pays_once() {
    let school = School::open("2027-02-07T10:00:00Z").await;
    for (name, token, expected) in
        [("maya", "timeout_but_captured", "paid"), ("tom", "timeout_not_captured", "declined")]
    {
        let id = enroll(&school, name, "2027-02-07").await;
        let body = json!({ "contract_version": 1, "payment_method": { "kind": "sandbox", "token": token } });
        let accepted = school.post(name, &format!("/v1/enrollments/{id}/accept"), body).await.expect(200);
        assert_eq!(text(&accepted, "/payment/state"), expected, "{token}");
        let invoice = text(&invoices(&school, name, &id).await[0], "/id");
        let payments = items(&school, name, &format!("/v1/invoices/{invoice}/payments")).await;
        assert_eq!((payments.len(), payments[0]["tries"].as_u64()), (1, Some(1)));
    }
    school.close().await;
}

/// On day 9 of 30 the contract is taken back: 9 days are kept, 210.00 go back.
#[tokio::test]
async fn a_contract_taken_back_refunds_what_was_not_used() {
    let school = School::open("2027-04-01T10:00:00Z").await;
    let id = begin(&school, "maya", "2027-04-01").await;
    school.move_to("2027-04-09T10:00:00Z").await;
    let gone = act(&school, "maya", &id, "withdraw").await.expect(200);
    assert_eq!(text(&gone, "/effective_on"), "2027-04-10");
    settle(&school, "2027-04-09T10:00:00Z").await;
    let [invoice] = &invoices(&school, "maya", &id).await[..] else { panic!("one invoice") };
    assert_eq!((minor(invoice, "credited"), minor(invoice, "refunded")), (21_000, 21_000));
    let path = format!("/v1/invoices/{}", text(invoice, "/id"));
    let notes = items(&school, "maya", &format!("{path}/credit-notes")).await;
    assert_eq!(text(&notes[0], "/number"), "GB-CN-2027-000001");
    let reason = json!({ "kind": "unused_days", "from": "2027-04-10", "days": 21, "period_days": 30 });
    assert_eq!(notes[0]["reason"], reason);
    let refunds = items(&school, "maya", &format!("{path}/refunds")).await;
    assert_eq!((refunds.len(), text(&refunds[0], "/state")), (1, "sent".into()));
    // Nothing more happens, and nothing twice.
    school.move_to("2027-06-01T10:00:00Z").await;
    assert_eq!(state(&school, "maya", &id).await, "withdrawn");
    let again = invoices(&school, "maya", &id).await;
    let sums = ["total", "paid", "credited", "refunded"].map(|field| minor(&again[0], field));
    assert_eq!((again.len(), sums), (1, [30_000, 30_000, 21_000, 21_000]));
    school.close().await;
}

/// The day after the last one of cooling off, the month is owed.
#[tokio::test]
async fn after_the_cooling_off_a_withdrawal_ends_with_the_period() {
    let school = School::open("2027-04-01T10:00:00Z").await;
    let id = begin(&school, "maya", "2027-04-01").await;
    school.move_to("2027-04-16T10:00:00Z").await;
    let gone = act(&school, "maya", &id, "withdraw").await.expect(200);
    assert_eq!(text(&gone, "/effective_on"), "2027-05-01");
    school.move_to("2027-06-01T10:00:00Z").await;
    assert_eq!(minor(&invoices(&school, "maya", &id).await[0], "credited"), 0);
    school.close().await;
}

#[tokio::test]
async fn finance_never_gives_back_more_than_was_paid() {
    let school = School::open("2027-02-07T10:00:00Z").await;
    let id = begin(&school, "maya", "2027-02-07").await;
    let invoice = text(&invoices(&school, "maya", &id).await[0], "/id");
    let path = |what: &str| format!("/v1/invoices/{invoice}/{what}");
    let body = |minor| json!({ "amount": pounds(minor), "reason": "Goodwill" });
    let post = async |name: &str, what: &str, minor: i64| school.post(name, &path(what), body(minor)).await;

    assert_eq!(post("maya", "refunds", 1).await.refused(403), "forbidden");
    assert_eq!(post("maya", "credit-notes", 1).await.refused(403), "forbidden");
    assert_eq!(post("fay", "refunds", 30_001).await.refused(422), "refund_too_large");
    assert_eq!(post("fay", "credit-notes", 30_001).await.refused(422), "credit_too_large");
    assert_eq!(post("fay", "refunds", 0).await.refused(422), "invalid_field");
    let euros = json!({ "amount": { "amount_minor": 1, "currency": "EUR" }, "reason": "Goodwill" });
    assert_eq!(school.post("fay", &path("refunds"), euros).await.refused(422), "invalid_field");
    let silent = json!({ "amount": pounds(1), "reason": " " });
    assert_eq!(school.post("fay", &path("refunds"), silent).await.refused(422), "invalid_field");
    let keyless = school.by("fay", Method::POST, &path("refunds")).await.json(body(1)).send().await;
    assert_eq!(keyless.refused(400), "idempotency_key_required");

    let twice = async || {
        let ask = school.by("fay", Method::POST, &path("refunds")).await;
        ask.header("idempotency-key", "one refund").json(body(10_000)).send().await
    };
    let (one, two) = tokio::join!(twice(), twice());
    assert_eq!(one.expect(201), two.expect(201));
    assert_eq!(post("fay", "refunds", 20_001).await.refused(422), "refund_too_large");
    let credited = post("fay", "credit-notes", 5_000).await.expect(201);
    assert_eq!(text(&credited, "/number"), "GB-CN-2027-000002");
    // What the note made too much goes back without another one.
    post("fay", "refunds", 5_000).await.expect(201);
    settle(&school, "2027-02-07T10:00:00Z").await;
    let shown = school.get("maya", &format!("/v1/invoices/{invoice}")).await.expect(200);
    let sums = ["paid", "credited", "refunded"].map(|field| minor(&shown, field));
    assert_eq!((sums, text(&shown, "/state")), ([30_000, 15_000, 15_000], "paid".into()));
    let refunds = items(&school, "maya", &path("refunds")).await;
    assert!(refunds.iter().all(|refund| refund["state"] == "sent"), "{refunds:?}");
    let refused = school.post("fay", &path("write-off"), json!({ "reason": "Gone" })).await;
    assert_eq!(refused.refused(409), "wrong_state");
    school.close().await;
}

/// A sponsor with 70 %: two invoices, and the student's part alone begins nothing but is enough with the
/// sponsor's agreement.
#[tokio::test]
async fn a_month_is_shared_by_those_who_agreed() {
    let school = School::open("2027-02-07T10:00:00Z").await;
    let id = enroll(&school, "maya", "2027-02-07").await;
    let (maya, sponsor) = (school.id("maya").await, school.id("ana").await);
    let path = format!("/v1/enrollments/{id}/payers");
    let payers = |share: u8| {
        json!({ "payers": [
            { "payer": sponsor, "share_percent": share }, { "payer": maya, "share_percent": 30 } ] })
    };
    assert_eq!(put(&school, "maya", &path, payers(71)).await.refused(422), "invalid_field");
    put(&school, "maya", &path, payers(70)).await.expect(200);
    let body = json!({ "contract_version": 1, "payment_method": { "kind": "sandbox", "token": "ok" } });
    let accepted = school.post("maya", &format!("/v1/enrollments/{id}/accept"), body).await.expect(200);
    assert_eq!(
        (text(&accepted, "/state"), text(&accepted, "/payment/state")),
        ("quoted".into(), "paid".into())
    );
    // The sponsor's transfer begins the enrollment.
    let shared = invoices(&school, "maya", &id).await;
    let theirs = shared.iter().find(|invoice| invoice["payer"] == sponsor.as_str()).expect("an invoice");
    assert_eq!(minor(theirs, "total"), 21_000);
    assert_eq!(school.get("ana", &format!("/v1/invoices/{}", text(theirs, "/id"))).await.status, 200);
    let transfer = json!({ "amount": pounds(21_000), "received_on": "2027-02-07", "reference": "S1" });
    school.post("fay", &format!("/v1/invoices/{}/payments", text(theirs, "/id")), transfer).await.expect(201);
    assert_eq!(state(&school, "maya", &id).await, "active");
    let numbers =
        invoices(&school, "maya", &id).await.iter().map(|it| text(it, "/number")).collect::<Vec<_>>();
    let mut sorted = numbers.clone();
    sorted.sort();
    assert_eq!(sorted, ["GB-2027-000001", "GB-2027-000002"]);
    // From the next month on the state pays up to 100.00, and the student the rest.
    let capped = json!({ "payers": [{ "payer": sponsor, "cap": pounds(10_000) }, { "payer": maya, "share_percent": 100 }] });
    put(&school, "fay", &path, capped).await.expect(200);
    school.move_to("2027-03-07T10:00:00Z").await;
    let mut totals =
        invoices(&school, "maya", &id).await[2..].iter().map(|it| minor(it, "total")).collect::<Vec<_>>();
    totals.sort_unstable();
    assert_eq!(totals, [10_000, 20_000]);
    school.close().await;
}

/// Where finance has the agreement of whoever pays all, nobody waits for the money.
#[tokio::test]
async fn a_payers_agreement_begins_the_enrollment() {
    let school = School::open("2027-02-07T10:00:00Z").await;
    let id = enroll(&school, "maya", "2027-02-07").await;
    let sponsor = school.id("ana").await;
    let path = format!("/v1/enrollments/{id}/payers");
    let body = json!({ "contract_version": 1, "payment_method": { "kind": "manual" } });
    let accepted = school.post("maya", &format!("/v1/enrollments/{id}/accept"), body).await.expect(200);
    assert_eq!(text(&accepted, "/state"), "quoted");
    let payers = json!({ "payers": [{ "payer": sponsor, "share_percent": 100 }] });
    assert_eq!(school.get("tom", &path).await.refused(404), "not_found");
    put(&school, "fay", &path, payers).await.expect(200);
    settle(&school, "2027-02-07T10:00:00Z").await;
    assert_eq!(state(&school, "maya", &id).await, "active");
    let [invoice] = &invoices(&school, "maya", &id).await[..] else { panic!("one invoice") };
    assert_eq!((text(invoice, "/payer"), text(invoice, "/state")), (sponsor, "open".into()));
    school.close().await;
}
