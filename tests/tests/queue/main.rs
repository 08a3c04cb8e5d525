//! The queue and its transactions against the store itself: what is asked for, claimed, ended.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::id::{EnrollmentId, RunId};
use domain::job::Job;
use infra::local_store::LocalStore;
use jiff::{SignedDuration, Timestamp};
use storage::clock::{Hands, machine_now};
use storage::queue::{Claimed, Held, Settings};
use storage::store::Names;
use storage::transaction::{AuditEntry, Writes, read_again};
use storage::{Item, Key, Refused, Store, Stored};

mod transactions;

/// A store in memory, and the hour it is at the school and on the machine.
struct Queue {
    local: LocalStore,
    store: Store,
    now: Timestamp,
}

const LEASE: SignedDuration = SignedDuration::from_secs(5);
/// How much later the end of a lease is noticed at most.
const NOTICED: SignedDuration = SignedDuration::from_millis(100);

impl Queue {
    async fn open() -> Self {
        let local = LocalStore::start(None).await.expect("a store");
        let lease = Duration::try_from(LEASE).expect("a length");
        let store = local.store(Settings { lease, claims_max: 2, ..Settings::default() });
        Self { local, store, now: machine_now() }
    }

    async fn ask(&self, job: &Job, due_at: Timestamp) {
        self.store.transaction::<()>().enqueue(job, due_at).commit().await.expect("asked");
    }

    async fn ask_once(&self, job: &Job) -> Result<(), Refused<&'static str>> {
        self.store.transaction().enqueue_once(job, self.now, "asked before").commit().await
    }

    /// What `owner` gets where the school's clock stands at `now` and the machine's at `machine_now`.
    async fn claim_at(&self, owner: &str, now: Timestamp, machine_now: Timestamp) -> Vec<Claimed> {
        self.store.claim(owner, now, machine_now, 10).await.expect("a claim")
    }

    async fn claim(&self, owner: &str) -> Vec<Claimed> {
        self.claim_at(owner, self.now, self.now).await
    }

    async fn claim_one(&self, owner: &str) -> Claimed {
        self.claim(owner).await.pop().expect("a job")
    }

    async fn finish(&self, claimed: &Claimed) -> Result<(), Refused<()>> {
        self.store.transaction().finish(claimed).commit().await
    }

    /// How many jobs wait, are held, are dead.
    async fn counts(&self) -> (usize, usize, usize) {
        let report = self.store.queue_report().await.expect("a report");
        (report.waiting.len(), report.held.len(), report.dead.len())
    }

    async fn close(self) {
        self.local.stop().await;
    }
}

fn wake_up(of: &str) -> Job {
    Job::ArrangeSessions { enrollment: EnrollmentId::derived(&[of]) }
}

#[tokio::test]
async fn asking_twice_makes_one_job() {
    let queue = Queue::open().await;
    queue.ask(&wake_up("a"), queue.now).await;
    queue.ask(&wake_up("a"), queue.now).await;
    queue.ask(&wake_up("b"), queue.now).await;
    assert_eq!(queue.counts().await, (2, 0, 0));
    let claimed = queue.claim("one").await;
    assert_eq!(claimed.len(), 2);
    assert_eq!(queue.claim("two").await, []);
    for job in &claimed {
        queue.finish(job).await.expect("finished");
    }
    assert_eq!(queue.counts().await, (0, 0, 0));
    queue.close().await;
}

#[tokio::test]
async fn a_wake_up_asked_for_while_it_runs_is_due_again() {
    let queue = Queue::open().await;
    queue.ask(&wake_up("a"), queue.now).await;
    let first = queue.claim_one("one").await;
    queue.ask(&wake_up("a"), queue.now).await;
    assert_eq!(queue.claim("two").await, [], "it is still held");
    queue.finish(&first).await.expect("finished");
    assert_eq!(queue.counts().await, (1, 0, 0));

    let second = queue.claim_one("two").await;
    assert_eq!(second.claims, 1, "what was claimed before is forgotten");
    queue.finish(&second).await.expect("finished");
    assert_eq!(queue.counts().await, (0, 0, 0));
    queue.close().await;
}

