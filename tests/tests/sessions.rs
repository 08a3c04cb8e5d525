//! Sessions: weekly series, one slot for two, pauses, moves, attendance, and who may judge whom.

#[path = "sessions/school.rs"]
mod school;

use school::{Answer, School, json};
use serde_json::Value;

/// Marc meets students in Paris every day from noon to ten in the evening.
async fn open_hours(school: &School, mentor: &str, zone: &str) {
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let weekly = Vec::from_iter(days.map(|day| json!({"weekday": day, "from": "00:00", "to": "24:00"})));
    let read = school.get(mentor, "/v1/people/me/availability").await;
    let body = json!({"time_zone": zone, "weekly": weekly, "exceptions": [], "seats": 5, "fields": [], "languages": ["en"]});
    school.put(mentor, "/v1/people/me/availability", &read.etag(), &body).await.expect(200);
}

/// An active enrollment with a mentor from its first day.
async fn studying(school: &School, student: &str, zone: &str, mentor: &str) -> String {
    let body = json!({"edition": "web-development-gb", "language": "en", "time_zone": zone,
        "start_on": school.today(), "hours_per_week": 20});
    let enrolled = school.post(student, "/v1/enrollments", &body).await.expect(201);
    let id = enrolled.text("/id");
    let body = json!({"contract_version": enrolled.body["contract"]["version"],
        "payment_method": {"kind": "sandbox", "token": "ok"}});
    let accepted = school.post(student, &format!("/v1/enrollments/{id}/accept"), &body).await.expect(200);
    assert_eq!(accepted.text("/state"), "active");
    assign(school, &id, mentor, &school.today()).await.expect(201);
    id
}

async fn assign(school: &School, enrollment: &str, mentor: &str, from: &str) -> Answer {
    let body =
        json!({"enrollment": enrollment, "mentor": school.person(mentor).await, "from": from, "to": null});
    school.post("sam", "/v1/admin/assignments", &body).await
}

/// A series of 45 minutes at 18:00 on Tuesdays of Paris.
async fn tuesdays(school: &School, student: &str, enrollment: &str, mentor: &str, first_on: &str) -> Answer {
    let body = json!({"enrollment": enrollment, "with": school.person(mentor).await, "kind": "mentoring",
        "time_zone": "Europe/Paris", "weekday": "tue", "local_time": "18:00", "minutes": 45, "first_on": first_on});
    school.post(student, "/v1/commitments", &body).await
}

/// A session of 45 minutes, as a body.
async fn wish(school: &School, enrollment: &str, mentor: &str, date: &str, local_time: &str) -> Value {
    json!({"enrollment": enrollment, "with": school.person(mentor).await, "kind": "mentoring", "date": date,
        "local_time": local_time, "time_zone": "Europe/Paris", "minutes": 45})
}

async fn sessions(school: &School, person: &str) -> Vec<Value> {
    let list = school.get(person, "/v1/sessions").await.expect(200);
    list.body["items"].as_array().expect("items").clone()
}

