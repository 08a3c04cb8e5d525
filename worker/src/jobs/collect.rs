//! Asking for the money of a run's invoices, page by page. Only what is not paid at once becomes a job of
//! its own, which waits for the days of the dunning plan.

use domain::billing::run::{PageInvoice, RunPage};
use domain::id::RunId;
use domain::invoice::Invoice;
use domain::job::Job;
use futures::{StreamExt, TryStreamExt};
use jiff::civil::Date;
use storage::Item;
use storage::queue::Claimed;
use storage::transaction::read_again;

use super::charge::{Ending, charge_next};
use super::finish;
use crate::Worker;
use crate::outcome::Unfinished;

/// Invoices whose providers are asked at once.
const ASKED_AT_ONCE: usize = 8;
/// Pages after which the job gives its place to others and goes on as soon as it may.
const PAGES_MAX: usize = 20;

/// Asks for the money of each issued page's invoices; a page goes on to its documents once all
/// of it was asked for.
pub async fn collect(
    worker: &Worker,
    claimed: &Claimed,
    entity: &str,
    on: Date,
    shard: u16,
) -> Result<(), Unfinished> {
    let now = worker.clock.now(&worker.store).await?;
    for _ in 0..PAGES_MAX {
        let pages = worker.store.issued_pages(RunId::of(entity, on), shard, 1).await?;
        let Some(page) = pages.into_iter().next() else { return finish(worker, claimed).await };
        collect_page(worker, &page).await?;
        worker.store.transaction().collect_page(&page, now).checkpoint(claimed).commit().await?;
    }
    let transaction = worker.store.transaction::<()>().finish_until(claimed, now);
    Ok(transaction.commit().await?)
}

async fn collect_page(worker: &Worker, page: &Item<RunPage>) -> Result<(), Unfinished> {
    let invoices = futures::stream::iter(page.value.invoices.iter().copied());
    let asked = invoices.map(|invoice| ask(worker, invoice)).buffer_unordered(ASKED_AT_ONCE);
    asked.try_collect::<()>().await
}

/// Asks for one invoice's money. What cannot be asked for is left to a job of its own, where staff see it.
async fn ask(worker: &Worker, line: PageInvoice) -> Result<(), Unfinished> {
    let invoice = Invoice::id_of(line.enrollment, line.key, line.payer);
    let was_changed = |unfinished: &Unfinished| matches!(unfinished, Unfinished::Changed(_));
    let asked = read_again(was_changed, || charge_next(worker, Ending::Page, line.enrollment, invoice)).await;
    let Err(Unfinished::GiveUp(reason)) = asked else { return asked };
    tracing::error!(%invoice, reason, "left to a job of its own");
    let now = worker.clock.now(&worker.store).await?;
    let charge = Job::Charge { enrollment: line.enrollment, invoice };
    Ok(worker.store.transaction::<()>().enqueue(&charge, now).commit().await?)
}
