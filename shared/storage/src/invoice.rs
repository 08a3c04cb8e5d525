//! Invoices, and what asks for the next month's bill.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::activation::Billed;
use domain::billing::run::begins_anywhere_at;
use domain::billing::{Due, PeriodKey};
use domain::enrollment::Enrollment;
use domain::id::{EnrollmentId, InvoiceId};
use domain::invoice::{Invoice, InvoiceState};
use domain::job::Job;
use domain::ledger::InvoiceRef;
use domain::permission::{Loaded, Relation, Subject};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::item::{Attributes, Item, Stored, from_attributes, key_of, kind_of, number};
use crate::key::{InvoiceKey, Key, Query};
use crate::numbers::Numbers;
use crate::store::{Order, Store, StoreError};
use crate::transaction::Transaction;

mod packed; // as short as it is written

impl Stored for Invoice {
    const KIND: &'static str = "invoice";
    const SCHEMA: u32 = 3;

    fn key(&self) -> Key {
        Key::Invoice(self.enrollment, place(self.key, self.payer))
    }

    fn pack(value: AttributeValue) -> AttributeValue {
        packed::pack(value)
    }

    fn unpack(item: &Attributes, value: AttributeValue) -> AttributeValue {
        match key_of(item) {
            Ok(Key::Invoice(enrollment, InvoiceKey { segment, period: k, payer })) => {
                packed::unpack(InvoiceRef { enrollment, key: PeriodKey { segment, k }, payer }, value)
            }
            _ => value,
        }
    }

    fn upcast(schema: u32, mut value: AttributeValue) -> AttributeValue {
        if let (1, AttributeValue::M(invoice)) = (schema, &mut value) {
            // What cannot be upcast cannot be read either, and says so.
            with_taxes(invoice);
        }
        value
    }
}

pub(crate) fn place(key: PeriodKey, payer: domain::id::PersonId) -> InvoiceKey {
    InvoiceKey { segment: key.segment, period: key.k, payer }
}

/// Turns an invoice of schema 1, which knew no rule of tax and no refunds, into one of schema 2.
fn with_taxes(invoice: &mut HashMap<String, AttributeValue>) -> Option<()> {
    let total = invoice.get("total")?.clone();
    let nothing = AttributeValue::M(HashMap::from([
        ("amount_minor".into(), number(0)),
        ("currency".into(), total.as_m().ok()?.get("currency")?.clone()),
    ]));
    let text = |text: &str| AttributeValue::S(text.into());
    let line = HashMap::from([
        ("category".into(), text("exempt")),
        ("rate_basis_points".into(), number(0)),
        ("base".into(), total),
        ("amount".into(), nothing.clone()),
        ("reason".into(), text("No tax rule is recorded for this market.")),
    ]);
    invoice.remove("tax");
    invoice.insert("taxes".into(), AttributeValue::L(vec![AttributeValue::M(line)]));
    invoice.insert("refunded".into(), nothing);
    if let Some(AttributeValue::L(lines)) = invoice.get_mut("lines") {
        for line in lines {
            let AttributeValue::M(line) = line else { continue };
            line.insert("tax".into(), text("exempt"));
        }
    }
    Some(())
}

/// That a period was billed and costs nothing: it has no invoice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NothingOwed {
    /// Whose.
    pub enrollment: EnrollmentId,
    /// Which period.
    pub key: PeriodKey,
}

impl Stored for NothingOwed {
    const KIND: &'static str = "nothing_owed";

    fn key(&self) -> Key {
        Key::NothingOwed(self.enrollment, self.key.segment, self.key.k)
    }
}

/// Where an invoice stands, by its id.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InvoiceLocator {
    pub(crate) invoice: InvoiceId,
    pub(crate) enrollment: EnrollmentId,
    key: PeriodKey,
    payer: domain::id::PersonId,
}

impl InvoiceLocator {
    /// Where it is found.
    pub(crate) const fn place(&self) -> InvoiceRef {
        InvoiceRef { enrollment: self.enrollment, key: self.key, payer: self.payer }
    }
}

impl Stored for InvoiceLocator {
    const KIND: &'static str = "invoice_locator";

    fn key(&self) -> Key {
        Key::InvoiceLocator(self.invoice)
    }
}

/// The most invoices an enrollment has: fifty years of months, for five payers.
pub const INVOICES_MAX: u16 = 3_000;

/// What was changed by somebody else when an invoice was to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvoiceRefusal {
    /// The enrollment, the invoice or the payment.
    Changed,
    /// The issuer's next number was taken.
    NumberTaken,
    /// The period was invoiced already.
    AlreadyInvoiced,
    /// The credit note or the refund was made already.
    AlreadyGiven,
    /// Another worker counted for the run.
    RunChanged,
}