fn column(items: &[Value], name: &str) -> Vec<String> {
    items.iter().map(|item| item[name].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn a_weekly_series_keeps_its_wall_time_through_clock_changes() {
    let school = School::at("2027-03-02T09:00:00Z").await;
    open_hours(&school, "marc", "Europe/Paris").await;
    let enrollment = studying(&school, "ana", "America/New_York", "marc").await;
    let series = tuesdays(&school, "ana", &enrollment, "marc", "2027-03-09").await.expect(201);
    let made = series.body["sessions"].as_array().expect("sessions").clone();
    assert_eq!(
        column(&made, "starts_at")[..4],
        ["2027-03-09T17:00:00Z", "2027-03-16T17:00:00Z", "2027-03-23T17:00:00Z", "2027-03-30T16:00:00Z"]
    );
    assert_eq!(made.len(), 6);
    let told = series.body["wall_changes"].clone();
    let told_dates = column(told.as_array().expect("changes"), "date");
    assert_eq!(told_dates, ["2027-03-16", "2027-03-30"]);
    assert_eq!((&told[0]["before"], &told[0]["after"]), (&json!("12:00"), &json!("13:00")));
    for person in ["ana", "marc"] {
        assert_eq!(column(&sessions(&school, person).await, "id"), column(&made, "id"));
    }

    // A week later the next one is there, once, however often it is asked for.
    school.move_to("2027-03-09T09:00:00Z").await;
    let extended = sessions(&school, "ana").await;
    assert_eq!(extended.len(), 7);
    assert_eq!(extended[6]["starts_at"], json!("2027-04-20T16:00:00Z"));
    assign(&school, &enrollment, "marc", "2027-03-02").await.expect(201);
    school.move_to("2027-03-09T09:01:00Z").await;
    assert_eq!(sessions(&school, "ana").await, extended);
}

#[tokio::test]
async fn a_wall_time_that_does_not_exist_or_exists_twice_is_refused() {
    let school = School::at("2027-03-02T09:00:00Z").await;
    open_hours(&school, "marc", "Europe/Paris").await;
    let enrollment = studying(&school, "maya", "Europe/London", "marc").await;
    let skipped = wish(&school, &enrollment, "marc", "2027-03-28", "02:30").await;
    let refused = school.post("maya", "/v1/sessions", &skipped).await.refused(422, "invalid_time");
    let nearest =
        json!([{"date": "2027-03-28", "local_time": "01:59"}, {"date": "2027-03-28", "local_time": "03:00"}]);
    assert_eq!(refused.body["nearest"], nearest);

    let mut twice = wish(&school, &enrollment, "marc", "2027-10-31", "02:30").await;
    let refused = school.post("maya", "/v1/sessions", &twice).await.refused(422, "invalid_time");
    assert_eq!(refused.body["offsets"], json!(["+02:00", "+01:00"]));
    twice["offset"] = json!("+01:00");
    let booked = school.post("maya", "/v1/sessions", &twice).await.expect(201);
    assert_eq!(booked.text("/starts_at"), "2027-10-31T01:30:00Z");
}

#[tokio::test]
async fn of_two_students_who_take_one_slot_one_wins() {
    let school = School::at("2027-03-02T09:00:00Z").await;
    open_hours(&school, "marc", "Europe/Paris").await;
    let maya = studying(&school, "maya", "Europe/London", "marc").await;
    let tom = studying(&school, "tom", "Europe/London", "marc").await;
    let (hers, his) = (
        wish(&school, &maya, "marc", "2027-03-09", "18:00").await,
        wish(&school, &tom, "marc", "2027-03-09", "18:30").await,
    );
    let (hers, his) =
        tokio::join!(school.post("maya", "/v1/sessions", &hers), school.post("tom", "/v1/sessions", &his));
    let (won, lost) = if hers.status == 201 { (hers, his) } else { (his, hers) };
    won.expect(201);
    let lost = lost.refused(409, "slot_taken");
    let offers = lost.body["alternatives"].as_array().expect("alternatives").clone();
    assert_eq!(offers.len(), 3);
    let loser = if sessions(&school, "maya").await.is_empty() { "maya" } else { "tom" };
    let enrollment = if loser == "maya" { &maya } else { &tom };
    let mut again = wish(&school, enrollment, "marc", "2027-03-09", "18:00").await;
    for name in ["date", "local_time", "time_zone", "offset"] {
        again[name] = offers[0][name].clone();
    }
    school.post(loser, "/v1/sessions", &again).await.expect(201);
}

#[tokio::test]
async fn of_two_mentors_at_one_time_a_student_gets_one() {
    let school = School::at("2027-03-02T09:00:00Z").await;
    for mentor in ["marc", "olu"] {
        open_hours(&school, mentor, "Europe/Paris").await;
    }
    let maya = studying(&school, "maya", "Europe/London", "marc").await;
    let (one, other) = (
        wish(&school, &maya, "marc", "2027-03-09", "18:00").await,
        wish(&school, &maya, "olu", "2027-03-09", "18:15").await,
    );
    let (one, other) =
        tokio::join!(school.post("maya", "/v1/sessions", &one), school.post("maya", "/v1/sessions", &other));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
    assert_eq!(sessions(&school, "maya").await.len(), 1);
}

#[tokio::test]
async fn a_repeated_booking_is_one_session() {
    let school = School::at("2027-03-02T09:00:00Z").await;
    open_hours(&school, "marc", "Europe/Paris").await;
    let maya = studying(&school, "maya", "Europe/London", "marc").await;
    let wish = wish(&school, &maya, "marc", "2027-03-09", "18:00").await;
    let (first, second) = tokio::join!(
        school.keyed("maya", "/v1/sessions", "one intent", &wish),
        school.keyed("maya", "/v1/sessions", "one intent", &wish)
    );
    assert_eq!(first.expect(201).body, second.expect(201).body);
    assert_eq!(sessions(&school, "maya").await.len(), 1);
}

#[tokio::test]
async fn a_pause_cancels_sessions_free_of_charge_and_taking_it_back_books_them_again() {
    let school = School::at("2027-01-31T09:00:00Z").await;
    open_hours(&school, "marc", "Europe/Paris").await;
    let noor = studying(&school, "noor", "Europe/London", "marc").await;
    tuesdays(&school, "noor", &noor, "marc", "2027-02-02").await.expect(201);
    school.move_to("2027-03-10T09:00:00Z").await;
    let states = |items: &[Value]| {
        let ahead = items.iter().filter(|item| item["starts_at"].as_str() > Some("2027-03-10"));
        Vec::from_iter(ahead.map(|item| {
            (
                item["date"].as_str().unwrap_or_default().to_owned(),
                item["state"].as_str().unwrap_or_default().to_owned(),
            )
        }))
    };
    let act = async |what: &str| {
        let read = school.get("noor", &format!("/v1/enrollments/{noor}")).await.expect(200);
        let acted = school
            .send(
                "noor",
                "POST",
                &format!("/v1/enrollments/{noor}/{what}"),
                Some(&read.etag()),
                None,
                Some(&json!({})),
            )
            .await;
        acted.expect(200);
    };
    let before = states(&sessions(&school, "noor").await);
    assert_eq!(before.iter().filter(|(_, state)| state == "booked").count(), 5);

    act("pause").await;
    school.move_to("2027-03-10T09:05:00Z").await;
    let paused = states(&sessions(&school, "noor").await);
    for (date, state) in &paused {
        let expected = if date.as_str() < "2027-03-31" { "booked" } else { "cancelled_early" };
        assert_eq!(state, expected, "{date}");
    }
    let free_again = wish(&school, &noor, "marc", "2027-04-06", "18:00").await;
    school.post("noor", "/v1/sessions", &free_again).await.refused(409, "month_paused");

    act("resume").await;
    school.move_to("2027-03-10T09:10:00Z").await;
    let back = states(&sessions(&school, "noor").await);
    assert_eq!(back[..before.len()], before);
    assert_eq!(back[before.len()..], [("2027-04-20".to_owned(), "booked".to_owned())]);

    act("pause").await;
    school.move_to("2027-05-12T09:00:00Z").await;
    act("resume").await;
    school.move_to("2027-05-12T09:05:00Z").await;
    let resumed = sessions(&school, "noor").await;
    let booked = resumed.iter().filter(|item| item["state"] == "booked");
    let booked = Vec::from_iter(booked.map(|item| item["date"].as_str().unwrap_or_default().to_owned()));
    assert_eq!(booked, ["2027-05-18", "2027-05-25", "2027-06-01", "2027-06-08", "2027-06-15", "2027-06-22"]);
}

#[tokio::test]
async fn a_session_moves_and_is_cancelled_early_or_late() {
    let school = School::at("2027-03-02T09:00:00Z").await;
    open_hours(&school, "marc", "Europe/Paris").await;
    let maya = studying(&school, "maya", "Europe/London", "marc").await;
    let booked =
        school.post("maya", "/v1/sessions", &wish(&school, &maya, "marc", "2027-03-09", "18:00").await).await;
    let booked = booked.expect(201);
    let path = format!("/v1/sessions/{}", booked.text("/id"));
    let later = json!({"date": "2027-03-09", "local_time": "18:15", "time_zone": "Europe/Paris"});
    let to = format!("{path}/move");
    school.post("maya", &to, &later).await.refused(428, "precondition_required");
    school
        .send("maya", "POST", &to, Some("\"7\""), None, Some(&later))
        .await
        .refused(412, "precondition_failed");
    school.post("tom", &to, &later).await.refused(404, "not_found");
    let moved = school.send("maya", "POST", &to, Some(&booked.etag()), None, Some(&later)).await.expect(200);
    assert_eq!(
        (moved.text("/starts_at").as_str(), &moved.body["sequence"]),
        ("2027-03-09T17:15:00Z", &json!(1))
    );
    assert_eq!(column(&sessions(&school, "marc").await, "starts_at"), ["2027-03-09T17:15:00Z"]);

    school.move_to("2027-03-08T17:15:01Z").await;
    let off = format!("{path}/cancel");
    let cancelled = school
        .send("maya", "POST", &off, Some(&moved.etag()), None, Some(&json!({"reason": "ill"})))
        .await
        .expect(200);
    assert_eq!(cancelled.text("/state"), "cancelled_late");
    school.post("maya", &off, &json!({"reason": "ill"})).await.refused(409, "wrong_state");
    // Its time is free again.
    let again = wish(&school, &maya, "marc", "2027-03-09", "18:15").await;
    school.post("maya", "/v1/sessions", &again).await.expect(201);
}

#[tokio::test]
async fn who_came_decides_and_a_dispute_that_both_share_decides_anew() {
    let school = School::at("2027-03-02T09:00:00Z").await;
    open_hours(&school, "marc", "Europe/Paris").await;
    let maya = studying(&school, "maya", "Europe/London", "marc").await;
    let booked =
        school.post("maya", "/v1/sessions", &wish(&school, &maya, "marc", "2027-03-09", "18:00").await).await;
    let path = format!("/v1/sessions/{}", booked.expect(201).text("/id"));
    school.move_to("2027-03-09T17:20:00Z").await;
    let stay = async |who: &str, whom: &str, joined_at: &str| {
        let body = json!({"person": school.person(whom).await, "joined_at": joined_at, "left_at": null});
        school.post(who, &format!("{path}/attendance"), &body).await
    };
    stay("maya", "marc", "2027-03-09T17:00:00Z").await.refused(403, "forbidden");
    stay("maya", "maya", "2027-03-09T17:30:00Z").await.refused(422, "invalid_field");
    stay("marc", "marc", "2027-03-09T17:00:00Z").await.expect(200);
    stay("maya", "maya", "2027-03-09T17:15:01Z").await.expect(200);
    school.move_to("2027-03-09T17:45:00Z").await;
    assert_eq!(school.get("maya", &path).await.expect(200).text("/state"), "student_no_show");

    let claim = json!({"claim": "completed"});
    let dispute = format!("{path}/dispute");
    let claimed = school.post("maya", &dispute, &claim).await.expect(200);
    assert_eq!(claimed.text("/state"), "student_no_show");
    let settled = school.post("marc", &dispute, &claim).await.expect(200);
    assert_eq!(settled.text("/state"), "completed");
    let report = json!({"reviewed": "the form", "tips": "", "goals": "the API", "blockers": ""});
    school.post("maya", &format!("{path}/report"), &report).await.refused(403, "forbidden");
    let reported = school.post("marc", &format!("{path}/report"), &report).await.expect(200);
    assert_eq!(reported.text("/report/goals"), "the API");
    school.post("marc", &format!("{path}/report"), &report).await.refused(409, "already_decided");
}

#[tokio::test]
async fn a_new_mentor_takes_over_and_the_former_series_ends() {
    let school = School::at("2027-03-02T09:00:00Z").await;
    open_hours(&school, "marc", "Europe/Paris").await;
    let maya = studying(&school, "maya", "Europe/London", "marc").await;
    tuesdays(&school, "maya", &maya, "marc", "2027-03-09").await.expect(201);
    assign(&school, &maya, "olu", "2027-03-20").await.expect(201);
    school.move_to("2027-03-02T09:05:00Z").await;
    let states = column(&sessions(&school, "maya").await, "state");
    assert_eq!(
        states,
        ["booked", "booked", "cancelled_early", "cancelled_early", "cancelled_early", "cancelled_early"]
    );
    assign(&school, &maya, "maya", "2027-03-20").await.refused(422, "invalid_field");
    assign(&school, &maya, "tom", "2027-03-20").await.refused(422, "invalid_field");
    school.move_to("2027-04-30T09:00:00Z").await;
    assert_eq!(sessions(&school, "maya").await.len(), 6);
}

#[tokio::test]
async fn only_those_who_meet_students_say_when_they_can() {
    let school = School::at("2027-03-02T09:00:00Z").await;
    let path = "/v1/people/me/availability";
    let unwritten = school.get("maya", path).await.expect(200);
    assert_eq!((unwritten.etag().as_str(), &unwritten.body["weekly"]), ("\"0\"", &json!([])));
    let body = json!({"time_zone": "Europe/Paris", "weekly": [], "exceptions": [], "seats": 0, "fields": [], "languages": []});
    school.put("maya", path, "\"0\"", &body).await.refused(403, "forbidden");
    let read = school.get("marc", path).await.expect(200).etag();
    let written = school.put("marc", path, &read, &body).await.expect(200).etag();
    school.put("marc", path, &read, &body).await.refused(412, "precondition_failed");
    let mut backwards = body.clone();
    backwards["weekly"] = json!([{"weekday": "tue", "from": "18:00", "to": "17:00"}]);
    school.put("marc", path, &written, &backwards).await.refused(422, "invalid_field");
}

#[tokio::test]
async fn declared_ties_are_kept() {
    let school = School::at("2027-03-02T09:00:00Z").await;
    let path = "/v1/people/me/conflicts";
    let body = json!({"people": [{"person": school.person("olu").await, "reason": "my uncle"}]});
    let unwritten = school.get("maya", path).await.expect(200);
    let written = school.put("maya", path, &unwritten.etag(), &body).await.expect(200);
    assert_eq!(written.body, body);
    assert_eq!(school.get("maya", path).await.expect(200).body, body);
    let myself = json!({"people": [{"person": school.person("maya").await, "reason": "me"}]});
    school.put("maya", path, &written.etag(), &myself).await.refused(422, "invalid_field");
}
