//! A billing run whose workers are killed again and again leaves what an unbroken one leaves.
//!
//! The store is a process of its own, and so is each worker. `RUN_INVOICES`, `RUN_KILLS` and `SEED` make a
//! long run of it: `RUN_INVOICES=10000 RUN_KILLS=1000 cargo test --workspace --test crash a_run`.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use domain::billing::run::{RunReport, RunState};
use domain::enrollment::PaymentMethod;
use domain::id::{EnrollmentId, RunId};
use domain::invoice::{Invoice, PaymentState};
use domain::ledger::{Account, Differences, Tally};
use infra::crowd::Crowd;
use infra::seed;
use jiff::Timestamp;
use storage::{Clock, Store};

use crate::process::{POLL, Process, printed};
use crate::store_of;

/// The date of the run.
const ON: &str = "2027-04-07";
/// When all of it has begun, by the simulated clock.
const NOW: &str = "2027-04-07T18:00:00Z";
/// When its day is over, and the ledger's can be closed.
const LATER: &str = "2027-04-08T01:00:00Z";
/// How long a worker's hold on a job lasts once it is killed: no other can have the job before.
const LEASE_SECONDS: &str = "1";
/// No worker is left alone longer before it is killed: as long again as it may have to wait for the lease.
const LIFE_MAX: Duration = Duration::from_secs(2);
/// How long a run that nobody kills any more may take to end: a while, and so much for each invoice.
fn wait_max(students: u32) -> Duration {
    Duration::from_secs(300) + Duration::from_millis(100) * students
}

