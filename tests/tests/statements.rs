//! What mentors and jurors are paid: scenario S8 from the booking to the payment.

use domain::catalog::{Level, Tariff};
use domain::id::PersonId;
use domain::invoice::LegalEntity;
use domain::job::Job;
use domain::money::{Currency, Money};
use domain::statement::{Month, Statement};
use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};
use storage::statement::StatementPage;
use tests::work::{assign_mentor, pass_project};
use tests::{Answer, School, accept, begin, text};

/// A school in March 2027 where the first project is of level 2, and where the tariff of France rises in
/// May: there Maya studies with Marc, who can meet at any time.
async fn paris() -> (School, String) {
    let school = School::open("2027-03-02T09:00:00Z").await;
    let mut catalog = infra::catalog::sample().expect("the sample is right");
    catalog.projects[0].level = Level::ALL[1];
    let first =
        catalog.tariffs.iter().find(|tariff| tariff.market.as_str() == "FR").expect("a tariff").clone();
    let mut raised = Tariff { version: 2, since: "2027-05-01".parse().expect("a date"), ..first };
    raised.levels[1].session = Money::minor(4_000, Currency::Eur);
    catalog.tariffs.push(raised);
    assert_eq!(catalog.check(), []);
    infra::seed::load_catalog(&school.stack.store, &catalog).await.expect("loaded");

    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let weekly = Vec::from_iter(days.map(|day| json!({"weekday": day, "from": "00:00", "to": "24:00"})));
    let path = "/v1/people/me/availability";
    let read = school.get("marc", path).await.etag();
    let hours = json!({"time_zone": "Europe/Paris", "weekly": weekly, "seats": 5});
    let put = school.by("marc", Method::PUT, path).await.header("if-match", &read).json(hours);
    put.send().await.expect(200);

    let body = json!({"edition": "web-development-fr", "language": "fr", "time_zone": "Europe/Paris",
        "start_on": "2027-03-02", "hours_per_week": 20});
    let maya = text(&school.post("maya", "/v1/enrollments", body).await.expect(201), "/id");
    accept(&school, "maya", &maya).await;
    assign_mentor(&school, &maya, "marc").await;
    (school, maya)
}

/// Moves the clock; no job may be given up on the way.
async fn move_to(school: &School, now: &str) {
    school.move_to(now).await;
    let dead = school.stack.store.queue_report().await.expect("a report").dead;
    assert!(dead.is_empty(), "{dead:?}");
}

/// 45 minutes of Maya with Marc, on a wall in Paris: the session's path and its ETag.
async fn book(school: &School, maya: &str, date: &str, local_time: &str) -> (String, String) {
    let body = json!({"enrollment": maya, "with": school.id("marc").await, "kind": "mentoring", "date": date,
        "local_time": local_time, "time_zone": "Europe/Paris", "minutes": 45});
    let booked = school.post("maya", "/v1/sessions", body).await;
    let etag = booked.etag();
    (format!("/v1/sessions/{}", text(&booked.expect(201), "/id")), etag)
}

/// Lets the two come, each so many seconds after the start, if they do, and the session end.
async fn hold(school: &School, session: &str, student: Option<i64>, mentor: Option<i64>) {
    let shown = school.get("marc", session).await.expect(200);
    let starts_at: Timestamp = text(&shown, "/starts_at").parse().expect("an instant");
    move_to(school, &(starts_at + SignedDuration::from_mins(20)).to_string()).await;
    for (name, seconds) in [("maya", student), ("marc", mentor)] {
        let Some(seconds) = seconds else { continue };
        let joined_at = starts_at + SignedDuration::from_secs(seconds);
        let body = json!({"person": school.id(name).await, "joined_at": joined_at, "left_at": null});
        school.post(name, &format!("{session}/attendance"), body).await.expect(200);
    }
    move_to(school, &(starts_at + SignedDuration::from_mins(45)).to_string()).await;
}

async fn cancel(school: &School, (session, etag): &(String, String), now: &str) {
    move_to(school, now).await;
    let ask = school.by("maya", Method::POST, &format!("{session}/cancel")).await.header("if-match", etag);
    ask.json(json!({"reason": ""})).send().await.expect(200);
}

