//! What a period costs whom: the invoices of a month, one per payer, before they are issued.

use jiff::civil::Date;

use super::{Invoice, InvoiceState, Line, TaxLine, TaxRule};
use crate::billing::{BillingFacts, Part, Payer, PeriodKey, shares};
use crate::money::{Money, MoneyError};

/// The drafts of a period that begins on a date: one per payer who owes a part. A month that costs
/// nothing has none.
pub fn rate(
    facts: &BillingFacts,
    key: PeriodKey,
    taxes: &[TaxRule],
    on: Date,
) -> Result<Vec<Invoice>, MoneyError> {
    let payers = payers_of(facts);
    let parts = shares(facts.monthly_price, &payers)?;
    let owing = payers.iter().zip(parts).filter(|(_, part)| !part.is_zero());
    owing.map(|(payer, part)| draft(facts, key, payer, part, TaxRule::on(taxes, on))).collect()
}

/// Who pays a month of an enrollment: its student, where nobody else was named.
pub fn payers_of(facts: &BillingFacts) -> Vec<Payer> {
    if !facts.payers.is_empty() {
        return facts.payers.clone();
    }
    let (payer, part) = (facts.student, Part::SharePercent(100));
    vec![Payer { payer, part, agreed_at: None, business: None }]
}

fn draft(
    facts: &BillingFacts,
    key: PeriodKey,
    payer: &Payer,
    owed: Money,
    rule: Option<&TaxRule>,
) -> Result<Invoice, MoneyError> {
    let tax = TaxLine::on(owed, rule, payer.business.as_ref())?;
    let nothing = Money::zero(owed.currency);
    let part = Some(payer.part).filter(|part| *part != Part::SharePercent(100));
    let description = match part {
        None => format!("{}, one month", facts.edition),
        Some(Part::SharePercent(percent)) => format!("{}, {percent} % of one month", facts.edition),
        Some(Part::Cap(cap)) => format!("{}, one month up to {cap}", facts.edition),
    };
    Ok(Invoice {
        id: Invoice::id_of(facts.enrollment, key, payer.payer),
        enrollment: facts.enrollment,
        student: facts.student,
        payer: payer.payer,
        key,
        lines: vec![Line { description, amount: tax.base, tax: tax.category, part }],
        total: tax.base.plus(tax.amount)?,
        taxes: vec![tax],
        credited: nothing,
        paid: nothing,
        refunded: nothing,
        charge: None,
        page: None,
        state: InvoiceState::Draft,
    })
}
