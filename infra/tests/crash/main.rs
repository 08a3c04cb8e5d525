//! The program as it runs: killed at any point of a student's year, stopped in order, or split over
//! processes.

mod client;
mod process;
#[cfg(target_os = "linux")]
mod ingest; // recordings, which are worked on by children
mod run;
mod series;
mod upload;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use client::Client;
use infra::demo::{self, BEGINS_AT, Year};
use process::{Process, School, Strike, free_port, lease_seconds, printed};
use serde_json::{Value, json};
use storage::Store;
use storage::queue::Settings;
use storage::store::{Endpoints, Names};
use tokio_util::sync::CancellationToken;

/// Kills per year.
const STRIKES: usize = 10;
/// Calls within which a year is under way: enrolled, paid, a mentor assigned and the weeks agreed on.
const BEGUN_WITHIN: usize = 10;
/// How long after a call was begun the process may live on: longer than a month takes to pass.
const STRIKE_DELAY_MAX: Duration = Duration::from_secs(1);

/// What a year leaves behind, as far as it does not depend on ids drawn at random.
#[derive(Debug, PartialEq)]
struct Left {
    /// First dates of each student's invoices.
    invoiced: Vec<Vec<String>>,
    /// Every invoice's number, once.
    numbers: BTreeSet<String>,
    /// When each student's sessions start, and what became of them.
    sessions: Vec<Vec<(String, String)>>,
    /// Projects that were handed in, and what became of them.
    handed_in: Vec<Vec<(String, String)>>,
    /// When defenses were held, and what became of them.
    defended: Vec<Vec<(String, String)>>,
    /// Sums of the recordings of those.
    recorded: Vec<Vec<String>>,
}

fn text(body: &Value, pointer: &str) -> String {
    let found = body.pointer(pointer).and_then(Value::as_str);
    found.unwrap_or_else(|| panic!("no text at {pointer} in {body}")).to_owned()
}

fn column(items: &[Value], pointer: &str) -> Vec<String> {
    items.iter().map(|item| text(item, pointer)).collect()
}

fn distinct(words: &[String]) -> BTreeSet<String> {
    let distinct: BTreeSet<String> = words.iter().cloned().collect();
    assert_eq!(distinct.len(), words.len(), "twice: {words:?}");
    distinct
}

async fn begin(client: &mut Client, who: &str) -> String {
    let body = json!({
        "edition": "web-development-gb", "language": "en", "time_zone": "Europe/London",
        "start_on": "2027-02-07", "hours_per_week": 20,
    });
    let id = text(&client.post(who, "/v1/enrollments", body).await, "/id");
    let body = json!({ "contract_version": 1, "payment_method": { "kind": "sandbox", "token": "ok" } });
    let accepted = client.post(who, &format!("/v1/enrollments/{id}/accept"), body).await;
    assert_eq!(text(&accepted, "/state"), "active");
    id
}

async fn left(client: &mut Client, students: &[&str], enrollments: &[String]) -> Left {
    let mut left = Left {
        invoiced: Vec::new(),
        numbers: BTreeSet::new(),
        sessions: Vec::new(),
        handed_in: Vec::new(),
        defended: Vec::new(),
        recorded: Vec::new(),
    };
    let mut numbers = Vec::new();
    for (who, id) in students.iter().zip(enrollments) {
        let invoices = client.list(who, &format!("/v1/enrollments/{id}/invoices")).await;
        let dates = column(&invoices, "/period/from");
        distinct(&dates);
        assert!(column(&invoices, "/state").iter().all(|state| state == "paid"), "{invoices:?}");
        numbers.extend(column(&invoices, "/number"));
        left.invoiced.push(dates);
        let sessions = client.list(who, "/v1/sessions").await;
        distinct(&column(&sessions, "/id"));
        distinct(&column(&sessions, "/starts_at"));
        left.sessions.push(pairs(&sessions, "/starts_at"));
        let submissions = client.list(who, "/v1/submissions").await;
        distinct(&column(&submissions, "/id"));
        left.handed_in.push(pairs(&submissions, "/project"));
        let defenses = client.list(who, "/v1/defenses").await;
        distinct(&column(&defenses, "/id"));
        left.defended.push(pairs(&defenses, "/starts_at"));
        let mut sums = Vec::new();
        for id in column(&defenses, "/id") {
            let recording = client.get(who, &format!("/v1/defenses/{id}/recording")).await;
            sums.push(text(&recording, "/sha256"));
        }
        left.recorded.push(sums);
    }
    left.numbers = distinct(&numbers);
    for year in ["GB-2027-", "GB-2028-"] {
        let given = left.numbers.iter().filter_map(|number| number.strip_prefix(year));
        let given: Vec<u64> = given.map(|digits| digits.parse().expect("a number")).collect();
        let expected: Vec<u64> = (1..=given.len() as u64).collect();
        assert_eq!(given, expected, "a gap in {year}");
    }
    left
}

