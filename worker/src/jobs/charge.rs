//! Collecting an invoice's money: one payment for life, tried on the days of the dunning plan, until it
//! is there or the plan is over.

use domain::activation::{Issuing, Received, begin};
use domain::billing::Terms;
use domain::catalog::Prospectus;
use domain::enrollment::{Enrollment, SuspensionCause};
use domain::id::{EnrollmentId, InvoiceId, PaymentId};
use domain::invoice::{Collecting, Invoice, InvoiceState, LegalEntity, Payment, PaymentKind, PaymentState};
use domain::job::Job;
use domain::money::Money;
use jiff::{SignedDuration, Timestamp};
use storage::invoice::InvoiceRefusal;
use storage::numbers::Numbers;
use storage::queue::Claimed;
use storage::transaction::Transaction;
use storage::{Item, Stored};

use super::bill::{edition, issuer};
use super::finish;
use crate::Worker;
use crate::outcome::Unfinished;
use crate::payment::{Charged, Collection, PaymentProvider};

mod asking; // a provider, and never twice
mod debit; // collected by file
mod received; // money that is there
mod told; // letters

pub use debit::{Back, What, came_back};

/// How long a payment that its provider says nothing of waits before it is looked up again.
const LOOK_UP_AGAIN: SignedDuration = SignedDuration::from_mins(15);

/// An invoice with all that its collection rests on, as it was read.
struct Facts {
    now: Timestamp,
    enrollment: Item<Enrollment>,
    invoice: Item<Invoice>,
    edition: Prospectus,
    issuer: LegalEntity,
    terms: Terms,
}

/// Who asks for an invoice's money, and how the asking ends.
#[derive(Debug, Clone, Copy)]
pub enum Ending<'a> {
    /// A job of the invoice's own, which waits for the next day of its plan.
    Job(&'a Claimed),
    /// A page of a run: what is not paid at once becomes a job of its own.
    Page,
}

/// Does what is to be done about an invoice's money today, and waits for the next day of its plan.
pub async fn charge(
    worker: &Worker,
    claimed: &Claimed,
    id: EnrollmentId,
    invoice: InvoiceId,
) -> Result<(), Unfinished> {
    charge_next(worker, Ending::Job(claimed), id, invoice).await.map(drop)
}

/// The same for whoever asks. True where its provider has answered: asked again, it would not be asked that.
pub async fn charge_next(
    worker: &Worker,
    ending: Ending<'_>,
    id: EnrollmentId,
    invoice: InvoiceId,
) -> Result<bool, Unfinished> {
    let Some(facts) = Facts::read(worker, id, invoice).await? else {
        return ending.nothing(worker).await.map(|()| false);
    };
    // A run's draft is nobody's to pay before it has its number.
    if facts.invoice.value.is_drafted_by_run() {
        return ending.nothing(worker).await.map(|()| false);
    }
    // Nobody pays for months without a mentor: whoever finds one asks for this again.
    if facts.invoice.value.state == InvoiceState::Draft && facts.enrollment.value.needs_seat() {
        return ending.nothing(worker).await.map(|()| false);
    }
    let facts = facts.keep_calendar(worker).await?;
    if facts.invoice.value.state == InvoiceState::Draft && facts.begin(worker, ending).await? {
        return Ok(true);
    }
    match facts.collecting(worker) {
        Collecting::Ask => facts.collect(worker, ending).await,
        Collecting::Count => facts.count(worker, ending).await.map(|()| true),
        next => facts.wait(worker, ending, next).await.map(|()| false),
    }
}

