//! Bad input: a problem each, and no effect.

use reqwest::Method;
use serde_json::{Value, json};
use tests::{School, begin, enroll, text};

fn enrolling(language: &str) -> Value {
    json!({
        "edition": "web-development-gb", "language": language, "time_zone": "Europe/London",
        "start_on": "2027-02-07", "hours_per_week": 20,
    })
}

async fn enrollments_of(school: &School, name: &str) -> usize {
    school.get(name, "/v1/enrollments").await.expect(200)["items"].as_array().expect("a list").len()
}

#[tokio::test]
async fn who_is_not_signed_in_is_not_answered() {
    let school = School::open("2027-02-07T10:00:00Z").await;
    let with = async |token: &str| {
        let ask = school.ask(Method::GET, "/v1/people/me").header("authorization", token);
        ask.send().await.refused(401)
    };
    assert_eq!(school.ask(Method::GET, "/v1/people/me").send().await.refused(401), "unauthenticated");
    let none = "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJtYXlhQGV4YW1wbGUub3JnIn0.";
    for token in [none, "Bearer x", "Basic bWF5YTo=", "Bearer "] {
        assert_eq!(with(token).await, "unauthenticated", "{token}");
    }
    school.close().await;
}

#[tokio::test]
async fn a_body_that_cannot_be_read_names_its_fault() {
    let school = School::open("2027-02-07T10:00:00Z").await;
    let post = async |kind: &str, body: String| {
        school.by("maya", Method::POST, "/v1/enrollments").await.fresh_key().body(kind, body).send().await
    };
    let json_type = "application/json";
    let mut extra = enrolling("en");
    extra["color"] = json!("red");
    let unknown = post(json_type, extra.to_string()).await;
    assert_eq!(unknown.body["errors"][0]["pointer"], "/color");
    assert_eq!(unknown.refused(422), "unknown_field");
    let wrong = post(json_type, enrolling("en").to_string().replace("20,", "\"many\",")).await;
    assert_eq!(wrong.body["errors"][0]["pointer"], "/hours_per_week");
    assert_eq!(wrong.refused(422), "invalid_field");
    assert_eq!(post(json_type, "{\"edition\": ".into()).await.refused(400), "malformed_json");
    assert_eq!(post("application/xml", "<enroll/>".into()).await.refused(415), "unsupported_media_type");
    let large = format!("\"{}\"", "x".repeat(1024 * 1024));
    assert_eq!(post(json_type, large).await.refused(413), "body_too_large");
    assert_eq!(enrollments_of(&school, "maya").await, 0);
    school.close().await;
}

#[tokio::test]
async fn keys_and_preconditions_are_asked_for() {
    let school = School::open("2027-02-07T10:00:00Z").await;
    let without = school.by("maya", Method::POST, "/v1/enrollments").await.json(enrolling("en")).send().await;
    assert_eq!(without.refused(400), "idempotency_key_required");
    let keyed = async |body: Value| {
        let ask = school.by("maya", Method::POST, "/v1/enrollments").await.header("idempotency-key", "k");
        ask.json(body).send().await
    };
    assert_eq!(keyed(enrolling("es")).await.refused(422), "edition_not_published");
    let id = text(&keyed(enrolling("en")).await.expect(201), "/id");
    let mut other = enrolling("en");
    other["hours_per_week"] = json!(10);
    assert_eq!(keyed(other).await.refused(422), "idempotency_key_reused");
    assert_eq!(enrollments_of(&school, "maya").await, 1);

    let body = json!({ "contract_version": 1, "payment_method": { "kind": "sandbox", "token": "ok" } });
    school.post("maya", &format!("/v1/enrollments/{id}/accept"), body).await.expect(200);
    let path = format!("/v1/enrollments/{id}/pause");
    let pause = async |tag: Option<&str>| {
        let ask = school.by("maya", Method::POST, &path).await.json(json!({}));
        let ask = if let Some(tag) = tag { ask.header("if-match", tag) } else { ask };
        ask.send().await
    };
    assert_eq!(pause(None).await.refused(428), "precondition_required");
    assert_eq!(pause(Some("\"999\"")).await.refused(412), "precondition_failed");
    let progress = school.get("maya", &format!("/v1/enrollments/{id}")).await.expect(200);
    assert_eq!(progress["pauses"], json!([]));
    school.close().await;
}

