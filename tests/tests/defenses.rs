//! The jury: from the request to the sealed verdict, its recording, and who may not judge.

use domain::conflict::Reason;
use domain::digest::Sha256Hex;
use domain::id::{DefenseId, PersonId};
use reqwest::Method;
use serde_json::{Value, json};
use storage::Refused;
use storage::defense::DefenseRefused;
use storage::key::Query;
use storage::occupancy::Diaries;
use storage::transaction::AuditEntry;
use tests::work::clip;
use tests::{School, begin, text};

const ENROLLED: &str = "2027-02-07T10:00:00Z";
const DEFENDED: &str = "2027-02-22T10:00:00Z";
const ENDED: &str = "2027-02-22T10:01:00Z";

/// A student whose first project is accepted, and whose defense was asked for by Marc.
struct Defending {
    school: School,
    enrollment: String,
    submission: String,
    defense: String,
}

impl Defending {
    async fn maya() -> Self {
        let school = School::open(ENROLLED).await;
        let (enrollment, submission, defense) = ask_for_defense(&school, "maya").await;
        Self { school, enrollment, submission, defense }
    }

    /// With Olu as juror, a time and both consents, and the clock at that time.
    async fn due() -> Self {
        let defending = Self::maya().await;
        defending.assign("olu").await;
        defending.schedule().await;
        for person in ["maya", "olu"] {
            defending.act(person, "consent", json!({ "text_version": "1" })).await.expect(200);
        }
        defending.school.move_to(DEFENDED).await;
        defending
    }

    /// Held, for a minute.
    async fn held() -> Self {
        let defending = Self::due().await;
        defending.start().await;
        defending.end().await;
        defending
    }

    async fn act(&self, person: &str, act: &str, body: Value) -> tests::Answer {
        self.school.post(person, &format!("/v1/defenses/{}/{act}", self.defense), body).await
    }

    async fn assign(&self, juror: &str) {
        let juror = self.school.id(juror).await;
        let assigned = self.act("sam", "juror", json!({ "juror": juror })).await.expect(200);
        assert_eq!(text(&assigned, "/state"), "juror_assigned");
    }

    async fn schedule(&self) {
        let time = json!({ "starts_at": DEFENDED, "minutes": 45 });
        assert_eq!(text(&self.act("maya", "schedule", time).await.expect(200), "/state"), "scheduled");
    }

    async fn start(&self) {
        let started = self.act("olu", "start", json!({ "identity_checked": true })).await.expect(200);
        assert_eq!(text(&started, "/state"), "in_progress");
    }

    async fn end(&self) {
        self.school.move_to(ENDED).await;
        let ended = self.act("olu", "end", json!({ "outcome": "held" })).await.expect(200);
        assert_eq!(text(&ended, "/state"), "awaiting_verdict");
    }

    /// The same word on every skill.
    async fn judge(&self, verdict: &str, what: Option<&str>) -> tests::Answer {
        let skills = self.read("olu").await["skills"].clone();
        let skills = skills.as_array().expect("a list").iter();
        let verdicts: Vec<Value> =
            skills.map(|skill| json!({ "skill": skill, "verdict": verdict, "what": what })).collect();
        self.act("olu", "verdict", json!({ "verdicts": verdicts })).await
    }

    async fn read(&self, person: &str) -> Value {
        self.school.get(person, &format!("/v1/defenses/{}", self.defense)).await.expect(200)
    }

    async fn state(&self) -> String {
        text(&self.read("maya").await, "/state")
    }

    /// The states of the first two projects.
    async fn projects(&self) -> [String; 2] {
        let progress =
            self.school.get("maya", &format!("/v1/enrollments/{}", self.enrollment)).await.expect(200);
        [0, 1].map(|index| text(&progress, &format!("/attempts/{index}/state")))
    }

    fn id(&self) -> DefenseId {
        self.defense.parse().expect("an id")
    }
}

