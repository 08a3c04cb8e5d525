//! Reading what a bank says of direct debits: each line has its effect in the transaction that counts it as
//! done, so that a report that is read again, from the begin or the middle, changes nothing twice.

use domain::debit::{BankReport, BankReportState, FiledDebit, Told, file_of};
use domain::id::BankReportId;
use domain::invoice::FILE_REFUSED;
use domain::upload::Purpose;
use jiff::Timestamp;
use storage::Item;
use storage::invoice::InvoiceRefusal;
use storage::queue::Claimed;
use storage::transaction::read_again;

use super::charge::{Back, What, came_back};
use super::finish;
use crate::Worker;
use crate::outcome::Unfinished;
use crate::payment::sepa::Report;

/// Lines after which the job gives its place to others and goes on as soon as it may.
const LINES_MAX: usize = 500;

/// Goes on with a report.
pub async fn read(worker: &Worker, claimed: &Claimed, id: BankReportId) -> Result<(), Unfinished> {
    let now = worker.clock.now(&worker.store).await?;
    let Some(mut kept) = worker.store.bank_report(id).await? else { return finish(worker, claimed).await };
    if kept.value.state != BankReportState::Waiting {
        return finish(worker, claimed).await;
    }
    let text = text(worker, &kept.value).await?;
    // A large one takes its time, which nobody else should wait for.
    let read = tokio::task::spawn_blocking(move || Report::read(&text)).await;
    let report = match read.map_err(|error| Unfinished::Retry(error.to_string()))? {
        Ok(report) => report,
        Err(refused) => return end(worker, claimed, kept, refusal(refused.to_string())).await,
    };
    let heard = worker.store.bank_report_heard(&report.message).await?;
    match heard {
        Some(heard) if heard.value.report != id => {
            let reason =
                format!("its reference {} was read before, as {}", report.message, heard.value.report);
            return end(worker, claimed, kept, refusal(reason)).await;
        }
        Some(_) => {}
        None => {
            let transaction = worker.store.transaction().hear_report(&report.message, id);
            transaction.checkpoint(claimed).commit().await?;
        }
    }
    let lines = lines(worker, &report).await?;
    for line in lines.iter().skip(kept.value.done as usize).take(LINES_MAX) {
        kept = do_line(worker, claimed, kept, line.clone()).await?;
    }
    if (kept.value.done as usize) < lines.len() {
        return go_on(worker, claimed, now).await;
    }
    let read = BankReportState::Read { message: report.message };
    end(worker, claimed, kept, read).await
}

const fn refusal(reason: String) -> BankReportState {
    BankReportState::Refused { reason }
}

async fn text(worker: &Worker, report: &BankReport) -> Result<String, Unfinished> {
    let object = worker.store.bucket(Purpose::Evidence).read(&report.place()).await?;
    let object = object.ok_or_else(|| Unfinished::GiveUp("the report's bytes are gone".into()))?;
    let bytes = object.collect().await.map_err(|error| Unfinished::Retry(error.to_string()))?;
    // What is no text is no report either, and is refused as such.
    Ok(String::from_utf8_lossy(&bytes.to_vec()).into_owned())
}

/// What a report says, line by line: nothing stands for what is not ours.
async fn lines(worker: &Worker, report: &Report) -> Result<Vec<Option<Back>>, Unfinished> {
    let mut lines = Vec::from_iter(report.returned.iter().cloned().map(|debit| {
        let file = debit.file.as_deref().and_then(file_of);
        Some(Back { invoice: debit.invoice, reason: debit.reason, file, what: What::Debit })
    }));
    for reference in &report.refused_whole {
        // One of its halves, where the bank names that: all of ours are in the one.
        let message = reference.trim_end_matches("-RCUR");
        let debits = match file_of(message) {
            Some(file) => worker.store.filed_debits(file).await?,
            None => Vec::new(),
        };
        if debits.is_empty() {
            lines.push(None);
        }
        lines.extend(debits.into_iter().map(|debit| {
            let FiledDebit { invoice, file, .. } = debit.value;
            Some(Back { invoice, reason: FILE_REFUSED.to_owned(), file: Some(file), what: What::File })
        }));
    }
    lines.extend(std::iter::repeat_n(None, report.foreign));
    Ok(lines)
}

/// Does what one line means, and counts it as done.
async fn do_line(
    worker: &Worker,
    claimed: &Claimed,
    kept: Item<BankReport>,
    line: Option<Back>,
) -> Result<Item<BankReport>, Unfinished> {
    let (kept, line) = (&kept, &line);
    let was_changed = |unfinished: &Unfinished| matches!(unfinished, Unfinished::Changed(_));
    read_again(was_changed, || async move {
        let (transaction, told) = match line.clone() {
            Some(back) => match came_back(worker, back).await {
                Err(Unfinished::GiveUp(reason)) => {
                    tracing::error!(reason, "a line of a bank's report is left to finance");
                    (worker.store.transaction(), Told::Foreign)
                }
                said => said?,
            },
            None => (worker.store.transaction::<InvoiceRefusal>(), Told::Foreign),
        };
        let next = kept.clone().with(kept.value.clone().and(told));
        let transaction = transaction.save(&next, InvoiceRefusal::Changed);
        transaction.checkpoint(claimed).commit().await?;
        Ok(Item { revision: next.revision + 1, ..next })
    })
    .await
}

async fn go_on(worker: &Worker, claimed: &Claimed, now: Timestamp) -> Result<(), Unfinished> {
    let transaction = worker.store.transaction::<()>().finish_until(claimed, now);
    Ok(transaction.commit().await?)
}

async fn end(
    worker: &Worker,
    claimed: &Claimed,
    kept: Item<BankReport>,
    state: BankReportState,
) -> Result<(), Unfinished> {
    let ended = BankReport { state, ..kept.value.clone() };
    let transaction = worker.store.transaction().save(&kept.with(ended), InvoiceRefusal::Changed);
    Ok(transaction.finish(claimed).commit().await?)
}
