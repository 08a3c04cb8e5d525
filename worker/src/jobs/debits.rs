//! Filling a file of direct debits: first what is in it is fixed, a bounded number at once; then it is written
//! from what was fixed, the same bytes however often.

use domain::debit::{DebitFile, DebitFileState, FiledDebit, LeftOut, WaitingDebit};
use domain::enrollment::Enrollment;
use domain::id::DebitFileId;
use domain::invoice::{FILE_REFUSED, Invoice, PaperFile, Payment, PaymentState};
use domain::upload::Purpose;
use futures::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use storage::Item;
use storage::invoice::InvoiceRefusal;
use storage::queue::Claimed;
use storage::transaction::read_again;

use super::charge::{Back, What, came_back};
use super::finish;
use crate::Worker;
use crate::outcome::Unfinished;
use crate::payment::sepa;

/// Debits that are put into a file at once: four writes each, and two more, fit into one transaction.
const DEBITS_AT_ONCE: u16 = 20;
/// Debits whose facts are read at once.
const READ_AT_ONCE: usize = 8;
/// Steps after which the job gives its place to others and goes on as soon as it may.
const STEPS_MAX: usize = 100;

/// Goes on with a file: fills it, then writes it.
pub async fn fill(worker: &Worker, claimed: &Claimed, id: DebitFileId) -> Result<(), Unfinished> {
    let now = worker.clock.now(&worker.store).await?;
    for _ in 0..STEPS_MAX {
        let Some(file) = worker.store.debit_file(id).await? else { return finish(worker, claimed).await };
        match file.value.state {
            DebitFileState::Filling => put_next(worker, claimed, file, now).await?,
            DebitFileState::Filled => return write(worker, claimed, file, now).await,
            DebitFileState::Empty | DebitFileState::Written { .. } | DebitFileState::Recalled { .. } => {
                return finish(worker, claimed).await;
            }
        }
    }
    let transaction = worker.store.transaction::<()>().finish_until(claimed, now);
    Ok(transaction.commit().await?)
}

/// A payment on the list, with what decides about it.
struct Facts {
    waiting: Item<WaitingDebit>,
    enrollment: Option<Item<Enrollment>>,
    invoice: Option<Item<Invoice>>,
}

impl Facts {
    async fn read(worker: &Worker, waiting: Item<WaitingDebit>) -> Result<Self, Unfinished> {
        let WaitingDebit { enrollment, invoice, .. } = waiting.value;
        Ok(Self {
            enrollment: worker.store.enrollment_for_job(enrollment).await?,
            invoice: worker.store.invoice_for_job(invoice).await?,
            waiting,
        })
    }
}

/// Puts the next payments of the list into a file, or ends its filling where there are no more, or no room.
async fn put_next(
    worker: &Worker,
    claimed: &Claimed,
    file: Item<DebitFile>,
    now: Timestamp,
) -> Result<(), Unfinished> {
    let room = u16::try_from(file.value.room()).unwrap_or(u16::MAX).min(DEBITS_AT_ONCE);
    let DebitFile { entity, shard, .. } = &file.value;
    let waiting = worker.store.waiting_debits(entity, *shard, room.max(1)).await?;
    if waiting.is_empty() || room == 0 {
        return pass_on(worker, claimed, file, !waiting.is_empty(), now).await;
    }
    let facts = futures::stream::iter(waiting).map(|waiting| Facts::read(worker, waiting));
    let facts: Vec<Facts> = facts.buffered(READ_AT_ONCE).try_collect().await?;
    let mut next = file.value.clone();
    let mut transaction = worker.store.transaction();
    for Facts { waiting, enrollment, invoice } in facts {
        transaction = transaction.take_debit(&waiting);
        let Some(invoice) = invoice else { continue };
        let listed = |charge: &Payment| charge.state == PaymentState::Listed;
        let Some(before) = invoice.value.charge.clone().filter(listed) else { continue };
        let WaitingDebit { enrollment: id, invoice: invoice_id, .. } = waiting.value;
        let put = match &enrollment {
            Some(enrollment) => put(&mut next, &enrollment.value, &invoice.value, before.clone()),
            None => Err(LeftOut::NothingOwed),
        };
        let (payment, ask_at) = match put {
            Ok((debit, payment)) => {
                transaction = transaction.create(&debit, InvoiceRefusal::Changed);
                let zone = enrollment.as_ref().map(|enrollment| &enrollment.value.time_zone);
                let day = zone.and_then(|zone| zone.start_of(next.collect_on).ok());
                (payment, day.unwrap_or(now))
            }
            Err(left_out) => {
                tracing::info!(invoice = %invoice_id, reason = left_out.word(), "a debit is left out");
                (left_out.leave(before), now)
            }
        };
        let charged = invoice.value.clone().with_charge(&payment);
        transaction = transaction.save(&invoice.with(charged), InvoiceRefusal::Changed);
        transaction = transaction.ask_again(id, invoice_id, ask_at);
    }
    let transaction = transaction.save(&file.with(next), InvoiceRefusal::Changed);
    Ok(transaction.checkpoint(claimed).commit().await?)
}

