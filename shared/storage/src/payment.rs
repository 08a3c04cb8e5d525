//! Payments and refunds, and all that money that comes or goes changes with them.

use std::collections::{BTreeSet, HashMap};

use domain::activation::{Account, Began, Settled};
use domain::billing::PeriodKey;
use domain::enrollment::{Enrollment, SuspensionCause};
use domain::id::{EnrollmentId, InvoiceId, PaymentId, RefundId};
use domain::invoice::{CreditNote, Invoice, InvoiceState, Payment, Refund};
use domain::job::Job;
use domain::ledger::Entry;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::invoice::{InvoiceLocator, InvoiceRefusal, NothingOwed, locator};
use crate::item::{Item, Stored};
use crate::key::{Key, Query};
use crate::numbers::Numbers;
use crate::store::{Store, StoreError};
use crate::transaction::Transaction;

/// A payment that finance recorded, beside the enrollment that it is for. What a provider collects is kept
/// inside its invoice ([`Invoice::charge`]).
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

impl Stored for CreditNote {
    const KIND: &'static str = "credit_note";

    fn key(&self) -> Key {
        Key::CreditNote(self.enrollment, self.invoice, self.id)
    }
}

impl Stored for Refund {
    const KIND: &'static str = "refund";

    fn key(&self) -> Key {
        Key::Refund(self.enrollment, self.invoice, self.id)
    }
}

/// The most payments that an enrollment has: each month paid in several transfers.
const PAYMENTS_MAX: u16 = 3_000;
/// The most corrections of one invoice, and refunds of it.
const CORRECTIONS_MAX: u16 = 500;

/// An invoice with the enrollment that it is for, as they were read.
#[derive(Debug, Clone)]
pub struct KeptAccount {
    /// The enrollment.
    pub enrollment: Item<Enrollment>,
    /// The invoice that money is for.
    pub invoice: Item<Invoice>,
    /// The other drafts of the first period, where the invoice is one.
    pub other_drafts: Vec<Item<Invoice>>,
}

impl KeptAccount {
    /// What a rule asks for.
    pub fn account(&self) -> Account {
        Account {
            enrollment: self.enrollment.value.clone(),
            invoice: self.invoice.value.clone(),
            other_drafts: self.other_drafts.iter().map(|draft| draft.value.clone()).collect(),
        }
    }
}

/// What a provider was asked for, with whose it is.
#[derive(Debug, Clone)]
pub struct ChargeOf {
    /// The invoice.
    pub invoice: InvoiceId,
    /// Whose.
    pub enrollment: EnrollmentId,
    /// The market whose legal entity issues it.
    pub market: String,
    /// The payment, if the provider was asked.
    pub payment: Option<Payment>,
}

/// What gives back a part of an invoice: a note, the money, or both.
#[derive(Debug, Clone)]
pub struct GivenBack {
    /// The invoice afterwards.
    pub invoice: Item<Invoice>,
    /// The correction, with the series that numbers it.
    pub note: Option<(CreditNote, Item<Numbers>)>,
    /// The money.
    pub refund: Option<Refund>,
    /// What the ledger says of it.
    pub entries: Vec<Entry>,
}

impl Store {
    /// A transfer, if it was recorded before.
    pub async fn transfer(
        &self,
        enrollment: EnrollmentId,
        id: PaymentId,
    ) -> Result<Option<Item<KeptPayment>>, StoreError> {
        self.get(&Key::Payment(enrollment, id)).await
    }

    /// A payment of an invoice, as it was kept last.
    pub async fn payment(
        &self,
        enrollment: EnrollmentId,
        invoice: InvoiceId,
        id: PaymentId,
    ) -> Result<Option<Payment>, StoreError> {
        if id == PaymentId::of_charge(invoice) {
            return Ok(self.invoice_for_job(invoice).await?.and_then(|invoice| invoice.value.charge));
        }
        Ok(self.transfer(enrollment, id).await?.map(|kept| kept.value.payment))
    }

    /// What money for an invoice is recorded on.
    pub async fn account(
        &self,
        enrollment: Item<Enrollment>,
        invoice: Item<Invoice>,
    ) -> Result<KeptAccount, StoreError> {
        let mut other_drafts = Vec::new();
        if invoice.value.state == InvoiceState::Draft {
            other_drafts = self.drafts_of(enrollment.value.id).await?;
            other_drafts.retain(|draft| draft.value.id != invoice.value.id);
        }
        Ok(KeptAccount { enrollment, invoice, other_drafts })
    }