/// Finds out what became of an invoice's payment: money that came late, or after a refusal, is recorded.
/// A refusal is for the invoice's own job to hear.
pub async fn look_up(
    worker: &Worker,
    claimed: &Claimed,
    id: EnrollmentId,
    invoice: InvoiceId,
) -> Result<(), Unfinished> {
    let facts = Facts::read(worker, id, invoice).await?;
    let charged = facts.and_then(|facts| facts.invoice.value.charge.clone().map(|charge| (facts, charge)));
    let Some((facts, payment)) = charged else { return finish(worker, claimed).await };
    match facts.found(worker, &payment).await {
        Some(Charged::Paid { reference, amount_minor }) => {
            let received = Received { reference, paid_at: facts.now };
            facts.paid(worker, Ending::Job(claimed), of_amount(payment, amount_minor), received).await
        }
        // Nobody else would look again at what counts as refused.
        Some(Charged::Unknown) if payment.is_refused() => {
            let again = worker.store.transaction::<()>().finish_until(claimed, facts.now + LOOK_UP_AGAIN);
            Ok(again.commit().await?)
        }
        _ => finish(worker, claimed).await,
    }
}

impl Ending<'_> {
    /// Ends with nothing to write.
    async fn nothing(self, worker: &Worker) -> Result<(), Unfinished> {
        match self {
            Self::Job(claimed) => finish(worker, claimed).await,
            Self::Page => Ok(()),
        }
    }

    /// Ends with a transaction, or goes on with the invoice at an instant.
    fn end<'store>(
        self,
        transaction: Transaction<'store, InvoiceRefusal>,
        invoice: &Invoice,
        until: Option<Timestamp>,
    ) -> Transaction<'store, InvoiceRefusal> {
        let charge = Job::Charge { enrollment: invoice.enrollment, invoice: invoice.id };
        match (self, until) {
            (Self::Job(claimed), Some(until)) => transaction.finish_until(claimed, until),
            (Self::Job(claimed), None) => transaction.finish(claimed),
            (Self::Page, Some(until)) => transaction.enqueue(&charge, until),
            (Self::Page, None) => transaction,
        }
    }
}

impl Facts {
    async fn read(worker: &Worker, id: EnrollmentId, invoice: InvoiceId) -> Result<Option<Self>, Unfinished> {
        let now = worker.clock.now(&worker.store).await?;
        let enrollment = worker.store.enrollment_for_job(id).await?;
        let invoice = worker.store.invoice_for_job(invoice).await?;
        let (Some(enrollment), Some(invoice)) = (enrollment, invoice) else { return Ok(None) };
        let edition = edition(worker, &enrollment.value.edition, enrollment.value.version).await?;
        let issuer = issuer(&edition)?;
        let terms = edition.terms_on(enrollment.value.date_at(now));
        Ok(Some(Self { now, enrollment, invoice, edition, issuer, terms }))
    }

    /// What its own provider says of a payment that counts as not there.
    async fn found(&self, worker: &Worker, payment: &Payment) -> Option<Charged> {
        if matches!(payment.state, PaymentState::Paid { .. } | PaymentState::Returned { .. }) {
            return None;
        }
        let collection = Collection {
            invoice: payment.invoice,
            amount: payment.amount,
            method: self.enrollment.value.payment_method.as_ref()?,
            tries: payment.tries,
        };
        Some(worker.providers.of(payment.method)?.look_up(collection).await)
    }

