//! Invoices, payments, invoice numbers, and what asks for the next month's bill.

use domain::activation::{Began, Billed, Settled};
use domain::billing::run::begins_anywhere_at;
use domain::billing::{Due, PeriodKey};
use domain::enrollment::Enrollment;
use domain::id::{EnrollmentId, InvoiceId, PaymentId};
use domain::invoice::{Invoice, InvoiceState, Payment};
use domain::job::Job;
use domain::permission::{Loaded, Relation, Subject};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::item::{Item, Stored, from_attributes};
use crate::key::{InvoiceKey, Key, Query};
use crate::store::{Order, Store, StoreError};
use crate::transaction::Transaction;

impl Stored for Invoice {
    const KIND: &'static str = "invoice";

    fn key(&self) -> Key {
        Key::Invoice(self.enrollment, place(self.key, self.payer))
    }
}

fn place(key: PeriodKey, payer: domain::id::PersonId) -> InvoiceKey {
    InvoiceKey { segment: key.segment, period: key.k, payer }
}

/// A payment, beside the enrollment that it is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptPayment {
    /// Whose.
    pub enrollment: EnrollmentId,
    /// The payment.
    pub payment: Payment,
}

impl Stored for KeptPayment {
    const KIND: &'static str = "payment";

    fn key(&self) -> Key {
        Key::Payment(self.enrollment, self.payment.id)
    }
}

/// Where an invoice stands, by its id.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InvoiceLocator {
    invoice: InvoiceId,
    enrollment: EnrollmentId,
    key: PeriodKey,
    payer: domain::id::PersonId,
}

impl Stored for InvoiceLocator {
    const KIND: &'static str = "invoice_locator";

    fn key(&self) -> Key {
        Key::InvoiceLocator(self.invoice)
    }
}

/// The last number an issuer gave out in a year.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Numbers {
    issuer: String,
    year: i16,
    last: u64,
}

impl Stored for Numbers {
    const KIND: &'static str = "numbers";

    fn key(&self) -> Key {
        Key::InvoiceNumbers(self.issuer.clone(), self.year)
    }
}

impl Numbers {
    /// The number that comes next.
    pub const fn next(&self) -> u64 {
        self.last + 1
    }
}

/// The most invoices an enrollment has: fifty years of months.
pub const INVOICES_MAX: u16 = 600;