fn pairs(items: &[Value], pointer: &str) -> Vec<(String, String)> {
    column(items, pointer).into_iter().zip(column(items, "/state")).collect()
}

/// A school that keeps its data in a folder, and where it answers.
async fn school(data: &Path) -> (School, String) {
    let port = free_port();
    let folder = data.join("school").to_str().expect("UTF-8").to_owned();
    let arguments = ["--data", &folder, "--port", &port.to_string(), "--now", BEGINS_AT];
    let school = School::start(arguments.map(str::to_owned).to_vec(), data.join("output")).await;
    (school, format!("http://127.0.0.1:{port}"))
}

/// The demo's year, played from outside against a program that is killed at these times and started
/// again on the same data; and how many calls it took.
async fn played(clips: Vec<Vec<u8>>, strikes: Vec<Strike>) -> (Left, usize) {
    let data = tempfile::tempdir().expect("a folder");
    let (school, url) = school(data.path()).await;
    let mut year = Year::new(&url, clips);
    let (calls, done) = (year.calls(), CancellationToken::new());
    let school = tokio::spawn(school.struck(strikes, calls.clone(), done.clone()));
    let outcome = year.play().await.expect("the year comes to its end");
    let calls = calls.load(std::sync::atomic::Ordering::Relaxed);
    done.cancel();
    let school = school.await.expect("it was started again each time");
    assert_eq!(outcome.to_string(), demo::PROMISED);

    // Nothing that was acknowledged is lost. Staff may read all but an upload, which is its owner's.
    let mut client = Client::new(&url);
    for created in year.created() {
        let who = if created.location.starts_with("/v1/uploads/") { &created.who } else { "sam" };
        let read = client.get(who, &created.location).await;
        assert!(created.location.ends_with(&text(&read, "/id")), "{}: {read}", created.location);
    }
    let enrollments = column(&client.list("maya", "/v1/enrollments").await, "/id");
    let left = left(&mut client, &["maya"], &enrollments).await;
    assert!(school.terminate().await.success(), "SIGTERM ends it in order");
    (left, calls)
}

/// Strikes drawn from a seed among so many calls, one of them while the year begins: before a call,
/// while it is on its way or after it, as it falls; early more often than late.
fn drawn(seed: u64, calls: usize) -> Vec<Strike> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut chosen: BTreeSet<usize> =
        random.choose_multiple(BEGUN_WITHIN..calls, STRIKES - 1).into_iter().collect();
    chosen.insert(random.usize(1..BEGUN_WITHIN));
    let delay = |call| (call, STRIKE_DELAY_MAX.mul_f64(random.f64().powi(3)));
    chosen.into_iter().map(delay).collect()
}

/// Needs ffmpeg (`make tools`).
#[tokio::test(flavor = "multi_thread")]
async fn a_year_with_ten_kills_leaves_what_an_unbroken_one_leaves() {
    let given = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = given.unwrap_or_else(|| fastrand::u64(..));
    println!("SEED={seed}");
    let clips = demo::clips::make().await.expect("clips");
    let (unbroken, calls) = played(clips.clone(), Vec::new()).await;
    assert_eq!(unbroken.invoiced.iter().map(Vec::len).collect::<Vec<_>>(), [12]);
    let strikes = drawn(seed, calls);
    assert_eq!(strikes.len(), STRIKES);
    assert_eq!(played(clips, strikes).await.0, unbroken);
}

/// Two parts and a rest, sent last part first; the kill falls before, while and after they are put
/// together.
#[tokio::test(flavor = "multi_thread")]
async fn a_kill_while_parts_are_put_together_loses_no_byte() {
    let data = tempfile::tempdir().expect("a folder");
    let (mut school, url) = school(data.path()).await;
    let mut client = Client::new(&url);
    let id = begin(&mut client, "maya").await;
    let edition = client.get("maya", "/v1/editions/web-development-gb").await;
    let path = format!("/v1/enrollments/{id}/projects/{}/submissions", text(&edition, "/projects/0/id"));
    let draft = text(&client.post("maya", &path, json!({})).await, "/id");
    let mut files = Vec::new();
    for (round, delay) in [0, 5, 15, 30, 60, 120].into_iter().enumerate() {
        let file = upload::bytes(round as u64, 2 * upload::PART_BYTES + 12_345);
        let delay = Duration::from_millis(delay);
        let key = upload::through_a_kill(&mut client, &mut school, &draft, &file, delay).await;
        files.push((key, file));
    }
    let named = |(round, (key, _)): (usize, &(String, Vec<u8>))| json!({ "name": format!("Site {round}"), "key": key });
    let work = json!({ "deliverables": Vec::from_iter(files.iter().enumerate().map(named)), "links": [] });
    client.post("maya", &format!("/v1/submissions/{draft}/seal"), work).await;
    let shown = client.get("maya", &format!("/v1/submissions/{draft}")).await;
    for (round, (_, file)) in files.iter().enumerate() {
        let back = client.bytes(&text(&shown, &format!("/deliverables/{round}/url"))).await;
        assert!(back == *file, "round {round} came back otherwise");
    }
    assert!(school.terminate().await.success());
}

