//! Jurors found and booked: whom the system proposes and why not the others, races for one time, and caps.

use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use tests::work::{accept_work, assign_mentor, hand_in};
use tests::{Answer, School, begin, text};

const ENROLLED: &str = "2027-02-07T10:00:00Z";
const HOURS: &str = "/v1/people/me/availability";
/// The first quarter hour at which a London student who has said nothing can be met on the first wished date.
const FIRST: &str = "2027-02-21T08:00:00Z";

/// A school where each of these students asked, by Marc, for a defense from 21 February on, and their defenses.
async fn asked(students: &[&str]) -> (School, Vec<String>) {
    let school = School::open(ENROLLED).await;
    // Olu judges and mentors nobody: no student is given to him.
    rewrite(&school, "olu", HOURS, |body| body["seats"] = json!(0)).await;
    let mut defenses = Vec::new();
    for student in students {
        let enrollment = begin(&school, student, "2027-02-07").await;
        assign_mentor(&school, &enrollment, "marc").await;
        let progress = school.get(student, &format!("/v1/enrollments/{enrollment}")).await.expect(200);
        let project = text(&progress, "/attempts/0/project");
        let submission = hand_in(&school, student, &enrollment, &project).await;
        accept_work(&school, "marc", &submission).await;
        let wish = json!({ "wished_from": "2027-02-21", "wished_to": "2027-02-28" });
        let path = format!("/v1/submissions/{submission}/defense");
        defenses.push(text(&school.post("marc", &path, wish).await.expect(201), "/id"));
    }
    (school, defenses)
}

async fn make_juror(school: &School, name: &str) {
    let grant = json!({ "person": school.id(name).await, "role": "juror" });
    school.post("sam", "/v1/admin/grants", grant).await.expect(201);
}

/// Changes something that a person wrote about themselves.
async fn rewrite(school: &School, name: &str, path: &str, change: impl Fn(&mut Value)) {
    let read = school.get(name, path).await;
    let (etag, mut body) = (read.etag(), read.expect(200));
    change(&mut body);
    let put = school.by(name, Method::PUT, path).await.header("if-match", &etag).json(body);
    put.send().await.expect(200);
}

/// Lets the system find and book.
async fn book(school: &School, defense: &str) -> Answer {
    school.post("sam", &format!("/v1/defenses/{defense}/juror"), json!({})).await
}

async fn assign(school: &School, defense: &str, juror: &str) {
    let body = json!({ "juror": school.id(juror).await });
    school.post("sam", &format!("/v1/defenses/{defense}/juror"), body).await.expect(200);
}

async fn schedule(school: &School, who: &str, defense: &str, body: Value) -> Answer {
    school.post(who, &format!("/v1/defenses/{defense}/schedule"), body).await
}

fn at(starts_at: &str) -> Value {
    json!({ "starts_at": starts_at, "minutes": 45 })
}

fn list(body: &Value, name: &str) -> Vec<Value> {
    body[name].as_array().expect("a list").clone()
}

#[tokio::test]
async fn whoever_could_judge_is_ranked_and_the_others_have_reasons() {
    let (school, defenses) = asked(&["maya"]).await;
    let path = format!("/v1/defenses/{}/jurors", defenses[0]);
    for name in ["clara", "tom", "aki", "noor"] {
        make_juror(&school, name).await;
    }
    let maya = school.id("maya").await;
    rewrite(&school, "clara", "/v1/people/me/conflicts", |body| {
        body["people"] = json!([{ "person": maya, "reason": "my cousin" }]);
    })
    .await;
    rewrite(&school, "tom", HOURS, |body| {
        body["languages"] = json!([{ "language": "en", "level": "b1" }]);
        body["weekly"] = json!([{ "weekday": "mon", "from": "10:00", "to": "20:00" }]);
    })
    .await;
    rewrite(&school, "noor", HOURS, |body| {
        body["languages"] = json!(["en"]);
        body["weekly"] = json!([{ "weekday": "mon", "from": "03:00", "to": "04:00" }]);
    })
    .await;

    for name in ["maya", "marc", "olu"] {
        assert_eq!(school.get(name, &path).await.refused(404), "not_found", "{name}");
    }
    let jurors = school.get("sam", &path).await.expect(200);
    let proposals = list(&jurors, "proposals");
    assert_eq!(proposals.len(), 1, "{jurors}");
    assert_eq!(text(&proposals[0], "/juror"), school.id("olu").await);
    assert_eq!(text(&proposals[0], "/starts_at"), FIRST);
    assert_eq!((text(&proposals[0], "/local_time"), &proposals[0]["that_day"]), ("08:00".into(), &json!(0)));
    let excluded = list(&jurors, "excluded");
    let reason = async |name: &str| {
        let id = school.id(name).await;
        let found = excluded.iter().find(|entry| entry["juror"] == id.as_str()).expect(name);
        (text(found, "/reason"), found["conflicts"].clone())
    };
    assert_eq!(reason("marc").await, ("in_conflict".into(), json!(["mentor"])));
    assert_eq!(reason("clara").await, ("in_conflict".into(), json!(["declared"])));
    assert_eq!(reason("tom").await, ("language".into(), Value::Null));
    assert_eq!(reason("aki").await, ("no_hours".into(), Value::Null));
    assert_eq!(reason("noor").await, ("no_overlap".into(), Value::Null));
    assert_eq!(excluded.len(), 5);
    for minutes in ["5", "181", "x"] {
        let refused = school.get("sam", &format!("{path}?minutes={minutes}")).await;
        assert!(refused.status.is_client_error(), "{minutes}");
    }

    // The best of them is booked; then nobody else is left.
    let booked = book(&school, &defenses[0]).await.expect(200);
    assert_eq!((text(&booked, "/state"), text(&booked, "/starts_at")), ("scheduled".into(), FIRST.into()));
    assert_eq!(text(&booked, "/juror"), school.id("olu").await);
    let own = school.get("olu", "/v1/defenses?state=scheduled").await.expect(200);
    assert_eq!(text(&own, "/items/0/id"), defenses[0]);
    school.close().await;
}

