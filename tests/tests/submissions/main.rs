//! Work on its way to the mentor: through Uppy's own calls, whole or not at all, handed in once.

mod handing_in; // a version handed in once, and judged once
mod uploading; // files through Uppy's own calls: whole or not at all

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

impl Study {
    async fn move_clock(&self, now: &str) {
        self.send(Method::POST, "/dev/clock", None, Some(json!({"now": now}))).await.is(200);
    }
}

/// What the mentor looks for in the first project.
const CRITERIA: &[&str] = &["valid-markup", "one-stylesheet", "small-and-large", "keyboard-and-reader"];