/// Enrolls, hands in and lets Marc accept the first project, then asks for its defense.
async fn ask_for_defense(school: &School, student: &str) -> (String, String, String) {
    let enrollment = begin(school, student, "2027-02-07").await;
    assign_mentor(school, &enrollment, "marc").await;
    let progress = school.get(student, &format!("/v1/enrollments/{enrollment}")).await.expect(200);
    let project = text(&progress, "/attempts/0/project");
    let path = format!("/v1/enrollments/{enrollment}/projects/{project}/submissions");
    let submission = text(&school.post(student, &path, json!({})).await.expect(201), "/id");
    let work =
        Sent { purpose: "submission", kind: "text/plain", name: "site.txt", bytes: b"a whole site".to_vec() };
    let key = text(&work.open(school, student, &submission).await.send(school).await, "/key");
    school.move_to(ENROLLED).await;
    let sealed = json!({ "deliverables": [{ "name": "The site", "key": key }], "links": [] });
    school.post(student, &format!("/v1/submissions/{submission}/seal"), sealed).await.expect(201);
    let judged = json!({ "decision": "accepted", "verdicts": criteria(&project) });
    school.post("marc", &format!("/v1/submissions/{submission}/assessment"), judged).await.expect(201);
    let wish = json!({ "wished_from": "2027-02-21", "wished_to": "2027-02-28" });
    let asked = school.post("marc", &format!("/v1/submissions/{submission}/defense"), wish).await.expect(201);
    assert_eq!(text(&asked, "/state"), "requested");
    (enrollment, submission, text(&asked, "/id"))
}

/// Every criterion of a project, met.
fn criteria(project: &str) -> Vec<Value> {
    let catalog = infra::catalog::sample().expect("the sample catalog");
    let project = catalog.projects.iter().find(|known| known.id.as_str() == project).expect("one of ours");
    let met = |criterion: &domain::catalog::Criterion| json!({ "criterion": criterion.id, "verdict": "acquired", "note": "" });
    project.criteria.iter().map(met).collect()
}

/// Gives a student a mentor.
async fn assign_mentor(school: &School, enrollment: &str, mentor: &str) {
    let mentor = school.id(mentor).await;
    let body = json!({ "enrollment": enrollment, "mentor": mentor, "from": "2027-02-07" });
    school.post("sam", "/v1/admin/assignments", body).await.expect(201);
}

/// A file to be sent.
struct Sent {
    purpose: &'static str,
    kind: &'static str,
    name: &'static str,
    bytes: Vec<u8>,
}

/// An upload that was opened.
struct Opened {
    view: Value,
    bytes: Vec<u8>,
}

impl Sent {
    async fn ask(&self, school: &School, person: &str, subject: &str) -> tests::Answer {
        let body = json!({
            "purpose": self.purpose, "subject": subject, "filename": self.name, "type": self.kind,
            "size": self.bytes.len(), "sha256": Sha256Hex::of(&self.bytes),
        });
        school.post(person, "/v1/uploads", body).await
    }

    async fn open(self, school: &School, person: &str, subject: &str) -> Opened {
        Opened { view: self.ask(school, person, subject).await.expect(201), bytes: self.bytes }
    }
}

impl Opened {
    /// Sends the bytes in one part, as Uppy does.
    async fn send(self, school: &School) -> Value {
        let endpoint = text(&self.view, "/endpoint").replace(&school.stack.url, "");
        let companion = format!("{endpoint}/s3/multipart");
        let begun = json!({ "filename": "a", "type": "b" });
        let begun = school.ask(Method::POST, &companion).json(begun).send().await.expect(200);
        let (key, id) = (text(&begun, "/key"), text(&begun, "/uploadId"));
        let part = school.ask(Method::GET, &format!("{companion}/{id}/1?key={key}")).send().await.expect(200);
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let put = client.put(text(&part, "/url")).body(self.bytes).send().await.expect("an answer");
        let etag = put.headers()["etag"].to_str().expect("text").to_owned();
        let parts = json!({ "parts": [{ "PartNumber": 1, "ETag": etag }] });
        let complete = format!("{companion}/{id}/complete?key={key}");
        school.ask(Method::POST, &complete).json(parts).send().await.expect(200);
        self.view
    }
}

fn recording() -> Sent {
    Sent { purpose: "recording", kind: "video/mp4", name: "defense.mp4", bytes: clip(60) }
}