/// Who may see an enrollment's list of invoices.
#[derive(Debug, Clone)]
pub struct Invoices {
    /// The enrollment.
    pub enrollment: Item<Enrollment>,
    /// Its invoices, as they were due.
    pub invoices: Vec<Item<Invoice>>,
}

impl Subject for Invoices {
    fn relations(&self, person: domain::id::PersonId, now: Timestamp) -> Vec<Relation> {
        let owner = self.enrollment.value.relations(person, now);
        let owner = owner.into_iter().filter(|relation| *relation == Relation::Owner);
        let payer =
            self.invoices.iter().any(|invoice| invoice.value.payer == person).then_some(Relation::Payer);
        owner.chain(payer).collect()
    }
}

impl Store {
    /// An enrollment's invoices.
    pub async fn invoices(&self, id: EnrollmentId) -> Result<Option<Loaded<Invoices>>, StoreError> {
        let Some(enrollment) = self.get(&Key::Enrollment(id)).await? else { return Ok(None) };
        let invoices = self.invoices_for_job(id).await?;
        Ok(Some(self.loaded(Invoices { enrollment, invoices })))
    }

    /// An enrollment's invoices, for the system's own jobs, as they were due.
    pub async fn invoices_for_job(&self, id: EnrollmentId) -> Result<Vec<Item<Invoice>>, StoreError> {
        let items = self.all(&Query::Invoices(id), INVOICES_MAX).await?.into_iter();
        let invoices = items.filter(|item| kind_of(item) == Some(Invoice::KIND));
        invoices.map(from_attributes).collect()
    }

    /// An invoice by its id.
    pub async fn invoice(&self, id: InvoiceId) -> Result<Option<Loaded<Item<Invoice>>>, StoreError> {
        Ok(self.invoice_for_job(id).await?.map(|invoice| self.loaded(invoice)))
    }

    /// An invoice by its id, for the system's own jobs.
    pub async fn invoice_for_job(&self, id: InvoiceId) -> Result<Option<Item<Invoice>>, StoreError> {
        let locator: Option<Item<InvoiceLocator>> = self.get(&Key::InvoiceLocator(id)).await?;
        let Some(Item { value: InvoiceLocator { enrollment, key, payer, .. }, .. }) = locator else {
            return Ok(None);
        };
        self.get(&Key::Invoice(enrollment, place(key, payer))).await
    }

    /// Drafts of an enrollment's first period, each as it is kept or, where it is not yet, as it is given.
    pub async fn first_invoices_or(&self, drafts: Vec<Invoice>) -> Result<Vec<Item<Invoice>>, StoreError> {
        let mut items = Vec::with_capacity(drafts.len());
        for draft in drafts {
            items.push(self.get(&draft.key()).await?.unwrap_or(Item::new(draft)));
        }
        Ok(items)
    }

    /// The drafts that wait for an enrollment to begin.
    pub async fn drafts_of(&self, id: EnrollmentId) -> Result<Vec<Item<Invoice>>, StoreError> {
        let invoices = self.invoices_for_job(id).await?.into_iter();
        let waits = |invoice: &Item<Invoice>| {
            invoice.value.state == InvoiceState::Draft && invoice.value.key == PeriodKey::FIRST
        };
        Ok(invoices.filter(waits).collect())
    }

    /// The newest period of an enrollment that was billed.
    pub async fn last_billed(&self, id: EnrollmentId) -> Result<Option<PeriodKey>, StoreError> {
        let page = self.page(&Query::Invoices(id), Order::Descending, None, 1).await?;
        let Some(newest) = page.items.into_iter().next() else { return Ok(None) };
        match key_of(&newest)? {
            Key::Invoice(_, InvoiceKey { segment, period, .. }) | Key::NothingOwed(_, segment, period) => {
                Ok(Some(PeriodKey { segment, k: period }))
            }
            _ => Err(StoreError::Missing("an invoice's key")),
        }
    }

