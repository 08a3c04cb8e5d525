//! Work on its way to the mentor: through Uppy's own calls, whole or not at all, handed in once.

use std::time::Duration;

use crc_fast::{CrcAlgorithm, checksum};
use domain::digest::{Crc64, Sha256Hex};
use domain::enrollment::{Enrollment, MentorAssignment};
use domain::id::{AssignmentId, EnrollmentId, PersonId};
use domain::upload::Purpose;
use infra::stack::{Options, Stack};
use reqwest::Method;
use serde_json::{Value, json};
use storage::bucket::Completion;
use storage::{Item, Key};

const MIB: usize = 1 << 20;

/// A student at work on her first project.
struct Study {
    stack: Stack,
    http: reqwest::Client,
    token: String,
    draft: String,
    enrollment: EnrollmentId,
}

/// What was answered.
#[derive(Debug)]
struct Answer {
    status: u16,
    body: Value,
}

impl Answer {
    fn is(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{:#}", self.body);
        self.body
    }

    fn refused(self, status: u16, code: &str) -> Value {
        let body = self.is(status);
        assert_eq!(body["code"], code, "{body:#}");
        body
    }
}

fn word(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

impl Study {
    async fn begin() -> Self {
        let now = "2027-02-07T10:00:00Z".parse().expect("an instant");
        let options = Options { port: 0, now: Some(now), ..Options::default() };
        let stack = Stack::start(options).await.expect("a stack");
        let mut study = Self {
            stack,
            http: reqwest::Client::new(),
            token: String::new(),
            draft: String::new(),
            enrollment: EnrollmentId::derived(&["none"]),
        };
        study.token = study.sign_in("maya").await;
        let wish = json!({"edition": "web-development-gb", "language": "en", "hours_per_week": 20,
            "time_zone": "Europe/London", "start_on": "2027-02-07"});
        let enrolled = study.post("/v1/enrollments", "enroll", wish).await.is(201);
        let path = format!("/v1/enrollments/{}", word(&enrolled["id"]));
        let accepted = json!({"contract_version": enrolled["contract"]["version"],
            "payment_method": {"kind": "sandbox", "token": "ok"}});
        study.post(&format!("{path}/accept"), "accept", accepted).await.is(200);
        study.until(&path, "active").await;
        study.enrollment = word(&enrolled["id"]).parse().expect("an id");
        study.draft = word(&study.open().await.is(201)["id"]);
        study
    }

    async fn sign_in(&self, name: &str) -> String {
        let person = json!({"person": format!("{name}@example.org")});
        word(&self.send(Method::POST, "/dev/tokens", None, Some(person)).await.is(200)["token"])
    }

    async fn send(&self, method: Method, path: &str, key: Option<&str>, body: Option<Value>) -> Answer {
        let url =
            if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.stack.url) };
        let mut request = self.http.request(method, url);
        if !self.token.is_empty() && path.starts_with("/v1") {
            request = request.bearer_auth(&self.token);
        }
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let response = request.send().await.expect("an answer");
        let status = response.status().as_u16();
        let text = response.text().await.expect("a text");
        Answer { status, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) }
    }

    async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None, None).await
    }

    async fn post(&self, path: &str, key: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(key), Some(body)).await
    }

    async fn open(&self) -> Answer {
        let path = format!("/v1/enrollments/{}/projects/small-business-site/submissions", self.enrollment);
        self.send(Method::POST, &path, None, Some(json!({}))).await
    }

    /// Asks again until the state is the wanted one; jobs take a moment.
    async fn until(&self, path: &str, state: &str) -> Value {
        for _ in 0..500 {
            let body = self.get(path).await.is(200);
            if body["state"] == state {
                return body;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{path} is not {state}");
    }

    /// Opens an upload of a file for the draft, and begins to send it.
    async fn file(&self, bytes: &[u8], crc64nvme: Crc64) -> Sending {
        let file = json!({"purpose": "submission", "subject": self.draft, "filename": "site.zip",
            "type": "application/zip", "size": bytes.len(), "sha256": Sha256Hex::of(bytes),
            "crc64nvme": crc64nvme});
        let opened = self.send(Method::POST, "/v1/uploads", None, Some(file)).await.is(201);
        assert_eq!(opened["part_size"], 8 * MIB);
        let multipart = format!("{}/s3/multipart", word(&opened["endpoint"]));
        let uppys =
            json!({"filename": "site.zip", "type": "application/zip", "metadata": {"name": "site.zip"}});
        let begun = self.send(Method::POST, &multipart, None, Some(uppys.clone())).await.is(200);
        let again = self.send(Method::POST, &multipart, None, Some(uppys)).await.is(200);
        assert_eq!((&begun["uploadId"], &begun["key"]), (&again["uploadId"], &opened["key"]));
        let key = word(&begun["key"]);
        Sending {
            path: format!("/v1/uploads/{}", word(&opened["id"])),
            at: format!("{multipart}/{}", word(&begun["uploadId"])),
            query: format!("key={}", key.replace('/', "%2F")),
            key,
        }
    }

    /// Sends one part to the URL that is signed for it.
    async fn part(&self, sending: &Sending, bytes: &[u8], number: usize) {
        let signed = self.get(&format!("{}/{number}?{}", sending.at, sending.query)).await.is(200);
        let first = (number - 1) * 8 * MIB;
        let part = bytes[first..bytes.len().min(first + 8 * MIB)].to_vec();
        let put = self.http.put(word(&signed["url"])).body(part).send().await.expect("an answer");
        assert_eq!(put.status(), 200);
        assert!(put.headers().contains_key("etag"));
    }

    async fn complete(&self, sending: &Sending) -> Answer {
        let path = format!("{}/complete?{}", sending.at, sending.query);
        self.send(Method::POST, &path, None, Some(json!({"parts": []}))).await
    }

    /// Sends a small file from begin to end, and waits until it is verified.
    async fn sent(&self, bytes: &[u8]) -> String {
        let sending = self.file(bytes, crc(bytes)).await;
        self.part(&sending, bytes, 1).await;
        self.complete(&sending).await.is(200);
        self.until(&sending.path, "verified").await;
        sending.key
    }

    async fn seal(&self, idempotency: &str, key: &str) -> Answer {
        let work = json!({"deliverables": [{"name": "The site", "key": key}], "links": []});
        self.post(&format!("/v1/submissions/{}/seal", self.draft), idempotency, work).await
    }

    /// Makes a sample person the student's mentor from today on.
    async fn mentored_by(&self, mentor: PersonId) {
        let store = &self.stack.store;
        let key = Key::Enrollment(self.enrollment);
        let item: Item<Enrollment> = store.get(&key).await.expect("the store").expect("enrolled");
        let from = "2027-02-07".parse().expect("a date");
        let assignment = MentorAssignment { id: AssignmentId::derived(&["a"]), mentor, from, to: None };
        let now = "2027-02-07T10:00:00Z".parse().expect("an instant");
        let item = item.try_map(|enrollment| enrollment.assign_mentor(assignment, now)).expect("studying");
        store.transaction().save(&item, ()).commit().await.expect("unchanged");
    }
}

/// A file on its way in.
struct Sending {
    path: String,
    at: String,
    query: String,
    key: String,
}

/// Bytes that no two parts have in common; a ZIP archive by its first bytes.
fn bytes(length: usize) -> Vec<u8> {
    let mut bytes = Vec::from_iter((0..length).map(|index| (index ^ (index >> 8) ^ (index >> 16)) as u8));
    bytes[..4].copy_from_slice(b"PK\x03\x04");
    bytes
}

fn crc(bytes: &[u8]) -> Crc64 {
    Crc64::new(checksum(CrcAlgorithm::Crc64Nvme, bytes))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_arrives_whole_in_whatever_order_its_parts_come() {
    let study = Study::begin().await;
    let bytes = bytes(20 * MIB);
    let sending = study.file(&bytes, crc(&bytes)).await;
    study.part(&sending, &bytes, 3).await;
    study.part(&sending, &bytes, 1).await;
    let missing = study.complete(&sending).await.refused(409, "upload_incomplete");
    assert_eq!(missing["part"], 2);
    study.part(&sending, &bytes, 2).await;
    study.part(&sending, &bytes, 2).await;
    let listed = study.get(&format!("{}?{}", sending.at, sending.query)).await.is(200);
    let parts = Vec::from_iter(listed.as_array().expect("a list").iter().map(|part| &part["PartNumber"]));
    assert_eq!(parts, [1, 2, 3]);

    let (one, other) = tokio::join!(study.complete(&sending), study.complete(&sending));
    let (one, other) = (one.is(200), other.is(200));
    assert_eq!(one["location"], format!("{}{}", study.stack.url, sending.path));
    assert_eq!((&one, &study.complete(&sending).await.is(200)), (&other, &one));
    let verified = study.until(&sending.path, "verified").await;
    assert_eq!(verified["sha256"], Sha256Hex::of(&bytes).to_string());
    assert_eq!(verified["endpoint"], Value::Null);

    study.seal("seal", &sending.key).await.is(201);
    let shown = study.get(&format!("/v1/submissions/{}", study.draft)).await.is(200);
    let url = word(&shown["deliverables"][0]["url"]);
    let read = study.http.get(url).send().await.expect("an answer").bytes().await.expect("bytes");
    assert!(read == bytes, "other bytes came back");
    study.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_sum_is_refused_and_what_was_there_stays() {
    let study = Study::begin().await;
    let bytes = bytes(9 * MIB);
    let sending = study.file(&bytes, Crc64::new(7)).await;
    study.part(&sending, &bytes, 1).await;
    study.part(&sending, &bytes, 2).await;
    study.complete(&sending).await.refused(422, "checksum_mismatch");
    study.complete(&sending).await.refused(422, "checksum_mismatch");
    let listed = study.get(&format!("{}?{}", sending.at, sending.query)).await.is(200);
    assert_eq!(listed.as_array().map(Vec::len), Some(2));
    assert_eq!(study.get(&sending.path).await.is(200)["state"], "open");
    study.seal("seal", &sending.key).await.refused(409, "upload_incomplete");
    study.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_serves_its_own_upload_alone() {
    let study = Study::begin().await;
    let bytes = bytes(MIB);
    let one = study.file(&bytes, crc(&bytes)).await;
    let other = study.file(&bytes, crc(&bytes)).await;
    study.get(&format!("{}/1?{}", one.at, other.query)).await.refused(404, "not_found");
    let (endpoint, id) = one.at.rsplit_once('/').expect("a path");
    let others_id = other.at.rsplit_once('/').expect("a path").1;
    study.get(&format!("{endpoint}/{others_id}/1?{}", one.query)).await.refused(404, "not_found");
    let moved = one.at.replace(&one.path, &other.path);
    study.get(&format!("{moved}/1?{}", other.query)).await.refused(403, "forbidden");
    study.get(&format!("{endpoint}/{id}/2?{}", one.query)).await.refused(400, "invalid_parameter");

    let given_up = study.send(Method::DELETE, &format!("{}?{}", one.at, one.query), None, None).await.is(200);
    assert_eq!(given_up, json!({}));
    assert_eq!(study.get(&one.path).await.is(200)["state"], "abandoned");
    study.complete(&one).await.refused(409, "wrong_state");
    study.stack.stop().await;
}

impl Study {
    /// What a complete does that is cut off before it is recorded.
    async fn complete_unrecorded(&self, sending: &Sending) {
        let bucket = self.stack.store.bucket(Purpose::Submission);
        let multipart = sending.at.rsplit_once('/').expect("a path").1;
        let parts = bucket.parts(&sending.key, multipart).await.expect("the store").expect("begun");
        let done = bucket.complete(&sending.key, multipart, &parts, None).await.expect("the store");
        assert!(matches!(done, Completion::Whole(_)), "{done:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_nobody_recorded_is_found() {
    let study = Study::begin().await;
    let bytes = bytes(9 * MIB);
    let (asked_again, left_alone) =
        (study.file(&bytes, crc(&bytes)).await, study.file(&bytes, crc(&bytes)).await);
    for sending in [&asked_again, &left_alone] {
        study.part(sending, &bytes, 1).await;
        study.part(sending, &bytes, 2).await;
        study.complete_unrecorded(sending).await;
    }
    study.complete(&asked_again).await.is(200);
    study.until(&asked_again.path, "verified").await;
    study.move_clock("2027-02-08T10:00:00Z").await;
    study.until(&left_alone.path, "verified").await;
    study.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_is_refused_and_its_bytes_removed() {
    let study = Study::begin().await;
    let mut bytes = bytes(MIB);
    bytes[..4].copy_from_slice(b"\x7fELF");
    let sending = study.file(&bytes, crc(&bytes)).await;
    study.part(&sending, &bytes, 1).await;
    study.complete(&sending).await.is(200);
    let refused = study.until(&sending.path, "refused").await;
    assert_eq!(refused["reason"], "application/x-executable files are not taken for this purpose");
    study.complete(&sending).await.refused(422, "invalid_field");
    study.seal("seal", &sending.key).await.refused(422, "invalid_field");
    study.move_clock("2027-02-08T10:00:00Z").await;
    let bucket = study.stack.store.bucket(Purpose::Submission);
    assert_eq!(bucket.head(&sending.key).await.expect("the store"), None);
    study.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_ones_own_draft_takes_files() {
    let mut study = Study::begin().await;
    let check = async |study: &Study, change: Value, status, code: &str| {
        let mut file = json!({"purpose": "submission", "subject": study.draft, "filename": "a.zip",
            "type": "application/zip", "size": 1, "sha256": Sha256Hex::of(b"a")});
        for (name, value) in change.as_object().expect("an object") {
            file[name] = value.clone();
        }
        study.send(Method::POST, "/v1/uploads", None, Some(file)).await.refused(status, code)
    };
    check(&study, json!({"size": 0}), 422, "empty_file").await;
    check(&study, json!({"size": null}), 422, "invalid_field").await;
    check(&study, json!({"sha256": "00"}), 422, "invalid_field").await;
    check(&study, json!({"type": "application/x-executable"}), 422, "invalid_field").await;
    check(&study, json!({"purpose": "recording"}), 422, "invalid_field").await;
    check(&study, json!({"color": "red"}), 422, "unknown_field").await;
    check(&study, json!({"subject": "sub_00000000000000000000000000000000"}), 404, "not_found").await;
    let student = study.token.clone();
    study.token = study.sign_in("tom").await;
    check(&study, json!({}), 404, "not_found").await;
    study.token = student;
    let file = study.sent(&bytes(MIB)).await;
    study.seal("seal", &file).await.is(201);
    check(&study, json!({}), 409, "already_submitted").await;
    study.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_another_origin_reads_refusals_under_an_endpoint_too() {
    let study = Study::begin().await;
    let bytes = bytes(MIB);
    let sending = study.file(&bytes, crc(&bytes)).await;
    let url = format!("{}/1?key=other", sending.at);
    let asked =
        study.http.get(url).header("origin", "http://localhost:3000").send().await.expect("an answer");
    assert_eq!(
        (asked.status().as_u16(), &asked.headers()["access-control-allow-origin"]),
        (404, &"*".parse().expect("a value"))
    );
    study.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_without_progress_for_a_day_is_abandoned() {
    let study = Study::begin().await;
    let bytes = bytes(9 * MIB);
    let sending = study.file(&bytes, crc(&bytes)).await;
    study.move_clock("2027-02-08T09:00:00Z").await;
    study.part(&sending, &bytes, 1).await;
    study.move_clock("2027-02-09T08:59:00Z").await;
    let listed = study.get(&format!("{}?{}", sending.at, sending.query)).await.is(200);
    assert_eq!(listed.as_array().map(Vec::len), Some(1));
    study.move_clock("2027-02-09T09:00:00Z").await;
    study.until(&sending.path, "abandoned").await;
    study.stack.stop().await;
}

impl Study {
    async fn move_clock(&self, now: &str) {
        self.send(Method::POST, "/dev/clock", None, Some(json!({"now": now}))).await.is(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tabs_hand_in_one_version() {
    let study = Study::begin().await;
    assert_eq!(word(&study.open().await.is(200)["id"]), study.draft);
    let (site, notes) = (study.sent(&bytes(MIB)).await, study.sent(&bytes(2 * MIB)).await);
    let (one, other) = tokio::join!(study.seal("one", &site), study.seal("other", &notes));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409], "{one:?} {other:?}");
    let (won, lost, key) = if one.status == 201 { (one, other, "one") } else { (other, one, "other") };
    lost.refused(409, "already_submitted");
    let file = if key == "one" { &site } else { &notes };
    assert_eq!(study.seal(key, file).await.is(201), won.body);
    study.seal("again", &site).await.refused(409, "already_submitted");
    study.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mentor_judges_what_was_handed_in_once() {
    let mut study = Study::begin().await;
    let student = study.token.clone();
    let people = study.get("/dev/people").await.is(200);
    let people = people.as_array().or(people["items"].as_array()).expect("a list").clone();
    let mentor = people.iter().find(|person| person["email"] == "ines@example.org").expect("a mentor");
    study.mentored_by(word(&mentor["id"]).parse().expect("an id")).await;
    let file = study.sent(&bytes(MIB)).await;
    let submission = format!("/v1/submissions/{}", study.draft);
    study.token = study.sign_in("ines").await;
    study.get(&submission).await.refused(404, "not_found");
    study.token = student.clone();
    let sealed = study.seal("seal", &file).await.is(201);
    assert_eq!((&sealed["state"], &sealed["mentor"]), (&json!("sealed"), &mentor["id"]));

    study.token = study.sign_in("marc").await;
    study.get(&submission).await.refused(404, "not_found");
    study.token = study.sign_in("ines").await;
    let listed = study.get("/v1/submissions?state=sealed").await.is(200);
    assert_eq!(listed["items"][0]["id"], sealed["id"]);
    let edition = study.get("/v1/editions/web-development-gb").await.is(200);
    assert_eq!(edition["projects"][0]["id"], "small-business-site");
    let path = format!("{submission}/assessment");
    let none = json!({"decision": "changes_requested", "verdicts": []});
    study.send(Method::POST, &path, None, Some(none)).await.refused(422, "invalid_field");
    let verdicts = Vec::from_iter(
        CRITERIA.iter().map(|id| json!({"criterion": id, "verdict": "not_yet", "note": "once more"})),
    );
    let judgment = json!({"decision": "changes_requested", "verdicts": verdicts});
    let accepted = json!({"decision": "accepted", "verdicts": verdicts});
    study.send(Method::POST, &path, None, Some(accepted)).await.refused(422, "invalid_field");
    let judged = study.send(Method::POST, &path, None, Some(judgment.clone())).await.is(201);
    assert_eq!(judged["state"], "changes_requested");
    study.send(Method::POST, &path, None, Some(judgment)).await.refused(409, "already_decided");

    study.token = student;
    let shown = study.get(&submission).await.is(200);
    assert_eq!(shown["assessment"]["decision"], "changes_requested");
    let second = study.open().await.is(201);
    assert_eq!((&second["version"], &second["state"]), (&json!(2), &json!("draft")));
    // What need not change need not be sent again.
    study.draft = word(&second["id"]);
    study.seal("second", &file).await.is(201);
    let listed = study.get("/v1/submissions").await.is(200);
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(2));
    study.stack.stop().await;
}

/// What the mentor looks for in the first project.
const CRITERIA: &[&str] = &["valid-markup", "one-stylesheet", "small-and-large", "keyboard-and-reader"];
