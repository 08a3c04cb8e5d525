//! Sessions: weekly series, one slot for two, pauses, moves, attendance, and who meets whom.

use reqwest::Method;
use serde_json::{Value, json};
use tests::{Answer, School, text};

/// Opens a mentor's hours: every minute of every day.
async fn open_hours(school: &School, mentor: &str) {
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let weekly = Vec::from_iter(days.map(|day| json!({"weekday": day, "from": "00:00", "to": "24:00"})));
    let path = "/v1/people/me/availability";
    let read = school.get(mentor, path).await.etag();
    school.put(mentor, path, &read, json!({"time_zone": "Europe/Paris", "weekly": weekly})).await.expect(200);
}

/// Posts what needs the revision that was read.
async fn act(school: &School, who: &str, path: &str, etag: &str, body: Value) -> Answer {
    school.by(who, Method::POST, path).await.header("if-match", etag).json(body).send().await
}

/// An active enrollment with a mentor from its first day.
async fn studying(school: &School, student: &str, zone: &str, from: &str) -> String {
    let body = json!({"edition": "web-development-gb", "language": "en", "time_zone": zone,
        "start_on": from, "hours_per_week": 20});
    let enrolled = school.post(student, "/v1/enrollments", body).await.expect(201);
    let id = text(&enrolled, "/id");
    let body = json!({"contract_version": 1, "payment_method": {"kind": "sandbox", "token": "ok"}});
    let accepted = school.post(student, &format!("/v1/enrollments/{id}/accept"), body).await.expect(200);
    assert_eq!(text(&accepted, "/state"), "active");
    assign(school, &id, "marc", from).await.expect(201);
    id
}

/// A school in March 2027 where Maya studies with Marc.
async fn maya() -> (School, String) {
    let school = School::open("2027-03-02T09:00:00Z").await;
    let maya = studying(&school, "maya", "Europe/London", "2027-03-02").await;
    (school, maya)
}

async fn assign(school: &School, enrollment: &str, mentor: &str, from: &str) -> Answer {
    let body = json!({"enrollment": enrollment, "mentor": school.id(mentor).await, "from": from, "to": null});
    school.post("sam", "/v1/admin/assignments", body).await
}

/// A series of 45 minutes with Marc at 18:00 on Tuesdays of Paris.
async fn tuesdays(school: &School, student: &str, enrollment: &str, first_on: &str) -> Answer {
    let body = json!({"enrollment": enrollment, "with": school.id("marc").await, "kind": "mentoring",
        "time_zone": "Europe/Paris", "weekday": "tue", "local_time": "18:00", "minutes": 45, "first_on": first_on});
    school.post(student, "/v1/commitments", body).await
}

/// A session of 45 minutes, as a body.
async fn wish(school: &School, enrollment: &str, mentor: &str, date: &str, local_time: &str) -> Value {
    json!({"enrollment": enrollment, "with": school.id(mentor).await, "kind": "mentoring", "date": date,
        "local_time": local_time, "time_zone": "Europe/Paris", "minutes": 45})
}

/// A person's sessions, less those in which they get to know their mentors.
async fn sessions(school: &School, person: &str) -> Vec<Value> {
    sessions_of(&school.get(person, "/v1/sessions").await.expect(200))
}

fn sessions_of(list: &Value) -> Vec<Value> {
    let items = list["items"].as_array().expect("items").iter();
    items.filter(|item| item["kind"] == "mentoring").cloned().collect()
}

/// Moves the clock; no job may be given up on the way.
async fn move_to(school: &School, now: &str) {
    school.move_to(now).await;
    let dead = school.stack.store.queue_report().await.expect("a report").dead;
    assert!(dead.is_empty(), "{dead:?}");
}

fn column(items: &[Value], name: &str) -> Vec<String> {
    items.iter().map(|item| item[name].as_str().unwrap_or_default().to_owned()).collect()
}