    /// The payments of an invoice: transfers in the order of their ids, then what its provider collects.
    pub async fn payments_of(&self, invoice: &Invoice) -> Result<Vec<Payment>, StoreError> {
        let kept = self.list::<KeptPayment>(&Query::Payments(invoice.enrollment), PAYMENTS_MAX).await?;
        let payments = kept.into_iter().map(|kept| kept.value.payment);
        let transfers = payments.filter(|payment| payment.invoice == invoice.id);
        Ok(transfers.chain(invoice.charge.clone()).collect())
    }

    /// What providers were asked for, by invoice; an invoice that is not there is left out.
    pub async fn charges_of(
        &self,
        invoices: &[InvoiceId],
    ) -> Result<HashMap<InvoiceId, ChargeOf>, StoreError> {
        let places = Vec::from_iter(invoices.iter().map(|invoice| Key::InvoiceLocator(*invoice)));
        let places = self.get_many::<InvoiceLocator>(&places).await?;
        let places = Vec::from_iter(places.iter().map(|place| place.value.place()));
        let enrollments = BTreeSet::from_iter(places.iter().map(|place| place.enrollment));
        let enrollments = Vec::from_iter(enrollments.into_iter().map(Key::Enrollment));
        let enrollments = self.get_many::<Enrollment>(&enrollments).await?.into_iter();
        let markets: HashMap<_, _> = enrollments.map(|item| (item.value.id, item.value.market)).collect();
        let invoices = self.invoices_at(&places).await?.into_iter();
        let found =
            invoices.filter_map(|Item { value: Invoice { id: invoice, enrollment, charge, .. }, .. }| {
                let market = markets.get(&enrollment)?.clone();
                Some((invoice, ChargeOf { invoice, enrollment, market, payment: charge }))
            });
        Ok(found.collect())
    }

    /// The credit notes of an invoice.
    pub async fn credit_notes(
        &self,
        enrollment: EnrollmentId,
        invoice: InvoiceId,
    ) -> Result<Vec<Item<CreditNote>>, StoreError> {
        self.list(&Query::CreditNotes(enrollment, invoice), CORRECTIONS_MAX).await
    }

    /// The refunds of an invoice.
    pub async fn refunds(
        &self,
        enrollment: EnrollmentId,
        invoice: InvoiceId,
    ) -> Result<Vec<Item<Refund>>, StoreError> {
        self.list(&Query::Refunds(enrollment, invoice), CORRECTIONS_MAX).await
    }

    /// One refund.
    pub async fn refund(
        &self,
        enrollment: EnrollmentId,
        invoice: InvoiceId,
        id: RefundId,
    ) -> Result<Option<Item<Refund>>, StoreError> {
        self.get(&Key::Refund(enrollment, invoice, id)).await
    }

