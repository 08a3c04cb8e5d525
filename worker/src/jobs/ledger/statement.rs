//! A day's payments and what their providers' own books say of it.

use std::collections::{HashMap, HashSet};

use domain::enrollment::PaymentMethod;
use domain::id::{InvoiceId, PaymentId};
use domain::invoice::{LegalEntity, PaymentKind, PaymentState, Refund, RefundState};
use domain::ledger::{Account, Closing, Difference, DifferenceKind, Entry, PageCharge, Source};
use domain::money::Money;
use storage::payment::ChargeOf;

use super::ENTRIES_AT_ONCE;
use crate::Worker;
use crate::outcome::Unfinished;
use crate::payment::{Books, Charged, Collection, Movement, PaymentProvider};

/// Movements that are compared at once.
const COMPARED_AT_ONCE: usize = 100;

/// What the ledger and the providers' books do not agree on. Books that cannot be read are a difference,
/// too: the day is closed without them.
pub(super) async fn differences(
    worker: &Worker,
    issuer: &LegalEntity,
    closing: &Closing,
) -> Result<Vec<Difference>, Unfinished> {
    let tomorrow = Closing::day_after(closing.day);
    let (from, to) = (issuer.zone.start_of(closing.day), issuer.zone.start_of(tomorrow));
    let (Ok(from), Ok(to)) = (from, to) else { return Ok(Vec::new()) };
    let mut differences = Vec::new();
    for (kind, provider) in worker.providers.each() {
        match provider.books(from..to).await {
            Books::None => {}
            Books::Unanswered => {
                differences.push(Difference::new(DifferenceKind::NoStatement, Account::cash(kind).word()));
            }
            Books::Kept(movements) => {
                for some in movements.chunks(COMPARED_AT_ONCE) {
                    differences.extend(not_recorded(worker, issuer, some).await?);
                }
                differences.extend(not_captured(worker, closing, kind, provider, &movements).await?);
            }
        }
    }
    Ok(differences)
}

/// What a provider took or sent back, and nobody here knows.
async fn not_recorded(
    worker: &Worker,
    issuer: &LegalEntity,
    movements: &[Movement],
) -> Result<Vec<Difference>, Unfinished> {
    let invoices = HashSet::<InvoiceId>::from_iter(movements.iter().filter_map(|it| it.invoice));
    let charges = worker.store.charges_of(&Vec::from_iter(invoices)).await?;
    let mut differences = Vec::new();
    for movement in movements {
        let known = movement.invoice.and_then(|invoice| charges.get(&invoice));
        let ours = match known {
            Some(charge) => charge.market == issuer.code,
            // It names nobody: whoever keeps books in its currency is told.
            None => movement.amount.currency == issuer.currency,
        };
        if !ours {
            continue;
        }
        let recorded = match (known, movement.refund) {
            (None, _) => None,
            (Some(charge), None) => received(charge),
            (Some(charge), Some(id)) => {
                let refund = worker.store.refund(charge.enrollment, charge.invoice, id).await?;
                refund.and_then(|refund| sent(&refund.value, &movement.reference))
            }
        };
        if recorded != Some(movement.amount) {
            let nothing = Money::zero(movement.amount.currency);
            let difference = Difference::new(DifferenceKind::NotRecorded, &movement.reference);
            differences.push(difference.amounts(recorded.unwrap_or(nothing), movement.amount));
        }
    }
    Ok(differences)
}

fn received(charge: &ChargeOf) -> Option<Money> {
    let payment = charge.payment.as_ref()?;
    matches!(payment.state, PaymentState::Paid { .. } | PaymentState::Returned { .. })
        .then_some(payment.amount)
}

fn sent(refund: &Refund, called: &str) -> Option<Money> {
    let is_it =
        |state: &RefundState| matches!(state, RefundState::Sent { reference, .. } if reference == called);
    refund.parts.iter().find(|part| is_it(&part.state)).map(|part| part.amount)
}

/// What was posted as come through a provider, and it does not know. What its books of the day do not have
/// may stand on another day: it is asked for that.
async fn not_captured(
    worker: &Worker,
    closing: &Closing,
    kind: PaymentKind,
    provider: &dyn PaymentProvider,
    movements: &[Movement],
) -> Result<Vec<Difference>, Unfinished> {
    let taken = movements.iter().filter(|movement| movement.refund.is_none());
    let taken: HashMap<_, _> = taken.filter_map(|it| Some((it.invoice?, it.amount))).collect();
    let mut differences = Vec::new();
    for shard in 0..worker.store.billing_shards() {
        let mut after = None;
        loop {
            let (entity, day) = (&closing.entity, closing.day);
            let entries = worker.store.ledger_entries(entity, shard, day, after.as_deref(), ENTRIES_AT_ONCE);
            let (entries, next) = entries.await?;
            for (entry, invoice, amount) in entries.iter().flat_map(|entry| through(entry, kind)) {
                if taken.get(&invoice) == Some(&amount) {
                    continue;
                }
                let collection = Collection { invoice, amount, method: &PaymentMethod::Manual, tries: 2 };
                let found = match provider.look_up(collection).await {
                    Charged::Paid { amount_minor, .. } => Money::minor(amount_minor, amount.currency),
                    Charged::Absent | Charged::Waiting | Charged::Declined { .. } => {
                        Money::zero(amount.currency)
                    }
                    Charged::Unknown => {
                        differences.push(Difference::new(DifferenceKind::NoStatement, &entry.source));
                        continue;
                    }
                };
                if found != amount {
                    let difference = Difference::new(DifferenceKind::NotCaptured, &entry.source);
                    differences.push(difference.amounts(amount, found));
                }
            }
            after = next;
            if after.is_none() {
                break;
            }
        }
    }
    Ok(differences)
}

/// The invoices and amounts of an entry that says that a provider collected them.
fn through(entry: &Entry, kind: PaymentKind) -> Vec<(&Entry, InvoiceId, Money)> {
    match &entry.source {
        Source::Payment { invoice, payment, .. } => {
            let invoice = invoice.id();
            let mut postings = entry.postings.postings();
            let cash = postings.find(|posting| posting.account == Account::cash(kind));
            let charged = cash.filter(|_| PaymentId::of_charge(invoice) == *payment);
            charged.map(|posting| (entry, invoice, posting.amount)).into_iter().collect()
        }
        Source::Payments { method, currency, charges, .. } if *method == kind => {
            let amount = |charge: &PageCharge| Money::minor(charge.amount_minor, *currency);
            charges.iter().map(|charge| (entry, charge.invoice.id(), amount(charge))).collect()
        }
        _ => Vec::new(),
    }
}