#[tokio::test]
async fn a_job_that_is_done_once_is_never_asked_for_again() {
    let queue = Queue::open().await;
    let run = Job::DryRun { run: RunId::derived(&["march"]), entity: "GB".into(), shard: 0 };
    queue.ask_once(&run).await.expect("asked");
    let refused = queue.ask_once(&run).await;
    assert!(matches!(refused, Err(Refused::By("asked before"))), "{refused:?}");
    let claimed = queue.claim_one("one").await;
    queue.finish(&claimed).await.expect("finished");
    assert_eq!(queue.counts().await, (0, 0, 0));
    let refused = queue.ask_once(&run).await;
    assert!(matches!(refused, Err(Refused::By("asked before"))), "{refused:?}");
    assert_eq!(queue.claim("two").await, []);
    queue.close().await;
}

#[tokio::test]
async fn only_the_last_claimer_finishes() {
    for job in [wake_up("a"), Job::DryRun { run: RunId::derived(&["a"]), entity: "GB".into(), shard: 0 }] {
        let queue = Queue::open().await;
        match &job {
            Job::DryRun { .. } => queue.ask_once(&job).await.expect("asked"),
            _ => queue.ask(&job, queue.now).await,
        }
        let first = queue.claim_one("one").await;
        let before = queue.now + LEASE - SignedDuration::from_millis(1);
        assert_eq!(queue.claim_at("two", queue.now, before).await, [], "the lease still runs");
        let ended = queue.now + LEASE + NOTICED;
        let second = queue.claim_at("two", queue.now, ended).await.pop().expect("a job");
        assert!(second.epoch > first.epoch);

        let late = queue.finish(&first).await;
        assert!(matches!(late, Err(Refused::Fenced)), "{late:?}");
        assert_eq!(queue.store.renew(&first, queue.now).await.expect("an answer"), Held::Lost);
        assert_eq!(queue.store.retry(&first, "late", queue.now).await.expect("an answer"), Held::Lost);
        assert_eq!(queue.store.bury(&first, "late", queue.now).await.expect("an answer"), Held::Lost);
        queue.finish(&second).await.expect("finished");
        let late = queue.finish(&first).await;
        assert!(matches!(late, Err(Refused::Fenced)), "{late:?}");
        queue.close().await;
    }
}

#[tokio::test]
async fn a_renewed_lease_holds_on() {
    let queue = Queue::open().await;
    queue.ask(&wake_up("a"), queue.now).await;
    let claimed = queue.claim_one("one").await;
    let later = queue.now + LEASE - SignedDuration::from_secs(1);
    assert_eq!(queue.store.renew(&claimed, later).await.expect("an answer"), Held::Yes);
    assert_eq!(queue.claim_at("two", queue.now, queue.now + LEASE).await, []);
    assert_eq!(queue.claim_at("two", queue.now, later + LEASE).await.len(), 1);
    queue.close().await;
}

#[tokio::test]
async fn what_kills_every_worker_becomes_a_dead_letter() {
    let queue = Queue::open().await;
    queue.ask(&wake_up("a"), queue.now).await;
    for claims in 0..2 {
        let machine_now = queue.now + LEASE * claims;
        assert_eq!(queue.claim_at("one", queue.now, machine_now).await.len(), 1);
    }
    assert_eq!(queue.claim_at("one", queue.now, queue.now + LEASE * 2).await, []);
    assert_eq!(queue.counts().await, (0, 0, 1));
    let dead = queue.store.queue_report().await.expect("a report").dead.remove(0);
    assert_eq!((dead.job, dead.last_error.as_deref()), (Some(wake_up("a")), Some("claimed too often")));

    // Asking for it only counts: it stays where staff finds it.
    queue.ask(&wake_up("a"), queue.now).await;
    assert_eq!(queue.counts().await, (0, 0, 1));
    assert_eq!(queue.claim_at("one", queue.now, queue.now + LEASE * 10).await, []);
    queue.close().await;
}