#[tokio::test]
async fn where_nobody_could_come_staff_is_told_why() {
    let (school, defenses) = asked(&["maya"]).await;
    rewrite(&school, "olu", HOURS, |body| body["weekly"] = json!([])).await;
    let refused = book(&school, &defenses[0]).await;
    let excluded = list(&refused.body, "excluded");
    assert_eq!(excluded.len(), 2);
    assert!(excluded.iter().any(|entry| entry["reason"] == "no_hours"), "{excluded:?}");
    assert_eq!(refused.refused(409), "capacity_full");
    let odd = json!({ "juror": school.id("olu").await, "minutes": 45 });
    let path = format!("/v1/defenses/{}/juror", defenses[0]);
    assert_eq!(school.post("sam", &path, odd).await.refused(422), "invalid_field");
    assert_eq!(school.post("sam", &path, json!({ "minutes": 500 })).await.refused(422), "invalid_field");
    assert_eq!(school.post("marc", &path, json!({})).await.refused(404), "not_found");
    school.close().await;
}

/// S7 c: one time of a juror, two students. The loser keeps the time with another juror, whom nobody chose.
#[tokio::test]
async fn the_loser_of_a_jurors_time_gets_three_alternatives_over_all_jurors() {
    let (school, defenses) = asked(&["maya", "tom"]).await;
    make_juror(&school, "clara").await;
    for defense in &defenses {
        assign(&school, defense, "olu").await;
    }
    let time = "2027-02-22T10:00:00Z";
    let (one, two) = tokio::join!(
        schedule(&school, "maya", &defenses[0], at(time)),
        schedule(&school, "tom", &defenses[1], at(time))
    );
    let (won, lost, loser, defense) = match one.status.as_u16() {
        200 => (one, two, "tom", &defenses[1]),
        _ => (two, one, "maya", &defenses[0]),
    };
    won.expect(200);
    let offers = list(&lost.body, "alternatives");
    assert_eq!(lost.refused(409), "slot_taken");
    let (clara, olu) = (school.id("clara").await, school.id("olu").await);
    let shown = Vec::from_iter(offers.iter().map(|offer| (text(offer, "/starts_at"), text(offer, "/juror"))));
    let expected = [("10:00", &clara), ("10:45", &olu), ("11:30", &olu)];
    assert_eq!(shown, expected.map(|(time, juror)| (format!("2027-02-22T{time}:00Z"), juror.clone())));

    // The one who is assigned goes on where they can; a juror whom the system does not give is not to be had.
    let with = |juror: &str| json!({ "starts_at": "2027-02-22T10:45:00Z", "minutes": 45, "juror": juror });
    assert_eq!(schedule(&school, loser, defense, with(&clara)).await.refused(409), "slot_taken");
    assert_eq!(
        schedule(&school, loser, defense, with(&school.id("marc").await)).await.refused(409),
        "slot_taken"
    );
    let mut taken = at(time);
    taken["juror"] = json!(clara);
    let booked = schedule(&school, loser, defense, taken).await.expect(200);
    assert_eq!((text(&booked, "/state"), text(&booked, "/juror")), ("scheduled".into(), clara));
    school.close().await;
}

#[tokio::test]
async fn many_that_want_one_juror_are_booked_one_behind_the_other_up_to_the_caps() {
    let students = ["maya", "tom", "noor", "ana"];
    let (school, defenses) = asked(&students).await;
    let booked = join_all(defenses.iter().map(|defense| book(&school, defense))).await;
    let mut times = Vec::from_iter(booked.into_iter().map(|answer| text(&answer.expect(200), "/starts_at")));
    times.sort();
    // Ana is awake later, in New York: hers may be in between or behind.
    assert_eq!(times.iter().filter(|time| time.starts_with("2027-02-21")).count(), 3, "{times:?}");
    assert_eq!(times.iter().filter(|time| time.starts_with("2027-02-22")).count(), 1, "{times:?}");
    times.dedup();
    assert_eq!(times.len(), 4);

    // The fourth cannot be moved to the full day.
    let shown = async |index: usize| {
        school.get("sam", &format!("/v1/defenses/{}", defenses[index])).await.expect(200)
    };
    let mut fourth = None;
    for index in 0..4 {
        if text(&shown(index).await, "/starts_at").starts_with("2027-02-22") {
            fourth = Some(index);
        }
    }
    let fourth = &defenses[fourth.expect("one on the next day")];
    let refused = schedule(&school, "sam", fourth, at("2027-02-21T18:00:00Z")).await;
    let offers = list(&refused.body, "alternatives");
    assert_eq!(refused.refused(409), "capacity_full");
    assert_eq!(offers.len(), 3);
    assert!(offers.iter().all(|offer| !text(offer, "/starts_at").starts_with("2027-02-21")), "{offers:?}");
    school.close().await;
}

