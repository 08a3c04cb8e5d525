//! What is done to each invoice of a run's page.

use domain::billing::run::PageInvoice;
use domain::id::InvoiceId;
use domain::job::Job;
use futures::future::ready;
use futures::{StreamExt, TryStreamExt};
use storage::queue::Claimed;
use storage::transaction::read_again;

use crate::Worker;
use crate::outcome::Unfinished;

/// Invoices that came further after which the job's claims are forgotten, the first one aside: whoever is
/// killed again and again, and yet comes further each time, is no job that kills its process.
const CHECKPOINT_EVERY: u32 = 16;

/// Does something to invoices of a page, so many at once; `act` answers whether the invoice came further
/// by it for good. What is given up is left to a job of its own, where staff see it; the others do not wait
/// for it.
pub async fn each_invoice<F: Future<Output = Result<bool, Unfinished>>>(
    worker: &Worker,
    claimed: &Claimed,
    lines: Vec<PageInvoice>,
    at_once: usize,
    act: impl Fn(PageInvoice, InvoiceId) -> F,
    job: impl Fn(PageInvoice, InvoiceId) -> Job,
) -> Result<(), Unfinished> {
    let (act, job) = (&act, &job);
    let each = futures::stream::iter(lines).map(|line| async move {
        let invoice = line.id();
        let was_changed = |unfinished: &Unfinished| matches!(unfinished, Unfinished::Changed(_));
        let done = read_again(was_changed, || act(line, invoice)).await;
        let Err(Unfinished::GiveUp(reason)) = done else { return done };
        tracing::error!(%invoice, reason, "left to a job of its own");
        let now = worker.clock.now(&worker.store).await?;
        worker.store.transaction::<()>().enqueue(&job(line, invoice), now).commit().await?;
        Ok(false)
    });
    let further = each.buffer_unordered(at_once).try_filter(|further| ready(*further));
    let count = further.try_fold(0_u32, |count, _| async move {
        if count.is_multiple_of(CHECKPOINT_EVERY) {
            worker.store.transaction::<()>().checkpoint(claimed).commit().await?;
        }
        Ok(count + 1)
    });
    count.await.map(drop)
}
