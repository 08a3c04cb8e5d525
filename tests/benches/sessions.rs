//! Weekly sessions: their instants alone, and booking them beside the same writes without anything around.
//!
//! `cargo bench -p tests --bench sessions -- [--series N] [--disk]`; 10,000 series where nothing is said.

#[allow(dead_code)]
mod measure;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use domain::availability::{Availability, EndTime, LocalTime, Weekday, Window};
use domain::commitment::{Commitment, HORIZON_DAYS};
use domain::enrollment::{MentorAssignment, Offer, PaymentMethod};
use domain::id::{AssignmentId, CommitmentId, PersonId};
use domain::job::Job;
use domain::session::SessionKind;
use domain::time::Zone;
use futures::StreamExt;
use infra::crowd::{Crowd, EDITION};
use infra::local_store::LocalStore;
use infra::seed;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use measure::{Attributes, bare, table, text};
use storage::clock::machine_now;
use storage::queue::Settings;
use storage::{Clock, Store};
use worker::Worker;
use worker::payment::Providers;

/// Instants resolved, on one thread.
const RESOLVED: u32 = 2_000_000;
/// Students of one mentor: a full week.
const STUDENTS_A_MENTOR: u32 = 20;
/// Jobs at once.
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

fn mentor(index: u32) -> PersonId {
    PersonId::derived(&[&format!("mentor {}", index / STUDENTS_A_MENTOR)])
}

/// A series of which one more session is due: the others were made before.
fn series(crowd: &Crowd, offer: &Offer, index: u32) -> Commitment {
    let enrollment = crowd.enrollment(index, offer).expect("an enrollment");
    let slot = index % STUDENTS_A_MENTOR;
    let weekday = [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri][slot as usize / 4];
    let made = zone().date_at(now()).saturating_add((HORIZON_DAYS - 7).days());
    Commitment {
        id: CommitmentId::derived(&[&index.to_string()]),
        enrollment: enrollment.id,
        student: enrollment.student,
        with: mentor(index),
        kind: SessionKind::Mentoring,
        time_zone: zone(),
        weekday,
        local_time: LocalTime::hour(9 + 2 * (slot % 4) as u8),
        minutes: 45,
        first_on: crowd.since,
        ends_on: None,
        materialized_through: Some(made),
        told_through: Some(Date::MAX),
    }
}

/// Keeps students, mentors, series, and the job that books each one's next session.
async fn enroll(store: &Store, crowd: &Crowd, offer: &Offer) {
    for index in 0..crowd.students {
        let mut enrollment = crowd.enrollment(index, offer).expect("an enrollment");
        let id = AssignmentId::derived(&[&index.to_string()]);
        enrollment.mentors =
            vec![MentorAssignment { id, mentor: mentor(index), from: crowd.since, to: None }];
        let series = series(crowd, offer, index);
        let job = Job::ExtendSessions { enrollment: enrollment.id, commitment: series.id };
        let mut transaction = store.transaction::<()>().set(&enrollment).set(&series).enqueue(&job, now());
        if index % STUDENTS_A_MENTOR == 0 {
            transaction = transaction.set(&hours(mentor(index)));
        }
        transaction.commit().await.expect("kept");
    }
}

fn hours(person: PersonId) -> Availability {
    use Weekday::{Fri, Mon, Thu, Tue, Wed};
    let to: EndTime = "20:00".to_owned().try_into().expect("a time");
    let window = |weekday| Window { weekday, from: LocalTime::hour(8), to };
    let weekly = [Mon, Tue, Wed, Thu, Fri].map(window).into();
    Availability { time_zone: zone(), weekly, ..Availability::undeclared(person) }
}