/// Different times of one day, all at the same moment: no bit is set twice, and yet one is too many.
#[tokio::test]
async fn caps_hold_under_races() {
    let students = ["maya", "tom", "noor", "ana"];
    let (school, defenses) = asked(&students).await;
    for defense in &defenses {
        assign(&school, defense, "olu").await;
    }
    let tries = students.iter().zip(&defenses).enumerate().map(|(index, (student, defense))| {
        let time = at(&format!("2027-02-23T{:02}:00:00Z", 14 + index));
        schedule(&school, student, defense, time)
    });
    let answers = join_all(tries).await;
    let mut statuses = Vec::from_iter(answers.iter().map(|answer| answer.status.as_u16()));
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 200, 409]);
    let lost = answers.into_iter().find(|answer| answer.status == 409).expect("one");
    assert_eq!(list(&lost.body, "alternatives").len(), 3);
    assert_eq!(lost.refused(409), "capacity_full");

    // Another juror for one of them makes room again.
    let won = school.get("sam", "/v1/defenses?state=scheduled").await.expect(200);
    make_juror(&school, "clara").await;
    assign(&school, &text(&won, "/items/0/id"), "clara").await;
    let waiting = school.get("sam", "/v1/defenses?state=juror_assigned").await.expect(200);
    let olu = school.id("olu").await;
    let loser = list(&waiting, "items").into_iter().find(|item| item["juror"] == olu.as_str()).expect("one");
    schedule(&school, "sam", &text(&loser, "/id"), at("2027-02-23T19:00:00Z")).await.expect(200);
    school.close().await;
}

/// What one plans for several at once can be booked as it stands.
#[tokio::test]
async fn juries_for_several_defenses_are_planned_at_once_and_nothing_is_kept() {
    let students = ["maya", "tom", "noor", "ana"];
    let (school, defenses) = asked(&students).await;
    let plan = async |who: &str, defenses: &[&String]| {
        let body = json!({ "defenses": defenses, "minutes": 45 });
        school.post(who, "/v1/admin/jury-plans", body).await
    };
    let planned = plan("sam", &Vec::from_iter(&defenses)).await.expect(200);
    let proposals = list(&planned, "proposals");
    assert_eq!((proposals.len(), &planned["unplaced"]), (4, &json!([])));
    let one = plan("sam", &[&defenses[1]]).await.expect(200);
    assert_eq!((text(&one, "/proposals/0/starts_at"), &one["is_best"]), (FIRST.into(), &json!(true)));
    let ids = Vec::from_iter(proposals.iter().map(|proposal| text(proposal, "/defense")));
    assert_eq!(ids, defenses);
    // Olu judges three on the first day, one behind the other, and one on the next.
    let mut times = Vec::from_iter(proposals.iter().map(|proposal| text(proposal, "/starts_at")));
    times.sort();
    assert_eq!(times[0], FIRST);
    assert!(times[2].starts_with("2027-02-21") && times[3].starts_with("2027-02-22"), "{times:?}");
    let waiting = school.get("sam", "/v1/defenses?state=requested").await.expect(200);
    assert_eq!(list(&waiting, "items").len(), 4, "nothing is kept");
    for proposal in &proposals {
        let defense = text(proposal, "/defense");
        assign(&school, &defense, "olu").await;
        schedule(&school, "sam", &defense, at(&text(proposal, "/starts_at"))).await.expect(200);
    }

    let check = async |defenses: &[&String], pointer: &str| {
        let refused = plan("sam", defenses).await;
        assert_eq!(refused.body["errors"][0]["pointer"], pointer, "{}", refused.body);
        assert_eq!(refused.refused(422), "invalid_field");
    };
    check(&[], "/defenses").await;
    check(&[&defenses[0]; 9], "/defenses").await;
    check(&[&defenses[0]], "/defenses/0").await;
    assert_eq!(plan("maya", &[&defenses[0]]).await.refused(404), "not_found");
    assert_eq!(plan("olu", &[&defenses[0]]).await.refused(404), "not_found");
    school.close().await;
}

#[tokio::test]
async fn a_plan_of_juries_is_for_different_students() {
    let (school, defenses) = asked(&["maya"]).await;
    let body = json!({ "defenses": [defenses[0], defenses[0]] });
    let refused = school.post("sam", "/v1/admin/jury-plans", body).await;
    assert_eq!(refused.body["errors"][0]["pointer"], "/defenses/1", "{}", refused.body);
    assert_eq!(refused.refused(422), "invalid_field");
    school.close().await;
}
