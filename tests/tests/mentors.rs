//! Mentors for students: a seat before any money, the line for one, the nightly matching, and what happens
//! when a mentor leaves.

use serde_json::{Value, json};
use tests::{Answer, School, text};

const NOW: &str = "2027-03-02T09:00:00Z";

/// A school whose mentors have so many seats.
async fn school(seats: &[(&str, u32)]) -> School {
    let school = School::open(NOW).await;
    for (mentor, seats) in seats {
        offer(&school, mentor, *seats).await;
    }
    school
}

/// Lets a mentor offer so many seats, and every hour of the week.
async fn offer(school: &School, mentor: &str, seats: u32) {
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let weekly = Vec::from_iter(days.map(|day| json!({"weekday": day, "from": "00:00", "to": "24:00"})));
    say(school, mentor, json!({"weekly": weekly, "seats": seats, "languages": ["en"]})).await;
}

async fn say(school: &School, person: &str, mut said: Value) {
    said["time_zone"] = json!("Europe/London");
    said["experience"] = json!("confirmed");
    let path = "/v1/people/me/availability";
    let read = school.get(person, path).await.etag();
    school.put(person, path, &read, said).await.expect(200);
}

/// A student who has accepted the contract.
async fn accepted(school: &School, student: &str) -> Value {
    let body = json!({"edition": "web-development-gb", "language": "en", "time_zone": "Europe/London",
        "start_on": "2027-03-02", "hours_per_week": 20});
    let enrolled = school.post(student, "/v1/enrollments", body).await.expect(201);
    let id = text(&enrolled, "/id");
    let body = json!({"contract_version": 1, "payment_method": {"kind": "sandbox", "token": "ok"}});
    school.post(student, &format!("/v1/enrollments/{id}/accept"), body).await.expect(200)
}

async fn enrollment(school: &School, student: &str, id: &str) -> Value {
    school.get(student, &format!("/v1/enrollments/{id}")).await.expect(200)
}

async fn act(school: &School, student: &str, id: &str, act: &str) -> Answer {
    let path = format!("/v1/enrollments/{id}");
    let read = school.get(student, &path).await.etag();
    let ask = school.by(student, reqwest::Method::POST, &format!("{path}/{act}")).await;
    ask.header("if-match", &read).json(json!({})).send().await
}

/// Moves the clock; no job may be given up on the way.
async fn move_to(school: &School, now: &str) {
    school.move_to(now).await;
    let dead = school.stack.store.queue_report().await.expect("a report").dead;
    assert!(dead.is_empty(), "{dead:?}");
}

async fn sessions(school: &School, person: &str) -> Vec<(String, String, String)> {
    let list = school.get(person, "/v1/sessions").await.expect(200);
    let line = |item: &Value| (text(item, "/kind"), text(item, "/state"), text(item, "/starts_at"));
    list["items"].as_array().expect("items").iter().map(line).collect()
}

#[tokio::test]
async fn a_free_seat_is_taken_at_once_and_the_two_meet_within_a_week() {
    let school = school(&[]).await;
    let maya = accepted(&school, "maya").await;
    assert_eq!((text(&maya, "/state"), text(&maya, "/payment/state")), ("active".into(), "paid".into()));
    // Of those who speak English, the one who works in the field.
    assert_eq!(text(&maya, "/mentor"), school.id("ines").await);
    assert_eq!(maya["waiting"], Value::Null);
    move_to(&school, NOW).await;
    let met = sessions(&school, "maya").await;
    let [(kind, state, starts_at)] = &met[..] else { panic!("{met:?}") };
    assert_eq!((kind.as_str(), state.as_str()), ("discovery", "booked"));
    assert!(("2027-03-03T09:00:00Z"..="2027-03-09T09:00:00Z").contains(&starts_at.as_str()), "{starts_at}");
    school.close().await;
}

