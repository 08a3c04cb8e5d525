//! Asking for the money of a run's invoices, page by page. Only what is not paid at once becomes a job of
//! its own, which waits for the days of the dunning plan.

use domain::billing::run::{PageInvoice, RunPage};
use domain::id::RunId;
use domain::invoice::Payment;
use domain::job::Job;
use domain::ledger::Entry;
use jiff::civil::Date;
use storage::invoice::InvoiceRefusal;
use storage::queue::Claimed;
use storage::transaction::read_again;

use super::bill::issuer_in;
use super::charge::{Ending, charge_next};
use super::finish;
use super::page::each_invoice;
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
        let ask = |line: PageInvoice, invoice| charge_next(worker, Ending::Page, line.enrollment, invoice);
        let charge = |line: PageInvoice, invoice| Job::Charge { enrollment: line.enrollment, invoice };
        // What is paid already is passed over at once: a page that is taken up again comes further.
        let lines = worker.store.not_yet_charged(&page.page).await?;
        each_invoice(worker, claimed, lines, ASKED_AT_ONCE, ask, charge).await?;
        let was_changed = |unfinished: &Unfinished| matches!(unfinished, Unfinished::Changed(_));
        let entries = read_again(was_changed, || paid(worker, entity, &page.page)).await?;
        worker.store.transaction().collect_page(&page, &entries, now).checkpoint(claimed).commit().await?;
    }
    let transaction = worker.store.transaction::<()>().finish_until(claimed, now);
    Ok(transaction.commit().await?)
}

/// What the ledger says of a page's payments, as they are kept: the same however often it is asked. Whatever is
/// not answered by now is posted by whoever hears the answer.
async fn paid(worker: &Worker, entity: &str, page: &RunPage) -> Result<Vec<Entry>, Unfinished> {
    let issuer = issuer_in(entity)?;
    let invoices = worker.store.page_invoices(&page.invoices).await?;
    for invoice in &invoices {
        let Some(charge) = invoice.value.charge.clone().filter(Payment::is_waited_for_by_page) else {
            continue;
        };
        let handed_on = invoice.value.clone().with_charge(&charge.handed_on());
        let transaction =
            worker.store.transaction().save(&invoice.clone().with(handed_on), InvoiceRefusal::Changed);
        transaction.commit().await?;
    }
    let invoices = Vec::from_iter(invoices.into_iter().map(|item| item.value));
    let now = worker.clock.now(&worker.store).await?;
    let entries = Entry::of_charges(&issuer, page, &invoices, now);
    entries.map_err(|error| Unfinished::GiveUp(error.to_string()))
}
