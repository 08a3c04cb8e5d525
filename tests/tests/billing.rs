//! Months and money: S3 and the billing half of S7 e.

use serde_json::json;
use tests::{School, begin, billed, enroll, text};

/// S3: 31 January, a pause, and a new anchor.
#[tokio::test]
async fn a_paused_month_costs_nothing() {
    let school = School::open("2027-01-31T10:00:00Z").await;
    let id = begin(&school, "noor", "2027-01-31").await;
    school.move_to("2027-03-10T10:00:00Z").await;
    assert_eq!(billed(&school, "noor", &id).await, ["2027-01-31", "2027-02-28"]);

    let act = async |name: &str| {
        let path = format!("/v1/enrollments/{id}/{name}");
        let etag = school.get("noor", &format!("/v1/enrollments/{id}")).await.etag();
        school
            .by("noor", reqwest::Method::POST, &path)
            .await
            .header("if-match", &etag)
            .json(json!({}))
            .send()
            .await
    };
    let paused = act("pause").await.expect(200);
    assert_eq!(text(&paused, "/effective_on"), "2027-03-31");
    assert_eq!(act("pause").await.refused(409), "pause_overlaps");

    school.move_to("2027-05-12T08:00:00Z").await;
    assert_eq!(billed(&school, "noor", &id).await, ["2027-01-31", "2027-02-28"]);
    let progress = school.get("noor", &format!("/v1/enrollments/{id}")).await.expect(200);
    assert_eq!(text(&progress, "/state"), "paused");

    let resumed = act("resume").await.expect(200);
    assert_eq!(text(&resumed, "/effective_on"), "2027-05-12");
    school.move_to("2027-07-20T00:00:00Z").await;
    let expected = ["2027-01-31", "2027-02-28", "2027-05-12", "2027-06-12", "2027-07-12"];
    assert_eq!(billed(&school, "noor", &id).await, expected);
    school.close().await;
}

/// The anchor rule through a leap year.
#[tokio::test]
async fn periods_are_computed_from_the_anchor() {
    let school = School::open("2027-12-31T10:00:00Z").await;
    let id = begin(&school, "noor", "2027-12-31").await;
    school.move_to("2028-04-01T00:00:00Z").await;
    let expected = ["2027-12-31", "2028-01-31", "2028-02-29", "2028-03-31"];
    assert_eq!(billed(&school, "noor", &id).await, expected);
    school.close().await;
}

/// S7 e: enroll clicked twice, accept clicked twice.
#[tokio::test]
async fn two_clicks_make_one_enrollment_and_one_invoice() {
    let school = School::open("2027-02-07T10:00:00Z").await;
    let body = json!({
        "edition": "web-development-gb", "language": "en", "time_zone": "Europe/London",
        "start_on": "2027-02-07", "hours_per_week": 20,
    });
    let click = async || {
        let ask = school.by("maya", reqwest::Method::POST, "/v1/enrollments").await;
        ask.header("idempotency-key", "one intent").json(body.clone()).send().await
    };
    let (first, second) = tokio::join!(click(), click());
    let (first, second) = (first.expect(201), second.expect(201));
    assert_eq!(first, second);
    let third = click().await;
    assert_eq!(third.headers["idempotency-replayed"], "true");
    assert_eq!(third.expect(201), first);

    let other_key = school.post("maya", "/v1/enrollments", body.clone()).await;
    assert_eq!(other_key.refused(409), "already_enrolled");

    let id = text(&first, "/id");
    let accept = async || {
        let path = format!("/v1/enrollments/{id}/accept");
        let ask =
            school.by("maya", reqwest::Method::POST, &path).await.header("idempotency-key", "one contract");
        let body = json!({ "contract_version": 1, "payment_method": { "kind": "sandbox", "token": "ok" } });
        ask.json(body).send().await
    };
    let (one, two) = tokio::join!(accept(), accept());
    assert_eq!((one.status.as_u16(), two.status.as_u16()), (200, 200));
    assert_eq!(billed(&school, "maya", &id).await, ["2027-02-07"]);
    school.close().await;
}

