//! What is done to each invoice of a run's page.

use domain::billing::run::{PageInvoice, RunPage};
use domain::id::InvoiceId;
use domain::invoice::Invoice;
use domain::job::Job;
use futures::{StreamExt, TryStreamExt};
use storage::transaction::read_again;

use crate::Worker;
use crate::outcome::Unfinished;

/// Does something to each invoice of a page, so many at once. What is given up is left to a job of its own,
/// where staff see it; the others do not wait for it.
pub async fn each_invoice<F: Future<Output = Result<(), Unfinished>>>(
    worker: &Worker,
    page: &RunPage,
    at_once: usize,
    act: impl Fn(PageInvoice, InvoiceId) -> F,
    job: impl Fn(PageInvoice, InvoiceId) -> Job,
) -> Result<(), Unfinished> {
    let (act, job) = (&act, &job);
    let each = futures::stream::iter(page.invoices.iter().copied()).map(|line| async move {
        let invoice = Invoice::id_of(line.enrollment, line.key, line.payer);
        let was_changed = |unfinished: &Unfinished| matches!(unfinished, Unfinished::Changed(_));
        let done = read_again(was_changed, || act(line, invoice)).await;
        let Err(Unfinished::GiveUp(reason)) = done else { return done };
        tracing::error!(%invoice, reason, "left to a job of its own");
        let now = worker.clock.now(&worker.store).await?;
        Ok(worker.store.transaction::<()>().enqueue(&job(line, invoice), now).commit().await?)
    });
    each.buffer_unordered(at_once).try_collect::<()>().await
}