/// Days in each of which a month is billed.
const MONTHS: [&str; 12] = [
    "2027-02-20T10:00:00Z",
    "2027-03-20T10:00:00Z",
    "2027-04-20T10:00:00Z",
    "2027-05-20T10:00:00Z",
    "2027-06-20T10:00:00Z",
    "2027-07-20T10:00:00Z",
    "2027-08-20T10:00:00Z",
    "2027-09-20T10:00:00Z",
    "2027-10-20T10:00:00Z",
    "2027-11-20T10:00:00Z",
    "2027-12-20T10:00:00Z",
    "2028-02-10T10:00:00Z",
];

/// One store, one API, two workers, each a process of its own.
#[tokio::test(flavor = "multi_thread")]
async fn two_workers_bill_each_month_once() {
    const STUDENTS: [&str; 4] = ["noor", "maya", "tom", "ana"];
    let data = tempfile::tempdir().expect("a folder");
    let at = |name: &str| data.path().join(name);
    let folder = at("store-data").to_str().expect("UTF-8").to_owned();
    let _store = Process::start(&["store", "--data", &folder], &[], &at("store"));
    let environment = printed(&at("store"), "AWS_SECRET_ACCESS_KEY=local-secret\n").await;
    let pairs = environment.lines().filter_map(|line| line.split_once('='));
    let environment: Vec<_> = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let (port, lease) = (free_port(), lease_seconds());
    let keys = at("api-data").to_str().expect("UTF-8").to_owned();
    let arguments = ["api", "--data", &keys, "--port", &port.to_string(), "--now", BEGINS_AT];
    let _api = Process::start(&arguments, &environment, &at("api"));
    printed(&at("api"), "Compagnon is ready").await;
    let mut logging = environment.clone();
    logging.push(("RUST_LOG".to_owned(), "worker=info".to_owned()));
    let start =
        |name: &str| Process::start(&["worker", "--memory", "--lease-seconds", &lease], &logging, &at(name));
    let workers = [start("one"), start("two")];
    for name in ["one", "two"] {
        printed(&at(name), "worker is ready").await;
    }

    let mut client = Client::new(&format!("http://127.0.0.1:{port}"));
    let mut enrollments = Vec::new();
    for who in STUDENTS {
        enrollments.push(begin(&mut client, who).await);
    }
    for now in MONTHS {
        client.move_to(now).await;
    }
    let left = left(&mut client, &STUDENTS, &enrollments).await;
    assert_eq!(left.numbers.len(), 13 * STUDENTS.len());
    assert!(left.invoiced.iter().all(|dates| dates == &left.invoiced[0] && dates.len() == 13), "{left:?}");
    let report = store_of(&environment).queue_report().await.expect("a report");
    assert!(report.dead.is_empty() && report.held.is_empty(), "{report:?}");
    for worker in workers {
        assert!(worker.terminate().await.success());
    }
    for name in ["one", "two"] {
        let log = std::fs::read_to_string(at(name).with_extension("log")).expect("a log");
        assert!(log.contains("\"message\":\"done\""), "worker {name} did nothing: {log}");
    }
}

/// The store that a process was told of.
fn store_of(environment: &[(String, String)]) -> Store {
    let given = |name: &str| {
        let found = environment.iter().find(|(given, _)| given == name);
        found.map(|(_, value)| value.clone()).expect("it was printed")
    };
    let endpoints = Endpoints {
        table: given("AWS_ENDPOINT_URL_DYNAMODB"),
        buckets: given("AWS_ENDPOINT_URL_S3"),
        region: given("AWS_REGION"),
        access_key: given("AWS_ACCESS_KEY_ID"),
        secret_key: given("AWS_SECRET_ACCESS_KEY"),
    };
    Store::at(&endpoints, &Names::default(), Settings::default())
}
