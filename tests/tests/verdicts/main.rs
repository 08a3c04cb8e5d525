//! What may become of a verdict: conditions, a plan after two fails, an appeal, annulment, another juror.

mod jurors; // who may no longer judge, and who does instead

use reqwest::Method;
use serde_json::{Value, json};
use tests::work::{
    accept_work, act_on, assign_mentor, hand_in, hold_defense, judge_defense, prepare_defense,
    record_defense, request_defense, send_file, verdicts_on,
};
use tests::{Answer, School, begin, text};

const ENROLLED: &str = "2027-02-07T10:00:00Z";
const HOURS: &str = "/v1/people/me/availability";

/// Maya, mentored by Ines, and her first project.
struct Trying {
    school: School,
    enrollment: String,
    project: String,
}

impl Trying {
    async fn maya() -> Self {
        let school = School::open(ENROLLED).await;
        let enrollment = begin(&school, "maya", "2027-02-07").await;
        assign_mentor(&school, &enrollment, "ines").await;
        let progress = school.get("maya", &format!("/v1/enrollments/{enrollment}")).await.expect(200);
        let project = text(&progress, "/attempts/0/project");
        Self { school, enrollment, project }
    }

    /// Another version, accepted, and its defense asked for.
    async fn ask(&self, on: &str) -> String {
        let submission = hand_in(&self.school, "maya", &self.enrollment, &self.project).await;
        accept_work(&self.school, "ines", &submission).await;
        text(&request_defense(&self.school, "ines", &submission, on).await.expect(201), "/id")
    }

    /// A defense before a juror, recorded and judged.
    async fn defend(&self, juror: &str, held_at: &str, word: impl Fn(usize) -> &'static str) -> String {
        let defense = self.ask(&held_at[..10]).await;
        prepare_defense(&self.school, "maya", juror, &defense, held_at).await;
        hold_defense(&self.school, juror, &defense, 1).await;
        record_defense(&self.school, juror, &defense).await;
        judge_defense(&self.school, juror, &defense, word).await.expect(201);
        defense
    }

    /// The first skill is not shown, the others are.
    async fn fail(&self, juror: &str, held_at: &str) -> String {
        let first_missing = |index| if index == 0 { "not_yet" } else { "acquired" };
        let defense = self.defend(juror, held_at, first_missing).await;
        assert_eq!(self.state(&defense).await, "failed");
        defense
    }

    async fn act(&self, who: &str, defense: &str, act: &str, body: Value) -> Answer {
        act_on(&self.school, who, defense, act, body).await
    }

    async fn read(&self, who: &str, defense: &str) -> Value {
        self.school.get(who, &format!("/v1/defenses/{defense}")).await.expect(200)
    }

    async fn state(&self, defense: &str) -> String {
        text(&self.read("maya", defense).await, "/state")
    }

    /// The states of the first two projects.
    async fn projects(&self) -> [String; 2] {
        let path = format!("/v1/enrollments/{}", self.enrollment);
        let progress = self.school.get("maya", &path).await.expect(200);
        [0, 1].map(|index| text(&progress, &format!("/attempts/{index}/state")))
    }

    /// Makes somebody a juror who speaks English and could come on weekdays.
    async fn make_juror(&self, name: &str) {
        let grant = json!({ "person": self.school.id(name).await, "role": "juror" });
        self.school.post("sam", "/v1/admin/grants", grant).await.expect(201);
        let read = self.school.get(name, HOURS).await;
        let (etag, mut body) = (read.etag(), read.expect(200));
        body["languages"] = json!(["en"]);
        body["weekly"] = json!([{ "weekday": "mon", "from": "08:00", "to": "20:00" }]);
        self.school.put(name, HOURS, &etag, body).await.expect(200);
    }
}

