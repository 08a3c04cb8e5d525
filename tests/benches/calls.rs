//! Requests a second, and how long they take, of three calls on the local stack; beside each, in the
//! same run, the bare store's rate for the same kind of operation: a query of the same items, a
//! transaction that puts as many items of the same size.
//!
//! `cargo bench -p tests --bench calls`, or with `-- --disk` behind it for a store that keeps its data.

mod measure;

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use crc_fast::{CrcAlgorithm, checksum};
use domain::digest::{Crc64, Sha256Hex};
use futures::StreamExt;
use infra::local_store::LocalStore;
use infra::stack::{self, Api, Options};
use measure::{Attributes, Measured, bare, measure, ms, table, text};
use reqwest::Method;
use serde_json::{Value, json};
use storage::key::Query;
use tokio_util::sync::CancellationToken;

/// Rounds before anything counts.
const WARM_UP: usize = 50;
/// Calls of each kind that count.
const ROUNDS: usize = 500;
/// How many callers there are at once.
const AT_ONCE: [usize; 2] = [1, 8];
/// When it is at school.
const NOW: &str = "2027-02-07T10:00:00Z";
/// What a student hands in: a ZIP archive by its first bytes.
const FILE: &[u8] = b"PK\x03\x04 a small site";

/// A running school whose store can also be asked without it.
struct School {
    local: LocalStore,
    store: storage::Store,
    api: Api,
    client: Client,
    http: reqwest::Client,
}

/// Somebody who may enroll.
struct Student {
    token: String,
}

/// A student whose work is uploaded and verified, and ready to be handed in.
struct Ready {
    student: Student,
    enrollment: String,
    draft: String,
    key: String,
}