async fn dispute(school: &School, who: &str, session: &str, claim: &str) -> Value {
    school.post(who, &format!("{session}/dispute"), json!({ "claim": claim })).await.expect(200)
}

/// The statements of Marc, the latest month first.
async fn statements(school: &School) -> Vec<Value> {
    let list = school.get("marc", "/v1/statements").await.expect(200);
    list["items"].as_array().expect("items").clone()
}

/// The id of Marc's statement of France for a month.
async fn id_of(school: &School, month: &str) -> String {
    let marc: PersonId = school.id("marc").await.parse().expect("an id");
    Statement::id_of(marc, "FR", month.parse().expect("a month")).to_string()
}

async fn statement(school: &School, month: &str) -> Value {
    let id = id_of(school, month).await;
    school.get("marc", &format!("/v1/statements/{id}")).await.expect(200)
}

/// How each line ended and what it comes to, and that its amount is what the line says it is worked out from.
fn lines(statement: &Value) -> Vec<(String, i64)> {
    let lines = statement["lines"].as_array().expect("lines");
    for (index, line) in lines.iter().enumerate() {
        assert_eq!(line["number"].as_u64().unwrap_or(index as u64 + 1), index as u64 + 1);
        if line["reason"] != "decided" {
            assert_eq!(line["amount"], worked_out(line), "{line}");
        }
    }
    let amount = |line: &Value| line["amount"]["amount_minor"].as_i64().expect("an amount");
    lines.iter().map(|line| (line["outcome"].as_str().unwrap_or("").to_owned(), amount(line))).collect()
}

/// A line's amount, by nothing but what the line shows.
fn worked_out(line: &Value) -> Value {
    let number = |value: &Value| value.as_i64().expect("a number");
    let tariff = &line["tariff"];
    let paid = |share: &Value| {
        let (minutes, per) = match tariff["full_minutes"].as_i64() {
            Some(per) => (number(&line["minutes"]), per),
            None => (1, 1),
        };
        let top = number(&tariff["full"]["amount_minor"]) * minutes * number(&share["numerator"]);
        let below = per * number(&share["denominator"]);
        (2 * top + below).div_euclid(2 * below)
    };
    let before = if tariff["share_before"].is_null() { 0 } else { paid(&tariff["share_before"]) };
    json!({"amount_minor": paid(&tariff["share"]) - before, "currency": tariff["full"]["currency"]})
}

fn euros(minor: i64) -> Value {
    json!({"amount_minor": minor, "currency": "EUR"})
}

fn told(lines: &[(&str, i64)]) -> Vec<(String, i64)> {
    lines.iter().map(|(outcome, amount)| ((*outcome).to_owned(), *amount)).collect()
}

/// Six sessions of March, one for each way that scenario S8 tells; the one that Maya missed, and the one
/// that Marc missed.
async fn march(school: &School, maya: &str) -> (String, String) {
    let mut booked = Vec::new();
    for date in ["2027-03-09", "2027-03-10", "2027-03-11", "2027-03-12", "2027-03-15", "2027-03-16"] {
        booked.push(book(school, maya, date, "18:00").await);
    }
    hold(school, &booked[0].0, Some(15 * 60), Some(0)).await;
    cancel(school, &booked[2], "2027-03-10T16:00:00Z").await; // 25 h before
    hold(school, &booked[1].0, Some(15 * 60 + 1), Some(0)).await;
    cancel(school, &booked[3], "2027-03-11T18:00:00Z").await; // 23 h before
    hold(school, &booked[4].0, Some(0), None).await;
    hold(school, &booked[5].0, None, None).await;
    (booked[1].0.clone(), booked[4].0.clone())
}

async fn approve(school: &School, who: &str, month: &str) -> Answer {
    let path = format!("/v1/statements/{}/approve", id_of(school, month).await);
    school.post(who, &path, json!({})).await
}