/// What was changed by somebody else when an invoice was to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvoiceRefusal {
    /// The enrollment, the invoice or the payment.
    Changed,
    /// The issuer's next number was taken.
    NumberTaken,
    /// The period was invoiced already.
    AlreadyInvoiced,
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
        let invoices = self.list(&Query::Invoices(id), INVOICES_MAX).await?;
        Ok(Some(self.loaded(Invoices { enrollment, invoices })))
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

    /// The draft of an enrollment's first invoice, or what it has become by now.
    pub async fn first_invoice_or(&self, draft: Invoice) -> Result<Item<Invoice>, StoreError> {
        Ok(self.get(&draft.key()).await?.unwrap_or(Item::new(draft)))
    }

    /// The draft that waits for an enrollment to begin, if there is one.
    pub async fn draft_of(&self, enrollment: &Enrollment) -> Result<Option<Item<Invoice>>, StoreError> {
        let key = Key::Invoice(enrollment.id, place(PeriodKey::FIRST, enrollment.student));
        let first: Option<Item<Invoice>> = self.get(&key).await?;
        Ok(first.filter(|invoice| invoice.value.state == InvoiceState::Draft))
    }

    /// The newest period of an enrollment that has an invoice.
    pub async fn last_billed(&self, id: EnrollmentId) -> Result<Option<PeriodKey>, StoreError> {
        let page = self.page(&Query::Invoices(id), Order::Descending, None, 1).await?;
        let newest = page.items.into_iter().next().map(from_attributes::<Invoice>).transpose()?;
        Ok(newest.map(|invoice| invoice.value.key))
    }

    /// A payment, if it was tried before.
    pub async fn payment(
        &self,
        enrollment: EnrollmentId,
        id: PaymentId,
    ) -> Result<Option<Item<KeptPayment>>, StoreError> {
        self.get(&Key::Payment(enrollment, id)).await
    }

    /// The numbers an issuer has given out in a year.
    pub async fn numbers(&self, issuer: &str, year: i16) -> Result<Item<Numbers>, StoreError> {
        let kept = self.get(&Key::InvoiceNumbers(issuer.to_owned(), year)).await?;
        Ok(kept.unwrap_or(Item::new(Numbers { issuer: issuer.to_owned(), year, last: 0 })))
    }

    /// Keeps the contract with its first invoice, a draft, and asks for its money.
    pub fn accept_contract(
        &self,
        enrollment: &Item<Enrollment>,
        draft: &Item<Invoice>,
        now: Timestamp,
    ) -> Transaction<'_, InvoiceRefusal> {
        let charge = Job::Charge { enrollment: enrollment.value.id, invoice: draft.value.id };
        self.transaction()
            .save(enrollment, InvoiceRefusal::Changed)
            .save(draft, InvoiceRefusal::Changed)
            .set(&locator(&draft.value))
            .enqueue(&charge, now)
    }

    /// Keeps what a payment changed, and what the first one began.
    pub fn settle(
        &self,
        enrollment: &Item<Enrollment>,
        invoice: &Item<Invoice>,
        payment: &Item<KeptPayment>,
        settled: &Settled,
        numbers: &Item<Numbers>,
        now: Timestamp,
    ) -> Transaction<'_, InvoiceRefusal> {
        let kept = KeptPayment { enrollment: enrollment.value.id, payment: settled.payment.clone() };
        let transaction = self
            .transaction()
            .save(&invoice.clone().with(settled.invoice.clone()), InvoiceRefusal::Changed)
            .save(&payment.clone().with(kept), InvoiceRefusal::Changed);
        let Some(began) = &settled.began else { return transaction };
        transaction.begin(enrollment, began, now).number(numbers)
    }

    /// Keeps the invoice of a period that began, asks for its money and for the next one's bill.
    pub fn bill(
        &self,
        enrollment: &Item<Enrollment>,
        billed: &Billed,
        numbers: &Item<Numbers>,
        now: Timestamp,
    ) -> Transaction<'_, InvoiceRefusal> {
        let Billed { due, invoice, next } = billed;
        let charge = Job::Charge { enrollment: enrollment.value.id, invoice: invoice.id };
        self.transaction()
            .require(enrollment, InvoiceRefusal::Changed)
            .create(invoice, InvoiceRefusal::AlreadyInvoiced)
            .set(&locator(invoice))
            .number(numbers)
            .enqueue(&charge, now)
            .unset(&self.billing_due(enrollment.value.id, due.period.from))
            .bill_next(&enrollment.value, next.as_ref(), now)
    }
}

fn locator(invoice: &Invoice) -> InvoiceLocator {
    let Invoice { id, enrollment, key, payer, .. } = *invoice;
    InvoiceLocator { invoice: id, enrollment, key, payer }
}

impl Transaction<'_, InvoiceRefusal> {
    fn begin(self, enrollment: &Item<Enrollment>, began: &Began, now: Timestamp) -> Self {
        let transaction =
            self.save(&enrollment.clone().with(began.enrollment.clone()), InvoiceRefusal::Changed);
        let attempts = began.attempts.iter();
        let transaction = attempts
            .fold(transaction, |transaction, attempt| transaction.create(attempt, InvoiceRefusal::Changed));
        transaction.bill_next(&began.enrollment, began.next.as_ref(), now)
    }

    /// Takes the issuer's next number.
    fn number(self, numbers: &Item<Numbers>) -> Self {
        let taken = Numbers { last: numbers.value.next(), ..numbers.value.clone() };
        self.save(&numbers.clone().with(taken), InvoiceRefusal::NumberTaken)
    }
}

impl<R> Transaction<'_, R> {
    /// Drops a draft with the quote that it belonged to.
    pub fn drop_draft(self, draft: &Item<Invoice>, changed: R) -> Self {
        self.remove(draft, changed).unset(&Key::InvoiceLocator(draft.value.id))
    }

    /// Asks for the bill of the next period: from the run over the date on which it begins, or, where
    /// that run may have looked already, from a job of its own.
    pub fn bill_next(self, enrollment: &Enrollment, next: Option<&Due>, now: Timestamp) -> Self {
        let Some(Due { key, period }) = next else { return self };
        if now < begins_anywhere_at(period.from) {
            return self.due_on(period.from, enrollment);
        }
        let Ok(due_at) = enrollment.time_zone.start_of(period.from) else { return self };
        self.enqueue(&Job::Bill { enrollment: enrollment.id, segment: key.segment, period: key.k }, due_at)
    }
}
