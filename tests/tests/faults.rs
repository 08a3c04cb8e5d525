//! What the embedded store never says and DynamoDB does: conflicts of transactions, throttling, batches
//! read in part. A proxy before the real store says it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::id::EnrollmentId;
use domain::job::Job;
use infra::local_store::LocalStore;
use jiff::Timestamp;
use serde_json::{Value, json};
use storage::clock::{Hands, machine_now};
use storage::queue::Settings;
use storage::store::{Endpoints, Names};
use storage::{Item, Key, Refused, Store, StoreError};

/// A store behind a proxy that answers some calls itself.
struct Faulty {
    local: LocalStore,
    store: Store,
    faults: Faults,
}

/// What is said next, by operation, instead of asking the store.
#[derive(Clone)]
struct Faults {
    upstream: String,
    http: reqwest::Client,
    next: Arc<Mutex<VecDeque<(&'static str, Value)>>>,
}

impl Faulty {
    async fn open() -> Self {
        let local = LocalStore::start(None).await.expect("a store");
        let upstream = local.endpoints.table.clone();
        let faults = Faults { upstream, http: reqwest::Client::new(), next: Arc::default() };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let table = format!("http://{}", listener.local_addr().expect("an address"));
        let router = Router::new().fallback(pass).with_state(faults.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let endpoints = Endpoints { table, ..local.endpoints.clone() };
        let store = Store::at(&endpoints, &Names::default(), Settings::default());
        Self { local, store, faults }
    }

    /// Lets the next calls of an operation fail so many times.
    fn fail(&self, operation: &'static str, fault: &Value, times: usize) {
        let mut next = self.faults.next.lock().expect("nobody panicked");
        next.extend(std::iter::repeat_n((operation, fault.clone()), times));
    }

    /// Faults that were not met.
    fn left(&self) -> usize {
        self.faults.next.lock().expect("nobody panicked").len()
    }

    async fn write(&self, item: &Item<Hands>) -> Result<(), Refused<&'static str>> {
        let job = Job::ArrangeSessions { enrollment: EnrollmentId::derived(&["e"]) };
        self.store.transaction().save(item, "changed").enqueue(&job, machine_now()).commit().await
    }
}

async fn pass(State(faults): State<Faults>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let fault = {
        let mut next = faults.next.lock().expect("nobody panicked");
        if next.front().is_some_and(|(operation, _)| target.ends_with(operation)) {
            next.pop_front()
        } else {
            None
        }
    };
    let kind = [("content-type", "application/x-amz-json-1.0")];
    if let Some((_, fault)) = fault {
        let status = if fault["__type"].is_null() { StatusCode::OK } else { StatusCode::BAD_REQUEST };
        return (status, kind, fault.to_string()).into_response();
    }
    let request = faults.http.post(&faults.upstream).header("x-amz-target", target);
    let request = request.header("content-type", "application/x-amz-json-1.0");
    let request = request.header("authorization", headers["authorization"].clone());
    let answer = request.header("x-amz-date", headers["x-amz-date"].clone()).body(body).send().await;
    let answer = answer.expect("the store answers");
    let status = answer.status();
    (status, kind, answer.bytes().await.expect("a body")).into_response()
}

fn cancelled(codes: [&str; 2]) -> Value {
    let reasons = codes.map(|code| json!({ "Code": code, "Message": "as it is said there" }));
    json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": "Transaction cancelled", "CancellationReasons": reasons,
    })
}

const AT: Timestamp = Timestamp::UNIX_EPOCH;

#[tokio::test]
async fn a_transaction_in_the_way_of_another_is_tried_again() {
    let faulty = Faulty::open().await;
    let busy = json!({ "__type": "com.amazonaws.dynamodb.v20120810#TransactionInProgressException", "Message": "in progress" });
    let faults = [
        cancelled(["TransactionConflict", "None"]),
        cancelled(["None", "ThrottlingError"]),
        cancelled(["ProvisionedThroughputExceeded", "TransactionConflict"]),
        busy,
    ];
    for (revision, fault) in (0..).zip(&faults) {
        faulty.fail("TransactWriteItems", fault, 2);
        faulty.write(&Item { value: Hands { now: AT }, revision }).await.expect("written in the end");
        assert_eq!(faulty.left(), 0, "{fault}");
        let kept: Item<Hands> = faulty.store.get(&Key::Clock).await.expect("read").expect("kept");
        assert_eq!(kept.revision, revision + 1, "written once");
    }
    faulty.local.stop().await;
}

#[tokio::test]
async fn a_hindrance_without_end_is_told_and_writes_nothing() {
    let faulty = Faulty::open().await;
    faulty.fail("TransactWriteItems", &cancelled(["TransactionConflict", "None"]), 1_000);
    let refused = faulty.write(&Item::new(Hands { now: AT })).await;
    assert!(matches!(refused, Err(Refused::Store(StoreError::Unavailable(_)))), "{refused:?}");
    assert!(faulty.left() > 900, "it gave up after a few tries");
    let kept: Option<Item<Hands>> = faulty.store.get(&Key::Clock).await.expect("read");
    assert_eq!(kept, None);
    faulty.local.stop().await;
}

/// A guard that failed beside a conflict is told at once: trying again would not help it.
#[tokio::test]
async fn a_guard_outweighs_a_conflict() {
    let faulty = Faulty::open().await;
    faulty.fail("TransactWriteItems", &cancelled(["ConditionalCheckFailed", "TransactionConflict"]), 1);
    let refused = faulty.write(&Item::new(Hands { now: AT })).await;
    assert!(matches!(refused, Err(Refused::By("changed"))), "{refused:?}");
    faulty.local.stop().await;
}

#[tokio::test]
async fn a_batch_that_was_read_in_part_is_read_to_its_end() {
    let faulty = Faulty::open().await;
    faulty.write(&Item::new(Hands { now: AT })).await.expect("written");
    let (pk, sk) = Key::Clock.parts();
    let unread = json!({ "Keys": [{ "pk": { "S": pk }, "sk": { "S": sk } }] });
    let table = Names::default().table;
    let nothing = json!({ "Responses": { &table: [] }, "UnprocessedKeys": { &table: unread } });
    faulty.fail("BatchGetItem", &nothing, 2);
    let read = faulty.store.get_many::<Hands>(&[Key::Clock]).await.expect("read");
    assert_eq!(read.iter().map(|item| item.value.now).collect::<Vec<_>>(), [AT]);
    faulty.fail("BatchGetItem", &nothing, 100);
    let endless = faulty.store.get_many::<Hands>(&[Key::Clock]).await;
    assert!(matches!(endless, Err(StoreError::Unavailable(_))), "{endless:?}");
    faulty.local.stop().await;
}