impl School {
    async fn ask(&self, method: Method, path: &str, token: &str, body: Option<Value>) -> (u16, Value) {
        static KEYS: AtomicUsize = AtomicUsize::new(0);
        let url = if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.api.url) };
        let key = format!("key-{}", KEYS.fetch_add(1, Ordering::Relaxed));
        let request = self.http.request(method, url).bearer_auth(token).header("idempotency-key", key);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let answer = request.send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.unwrap_or(Value::Null))
    }

    async fn done(&self, method: Method, path: &str, token: &str, body: Option<Value>) -> Value {
        let (status, body) = self.ask(method, path, token, body).await;
        assert!((200..300).contains(&status), "{path} answered {status}: {body}");
        body
    }

    async fn student(&self) -> Student {
        static STUDENTS: AtomicUsize = AtomicUsize::new(0);
        let number = STUDENTS.fetch_add(1, Ordering::Relaxed);
        let person = json!({ "person": format!("student-{number}@example.org") });
        let token = word(&self.done(Method::POST, "/dev/tokens", "none", Some(person)).await["token"]);
        let profile = json!({"name": format!("Student {number}"), "time_zone": "Europe/London",
            "languages": ["en"], "address": {"lines": ["1 Sample Street"], "city": "London",
            "postal_code": "N1 8QT", "country": "GB"}});
        let me = format!("{}/v1/people/me", self.api.url);
        let seen = self.http.get(&me).bearer_auth(&token).send().await.expect("an answer");
        let put = self.http.put(&me).bearer_auth(&token).header("if-match", &seen.headers()["etag"]);
        assert_eq!(put.json(&profile).send().await.expect("an answer").status(), 200);
        Student { token }
    }

    async fn enroll(&self, student: &Student) -> Value {
        let wish = json!({"edition": "web-development-gb", "language": "en", "hours_per_week": 20,
            "time_zone": "Europe/London", "start_on": "2027-02-07"});
        self.done(Method::POST, "/v1/enrollments", &student.token, Some(wish)).await
    }

    async fn read(&self, ready: &Ready) {
        self.done(Method::GET, &ready.enrollment, &ready.student.token, None).await;
    }

    async fn seal(&self, ready: &Ready) {
        let work = json!({"deliverables": [{"name": "The site", "key": ready.key}], "links": []});
        let path = format!("/v1/submissions/{}/seal", ready.draft);
        self.done(Method::POST, &path, &ready.student.token, Some(work)).await;
    }

    async fn until(&self, path: &str, token: &str, state: &str) {
        for _ in 0..2_000 {
            if self.done(Method::GET, path, token, None).await["state"] == state {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{path} is not {state}");
    }

    /// A student who enrolled, paid, and sent the first project's file.
    async fn ready(&self) -> Ready {
        let student = self.student().await;
        let token = &student.token;
        let enrolled = self.enroll(&student).await;
        let enrollment = format!("/v1/enrollments/{}", word(&enrolled["id"]));
        let contract = json!({"contract_version": enrolled["contract"]["version"],
            "payment_method": {"kind": "sandbox", "token": "ok"}});
        self.done(Method::POST, &format!("{enrollment}/accept"), token, Some(contract)).await;
        self.until(&enrollment, token, "active").await;
        let drafts = format!("{enrollment}/projects/small-business-site/submissions");
        let draft = word(&self.done(Method::POST, &drafts, token, Some(json!({}))).await["id"]);
        let key = self.send(token, &draft).await;
        Ready { student, enrollment, draft, key }
    }

    /// Uploads the file for a draft, and answers its key once it is verified.
    async fn send(&self, token: &str, draft: &str) -> String {
        let crc64nvme = Crc64::new(checksum(CrcAlgorithm::Crc64Nvme, FILE));
        let file = json!({"purpose": "submission", "subject": draft, "filename": "site.zip",
            "type": "application/zip", "size": FILE.len(), "sha256": Sha256Hex::of(FILE),
            "crc64nvme": crc64nvme});
        let opened = self.done(Method::POST, "/v1/uploads", token, Some(file)).await;
        let multipart = format!("{}/s3/multipart", word(&opened["endpoint"]));
        let begin =
            json!({"filename": "site.zip", "type": "application/zip", "metadata": {"name": "site.zip"}});
        let begun = self.done(Method::POST, &multipart, token, Some(begin)).await;
        let key = word(&begun["key"]);
        let (at, query) = (format!("{multipart}/{}", word(&begun["uploadId"])), key.replace('/', "%2F"));
        let signed = self.done(Method::GET, &format!("{at}/1?key={query}"), token, None).await;
        let put = self.http.put(word(&signed["url"])).body(FILE).send().await.expect("an answer");
        assert_eq!(put.status(), 200);
        let complete = format!("{at}/complete?key={query}");
        self.done(Method::POST, &complete, token, Some(json!({"parts": []}))).await;
        self.until(&format!("/v1/uploads/{}", word(&opened["id"])), token, "verified").await;
        key
    }

    /// Everything in the table.
    async fn items(&self) -> Vec<Attributes> {
        let (mut items, mut start) = (Vec::new(), None);
        loop {
            let scan = self.client.scan().table_name(table()).consistent_read(true);
            let page = scan.set_exclusive_start_key(start).send().await.expect("an answer");
            items.extend(page.items.unwrap_or_default());
            start = page.last_evaluated_key;
            if start.is_none() {
                return items;
            }
        }
    }

    /// The items that a call writes, as they stand after it.
    async fn written_by(&self, call: impl Future<Output = ()>) -> Vec<Attributes> {
        let before = HashSet::<String>::from_iter(self.items().await.iter().map(version));
        call.await;
        self.items().await.into_iter().filter(|item| !before.contains(&version(item))).collect()
    }

    /// Writes copies of items in one bare transaction, where no worker looks for jobs.
    async fn put(&self, items: &[Attributes], round: usize) {
        let puts = items.iter().map(|item| {
            let mut item = item.clone();
            let pk = format!("bare-{round}-{}", text(&item, "pk"));
            item.insert("pk".into(), AttributeValue::S(pk));
            if let Some(range) = item.get_mut("queue_pk") {
                *range = AttributeValue::S("bare".into());
            }
            let put = Put::builder().table_name(table()).set_item(Some(item)).build().expect("a put");
            TransactWriteItem::builder().put(put).build()
        });
        let puts = Some(puts.collect());
        self.client.transact_write_items().set_transact_items(puts).send().await.expect("written");
    }
}

fn word(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

/// Which item it is, and in which state: every write raises its revision or how often it was asked for.
fn version(item: &Attributes) -> String {
    let number = |name| item.get(name).and_then(|value| value.as_n().ok());
    format!("{} {} {:?} {:?}", text(item, "pk"), text(item, "sk"), number("revision"), number("asked"))
}

/// So many of something, made eight at a time.
async fn several<T, F: Future<Output = T>>(count: usize, make: impl Fn() -> F) -> Vec<T> {
    futures::stream::iter(0..count).map(|_| make()).buffer_unordered(8).collect().await
}

fn show(call: &str, at_once: usize, ours: Measured, bare: Measured, items: usize) {
    let (p50, p99, share) = (ms(ours.p50), ms(ours.p99), ours.rate / bare.rate);
    let rates = format!("{:8.0} {p50:7.2} {p99:7.2} {items:6} {:8.0}", ours.rate, bare.rate);
    println!("{call:8} {at_once:7} {rates} {share:8.2}");
}

async fn enrolling(school: &School, at_once: usize) {
    let students = several(WARM_UP + ROUNDS + 1, || school.student()).await;
    let (first, rest) = students.split_first().expect("students");
    let items = school.written_by(async { drop(school.enroll(first).await) }).await;
    let enroll = async |student: &Student| drop(school.enroll(student).await);
    measure(&rest[..WARM_UP], at_once, enroll).await;
    let ours = measure(&rest[WARM_UP..], at_once, enroll).await;
    let put = |round| school.put(&items, round);
    let first = at_once * 1_000_000;
    measure(first..first + WARM_UP, at_once, put).await;
    let bare = measure(first + WARM_UP..first + WARM_UP + ROUNDS, at_once, put).await;
    show("enroll", at_once, ours, bare, items.len());
}

async fn reading(school: &School, at_once: usize, ready: &[Ready]) {
    let read = |round: usize| school.read(&ready[round % ready.len()]);
    measure(0..WARM_UP, at_once, read).await;
    let ours = measure(0..ROUNDS, at_once, read).await;
    let id = |ready: &Ready| ready.enrollment.rsplit('/').next().and_then(|id| id.parse().ok());
    let queries = Vec::from_iter(ready.iter().map(|ready| Query::Progress(id(ready).expect("an id"))));
    let query = async |round: usize| {
        let found = school.store.all(&queries[round % queries.len()], 100).await.expect("the store");
        assert!(!found.is_empty());
    };
    measure(0..WARM_UP, at_once, query).await;
    let bare = measure(0..ROUNDS, at_once, query).await;
    let items = school.store.all(&queries[0], 100).await.expect("the store").len();
    show("progress", at_once, ours, bare, items);
}

async fn sealing(school: &School, at_once: usize, ready: &[Ready]) {
    let (first, rest) = ready.split_first().expect("students");
    let items = school.written_by(school.seal(first)).await;
    let seal = |ready| school.seal(ready);
    measure(&rest[..WARM_UP], at_once, seal).await;
    let ours = measure(&rest[WARM_UP..], at_once, seal).await;
    let put = |round| school.put(&items, round);
    let first = at_once * 1_000_000 + 500_000;
    measure(first..first + WARM_UP, at_once, put).await;
    let bare = measure(first + WARM_UP..first + WARM_UP + ROUNDS, at_once, put).await;
    show("seal", at_once, ours, bare, items.len());
}

#[tokio::main]
async fn main() {
    let kept = std::env::args().any(|argument| argument == "--disk");
    let folder = tempfile::tempdir().expect("a folder");
    let local = LocalStore::start(kept.then(|| folder.path())).await.expect("a store");
    let store = local.store(storage::queue::Settings::default());
    let clock = stack::set_clock(&store, Some(NOW.parse().expect("an instant"))).await.expect("a clock");
    let api =
        Api::start(store.clone(), clock, &Options { port: 0, ..Options::default() }).await.expect("an API");
    let stop = CancellationToken::new();
    let worker = stack::worker(store.clone(), clock, None, &Default::default()).expect("a worker");
    let worker = tokio::spawn(worker.run(stop.clone()));
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let client = bare(&local.endpoints);
    let school = School { local, store, api, client, http };

    println!("store {}, {ROUNDS} calls each", if kept { "on disk" } else { "in memory" });
    println!("call     at once  calls/s  p50 ms  p99 ms  items   bare/s  of bare");
    for at_once in AT_ONCE {
        enrolling(&school, at_once).await;
        let ready = several(WARM_UP + ROUNDS + 1, || school.ready()).await;
        // Whatever paying and uploading left to do is done before anything is measured.
        tokio::time::sleep(Duration::from_secs(1)).await;
        reading(&school, at_once, &ready).await;
        sealing(&school, at_once, &ready).await;
    }
    stop.cancel();
    worker.await.expect("the worker ends").expect("without an error");
    school.api.stop().await;
    school.local.stop().await;
}
