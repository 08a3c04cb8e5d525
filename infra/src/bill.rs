//! A billing run from the command line: what it would bring, or the run itself.

use std::time::Duration;

use domain::billing::run::{RunReport, RunShard, RunState, begins_anywhere_at, days_beginning_on};
use domain::id::RunId;
use domain::job::Job;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use jiff::civil::Date;
use storage::Store;
use storage::clock::new_uuid;
use thiserror::Error;
use tokio_util::sync::CancellationToken;
use worker::Worker;
use worker::outcome::Unfinished;

/// How often the run is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// Why nothing came of it.
#[derive(Debug, Error)]
pub enum BillError {
    /// The date begins nowhere yet.
    #[error("{on} begins nowhere before {begins_at}; add --dry-run to see what it will bring")]
    TooEarly {
        /// The date.
        on: Date,
        /// When it begins in the first zone.
        begins_at: Timestamp,
    },
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] storage::StoreError),
    /// The run could not be asked for.
    #[error("the run could not be asked for: {0}")]
    Refused(String),
    /// A shard could not be counted.
    #[error(transparent)]
    Unfinished(#[from] Unfinished),
    /// The sums are too large.
    #[error(transparent)]
    Sums(#[from] domain::money::MoneyError),
}

/// Counts what a date will bring or would bring now, and writes nothing.
pub async fn dry_run(worker: &Worker, on: Date) -> Result<(), BillError> {
    let run = RunId::new(new_uuid(storage::clock::machine_now()));
    let all = shards(&worker.store).await?;
    let bar = bar(&worker.store, &all, on).await?;
    let mut counted = Vec::new();
    for (entity, shard) in all {
        bar.set_message(format!("{entity}, shard {shard}"));
        let before: u64 = counted.iter().map(|shard: &RunShard| shard.tally.invoices).sum();
        let first = RunShard::dry(run, &entity, on, shard);
        let progress = |shard: &RunShard| bar.set_position(before + shard.tally.invoices);
        counted.push(worker::jobs::run::dry_run(worker, first, progress).await?);
    }
    bar.finish_and_clear();
    print(on, "would write", &counted)
}

/// Asks for the run over a date, and works until nothing of it is left that has begun.
pub async fn run(worker: Worker, on: Date) -> Result<(), BillError> {
    let store = &worker.store.clone();
    let (now, begins_at) = (worker.clock.now(store).await?, begins_anywhere_at(on));
    if now < begins_at {
        return Err(BillError::TooEarly { on, begins_at });
    }
    let all = shards(store).await?;
    for (entity, shard) in &all {
        let asked = store.transaction::<()>().ask_run(entity, on, *shard).commit().await;
        asked.map_err(|refused| BillError::Refused(refused.to_string()))?;
        store.hasten(&Job::BillingRun { entity: entity.clone(), on, shard: *shard }, now).await?;
    }
    let stop = CancellationToken::new();
    let working = tokio::spawn(worker.run(stop.clone()));
    let bar = bar(store, &all, on).await?;
    let written = loop {
        let mut shards = Vec::new();
        for (entity, shard) in &all {
            let kept = store.run_shard(RunId::of(entity, on), entity, *shard).await?;
            shards.extend(kept.map(|kept| kept.value));
        }
        let report = RunReport::of(&shards)?;
        bar.set_position(report.tally.invoices);
        let looked = |shard: &RunShard| shard.looked_at.is_some() && shard.after.is_none();
        let nothing_due = store.next_due().await?.is_none_or(|due_at| now < due_at);
        if shards.len() == all.len() && shards.iter().all(looked) && nothing_due {
            let queue = store.queue_report().await?;
            if queue.held.is_empty() {
                break shards;
            }
        }
        tokio::time::sleep(LOOK).await;
    };
    bar.finish_and_clear();
    stop.cancel();
    if let Ok(Err(error)) = working.await {
        tracing::error!(error, "the worker stopped");
    }
    print(on, "has written", &written)
}

/// Every shard of every legal entity.
async fn shards(store: &Store) -> Result<Vec<(String, u16)>, BillError> {
    let mut markets = Vec::from_iter(
        store.editions().await?.iter().map(|edition| edition.edition.market.as_str().to_owned()),
    );
    markets.sort();
    markets.dedup();
    let shards = store.billing_shards();
    let each = markets.into_iter().flat_map(|market| (0..shards).map(move |shard| (market.clone(), shard)));
    Ok(each.collect())
}

/// A bar as long as the list of those whose months may begin on a date. Who pauses brings it to its end early.
async fn bar(store: &Store, shards: &[(String, u16)], on: Date) -> Result<ProgressBar, BillError> {
    let mut listed = 0;
    for (entity, shard) in shards {
        listed += store.count_billing_days(entity, *shard, days_beginning_on(on)).await?;
    }
    let bar = ProgressBar::new(listed);
    let template = "{wide_bar} {human_pos} of about {human_len} invoices ({per_sec}, {eta} left) {msg}";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(LOOK);
    Ok(bar)
}

fn print(on: Date, verb: &str, shards: &[RunShard]) -> Result<(), BillError> {
    let mut entities = Vec::from_iter(shards.iter().map(|shard| shard.entity.as_str()));
    entities.dedup();
    for entity in entities {
        let of = shards.iter().filter(|shard| shard.entity == entity);
        let report = RunReport::of(of)?;
        let totals = Vec::from_iter(report.tally.totals.iter().map(ToString::to_string)).join(", ");
        let totals = if totals.is_empty() { "nothing".to_owned() } else { totals };
        let parked = report.parked_count;
        println!("{entity} {on}: {verb} {} invoices, {totals}; {parked} parked", report.tally.invoices);
        for (enrollment, reason) in &report.parked {
            println!("  parked {enrollment}: {reason}");
        }
    }
    let state = RunReport::of(shards)?.state;
    if state == RunState::Running {
        println!("{on} has not begun everywhere: the rest follows when it has.");
    }
    Ok(())
}