#[tokio::test]
async fn who_fails_twice_appeals_and_a_third_person_overturns_it_blind() {
    let trying = Trying::maya().await;
    let first = trying.fail("marc", "2027-02-22T10:00:00Z").await;
    let second = trying.ask("2027-03-15").await;
    let again = trying.act("sam", &second, "juror", json!({ "juror": trying.school.id("marc").await })).await;
    assert_eq!(again.refused(422), "juror_in_conflict");
    prepare_defense(&trying.school, "maya", "olu", &second, "2027-03-15T10:00:00Z").await;
    assert_eq!(trying.read("maya", &second).await["skills"].as_array().map(Vec::len), Some(1));
    hold_defense(&trying.school, "olu", &second, 1).await;
    record_defense(&trying.school, "olu", &second).await;
    judge_defense(&trying.school, "olu", &second, |_| "not_yet").await.expect(201);
    assert_eq!(trying.projects().await, ["rework", "locked"]);

    let late = json!({ "reason": "I was ill." });
    assert_eq!(trying.act("maya", &first, "appeal", late).await.refused(409), "wrong_state");
    let words = json!({ "reason": "I showed it in minute three." });
    assert_eq!(trying.act("ines", &second, "appeal", words.clone()).await.refused(404), "not_found");
    trying.make_juror("clara").await;
    let appealed = trying.act("maya", &second, "appeal", words.clone()).await.expect(200);
    assert_eq!(
        (text(&appealed, "/state"), &appealed["appeal"]["reviewer"]),
        ("under_appeal".into(), &Value::Null)
    );
    assert_eq!(trying.act("maya", &second, "appeal", words).await.refused(409), "already_decided");

    // Nobody else may: Marc failed her before, Olu now. She sees neither verdict, nor why.
    trying.school.move_to("2027-03-15T12:00:00Z").await;
    let blind = trying.read("clara", &second).await;
    assert_eq!(text(&blind, "/appeal/reviewer"), trying.school.id("clara").await);
    assert_eq!(blind["verdict"]["verdicts"], Value::Null);
    assert_eq!((&blind["verdict"]["overall"], &blind["appeal"]["reason"]), (&Value::Null, &Value::Null));
    assert_eq!(blind.get("assessment"), None);
    let watched = trying.school.get("clara", &format!("/v1/defenses/{second}/recording")).await.expect(200);
    assert!(watched["playback_url"].is_string());
    let asked = verdicts_on(&trying.school, "clara", &second, |_| "if_uploaded").await;
    assert_eq!(trying.act("clara", &second, "appeal/decision", asked).await.refused(422), "invalid_field");
    let shown = verdicts_on(&trying.school, "clara", &second, |_| "acquired").await;
    for who in ["olu", "sam", "maya"] {
        let refused = trying.act(who, &second, "appeal/decision", shown.clone()).await;
        assert_eq!(refused.refused(404), "not_found", "{who}");
    }
    let decided = trying.act("clara", &second, "appeal/decision", shown.clone()).await.expect(200);
    assert_eq!(
        (text(&decided, "/state"), text(&decided, "/verdict/overall")),
        ("overturned".into(), "failed".into())
    );
    assert!(trying.read("clara", &second).await.get("assessment").is_some());
    assert_eq!(trying.act("clara", &second, "appeal/decision", shown).await.refused(409), "already_decided");
    assert_eq!(trying.projects().await, ["validated", "available"]);
    trying.school.close().await;
}

#[tokio::test]
async fn the_third_defense_waits_for_a_plan() {
    let trying = Trying::maya().await;
    trying.fail("marc", "2027-02-22T10:00:00Z").await;
    let second = trying.ask("2027-03-15").await;
    prepare_defense(&trying.school, "maya", "olu", &second, "2027-03-15T10:00:00Z").await;
    hold_defense(&trying.school, "olu", &second, 1).await;
    record_defense(&trying.school, "olu", &second).await;
    judge_defense(&trying.school, "olu", &second, |_| "not_yet").await.expect(201);
    trying.make_juror("clara").await;
    let third = trying.ask("2027-04-05").await;
    assert_eq!(trying.read("maya", &third).await["needs_plan"], true);
    let clara = json!({ "juror": trying.school.id("clara").await });
    trying.act("sam", &third, "juror", clara).await.expect(200);
    let time = json!({ "starts_at": "2027-04-05T10:00:00Z", "minutes": 45 });
    assert_eq!(trying.act("maya", &third, "schedule", time.clone()).await.refused(409), "plan_missing");
    assert_eq!(
        trying.act("maya", &third, "plan", json!({ "text": "more talks" })).await.refused(404),
        "not_found"
    );
    let empty = trying.act("ines", &third, "plan", json!({ "text": " " })).await;
    assert_eq!(text(&empty.expect(422), "/errors/0/pointer"), "/text");
    let planned =
        trying.act("ines", &third, "plan", json!({ "text": "Three talks before strangers." })).await;
    assert_eq!(text(&planned.expect(200), "/plan/text"), "Three talks before strangers.");
    trying.act("maya", &third, "schedule", time).await.expect(200);
    trying.school.close().await;
}

/// A conditional verdict, and the upload that it asks for at some time after it.
async fn conditional() -> (Trying, String) {
    let trying = Trying::maya().await;
    let first_asked = |index| if index == 0 { "if_uploaded" } else { "acquired" };
    let defense = trying.defend("marc", "2027-02-22T10:00:00Z", first_asked).await;
    let conditional = trying.read("maya", &defense).await;
    assert_eq!(
        (text(&conditional, "/state"), text(&conditional, "/awaits")),
        ("conditional".into(), "student".into())
    );
    assert_eq!(text(&conditional, "/until"), "2027-02-24T10:01:00Z");
    (trying, defense)
}

const TESTS: (&str, &str, &[u8]) = ("tests.zip", "application/zip", b"PK\x03\x04 the tests");