#[tokio::test]
async fn a_failed_job_rests_and_is_given_up_in_the_end() {
    let queue = Queue::open().await;
    queue.ask(&wake_up("a"), queue.now).await;
    let first = queue.claim_one("one").await;
    assert_eq!(queue.store.retry(&first, "no answer", queue.now).await.expect("an answer"), Held::Yes);
    let held = queue.store.queue_report().await.expect("a report").held.remove(0);
    assert_eq!(held.last_error.as_deref(), Some("no answer"));
    let rested = queue.now + SignedDuration::from_mins(1);
    let last = queue.claim_at("one", queue.now, rested).await.pop().expect("a job");
    assert_eq!(queue.store.retry(&last, "again none", rested).await.expect("an answer"), Held::Yes);
    let dead = queue.store.queue_report().await.expect("a report").dead.remove(0);
    assert_eq!((dead.claims, dead.last_error.as_deref()), (2, Some("again none")));
    queue.close().await;
}

#[tokio::test]
async fn nothing_is_claimed_before_it_is_due_at_the_school() {
    let queue = Queue::open().await;
    let due_at = queue.now + SignedDuration::from_hours(24 * 31);
    queue.ask(&wake_up("a"), due_at).await;
    assert_eq!(queue.store.next_due().await.expect("an instant").map(seconds), Some(seconds(due_at)));
    let much_later = due_at + SignedDuration::from_hours(24);
    assert_eq!(queue.claim_at("one", queue.now, much_later).await, [], "the machine's clock says nothing");
    assert_eq!(queue.claim_at("one", due_at - SignedDuration::from_secs(1), queue.now).await, []);
    let claimed = queue.claim_at("one", due_at, queue.now).await.pop().expect("a job");

    let next = due_at + SignedDuration::from_hours(1);
    let put_off = queue.store.transaction::<()>().finish_until(&claimed, next).commit().await;
    put_off.expect("put off");
    assert_eq!(queue.claim_at("one", due_at, much_later).await, []);
    assert_eq!(queue.claim_at("one", next, queue.now).await.len(), 1);
    queue.close().await;
}

fn seconds(at: Timestamp) -> i64 {
    at.as_second()
}

#[tokio::test]
async fn a_start_frees_every_lease() {
    let queue = Queue::open().await;
    for name in ["a", "b", "c"] {
        queue.ask(&wake_up(name), queue.now).await;
    }
    let before = queue.claim("gone").await;
    assert_eq!((before.len(), queue.claim("one").await.len()), (3, 0));
    assert_eq!(queue.store.release_all(queue.now).await.expect("a count"), 3);
    let after = queue.claim("one").await;
    let ids = |jobs: &[Claimed]| jobs.iter().map(|job| job.id).collect::<BTreeSet<_>>();
    assert_eq!(ids(&after), ids(&before));
    for job in &before {
        assert!(matches!(queue.finish(job).await, Err(Refused::Fenced)));
    }
    queue.close().await;
}

#[tokio::test]
async fn a_job_that_was_given_up_or_waits_can_be_made_due() {
    let queue = Queue::open().await;
    let job = wake_up("a");
    let later = queue.now + SignedDuration::from_hours(1);
    queue.ask(&job, later).await;
    assert_eq!(queue.claim("one").await, [], "it waits");
    assert!(queue.store.hasten(&job, queue.now).await.expect("an answer"));
    let held = queue.claim_one("one").await;
    assert!(!queue.store.hasten(&job, queue.now).await.expect("an answer"), "somebody works on it");
    queue.store.bury(&held, "poison", queue.now).await.expect("buried");
    assert!(queue.store.hasten(&job, queue.now).await.expect("an answer"));
    let again = queue.claim_one("one").await;
    assert_eq!((again.claims, again.due_at), (1, queue.now));
    queue.finish(&again).await.expect("finished");
    assert!(!queue.store.hasten(&job, queue.now).await.expect("an answer"), "it is gone");
    queue.close().await;
}