#[tokio::test]
async fn nobody_pays_before_there_is_a_seat_and_the_line_moves_forward() {
    let school = school(&[("ines", 1), ("marc", 0), ("olu", 0)]).await;
    let maya = accepted(&school, "maya").await;
    assert_eq!(text(&maya, "/state"), "active");
    let tom = accepted(&school, "tom").await;
    let (id, state) = (text(&tom, "/id"), text(&tom, "/state"));
    assert_eq!((state.as_str(), text(&tom, "/payment/state")), ("quoted", "pending".into()));
    assert_eq!((&tom["waiting"]["place"], text(&tom, "/waiting/reason")), (&json!(1), "capacity".into()));
    // Maya should be done by then, at the slow end of her plan.
    assert_eq!(text(&tom, "/waiting/expected_on"), "2028-05-02");
    let ana = accepted(&school, "ana").await;
    assert_eq!(ana["waiting"]["place"], 2);
    assert_eq!(ana["waiting"]["expected_on"], Value::Null);

    // Nights pass, and the quote holds as long as there is no seat.
    move_to(&school, "2027-04-20T09:00:00Z").await;
    assert_eq!(enrollment(&school, "tom", &id).await["waiting"], tom["waiting"]);
    let invoices = school.get("tom", &format!("/v1/enrollments/{id}/invoices")).await.expect(200);
    assert!(
        invoices["items"]
            .as_array()
            .is_some_and(|items| items.iter().all(|it| it["paid"]["amount_minor"] == 0))
    );

    offer(&school, "ines", 2).await;
    let due = school.post("sam", "/v1/admin/pairing-runs", json!({})).await.expect(202);
    assert_eq!(text(&due, "/due_at"), "2027-04-20T09:00:00Z");
    move_to(&school, "2027-04-20T09:00:00Z").await;
    let began = enrollment(&school, "tom", &id).await;
    assert_eq!((text(&began, "/state"), &began["waiting"]), ("active".into(), &Value::Null));
    assert_eq!(text(&began, "/mentor"), school.id("ines").await);
    let invoices = school.get("tom", &format!("/v1/enrollments/{id}/invoices")).await.expect(200);
    assert_eq!(text(&invoices, "/items/0/period/from"), "2027-04-20");
    let waits = enrollment(&school, "ana", &text(&ana, "/id")).await;
    assert_eq!(waits["waiting"]["place"], 1);

    let runs = school.get("sam", "/v1/admin/pairing-runs").await.expect(200);
    let run = &runs["items"][0];
    assert_eq!(
        [&run["seekers"], &run["placed"], &run["written"], &run["gap"]],
        [&json!(2), &json!(1), &json!(1), &json!(0)]
    );
    assert_eq!(run["unplaced"], json!({"capacity": 1}));
    let line = school.get("sam", "/v1/admin/waiting-students?degree=web-development&language=en").await;
    assert_eq!(line.expect(200)["items"].as_array().map(Vec::len), Some(1));
    for path in ["/v1/admin/pairing-runs", "/v1/admin/waiting-students?degree=web-development&language=en"] {
        assert_eq!(school.get("maya", path).await.refused(403), "forbidden", "{path}");
    }
    school.close().await;
}

#[tokio::test]
async fn a_seat_that_is_given_back_goes_to_the_line() {
    let school = school(&[("ines", 1), ("marc", 0), ("olu", 0)]).await;
    let maya = accepted(&school, "maya").await;
    let tom = accepted(&school, "tom").await;
    act(&school, "maya", &text(&maya, "/id"), "withdraw").await.expect(200);
    move_to(&school, "2027-03-05T09:00:00Z").await;
    assert_eq!(text(&enrollment(&school, "tom", &text(&tom, "/id")).await, "/state"), "active");
    school.close().await;
}