/// S4: a mentor in Paris, a student in New York, and two clock changes three weeks apart.
#[tokio::test]
async fn a_weekly_series_keeps_its_wall_time_through_clock_changes() {
    let school = School::open("2027-03-02T09:00:00Z").await;
    let ana = studying(&school, "ana", "America/New_York", "2027-03-02").await;
    let series = tuesdays(&school, "ana", &ana, "2027-03-09").await.expect(201);
    let made = series["sessions"].as_array().expect("sessions").clone();
    assert_eq!(
        column(&made, "starts_at")[..4],
        ["2027-03-09T17:00:00Z", "2027-03-16T17:00:00Z", "2027-03-23T17:00:00Z", "2027-03-30T16:00:00Z"]
    );
    assert_eq!(made.len(), 6);
    let told = series["wall_changes"].as_array().expect("changes").clone();
    assert_eq!(column(&told, "date"), ["2027-03-16", "2027-03-30"]);
    assert_eq!((text(&told[0], "/before"), text(&told[0], "/after")), ("12:00".into(), "13:00".into()));
    // Six weeks are there until the next look, two weeks from now.
    move_to(&school, "2027-03-02T09:01:00Z").await;
    for person in ["ana", "marc"] {
        let kept = column(&sessions(&school, person).await, "id");
        assert_eq!((&kept[..6], kept.len()), (&column(&made, "id")[..], 8));
    }

    // Then the next ones are there, once, however often sessions are arranged.
    move_to(&school, "2027-03-16T09:01:00Z").await;
    let extended = sessions(&school, "ana").await;
    assert_eq!(extended.len(), 10);
    assert_eq!(text(&extended[9], "/starts_at"), "2027-05-11T16:00:00Z");
    assign(&school, &ana, "marc", "2027-03-02").await.expect(201);
    move_to(&school, "2027-03-16T09:02:00Z").await;
    assert_eq!(sessions(&school, "ana").await, extended);
    school.close().await;
}

/// S4: single bookings in a gap and in an overlap.
#[tokio::test]
async fn a_wall_time_that_does_not_exist_or_exists_twice_is_refused() {
    let (school, maya) = maya().await;
    open_hours(&school, "marc").await;
    let skipped = wish(&school, &maya, "marc", "2027-03-28", "02:30").await;
    let refused = school.post("maya", "/v1/sessions", skipped).await.expect(422);
    assert_eq!(text(&refused, "/code"), "invalid_time");
    let nearest = ["01:59", "03:00"].map(|time| json!({"date": "2027-03-28", "local_time": time}));
    assert_eq!(refused["nearest"], json!(nearest));

    let mut twice = wish(&school, &maya, "marc", "2027-10-31", "02:30").await;
    let refused = school.post("maya", "/v1/sessions", twice.clone()).await.expect(422);
    assert_eq!(
        (text(&refused, "/code"), &refused["offsets"]),
        ("invalid_time".into(), &json!(["+02:00", "+01:00"]))
    );
    twice["offset"] = json!("+01:00");
    let booked = school.post("maya", "/v1/sessions", twice).await.expect(201);
    assert_eq!(text(&booked, "/starts_at"), "2027-10-31T01:30:00Z");
    school.close().await;
}

/// S7 c.
#[tokio::test]
async fn of_two_students_who_take_one_slot_one_wins() {
    let (school, maya) = maya().await;
    let tom = studying(&school, "tom", "Europe/London", "2027-03-02").await;
    let hers = wish(&school, &maya, "marc", "2027-03-09", "18:00").await;
    let his = wish(&school, &tom, "marc", "2027-03-09", "18:30").await;
    let (hers, his) =
        tokio::join!(school.post("maya", "/v1/sessions", hers), school.post("tom", "/v1/sessions", his));
    let (loser, enrollment, won, lost) =
        if hers.status == 201 { ("tom", tom, hers, his) } else { ("maya", maya, his, hers) };
    won.expect(201);
    let lost = lost.expect(409);
    assert_eq!(text(&lost, "/code"), "slot_taken");
    let offers = lost["alternatives"].as_array().expect("alternatives");
    assert_eq!(offers.len(), 3);

    let mut again = wish(&school, &enrollment, "marc", "2027-03-09", "18:00").await;
    for name in ["date", "local_time", "time_zone", "offset"] {
        again[name] = offers[0][name].clone();
    }
    school.post(loser, "/v1/sessions", again).await.expect(201);
    school.close().await;
}