/// Puts a debit into a file that can be written with it.
fn put(
    file: &mut DebitFile,
    enrollment: &Enrollment,
    invoice: &Invoice,
    payment: Payment,
) -> Result<(FiledDebit, Payment), LeftOut> {
    let mut next = file.clone();
    let put = next.put(enrollment, invoice, payment)?;
    sepa::written(file, std::slice::from_ref(&put.0)).map_err(|_| LeftOut::Unwritable)?;
    *file = next;
    Ok(put)
}

/// Goes on with the next share of the enrollments or, behind the last one, ends the filling. What waits
/// while there is no more room is for a file that follows.
async fn pass_on(
    worker: &Worker,
    claimed: &Claimed,
    file: Item<DebitFile>,
    more: bool,
    now: Timestamp,
) -> Result<(), Unfinished> {
    let mut next = file.value.clone();
    let mut transaction = worker.store.transaction();
    if more {
        next.state = DebitFileState::Filled;
        transaction = transaction.ask_debit_file(&file.value.following(), InvoiceRefusal::Changed, now);
    } else if next.shard + 1 < worker.store.billing_shards() {
        next.shard += 1;
    } else {
        next.state = if next.count == 0 { DebitFileState::Empty } else { DebitFileState::Filled };
    }
    let transaction = transaction.save(&file.with(next), InvoiceRefusal::Changed);
    Ok(transaction.checkpoint(claimed).commit().await?)
}

/// Writes a file from what is in it.
async fn write(
    worker: &Worker,
    claimed: &Claimed,
    file: Item<DebitFile>,
    now: Timestamp,
) -> Result<(), Unfinished> {
    let debits = worker.store.filed_debits(file.value.id).await?;
    let debits = Vec::from_iter(debits.into_iter().map(|debit| debit.value));
    let of = file.value.clone();
    // Ten thousand take their time, which nobody else should wait for.
    let text = tokio::task::spawn_blocking(move || sepa::written(&of, &debits)).await;
    let text = text.map_err(|error| Unfinished::Retry(error.to_string()))?;
    let bytes = text.map_err(|error| Unfinished::GiveUp(error.to_string()))?.into_bytes();
    let (key, sha256) = (file.value.place(), domain::digest::Sha256Hex::of(&bytes));
    let kept = PaperFile { key: key.clone(), sha256, size: bytes.len() as u64, made_at: now };
    worker.store.bucket(Purpose::Evidence).put(&key, bytes, "application/xml").await?;
    let written = DebitFile { state: DebitFileState::Written { file: kept }, ..file.value.clone() };
    let transaction = worker.store.transaction().save(&file.with(written), InvoiceRefusal::Changed);
    Ok(transaction.finish(claimed).commit().await?)
}

/// Debits that are put back between two words that the job goes on.
const PUT_BACK_AT_ONCE: usize = 50;

/// Puts what is in a recalled file back on the list, each debit as if the bank had refused the file: what is
/// back already, or in another file by now, is passed over.
pub async fn empty(worker: &Worker, claimed: &Claimed, id: DebitFileId) -> Result<(), Unfinished> {
    let debits = worker.store.filed_debits(id).await?;
    let was_changed = |unfinished: &Unfinished| matches!(unfinished, Unfinished::Changed(_));
    for some in debits.chunks(PUT_BACK_AT_ONCE) {
        for FiledDebit { invoice, .. } in some.iter().map(|debit| debit.value.clone()) {
            let put_back = async || {
                let reason = FILE_REFUSED.to_owned();
                let back = Back { invoice, reason, file: Some(id), what: What::File };
                let (transaction, _) = came_back(worker, back).await?;
                if transaction.is_empty() { Ok(()) } else { Ok(transaction.commit().await?) }
            };
            read_again(was_changed, put_back).await?;
        }
        worker.store.transaction::<()>().checkpoint(claimed).commit().await?;
    }
    finish(worker, claimed).await
}
