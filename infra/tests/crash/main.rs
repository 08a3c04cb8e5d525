//! The program as it runs: killed at any point of a year, stopped in order, or split over processes.

mod client;
mod process;

use std::collections::BTreeSet;
use std::path::Path;

use client::{Client, School, Strikes};
use process::{POLL, Process, free_port, lease_seconds, printed};
use serde_json::{Value, json};
use storage::Store;
use storage::queue::Settings;
use storage::store::{Endpoints, Names};

const BEGINS_AT: &str = "2027-01-31T10:00:00Z";
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
/// Kills per year.
const STRIKES: usize = 10;
/// How often an enrollment is looked at until it began.
const LOOKS_MAX: usize = 1_000;
/// Fewer calls than a year makes.
const CALLS: usize = 54;

/// What a year leaves behind, as far as it does not depend on ids drawn at random.
#[derive(Debug, PartialEq)]
struct Left {
    /// First dates of each student's invoices.
    invoiced: Vec<Vec<String>>,
    /// Every invoice's number, once.
    numbers: BTreeSet<String>,
    /// When each student's sessions start.
    sessions: Vec<Vec<String>>,
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
        "start_on": "2027-01-31", "hours_per_week": 20,
    });
    let id = text(&client.post(who, "/v1/enrollments", body).await, "/id");
    let body = json!({ "contract_version": 1, "payment_method": { "kind": "sandbox", "token": "ok" } });
    client.post(who, &format!("/v1/enrollments/{id}/accept"), body).await;
    // A killed process may have answered that the payment is on its way.
    for _ in 0..LOOKS_MAX {
        if text(&client.get(who, &format!("/v1/enrollments/{id}")).await, "/state") == "active" {
            return id;
        }
        tokio::time::sleep(POLL).await;
    }
    panic!("{who}'s enrollment did not begin");
}

/// Noor's and Maya's year.
async fn year(client: &mut Client) -> Left {
    let students = ["noor", "maya"];
    let mut acknowledged = Vec::new();
    let mut enrollments = Vec::new();
    let edition = client.get("noor", "/v1/editions/web-development-gb").await;
    let project = text(&edition, "/projects/0/id");
    for (who, mentor, weekday, first_on) in
        [("noor", "ines", "tue", "2027-02-02"), ("maya", "marc", "wed", "2027-02-03")]
    {
        let id = begin(client, who).await;
        let path = format!("/v1/enrollments/{id}/projects/{project}/submissions");
        let submission = text(&client.post(who, &path, json!({})).await, "/id");
        acknowledged.push((who, format!("/v1/submissions/{submission}")));
        let with = text(&client.get(mentor, "/v1/people/me").await, "/id");
        let assign = json!({ "enrollment": id, "mentor": with, "from": "2027-01-31" });
        client.post("sam", "/v1/admin/assignments", assign).await;
        let weekly = json!({
            "enrollment": id, "with": with, "kind": "mentoring", "time_zone": "Europe/London",
            "weekday": weekday, "local_time": "18:00", "minutes": 45, "first_on": first_on,
        });
        let series = client.post(mentor, "/v1/commitments", weekly).await;
        let made = series["sessions"].as_array().expect("sessions");
        acknowledged.extend(column(made, "/id").into_iter().map(|id| (who, format!("/v1/sessions/{id}"))));
        enrollments.push(id);
    }
    for now in MONTHS {
        client.move_to(now).await;
        for (who, id) in students.iter().zip(&enrollments) {
            client.get(who, &format!("/v1/enrollments/{id}")).await;
        }
    }
    for (who, path) in acknowledged {
        let read = client.get(who, &path).await;
        assert!(path.ends_with(&text(&read, "/id")), "{path}");
    }
    left(client, &students, &enrollments).await
}

async fn left(client: &mut Client, students: &[&str], enrollments: &[String]) -> Left {
    let (mut invoiced, mut numbers, mut sessions) = (Vec::new(), Vec::new(), Vec::new());
    for (who, id) in students.iter().zip(enrollments) {
        let invoices = client.list(who, &format!("/v1/enrollments/{id}/invoices")).await;
        let dates = column(&invoices, "/period/from");
        distinct(&dates);
        assert!(column(&invoices, "/state").iter().all(|state| state == "paid"), "{invoices:?}");
        numbers.extend(column(&invoices, "/number"));
        invoiced.push(dates);
        let held = client.list(who, "/v1/sessions").await;
        distinct(&column(&held, "/id"));
        let starts = column(&held, "/starts_at");
        distinct(&starts);
        sessions.push(starts);
    }
    let numbers = distinct(&numbers);
    for year in ["GB-2027-", "GB-2028-"] {
        let given = numbers.iter().filter_map(|number| number.strip_prefix(year));
        let given: Vec<u64> = given.map(|digits| digits.parse().expect("a number")).collect();
        let expected: Vec<u64> = (1..=given.len() as u64).collect();
        assert_eq!(given, expected, "a gap in {year}");
    }
    Left { invoiced, numbers, sessions }
}

async fn school(data: &Path, port: u16) -> School {
    let folder = data.join("school").to_str().expect("UTF-8").to_owned();
    let arguments = ["--data", &folder, "--port", &port.to_string(), "--now", BEGINS_AT];
    School::start(arguments.map(str::to_owned).to_vec(), data.join("output")).await
}

async fn played(seed: u64, strikes: usize) -> Left {
    let data = tempfile::tempdir().expect("a folder");
    let port = free_port();
    let school = school(data.path(), port).await;
    let mut client = Client::new(port).striking(school, Strikes::drawn(seed, strikes, CALLS));
    let left = year(&mut client).await;
    assert_eq!(client.killed, strikes);
    assert!(client.into_school().terminate().await.success(), "SIGTERM ends it in order");
    left
}

#[tokio::test(flavor = "multi_thread")]
async fn a_year_with_ten_kills_leaves_what_an_unbroken_one_leaves() {
    let seed =
        std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(|| fastrand::u64(..));
    println!("SEED={seed}");
    let unbroken = played(seed, 0).await;
    assert_eq!(unbroken.invoiced.iter().map(Vec::len).collect::<Vec<_>>(), [13, 13]);
    assert_eq!(played(seed, STRIKES).await, unbroken);
}

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
    let start = |name: &str| Process::start(&["worker", "--lease-seconds", &lease], &environment, &at(name));
    let workers = [start("one"), start("two")];
    for name in ["one", "two"] {
        printed(&at(name), "worker is ready").await;
    }

    let mut client = Client::new(port);
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
