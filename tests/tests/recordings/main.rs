//! Recordings from the first part to the last day, through HTTP: what is evidence, who watches it, when it
//! goes. Needs ffmpeg (`make tools`).

mod clips; // films as recorders make them, whole and damaged
mod files; // what is evidence, what is not, and what staff look at
mod fuzz; // damaged at random
mod keeping; // held for an appeal, erased, expired
mod parts; // in any order, and once
mod watching; // a film, its pieces, and who saw them

use std::time::Duration;

use crc_fast::{CrcAlgorithm, checksum};
use domain::digest::{Crc64, Sha256Hex};
use domain::id::DefenseId;
use domain::recording::{CustodyEvent, is_unbroken};
use domain::upload::Purpose;
use infra::stack::{Lifetimes, Options};
use serde_json::{Value, json};
use storage::Bucket;
use storage::key::Query;
use storage::transaction::AuditEntry;
use tests::work::{self, Sending, act_on, judge_defense, settle};
use tests::{Answer, School, text};

const ENROLLED: &str = "2027-02-07T10:00:00Z";
const DEFENDED: &str = "2027-02-22T10:00:00Z";
const MIB: usize = 1 << 20;

/// A school, and Maya's first defense, which Marc judges: held for a minute, of which nothing is recorded
/// yet.
struct Held {
    school: School,
    enrollment: String,
    defense: String,
}

impl Held {
    async fn maya() -> Self {
        Self::where_links_live(Lifetimes::default().link).await
    }

    async fn where_links_live(link: Duration) -> Self {
        let lifetimes = Lifetimes { link, ..Lifetimes::default() };
        let now = Some(ENROLLED.parse().expect("an instant"));
        let school = School::with(Options { port: 0, now, lifetimes, ..Options::default() }).await;
        let (enrollment, defense) = work::ask_first_defense(&school, "maya", &DEFENDED[..10]).await;
        work::prepare_defense(&school, "maya", "marc", &defense, DEFENDED).await;
        work::hold_defense(&school, "marc", &defense, 1).await;
        Self { school, enrollment, defense }
    }

    /// Asks for a place for a recording of so many bytes with these sums, as Marc.
    async fn ask(&self, kind: &str, size: usize, sums: &Sums) -> Answer {
        let body = json!({ "purpose": "recording", "subject": self.defense, "filename": "defense",
            "type": kind, "size": size, "sha256": sums.sha256, "crc64nvme": sums.crc64nvme });
        self.school.post("marc", "/v1/uploads", body).await
    }

    async fn open(&self, kind: &str, size: usize, sums: &Sums) -> Value {
        self.ask(kind, size, sums).await.expect(201)
    }

    /// Sends a file in one part as it was declared; answers its upload and what completing it said.
    async fn send(&self, kind: &str, bytes: &[u8], size: usize, sums: &Sums) -> (String, Answer) {
        let upload = self.open(kind, size, sums).await;
        let sending = Sending::begin(&self.school, &upload).await;
        assert_eq!(sending.part(1, bytes).await, 200);
        let completed = sending.complete().await;
        settle(&self.school).await;
        (text(&upload, "/id"), completed)
    }

    /// Sends a recording as it is, and waits for what becomes of it; answers the key of its upload.
    async fn record(&self, kind: &str, bytes: &[u8]) -> String {
        let (upload, completed) = self.send(kind, bytes, bytes.len(), &Sums::sha256_of(bytes)).await;
        completed.expect(200);
        text(&self.upload(&upload).await, "/key")
    }

    async fn upload(&self, id: &str) -> Value {
        self.school.get("marc", &format!("/v1/uploads/{id}")).await.expect(200)
    }

    /// Reads the recording.
    async fn watch(&self, who: &str) -> Answer {
        self.school.get(who, &format!("/v1/defenses/{}/recording", self.defense)).await
    }

    async fn act(&self, who: &str, act: &str, body: Value) -> Answer {
        act_on(&self.school, who, &self.defense, act, body).await
    }

    /// Marc saw every skill.
    async fn judge(&self) -> Answer {
        judge_defense(&self.school, "marc", &self.defense, |_| "acquired").await
    }

    async fn state(&self) -> String {
        let path = format!("/v1/defenses/{}", self.defense);
        text(&self.school.get("sam", &path).await.expect(200), "/state")
    }

    /// Who did something with the defense, in that order.
    async fn log(&self, action: &str) -> Vec<String> {
        let log = self.school.stack.store.list::<AuditEntry>(&Query::Audit(self.defense.clone()), 500).await;
        let entries = log.expect("the store").into_iter().map(|entry| entry.value);
        entries.filter(|entry| entry.action == action).map(|entry| entry.by).collect()
    }

    fn bucket(&self) -> &Bucket {
        self.school.stack.store.bucket(Purpose::Recording)
    }

    /// Whether there is an object.
    async fn has(&self, key: &str) -> bool {
        self.bucket().head(key).await.expect("the store").is_some()
    }

    /// How many objects there are whose keys begin so.
    async fn count(&self, prefix: &str) -> usize {
        self.bucket().keys(prefix, None).await.expect("the store").len()
    }

    fn id(&self) -> DefenseId {
        self.defense.parse().expect("an id")
    }
}

/// What a file is said to sum up to.
#[derive(Default)]
struct Sums {
    sha256: Option<Sha256Hex>,
    crc64nvme: Option<Crc64>,
}

impl Sums {
    fn sha256_of(bytes: &[u8]) -> Self {
        Self { sha256: Some(Sha256Hex::of(bytes)), ..Self::default() }
    }

    fn crc64nvme_of(bytes: &[u8]) -> Self {
        let crc64nvme = Some(Crc64::new(checksum(CrcAlgorithm::Crc64Nvme, bytes)));
        Self { crc64nvme, ..Self::default() }
    }

    fn both_of(bytes: &[u8]) -> Self {
        Self { crc64nvme: Self::crc64nvme_of(bytes).crc64nvme, ..Self::sha256_of(bytes) }
    }
}

/// The custody of a recording that was read, whose chain is whole.
#[track_caller]
fn custody(recording: &Value) -> Vec<CustodyEvent> {
    let events: Vec<CustodyEvent> =
        serde_json::from_value(recording["custody"].clone()).expect("events of a custody");
    assert!(is_unbroken(&events), "{events:?}");
    events
}

/// What happened, in that order.
fn words(custody: &[CustodyEvent]) -> Vec<&str> {
    custody.iter().map(|event| event.event.as_str()).collect()
}

/// What a link answers now.
async fn follow(url: &str) -> reqwest::Response {
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    client.get(url).send().await.expect("an answer")
}
