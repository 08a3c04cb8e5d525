//! Numbers for a run's drafts: claimed block by block, then written on the invoices.
//!
//! A claim says for each page which number its first invoice has. It is one transaction with the issuer's
//! counter, so a process that is killed after it leaves pages that whoever comes next ends the same way:
//! no number is lost, and none is given twice. Ratings and other legal entities do not wait for it.

use std::collections::HashMap;

use domain::billing::run::{BLOCK_NUMBERS_MAX, PAGE_INVOICES_MAX, PageStage, RunPage, RunReport, RunState};
use domain::id::{InvoiceId, RunId};
use domain::invoice::{Invoice, InvoiceState, LegalEntity};
use domain::ledger::{Entry, Source};
use jiff::Timestamp;
use jiff::civil::Date;
use storage::queue::Claimed;
use storage::run::KeptPage;
use storage::transaction::OPERATIONS_MAX;
use storage::{Item, Refused};

use super::bill::issuer_in;
use super::finish;
use crate::Worker;
use crate::outcome::Unfinished;

/// Pages of one claim: with the counter, each is removed and written again.
const BLOCK_PAGES_MAX: u16 = (BLOCK_NUMBERS_MAX / PAGE_INVOICES_MAX) as u16;
/// Invoices of one transaction: each with where it is found.
const ISSUED_AT_ONCE: usize = OPERATIONS_MAX / 2;
/// Blocks after which the job gives its place to others and goes on as soon as it may.
const BLOCKS_MAX: usize = 50;

/// Ends what was claimed, claims the next block, and so on until no draft is left.
pub async fn number(worker: &Worker, claimed: &Claimed, entity: &str, on: Date) -> Result<(), Unfinished> {
    let now = worker.clock.now(&worker.store).await?;
    let run = RunId::of(entity, on);
    let issuer = issuer_in(entity)?;
    for _ in 0..BLOCKS_MAX {
        loop {
            let pages = worker.store.numbered_pages(run, BLOCK_PAGES_MAX).await?;
            if pages.is_empty() {
                break;
            }
            for page in pages {
                issue(worker, claimed, &issuer, page).await?;
            }
        }
        if is_held(worker, run).await? || !claim(worker, claimed, &issuer, run, now).await? {
            return finish(worker, claimed).await;
        }
    }
    let transaction = worker.store.transaction::<()>().finish_until(claimed, now);
    Ok(transaction.commit().await?)
}

/// Whether drafts must not be numbered yet: a shard is in the middle of a look, whose end asks again, or
/// finance has to look first.
async fn is_held(worker: &Worker, run: RunId) -> Result<bool, Unfinished> {
    let shards = worker.store.run(run).await?;
    let report = RunReport::of(shards.iter().map(|shard| &shard.value));
    let report = report.map_err(|error| Unfinished::GiveUp(error.to_string()))?;
    let waits = report.state == RunState::WaitingForFinance;
    if waits {
        tracing::warn!(%run, "differs from its forecast, and waits for finance");
    }
    Ok(waits || shards.iter().any(|shard| shard.value.after.is_some()))
}

/// Claims numbers for the next pages; false where none waits.
async fn claim(
    worker: &Worker,
    claimed: &Claimed,
    issuer: &LegalEntity,
    run: RunId,
    now: Timestamp,
) -> Result<bool, Unfinished> {
    let pages = worker.store.drafted_pages(run, BLOCK_PAGES_MAX).await?;
    if pages.is_empty() {
        return Ok(false);
    }
    let numbers = worker.store.numbers(&issuer.code, issuer.year_of_issue(now)).await?;
    let mut next = numbers.value.next();
    let mut block = Vec::with_capacity(pages.len());
    for page in pages {
        let first = next;
        next += page.page.invoices.len() as u64;
        block.push((page, first));
    }
    match worker.store.claim_numbers(&block, &numbers, now).checkpoint(claimed).commit().await {
        // Somebody took a number, or a page: what waits now is read again.
        Ok(()) | Err(Refused::By(_)) => Ok(true),
        Err(refused) => Err(refused.into()),
    }
}

/// Writes a page's numbers on its invoices, and hands it on to whoever asks for their money.
async fn issue(
    worker: &Worker,
    claimed: &Claimed,
    issuer: &LegalEntity,
    KeptPage { page, mark }: KeptPage,
) -> Result<(), Unfinished> {
    let PageStage::Numbered { first, at } = mark.value.stage else { return Ok(()) };
    let kept = worker.store.page_invoices(&page.invoices).await?.into_iter();
    let kept: HashMap<InvoiceId, Item<Invoice>> = kept.map(|item| (item.value.id, item)).collect();
    let (mut issued, mut all) = (Vec::new(), Vec::with_capacity(page.invoices.len()));
    for (line, sequence) in page.invoices.iter().zip(first..) {
        let id = line.id();
        let draft = kept.get(&id).ok_or_else(|| Unfinished::GiveUp(format!("the draft of {id} is gone")))?;
        if draft.value.state != InvoiceState::Draft {
            all.push(draft.value.clone());
            continue;
        }
        let period = page.period(line);
        let open = |draft: Invoice| draft.open(issuer, sequence, period, line.payment_days, at);
        let invoice =
            draft.clone().try_map(open).map_err(|refused| Unfinished::GiveUp(refused.to_string()))?;
        all.push(invoice.value.clone());
        issued.push(invoice);
    }
    for chunk in issued.chunks(ISSUED_AT_ONCE) {
        worker.store.keep_issued(chunk).commit().await?;
    }
    let RunPage { run, shard, number, .. } = page;
    let invoices = page.invoices.clone();
    let source = Source::Page { run, shard, page: number, first: issuer.number(first, at), invoices };
    // Posted when it is written: the day of a claim may be closed by now.
    let now = worker.clock.now(&worker.store).await?;
    let entry = Entry::of_page(issuer, source, &all, now);
    let entry = entry.map_err(|error| Unfinished::GiveUp(error.to_string()))?;
    let transaction =
        worker.store.transaction().issue_page(&KeptPage { page, mark }, &entry, now).checkpoint(claimed);
    Ok(transaction.commit().await?)
}
