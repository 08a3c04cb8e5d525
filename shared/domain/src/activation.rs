//! What money that came in changes: the invoice it pays and, with the first one, the enrollment.

use std::collections::BTreeSet;
use std::iter;

use jiff::Timestamp;
use jiff::civil::Date;
use thiserror::Error;

use crate::attempt::{Attempt, all_done, first_attempts};
use crate::billing::{Due, Period, PeriodKey, Terms};
use crate::catalog::Prospectus;
use crate::enrollment::{ActivateRefused, Enrollment, Offer};
use crate::id::{ProjectId, RefundId};
use crate::invoice::{
    Invoice, InvoiceState, LegalEntity, OpenRefused, Payment, PaymentRefused, PaymentState, Refund,
    RefundRefused, rate,
};
use crate::ledger::{Documents, Entry};
use crate::money::MoneyError;

/// Money that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// What the bank or provider calls it.
    pub reference: String,
    /// When it was there.
    pub paid_at: Timestamp,
}

/// An invoice with the enrollment that it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The enrollment.
    pub enrollment: Enrollment,
    /// The invoice that money is for.
    pub invoice: Invoice,
    /// The other drafts of the first period, where the invoice is one.
    pub other_drafts: Vec<Invoice>,
}

/// What an invoice's issue rests on.
#[derive(Debug, Clone)]
pub struct Issuing<'a> {
    /// What the student enrolled on.
    pub prospectus: &'a Prospectus,
    /// Who issues the invoice.
    pub issuer: &'a LegalEntity,
    /// The issuer's next number.
    pub sequence: u64,
}

/// What a payment changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// The invoice, paid or partly paid.
    pub invoice: Invoice,
    /// The payment.
    pub payment: Payment,
    /// What the ledger says of it.
    pub entries: Vec<Entry>,
    /// What began with it, if this was the first invoice.
    pub began: Option<Began>,
}

/// What the first payment began, or the agreement of who pays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Began {
    /// Active from its anchor on.
    pub enrollment: Enrollment,
    /// One per project, the first of which is open.
    pub attempts: Vec<Attempt>,
    /// The invoices of the first period, issued in the order of their drafts.
    pub invoices: Vec<Invoice>,
    /// What the ledger says of them.
    pub entries: Vec<Entry>,
    /// The next month to be billed.
    pub next: Option<Due>,
}

/// A period that is billed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Billed {
    /// Which.
    pub due: Due,
    /// Its invoices with the issuer's next numbers, one per payer; none where nothing is owed.
    pub invoices: Vec<Invoice>,
    /// What the ledger says of them.
    pub entries: Vec<Entry>,
    /// The next period to be billed.
    pub next: Option<Due>,
}

