//! A billing run over many enrollments, beside the same writes without any billing logic; rating alone;
//! numbering apart; and the same run again.
//!
//! `cargo bench -p tests --bench run -- [--students N] [--disk]`; 100,000 students where nothing is said.

#[allow(dead_code)]
mod measure;

use std::hint::black_box;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use domain::billing::run::{PAGE_INVOICES_MAX, Rated, RunShard};
use domain::enrollment::{Enrollment, Offer, PaymentMethod};
use domain::id::RunId;
use domain::job::Job;
use futures::StreamExt;
use infra::crowd::{Crowd, EDITION};
use infra::local_store::LocalStore;
use infra::seed;
use jiff::SignedDuration;
use jiff::civil::Date;
use measure::{Attributes, bare, table};
use storage::Clock;
use storage::clock::machine_now;
use storage::queue::Settings;
use worker::Worker;

const ENTITY: &str = "GB";
/// Rounds of the rating alone.
const RATED_MIN: u32 = 500_000;

fn crowd(students: u32) -> Crowd {
    Crowd {
        students,
        since: "2027-03-07".parse().expect("a date"),
        time_zone: "Europe/London".parse().expect("a zone"),
        method: PaymentMethod::Manual,
    }
}

fn on() -> Date {
    "2027-04-07".parse().expect("a date")
}

/// Runs the job of a kind as often as it wants to go on; jobs of other kinds are put off.
async fn work(worker: &Worker, kind: &str) -> Duration {
    let now = worker.clock.now(&worker.store).await.expect("a clock");
    let mut took = Duration::ZERO;
    while let Some(claimed) =
        worker.store.claim("bench", now, machine_now(), 1).await.expect("the store").pop()
    {
        if claimed.job.kind() == kind {
            let began = Instant::now();
            worker::jobs::run(worker, &claimed).await.expect("a run that ends");
            took += began.elapsed();
        } else {
            let later = now + SignedDuration::from_hours(1);
            let transaction = worker.store.transaction::<()>().finish_until(&claimed, later);
            transaction.commit().await.expect("put off");
        }
    }
    for kind in [Job::NumberInvoices { entity: ENTITY.into(), on: on() }] {
        worker.store.hasten(&kind, now).await.expect("due again");
    }
    took
}

/// Rates enrollments on one thread, without any store.
fn rate_alone(crowd: &Crowd, offer: &Offer, prospectus: &domain::catalog::Prospectus) -> f64 {
    let each = (0..crowd.students.min(10_000)).filter_map(|index| crowd.enrollment(index, offer));
    let some = Vec::from_iter(each.map(|enrollment| enrollment.billing_facts()));
    let (began, mut rated) = (Instant::now(), 0);
    while rated < RATED_MIN {
        for facts in &some {
            black_box(Rated::of(black_box(facts), on(), prospectus).expect("fits"));
            rated += 1;
        }
    }
    f64::from(rated) / began.elapsed().as_secs_f64()
}

/// An invoice's item as the store keeps it.
async fn sample(client: &Client, enrollment: &Enrollment) -> Attributes {
    let query =
        client.query().table_name(table()).key_condition_expression("pk = :pk AND begins_with(sk, :sk)");
    let query = query.expression_attribute_values(":pk", AttributeValue::S(enrollment.id.to_string()));
    let query = query.expression_attribute_values(":sk", AttributeValue::S("invoice#".into()));
    query.send().await.expect("an answer").items.expect("items").remove(0)
}

/// The same writes with nothing around them: pages of conditional puts of the same item under other keys,
/// with the same few items besides.
async fn write_bare(client: &Client, sample: &Attributes, run: &Attributes, students: u32) -> Duration {
    let began = Instant::now();
    let page = u32::try_from(PAGE_INVOICES_MAX).expect("small");
    let pages = futures::stream::iter((0..students).step_by(PAGE_INVOICES_MAX)).map(|first| {
        let puts = (first..students.min(first + page)).map(|index| {
            let mut item = sample.clone();
            item.insert("pk".into(), AttributeValue::S(format!("bare_{index:032x}")));
            let put = Put::builder().table_name(table()).set_item(Some(item));
            let put = put.condition_expression("attribute_not_exists(pk)").build().expect("a put");
            TransactWriteItem::builder().put(put).build()
        });
        let mut besides = run.clone();
        besides.insert("pk".into(), AttributeValue::S(format!("bare_run_{first}")));
        let put = Put::builder().table_name(table()).set_item(Some(besides)).build().expect("a put");
        let writes = puts.chain([TransactWriteItem::builder().put(put).build()]).collect();
        let call = client.transact_write_items().set_transact_items(Some(writes));
        tokio::spawn(async move { call.send().await.map(drop).expect("written") })
    });
    // As many at once as the store can use: one that it writes, one that is on its way.
    pages.buffer_unordered(2).map(|written| written.expect("written")).collect::<()>().await;
    began.elapsed()
}