    /// Keeps the contract with its first invoices, drafts, and asks for a mentor and then for their money.
    pub fn accept_contract(
        &self,
        enrollment: &Item<Enrollment>,
        drafts: &[Item<Invoice>],
        now: Timestamp,
    ) -> Transaction<'_, InvoiceRefusal> {
        let waits = enrollment.value.needs_seat();
        let mut transaction = self.transaction().save(enrollment, InvoiceRefusal::Changed);
        for draft in drafts {
            transaction = if waits {
                transaction.write_draft(draft, InvoiceRefusal::Changed)
            } else {
                transaction.keep_draft(draft, InvoiceRefusal::Changed, now)
            };
        }
        if waits || drafts.is_empty() {
            // No money is asked for before there is a mentor, or at all.
            transaction = transaction.enqueue(&enrollment.value.first_step(), now);
        }
        transaction
    }

    /// Keeps the invoices of a period that began, asks for their money and for the next one's bill.
    pub fn bill(
        &self,
        enrollment: &Item<Enrollment>,
        billed: &Billed,
        numbers: &Item<Numbers>,
        now: Timestamp,
    ) -> Transaction<'_, InvoiceRefusal> {
        let Billed { due, invoices, entries, next } = billed;
        let id = enrollment.value.id;
        let mut transaction = self.transaction().require(enrollment, InvoiceRefusal::Changed);
        for invoice in invoices {
            let charge = Job::Charge { enrollment: id, invoice: invoice.id };
            transaction = transaction
                .create(invoice, InvoiceRefusal::AlreadyInvoiced)
                .set(&locator(invoice))
                .enqueue(&charge, now)
                .ask_document(invoice, None, now);
        }
        if invoices.is_empty() {
            let nothing = NothingOwed { enrollment: id, key: due.key };
            transaction = transaction.create(&nothing, InvoiceRefusal::AlreadyInvoiced);
        }
        let transaction = transaction.post(entries, InvoiceRefusal::AlreadyInvoiced).ask_closing(entries);
        transaction.take_numbers(numbers, invoices.len(), InvoiceRefusal::NumberTaken).bill_next(
            &enrollment.value,
            next.as_ref(),
            now,
        )
    }
}

pub(crate) fn locator(invoice: &Invoice) -> InvoiceLocator {
    let Invoice { id, enrollment, key, payer, .. } = *invoice;
    InvoiceLocator { invoice: id, enrollment, key, payer }
}

impl<R> Transaction<'_, R> {
    /// Keeps a draft, and asks for its money.
    pub fn keep_draft(self, draft: &Item<Invoice>, changed: R, now: Timestamp) -> Self {
        let Invoice { enrollment, id: invoice, .. } = draft.value;
        self.write_draft(draft, changed).enqueue(&Job::Charge { enrollment, invoice }, now)
    }

    /// Keeps a draft whose money nobody asks for yet.
    fn write_draft(self, draft: &Item<Invoice>, changed: R) -> Self {
        self.save(draft, changed).set(&locator(&draft.value))
    }

    /// Drops a draft with the quote that it belonged to.
    pub fn drop_draft(self, draft: &Item<Invoice>, changed: R) -> Self {
        self.remove(draft, changed).unset(&Key::InvoiceLocator(draft.value.id))
    }

    /// Asks for the bill of the next period: from the run over the date on which it begins or, where that
    /// run may have looked already, from a job of its own.
    pub fn bill_next(self, enrollment: &Enrollment, next: Option<&Due>, now: Timestamp) -> Self {
        let Some(Due { key, period }) = next else { return self };
        if now < begins_anywhere_at(period.from) {
            return self.ask_run_for(enrollment, period.from);
        }
        let Ok(due_at) = enrollment.time_zone.start_of(period.from) else { return self };
        self.enqueue(&Job::Bill { enrollment: enrollment.id, segment: key.segment, period: key.k }, due_at)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// An invoice as it was written before rules of tax and refunds.
    #[test]
    fn an_invoice_of_schema_1_reads_as_one_of_today() {
        let pounds = |minor| json!({ "amount_minor": minor, "currency": "GBP" });
        let (enrollment, payer) = (EnrollmentId::derived(&["e"]), domain::id::PersonId::derived(&["p"]));
        let value = json!({
            "id": InvoiceId::derived(&["i"]), "enrollment": enrollment, "student": payer, "payer": payer,
            "key": { "segment": 1, "k": 0 },
            "lines": [{ "description": "web, one month", "amount": pounds(30_000) }],
            "total": pounds(30_000), "tax": { "amount": pounds(0), "reason": "no_rule_for_market" },
            "credited": pounds(0), "paid": pounds(30_000), "state": "paid",
            "number": { "entity": "GB", "year": 2027, "sequence": 1 },
            "period": { "k": 0, "from": "2027-02-07", "to": "2027-03-07" },
            "issued_on": "2027-02-07", "due_on": "2027-02-07",
        });
        let mut attributes = Key::InvoiceLocator(InvoiceId::derived(&["i"])).attributes();
        attributes.insert("kind".into(), AttributeValue::S("invoice".into()));
        attributes.insert("schema".into(), number(1));
        attributes.insert("revision".into(), number(3));
        attributes.insert("value".into(), serde_dynamo::to_attribute_value(value).expect("writable"));
        let invoice: Item<Invoice> = from_attributes(attributes).expect("readable");
        let invoice = invoice.value;
        assert_eq!((invoice.tax(), invoice.refunded), (Ok(invoice.credited), invoice.credited));
        assert_eq!((invoice.taxes[0].base, invoice.state.word()), (invoice.total, "paid"));
    }
}