/// Why money that came in settles nothing: it must be given back.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SettleRefused {
    /// The invoice does not take it.
    #[error(transparent)]
    Payment(#[from] PaymentRefused),
    /// The enrollment cannot begin.
    #[error(transparent)]
    Activate(#[from] ActivateRefused),
    /// The invoice cannot be issued.
    #[error(transparent)]
    Open(#[from] OpenRefused),
    /// The amounts cannot be summed.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// The drafts of an enrollment's first period: what is to be paid, or agreed to, before it begins. Where
/// nothing is left to be learned nothing is owed, as the quote says.
pub fn first_drafts(
    enrollment: &Enrollment,
    prospectus: &Prospectus,
    on: Date,
) -> Result<Vec<Invoice>, MoneyError> {
    if learned_all(enrollment, prospectus) {
        return Ok(Vec::new());
    }
    rate(&enrollment.billing_facts(), PeriodKey::FIRST, &prospectus.taxes, on)
}

/// Whether nothing is left to be learned: nothing is owed, and no mentor is needed.
pub fn learned_all(enrollment: &Enrollment, prospectus: &Prospectus) -> bool {
    prospectus.exempted(&enrollment.recognized_skills).len() == prospectus.projects.len()
}

/// Records money for an invoice. Money for a draft in full begins the enrollment, if whoever owes the
/// other drafts of the first period has paid or agreed too.
pub fn settle(
    account: Account,
    payment: Payment,
    received: Received,
    issuing: &Issuing<'_>,
    terms: &Terms,
    now: Timestamp,
) -> Result<Settled, SettleRefused> {
    let Account { enrollment, invoice, other_drafts } = account;
    if invoice.state == InvoiceState::Draft {
        if invoice.key != PeriodKey::FIRST {
            return Err(PaymentRefused::NotPayable { state: invoice.state.word() }.into());
        }
        enrollment.check_quoted(received.paid_at)?;
    }
    let before = invoice.clone();
    let was_known = matches!(payment.state, PaymentState::Paid { .. } | PaymentState::Returned { .. });
    let (invoice, payment) = invoice.record_payment(payment, Some(received.reference), received.paid_at)?;
    let documents = Documents { payment: (!was_known).then_some(&payment), ..Documents::default() };
    let entries = Entry::of_change(issuing.issuer, &before, &invoice, documents, now)?;
    if invoice.state != InvoiceState::Draft {
        return Ok(Settled { invoice, payment, entries, began: None });
    }
    let drafts = Vec::from_iter(iter::once(invoice.clone()).chain(other_drafts));
    let began = begin(enrollment, drafts, received.paid_at, issuing, terms, now)?;
    let invoice = match &began {
        Some(began) => began.invoices.first().cloned().unwrap_or(invoice),
        None => invoice,
    };
    Ok(Settled { invoice, payment, entries, began })
}

/// Money that a provider has taken and that settles nothing: recorded, and given back, what is still owed
/// of an issued invoice excepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surplus {
    /// The invoice with the money.
    pub invoice: Invoice,
    /// The payment.
    pub payment: Payment,
    /// What goes back; nothing where it pays what had been given up.
    pub refund: Option<Refund>,
    /// What the ledger says of both.
    pub entries: Vec<Entry>,
}

/// Records money that [`settle`] refused, and gives it back; `payments` and `refunds` are the invoice's
/// others.
pub fn give_back_surplus(
    invoice: Invoice,
    payment: Payment,
    received: Received,
    mut payments: Vec<Payment>,
    refunds: &[Refund],
    issuer: &LegalEntity,
    now: Timestamp,
) -> Result<Surplus, RefundRefused> {
    let before = invoice.clone();
    let (invoice, payment) = invoice
        .record_surplus(payment, received.reference, received.paid_at)
        .map_err(|_| RefundRefused::NotPositive)?;
    let amount = match invoice.state {
        InvoiceState::Draft => payment.amount,
        _ => invoice.overpaid()?,
    };
    payments.retain(|known| known.id != payment.id);
    payments.push(payment.clone());
    let reason = "Paid beyond what was owed".to_owned();
    let id = RefundId::of_surplus(payment.id);
    let (invoice, refund) = if amount.is_zero() {
        (invoice, None)
    } else {
        let (invoice, refund) = invoice.refund(id, amount, reason, &payments, refunds, now)?;
        (invoice, Some(refund))
    };
    let documents = Documents { payment: Some(&payment), refund: refund.as_ref(), ..Documents::default() };
    let entries = Entry::of_change(issuer, &before, &invoice, documents, now)?;
    Ok(Surplus { invoice, payment, refund, entries })
}

/// Begins an enrollment once each draft of its first period is paid or agreed to, and issues them with
/// their numbers and the period in the same act; nothing while somebody is still waited for: a payer, or a
/// mentor with a seat.
pub fn begin(
    enrollment: Enrollment,
    drafts: Vec<Invoice>,
    since: Timestamp,
    issuing: &Issuing<'_>,
    terms: &Terms,
    now: Timestamp,
) -> Result<Option<Began>, SettleRefused> {
    let agreed = |draft: &Invoice| {
        let payer = enrollment.payers.iter().find(|payer| payer.payer == draft.payer);
        payer.is_some_and(|payer| payer.agreed_at.is_some())
    };
    let whole = |draft: &Invoice| draft.owed().is_ok_and(|owed| owed.amount_minor <= 0);
    if !drafts.iter().all(|draft| whole(draft) || agreed(draft)) {
        return Ok(None);
    }
    if !enrollment.has_seat() && !learned_all(&enrollment, issuing.prospectus) {
        return Ok(None);
    }
    let accredited = Offer::accredited_by(issuing.prospectus);
    let enrollment = enrollment.activate(since, &accredited, now)?;
    let exempted: BTreeSet<ProjectId> = issuing.prospectus.exempted(&enrollment.recognized_skills);
    let attempts = first_attempts(enrollment.id, &issuing.prospectus.path(), &exempted, now);
    // Everything was recognized while quoted: nothing is left to be learned.
    let enrollment =
        if all_done(&attempts) { enrollment.clone().conclude(now).unwrap_or(enrollment) } else { enrollment };
    let first = enrollment.periods_after(None).next();
    let (invoices, entries) = match first {
        Some(due) => issue(drafts, due.period, issuing, terms, now)?,
        None => (drafts, Vec::new()),
    };
    let next = enrollment.periods_after(first.map(|due| due.key)).next();
    Ok(Some(Began { enrollment, attempts, invoices, entries, next }))
}

/// The invoices of a period that begins: issued with the next numbers.
pub fn bill(
    enrollment: &Enrollment,
    due: Due,
    issuing: &Issuing<'_>,
    terms: &Terms,
    now: Timestamp,
) -> Result<Billed, OpenRefused> {
    let drafts = rate(&enrollment.billing_facts(), due.key, &issuing.prospectus.taxes, due.period.from)?;
    let (invoices, entries) = issue(drafts, due.period, issuing, terms, now)?;
    Ok(Billed { due, invoices, entries, next: enrollment.periods_after(Some(due.key)).next() })
}

fn issue(
    drafts: Vec<Invoice>,
    period: Period,
    issuing: &Issuing<'_>,
    terms: &Terms,
    now: Timestamp,
) -> Result<(Vec<Invoice>, Vec<Entry>), OpenRefused> {
    let (mut invoices, mut entries) = (Vec::with_capacity(drafts.len()), Vec::new());
    for (draft, sequence) in drafts.into_iter().zip(issuing.sequence..) {
        let invoice = draft.clone().open(issuing.issuer, sequence, period, terms.payment_days, now)?;
        entries.extend(Entry::of_change(issuing.issuer, &draft, &invoice, Documents::default(), now)?);
        invoices.push(invoice);
    }
    Ok((invoices, entries))
}