/// S7 c.
#[tokio::test]
async fn of_two_mentors_at_one_time_a_student_gets_one() {
    let (school, maya) = maya().await;
    let one = wish(&school, &maya, "marc", "2027-03-09", "18:00").await;
    let other = wish(&school, &maya, "olu", "2027-03-09", "18:15").await;
    let (one, other) =
        tokio::join!(school.post("maya", "/v1/sessions", one), school.post("maya", "/v1/sessions", other));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
    assert_eq!(sessions(&school, "maya").await.len(), 1);
    school.close().await;
}

#[tokio::test]
async fn many_who_book_different_times_of_one_week_all_get_theirs() {
    let (school, maya) = maya().await;
    let book = async |hour: u32| {
        let wish = wish(&school, &maya, "marc", "2027-03-09", &format!("{hour:02}:00")).await;
        school.post("maya", "/v1/sessions", wish).await.expect(201);
    };
    tokio::join!(book(8), book(9), book(10), book(11), book(12), book(13), book(14), book(15));
    assert_eq!(sessions(&school, "marc").await.len(), 8);
    school.close().await;
}

#[tokio::test]
async fn a_repeated_booking_is_one_session() {
    let (school, maya) = maya().await;
    let wish = wish(&school, &maya, "marc", "2027-03-09", "18:00").await;
    let book = async || {
        let ask =
            school.by("maya", Method::POST, "/v1/sessions").await.header("idempotency-key", "one intent");
        ask.json(wish.clone()).send().await.expect(201)
    };
    let (first, second) = tokio::join!(book(), book());
    assert_eq!(first, second);
    assert_eq!(sessions(&school, "maya").await.len(), 1);
    school.close().await;
}

/// S3: sessions from the first day of a pause are cancelled free of charge.
#[tokio::test]
async fn a_pause_cancels_sessions_and_taking_it_back_books_them_again() {
    let school = School::open("2027-01-31T09:00:00Z").await;
    let noor = studying(&school, "noor", "Europe/London", "2027-01-31").await;
    tuesdays(&school, "noor", &noor, "2027-02-02").await.expect(201);
    move_to(&school, "2027-03-10T09:00:00Z").await;
    let ahead = async || {
        let all = sessions(&school, "noor").await;
        let ahead = all.iter().filter(|item| text(item, "/date").as_str() > "2027-03-10");
        Vec::from_iter(ahead.map(|item| (text(item, "/date"), text(item, "/state"))))
    };
    let act = async |what: &str| {
        let path = format!("/v1/enrollments/{noor}");
        let read = school.get("noor", &path).await.etag();
        act(&school, "noor", &format!("{path}/{what}"), &read, json!({})).await.expect(200);
    };
    let booked =
        |dates: &[&str]| Vec::from_iter(dates.iter().map(|date| ((*date).to_owned(), "booked".to_owned())));
    let before =
        booked(&["2027-03-16", "2027-03-23", "2027-03-30", "2027-04-06", "2027-04-13", "2027-04-20"]);
    assert_eq!(ahead().await, before);

    act("pause").await;
    move_to(&school, "2027-03-10T09:05:00Z").await;
    for (date, state) in ahead().await {
        let expected = if date.as_str() < "2027-03-31" { "booked" } else { "cancelled_early" };
        assert_eq!(state, expected, "{date}");
    }
    let in_pause = wish(&school, &noor, "marc", "2027-04-06", "18:00").await;
    assert_eq!(school.post("noor", "/v1/sessions", in_pause).await.refused(409), "month_paused");

    act("resume").await;
    move_to(&school, "2027-03-10T09:10:00Z").await;
    assert_eq!(ahead().await, before);

    act("pause").await;
    move_to(&school, "2027-05-12T09:00:00Z").await;
    act("resume").await;
    move_to(&school, "2027-05-12T09:05:00Z").await;
    let again = ahead().await.into_iter().filter(|(date, _)| date.as_str() > "2027-05-01");
    let expected =
        ["2027-05-18", "2027-05-25", "2027-06-01", "2027-06-08", "2027-06-15", "2027-06-22", "2027-06-29"];
    assert_eq!(Vec::from_iter(again), booked(&expected));
    school.close().await;
}

