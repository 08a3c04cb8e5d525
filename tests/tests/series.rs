//! One mentor's time: series of two zones that meet in some weeks, sessions side by side, and many who want the
//! same hour.

use domain::availability::LocalTime;
use domain::id::{PersonId, SessionId};
use domain::session::{Booking, BookingFacts, ChosenTime, Session, SessionKind, SessionPolicy};
use futures::future::join_all;
use infra::crowd::{Crowd, EDITION};
use reqwest::Method;
use serde_json::{Value, json};
use storage::session::{BookRefusal, Calendar, Misfit, weeks_of};
use storage::transaction::read_again;
use storage::{Refused, Store};
use tests::{School, text};

const NOW: &str = "2027-03-02T09:00:00Z";

/// A student who studies with Ines.
async fn studying(school: &School, student: &str, zone: &str) -> String {
    let body = json!({"edition": "web-development-gb", "language": "en", "time_zone": zone,
        "start_on": "2027-03-02", "hours_per_week": 20});
    let id = text(&school.post(student, "/v1/enrollments", body).await.expect(201), "/id");
    let body = json!({"contract_version": 1, "payment_method": {"kind": "sandbox", "token": "ok"}});
    let accepted = school.post(student, &format!("/v1/enrollments/{id}/accept"), body).await.expect(200);
    assert_eq!(text(&accepted, "/mentor"), school.id("ines").await);
    id
}

async fn weekly(
    school: &School,
    student: &str,
    enrollment: &str,
    zone: &str,
    local_time: &str,
) -> tests::Answer {
    let body = json!({"enrollment": enrollment, "with": school.id("ines").await, "kind": "mentoring",
        "time_zone": zone, "weekday": "tue", "local_time": local_time, "minutes": 45, "first_on": "2027-03-09"});
    school.post(student, "/v1/commitments", body).await
}

#[tokio::test]
async fn series_that_meet_between_two_changes_of_clocks_are_refused_with_the_dates() {
    let school = School::open(NOW).await;
    let (maya, ana) = (
        studying(&school, "maya", "Europe/London").await,
        studying(&school, "ana", "America/New_York").await,
    );
    weekly(&school, "maya", &maya, "Europe/London", "18:00").await.expect(201);
    let refused = weekly(&school, "ana", &ana, "America/New_York", "14:00").await;
    assert_eq!(refused.body["code"], "slot_taken");
    let refused = refused.expect(409);
    assert_eq!(refused["dates"], json!(["2027-03-16", "2027-03-23", "2027-11-02", "2028-03-14"]));
    assert!(text(&refused, "/detail").contains("2027-03-16, 2027-03-23, 2027-11-02"));
    weekly(&school, "ana", &ana, "America/New_York", "15:00").await.expect(201);
    school.close().await;
}

/// Of the two, the mentor has other series to keep apart.
#[tokio::test]
async fn a_series_keeps_to_the_mentor_s_clocks_where_nobody_says_whose() {
    let school = School::open(NOW).await;
    let ana = studying(&school, "ana", "America/New_York").await;
    let home = text(&school.get("ines", "/v1/people/me/availability").await.expect(200), "/time_zone");
    let body = json!({"enrollment": ana, "with": school.id("ines").await, "kind": "mentoring",
        "weekday": "tue", "local_time": "15:00", "minutes": 45, "first_on": "2027-03-09"});
    let series = school.post("ana", "/v1/commitments", body).await.expect(201);
    assert_ne!(home, "America/New_York");
    assert_eq!(text(&series, "/time_zone"), home);
    assert_eq!(text(&series, "/sessions/0/local_time"), "15:00");
    school.close().await;
}

/// Whoever leaves has no series any more that another one could stand in the way of.
#[tokio::test]
async fn the_hour_of_whoever_left_is_free_for_somebody_else() {
    let school = School::open(NOW).await;
    let (maya, tom) =
        (studying(&school, "maya", "Europe/London").await, studying(&school, "tom", "Europe/London").await);
    weekly(&school, "maya", &maya, "Europe/London", "18:00").await.expect(201);
    let refused = weekly(&school, "tom", &tom, "Europe/London", "18:00").await;
    assert_eq!(refused.refused(409), "slot_taken");
    school.move_to("2027-03-08T12:00:00Z").await;
    let path = format!("/v1/enrollments/{maya}");
    let read = school.get("maya", &path).await.etag();
    let leave = school.by("maya", Method::POST, &format!("{path}/withdraw")).await;
    leave.header("if-match", &read).json(json!({})).send().await.expect(200);
    // She leaves at midnight; the first session would have been that day.
    school.move_to("2027-03-09T00:00:00Z").await;
    weekly(&school, "tom", &tom, "Europe/London", "18:00").await.expect(201);
    school.close().await;
}