#[tokio::test]
async fn what_is_somebody_elses_is_not_there() {
    let school = School::open("2027-02-07T10:00:00Z").await;
    let id = begin(&school, "maya", "2027-02-07").await;
    let theirs = school.get("tom", &format!("/v1/enrollments/{id}")).await;
    let missing = school.get("tom", "/v1/enrollments/enr_00000000000000000000000000000000").await;
    let strange = school.get("tom", "/v1/enrollments/nonsense").await;
    let without_instance = |mut body: Value| {
        body["instance"] = Value::Null;
        body
    };
    let shown = [theirs, missing, strange].map(|answer| without_instance(answer.expect(404)));
    assert_eq!(shown[0], shown[1]);
    assert_eq!(shown[1], shown[2]);
    for path in ["pause", "resume", "withdraw"] {
        let ask = school.by("tom", Method::POST, &format!("/v1/enrollments/{id}/{path}")).await;
        assert_eq!(ask.json(json!({})).send().await.refused(404), "not_found");
    }
    let grant = json!({ "person": school.id("tom").await, "role": "staff" });
    assert_eq!(school.post("tom", "/v1/admin/grants", grant).await.refused(403), "forbidden");
    school.close().await;
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let school = School::open("2027-02-07T10:00:00Z").await;
    let wrong = school.by("maya", Method::DELETE, "/v1/people/me").await.send().await;
    let allow = wrong.headers["allow"].to_str().expect("text").to_owned();
    assert_eq!(wrong.refused(405), "method_not_allowed");
    assert!(allow.contains("GET") && allow.contains("PUT"), "{allow}");
    school.close().await;
}

#[tokio::test]
async fn the_local_tools_answer_this_machine_only() {
    let school = School::open("2027-02-07T10:00:00Z").await;
    let person = json!({ "person": "maya@example.org" });
    for (name, value) in [("origin", "https://evil.example"), ("host", "evil.example")] {
        let ask = school.ask(Method::POST, "/dev/tokens").header(name, value).json(person.clone());
        assert_eq!(ask.send().await.refused(403), "forbidden", "{name}");
    }
    let back =
        school.ask(Method::POST, "/dev/clock").json(json!({ "now": "2026-01-01T00:00:00Z" })).send().await;
    assert_eq!(back.status.as_u16(), 409);
    school.close().await;
}

/// A progress read by its owner is one query; enrolling is one read and one transaction.
#[tokio::test]
async fn round_trips_are_counted() {
    let options = infra::stack::Options { port: 0, ..Default::default() };
    let school = School::with(options).await;
    let trips =
        |answer: &tests::Answer| answer.headers["x-store-round-trips"].to_str().expect("text").to_owned();
    // The catalog's cache is warm after the first read.
    school.get("maya", "/v1/editions").await.expect(200);
    let today = storage::clock::machine_now().to_string();
    let mut body = enrolling("en");
    body["start_on"] = json!(&today[..10]);
    let enrolled = school.post("maya", "/v1/enrollments", body).await;
    assert_eq!(trips(&enrolled), "2");
    let id = text(&enrolled.expect(201), "/id");
    let path = format!("/v1/enrollments/{id}");
    school.get("maya", &path).await.expect(200);
    assert_eq!(trips(&school.get("maya", &path).await), "1");
    let by_staff = school.get("sam", &path).await;
    assert_eq!((by_staff.status.as_u16(), trips(&by_staff)), (200, "2".into()));
    school.close().await;
}

#[tokio::test]
async fn an_expired_quote_cannot_be_accepted() {
    let school = School::open("2027-02-07T10:00:00Z").await;
    let id = enroll(&school, "maya", "2027-02-07").await;
    school.move_to("2027-03-10T00:00:00Z").await;
    let body = json!({ "contract_version": 1, "payment_method": { "kind": "sandbox", "token": "ok" } });
    let late = school.post("maya", &format!("/v1/enrollments/{id}/accept"), body).await;
    assert_eq!(late.refused(409), "wrong_state");
    // The quote is gone, so that the student may ask for another.
    enroll(&school, "maya", "2027-03-10").await;
    school.close().await;
}