#[tokio::test]
async fn whoever_waits_for_an_hour_keeps_nobody_waiting() {
    let school = school(&[("ines", 5), ("marc", 0), ("olu", 0)]).await;
    let night = json!([{"weekday": "sun", "from": "03:00", "to": "04:00"}]);
    say(&school, "tom", json!({"weekly": night})).await;
    let mornings = json!([{"weekday": "mon", "from": "08:00", "to": "12:00"}]);
    say(&school, "ines", json!({"weekly": mornings, "seats": 5, "languages": ["en"]})).await;
    let tom = accepted(&school, "tom").await;
    assert_eq!(text(&tom, "/waiting/reason"), "no_overlap");
    assert_eq!(text(&accepted(&school, "maya").await, "/state"), "active");
    say(&school, "ines", json!({"weekly": mornings, "seats": 5, "languages": ["de"]})).await;
    assert_eq!(text(&accepted(&school, "ana").await, "/waiting/reason"), "no_candidate");
    school.close().await;
}

#[tokio::test]
async fn staff_assign_nobody_beyond_their_seats() {
    let school = school(&[("marc", 0)]).await;
    let maya = accepted(&school, "maya").await;
    let body = json!({"enrollment": maya["id"], "mentor": school.id("marc").await, "from": "2027-03-02", "to": null});
    assert_eq!(school.post("sam", "/v1/admin/assignments", body).await.refused(409), "capacity_full");
    school.close().await;
}

#[tokio::test]
async fn the_students_of_a_mentor_who_leaves_are_handed_over() {
    let school = school(&[("marc", 5), ("olu", 0)]).await;
    let maya = accepted(&school, "maya").await;
    let (id, ines, marc) = (text(&maya, "/id"), school.id("ines").await, school.id("marc").await);
    assert_eq!(text(&maya, "/mentor"), ines);
    let weekly = json!({"enrollment": id, "with": ines, "kind": "mentoring", "time_zone": "Europe/London",
        "weekday": "tue", "local_time": "18:00", "minutes": 45, "first_on": "2027-03-09"});
    school.post("ines", "/v1/commitments", weekly).await.expect(201);

    // Ines writes down what they talked about.
    let first = school.get("maya", "/v1/sessions?from=2027-03-03").await.expect(200);
    let (path, at) =
        (format!("/v1/sessions/{}", text(&first, "/items/0/id")), text(&first, "/items/0/starts_at"));
    let notes = format!("/v1/enrollments/{id}/notes");

    let notice = |on: &str| json!({"leaves_on": on});
    assert_eq!(
        school.post("maya", "/v1/departures", notice("2027-04-01")).await.refused(422),
        "invalid_field"
    );
    assert_eq!(
        school.post("ines", "/v1/departures", notice("2027-03-02")).await.refused(422),
        "invalid_field"
    );
    school.post("ines", "/v1/departures", notice("2027-04-01")).await.expect(201);
    move_to(&school, "2027-03-02T10:00:00Z").await;
    let departure = format!("/v1/departures/{ines}");
    let left = school.get("sam", &departure).await.expect(200);
    assert_eq!((&left["unplaced"], text(&left, "/students/0/next_mentor")), (&json!(0), marc.clone()));
    assert_eq!(school.get("maya", &departure).await.status, 404);
    // Until the day she is theirs; nobody new comes to her.
    assert_eq!(text(&enrollment(&school, "maya", &id).await, "/mentor"), ines);
    let tom = accepted(&school, "tom").await;
    assert_eq!(text(&tom, "/mentor"), marc);
    let body = json!({"enrollment": tom["id"], "mentor": ines, "from": "2027-03-02", "to": null});
    assert_eq!(school.post("sam", "/v1/admin/assignments", body).await.refused(409), "capacity_full");

    move_to(&school, &at.replace(":00:00Z", ":10:00Z")).await;
    for who in ["maya", "ines"] {
        let stay = json!({"person": school.id(who).await, "joined_at": at, "left_at": null});
        school.post(who, &format!("{path}/attendance"), stay).await.expect(200);
    }
    move_to(&school, &at.replace(":00:00Z", ":50:00Z")).await;
    let report = json!({"reviewed": "her plan", "tips": "sleep", "goals": "a first page", "blockers": ""});
    school.post("ines", &format!("{path}/report"), report).await.expect(200);
    assert_eq!(school.get("marc", &notes).await.refused(404), "not_found", "not her mentor yet");

    move_to(&school, "2027-04-01T09:00:00Z").await;
    assert_eq!(text(&enrollment(&school, "maya", &id).await, "/mentor"), marc);
    let kept = school.get("marc", &notes).await.expect(200);
    assert_eq!(
        (text(&kept, "/items/0/goals"), text(&kept, "/items/0/by")),
        ("a first page".into(), ines.clone())
    );
    assert_eq!(school.get("ines", &notes).await.refused(404), "not_found", "no longer her mentor");
    let met = sessions(&school, "maya").await;
    let handover = met.iter().find(|(kind, ..)| kind == "handover").expect("a hand-over");
    assert!(("2027-04-01"..="2027-04-08").contains(&&handover.2[..10]), "{handover:?}");
    let late = met
        .iter()
        .filter(|(kind, state, at)| kind == "mentoring" && state == "booked" && at.as_str() >= "2027-04-01");
    assert_eq!(late.count(), 0);
    school.close().await;
}