#[tokio::test]
async fn a_session_moves_and_is_cancelled_late() {
    let (school, maya) = maya().await;
    let wished = wish(&school, &maya, "marc", "2027-03-09", "18:00").await;
    let booked = school.post("maya", "/v1/sessions", wished).await;
    let read = booked.etag();
    let path = format!("/v1/sessions/{}", text(&booked.expect(201), "/id"));
    let (to, off) = (format!("{path}/move"), format!("{path}/cancel"));
    let later = json!({"date": "2027-03-09", "local_time": "18:15", "time_zone": "Europe/Paris"});
    assert_eq!(school.post("maya", &to, later.clone()).await.refused(428), "precondition_required");
    assert_eq!(act(&school, "maya", &to, "\"7\"", later.clone()).await.refused(412), "precondition_failed");
    assert_eq!(act(&school, "tom", &to, &read, later.clone()).await.refused(404), "not_found");
    let moved = act(&school, "maya", &to, &read, later).await;
    let read = moved.etag();
    let moved = moved.expect(200);
    assert_eq!((text(&moved, "/starts_at"), &moved["sequence"]), ("2027-03-09T17:15:00Z".into(), &json!(1)));
    assert_eq!(column(&sessions(&school, "marc").await, "starts_at"), ["2027-03-09T17:15:00Z"]);

    move_to(&school, "2027-03-08T17:15:01Z").await;
    let cancelled = act(&school, "maya", &off, &read, json!({"reason": "ill"})).await.expect(200);
    assert_eq!(text(&cancelled, "/state"), "cancelled_late");
    assert_eq!(act(&school, "maya", &off, &read, json!({"reason": "ill"})).await.refused(409), "wrong_state");
    // Its time is free again.
    let again = wish(&school, &maya, "marc", "2027-03-09", "18:15").await;
    school.post("maya", "/v1/sessions", again).await.expect(201);
    school.close().await;
}

/// S8: a second too late is a no-show, until both say otherwise.
#[tokio::test]
async fn who_came_decides_and_a_dispute_that_both_share_decides_anew() {
    let (school, maya) = maya().await;
    let mut wished = wish(&school, &maya, "marc", "2027-03-09", "18:00").await;
    wished["with"] = json!(school.id("maya").await); // Marc books, and names whom he meets
    let booked = school.post("marc", "/v1/sessions", wished).await.expect(201);
    assert_eq!(text(&booked, "/with"), school.id("marc").await);
    let path = format!("/v1/sessions/{}", text(&booked, "/id"));
    move_to(&school, "2027-03-09T17:20:00Z").await;
    let stay = async |who: &str, whom: &str, joined_at: &str| {
        let body = json!({"person": school.id(whom).await, "joined_at": joined_at, "left_at": null});
        school.post(who, &format!("{path}/attendance"), body).await
    };
    assert_eq!(stay("maya", "marc", "2027-03-09T17:00:00Z").await.refused(403), "forbidden");
    assert_eq!(stay("maya", "maya", "2027-03-09T17:30:00Z").await.refused(422), "invalid_field");
    stay("marc", "marc", "2027-03-09T17:00:00Z").await.expect(200);
    stay("maya", "maya", "2027-03-09T17:15:01Z").await.expect(200);
    move_to(&school, "2027-03-09T17:45:00Z").await;
    assert_eq!(text(&school.get("maya", &path).await.expect(200), "/state"), "student_no_show");

    let dispute = async |who: &str| {
        school.post(who, &format!("{path}/dispute"), json!({"claim": "completed"})).await.expect(200)
    };
    assert_eq!(text(&dispute("maya").await, "/state"), "student_no_show");
    assert_eq!(text(&dispute("marc").await, "/state"), "completed");
    let report = async |who: &str| {
        let body = json!({"reviewed": "the form", "tips": "", "goals": "the API", "blockers": ""});
        school.post(who, &format!("{path}/report"), body).await
    };
    assert_eq!(report("maya").await.refused(403), "forbidden");
    assert_eq!(text(&report("marc").await.expect(200), "/report/goals"), "the API");
    assert_eq!(report("marc").await.refused(409), "already_decided");
    school.close().await;
}

