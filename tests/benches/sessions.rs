//! Weekly sessions: their instants alone, and booking them beside the same writes without anything around.
//!
//! `cargo bench --workspace --bench sessions -- [--series N] [--disk]`; 10,000 series where nothing is said.

#[allow(dead_code)]
mod measure;

use std::collections::BTreeSet;
use std::hint::black_box;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::BeforeSerializationInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsInput;
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use domain::commitment::HORIZON_DAYS;
use domain::enrollment::{Offer, PaymentMethod};
use domain::job::Job;
use domain::time::Zone;
use futures::StreamExt;
use infra::crowd::{Crowd, EDITION, Mentored};
use infra::local_store::LocalStore;
use infra::seed;
use jiff::{Timestamp, ToSpan};
use measure::{Attributes, bare, table, text};
use storage::clock::machine_now;
use storage::queue::{Claimed, Settings};
use storage::{Clock, Store};
use worker::Worker;

/// Instants resolved, on one thread.
const RESOLVED: u32 = 2_000_000;
/// Students of one mentor: fifteen hours of a week.
const STUDENTS_A_MENTOR: u32 = 20;
/// What a look at one finds due, two weeks after the last.
const SESSIONS_A_SERIES: u32 = 2;
/// Jobs, and transactions, at once.
const AT_ONCE: usize = 8;

fn zone() -> Zone {
    "Europe/London".parse().expect("a zone")
}

fn now() -> Timestamp {
    "2027-03-08T09:00:00Z".parse().expect("an instant")
}

fn crowd(students: u32) -> Crowd {
    Crowd {
        students,
        since: "2027-03-07".parse().expect("a date"),
        time_zone: zone(),
        method: PaymentMethod::Manual,
    }
}

/// Students of whose series the sessions of two weeks are due: the others were made before.
fn mentored(students: u32) -> Mentored {
    let made = zone().date_at(now()).saturating_add(HORIZON_DAYS.days());
    Mentored { crowd: crowd(students), students_a_mentor: STUDENTS_A_MENTOR, made_through: Some(made) }
}

/// Keeps them, and the job that books the next sessions of each mentor: due before what the people of the
/// sessions are told, so that it is claimed first.
async fn enroll(store: &Store, students: u32) {
    let due_at = now() - jiff::SignedDuration::from_hours(1);
    mentored(students).enroll(store, due_at).await.expect("enrolled");
}

async fn claim(store: &Store, jobs_max: usize) -> Vec<Claimed> {
    store.claim("bench", now(), machine_now(), jobs_max).await.expect("the store")
}

/// Claims and runs every job that books, so many at once.
async fn book(worker: &Worker, series: u32) -> Duration {
    let began = Instant::now();
    let claims = futures::stream::unfold(series / STUDENTS_A_MENTOR, |left| async move {
        let some = (left as usize).min(AT_ONCE);
        let claimed = if some == 0 { Vec::new() } else { claim(&worker.store, some).await };
        assert!(left == 0 || !claimed.is_empty(), "{left} mentors are left, and nothing is due");
        (left > 0).then(|| (futures::stream::iter(claimed.clone()), left - claimed.len() as u32))
    });
    let runs = claims.flatten().map(|claimed| async move {
        assert!(matches!(claimed.job, Job::ExtendSeries { .. }), "{claimed:?}");
        worker::jobs::run(worker, &claimed).await.expect("a run that ends");
    });
    runs.buffer_unordered(AT_ONCE).collect::<()>().await;
    began.elapsed()
}

/// Every item of the table.
async fn everything(client: &Client) -> Vec<Attributes> {
    let (mut items, mut start) = (Vec::new(), None);
    loop {
        let page =
            client.scan().table_name(table()).set_exclusive_start_key(start).send().await.expect("a page");
        items.extend(page.items.unwrap_or_default());
        start = page.last_evaluated_key;
        if start.is_none() {
            return items;
        }
    }
}

/// The transactions by which the next sessions of one mentor are booked, and what stood there before.
struct Sample {
    before: Vec<Attributes>,
    transactions: Vec<Vec<TransactWriteItem>>,
}

/// Keeps the transactions that a client sends.
#[derive(Debug, Default, Clone)]
struct Recorder(Arc<Mutex<Vec<Vec<TransactWriteItem>>>>);

impl Intercept for Recorder {
    fn name(&self) -> &'static str {
        "recorder"
    }

    fn read_before_serialization(
        &self,
        context: &BeforeSerializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(input) = context.input().downcast_ref::<TransactWriteItemsInput>() {
            self.0.lock().expect("not poisoned").push(input.transact_items().to_vec());
        }
        Ok(())
    }
}

async fn sample(local: &LocalStore) -> Sample {
    let store = local.store(Settings::default());
    enroll(&store, STUDENTS_A_MENTOR).await;
    let mut before = Vec::new();
    let recorder = Recorder::default();
    let watched = store.client().config().to_builder().interceptor(recorder.clone()).build();
    let watched = worker(&store.clone().through(Client::from_conf(watched)));
    for claimed in claim(&store, 1).await {
        before = everything(store.client()).await;
        worker::jobs::run(&watched, &claimed).await.expect("a run that ends");
    }
    let transactions = std::mem::take(&mut *recorder.0.lock().expect("not poisoned"));
    let touched = BTreeSet::from_iter(transactions.iter().flatten().filter_map(|write| place(write.clone())));
    before.retain(|item| touched.contains(&(text(item, "pk").to_owned(), text(item, "sk").to_owned())));
    Sample { before, transactions }
}

