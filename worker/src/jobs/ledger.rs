//! Closing the ledger's days: every night a legal entity's entries of the day are read, compared with their
//! documents, and summed. Days that were missed are closed in their order.

use std::collections::{HashMap, HashSet};

use domain::id::{EnrollmentId, InvoiceId, PaymentId};
use domain::invoice::{Invoice, LegalEntity, Payment};
use domain::ledger::{Closing, Entry, Found, InvoiceRef, Source};
use domain::money::MoneyError;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use storage::key::Key;
use storage::payment::KeptPayment;
use storage::queue::Claimed;
use storage::{Clock, Item};

use super::finish;
use crate::Worker;
use crate::outcome::Unfinished;

mod statement; // what the providers' own books say

/// Entries that are read at once: a page of a run is one of them, and has up to 90 invoices.
const ENTRIES_AT_ONCE: u16 = 50;
/// Reads after which the job gives its place to others and goes on as soon as it may.
const READS_MAX: usize = 400;
/// How long after its end a day is closed: whoever dated an entry just before has written it by then.
const CLOSED_AFTER: SignedDuration = SignedDuration::from_mins(15);

/// Closes every day that is over, and waits for the end of the next one.
pub async fn close(worker: &Worker, claimed: &Claimed, entity: &str) -> Result<(), Unfinished> {
    let now = worker.clock.now(&worker.store).await?;
    let issuer = LegalEntity::of_market(entity)
        .ok_or_else(|| Unfinished::GiveUp(format!("no legal entity keeps a ledger in {entity}")))?;
    let Some(mut closing) = worker.store.ledger_closing(entity).await? else {
        return finish(worker, claimed).await;
    };
    for _ in 0..READS_MAX {
        let closes_at = closes_at(worker, &issuer, closing.value.day)?;
        if now < closes_at {
            let transaction = worker.store.transaction::<()>().finish_until(claimed, closes_at);
            return Ok(transaction.commit().await?);
        }
        closing = if closing.value.shard < worker.store.billing_shards() {
            read(worker, claimed, closing).await?
        } else {
            end(worker, claimed, closing, &issuer, now).await?
        };
    }
    let transaction = worker.store.transaction::<()>().finish_until(claimed, now);
    Ok(transaction.commit().await?)
}

fn closes_at(worker: &Worker, issuer: &LegalEntity, day: Date) -> Result<Timestamp, Unfinished> {
    let ends_at = issuer.zone.start_of(Closing::day_after(day));
    let ends_at = ends_at.map_err(|error| Unfinished::GiveUp(error.to_string()))?;
    Ok(match worker.clock {
        Clock::Machine => ends_at + CLOSED_AFTER,
        Clock::Simulated => ends_at,
    })
}

/// Reads the next entries of the day.
async fn read(
    worker: &Worker,
    claimed: &Claimed,
    mut closing: Item<Closing>,
) -> Result<Item<Closing>, Unfinished> {
    let Closing { entity, shard, day, after, .. } = closing.value.clone();
    let (entries, next) =
        worker.store.ledger_entries(&entity, shard, day, after.as_deref(), ENTRIES_AT_ONCE).await?;
    let is_empty = entries.is_empty();
    let found = found(worker, &entries).await?;
    for entry in &entries {
        closing.value = closing.value.read(entry, &found).map_err(cannot_sum)?;
    }
    check_invoices(worker, &entries, &found, &mut closing.value).await?;
    closing.value.shard = if next.is_none() { shard + 1 } else { shard };
    closing.value.after = next;
    if is_empty {
        // Nothing that would have to be read again.
        return Ok(closing);
    }
    worker.store.keep_closing(&closing).checkpoint(claimed).commit().await?;
    closing.revision += 1;
    Ok(closing)
}

/// Ends the day, and begins the next one.
async fn end(
    worker: &Worker,
    claimed: &Claimed,
    mut closing: Item<Closing>,
    issuer: &LegalEntity,
    now: Timestamp,
) -> Result<Item<Closing>, Unfinished> {
    for difference in statement::differences(worker, issuer, &closing.value).await? {
        closing.value.differences.name(difference);
    }
    let kept = worker.store.ledger_earnings(&closing.value.entity).await?;
    let open =
        kept.iter().fold(domain::ledger::Earnings::default(), |open, item| open.and(&item.value.earnings));
    let (closed, earnings, next) = closing.value.clone().close(&open, now).map_err(cannot_sum)?;
    for difference in &closed.differences.named {
        tracing::error!(entity = closed.entity, day = %closed.day, ?difference, "the ledger does not agree");
    }
    let next = closing.with(next);
    let transaction = worker.store.close_day(&next, &closed, &kept, earnings);
    transaction.checkpoint(claimed).commit().await?;
    Ok(Item { revision: next.revision + 1, ..next })
}

