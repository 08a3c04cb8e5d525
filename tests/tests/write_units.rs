//! What an invoice costs in write units, over its whole life, as the store bills them.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::enrollment::PaymentMethod;
use domain::id::PersonId;
use domain::invoice::PaymentKind;
use domain::person::Person;
use domain::time::Zone;
use infra::crowd::Crowd;
use infra::local_store::LocalStore;
use infra::sandbox::Sandbox;
use infra::seed;
use storage::Clock;
use storage::clock::machine_now;
use storage::queue::Settings;
use storage::transaction::Writes;
use storage::units::count_write_units;
use worker::Worker;
use worker::mail::{Addressee, Post};
use worker::payment::Providers;

const STUDENTS: u32 = 180;

/// A student of the crowd whom letters reach.
fn reader(index: u32, time_zone: Zone) -> Person {
    Person {
        id: PersonId::derived(&[&format!("crowd {index}")]),
        name: None,
        address: None,
        time_zone,
        languages: vec!["en".into()],
        email: Some(format!("student{index}@example.org")),
    }
}

/// Bills a crowd's month to the last letter, and says what each kind of job took per invoice.
async fn billed(writes: Writes) -> BTreeMap<&'static str, f64> {
    let local = LocalStore::start(None).await.expect("a store");
    let store = local.store(Settings { writes, ..Settings::default() });
    seed::load_sample_catalog(&store).await.expect("loaded");
    let crowd = Crowd {
        students: STUDENTS,
        since: "2027-03-07".parse().expect("a date"),
        time_zone: "Europe/London".parse().expect("a zone"),
        method: PaymentMethod::Sandbox { token: "ok".into() },
    };
    crowd.enroll(&store).await.expect("enrolled");
    for index in 0..STUDENTS {
        store.put(&reader(index, crowd.time_zone.clone())).await.expect("kept");
    }
    let now = "2027-04-07T12:00:00Z".parse().expect("an instant");
    Clock::set(&store, now).await.expect("set");
    let folder = tempfile::tempdir().expect("a folder");
    let sender = Addressee { name: None, address: "billing@example.org".into() };
    let post = Post::to_folder(folder.path(), &sender).expect("a way to post");
    let worker = Worker {
        store: store.clone(),
        clock: Clock::Simulated,
        providers: Arc::new(Providers::default().with(PaymentKind::Sandbox, Sandbox)),
        post: Some(Arc::new(post)),
        settings: worker::Settings::default(),
    };
    let mut taken = BTreeMap::new();
    loop {
        let (claimed, claiming) = count_write_units(store.claim("test", now, machine_now(), 1)).await;
        let Some(claimed) = claimed.expect("the store").pop() else { break };
        let (done, working) = count_write_units(Box::pin(worker::jobs::run(&worker, &claimed))).await;
        done.expect("done");
        *taken.entry(claimed.job.kind()).or_insert(0.0) += (claiming + working) / f64::from(STUDENTS);
    }
    let posted = std::fs::read_dir(folder.path()).expect("a folder").count();
    assert_eq!(posted, STUDENTS as usize, "each letter once");
    local.stop().await;
    taken
}

/// The sums of docs/decisions/0011: no kind of job may take more, a page's share of what it shares included.
async fn check(writes: Writes, bounds: [f64; 4]) {
    let taken = billed(writes).await;
    let all = taken.values().sum::<f64>();
    println!("{writes:?}: {all:.1} of {taken:.2?}");
    let kinds = ["billing_run", "collect_invoices", "make_documents", "number_invoices"];
    assert_eq!(Vec::from_iter(taken.keys().copied()), kinds);
    for (units, bound) in taken.values().zip(bounds) {
        assert!(*units <= bound, "{taken:?} exceeds {bounds:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_costs_what_is_written_down() {
    check(Writes::Together, [2.5, 2.5, 2.5, 4.7]).await;
}

/// At most ten over its whole life.
#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_that_is_written_alone_costs_at_most_ten() {
    let bounds = [1.6, 2.5, 2.5, 2.7];
    assert!(bounds.iter().sum::<f64>() <= 10.0);
    check(Writes::Alone, bounds).await;
}