/// The key, or the item, that says where something is written.
fn key(write: &mut TransactWriteItem) -> Option<&mut Attributes> {
    let TransactWriteItem { condition_check, put, delete, update, .. } = write;
    let check = condition_check.as_mut().map(|check| &mut check.key);
    let key = check.or(put.as_mut().map(|put| &mut put.item));
    let key = key.or(delete.as_mut().map(|delete| &mut delete.key));
    key.or(update.as_mut().map(|update| &mut update.key))
}

fn place(mut write: TransactWriteItem) -> Option<(String, String)> {
    key(&mut write).map(|key| (text(key, "pk").to_owned(), text(key, "sk").to_owned()))
}

/// Under keys of one mentor's own.
fn renamed(key: &mut Attributes, mentor: u32) {
    let pk = format!("{}_{mentor:08x}", text(key, "pk"));
    key.insert("pk".into(), AttributeValue::S(pk));
}

/// The very transactions of the sample with nothing around them, for each mentor over copies of what stood there.
async fn write_bare(client: &Client, sample: &Sample, series: u32) -> Duration {
    let mentors = 0..series / STUDENTS_A_MENTOR;
    let copies = mentors.clone().flat_map(|mentor| sample.before.iter().map(move |item| (mentor, item)));
    let copied = futures::stream::iter(copies).map(|(mentor, item)| {
        let mut item = item.clone();
        renamed(&mut item, mentor);
        let call = client.put_item().table_name(table()).set_item(Some(item));
        async move { call.send().await.map(drop).expect("copied") }
    });
    copied.buffer_unordered(AT_ONCE).collect::<()>().await;

    let began = Instant::now();
    let written = futures::stream::iter(mentors).map(|mentor| async move {
        for writes in &sample.transactions {
            let mut writes = writes.clone();
            for key in writes.iter_mut().filter_map(key) {
                renamed(key, mentor);
            }
            let call = client.transact_write_items().set_transact_items(Some(writes));
            call.send().await.map(drop).expect("written");
        }
    });
    written.buffer_unordered(AT_ONCE).collect::<()>().await;
    began.elapsed()
}

fn worker(store: &Store) -> Worker {
    Worker::alone(store.clone(), Clock::Simulated)
}

/// Resolves wall times to instants, without any store.
fn resolve(offer: &Offer) -> f64 {
    let mentored = mentored(STUDENTS_A_MENTOR);
    let series = (0..STUDENTS_A_MENTOR).map(|index| {
        mentored.series(index, &mentored.crowd.enrollment(index, offer).expect("an enrollment"))
    });
    let series = Vec::from_iter(series);
    let since = mentored.crowd.since;
    let through = since.saturating_add(371.days());
    let (began, mut resolved) = (Instant::now(), 0);
    while resolved < RESOLVED {
        for series in &series {
            for occurrence in black_box(series).occurrences(since, through) {
                black_box(occurrence);
                resolved += 1;
            }
        }
    }
    f64::from(resolved) / began.elapsed().as_secs_f64()
}

fn argument(name: &str) -> Option<String> {
    let mut arguments = std::env::args();
    arguments.find(|argument| argument == name)?;
    arguments.next()
}

#[tokio::main]
async fn main() {
    let series: u32 = argument("--series").and_then(|text| text.parse().ok()).unwrap_or(10_000);
    assert!(
        series.is_multiple_of(10 * STUDENTS_A_MENTOR),
        "--series takes multiples of {}",
        10 * STUDENTS_A_MENTOR
    );
    let folder =
        std::env::args().any(|argument| argument == "--disk").then(|| tempfile::tempdir().expect("a folder"));
    let local = async |name: &str| {
        let folder = folder.as_ref().map(|folder| folder.path().join(name));
        let local = LocalStore::start(folder.as_deref()).await.expect("a store");
        let store = local.store(Settings::default());
        seed::load_sample_catalog(&store).await.expect("loaded");
        Clock::set(&store, now()).await.expect("set");
        local
    };
    let one = local("one").await;
    let prospectus = one.store(Settings::default()).edition(&EDITION.parse().expect("a slug"), 1).await;
    let offer = prospectus.expect("read").expect("there").offer(crowd(1).since).expect("an offer");
    println!("wall times resolved, on one thread: {:.0} a second", resolve(&offer));
    let sample = sample(&one).await;
    one.stop().await;
    let sizes = Vec::from_iter(sample.transactions.iter().map(Vec::len));
    let sessions = SESSIONS_A_SERIES * STUDENTS_A_MENTOR;
    println!("{sessions} sessions of one mentor are transactions of {sizes:?} items");
    println!("   series    booked      bare of bare   (sessions a second, {AT_ONCE} at once)");
    for series in [series / 10, series] {
        let many = local(&series.to_string()).await;
        let store = many.store(Settings::default());
        enroll(&store, series).await;
        let booked = book(&worker(&store), series).await;
        many.stop().await;
        // In a table of its own that is as large.
        let many = local(&format!("{series} bare")).await;
        let bare = write_bare(&bare(&many.endpoints), &sample, series).await;
        many.stop().await;
        let rate = |took: Duration| f64::from(SESSIONS_A_SERIES * series) / took.as_secs_f64();
        println!("{series:9} {:9.0} {:9.0} {:7.2}", rate(booked), rate(bare), rate(booked) / rate(bare));
    }
}