/// S8, from the first session to the statement after next.
#[tokio::test]
async fn a_month_is_paid_as_its_sessions_ended_and_never_rewritten() {
    let (school, maya) = paris().await;
    let (missed, absent) = march(&school, &maya).await;
    let expected = told(&[
        ("nobody_came", 0), // the talk in which they would have got to know each other
        ("completed", 3_500),
        ("student_no_show", 1_750),
        ("cancelled_early", 0),
        ("cancelled_late", 1_750),
        ("mentor_no_show", 0),
        ("nobody_came", 0),
    ]);
    let so_far = school.get("marc", "/v1/statements/current?entity=FR").await.expect(200);
    assert_eq!((text(&so_far, "/state"), lines(&so_far)), ("open".into(), expected.clone()));
    assert_eq!(so_far["total"], euros(7_000));

    // Three days after the month, on the wall of who pays.
    move_to(&school, "2027-04-03T21:59:59Z").await;
    assert_eq!(statements(&school).await, [] as [Value; 0]);
    move_to(&school, "2027-04-03T22:00:00Z").await;
    let closed = statement(&school, "2027-03").await;
    assert_eq!((text(&closed, "/state"), lines(&closed)), ("closed".into(), expected));
    assert_eq!((&closed["total"], &closed["line_count"]), (&euros(7_000), &json!(7)));
    assert_eq!(closed["lines"][0]["level"], 2);
    assert_eq!(closed["lines"][0]["tariff"]["version"], 1);

    approve(&school, "fay", "2027-03").await.expect(200);
    let approved = statement(&school, "2027-03").await.to_string();

    // Both say that she came; staff says that he did.
    move_to(&school, "2027-04-12T09:00:00Z").await;
    dispute(&school, "maya", &missed, "completed").await;
    dispute(&school, "marc", &missed, "completed").await;
    dispute(&school, "sam", &absent, "completed").await;
    let april = book(&school, &maya, "2027-04-20", "18:00").await.0;
    let evening = book(&school, &maya, "2027-04-30", "23:00").await.0;
    let night = book(&school, &maya, "2027-05-01", "00:00").await.0;
    for session in [&april, &evening, &night] {
        hold(&school, session, Some(0), Some(0)).await;
    }
    move_to(&school, "2027-05-03T22:00:00Z").await;
    let next = statement(&school, "2027-04").await;
    let expected = [("completed", 1_750), ("completed", 3_500), ("completed", 3_500), ("completed", 3_500)];
    let mut found = lines(&next);
    found[..2].sort(); // two corrections at one instant
    assert_eq!(found, told(&expected));
    assert_eq!(next["total"], euros(12_250));
    let march = id_of(&school, "2027-03").await;
    for (line, was) in
        next["lines"].as_array().expect("lines")[..2].iter().map(|line| (line, text(line, "/outcome_before")))
    {
        let number = if was == "student_no_show" { 3 } else { 6 };
        assert_eq!(line["adjusts"], json!({"statement": march, "line": number}), "{line}");
    }
    assert_eq!(statement(&school, "2027-03").await.to_string(), approved);

    // Staff says that he did not, after all; and the tariff has risen.
    dispute(&school, "sam", &absent, "mentor_no_show").await;
    move_to(&school, "2027-06-03T22:00:00Z").await;
    let last = statement(&school, "2027-05").await;
    assert_eq!(lines(&last), told(&[("mentor_no_show", -3_500), ("completed", 4_000)]));
    assert_eq!(last["lines"][1]["tariff"]["version"], 2);
    assert_eq!(statement(&school, "2027-03").await.to_string(), approved);
    school.close().await;
}

#[tokio::test]
async fn a_statement_is_made_once_however_often_and_wherever_its_job_stops() {
    let (school, maya) = paris().await;
    march(&school, &maya).await;
    let marc: PersonId = school.id("marc").await.parse().expect("an id");
    let (entity, month): (_, Month) = ("FR".to_owned(), "2027-03".parse().expect("a month"));
    let store = &school.stack.store;
    // What a job that was killed in the middle leaves.
    let half = StatementPage { statement: Statement::id_of(marc, "FR", month), number: 1, lines: Vec::new() };
    store.put(&half).await.expect("written");
    let job = Job::CloseStatement { person: marc, entity, month };
    let again = async |now: &str| {
        let due_at = "2027-04-03T22:00:00Z".parse().expect("an instant");
        store.transaction::<()>().enqueue(&job, due_at).commit().await.expect("asked");
        move_to(&school, now).await;
        let path = format!("/v1/statements/{}", id_of(&school, "2027-03").await);
        let read = school.get("marc", &path).await;
        (read.etag(), read.expect(200))
    };
    let first = again("2027-04-03T22:00:00Z").await;
    assert_eq!(lines(&first.1).len(), 7);
    assert_eq!(again("2027-04-03T22:10:00Z").await, first);
    assert_eq!(statements(&school).await.len(), 1);

    // Nor is a session stated twice that nobody disputed.
    let session = text(&first.1, "/lines/2/session").parse().expect("an id");
    let restate = store.transaction::<()>().enqueue(&Job::RestateSession { session }, Timestamp::UNIX_EPOCH);
    restate.commit().await.expect("asked");
    assert_eq!(again("2027-04-03T22:20:00Z").await, first);
    assert_eq!(statements(&school).await.len(), 1);
    school.close().await;
}

