//! Billing runs: every invoice of one civil date, in one shard of the enrollments.
//!
//! What is due is taken off the list in the transaction that bills it, and counted there, so a run
//! that is killed goes on where it was. An enrollment that cannot be billed is parked with its reason
//! and tried again on the next look or when finance asks; the others do not wait for it.

use domain::billing::run::{RunMode, RunShard, looks_again_at};
use domain::id::RunId;
use domain::money::Money;
use jiff::Timestamp;
use jiff::civil::Date;
use storage::invoice::InvoiceRefusal;
use storage::queue::Claimed;
use storage::run::BillingDue;
use storage::transaction::read_again;
use storage::{Item, Refused, Stored};

use super::bill::Owed;
use super::finish;
use crate::Worker;
use crate::outcome::Unfinished;

/// Enrollments read from the list at once.
const PAGE_ITEMS_MAX: u16 = 90;
/// Pages after which a run gives its place to other jobs and goes on as soon as it may: well within the
/// time that a job has, and what it did so far counts as progress, not as a failed try.
const PAGES_MAX: usize = 20;

/// Bills what has begun, and looks again until the date has begun everywhere.
pub async fn bill(worker: &Worker, claimed: &Claimed, on: Date, shard: u16) -> Result<(), Unfinished> {
    let now = worker.clock.now(&worker.store).await?;
    let kept = worker.store.run_shard(RunId::of_date(on), shard).await?;
    let mut run = kept.unwrap_or(Item::new(RunShard::of_date(on, shard)));
    run.value = run.value.looking_again();
    let billed_before = run.value.tally.invoices;
    let (mut after, mut next_begins_at, mut pages) = (None, None, 0);
    loop {
        pages += 1;
        let (page, more) = worker.store.due_on(shard, on, after, PAGE_ITEMS_MAX).await?;
        for due in &page {
            match due.time_zone.start_of(on) {
                Ok(begins_at) if now < begins_at => {
                    next_begins_at = Some(next_begins_at.map_or(begins_at, |next| begins_at.min(next)));
                }
                _ => run = bill_due(worker, run, due, now).await?,
            }
        }
        after = page.last().map(|due| due.enrollment).or(after);
        if !more {
            break;
        }
        if pages >= PAGES_MAX && run.value.tally.invoices > billed_before {
            let transaction = worker.store.transaction::<InvoiceRefusal>();
            let transaction = transaction.save(&run, InvoiceRefusal::RunChanged).finish_until(claimed, now);
            return Ok(transaction.commit().await?);
        }
    }
    let next = looks_again_at(on, now, next_begins_at);
    run.value.done = next.is_none();
    let transaction = worker.store.transaction::<InvoiceRefusal>().save(&run, InvoiceRefusal::RunChanged);
    let transaction = match next {
        Some(at) => transaction.finish_until(claimed, at),
        None => transaction.finish(claimed),
    };
    Ok(transaction.commit().await?)
}

/// Writes all that an enrollment owes, or parks it.
async fn bill_due(
    worker: &Worker,
    mut run: Item<RunShard>,
    due: &BillingDue,
    now: Timestamp,
) -> Result<Item<RunShard>, Unfinished> {
    loop {
        let billed = read_again(was_changed, || bill_next(worker, &run, due, now)).await;
        match billed {
            Ok(Some(counted)) => run = counted,
            Ok(None) => return Ok(run),
            Err(Unfinished::GiveUp(reason)) => {
                tracing::error!(enrollment = %due.enrollment, reason, "parked");
                run.value = run.value.parking(due.enrollment, reason);
                return Ok(run);
            }
            Err(unfinished) => return Err(unfinished),
        }
    }
}

const fn was_changed(unfinished: &Unfinished) -> bool {
    matches!(unfinished, Unfinished::Changed(_))
}

/// Writes the next invoice an enrollment owes and counts it; takes it off the list once none is.
async fn bill_next(
    worker: &Worker,
    run: &Item<RunShard>,
    due: &BillingDue,
    now: Timestamp,
) -> Result<Option<Item<RunShard>>, Unfinished> {
    let owed = Owed::read(worker, due.enrollment, now).await?;
    let billed = owed.as_ref().and_then(|owed| Some((owed.keep(worker, now)?, owed.billed.as_ref()?)));
    let Some((transaction, billed)) = billed else {
        let transaction = worker.store.transaction::<InvoiceRefusal>().unset(&due.key());
        let transaction = match &owed {
            // Nobody may have begun to owe something since it was read.
            Some(owed) => transaction.require(&owed.enrollment, InvoiceRefusal::Changed),
            None => transaction,
        };
        return Ok(transaction.commit().await.map(|()| None)?);
    };
    let totals = billed.invoices.iter().map(|invoice| invoice.total);
    let counted = run.value.clone().counted(totals);
    let counted = counted.map_err(|error| Unfinished::GiveUp(error.to_string()))?;
    match transaction.save(&run.clone().with(counted.clone()), InvoiceRefusal::RunChanged).commit().await {
        Ok(()) => Ok(Some(Item { value: counted, revision: run.revision + 1 })),
        Err(Refused::By(InvoiceRefusal::RunChanged)) => Err(Unfinished::Fenced),
        Err(refused) => Err(refused.into()),
    }
}

/// Counts what a run over a date would write, page by page.
pub async fn count(worker: &Worker, claimed: &Claimed, run: RunId, shard: u16) -> Result<(), Unfinished> {
    let Some(mut kept) = worker.store.run_shard(run, shard).await? else {
        return finish(worker, claimed).await;
    };
    let now = worker.clock.now(&worker.store).await?;
    loop {
        let RunMode::DryRun { after } = kept.value.mode else {
            return Err(Unfinished::GiveUp("the run is not a dry one".into()));
        };
        let (page, more) = worker.store.due_on(shard, kept.value.on, after, PAGE_ITEMS_MAX).await?;
        for due in &page {
            kept.value = count_due(worker, kept.value, due, now).await?;
        }
        kept.value.mode = RunMode::DryRun { after: page.last().map(|due| due.enrollment).or(after) };
        kept.value.done = !more;
        let transaction = worker.store.transaction::<&str>().save(&kept, "the run changed");
        if kept.value.done {
            return Ok(transaction.finish(claimed).commit().await?);
        }
        transaction.commit().await?;
        kept.revision += 1;
    }
}

/// Counts what an enrollment will owe when the date begins for it.
async fn count_due(
    worker: &Worker,
    run: RunShard,
    due: &BillingDue,
    now: Timestamp,
) -> Result<RunShard, Unfinished> {
    match will_owe(worker, due, now).await {
        Ok(Some(totals)) => run.counted(totals).map_err(|error| Unfinished::GiveUp(error.to_string())),
        Ok(None) => Ok(run),
        Err(Unfinished::GiveUp(reason)) => Ok(run.parking(due.enrollment, reason)),
        Err(unfinished) => Err(unfinished),
    }
}

async fn will_owe(
    worker: &Worker,
    due: &BillingDue,
    now: Timestamp,
) -> Result<Option<Vec<Money>>, Unfinished> {
    let begins_at = due.time_zone.start_of(due.on).map_err(|error| Unfinished::GiveUp(error.to_string()))?;
    let owed = Owed::read(worker, due.enrollment, begins_at.max(now)).await?;
    let billed = owed.and_then(|owed| owed.billed);
    Ok(billed.map(|billed| billed.invoices.iter().map(|invoice| invoice.total).collect()))
}