/// Nobody is found: the billing stops by itself, what was paid is credited from the first day, and study goes
/// on when somebody is there.
#[tokio::test]
async fn a_student_without_a_mentor_pays_nothing() {
    let school = school(&[("ines", 1), ("marc", 0), ("olu", 0)]).await;
    let maya = accepted(&school, "maya").await;
    let id = text(&maya, "/id");
    school
        .post("sam", "/v1/departures", json!({"mentor": school.id("ines").await, "leaves_on": "2027-03-16"}))
        .await
        .expect(201);
    move_to(&school, "2027-03-16T09:00:00Z").await;
    let paused = enrollment(&school, "maya", &id).await;
    assert_eq!((text(&paused, "/state"), &paused["mentor"]), ("paused".into(), &Value::Null));
    let pause = json!({"from": "2027-03-16", "planned_to": null, "cause": "no_mentor", "to": null});
    assert_eq!(paused["pauses"][0], pause);
    assert_eq!(paused["waiting"]["place"], 1);
    let invoices = school.get("maya", &format!("/v1/enrollments/{id}/invoices")).await.expect(200);
    // 14 of 31 days were used: 17/31 of 300.00 go back.
    assert_eq!(invoices["items"][0]["credited"]["amount_minor"], 16_452);
    // Staff see for whom nobody was found, that day and later.
    let line = json!({"mentor": school.id("ines").await, "leaves_on": "2027-03-16", "unplaced": 1});
    for now in ["2027-03-16T09:00:00Z", "2027-03-20T09:00:00Z"] {
        move_to(&school, now).await;
        assert_eq!(school.get("sam", "/v1/departures").await.expect(200)["items"], json!([line]));
    }
    assert_eq!(school.get("ines", "/v1/departures").await.refused(403), "forbidden");

    move_to(&school, "2027-08-01T09:00:00Z").await;
    assert_eq!(text(&enrollment(&school, "maya", &id).await, "/state"), "paused");
    assert_eq!(act(&school, "maya", &id, "resume").await.refused(409), "capacity_full");
    let invoices = school.get("maya", &format!("/v1/enrollments/{id}/invoices")).await.expect(200);
    assert_eq!(invoices["items"].as_array().map(Vec::len), Some(1));

    offer(&school, "olu", 3).await;
    move_to(&school, "2027-08-02T09:00:00Z").await;
    let found = enrollment(&school, "maya", &id).await;
    assert_eq!((text(&found, "/state"), text(&found, "/mentor")), ("paused".into(), school.id("olu").await));
    act(&school, "maya", &id, "resume").await.expect(200);
    move_to(&school, "2027-08-02T10:00:00Z").await;
    let again = enrollment(&school, "maya", &id).await;
    assert_eq!((text(&again, "/state"), &again["waiting"]), ("active".into(), &Value::Null));
    let invoices = school.get("maya", &format!("/v1/enrollments/{id}/invoices")).await.expect(200);
    assert_eq!(text(&invoices, "/items/1/period/from"), "2027-08-02");
    school.close().await;
}