/// The documents of entries.
async fn found(worker: &Worker, entries: &[Entry]) -> Result<Found, Unfinished> {
    let invoices = HashSet::<InvoiceRef>::from_iter(entries.iter().flat_map(|entry| entry.source.invoices()));
    let (mut payments, mut notes, mut refunds) = (HashSet::new(), HashSet::new(), HashSet::new());
    for entry in entries {
        match &entry.source {
            Source::Payment { invoice, payment, .. } | Source::Return { invoice, payment, .. } => {
                // Its charge comes with the invoice.
                if *payment != PaymentId::of_charge(invoice.id()) {
                    payments.insert((invoice.enrollment, *payment));
                }
            }
            Source::Credit { invoice, note, .. } => {
                notes.insert((invoice.enrollment, invoice.id(), *note));
            }
            Source::Refund { invoice, refund } => {
                refunds.insert((invoice.enrollment, invoice.id(), *refund));
            }
            Source::Sent { invoice, enrollment, refund, .. } => {
                refunds.insert((*enrollment, *invoice, *refund));
            }
            // The page's charges come with its invoices.
            Source::Issue { .. }
            | Source::Page { .. }
            | Source::Payments { .. }
            | Source::WriteOff { .. } => {}
        }
    }
    let store = &worker.store;
    let invoices = store.invoices_at(&Vec::from_iter(invoices)).await?;
    let payments = Vec::from_iter(payments.into_iter().map(|(enrollment, id)| Key::Payment(enrollment, id)));
    let payments = store.get_many::<KeptPayment>(&payments).await?.into_iter();
    let transfers = payments.map(|item| item.value.payment);
    let charges = invoices.iter().filter_map(|item| item.value.charge.clone());
    let payments = transfers.chain(charges).map(|payment| (payment.id, payment)).collect();
    let notes = notes.into_iter().map(|(enrollment, invoice, id)| Key::CreditNote(enrollment, invoice, id));
    let notes = store.get_many(&Vec::from_iter(notes)).await?;
    let refunds = refunds.into_iter().map(|(enrollment, invoice, id)| Key::Refund(enrollment, invoice, id));
    let refunds = store.get_many(&Vec::from_iter(refunds)).await?;
    Ok(Found {
        invoices: invoices.into_iter().map(|item| (item.value.id, item.value)).collect(),
        payments,
        notes: notes
            .into_iter()
            .map(|item: Item<domain::invoice::CreditNote>| (item.value.id, item.value))
            .collect(),
        refunds: refunds
            .into_iter()
            .map(|item: Item<domain::invoice::Refund>| (item.value.id, item.value))
            .collect(),
    })
}

/// Compares invoices to which something happened with all of their own documents. What is only issued, or
/// paid at once by one payment, has been compared with its entries.
async fn check_invoices(
    worker: &Worker,
    entries: &[Entry],
    found: &Found,
    closing: &mut Closing,
) -> Result<(), Unfinished> {
    let mut paid: HashMap<InvoiceId, &Payment> = HashMap::new();
    for payment in found.payments.values() {
        paid.insert(payment.invoice, payment);
    }
    let changed = |entry: &&Entry| !matches!(entry.source, Source::Issue { .. } | Source::Page { .. });
    let changed = entries.iter().filter(changed).flat_map(|entry| entry.source.invoices());
    let changed = HashSet::<(EnrollmentId, InvoiceId)>::from_iter(changed.map(|it| (it.enrollment, it.id())));
    for (enrollment, id) in changed {
        let Some(invoice) =
            found.invoices.get(&id).filter(|it: &&Invoice| !it.is_plain(paid.get(&id).copied()))
        else {
            continue;
        };
        let payments = worker.store.payments_of(invoice).await?;
        let notes = worker.store.credit_notes(enrollment, id).await?;
        let refunds = worker.store.refunds(enrollment, id).await?;
        let notes = Vec::from_iter(notes.into_iter().map(|item| item.value));
        let refunds = Vec::from_iter(refunds.into_iter().map(|item| item.value));
        for difference in invoice.differences(&payments, &notes, &refunds).map_err(cannot_sum)? {
            closing.differences.name(difference);
        }
    }
    Ok(())
}

fn cannot_sum(error: MoneyError) -> Unfinished {
    Unfinished::GiveUp(format!("the ledger's sums: {error}"))
}
