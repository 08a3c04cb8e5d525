//! An invoice as it is written: without what its key says already, and with its one currency once. A write
//! costs by the kilobyte, and an invoice is written each time something happens to it.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::id::PaymentId;
use domain::ledger::InvoiceRef;

use crate::item::number;

type Map = HashMap<String, AttributeValue>;

/// Amounts of an invoice itself.
const AMOUNTS: [&str; 4] = ["total", "credited", "paid", "refunded"];
/// Amounts of what it is made of.
const AMOUNTS_OF: [(&str, &[&str]); 2] = [("lines", &["amount"]), ("taxes", &["base", "amount"])];

/// Leaves out what can be put back.
pub(super) fn pack(mut value: AttributeValue) -> AttributeValue {
    let AttributeValue::M(invoice) = &mut value else { return value };
    let Some(currency) = currency_of(invoice) else { return value };
    for name in ["id", "enrollment", "payer", "key"] {
        invoice.remove(name);
    }
    if let Some(AttributeValue::M(charge)) = invoice.get_mut("charge") {
        charge.remove("id");
        charge.remove("invoice");
    }
    each_amount(invoice, |amount| {
        let AttributeValue::M(money) = &*amount else { return };
        if money.get("currency") == Some(&currency)
            && let Some(minor) = money.get("amount_minor").cloned()
        {
            *amount = minor;
        }
    });
    invoice.insert("currency".into(), currency);
    value
}

/// Puts back what was left out of an invoice that stands at a place.
pub(super) fn unpack(place: InvoiceRef, mut value: AttributeValue) -> AttributeValue {
    let AttributeValue::M(invoice) = &mut value else { return value };
    let text = |text: String| AttributeValue::S(text);
    let id = place.id();
    let InvoiceRef { enrollment, key, payer } = place;
    let key = [("segment".into(), number(key.segment.into())), ("k".into(), number(key.k.into()))];
    let said_by_key = [
        ("id", text(id.to_string())),
        ("enrollment", text(enrollment.to_string())),
        ("payer", text(payer.to_string())),
        ("key", AttributeValue::M(Map::from(key))),
    ];
    for (name, value) in said_by_key {
        invoice.entry(name.into()).or_insert(value);
    }
    if let Some(AttributeValue::M(charge)) = invoice.get_mut("charge") {
        charge.entry("id".into()).or_insert_with(|| text(PaymentId::of_charge(id).to_string()));
        charge.entry("invoice".into()).or_insert_with(|| text(id.to_string()));
    }
    if let Some(currency) = invoice.remove("currency") {
        each_amount(invoice, |amount| {
            if let AttributeValue::N(_) = amount {
                let money = [("amount_minor".into(), amount.clone()), ("currency".into(), currency.clone())];
                *amount = AttributeValue::M(Map::from(money));
            }
        });
    }
    value
}

fn currency_of(invoice: &Map) -> Option<AttributeValue> {
    invoice.get("total")?.as_m().ok()?.get("currency").cloned()
}

fn each_amount(invoice: &mut Map, mut change: impl FnMut(&mut AttributeValue)) {
    for name in AMOUNTS {
        if let Some(amount) = invoice.get_mut(name) {
            change(amount);
        }
    }
    if let Some(AttributeValue::M(charge)) = invoice.get_mut("charge")
        && let Some(amount) = charge.get_mut("amount")
    {
        change(amount);
    }
    for (list, names) in AMOUNTS_OF {
        let Some(AttributeValue::L(parts)) = invoice.get_mut(list) else { continue };
        for part in parts {
            let AttributeValue::M(part) = part else { continue };
            for name in names {
                if let Some(amount) = part.get_mut(*name) {
                    change(amount);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::billing::PeriodKey;
    use domain::id::{EnrollmentId, InvoiceId, PersonId};
    use domain::invoice::{Invoice, InvoiceState, Line, Payment, PaymentKind, TaxCategory, TaxLine};
    use domain::money::Currency::Kwd;
    use domain::money::Money;

    use super::*;
    use crate::item::{from_attributes, to_attributes};

    fn invoice() -> Invoice {
        let (enrollment, payer) = (EnrollmentId::derived(&["e"]), PersonId::derived(&["p"]));
        let key = PeriodKey { segment: 2, k: 11 };
        let amount = |minor| Money::minor(minor, Kwd);
        let tax = TaxLine {
            category: TaxCategory::Standard,
            rate_basis_points: 2_000,
            base: amount(100_000),
            amount: amount(20_000),
            reason: None,
        };
        let line = Line {
            description: "web".into(),
            amount: amount(100_000),
            tax: TaxCategory::Standard,
            part: None,
        };
        Invoice {
            id: Invoice::id_of(enrollment, key, payer),
            enrollment,
            student: PersonId::derived(&["s"]),
            payer,
            key,
            lines: vec![line],
            total: amount(120_000),
            taxes: vec![tax],
            credited: amount(0),
            paid: amount(-1),
            refunded: amount(7),
            charge: None,
            page: Some(3),
            state: InvoiceState::Draft,
        }
    }

    fn charged() -> Invoice {
        let (invoice, at) = (invoice(), "2027-04-01T12:00:00Z".parse().expect("an instant"));
        let id = PaymentId::of_charge(invoice.id);
        let charge = Payment::pending(id, invoice.id, invoice.total, PaymentKind::Card, at);
        invoice.with_charge(&charge)
    }

    #[test]
    fn what_is_left_out_comes_back() {
        for invoice in [invoice(), charged()] {
            let written = to_attributes(&invoice, 3).expect("writable");
            let value = written["value"].as_m().expect("a map");
            assert!(!value.contains_key("enrollment") && value["total"].is_n(), "{value:?}");
            assert_eq!(from_attributes::<Invoice>(written).expect("readable").value, invoice);
        }
    }

    /// An invoice of schema 2 was written in full.
    #[test]
    fn what_was_not_left_out_stays() {
        let invoice = Invoice { id: InvoiceId::derived(&["another"]), ..charged() };
        let mut written = to_attributes(&invoice, 3).expect("writable");
        written.insert("schema".into(), number(2));
        written.insert("value".into(), serde_dynamo::to_attribute_value(&invoice).expect("writable"));
        assert_eq!(from_attributes::<Invoice>(written).expect("readable").value, invoice);
    }
}