#[tokio::test]
async fn a_drafted_verdict_counts_once_the_recording_is_verified() {
    let defending = Defending::due().await;
    let (school, defense) = (&defending.school, defending.defense.clone());
    defending.start().await;
    assert_eq!(recording().ask(school, "marc", &defense).await.refused(404), "not_found");
    let upload = recording().open(school, "olu", &defense).await;
    defending.end().await;

    let drafted = defending.judge("acquired", None).await.expect(202);
    assert_eq!(
        (text(&drafted, "/state"), text(&drafted, "/verdict/state")),
        ("awaiting_verdict".into(), "drafted".into())
    );
    assert_eq!(defending.judge("acquired", None).await.refused(409), "already_decided");
    let seen = defending.read("maya").await;
    assert_eq!(
        (text(&seen, "/verdict/state"), &seen["verdict"]["verdicts"]),
        ("drafted".into(), &Value::Null)
    );
    assert_eq!(defending.read("olu").await.get("assessment"), None);
    assert_eq!(text(&seen, "/assessment/decision"), "accepted");

    let bytes = upload.bytes.clone();
    upload.send(school).await;
    school.move_to(ENDED).await;
    let sealed = defending.read("maya").await;
    assert_eq!(
        (text(&sealed, "/state"), text(&sealed, "/verdict/overall")),
        ("passed".into(), "passed".into())
    );
    assert_eq!(text(&defending.read("olu").await, "/assessment/decision"), "accepted");
    assert_eq!(defending.projects().await, ["validated", "available"]);

    let path = format!("/v1/defenses/{defense}/recording");
    let shown = school.get("maya", &path).await.expect(200);
    assert_eq!((text(&shown, "/state"), &shown["duration_s"]), ("retained".into(), &json!(60)));
    assert_eq!(text(&shown, "/sha256"), Sha256Hex::of(&bytes).to_string());
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let played = client.get(text(&shown, "/original_url")).send().await.expect("an answer");
    assert_eq!(played.bytes().await.expect("bytes"), bytes);
    let log = school.stack.store.list::<AuditEntry>(&Query::Audit(defense), 50).await.expect("a store");
    let watched: Vec<_> = log.iter().filter(|entry| entry.value.action == "get_recording").collect();
    assert_eq!((watched.len(), watched[0].value.by.clone()), (1, school.id("maya").await));
    defending.school.close().await;
}

#[tokio::test]
async fn without_a_recording_a_waiver_lets_the_verdict_count() {
    let defending = Defending::held().await;
    let path = format!("/v1/defenses/{}/recording", defending.defense);
    assert_eq!(defending.school.get("maya", &path).await.refused(404), "not_found");
    defending.school.move_to("2027-02-23T10:00:59Z").await;
    assert_eq!(defending.state().await, "awaiting_verdict");
    defending.school.move_to("2027-02-23T10:01:00Z").await;
    assert_eq!(defending.state().await, "held_unrecorded");
    defending.judge("acquired", None).await.expect(202);
    let reason = json!({ "reason": "The disk broke." });
    assert_eq!(defending.act("marc", "waiver", reason.clone()).await.refused(404), "not_found");
    let waived = defending.act("sam", "waiver", reason.clone()).await.expect(200);
    assert_eq!(
        (text(&waived, "/state"), text(&waived, "/waiver/reason")),
        ("passed".into(), "The disk broke.".into())
    );
    assert_eq!(defending.act("sam", "waiver", reason).await.refused(409), "already_decided");
    assert_eq!(defending.projects().await, ["validated", "available"]);
    defending.school.close().await;
}

#[tokio::test]
async fn a_condition_that_nobody_meets_is_a_fail_with_a_fresh_juror_next() {
    let defending = Defending::held().await;
    defending.act("sam", "waiver", json!({ "reason": "The disk broke." })).await.expect(200);
    let conditional = defending.judge("if_uploaded", Some("the tests")).await.expect(201);
    assert_eq!(
        (text(&conditional, "/state"), text(&conditional, "/until")),
        ("conditional".into(), "2027-02-24T10:01:00Z".into())
    );
    assert_eq!(defending.projects().await, ["conditional", "locked"]);
    defending.school.move_to("2027-02-24T10:01:00Z").await;
    assert_eq!(defending.state().await, "failed");
    assert_eq!(defending.projects().await, ["rework", "locked"]);
    let store = &defending.school.stack.store;
    let hearing = store.hearing_for_job(defending.id()).await.expect("a store").expect("kept");
    let olu: PersonId = defending.school.id("olu").await.parse().expect("an id");
    assert!(hearing.progress.conflicts.value.excludes(olu));
    defending.school.close().await;
}

