//! Charging invoices: a payment for each, asked for once.

use domain::activation::{Beginning, Received, settle};
use domain::enrollment::{Enrollment, PaymentMethod};
use domain::id::{EnrollmentId, InvoiceId, PaymentId};
use domain::invoice::{Invoice, Payment, PaymentKind, PaymentState};
use storage::invoice::KeptPayment;
use storage::queue::Claimed;
use storage::{Item, Stored};

use super::bill::{edition, issuer};
use super::finish;
use crate::Worker;
use crate::outcome::Unfinished;
use crate::payment::{Charged, PaymentProvider};

/// Collects an invoice's money from its provider, once.
///
/// The payment is written as pending before the provider is asked, so that a second run knows that
/// somebody may have asked already: it looks up first and never pays again.
pub async fn charge(
    worker: &Worker,
    claimed: &Claimed,
    id: EnrollmentId,
    invoice: InvoiceId,
) -> Result<(), Unfinished> {
    let now = worker.clock.now(&worker.store).await?;
    let Some(progress) = worker.store.progress_for_job(id).await? else {
        return finish(worker, claimed).await;
    };
    let Some(invoice) = worker.store.invoice_for_job(invoice).await? else {
        return finish(worker, claimed).await;
    };
    let enrollment = progress.enrollment;
    let owed = invoice.value.owed().map_err(|error| Unfinished::GiveUp(error.to_string()))?;
    let method = enrollment.value.payment_method.clone();
    let Some(method) = method.filter(|_| owed.amount_minor > 0) else { return finish(worker, claimed).await };
    let PaymentMethod::Sandbox { .. } = method else {
        // A transfer: finance records it when it arrives.
        return finish(worker, claimed).await;
    };
    let provider = worker.providers.for_method("sandbox");
    let provider =
        provider.ok_or_else(|| Unfinished::GiveUp("this deployment has no such payment provider".into()))?;
    let (payment, asked_before) =
        pending(worker, &enrollment.value, &invoice.value, PaymentKind::Sandbox).await?;
    let charged = collect(provider, &invoice.value, &method, asked_before).await?;
    match charged {
        Charged::Paid { reference } => {
            paid(worker, claimed, &enrollment, &invoice, payment, Received { reference, paid_at: now }).await
        }
        Charged::Declined { reason, .. } => declined(worker, claimed, payment, reason).await,
        Charged::Awaited => finish(worker, claimed).await,
        Charged::Unknown => {
            Err(Unfinished::Retry("the provider did not say what became of the payment".into()))
        }
    }
}

/// Writes that the provider is about to be asked. True where it was asked before and nobody knows
/// the answer.
async fn pending(
    worker: &Worker,
    enrollment: &Enrollment,
    invoice: &Invoice,
    kind: PaymentKind,
) -> Result<(Item<KeptPayment>, bool), Unfinished> {
    let now = worker.clock.now(&worker.store).await?;
    let id = PaymentId::of_charge(invoice.id);
    let kept = worker.store.payment(enrollment.id, id).await?;
    if let Some(kept) = &kept
        && matches!(kept.value.payment.state, PaymentState::Pending | PaymentState::Unknown)
    {
        return Ok((kept.clone(), true));
    }
    let owed = invoice.owed().map_err(|error| Unfinished::GiveUp(error.to_string()))?;
    let payment = Payment::pending(id, invoice.id, owed, kind, now);
    let value = KeptPayment { enrollment: enrollment.id, payment };
    let item = kept.map_or(Item::new(value.clone()), |kept| kept.with(value));
    worker.store.transaction::<&str>().save(&item, "the payment changed").commit().await?;
    Ok((Item { revision: item.revision + 1, value: item.value }, false))
}

/// Asks the provider: what became of an earlier asking, or for the money.
async fn collect(
    provider: &dyn PaymentProvider,
    invoice: &Invoice,
    method: &PaymentMethod,
    asked_before: bool,
) -> Result<Charged, Unfinished> {
    if asked_before {
        return Ok(provider.look_up(invoice.id, method).await);
    }
    let owed = invoice.owed().map_err(|error| Unfinished::GiveUp(error.to_string()))?;
    Ok(provider.charge(invoice.id, owed, method).await)
}

/// Records money that came in, and what the first payment begins.
async fn paid(
    worker: &Worker,
    claimed: &Claimed,
    enrollment: &Item<Enrollment>,
    invoice: &Item<Invoice>,
    payment: Item<KeptPayment>,
    received: Received,
) -> Result<(), Unfinished> {
    let now = worker.clock.now(&worker.store).await?;
    let edition = edition(worker, &enrollment.value).await?;
    let issuer = issuer(&edition)?;
    let numbers = worker.store.numbers(&issuer.code, issuer.year_of_issue(now)).await?;
    let beginning = Beginning { prospectus: &edition, issuer: &issuer, sequence: numbers.value.next() };
    let terms = edition.terms_on(enrollment.value.date_at(now));
    let before = (enrollment.value.clone(), invoice.value.clone(), payment.value.payment.clone());
    let settled = settle(before.0, before.1, before.2, received, &beginning, &terms, now)
        .map_err(|refused| Unfinished::GiveUp(format!("money to be given back: {refused}")))?;
    let transaction = worker.store.settle(enrollment, invoice, &payment, &settled, &numbers, now);
    let transaction = transaction.audit(&invoice.value.key(), claimed.job.kind(), "worker", now);
    Ok(transaction.finish(claimed).commit().await?)
}

async fn declined(
    worker: &Worker,
    claimed: &Claimed,
    payment: Item<KeptPayment>,
    reason: String,
) -> Result<(), Unfinished> {
    let declined = payment.value.payment.clone().decline(reason);
    let kept = KeptPayment { payment: declined, ..payment.value.clone() };
    let transaction = worker.store.transaction::<&str>().save(&payment.with(kept), "the payment changed");
    Ok(transaction.finish(claimed).commit().await?)
}
