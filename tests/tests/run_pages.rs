//! Pages of a run and their numbers, whatever happens to whoever writes them.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::billing::run::{ListedAt, RunShard};
use domain::billing::{Part, Payer, PeriodKey};
use domain::enrollment::{Enrollment, Offer, PaymentMethod};
use domain::id::{EnrollmentId, PersonId, RunId};
use domain::invoice::{Invoice, rate};
use domain::job::Job;
use domain::money::{Currency, Money};
use domain::time::Zone;
use infra::crowd::{Crowd, EDITION};
use infra::local_store::LocalStore;
use infra::seed;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use storage::clock::machine_now;
use storage::queue::{Claimed, Settings};
use storage::transaction::{Writes, read_again};
use storage::units::count_write_units;
use storage::{Clock, Item, Store};
use worker::Worker;
use worker::outcome::Unfinished;

/// A store with a crowd whose month has begun, and a worker that does what it is told.
struct Run {
    local: LocalStore,
    store: Store,
    worker: Worker,
    crowd: Crowd,
    offer: Offer,
}

impl Run {
    async fn begun(students: u32) -> Self {
        Self::begun_writing(students, Writes::Together).await
    }

    async fn begun_writing(students: u32, writes: Writes) -> Self {
        let local = LocalStore::start(None).await.expect("a store");
        let store = local.store(Settings { writes, ..Settings::default() });
        seed::load_sample_catalog(&store).await.expect("loaded");
        let crowd = Crowd {
            students,
            since: "2027-03-07".parse().expect("a date"),
            time_zone: "Europe/London".parse().expect("a zone"),
            method: PaymentMethod::Manual,
        };
        crowd.enroll(&store).await.expect("enrolled");
        Clock::set(&store, now()).await.expect("set");
        let worker = Worker::alone(store.clone(), Clock::Simulated);
        let edition = store.edition(&EDITION.parse().expect("a slug"), 1).await.expect("read");
        let offer = edition.and_then(|edition| edition.offer(crowd.since)).expect("an offer");
        Self { local, store, worker, crowd, offer }
    }

    /// Changes one of the crowd.
    async fn change(&self, index: u32, change: impl FnOnce(Enrollment) -> Enrollment) -> Enrollment {
        let enrollment = change(self.crowd.enrollment(index, &self.offer).expect("an enrollment"));
        self.store.transaction::<()>().set(&enrollment).commit().await.expect("written");
        enrollment
    }

    async fn claim(&self, kind: &str) -> Claimed {
        let claimed = self.store.claim("test", now(), machine_now(), 1).await.expect("the store");
        let claimed = claimed.into_iter().next().expect("a job");
        assert_eq!(claimed.job.kind(), kind);
        claimed
    }

    async fn work(&self, kind: &str) -> Result<(), Unfinished> {
        worker::jobs::run(&self.worker, &self.claim(kind).await).await
    }

    /// Looks and numbers for as long as there is something to, and says how many write units each look took.
    async fn until_numbered(&self) -> Vec<f64> {
        let mut looks = Vec::new();
        while let Some(claimed) =
            self.store.claim("test", now(), machine_now(), 1).await.expect("the store").pop()
        {
            match claimed.job.kind() {
                "billing_run" => {
                    let look = count_write_units(Box::pin(worker::jobs::run(&self.worker, &claimed))).await;
                    look.0.expect("done");
                    looks.push(look.1);
                }
                "number_invoices" => worker::jobs::run(&self.worker, &claimed).await.expect("done"),
                _ => self.store.transaction::<()>().finish(&claimed).commit().await.expect("left out"),
            }
        }
        looks
    }

    async fn invoices(&self, index: u32) -> Vec<Invoice> {
        let id = EnrollmentId::derived(&[&format!("crowd {index}")]);
        let invoices = self.store.invoices_for_job(id).await.expect("read");
        invoices.into_iter().map(|invoice| invoice.value).collect()
    }

    /// The numbers that were given, each once.
    async fn numbers(&self) -> BTreeSet<u64> {
        let mut numbers = BTreeSet::new();
        for index in 0..self.crowd.students {
            for invoice in self.invoices(index).await {
                let issue = invoice.issue().expect("issued");
                assert!(numbers.insert(issue.number.sequence), "{} twice", issue.number);
            }
        }
        numbers
    }

    async fn drafted(&self) -> u64 {
        let run = RunId::of("GB", on());
        let shard = self.store.run_shard(run, "GB", 0).await.expect("read").expect("begun");
        shard.value.tally.invoices
    }
}

fn on() -> Date {
    "2027-04-07".parse().expect("a date")
}

fn now() -> Timestamp {
    "2027-04-08T00:00:00Z".parse().expect("an instant")
}

fn payer(name: &str, percent: u8) -> Payer {
    Payer {
        payer: PersonId::derived(&[name]),
        part: Part::SharePercent(percent),
        agreed_at: None,
        business: None,
    }
}

