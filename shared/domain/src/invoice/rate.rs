//! What a period costs whom: the invoices of a month, one per payer, before they are issued.

use jiff::civil::Date;

use super::{Invoice, InvoiceState, Line, TaxLine, TaxRule};
use crate::billing::{Part, Payer, PeriodKey, shares};
use crate::enrollment::Enrollment;
use crate::money::{Money, MoneyError};

/// The drafts of a period that begins on a date: one per payer who owes a part. A month that costs
/// nothing has none.
pub fn rate(
    enrollment: &Enrollment,
    key: PeriodKey,
    taxes: &[TaxRule],
    on: Date,
) -> Result<Vec<Invoice>, MoneyError> {
    let payers = payers_of(enrollment);
    let parts = shares(enrollment.monthly_price, &payers)?;
    let owing = payers.iter().zip(parts).filter(|(_, part)| !part.is_zero());
    owing.map(|(payer, part)| draft(enrollment, key, payer, part, TaxRule::on(taxes, on))).collect()
}

/// Who pays a month of an enrollment: its student, where nobody else was named.
pub fn payers_of(enrollment: &Enrollment) -> Vec<Payer> {
    if !enrollment.payers.is_empty() {
        return enrollment.payers.clone();
    }
    let (payer, part) = (enrollment.student, Part::SharePercent(100));
    vec![Payer { payer, part, agreed_at: None, business: None }]
}

fn draft(
    enrollment: &Enrollment,
    key: PeriodKey,
    payer: &Payer,
    part: Money,
    rule: Option<&TaxRule>,
) -> Result<Invoice, MoneyError> {
    let tax = TaxLine::on(part, rule, payer.business.as_ref())?;
    let nothing = Money::zero(part.currency);
    let description = match (enrollment.payers.len(), payer.part) {
        (0 | 1, _) => format!("{}, one month", enrollment.edition),
        (_, Part::SharePercent(percent)) => format!("{}, {percent} % of one month", enrollment.edition),
        (_, Part::Cap(cap)) => format!("{}, one month up to {cap}", enrollment.edition),
    };
    Ok(Invoice {
        id: Invoice::id_of(enrollment.id, key, payer.payer),
        enrollment: enrollment.id,
        student: enrollment.student,
        payer: payer.payer,
        key,
        lines: vec![Line { description, amount: tax.base, tax: tax.category }],
        total: tax.base.plus(tax.amount)?,
        taxes: vec![tax],
        credited: nothing,
        paid: nothing,
        refunded: nothing,
        state: InvoiceState::Draft,
    })
}
