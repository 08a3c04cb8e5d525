//! Transactions: which guard refused, and many writers of one item.

use super::*;

fn entry(of: &str, queue: &Queue) -> AuditEntry {
    let id = EnrollmentId::derived(&[of]).uuid();
    AuditEntry { of: "test".into(), action: of.into(), by: "test".into(), at: queue.now, id }
}

#[tokio::test]
async fn a_transaction_names_the_guard_that_refused_and_writes_nothing() {
    let queue = Queue::open().await;
    let there = entry("there", &queue);
    queue.store.transaction().create(&there, "there").commit().await.expect("written");
    let [new, other] = ["new", "other"].map(|name| entry(name, &queue));
    let first = Item { value: there.clone(), revision: 1 };
    let stale = Item { value: there.clone(), revision: 7 };
    let refusal = async |transaction: storage::Transaction<'_, &'static str>| match transaction
        .create(&new, "new")
        .commit()
        .await
    {
        Err(Refused::By(word)) => word,
        other => panic!("{other:?}"),
    };
    let begin = || queue.store.transaction();
    assert_eq!(refusal(begin().create(&other, "other").create(&there, "taken")).await, "taken");
    assert_eq!(refusal(begin().create(&other, "other").save(&stale, "stale")).await, "stale");
    assert_eq!(refusal(begin().create(&other, "other").require(&stale, "moved on")).await, "moved on");
    assert_eq!(
        refusal(begin().require(&first, "moved on").require_present(&other.key(), "gone")).await,
        "gone"
    );
    assert_eq!(
        refusal(begin().enqueue(&wake_up("a"), queue.now).require_present(&other.key(), "gone")).await,
        "gone"
    );
    for unwritten in [&new, &other] {
        assert_eq!(queue.store.get::<AuditEntry>(&unwritten.key()).await.expect("an answer"), None);
    }
    assert_eq!(queue.counts().await, (0, 0, 0));
    queue.close().await;
}

#[tokio::test]
async fn no_update_is_lost_among_many_writers() {
    const WRITERS: i64 = 32;
    let queue = Queue::open().await;
    let zero = Hands { now: Timestamp::UNIX_EPOCH };
    queue.store.transaction().create(&zero, "there").commit().await.expect("written");
    let writers = (0..WRITERS).map(|_| {
        let store = queue.store.clone();
        tokio::spawn(async move {
            let increment = async || {
                let read: Item<Hands> = store.get(&Key::Clock).await?.ok_or(Refused::By("gone"))?;
                let raised = Hands { now: read.value.now + SignedDuration::from_secs(1) };
                store.transaction().save(&read.with(raised), "changed").commit().await
            };
            // As often as it takes: each refusal is another writer's success.
            while read_again(|refused| matches!(refused, Refused::By("changed")), &increment).await.is_err() {
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.expect("a writer");
    }
    let counted: Item<Hands> = queue.store.get(&Key::Clock).await.expect("an answer").expect("an item");
    assert_eq!(counted.value.now.as_second(), WRITERS);
    assert_eq!(counted.revision, u64::try_from(WRITERS).expect("positive") + 1);
    queue.close().await;
}

/// What may be written ahead is part of the transaction or, where each write is alone, made before it, a group
/// after the other: nothing that comes later is there without what comes before.
#[tokio::test]
async fn what_is_written_ahead_is_there_before_the_rest() {
    for (writes, first_is_there) in [(Writes::Together, false), (Writes::Alone, true)] {
        let local = LocalStore::start(None).await.expect("a store");
        let queue = Queue {
            store: local.store(Settings { writes, ..Settings::default() }),
            local,
            now: machine_now(),
        };
        let [there, first, second, rest] =
            ["there", "first", "second", "rest"].map(|name| entry(name, &queue));
        queue.store.transaction().create(&there, "there").commit().await.expect("written");
        let stale = Item { value: there, revision: 7 };
        let write = async |stale: Option<&Item<AuditEntry>>| {
            let transaction = queue.store.transaction().create(&rest, "rest");
            let transaction = transaction.ahead(|transaction| transaction.set(&first));
            let transaction = transaction.ahead(|transaction| match stale {
                Some(stale) => transaction.save(stale, "stale"),
                None => transaction,
            });
            transaction.ahead(|transaction| transaction.set(&second)).commit().await
        };
        let are_there = async || {
            let mut there = Vec::new();
            for entry in [&first, &second, &rest] {
                there.push(queue.store.get::<AuditEntry>(&entry.key()).await.expect("an answer").is_some());
            }
            there
        };
        assert!(matches!(write(Some(&stale)).await, Err(Refused::By("stale"))));
        assert_eq!(are_there().await, [first_is_there, false, false], "{writes:?}");
        write(None).await.expect("nothing refuses");
        assert_eq!(are_there().await, [true, true, true], "{writes:?}");
        queue.close().await;
    }
}