/// 2,500 drafts, and a kill after the second block of numbers was claimed: numbers 1 to 2,500.
#[tokio::test(flavor = "multi_thread")]
async fn a_kill_after_a_claim_leaves_no_gap() {
    let run = Run::begun(2_500).await;
    run.work("billing_run").await.expect("drafted");
    let numbering = run.claim("number_invoices").await;
    let killed = {
        let (worker, numbering) = (run.worker.clone(), numbering.clone());
        tokio::spawn(async move { worker::jobs::run(&worker, &numbering).await })
    };
    let next = async || run.store.numbers("GB", 2027).await.expect("read").value.next();
    // Eleven pages of ninety are a block.
    while next().await <= 2 * 990 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    killed.abort();
    assert!(killed.await.is_err(), "it was not killed in the middle");
    assert_eq!(next().await, 2 * 990 + 1);

    run.store.release_all(machine_now()).await.expect("released");
    run.work("number_invoices").await.expect("numbered");
    assert_eq!(run.numbers().await, (1..=2_500).collect());
    run.local.stop().await;
}

/// Three payers each: a page ends before an enrollment whose invoices do not all fit.
#[tokio::test(flavor = "multi_thread")]
async fn a_month_that_several_pay_is_never_torn_between_pages() {
    let run = Run::begun(100).await;
    for index in 0..100 {
        let payers = vec![payer("employer", 50), payer("state", 25), payer("own", 25)];
        run.change(index, |enrollment| Enrollment { payers, ..enrollment }).await;
    }
    run.work("billing_run").await.expect("drafted");
    run.work("number_invoices").await.expect("numbered");
    assert_eq!((run.drafted().await, run.numbers().await), (300, (1..=300).collect()));
    let mut totals = Vec::from_iter(run.invoices(7).await.iter().map(|invoice| invoice.total.amount_minor));
    totals.sort_unstable();
    assert_eq!(totals, [7_500, 7_500, 15_000]);
    run.local.stop().await;
}

/// An invoice that somebody else wrote is left as it is, and the rest of its page is written.
#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_that_is_there_is_not_written_again() {
    let run = Run::begun(100).await;
    let id = |index: u32| EnrollmentId::derived(&[&format!("crowd {index}")]);
    // One of the second page, which the run has no reason to read before it writes.
    let last = (0..100).max_by_key(|index| id(*index)).expect("a hundred");
    let enrollment = run.crowd.enrollment(last, &run.offer).expect("an enrollment");
    let key = PeriodKey { segment: 1, k: 1 };
    let mut drafts = rate(&enrollment.billing_facts(), key, &[], run.crowd.since).expect("fits");
    let theirs = drafts.pop().expect("a month that costs something");
    run.store.transaction::<()>().set(&theirs).commit().await.expect("written");

    let drafting = run.claim("billing_run").await;
    let refused = worker::jobs::run(&run.worker, &drafting).await;
    assert!(matches!(refused, Err(Unfinished::Changed(_))), "{refused:?}");
    assert_eq!(run.drafted().await, 90, "nothing of the second page");
    worker::jobs::run(&run.worker, &drafting).await.expect("the page is read again");
    assert_eq!(run.drafted().await, 99);
    run.work("number_invoices").await.expect("numbered");
    assert_eq!(run.invoices(last).await, [theirs], "whoever wrote it numbers it");
    run.local.stop().await;
}

/// Drafts of some of the crowd that say that they are for a page.
async fn strays(run: &Run, some: impl IntoIterator<Item = u32>, page: u64) {
    let key = PeriodKey { segment: 1, k: 1 };
    for index in some {
        let enrollment = run.crowd.enrollment(index, &run.offer).expect("an enrollment");
        let drafts = rate(&enrollment.billing_facts(), key, &[], run.crowd.since).expect("fits");
        let transaction = drafts.into_iter().fold(run.store.transaction::<()>(), |transaction, draft| {
            transaction.create(&Invoice { page: Some(page), ..draft }, ())
        });
        transaction.commit().await.expect("written");
    }
}

/// Where each draft is written by itself, a worker may be killed between a page's drafts, and before the page:
/// the next one takes those in, whether their page has come meanwhile or not.
#[tokio::test(flavor = "multi_thread")]
async fn drafts_whose_page_never_came_are_taken_in() {
    let run = Run::begun_writing(200, Writes::Alone).await;
    // On the last page: those before it have nothing to write when the run looks again.
    let late =
        (0..200).max_by_key(|index| EnrollmentId::derived(&[&format!("crowd {index}")])).expect("some");
    run.change(late, |enrollment| Enrollment { version: 99, ..enrollment }).await;
    strays(&run, (0..200).step_by(3).filter(|index| *index != late), 1).await;
    let drafting = run.claim("billing_run").await;
    // Those beyond the first page are met when the next one is written, which is read again then.
    let was_changed = |unfinished: &Unfinished| matches!(unfinished, Unfinished::Changed(_));
    read_again(was_changed, || worker::jobs::run(&run.worker, &drafting)).await.expect("drafted");
    assert_eq!(run.drafted().await, 199);
    // One that could not be billed when its page was written, and can by now.
    run.change(late, |enrollment| enrollment).await;
    strays(&run, [late], 1).await;
    let again = Job::BillingRun { entity: "GB".into(), on: on(), shard: 0 };
    run.store.transaction::<()>().enqueue(&again, now()).commit().await.expect("asked again");
    assert_eq!(run.until_numbered().await.len(), 1, "one look");
    assert_eq!((run.drafted().await, run.numbers().await), (200, (1..=200).collect()));
    assert!(run.invoices(late).await.iter().all(|invoice| invoice.page.is_none()));
    run.local.stop().await;
}