#[tokio::test]
async fn a_new_mentor_takes_over_and_the_former_series_ends() {
    let (school, maya) = maya().await;
    tuesdays(&school, "maya", &maya, "2027-03-09").await.expect(201);
    // The series' first look comes before its end.
    move_to(&school, "2027-03-02T09:01:00Z").await;
    assign(&school, &maya, "olu", "2027-03-20").await.expect(201);
    move_to(&school, "2027-03-02T09:05:00Z").await;
    let states = column(&sessions(&school, "maya").await, "state");
    assert_eq!(states, [["booked"; 2].as_slice(), &["cancelled_early"; 6]].concat());
    for nobody in ["maya", "tom"] {
        assert_eq!(assign(&school, &maya, nobody, "2027-03-20").await.refused(422), "invalid_field");
    }
    move_to(&school, "2027-04-30T09:00:00Z").await;
    assert_eq!(sessions(&school, "maya").await.len(), 8);
    school.close().await;
}

#[tokio::test]
async fn a_cover_s_series_ends_with_the_cover() {
    let (school, maya) = maya().await;
    let body = json!({"enrollment": maya, "mentor": school.id("olu").await,
        "from": "2027-03-09", "to": "2027-03-24"});
    school.post("sam", "/v1/admin/assignments", body).await.expect(201);
    let body = json!({"enrollment": maya, "with": school.id("olu").await, "kind": "mentoring",
        "time_zone": "Europe/Paris", "weekday": "tue", "local_time": "18:00", "minutes": 45, "first_on": "2027-03-09"});
    let series = school.post("maya", "/v1/commitments", body).await.expect(201);
    assert_eq!(text(&series, "/ends_on"), "2027-03-23");
    assert_eq!(series["sessions"].as_array().map(Vec::len), Some(3));
    school.close().await;
}

#[tokio::test]
async fn a_list_of_sessions_is_a_span_of_time() {
    let (school, maya) = maya().await;
    tuesdays(&school, "maya", &maya, "2027-03-09").await.expect(201);
    let list = async |query: &str| school.get("maya", &format!("/v1/sessions?{query}")).await;
    let dates = async |query: &str| column(&sessions_of(&list(query).await.expect(200)), "date");
    assert_eq!(dates("from=2027-03-16&to=2027-03-23").await, ["2027-03-16", "2027-03-23"]);
    assert_eq!(dates("from=2027-03-16T17:00:00Z&to=2027-03-23T17:00:00Z").await, ["2027-03-16"]);
    assert_eq!(dates("to=2027-03-09").await, ["2027-03-09"]);
    for odd in ["from=2027-03-23&to=2027-03-16", "from=soon"] {
        assert_eq!(list(odd).await.refused(400), "invalid_parameter", "{odd}");
    }
    assert_eq!(list("cursor=YXVkaXQj").await.refused(400), "invalid_cursor");
    school.close().await;
}

#[tokio::test]
async fn declared_ties_are_kept() {
    let (school, _) = maya().await;
    let path = "/v1/people/me/conflicts";
    let tie = async |to: &str| json!({"people": [{"person": school.id(to).await, "reason": "my uncle"}]});
    let unwritten = school.get("maya", path).await.etag();
    let written = school.put("maya", path, &unwritten, tie("olu").await).await;
    assert_eq!(written.clone().expect(200), tie("olu").await);
    assert_eq!(school.get("maya", path).await.expect(200), tie("olu").await);
    let refused = school.put("maya", path, &written.etag(), tie("maya").await).await.expect(422);
    assert_eq!(text(&refused, "/errors/0/pointer"), "/people/0/person");
    school.close().await;
}