/// Runs every job that books, so many at once; others are left.
async fn book(worker: &Worker, series: u32) -> Duration {
    let began = Instant::now();
    let mut booked = 0;
    while booked < series {
        let claimed = worker.store.claim("bench", now(), machine_now(), AT_ONCE).await.expect("the store");
        let runs = claimed.into_iter().map(|claimed| async move {
            if matches!(claimed.job, Job::ExtendSessions { .. }) {
                worker::jobs::run(worker, &claimed).await.expect("a run that ends");
                return 1;
            }
            let later = now().saturating_add(jiff::SignedDuration::from_hours(1)).expect("later");
            let transaction = worker.store.transaction::<()>().finish_until(&claimed, later);
            transaction.commit().await.expect("put off");
            0
        });
        booked += futures::future::join_all(runs).await.into_iter().sum::<u32>();
    }
    began.elapsed()
}

/// Every item of the table by its place.
async fn everything(client: &Client) -> BTreeMap<(String, String), Attributes> {
    let (mut items, mut start) = (BTreeMap::new(), None);
    loop {
        let page =
            client.scan().table_name(table()).set_exclusive_start_key(start).send().await.expect("a page");
        let placed = page.items.unwrap_or_default().into_iter();
        items.extend(placed.map(|item| ((text(&item, "pk").to_owned(), text(&item, "sk").to_owned()), item)));
        start = page.last_evaluated_key;
        if start.is_none() {
            return items;
        }
    }
}

/// What booking one session writes.
async fn sample(offer: &Offer, local: &LocalStore) -> Vec<Attributes> {
    let (store, client) = (local.store(Settings::default()), bare(&local.endpoints));
    enroll(&store, &crowd(1), offer).await;
    let before = everything(&client).await;
    book(&worker(&store), 1).await;
    let after = everything(&client).await;
    after.into_iter().filter(|(place, item)| before.get(place) != Some(item)).map(|(_, item)| item).collect()
}

/// The same transactions with nothing around them: each the same items under other keys.
async fn write_bare(client: &Client, sample: &[Attributes], series: u32) -> Duration {
    let began = Instant::now();
    let written = futures::stream::iter(0..series).map(|index| {
        let puts = sample.iter().enumerate().map(|(number, item)| {
            let mut item = item.clone();
            item.insert("pk".into(), AttributeValue::S(format!("bare_{index:032x}_{number}")));
            let put = Put::builder().table_name(table()).set_item(Some(item));
            let put = put.condition_expression("attribute_not_exists(pk)").build().expect("a put");
            TransactWriteItem::builder().put(put).build()
        });
        let call = client.transact_write_items().set_transact_items(Some(puts.collect()));
        async move { call.send().await.map(drop).expect("written") }
    });
    written.buffer_unordered(AT_ONCE).collect::<()>().await;
    began.elapsed()
}

fn worker(store: &Store) -> Worker {
    Worker {
        store: store.clone(),
        clock: Clock::Simulated,
        providers: Arc::new(Providers::default()),
        post: None,
        settings: worker::Settings::default(),
    }
}

/// Resolves wall times to instants, without any store.
fn resolve(offer: &Offer) -> f64 {
    let crowd = crowd(STUDENTS_A_MENTOR);
    let series = Vec::from_iter((0..STUDENTS_A_MENTOR).map(|index| series(&crowd, offer, index)));
    let through = crowd.since.saturating_add(371.days());
    let (began, mut resolved) = (Instant::now(), 0);
    while resolved < RESOLVED {
        for series in &series {
            for occurrence in black_box(series).occurrences(crowd.since, through) {
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
    let series = argument("--series").and_then(|text| text.parse().ok()).unwrap_or(10_000);
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
    let sample = sample(&offer, &one).await;
    one.stop().await;
    println!("a session booked is a transaction of {} items", sample.len());
    println!("   series    booked      bare of bare   (sessions a second, {AT_ONCE} at once)");
    for series in [series / 10, series] {
        let many = local(&series.to_string()).await;
        let store = many.store(Settings::default());
        enroll(&store, &crowd(series), &offer).await;
        let booked = book(&worker(&store), series).await;
        let bare = write_bare(&bare(&many.endpoints), &sample, series).await;
        let rate = |took: Duration| f64::from(series) / took.as_secs_f64();
        println!("{series:9} {:9.0} {:9.0} {:7.2}", rate(booked), rate(bare), rate(booked) / rate(bare));
        many.stop().await;
    }
}
