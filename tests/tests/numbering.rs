//! Invoice numbers without a gap, whatever happens to whoever gives them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use domain::enrollment::PaymentMethod;
use domain::id::EnrollmentId;
use infra::crowd::Crowd;
use infra::local_store::LocalStore;
use infra::seed;
use storage::clock::machine_now;
use storage::queue::{Claimed, Settings};
use storage::{Clock, Store};
use worker::Worker;
use worker::payment::Providers;

const STUDENTS: u32 = 2_500;

async fn claim(store: &Store, kind: &str) -> Claimed {
    let now = "2027-04-08T00:00:00Z".parse().expect("an instant");
    let claimed = store.claim("test", now, machine_now(), 1).await.expect("the store").pop().expect("a job");
    assert_eq!(claimed.job.kind(), kind);
    claimed
}

/// 2,500 drafts, and a kill after the second block of numbers was claimed: numbers 1 to 2,500.
#[tokio::test(flavor = "multi_thread")]
async fn a_kill_after_a_claim_leaves_no_gap() {
    let local = LocalStore::start(None).await.expect("a store");
    let store = local.store(Settings::default());
    seed::load_sample_catalog(&store).await.expect("loaded");
    let crowd = Crowd {
        students: STUDENTS,
        since: "2027-03-07".parse().expect("a date"),
        time_zone: "Europe/London".parse().expect("a zone"),
        method: PaymentMethod::Manual,
    };
    crowd.enroll(&store).await.expect("enrolled");
    Clock::set(&store, "2027-04-08T00:00:00Z".parse().expect("an instant")).await.expect("set");
    let worker = Worker {
        store: store.clone(),
        clock: Clock::Simulated,
        providers: Arc::new(Providers::default()),
        settings: worker::Settings::default(),
    };
    let drafting = claim(&store, "billing_run").await;
    worker::jobs::run(&worker, &drafting).await.expect("drafted");

    let numbering = claim(&store, "number_invoices").await;
    let killed = {
        let (worker, numbering) = (worker.clone(), numbering.clone());
        tokio::spawn(async move { worker::jobs::run(&worker, &numbering).await })
    };
    // Eleven pages of ninety are a block.
    while store.numbers("GB", 2027).await.expect("read").value.next() <= 2 * 990 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    killed.abort();
    assert!(killed.await.is_err(), "it was not killed in the middle");
    assert_eq!(store.numbers("GB", 2027).await.expect("read").value.next(), 2 * 990 + 1);

    store.release_all(machine_now()).await.expect("released");
    let again = claim(&store, "number_invoices").await;
    worker::jobs::run(&worker, &again).await.expect("numbered");
    let mut numbers = BTreeSet::new();
    for index in 0..STUDENTS {
        let id = EnrollmentId::derived(&[&format!("crowd {index}")]);
        for invoice in store.invoices_for_job(id).await.expect("read") {
            let issue = invoice.value.issue().expect("issued");
            assert!(numbers.insert(issue.number.sequence), "{} twice", issue.number);
        }
    }
    assert_eq!(numbers, (1..=u64::from(STUDENTS)).collect());
    local.stop().await;
}
