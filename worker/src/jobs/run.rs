//! Billing runs: every invoice of one legal entity and civil date, in one shard of its enrollments.
//!
//! Drafts are written a page at a time together with the shard's cursor, so a run that is killed goes on
//! where it was. An enrollment that cannot be billed is parked with its reason and tried again on the next
//! look or when finance asks; the others do not wait for it. While a page is written the next ones are read.

use std::collections::BTreeMap;

use domain::billing::run::{RunShard, begins_anywhere_at, looks_again_at};
use domain::id::RunId;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use storage::invoice::InvoiceRefusal;
use storage::queue::Claimed;
use storage::{Clock, Item};

use self::look::Look;
use self::writing::{Then, Writing};
use super::finish;
use crate::Worker;
use crate::outcome::Unfinished;

mod look; // what is due
mod writing; // how it is kept

/// Pages after which a forecast gives its place to other jobs and goes on as soon as it may.
const PAGES_MAX: usize = 200;
/// The effort after which a run does: well within the time that a job has.
const EFFORT_MAX: u32 = 2_000;
/// The effort of a page that is written, and of one that is only read.
const EFFORT_OF_PAGE: u32 = 10;
const EFFORT_OF_EMPTY: u32 = 1;

/// Drafts what has begun, and looks again until the date has begun everywhere.
pub async fn bill(
    worker: &Worker,
    claimed: &Claimed,
    entity: &str,
    on: Date,
    shard: u16,
) -> Result<(), Unfinished> {
    let (now, seen) = seen(worker).await?;
    let kept = worker.store.run_shard(RunId::of(entity, on), entity, shard).await?;
    let mut run = kept.unwrap_or(Item::new(RunShard::of_date(entity, on, shard)));
    if run.value.looked_at.is_none() && seen < begins_anywhere_at(on) {
        return foresee(worker, claimed, run, seen).await;
    }
    run.value = run.value.looking(seen);
    // A look that was interrupted is ended as of its own instant: what began since is the next one's.
    let looked_at = run.value.looked_at.unwrap_or(seen);
    let mut pages = Look::new(worker, looked_at).pages(run.value.clone());
    let mut writing = Writing::new(&worker.store, claimed, now);
    let mut effort = 0;
    while effort < EFFORT_MAX {
        let page = pages.recv().await.unwrap_or_else(|| Err(Unfinished::Retry("reading stopped".into())))?;
        run.value = page.counted(run.value)?;
        run.value.after = page.next;
        let next_begins_at = page.next_begins_at;
        let then = match page.next {
            // Nothing to write: whoever is killed meanwhile passes over it again, and reads what comes next.
            Some(_) if page.is_empty() => {
                effort += EFFORT_OF_EMPTY;
                continue;
            }
            Some(_) => Then::GoOn,
            None => {
                let next = looks_again_at(on, looked_at, next_begins_at).map(|at| at + (now - seen));
                run.value.done = next.is_none();
                Then::LookAgain(next)
            }
        };
        writing.write(page, run.clone(), then).await?;
        run.revision += 1;
        effort += EFFORT_OF_PAGE;
        if let Then::LookAgain(_) = then {
            return writing.end().await;
        }
    }
    writing.end().await?;
    let transaction = worker.store.transaction().save(&run, InvoiceRefusal::RunChanged);
    Ok(transaction.finish_until(claimed, now).commit().await?)
}

/// Counts what a date will bring, before it begins anywhere, and waits until it does.
async fn foresee(
    worker: &Worker,
    claimed: &Claimed,
    mut run: Item<RunShard>,
    seen: Timestamp,
) -> Result<(), Unfinished> {
    let sums = |error: domain::money::MoneyError| Unfinished::GiveUp(error.to_string());
    let mut look = Look::foreseeing(worker, seen);
    if run.value.after.is_none() {
        // Whoever asks again meanwhile lets it be counted anew.
        run.value.forecast = Some(BTreeMap::new());
    }
    let mut until = Some(seen);
    for _ in 0..PAGES_MAX {
        let page = look.foresee(&run.value).await?;
        for rated in page.rated {
            let Some(begins_at) = rated.begins_at else { continue };
            let totals = rated.drafts.iter().map(|draft| draft.total);
            run.value = run.value.foreseeing(begins_at, totals).map_err(sums)?;
        }
        run.value.after = page.next;
        if page.next.is_none() {
            until = None;
            break;
        }
    }
    let until = until.unwrap_or_else(|| begins_anywhere_at(run.value.on));
    let transaction = worker.store.transaction::<InvoiceRefusal>().save(&run, InvoiceRefusal::RunChanged);
    Ok(transaction.finish_until(claimed, until).commit().await?)
}

/// Now, and the instant that a run sees: as long before as whatever was decided by then may take to be
/// written.
async fn seen(worker: &Worker) -> Result<(Timestamp, Timestamp), Unfinished> {
    let now = worker.clock.now(&worker.store).await?;
    let delay = match worker.clock {
        Clock::Machine => worker.settings.run_delay,
        Clock::Simulated => SignedDuration::ZERO,
    };
    Ok((now, now - delay))
}

/// Counts what a run over a date would draft, page by page.
pub async fn count(
    worker: &Worker,
    claimed: &Claimed,
    run: RunId,
    entity: &str,
    shard: u16,
) -> Result<(), Unfinished> {
    let Some(mut kept) = worker.store.run_shard(run, entity, shard).await? else {
        return finish(worker, claimed).await;
    };
    let mut look = Look::new(worker, seen(worker).await?.1);
    loop {
        kept.value = look.count_page(kept.value).await?;
        let transaction = worker.store.transaction::<&str>().save(&kept, "the run changed");
        if kept.value.done {
            return Ok(transaction.finish(claimed).commit().await?);
        }
        transaction.checkpoint(claimed).commit().await?;
        kept.revision += 1;
    }
}

/// Counts what a shard of a run would draft and writes nothing; whoever asks is told how far it is.
pub async fn dry_run(
    worker: &Worker,
    mut run: RunShard,
    mut seen_so_far: impl FnMut(&RunShard),
) -> Result<RunShard, Unfinished> {
    let mut look = Look::new(worker, seen(worker).await?.1);
    while !run.done {
        run = look.count_page(run).await?;
        seen_so_far(&run);
    }
    Ok(run)
}