#[tokio::test]
async fn a_dispute_before_the_closing_changes_the_line_itself() {
    let (school, maya) = paris().await;
    let (missed, _) = march(&school, &maya).await;
    move_to(&school, "2027-04-02T09:00:00Z").await;
    dispute(&school, "sam", &missed, "completed").await;
    move_to(&school, "2027-05-05T09:00:00Z").await;
    let closed = statement(&school, "2027-03").await;
    assert_eq!(
        (closed["total"].clone(), lines(&closed)[1].clone()),
        (euros(8_750), ("completed".into(), 3_500))
    );
    assert_eq!(statements(&school).await.len(), 1, "nothing is left to correct");
    school.close().await;
}

#[tokio::test]
async fn what_is_settled_before_the_last_month_is_closed_stands_in_its_statement() {
    let (school, maya) = paris().await;
    let (missed, _) = march(&school, &maya).await;
    move_to(&school, "2027-05-02T09:00:00Z").await;
    dispute(&school, "sam", &missed, "completed").await;
    move_to(&school, "2027-05-03T22:00:00Z").await;
    let april = statement(&school, "2027-04").await;
    assert_eq!((text(&april, "/state"), lines(&april)), ("closed".into(), told(&[("completed", 1_750)])));
    school.close().await;
}

#[tokio::test]
async fn a_statement_is_seen_by_its_own_and_decided_by_finance() {
    let (school, maya) = paris().await;
    march(&school, &maya).await;
    move_to(&school, "2027-04-05T09:00:00Z").await;
    let (marc, id) = (school.id("marc").await, id_of(&school, "2027-03").await);
    let path = format!("/v1/statements/{id}");
    let at = |act: &str| format!("{path}/{act}");

    for stranger in ["maya", "olu", "sam"] {
        assert_eq!(school.get(stranger, &path).await.refused(404), "not_found", "{stranger}");
        let theirs = school.get(stranger, &format!("/v1/statements?person={marc}")).await;
        assert_eq!(theirs.refused(404), "not_found", "{stranger}");
        let now = school.get(stranger, &format!("/v1/statements/current?entity=FR&person={marc}")).await;
        assert_eq!(now.refused(404), "not_found", "{stranger}");
        let own = school.get(stranger, "/v1/statements").await.expect(200);
        assert_eq!(own["items"], json!([]));
    }
    let listed = school.get("fay", &format!("/v1/statements?person={marc}")).await.expect(200);
    assert_eq!(text(&listed, "/items/0/id"), id);
    let due = async |state: &str| {
        let list =
            school.get("fay", &format!("/v1/admin/statements?entity=FR&state={state}")).await.expect(200);
        // Less that of whoever mentored her before Marc did, for nothing.
        let own = list["items"].as_array().expect("items").iter().filter(|item| item["person"] == marc);
        own.map(|item| text(item, "/id")).collect::<Vec<_>>()
    };
    assert_eq!((due("closed").await, due("approved").await), (vec![id.clone()], vec![]));

    let paid = json!({"paid_on": "2027-04-05", "reference": "PAY-1"});
    let more = json!({"amount": euros(1_200), "reason": "Travel"});
    for stranger in ["marc", "maya", "sam"] {
        for (act, body) in [("approve", json!({})), ("pay", paid.clone()), ("adjustments", more.clone())] {
            assert_eq!(
                school.post(stranger, &at(act), body).await.refused(403),
                "forbidden",
                "{stranger} {act}"
            );
        }
        assert_eq!(
            school.get(stranger, "/v1/admin/statements?entity=FR&state=closed").await.refused(403),
            "forbidden"
        );
    }
    assert_eq!(school.post("fay", &at("object"), json!({"text": "no"})).await.refused(404), "not_found");
    let objected =
        school.post("marc", &at("object"), json!({"text": "The 16th is wrong."})).await.expect(200);
    assert_eq!(text(&objected, "/objections/0/text"), "The 16th is wrong.");
    let empty = school.post("marc", &at("object"), json!({"text": " "})).await.expect(422);
    assert_eq!(text(&empty, "/errors/0/pointer"), "/text");

    assert_eq!(school.post("fay", &at("pay"), paid.clone()).await.refused(409), "wrong_state");
    approve(&school, "fay", "2027-03").await.expect(200);
    assert_eq!(approve(&school, "fay", "2027-03").await.refused(409), "wrong_state");
    assert_eq!((due("closed").await, due("approved").await), (vec![], vec![id.clone()]));
    assert_eq!(school.post("marc", &at("object"), json!({"text": "no"})).await.refused(409), "wrong_state");

    // What finance corrects stands in the statement of this month.
    let wrong = json!({"amount": {"amount_minor": 1, "currency": "GBP"}, "reason": "x"});
    let refused = school.post("fay", &at("adjustments"), wrong).await.expect(422);
    assert_eq!(text(&refused, "/errors/0/pointer"), "/amount");
    let without = school.by("fay", Method::POST, &at("adjustments")).await.json(more.clone()).send().await;
    assert_eq!(without.refused(400), "idempotency_key_required");
    let next = school.post("fay", &at("adjustments"), more).await.expect(201);
    assert_eq!((text(&next, "/month"), text(&next, "/state")), ("2027-04".into(), "open".into()));
    let late = json!({"paid_on": "2027-04-06", "reference": "PAY-1"});
    let tomorrow = school.post("fay", &at("pay"), late).await.expect(422);
    assert_eq!(text(&tomorrow, "/errors/0/pointer"), "/paid_on");
    let sent = school.post("fay", &at("pay"), paid).await.expect(200);
    assert_eq!((text(&sent, "/state"), text(&sent, "/reference")), ("paid".into(), "PAY-1".into()));
    assert_eq!(due("approved").await, [] as [String; 0]);
    move_to(&school, "2027-05-03T22:00:00Z").await;
    let april = statement(&school, "2027-04").await;
    assert_eq!((lines(&april), text(&april, "/lines/0/text")), (told(&[("", 1_200)]), "Travel".into()));

    for odd in ["?entity=XX", "", "?entity=FR&cursor=YXVkaXQj"] {
        let answer = school.get("marc", &format!("/v1/statements/current{odd}")).await;
        assert_eq!(answer.status, 400, "{odd}");
    }
    assert_eq!(school.get("marc", &format!("{path}?cursor=Mg")).await.refused(400), "invalid_cursor");
    school.close().await;
}

#[tokio::test]
async fn a_juror_is_paid_for_a_defense_by_who_pays_the_students_market() {
    let school = School::open("2027-02-07T10:00:00Z").await;
    let maya = begin(&school, "maya", "2027-02-07").await;
    assign_mentor(&school, &maya, "ines").await;
    let (_, defense) =
        pass_project(&school, "maya", &maya, "small-business-site", "2027-02-24T10:00:00Z").await;
    move_to(&school, "2027-03-04T00:00:00Z").await;
    let marc: PersonId = school.id("marc").await.parse().expect("an id");
    let gb = LegalEntity::of_market("GB").expect("a market");
    let id = Statement::id_of(marc, &gb.code, "2027-02".parse().expect("a month"));
    let closed = school.get("marc", &format!("/v1/statements/{id}")).await.expect(200);
    assert_eq!(lines(&closed), told(&[("completed", 4_000)]));
    let line = &closed["lines"][0];
    assert_eq!((text(line, "/kind"), text(line, "/defense")), ("defense".into(), defense));
    assert_eq!((line["level"].clone(), text(line, "/amount/currency")), (json!(1), "GBP".into()));
    school.close().await;
}