/// A card that is declined leaves a quote that another card can still pay.
#[tokio::test]
async fn a_declined_card_leaves_the_quote_open() {
    let school = School::open("2027-02-07T10:00:00Z").await;
    let id = enroll(&school, "tom", "2027-02-07").await;
    let accept = async |token: &str| {
        let body = json!({ "contract_version": 1, "payment_method": { "kind": "sandbox", "token": token } });
        school.post("tom", &format!("/v1/enrollments/{id}/accept"), body).await.expect(200)
    };
    let declined = accept("declined_hard").await;
    assert_eq!(
        (text(&declined, "/state"), text(&declined, "/payment/state")),
        ("quoted".into(), "declined".into())
    );
    let paid = accept("ok").await;
    assert_eq!((text(&paid, "/state"), text(&paid, "/payment/state")), ("active".into(), "paid".into()));
    school.close().await;
}

/// A transfer that finance records begins the enrollment; the same transfer counts once.
#[tokio::test]
async fn a_recorded_transfer_begins_the_enrollment() {
    let school = School::open("2027-02-07T10:00:00Z").await;
    let id = enroll(&school, "ana", "2027-02-07").await;
    let body = json!({ "contract_version": 1, "payment_method": { "kind": "manual" } });
    let accepted = school.post("ana", &format!("/v1/enrollments/{id}/accept"), body).await.expect(200);
    assert_eq!(text(&accepted, "/payment/state"), "pending");
    let invoices = school.get("ana", &format!("/v1/enrollments/{id}/invoices")).await.expect(200);
    let invoice = text(&invoices, "/items/0/id");
    let pay = async |name: &str, minor: i64, reference: &str| {
        let amount = json!({ "amount_minor": minor, "currency": "GBP" });
        let body = json!({ "amount": amount, "received_on": "2027-02-07", "reference": reference });
        school.post(name, &format!("/v1/invoices/{invoice}/payments"), body).await
    };
    assert_eq!(pay("ana", 30_000, "T1").await.refused(403), "forbidden");
    assert_eq!(pay("fay", 30_001, "T1").await.refused(422), "invalid_field");
    assert_eq!(text(&pay("fay", 30_000, "T1").await.expect(201), "/state"), "paid");
    assert_eq!(
        text(&school.get("ana", &format!("/v1/enrollments/{id}")).await.expect(200), "/state"),
        "active"
    );
    school.close().await;
}

/// A quote that nobody paid takes its draft with it, and money that comes too late is refused.
#[tokio::test]
async fn a_draft_ends_with_its_quote() {
    let school = School::open("2027-02-07T10:00:00Z").await;
    let id = enroll(&school, "ana", "2027-02-07").await;
    let body = json!({ "contract_version": 1, "payment_method": { "kind": "manual" } });
    school.post("ana", &format!("/v1/enrollments/{id}/accept"), body).await.expect(200);
    let list = format!("/v1/enrollments/{id}/invoices");
    let invoice = text(&school.get("ana", &list).await.expect(200), "/items/0/id");
    school.move_to("2027-03-10T10:00:00Z").await;
    let progress = school.get("ana", &format!("/v1/enrollments/{id}")).await.expect(200);
    assert_eq!(text(&progress, "/state"), "withdrawn");
    assert_eq!(school.get("ana", &list).await.expect(200)["items"], json!([]));
    let amount = json!({ "amount_minor": 1, "currency": "GBP" });
    let late = json!({ "amount": amount, "received_on": "2027-03-10", "reference": "T1" });
    let late = school.post("fay", &format!("/v1/invoices/{invoice}/payments"), late).await;
    assert_eq!(late.refused(404), "not_found");
    school.close().await;
}