#[tokio::test]
async fn the_juror_is_a_stranger_with_the_role() {
    let defending = Defending::maya().await;
    let school = &defending.school;
    let assign = async |name: &str| {
        let juror = school.id(name).await;
        defending.act("sam", "juror", json!({ "juror": juror })).await
    };
    assert_eq!(assign("marc").await.refused(422), "juror_in_conflict");
    assert_eq!(assign("maya").await.refused(422), "juror_in_conflict");
    assert_eq!(assign("clara").await.refused(422), "invalid_field");
    let open = school.get("sam", "/v1/defenses?state=requested").await.expect(200);
    assert_eq!(text(&open, "/items/0/id"), defending.defense);
    assert_eq!(school.get("olu", "/v1/defenses").await.expect(200)["items"], json!([]));
    assert_eq!(
        school.get("olu", &format!("/v1/defenses/{}", defending.defense)).await.refused(404),
        "not_found"
    );
    assign("olu").await.expect(200);
    let own = school.get("olu", "/v1/defenses?state=juror_assigned").await.expect(200);
    assert_eq!(text(&own, "/items/0/id"), defending.defense);
    assert_eq!(school.get("olu", "/v1/defenses?state=requested").await.expect(200)["items"], json!([]));
    for name in ["sam", "olu"] {
        let answer = school.get(name, "/v1/defenses?state=lost").await;
        assert_eq!(answer.refused(400), "invalid_parameter");
    }
    school.get("olu", &format!("/v1/submissions/{}", defending.submission)).await.expect(200);
    defending.school.close().await;
}

/// Past the handler: the write itself is refused, whatever was decided before it.
#[tokio::test]
async fn a_conflict_of_the_same_moment_refuses_the_write() {
    let defending = Defending::due().await;
    defending.start().await;
    let store = &defending.school.stack.store;
    let olu: PersonId = defending.school.id("olu").await.parse().expect("an id");
    let now = DEFENDED.parse().expect("an instant");
    let hearing = store.hearing_for_job(defending.id()).await.expect("a store").expect("kept");

    let mut conflicts = hearing.progress.conflicts.clone();
    conflicts.value.add(olu, Reason::Declared);
    store.transaction().save(&conflicts, "changed").commit().await.expect("a conflict comes to light");

    let decided = |next| {
        let attempts = hearing.attempts();
        hearing.defense.value.settle(next, hearing.path(&attempts), now).expect("decided on what was read")
    };
    let ended = hearing.defense.value.clone();
    let ended = ended.ended(domain::defense::Ending::Held, olu, now).expect("in progress");
    let known = &hearing.progress.conflicts.value;
    let staff = PersonId::derived(&["staff"]);
    let waived = ended.waived(staff, "The disk broke.".into(), known, now).expect("held");
    let settled = decided(waived);
    let refused = store.keep_step(&hearing, &settled, &Diaries::default()).commit().await;
    assert!(
        matches!(refused, Err(Refused::By(DefenseRefused::JurorInConflict { juror })) if juror == olu),
        "{refused:?}"
    );
    assert_eq!(defending.act("olu", "end", json!({ "outcome": "held" })).await.status, 200);
    assert_eq!(defending.judge("acquired", None).await.refused(422), "juror_in_conflict");
    defending.school.close().await;
}

/// S7 c: two students take one juror's time.
#[tokio::test]
async fn one_time_of_a_juror_is_taken_once() {
    let school = School::open(ENROLLED).await;
    let (_, _, maya) = ask_for_defense(&school, "maya").await;
    let (_, _, tom) = ask_for_defense(&school, "tom").await;
    let juror = json!({ "juror": school.id("olu").await });
    for defense in [&maya, &tom] {
        school.post("sam", &format!("/v1/defenses/{defense}/juror"), juror.clone()).await.expect(200);
    }
    let time = json!({ "starts_at": DEFENDED, "minutes": 45 });
    let schedule = async |name: &str, defense: &str| {
        school.post(name, &format!("/v1/defenses/{defense}/schedule"), time.clone()).await
    };
    let (one, two) = tokio::join!(schedule("maya", &maya), schedule("tom", &tom));
    let (won, lost) = if one.status == 200 { (one, two) } else { (two, one) };
    won.expect(200);
    assert_eq!(lost.body["alternatives"].as_array().map(Vec::len), Some(3), "{}", lost.body);
    assert_eq!(lost.refused(409), "slot_taken");
    school.close().await;
}

/// S9: consent withdrawn before the start.
#[tokio::test]
async fn without_consent_there_is_no_defense() {
    let defending = Defending::due().await;
    defending.act("maya", "consent/withdraw", json!({})).await.expect(200);
    let start = json!({ "identity_checked": true });
    assert_eq!(defending.act("olu", "start", start.clone()).await.refused(409), "consent_missing");
    defending.act("maya", "consent", json!({ "text_version": "1" })).await.expect(200);
    let unchecked = json!({ "identity_checked": false });
    assert_eq!(defending.act("olu", "start", unchecked).await.refused(422), "invalid_field");
    assert_eq!(defending.act("maya", "start", start).await.refused(404), "not_found");
    defending.start().await;
    defending.school.close().await;
}