fn memory_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap_or(0) / 1024
}

fn argument(name: &str) -> Option<String> {
    let mut arguments = std::env::args();
    arguments.find(|argument| argument == name)?;
    arguments.next()
}

async fn measure(students: u32, folder: Option<&std::path::Path>) -> Duration {
    let local = LocalStore::start(folder).await.expect("a store");
    let (store, client) = (local.store(Settings::default()), bare(&local.endpoints));
    seed::load_sample_catalog(&store).await.expect("loaded");
    let crowd = crowd(students);
    crowd.enroll(&store).await.expect("enrolled");
    Clock::set(&store, "2027-04-08T00:00:00Z".parse().expect("an instant")).await.expect("set");
    let worker = Worker::alone(store.clone(), Clock::Simulated);
    let prospectus = store.edition(&EDITION.parse().expect("a slug"), 1).await.expect("read").expect("there");
    let offer = prospectus.offer(crowd.since).expect("an offer");
    let rating = rate_alone(&crowd, &offer, &prospectus);
    let before = memory_mib();
    let drafting = work(&worker, "billing_run").await;
    let after = memory_mib();

    let sample = sample(&client, &crowd.enrollment(0, &offer).expect("an enrollment")).await;
    let shard = store.run_shard(RunId::of(ENTITY, on()), ENTITY, 0).await.expect("read").expect("there");
    assert_eq!(shard.value.tally.invoices, u64::from(students), "every month is drafted");
    let run = storage::item::to_attributes::<RunShard>(&shard.value, 1).expect("writable");
    let bare = write_bare(&client, &sample, &run, students).await;

    let numbering = work(&worker, "number_invoices").await;
    let again = Job::BillingRun { entity: ENTITY.into(), on: on(), shard: 0 };
    let now = worker.clock.now(&store).await.expect("a clock");
    store.transaction::<()>().enqueue(&again, now).commit().await.expect("asked again");
    let repeated = work(&worker, "billing_run").await;
    let shard = store.run_shard(RunId::of(ENTITY, on()), ENTITY, 0).await.expect("read").expect("there");
    assert_eq!(shard.value.tally.invoices, u64::from(students), "nothing is drafted twice");

    let rate = |took: Duration| f64::from(students) / took.as_secs_f64();
    println!(
        "{students:9} {:9.0} {:9.0} {:7.2} {:9.0} {:9.0} {:7.2} {rating:10.0} {before:5} -> {after}",
        rate(drafting),
        rate(bare),
        rate(drafting) / rate(bare),
        rate(numbering),
        rate(repeated),
        repeated.as_secs_f64() / drafting.as_secs_f64(),
    );
    local.stop().await;
    drafting
}

#[tokio::main]
async fn main() {
    let students = argument("--students").and_then(|text| text.parse().ok()).unwrap_or(100_000);
    let folder =
        std::env::args().any(|argument| argument == "--disk").then(|| tempfile::tempdir().expect("a folder"));
    println!("invoices a second: drafted, the bare store's same writes, numbered, looked at again");
    println!(" students   drafted      bare of bare  numbered     again of run  rated alone  MiB");
    let mut took = Vec::new();
    for students in [students / 10, students] {
        let folder = folder.as_ref().map(|folder| folder.path().join(students.to_string()));
        took.push(measure(students, folder.as_deref()).await);
    }
    println!(
        "ten times the students took {:.1} times as long",
        took[1].as_secs_f64() / took[0].as_secs_f64()
    );
}