#[tokio::test]
async fn a_notice_that_is_taken_back_lets_students_come_again() {
    let school = school(&[("ines", 1), ("marc", 0), ("olu", 0)]).await;
    let departure = format!("/v1/departures/{}", school.id("ines").await);
    school.post("ines", "/v1/departures", json!({"leaves_on": "2027-05-01"})).await.expect(201);
    let tom = accepted(&school, "tom").await;
    assert_eq!(text(&tom, "/waiting/reason"), "no_candidate");
    let take_back = async |who: &str| school.by(who, reqwest::Method::DELETE, &departure).await.send().await;
    assert_eq!(take_back("maya").await.refused(404), "not_found");
    assert_eq!(take_back("ines").await.status, 204);
    assert_eq!(take_back("ines").await.refused(404), "not_found");
    assert_eq!(school.get("sam", "/v1/departures").await.expect(200)["items"], json!([]));
    move_to(&school, "2027-03-03T09:00:00Z").await;
    let tom = enrollment(&school, "tom", &text(&tom, "/id")).await;
    assert_eq!((text(&tom, "/state"), text(&tom, "/mentor")), ("active".into(), school.id("ines").await));
    school.close().await;
}

/// A holiday of two weeks: somebody else meets the student every week, and the mentor is back afterwards.
#[tokio::test]
async fn a_holiday_is_covered() {
    let school = school(&[("marc", 5), ("olu", 0)]).await;
    let maya = accepted(&school, "maya").await;
    let (id, ines, marc) = (text(&maya, "/id"), school.id("ines").await, school.id("marc").await);
    let weekly = json!({"enrollment": id, "with": ines, "kind": "mentoring", "time_zone": "Europe/London",
        "weekday": "tue", "local_time": "18:00", "minutes": 45, "first_on": "2027-03-09"});
    school.post("ines", "/v1/commitments", weekly).await.expect(201);
    let days = ["mon", "tue", "wed", "thu", "fri"];
    let hours = Vec::from_iter(days.map(|day| json!({"weekday": day, "from": "08:00", "to": "21:00"})));
    let away = json!([{"first_on": "2027-03-15", "last_on": "2027-03-28"}]);
    say(&school, "ines", json!({"weekly": hours, "seats": 5, "languages": ["en"], "holidays": away})).await;
    move_to(&school, "2027-03-02T12:00:00Z").await;

    let list = school.get("maya", "/v1/sessions?from=2027-03-08&to=2027-04-05").await.expect(200);
    let booked = list["items"]
        .as_array()
        .expect("items")
        .iter()
        .filter(|item| item["state"] == "booked" && item["kind"] == "mentoring");
    let with = Vec::from_iter(booked.map(|item| (text(item, "/date"), text(item, "/with"))));
    let of = |mentor: &str| {
        Vec::from_iter(with.iter().filter(|(_, with)| with == mentor).map(|(date, _)| date.as_str()))
    };
    assert_eq!(of(&ines), ["2027-03-09", "2027-03-30"]);
    let covered = of(&marc);
    assert_eq!(covered.len(), 2, "{with:?}");
    assert!(
        ("2027-03-15"..="2027-03-28").contains(&covered[0])
            && ("2027-03-15"..="2027-03-28").contains(&covered[1])
    );

    move_to(&school, "2027-03-16T09:00:00Z").await;
    assert_eq!(text(&enrollment(&school, "maya", &id).await, "/mentor"), marc);
    move_to(&school, "2027-03-29T09:00:00Z").await;
    assert_eq!(text(&enrollment(&school, "maya", &id).await, "/mentor"), ines);
    school.close().await;
}