    /// Keeps what a payment changed, and what the first one began; a transfer as it was before.
    pub fn settle(
        &self,
        account: &KeptAccount,
        transfer: Option<&Item<KeptPayment>>,
        settled: &Settled,
        numbers: &Item<Numbers>,
        now: Timestamp,
    ) -> Transaction<'_, InvoiceRefusal> {
        let KeptAccount { enrollment, invoice, other_drafts } = account;
        let transaction = match transfer {
            Some(transfer) => {
                let payment = settled.payment.clone();
                let kept = KeptPayment { payment, ..transfer.value.clone() };
                self.transaction().save(&transfer.clone().with(kept), InvoiceRefusal::Changed)
            }
            None => self.transaction(),
        };
        let transaction = transaction.post(&settled.entries, InvoiceRefusal::Changed);
        let Some(began) = &settled.began else {
            let is_draft = settled.invoice.state == InvoiceState::Draft;
            let transaction = if is_draft { transaction.ask_closing(&settled.entries) } else { transaction };
            let invoice = invoice.clone().with(settled.invoice.clone());
            let transaction = transaction.save(&invoice, InvoiceRefusal::Changed);
            return transaction.lift_once_paid(&enrollment.value, now);
        };
        let drafts = Vec::from_iter(std::iter::once(invoice).chain(other_drafts).cloned());
        transaction.begin(enrollment, &drafts, began, numbers, now).charge(&began.invoices, now)
    }

    /// Keeps what the agreement of everyone who pays began. What is owed is for the caller to charge.
    pub fn begin(
        &self,
        enrollment: &Item<Enrollment>,
        drafts: &[Item<Invoice>],
        began: &Began,
        numbers: &Item<Numbers>,
        now: Timestamp,
    ) -> Transaction<'_, InvoiceRefusal> {
        self.transaction().begin(enrollment, drafts, began, numbers, now)
    }

    /// Keeps a correction and its refund, and asks for the money to be sent.
    pub fn give_back(
        &self,
        enrollment: &Enrollment,
        given: &GivenBack,
        now: Timestamp,
    ) -> Transaction<'_, InvoiceRefusal> {
        let transaction = self.transaction().save(&given.invoice, InvoiceRefusal::Changed);
        let transaction = transaction.post(&given.entries, InvoiceRefusal::Changed);
        let transaction = match &given.note {
            Some((note, numbers)) => transaction
                .create(note, InvoiceRefusal::AlreadyGiven)
                .take_numbers(numbers, 1, InvoiceRefusal::NumberTaken)
                .ask_document(&given.invoice.value, Some(note.id), now),
            None => transaction,
        };
        let transaction = match &given.refund {
            Some(refund) => transaction.create(refund, InvoiceRefusal::AlreadyGiven).enqueue(
                &Job::Refund { enrollment: refund.enrollment, invoice: refund.invoice, refund: refund.id },
                now,
            ),
            None => transaction,
        };
        transaction.lift_once_paid(enrollment, now)
    }
}

impl Transaction<'_, InvoiceRefusal> {
    fn begin(
        self,
        enrollment: &Item<Enrollment>,
        drafts: &[Item<Invoice>],
        began: &Began,
        numbers: &Item<Numbers>,
        now: Timestamp,
    ) -> Self {
        let changed = InvoiceRefusal::Changed;
        let mut transaction = self.save(&enrollment.clone().with(began.enrollment.clone()), changed);
        transaction = transaction.introduce(&began.enrollment, now);
        for attempt in &began.attempts {
            transaction = transaction.create(attempt, changed);
        }
        for (draft, invoice) in drafts.iter().zip(&began.invoices) {
            transaction =
                transaction.save(&draft.clone().with(invoice.clone()), changed).set(&locator(invoice));
            transaction = transaction.ask_document(invoice, None, now);
        }
        if began.invoices.is_empty() {
            let nothing = NothingOwed { enrollment: began.enrollment.id, key: PeriodKey::FIRST };
            transaction = transaction.create(&nothing, changed);
        }
        let transaction = transaction.post(&began.entries, changed).ask_closing(&began.entries);
        transaction.take_numbers(numbers, began.invoices.len(), InvoiceRefusal::NumberTaken).bill_next(
            &began.enrollment,
            began.next.as_ref(),
            now,
        )
    }

    /// Asks whether a suspension for unpaid invoices ends with this.
    fn lift_once_paid(self, enrollment: &Enrollment, now: Timestamp) -> Self {
        if !enrollment.state.is_suspended_for(SuspensionCause::Unpaid) {
            return self;
        }
        self.enqueue(&Job::LiftSuspension { enrollment: enrollment.id }, now)
    }
}

impl<R> Transaction<'_, R> {
    /// Asks for the money of those invoices on which something is owed.
    pub fn charge<'a>(self, invoices: impl IntoIterator<Item = &'a Invoice>, now: Timestamp) -> Self {
        let owed = |invoice: &&Invoice| invoice.owed().is_ok_and(|owed| owed.amount_minor > 0);
        invoices.into_iter().filter(owed).fold(self, |transaction, invoice| {
            let Invoice { enrollment, id: invoice, .. } = *invoice;
            transaction.enqueue(&Job::Charge { enrollment, invoice }, now)
        })
    }

    /// Asks for what an enrollment is to get back, when it can no longer be taken back itself: at once for
    /// a contract that was taken back, else when the first unused day begins.
    pub fn credit_unused(self, enrollment: &Enrollment, now: Timestamp) -> Self {
        let Some(due_at) = enrollment.gives_back_at(now) else { return self };
        self.enqueue(&Job::CreditUnused { enrollment: enrollment.id }, due_at)
    }
}