#[tokio::test]
async fn what_is_uploaded_after_47_hours_goes_to_the_juror() {
    let (trying, defense) = conditional().await;
    trying.school.move_to("2027-02-24T09:01:00Z").await;
    let body = json!({ "purpose": "evidence", "subject": defense, "filename": "a.zip", "type": "application/zip",
        "size": 1, "sha256": "0".repeat(64) });
    assert_eq!(trying.school.post("marc", "/v1/uploads", body).await.refused(404), "not_found");
    let upload = send_file(&trying.school, "maya", "evidence", &defense, TESTS).await;
    let key = json!({ "key": upload["key"] });
    let unknown = json!({ "key": format!("evidence/upl_{}", "0".repeat(32)) });
    assert_eq!(
        trying.act("maya", &defense, "conditions/upload", unknown).await.refused(422),
        "invalid_field"
    );
    assert_eq!(
        trying.act("marc", &defense, "conditions/upload", key.clone()).await.refused(404),
        "not_found"
    );
    let uploaded = trying.act("maya", &defense, "conditions/upload", key).await.expect(200);
    assert_eq!(
        (text(&uploaded, "/awaits"), text(&uploaded, "/until")),
        ("juror".into(), "2027-02-26T09:01:00Z".into())
    );
    let shown = trying.read("marc", &defense).await;
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let read = client.get(text(&shown, "/condition/url")).send().await.expect("an answer");
    assert_eq!(read.bytes().await.expect("bytes"), TESTS.2);
    let met = json!({ "met": true, "note": "All there." });
    assert_eq!(
        trying.act("sam", &defense, "conditions/decision", met.clone()).await.refused(403),
        "forbidden"
    );
    let decided = trying.act("marc", &defense, "conditions/decision", met.clone()).await.expect(200);
    assert_eq!(
        (text(&decided, "/state"), text(&decided, "/condition/finding")),
        ("passed".into(), "met".into())
    );
    assert_eq!(trying.act("marc", &defense, "conditions/decision", met).await.refused(409), "wrong_state");
    assert_eq!(trying.projects().await, ["validated", "available"]);
    trying.school.close().await;
}

#[tokio::test]
async fn what_is_uploaded_after_49_hours_comes_too_late() {
    let (trying, defense) = conditional().await;
    trying.school.move_to("2027-02-24T09:01:00Z").await;
    let upload = send_file(&trying.school, "maya", "evidence", &defense, TESTS).await;
    trying.school.move_to("2027-02-24T11:01:00Z").await;
    assert_eq!(trying.state(&defense).await, "failed");
    let late = trying.act("maya", &defense, "conditions/upload", json!({ "key": upload["key"] })).await;
    assert_eq!(late.refused(409), "wrong_state");
    assert_eq!(trying.projects().await, ["rework", "locked"]);
    trying.school.close().await;
}

#[tokio::test]
async fn a_juror_who_is_silent_fails_nobody() {
    let (trying, defense) = conditional().await;
    let upload = send_file(&trying.school, "maya", "evidence", &defense, TESTS).await;
    trying.act("maya", &defense, "conditions/upload", json!({ "key": upload["key"] })).await.expect(200);
    trying.school.move_to("2027-02-24T10:01:00Z").await;
    let silent = trying.read("sam", &defense).await;
    assert_eq!((text(&silent, "/state"), text(&silent, "/awaits")), ("conditional".into(), "staff".into()));
    let decided =
        trying.act("sam", &defense, "conditions/decision", json!({ "met": true })).await.expect(200);
    assert_eq!(text(&decided, "/state"), "passed");
    trying.school.close().await;
}

#[tokio::test]
async fn an_annulled_defense_counts_for_nothing() {
    let trying = Trying::maya().await;
    let defense = trying.fail("marc", "2027-02-22T10:00:00Z").await;
    let reason = json!({ "reason": "The juror was her landlord." });
    for who in ["marc", "ines", "maya"] {
        assert_eq!(
            trying.act(who, &defense, "annul", reason.clone()).await.refused(404),
            "not_found",
            "{who}"
        );
    }
    let annulled = trying.act("sam", &defense, "annul", reason).await.expect(200);
    assert_eq!(
        (text(&annulled, "/state"), text(&annulled, "/reason")),
        ("annulled".into(), "The juror was her landlord.".into())
    );
    assert_eq!(trying.projects().await, ["ready_for_defense", "locked"]);
    trying.school.close().await;
}

#[tokio::test]
async fn a_defense_is_called_off_by_whoever_read_it_last() {
    let trying = Trying::maya().await;
    let defense = trying.ask("2027-02-22").await;
    let path = format!("/v1/defenses/{defense}/cancel");
    let reason = json!({ "reason": "A wedding." });
    assert_eq!(trying.school.post("maya", &path, reason.clone()).await.refused(428), "precondition_required");
    let cancel = async |etag: &str| {
        let ask = trying.school.by("maya", Method::POST, &path).await.header("if-match", etag);
        ask.json(reason.clone()).send().await
    };
    assert_eq!(cancel("\"7\"").await.refused(412), "precondition_failed");
    let etag = trying.school.get("maya", &format!("/v1/defenses/{defense}")).await.etag();
    assert_eq!(text(&cancel(&etag).await.expect(200), "/state"), "cancelled");
    assert_eq!(trying.projects().await, ["ready_for_defense", "locked"]);
    let time = json!({ "starts_at": "2027-02-22T10:00:00Z", "minutes": 45 });
    assert_eq!(trying.act("maya", &defense, "schedule", time).await.refused(409), "wrong_state");
    trying.school.close().await;
}