    /// The provider that collects from whoever owes the invoice: a payer other than the student sends
    /// the money by bank. What nobody knows the answer of is its own provider's to tell, whatever way to
    /// pay was given since.
    fn provider<'worker>(
        &self,
        worker: &'worker Worker,
    ) -> Option<(PaymentKind, &'worker dyn PaymentProvider)> {
        let method = self.enrollment.value.payment_method.as_ref();
        let method = method.filter(|_| self.invoice.value.payer == self.enrollment.value.student)?;
        let kind = match &self.invoice.value.charge {
            Some(payment) if payment.is_under_way() => payment.method,
            _ => method.kind(),
        };
        worker.providers.of(kind).map(|provider| (kind, provider))
    }

    fn collecting(&self, worker: &Worker) -> Collecting {
        let today = self.enrollment.value.date_at(self.now);
        let collects = self.provider(worker).is_some();
        self.invoice.value.collecting(&self.enrollment.value, collects, &self.terms, today)
    }

    /// Stores what the calendar made of an unpaid invoice: that it is past due, and, after the grace,
    /// that its enrollment is suspended. Whose direct debit is on its way has done their part.
    async fn keep_calendar(mut self, worker: &Worker) -> Result<Self, Unfinished> {
        let enrollment = &self.enrollment.value;
        if self.invoice.value.charge.as_ref().is_some_and(|charge| charge.is_debited(enrollment)) {
            return Ok(self);
        }
        let today = self.enrollment.value.date_at(self.now);
        let past_due = self.invoice.clone().try_map(|invoice| invoice.past_due(today));
        let suspended = if self.invoice.value.suspends_by(today, &self.terms) {
            let suspend = |enrollment: Enrollment| enrollment.suspend(SuspensionCause::Unpaid, self.now);
            self.enrollment.clone().try_map(suspend).ok()
        } else {
            None
        };
        let mut transaction = worker.store.transaction::<InvoiceRefusal>();
        if let Ok(invoice) = past_due {
            transaction = transaction.save(&invoice, InvoiceRefusal::Changed);
            self.invoice = written(invoice);
        }
        if let Some(enrollment) = suspended {
            let id = enrollment.value.id;
            transaction = transaction
                .save(&enrollment, InvoiceRefusal::Changed)
                .then_planned(&enrollment.value)
                .enqueue(&Job::ArrangeSessions { enrollment: id }, self.now)
                .audit(&enrollment.value.key(), "suspend", "worker", self.now);
            if let Some(letter) = self.suspended() {
                transaction = transaction.write_letter(&letter, self.now);
            }
            self.enrollment = written(enrollment);
        }
        if !transaction.is_empty() {
            transaction.commit().await?;
        }
        Ok(self)
    }

    /// Begins the enrollment, if its drafts are all paid or agreed to: where nothing is to be collected.
    async fn begin(&self, worker: &Worker, ending: Ending<'_>) -> Result<bool, Unfinished> {
        let drafts = worker.store.drafts_of(self.enrollment.value.id).await?;
        let numbers = self.numbers(worker).await?;
        let values = drafts.iter().map(|draft| draft.value.clone()).collect();
        let began = begin(
            self.enrollment.value.clone(),
            values,
            self.now,
            &self.issuing(&numbers),
            &self.terms,
            self.now,
        );
        // What may not begin now is for its payer to learn when the money is refused.
        let Ok(Some(began)) = began else { return Ok(false) };
        let transaction = worker.store.begin(&self.enrollment, &drafts, &began, &numbers, self.now);
        let others = began.invoices.iter().filter(|invoice| invoice.id != self.invoice.value.id);
        let transaction = self.audited(transaction).charge(others, self.now);
        // What its payer agreed to is owed from now on: this job goes on with it.
        self.put_off(transaction, ending, Collecting::Ask).commit().await?;
        Ok(true)
    }

    /// Asks the provider: what became of an earlier asking, or for the money.
    ///
    /// The payment is written as pending before the provider is asked, so that a second run knows that
    /// somebody may have asked already: it looks up first and never pays again.
    async fn collect(mut self, worker: &Worker, ending: Ending<'_>) -> Result<bool, Unfinished> {
        let (Some((kind, provider)), Some(method)) =
            (self.provider(worker), self.enrollment.value.payment_method.clone())
        else {
            return ending.nothing(worker).await.map(|()| false);
        };
        let (invoice, payment, asked_before) = self.pending(worker, ending, kind).await?;
        self.invoice = invoice;
        let collection = Collection {
            invoice: self.invoice.value.id,
            amount: payment.amount,
            method: &method,
            tries: payment.tries,
        };
        match asking::charged(provider, collection, asked_before, self.invoice.value.is_owed()).await {
            Charged::Paid { reference, amount_minor } => {
                let received = Received { reference, paid_at: self.now };
                self.paid(worker, ending, of_amount(payment, amount_minor), received).await?;
                Ok(true)
            }
            Charged::Declined { reason, retry } => {
                let declined = payment.decline(reason, retry);
                let transaction = self.keep(worker, &declined);
                let transaction = match self.declined(&declined) {
                    Some(letter) => transaction.write_letter(&letter, self.now),
                    None => transaction,
                };
                self.invoice.value = self.invoice.value.with_charge(&declined);
                let next = self.collecting(worker);
                self.put_off(transaction, ending, next).commit().await?;
                Ok(true)
            }
            Charged::Waiting => self.list(worker, ending, payment).await.map(|()| true),
            Charged::Unknown | Charged::Absent => {
                let transaction = self.keep(worker, &payment.lose_sight());
                let until = Some(self.now + LOOK_UP_AGAIN);
                ending.end(transaction, &self.invoice.value, until).commit().await?;
                Ok(false)
            }
        }
    }

    /// Writes that the provider is about to be asked. True where it was asked before and nobody knows
    /// the answer.
    async fn pending(
        &self,
        worker: &Worker,
        ending: Ending<'_>,
        kind: PaymentKind,
    ) -> Result<(Item<Invoice>, Payment, bool), Unfinished> {
        let invoice = &self.invoice.value;
        let owed = invoice.owed().map_err(|error| Unfinished::GiveUp(error.to_string()))?;
        let number = self.enrollment.value.payment_method_number;
        let payment = match invoice.charge.clone() {
            Some(charge) if charge.is_under_way() => return Ok((self.invoice.clone(), charge, true)),
            Some(charge) => charge.again(owed, kind, self.now).asked(number),
            None => {
                let id = PaymentId::of_charge(invoice.id);
                Payment::pending(id, invoice.id, owed, kind, self.now).asked(number)
            }
        };
        let payment = Payment { by_page: matches!(ending, Ending::Page), ..payment };
        let transaction = self.keep(worker, &payment);
        let transaction = match &invoice.charge {
            Some(charge) if charge.state == PaymentState::Listed => {
                transaction.unlist_debit(&self.issuer.code, invoice.enrollment, charge)
            }
            _ => transaction,
        };
        transaction.commit().await?;
        let charged = self.invoice.clone().with(invoice.clone().with_charge(&payment));
        Ok((written(charged), payment, false))
    }

    /// Keeps what became of the invoice's payment.
    fn keep<'store>(&self, worker: &'store Worker, payment: &Payment) -> Transaction<'store, InvoiceRefusal> {
        let charged = self.invoice.clone().with(self.invoice.value.clone().with_charge(payment));
        worker.store.transaction().save(&charged, InvoiceRefusal::Changed)
    }

    async fn numbers(&self, worker: &Worker) -> Result<Item<Numbers>, Unfinished> {
        let year = self.issuer.year_of_issue(self.now);
        Ok(worker.store.numbers(&self.issuer.code, year).await?)
    }

    fn issuing(&self, numbers: &Item<Numbers>) -> Issuing<'_> {
        Issuing { prospectus: &self.edition, issuer: &self.issuer, sequence: numbers.value.next() }
    }

    fn audited<'store>(
        &self,
        transaction: Transaction<'store, InvoiceRefusal>,
    ) -> Transaction<'store, InvoiceRefusal> {
        transaction.audit(&self.invoice.value.key(), "charge", "worker", self.now)
    }

    async fn wait(&self, worker: &Worker, ending: Ending<'_>, next: Collecting) -> Result<(), Unfinished> {
        let transaction = self.put_off(worker.store.transaction(), ending, next);
        if transaction.is_empty() { Ok(()) } else { Ok(transaction.commit().await?) }
    }

    /// Ends the job with a transaction, or puts it off until the next day of the plan.
    fn put_off<'store>(
        &self,
        transaction: Transaction<'store, InvoiceRefusal>,
        ending: Ending<'_>,
        next: Collecting,
    ) -> Transaction<'store, InvoiceRefusal> {
        let until = match next {
            Collecting::Ask | Collecting::Count => Some(self.now),
            Collecting::Wait { until } => self.enrollment.value.time_zone.start_of(until).ok(),
            Collecting::Over => None,
        };
        ending.end(transaction, &self.invoice.value, until)
    }
}

/// A payment of what was really taken.
fn of_amount(payment: Payment, amount_minor: i64) -> Payment {
    Payment { amount: Money::minor(amount_minor, payment.amount.currency), ..payment }
}

/// An item as it stands after it was saved.
fn written<T>(item: Item<T>) -> Item<T> {
    Item { revision: item.revision + 1, value: item.value }
}
