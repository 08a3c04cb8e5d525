//! What money that came in changes: the invoice it pays and, with the first one, the enrollment.

use std::collections::BTreeSet;

use jiff::Timestamp;
use thiserror::Error;

use crate::attempt::{Attempt, first_attempts};
use crate::billing::{Due, Terms};
use crate::catalog::Prospectus;
use crate::enrollment::{ActivateRefused, Enrollment, Offer};
use crate::id::ProjectId;
use crate::invoice::{Invoice, InvoiceState, LegalEntity, OpenRefused, Payment, PaymentRefused};

/// Money that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// What the bank or provider calls it.
    pub reference: String,
    /// When it was there.
    pub paid_at: Timestamp,
}

/// What else the first payment rests on.
#[derive(Debug, Clone)]
pub struct Beginning<'a> {
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
    /// What began with it, if this was the first invoice.
    pub began: Option<Began>,
}

/// What the first payment began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Began {
    /// Active from its anchor on.
    pub enrollment: Enrollment,
    /// One per project, the first of which is open.
    pub attempts: Vec<Attempt>,
    /// The next month to be billed.
    pub next: Option<Due>,
}

/// A period that is billed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Billed {
    /// Which.
    pub due: Due,
    /// Its invoice, with the issuer's next number.
    pub invoice: Invoice,
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
}

/// Records money for an invoice; money for a draft in full begins the enrollment, and issues the
/// draft with its number and period in the same act.
pub fn settle(
    enrollment: Enrollment,
    invoice: Invoice,
    payment: Payment,
    received: Received,
    beginning: &Beginning<'_>,
    terms: &Terms,
    now: Timestamp,
) -> Result<Settled, SettleRefused> {
    if invoice.state == InvoiceState::Draft {
        enrollment.check_quoted(received.paid_at)?;
    }
    let (invoice, payment) = invoice.record_payment(payment, Some(received.reference), received.paid_at)?;
    let whole = invoice.owed().is_ok_and(|owed| owed.amount_minor <= 0);
    if invoice.state != InvoiceState::Draft || !whole {
        return Ok(Settled { invoice, payment, began: None });
    }
    let accredited = Offer::accredited_by(beginning.prospectus);
    let enrollment = enrollment.activate(received.paid_at, &accredited, now)?;
    let exempted: BTreeSet<ProjectId> = beginning.prospectus.exempted(&enrollment.recognized_skills);
    let attempts = first_attempts(enrollment.id, &beginning.prospectus.path(), &exempted, now);
    let first = enrollment.periods_after(None).next();
    let invoice = match first {
        Some(due) => invoice.open(beginning.issuer, beginning.sequence, due.period, terms, now)?,
        None => invoice,
    };
    let next = enrollment.periods_after(Some(invoice.key)).next();
    Ok(Settled { invoice, payment, began: Some(Began { enrollment, attempts, next }) })
}

/// The invoice of a period that begins: issued with the next number.
pub fn bill(
    enrollment: &Enrollment,
    due: Due,
    beginning: &Beginning<'_>,
    terms: &Terms,
    now: Timestamp,
) -> Result<Billed, OpenRefused> {
    let draft = Invoice::draft(enrollment, due.key, enrollment.student);
    let invoice = draft.open(beginning.issuer, beginning.sequence, due.period, terms, now)?;
    Ok(Billed { due, invoice, next: enrollment.periods_after(Some(due.key)).next() })
}