/// What waits for its number is in a page: a dry run does not count it again, and nobody asks for its money.
#[tokio::test(flavor = "multi_thread")]
async fn a_draft_of_a_run_waits_for_its_number() {
    let run = Run::begun(100).await;
    run.work("billing_run").await.expect("drafted");
    let dry = RunShard::dry(RunId::derived(&["dry"]), "GB", on(), 0);
    let counted = worker::jobs::run::dry_run(&run.worker, dry, |_| {}).await.expect("counted");
    assert_eq!(counted.tally.invoices, 0);

    // Found by its id, as it is for a moment before it is issued, and asked for by a new way to pay.
    let [draft] = &run.invoices(3).await[..] else { panic!("one month") };
    let kept = Item { value: draft.clone(), revision: 1 };
    let transaction = run.store.transaction().keep_draft(&kept, (), now());
    transaction.commit().await.expect("found and asked for");
    let charge = Job::Charge { enrollment: draft.enrollment, invoice: draft.id };
    run.store.hasten(&charge, now()).await.expect("due");
    while let Some(claimed) = run.store.claim("test", now(), machine_now(), 1).await.expect("the store").pop()
    {
        if claimed.job == charge {
            worker::jobs::run(&run.worker, &claimed).await.expect("nothing to do");
        } else {
            let later = now() + SignedDuration::from_hours(1);
            run.store.transaction::<()>().finish_until(&claimed, later).commit().await.expect("put off");
        }
    }
    assert_eq!(run.invoices(3).await, std::slice::from_ref(draft), "nobody was asked");
    run.local.stop().await;
}

/// A finished run that is asked for again compares with its pages, and writes down no more than that it looked.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_asked_for_again_writes_nothing() {
    let run = Run::begun(1_000).await;
    let again = Job::BillingRun { entity: "GB".into(), on: on(), shard: 0 };
    let mut taken = Vec::new();
    for _ in 0..2 {
        run.store.transaction::<()>().enqueue(&again, now()).commit().await.expect("asked for");
        taken.extend(run.until_numbered().await);
        assert_eq!((run.drafted().await, run.numbers().await.len()), (1_000, 1_000));
    }
    let [first, again] = taken[..] else { panic!("two looks: {taken:?}") };
    assert!(first > 2_000.0 && again < 10.0, "{first} units, then {again}");
    run.local.stop().await;
}

/// A look that was interrupted in one zone and goes on a day later misses nobody whose date began since.
#[tokio::test(flavor = "multi_thread")]
async fn a_look_that_goes_on_late_leaves_nobody_out() {
    let run = Run::begun(100).await;
    let id = |index: u32| EnrollmentId::derived(&[&format!("crowd {index}")]);
    let first = (0..100).min_by_key(|index| id(*index)).expect("a hundred");
    let far: Zone = "America/New_York".parse().expect("a zone");
    for index in (0..100).filter(|index| *index != first) {
        run.change(index, |enrollment| Enrollment { time_zone: far.clone(), ..enrollment }).await;
    }
    // Killed behind the only one in London, at half past midnight there.
    let interrupted = RunShard {
        looked_at: Some("2027-04-06T23:30:00Z".parse().expect("an instant")),
        after: Some(ListedAt { day: 7, enrollment: id(first) }),
        ..RunShard::of_date("GB", on(), 0)
    };
    run.store.transaction::<()>().set(&interrupted).commit().await.expect("written");
    run.work("billing_run").await.expect("the look ends");
    assert_eq!(run.drafted().await, 0, "New York had not begun");
    loop {
        let claimed = run.store.claim("test", now(), machine_now(), 1).await.expect("the store").pop();
        let Some(claimed) = claimed else { break };
        worker::jobs::run(&run.worker, &claimed).await.expect("done");
    }
    assert_eq!(run.drafted().await, 99);
    run.local.stop().await;
}

/// A month that costs nothing has no invoice, and is not looked at twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_month_that_costs_nothing_is_marked() {
    let run = Run::begun(3).await;
    let free = |enrollment| Enrollment { monthly_price: Money::zero(Currency::Gbp), ..enrollment };
    let enrollment = run.change(1, free).await;
    run.work("billing_run").await.expect("drafted");
    assert_eq!((run.drafted().await, run.invoices(1).await.len()), (2, 0));
    let last = run.store.last_billed(enrollment.id).await.expect("read");
    assert_eq!(last, Some(PeriodKey { segment: 1, k: 1 }));
    run.local.stop().await;
}