#[tokio::test]
async fn sessions_may_touch_but_not_overlap() {
    let school = School::open(NOW).await;
    let (maya, tom) =
        (studying(&school, "maya", "Europe/London").await, studying(&school, "tom", "Europe/London").await);
    let at = async |student: &str, enrollment: &str, local_time: &str| {
        let body = json!({"enrollment": enrollment, "with": school.id("ines").await, "kind": "mentoring",
            "date": "2027-03-10", "local_time": local_time, "time_zone": "Europe/London", "minutes": 45});
        school.post(student, "/v1/sessions", body).await
    };
    at("maya", &maya, "10:00").await.expect(201);
    let refused = at("tom", &tom, "10:30").await;
    assert_eq!(refused.body["alternatives"].as_array().map(Vec::len), Some(3));
    assert_eq!(refused.refused(409), "slot_taken");
    at("tom", &tom, "10:45").await.expect(201);
    let sessions = school.get("tom", "/v1/sessions").await.expect(200);
    let times = sessions["items"].as_array().expect("items").iter().filter(|it| it["kind"] == "mentoring");
    assert_eq!(Vec::from_iter(times.map(|it| it["local_time"].clone())), [Value::from("10:45")]);
    school.close().await;
}

/// Books one hour with one mentor, as a handler does: read, decide, write, and read again where somebody wrote
/// in between.
async fn book(store: &Store, crowd: &Crowd, index: u32) -> Result<(), Refused<BookRefusal>> {
    let edition = store.edition(&EDITION.parse().expect("a slug"), 1).await?.expect("an edition");
    let enrollment =
        crowd.enrollment(index, &edition.offer(crowd.since).expect("an offer")).expect("a student");
    let mentor = PersonId::derived(&["a mentor"]);
    let time = ChosenTime {
        date: "2027-03-10".parse().expect("a date"),
        local_time: LocalTime::hour(10),
        time_zone: crowd.time_zone.clone(),
        offset: None,
    };
    let booking = Booking {
        id: SessionId::derived(&[&index.to_string()]),
        kind: SessionKind::Mentoring,
        enrollment: enrollment.id,
        student: enrollment.student,
        with: mentor,
        time,
        minutes: 45,
    };
    let now = NOW.parse().expect("an instant");
    let nothing = domain::availability::Availability::undeclared(mentor);
    let both = [enrollment.student, mentor];
    let session = BookingFacts::with(&enrollment, &nothing, &both, &SessionPolicy::OPENING, |facts| {
        Session::book(booking, facts, now).expect("both agreed to it")
    });
    let changed = |refused: &Refused<BookRefusal>| matches!(refused, Refused::By(BookRefusal::Changed));
    read_again(changed, || async {
        let progress = store.progress_for_job(enrollment.id).await?.expect("an enrollment");
        let diaries = store.diaries(&both, weeks_of([&session])).await?;
        let mut calendar = Calendar::new(progress.enrollment, progress.agenda, diaries);
        calendar.add(session.clone(), now).map_err(|misfit| Refused::By(misfit.into()))?;
        store.keep_calendar(&calendar).commit().await
    })
    .await
}

#[tokio::test]
async fn of_many_who_want_one_hour_exactly_one_gets_it() {
    let school = School::open(NOW).await;
    let crowd = Crowd {
        students: 250,
        since: "2027-03-01".parse().expect("a date"),
        time_zone: "Europe/London".parse().expect("a zone"),
        method: domain::enrollment::PaymentMethod::Manual,
    };
    crowd.enroll(&school.stack.store).await.expect("enrolled");
    let store = &school.stack.store;
    let mut won = 0;
    for wave in [0..50, 50..250] {
        let results = join_all(wave.map(|index| book(store, &crowd, index))).await;
        for result in results {
            match result {
                Ok(()) => won += 1,
                Err(Refused::By(BookRefusal::Misfit(Misfit::Taken(_)))) => {}
                Err(refused) => panic!("{refused:?}"),
            }
        }
        assert_eq!(won, 1);
    }
    school.close().await;
}