/// A number from the environment.
pub fn given(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

fn crowd(students: u32) -> Crowd {
    Crowd {
        students,
        since: "2027-03-07".parse().expect("a date"),
        time_zone: "Europe/London".parse().expect("a zone"),
        method: PaymentMethod::Sandbox { token: "ok".into() },
    }
}

/// What a run left behind, in an order that does not depend on who wrote it when.
#[derive(Debug, PartialEq, Eq)]
struct Left {
    numbers: BTreeSet<u64>,
    invoices: Vec<(EnrollmentId, usize, Vec<&'static str>)>,
    captures: usize,
    tally: u64,
    ledger: Ledger,
}

/// What the day of the run comes to once it is closed.
#[derive(Debug, Default, PartialEq, Eq)]
struct Ledger {
    balances: Vec<(Account, i64)>,
    invoices: u64,
    payments: u64,
    differences: Differences,
}

async fn left(store: &Store, students: u32) -> Left {
    let ledger = closed(store, students).await;
    let mut left = Left { numbers: BTreeSet::new(), invoices: Vec::new(), captures: 0, tally: 0, ledger };
    for index in 0..students {
        let id = EnrollmentId::derived(&[&format!("crowd {index}")]);
        let invoices = store.invoices_for_job(id).await.expect("read");
        let mut states = Vec::new();
        for invoice in invoices.iter().map(|invoice| &invoice.value) {
            states.push(invoice.state.word());
            assert_eq!(invoice.issue().map(|issue| issue.period.from.to_string()).as_deref(), Some(ON));
            left.numbers.extend(invoice.issue().map(|issue| issue.number.sequence));
            left.captures += captures(store, invoice).await;
        }
        left.invoices.push((id, invoices.len(), states));
    }
    left.tally = report(store).await.map_or(0, |report| report.tally.invoices);
    left
}

/// The ledger's day of the run, once the next one has begun.
async fn closed(store: &Store, students: u32) -> Ledger {
    let [on, later] = [ON, LATER];
    Clock::set(store, later.parse::<Timestamp>().expect("an instant")).await.expect("set");
    let since = Instant::now();
    loop {
        let days = store.ledger_closed("GB", on.parse().expect("a date"), None, 1).await.expect("read").0;
        if let Some(day) = days.into_iter().next() {
            assert_eq!(day.day.to_string(), on);
            let balances = day.balances.postings().map(|it| (it.account, it.amount.amount_minor));
            let Tally { invoices, payments, .. } = day.tally;
            return Ledger { balances: balances.collect(), invoices, payments, differences: day.differences };
        }
        assert!(since.elapsed() < wait_max(students), "the ledger's day is not closed");
        tokio::time::sleep(POLL).await;
    }
}

async fn captures(store: &Store, invoice: &Invoice) -> usize {
    let payments = store.payments_of(invoice).await.expect("read");
    payments.iter().filter(|payment| matches!(payment.state, PaymentState::Paid { .. })).count()
}

async fn report(store: &Store) -> Option<RunReport> {
    let shards = store.run(RunId::of("GB", ON.parse().expect("a date"))).await.expect("read");
    let report = RunReport::of(shards.iter().map(|shard| &shard.value)).expect("sums");
    (!shards.is_empty()).then_some(report)
}

/// A store with a crowd whose month has begun.
async fn begun(folder: &Path, students: u32) -> (Process, Vec<(String, String)>, Store) {
    let (process, environment) = Process::store(folder).await;
    let store = store_of(&environment);
    seed::load_sample_catalog(&store).await.expect("loaded");
    crowd(students).enroll(&store).await.expect("enrolled");
    Clock::set(&store, NOW.parse::<Timestamp>().expect("an instant")).await.expect("set");
    (process, environment, store)
}

/// Whether every page has gone through all of its stages: asked in their order, so that a page that moves
/// meanwhile is seen.
async fn is_over(store: &Store) -> bool {
    let run = RunId::of("GB", ON.parse().expect("a date"));
    report(store).await.is_some_and(|report| report.state == RunState::Done)
        && store.drafted_pages(run, 1).await.expect("read").is_empty()
        && store.numbered_pages(run, 1).await.expect("read").is_empty()
        && store.issued_pages(run, 0, 1).await.expect("read").is_empty()
}

/// Runs with so many workers at once, which write in one of two ways, kills all of them at random moments, and lets the last ones end it.
async fn struck(students: u32, workers: usize, writes: &str, kills: u64, draw: &mut fastrand::Rng) -> Left {
    let folder = tempfile::tempdir().expect("a folder");
    let (_store, environment, store) = begun(folder.path(), students).await;
    let start = |name: String| {
        Process::start(
            &["worker", "--memory", "--lease-seconds", LEASE_SECONDS, "--writes", writes],
            &environment,
            &folder.path().join(name),
        )
    };
    for kill in 0..kills.div_ceil(workers as u64) {
        let mut running = Vec::from_iter((0..workers).map(|nth| start(format!("worker-{kill}-{nth}"))));
        for nth in 0..workers {
            printed(&folder.path().join(format!("worker-{kill}-{nth}")), "worker is ready").await;
        }
        for process in &mut running {
            tokio::time::sleep(LIFE_MAX.mul_f64(draw.f64())).await;
            process.kill();
        }
    }
    let _last = Vec::from_iter((0..workers).map(|nth| start(format!("worker-last-{nth}"))));
    let since = Instant::now();
    loop {
        let queue = store.queue_report().await.expect("a report");
        assert!(queue.dead.is_empty(), "{queue:?}");
        if is_over(&store).await {
            break;
        }
        assert!(since.elapsed() < wait_max(students), "the run does not end: {queue:?}");
        tokio::time::sleep(POLL).await;
    }
    left(&store, students).await
}

/// Every invoice once, every number once, every capture once, and the ledger's day with all of them.
fn whole(students: u32) -> Left {
    let each =
        (0..students).map(|index| (EnrollmentId::derived(&[&format!("crowd {index}")]), 1, vec!["paid"]));
    Left {
        numbers: (1..=u64::from(students)).collect(),
        invoices: each.collect(),
        captures: students as usize,
        tally: students.into(),
        ledger: Ledger {
            // One of the month's thirty days is over.
            balances: vec![
                (Account::DeferredRevenue, -29_000 * i64::from(students)),
                (Account::Revenue, -1_000 * i64::from(students)),
                (Account::CashSandbox, 30_000 * i64::from(students)),
            ],
            invoices: students.into(),
            payments: students.into(),
            differences: Differences::default(),
        },
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_workers_are_killed_bills_each_month_once() {
    let students = u32::try_from(given("RUN_INVOICES", 600)).expect("a crowd");
    let kills = given("RUN_KILLS", 20);
    let seed = given("SEED", fastrand::u64(..));
    println!("SEED={seed}");
    let mut draw = fastrand::Rng::with_seed(seed);
    assert_eq!(struck(students, 1, "together", 0, &mut draw).await, whole(students), "unbroken");
    assert_eq!(struck(students, 1, "together", kills / 2, &mut draw).await, whole(students), "one worker");
    assert_eq!(
        struck(students, 2, "alone", kills - kills / 2, &mut draw).await,
        whole(students),
        "two workers"
    );
}