/// What was on its way when a job ended, or was put off, comes too late to move it.
#[tokio::test]
async fn a_late_word_does_not_move_a_job_that_ended() {
    let later = SignedDuration::from_hours(24 * 7);
    for job in [wake_up("a"), Job::DryRun { run: RunId::derived(&["a"]), entity: "GB".into(), shard: 0 }] {
        let queue = Queue::open().await;
        match &job {
            Job::DryRun { .. } => queue.ask_once(&job).await.expect("asked"),
            _ => queue.ask(&job, queue.now).await,
        }
        let claimed = queue.claim_one("one").await;
        match &job {
            Job::DryRun { .. } => queue.finish(&claimed).await.expect("finished"),
            _ => {
                let put_off = queue.store.transaction::<()>().finish_until(&claimed, queue.now + later);
                put_off.commit().await.expect("put off");
            }
        }
        let before = queue.counts().await;
        assert_eq!(queue.store.renew(&claimed, queue.now).await.expect("an answer"), Held::Lost);
        assert_eq!(queue.store.retry(&claimed, "late", queue.now).await.expect("an answer"), Held::Lost);
        assert_eq!(queue.store.bury(&claimed, "late", queue.now).await.expect("an answer"), Held::Lost);
        assert_eq!(queue.counts().await, before);
        queue.close().await;
    }
}

/// A worker that was away for long holds nothing of the job that was asked for anew meanwhile.
#[tokio::test]
async fn a_worker_that_was_away_cannot_end_a_later_job() {
    let queue = Queue::open().await;
    queue.ask(&wake_up("a"), queue.now).await;
    let away = queue.claim_one("away").await;
    let second = queue.claim_at("two", queue.now, queue.now + LEASE).await.pop().expect("a job");
    queue.finish(&second).await.expect("finished");
    tokio::time::timeout(Duration::from_secs(5), async {
        // The machine's clock moves on by itself, by a millisecond.
        while machine_now().as_millisecond() <= i64::try_from(second.epoch).expect("a time") + 1 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("time passes");
    queue.ask(&wake_up("a"), queue.now).await;
    let third = queue.claim_at("three", queue.now, queue.now + LEASE).await.pop().expect("a job");
    assert!(third.epoch > second.epoch);
    let late = queue.finish(&away).await;
    assert!(matches!(late, Err(Refused::Fenced)), "{late:?}");
    queue.finish(&third).await.expect("still its own");
    queue.close().await;
}

/// Two workers that look at the same few jobs get all of them between them.
#[tokio::test]
async fn a_lost_race_is_no_empty_queue() {
    let queue = Queue::open().await;
    for index in 0..40 {
        queue.ask(&wake_up(&index.to_string()), queue.now).await;
    }
    let claimer = async |owner: &str| {
        let mut mine = Vec::new();
        while let Some(job) = queue.store.claim(owner, queue.now, queue.now, 1).await.expect("a claim").pop()
        {
            mine.push(job.id);
        }
        mine
    };
    let (one, two) = tokio::join!(claimer("one"), claimer("two"));
    let all: BTreeSet<_> = one.iter().chain(&two).collect();
    assert_eq!((all.len(), one.len() + two.len()), (40, 40));
    queue.close().await;
}

/// A job of a newer version, or one that was damaged, holds nobody up and is seen in the end.
#[tokio::test]
async fn a_job_that_nobody_can_read_is_buried_and_shown() {
    let queue = Queue::open().await;
    queue.ask(&wake_up("a"), queue.now).await;
    let (pk, sk) = Key::Job(wake_up("a").id()).parts();
    let unknown = HashMap::from([("kind".to_owned(), AttributeValue::S("from_the_future".into()))]);
    let update = queue.store.client().update_item().table_name(Names::default().table);
    let update = update.key("pk", AttributeValue::S(pk)).key("sk", AttributeValue::S(sk));
    let update = update.update_expression("SET job = :job");
    update.expression_attribute_values(":job", AttributeValue::M(unknown)).send().await.expect("changed");
    queue.ask(&wake_up("b"), queue.now).await;
    let mut machine_now = queue.now;
    let first = queue.claim_at("one", queue.now, machine_now).await;
    assert_eq!(first.into_iter().map(|claimed| claimed.job).collect::<Vec<_>>(), [wake_up("b")]);
    for _ in 0..3 {
        machine_now = machine_now + LEASE + NOTICED;
        queue.claim_at("one", queue.now, machine_now).await;
    }
    let dead = queue.store.queue_report().await.expect("a report").dead;
    let unreadable = dead.iter().find(|line| line.id == wake_up("a").id()).expect("shown");
    assert_eq!((&unreadable.job, unreadable.last_error.as_deref()), (&None, Some("claimed too often")));
    queue.close().await;
}
