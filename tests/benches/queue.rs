//! Jobs a second through asking, claiming and finishing, beside the bare store's rate for the same
//! three writes, with more and more jobs waiting.
//!
//! `cargo bench -p tests --bench queue`

#[allow(dead_code)]
mod measure;

use std::time::{Duration, Instant};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, Delete, Put, TransactWriteItem};
use domain::id::{EnrollmentId, InvoiceId};
use domain::job::Job;
use infra::local_store::LocalStore;
use jiff::{SignedDuration, Timestamp};
use measure::{Attributes, Measured, bare, ms, table, text};
use storage::Store;
use storage::clock::machine_now;
use storage::queue::Settings;

/// How many jobs wait while others pass.
const WAITING: [usize; 3] = [1_000, 10_000, 100_000];
/// Rounds before anything counts.
const WARM_UP: usize = 100;
/// Rounds that count.
const ROUNDS: usize = 1_000;
/// Rounds of either kind that take turns, so that both meet the same machine.
const TURN: usize = 100;

/// How long each step of each round took.
#[derive(Default)]
struct Steps {
    ask: Vec<Duration>,
    claim: Vec<Duration>,
    finish: Vec<Duration>,
}

impl Steps {
    fn measured(self) -> (Measured, [Measured; 3]) {
        let Self { ask, claim, finish } = self;
        let rounds = Vec::from_iter((0..ask.len()).map(|round| ask[round] + claim[round] + finish[round]));
        let alone = |took: Vec<Duration>| {
            let whole = took.iter().sum();
            Measured::of(took, whole)
        };
        (alone(rounds), [ask, claim, finish].map(alone))
    }
}

fn job(index: usize) -> Job {
    let of = index.to_string();
    Job::Charge { enrollment: EnrollmentId::derived(&[&of]), invoice: InvoiceId::derived(&[&of]) }
}

/// Lets so many jobs wait that fell due long ago, a millisecond apart.
async fn fill(store: &Store, jobs: usize, now: Timestamp) {
    let due = |index: usize| {
        now - SignedDuration::from_hours(24) + SignedDuration::from_millis(i64::try_from(index).expect("few"))
    };
    for first in (0..jobs).step_by(100) {
        let asked = (first..jobs.min(first + 100)).fold(store.transaction::<()>(), |transaction, index| {
            transaction.enqueue(&job(index), due(index))
        });
        asked.commit().await.expect("asked for");
    }
}

/// One job through the queue: a new one at its end, the oldest done.
async fn pass(store: &Store, index: usize, now: Timestamp, steps: &mut Steps) {
    let began = Instant::now();
    store.transaction::<()>().enqueue(&job(index), now).commit().await.expect("asked for");
    steps.ask.push(began.elapsed());
    let began = Instant::now();
    let claimed = store.claim("bench", now, machine_now(), 1).await.expect("the store").pop().expect("a job");
    steps.claim.push(began.elapsed());
    let began = Instant::now();
    store.transaction::<()>().finish(&claimed).commit().await.expect("finished");
    steps.finish.push(began.elapsed());
}

/// A job's item as the store keeps it.
async fn sample(client: &Client) -> Attributes {
    let query = client.query().table_name(table()).index_name(storage::queue::INDEX);
    let query = query.key_condition_expression("queue_pk = :pk");
    let query = query.expression_attribute_values(":pk", AttributeValue::S("jobs#000#waiting".into()));
    let found = query.limit(1).send().await.expect("an answer").items.expect("items").remove(0);
    let get = client.get_item().table_name(table()).key("pk", found["pk"].clone());
    get.key("sk", found["sk"].clone()).send().await.expect("an answer").item.expect("a job")
}

/// The same three writes with nothing around them: a put and a delete in transactions, and an update
/// that moves the item to another range of the index.
async fn write(client: &Client, sample: &Attributes, index: usize, steps: &mut Steps) {
    let pk = AttributeValue::S(format!("bare#{index}"));
    let mut item = sample.clone();
    item.insert("pk".into(), pk.clone());
    let began = Instant::now();
    let put = Put::builder().table_name(table()).set_item(Some(item)).build().expect("a put");
    transact(client, TransactWriteItem::builder().put(put).build()).await;
    steps.ask.push(began.elapsed());
    let began = Instant::now();
    let until = AttributeValue::S(text(sample, "queue_sk").to_owned());
    let update =
        client.update_item().table_name(table()).key("pk", pk.clone()).key("sk", sample["sk"].clone());
    let update = update.update_expression("SET queue_pk = :pk, queue_sk = :sk ADD epoch :one, claims :one");
    let update = update.expression_attribute_values(":pk", AttributeValue::S("jobs#000#bare".into()));
    let update = update.expression_attribute_values(":sk", until);
    let update = update.expression_attribute_values(":one", AttributeValue::N("1".into()));
    update.send().await.expect("moved");
    steps.claim.push(began.elapsed());
    let began = Instant::now();
    let delete = Delete::builder().table_name(table()).key("pk", pk).key("sk", sample["sk"].clone());
    transact(client, TransactWriteItem::builder().delete(delete.build().expect("a delete")).build()).await;
    steps.finish.push(began.elapsed());
}

async fn transact(client: &Client, write: TransactWriteItem) {
    client.transact_write_items().transact_items(write).send().await.expect("written");
}

#[tokio::main]
async fn main() {
    println!("ask, claim, finish: milliseconds (p50) of each step; the bare store's beside them");
    println!("waiting   jobs/s  p50 ms  p99 ms   bare/s  of bare   ask          claim        finish");
    for waiting in WAITING {
        let local = LocalStore::start(None).await.expect("a store");
        let (store, client) = (local.store(Settings::default()), bare(&local.endpoints));
        let now = machine_now();
        fill(&store, waiting, now).await;
        let sample = sample(&client).await;
        let (mut ours, mut bare) = (Steps::default(), Steps::default());
        for turn in (0..WARM_UP + ROUNDS).step_by(TURN) {
            if turn == WARM_UP {
                (ours, bare) = (Steps::default(), Steps::default());
            }
            for index in turn..turn + TURN {
                pass(&store, waiting + index, now, &mut ours).await;
            }
            for index in turn..turn + TURN {
                write(&client, &sample, index, &mut bare).await;
            }
        }
        let ((ours, own), (bare, bares)) = (ours.measured(), bare.measured());
        let steps = own.iter().zip(&bares);
        let steps = steps.map(|(own, bare)| format!("{:4.2} ({:4.2})", ms(own.p50), ms(bare.p50)));
        let steps = Vec::from_iter(steps).join("  ");
        let share = ours.rate / bare.rate;
        println!(
            "{waiting:7} {:8.0} {:7.2} {:7.2} {:8.0} {share:8.2}   {steps}",
            ours.rate,
            ms(ours.p50),
            ms(ours.p99),
            bare.rate
        );
        local.stop().await;
    }
}
