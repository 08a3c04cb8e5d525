//! What an enrollment gets back: credit notes for days that it no longer uses, and refunds.

use domain::billing::days_before;
use domain::enrollment::Enrollment;
use domain::id::{EnrollmentId, InvoiceId, RefundId};
use domain::invoice::{Credit, Invoice, LegalEntity, Refund, RefundPart, RefundState};
use domain::ledger::{Documents, Entry};
use jiff::{SignedDuration, Timestamp};
use storage::invoice::InvoiceRefusal;
use storage::payment::GivenBack;
use storage::queue::Claimed;
use storage::{Item, Stored};

use super::bill::{edition, issuer};
use super::finish;
use crate::Worker;
use crate::outcome::Unfinished;
use crate::payment::{Return, Returned};

/// How long a refund that its provider says nothing of waits before it is asked for again.
const ASK_AGAIN: SignedDuration = SignedDuration::from_mins(15);

/// Credits the unused days of an enrollment's invoices, one invoice after the other, and gives back what
/// was paid for them.
pub async fn credit_unused(worker: &Worker, claimed: &Claimed, id: EnrollmentId) -> Result<(), Unfinished> {
    let now = worker.clock.now(&worker.store).await?;
    let Some(enrollment) = worker.store.enrollment_for_job(id).await? else {
        return finish(worker, claimed).await;
    };
    let edition = edition(worker, &enrollment.value.edition, enrollment.value.version).await?;
    let issuer = issuer(&edition)?;
    for invoice in worker.store.invoices_for_job(id).await? {
        // The terms of the last day that was used.
        let unused = enrollment.value.unused_of(invoice.value.key.segment);
        let Some(unused) = unused else { continue };
        let terms = edition.terms_on(days_before(unused.from, 1));
        let credit = Credit::of_unused(&enrollment.value, &invoice.value, &terms);
        let credit = credit.map_err(|error| Unfinished::GiveUp(error.to_string()))?;
        let Some(credit) = credit else { continue };
        let given = worker.store.credit_notes(id, invoice.value.id).await?;
        if given.iter().all(|note| note.value.id != credit.id) {
            give_back(worker, claimed, &enrollment.value, invoice, credit, &issuer, now).await?;
        }
    }
    finish(worker, claimed).await
}

async fn give_back(
    worker: &Worker,
    claimed: &Claimed,
    enrollment: &Enrollment,
    invoice: Item<Invoice>,
    credit: Credit,
    issuer: &LegalEntity,
    now: Timestamp,
) -> Result<(), Unfinished> {
    let numbers = worker.store.numbers(&issuer.credit_series(), issuer.year_of_issue(now)).await?;
    let give_up = |refused: &dyn std::error::Error| Unfinished::GiveUp(refused.to_string());
    let Item { value: before, revision } = invoice;
    let (value, note) = before
        .clone()
        .credit(credit, issuer, numbers.value.next(), now)
        .map_err(|refused| give_up(&refused))?;
    let overpaid = value.overpaid().map_err(|error| give_up(&error))?;
    let (value, refund) = if overpaid.is_zero() {
        (value, None)
    } else {
        let payments = worker.store.payments_of(&value).await?;
        let earlier = worker.store.refunds(value.enrollment, value.id).await?;
        let earlier = Vec::from_iter(earlier.into_iter().map(|refund| refund.value));
        let reason = format!("Credit note {}", note.number);
        let id = RefundId::of_credit(note.id);
        let refunded = value.refund(id, overpaid, reason, &payments, &earlier, now);
        let (value, refund) = refunded.map_err(|refused| give_up(&refused))?;
        (value, Some(refund))
    };
    let key = value.key();
    let documents = Documents { note: Some(&note), refund: refund.as_ref(), ..Documents::default() };
    let entries = Entry::of_change(issuer, &before, &value, documents, now);
    let entries = entries.map_err(|error| give_up(&error))?;
    let given = GivenBack { invoice: Item { value, revision }, note: Some((note, numbers)), refund, entries };
    let transaction = worker.store.give_back(enrollment, &given, now);
    Ok(transaction.audit(&key, claimed.job.kind(), "worker", now).commit().await?)
}

/// Asks the providers to send a refund's money back, part by part, each once.
pub async fn refund(
    worker: &Worker,
    claimed: &Claimed,
    enrollment: EnrollmentId,
    invoice: InvoiceId,
    id: RefundId,
) -> Result<(), Unfinished> {
    let now = worker.clock.now(&worker.store).await?;
    let Some(mut kept) = worker.store.refund(enrollment, invoice, id).await? else {
        return finish(worker, claimed).await;
    };
    let mut parts = kept.value.parts.clone();
    // Asked for again when all of it had been sent, somebody heard that a provider could not do it after all.
    let again = kept.value.is_over();
    for part in &mut parts {
        let sent = matches!(part.state, RefundState::Sent { .. });
        if part.state == RefundState::Asked || (again && sent) {
            let state = send_back(worker, &kept.value, part, now).await?;
            if part.state == RefundState::Asked || matches!(state, RefundState::ByTransfer { .. }) {
                part.state = state;
            }
        }
    }
    if parts == kept.value.parts && kept.value.is_over() {
        return finish(worker, claimed).await;
    }
    let before = kept.value.clone();
    kept.value.parts = parts;
    let Some(payer) = worker.store.enrollment_for_job(enrollment).await? else {
        return Err(Unfinished::GiveUp("the enrollment of this refund is gone".into()));
    };
    let issuer = LegalEntity::of_market(&payer.value.market)
        .ok_or_else(|| Unfinished::GiveUp("no legal entity owes this refund".into()))?;
    let entry = Entry::of_sent(&issuer, &before, &kept.value, kept.revision, now);
    let entry = entry.map_err(|error| Unfinished::GiveUp(error.to_string()))?;
    let transaction = worker.store.transaction().save(&kept, InvoiceRefusal::Changed);
    let transaction = transaction.post(entry.as_slice(), InvoiceRefusal::Changed);
    let transaction = if kept.value.is_over() {
        transaction.finish(claimed)
    } else {
        transaction.finish_until(claimed, now + ASK_AGAIN)
    };
    Ok(transaction.commit().await?)
}

async fn send_back(
    worker: &Worker,
    refund: &Refund,
    part: &RefundPart,
    now: Timestamp,
) -> Result<RefundState, Unfinished> {
    let payment = worker.store.payment(refund.enrollment, refund.invoice, part.payment).await?;
    let reference = payment.and_then(|payment| payment.reference);
    let (Some(provider), Some(reference)) = (worker.providers.of(part.method), reference) else {
        let refused = Some("this deployment cannot send it back the way it came".to_owned());
        return Ok(RefundState::ByTransfer { refused });
    };
    let back = Return {
        refund: refund.id,
        invoice: refund.invoice,
        payment: part.payment,
        reference: &reference,
        amount: part.amount,
    };
    Ok(match provider.send_back(back).await {
        Returned::Sent { reference } => RefundState::Sent { reference, sent_at: now },
        Returned::Refused { reason } => RefundState::ByTransfer { refused: Some(reason) },
        Returned::Unknown => RefundState::Asked,
    })
}
