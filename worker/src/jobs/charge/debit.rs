//! An invoice's direct debit: onto the list, counted on its day, and back again where its bank says so.

use domain::activation::Received;
use domain::debit::Told;
use domain::id::{DebitFileId, InvoiceId};
use domain::invoice::{Invoice, Payment, PaymentKind, PaymentState, Retry};
use domain::ledger::Entry;
use storage::Item;
use storage::invoice::InvoiceRefusal;
use storage::transaction::Transaction;

use super::{Ending, Facts};
use crate::Worker;
use crate::outcome::Unfinished;

/// What a bank says of a debit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Back {
    /// What was to be paid.
    pub invoice: InvoiceId,
    /// The bank's word for why.
    pub reason: String,
    /// The file that it was in, where the bank says.
    pub file: Option<DebitFileId>,
    /// What was refused.
    pub what: What,
}

/// What a bank refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// The debit.
    Debit,
    /// The whole file.
    File,
}

/// Writes what a bank says of a debit, or nothing where it is known or not ours.
pub async fn came_back<'store>(
    worker: &'store Worker,
    back: Back,
) -> Result<(Transaction<'store, InvoiceRefusal>, Told), Unfinished> {
    let nothing = worker.store.transaction();
    let Some(invoice) = worker.store.invoice_for_job(back.invoice).await? else {
        return Ok((nothing, Told::Foreign));
    };
    let Some(facts) = Facts::read(worker, invoice.value.enrollment, back.invoice).await? else {
        return Ok((nothing, Told::Foreign));
    };
    let charge = facts.invoice.value.charge.clone();
    let Some(payment) = charge.filter(|charge| charge.method == PaymentKind::SepaDebit) else {
        return Ok((nothing, Told::Known));
    };
    match &payment.state {
        PaymentState::Submitted { file, .. } if back.file.is_none_or(|it| it == *file) => {
            Ok(match back.what {
                What::File => (facts.listed_again(worker, payment), Told::Listed),
                What::Debit => (facts.refused(worker, payment, back.reason), Told::Refused),
            })
        }
        PaymentState::Paid { .. } if back.file.is_none_or(|it| was_in(&payment, it)) => {
            Ok((facts.returned(worker, payment, back.reason)?, Told::Returned))
        }
        _ => Ok((nothing, Told::Known)),
    }
}

/// Whether a payment was counted as paid by a file.
fn was_in(payment: &Payment, file: DebitFileId) -> bool {
    payment.reference.as_deref() == Some(file.to_string().as_str())
}

impl Facts {
    /// Puts a payment on the list of the next file. Nobody asks for it again before that is made.
    pub(super) async fn list(
        &self,
        worker: &Worker,
        ending: Ending<'_>,
        payment: Payment,
    ) -> Result<(), Unfinished> {
        let transaction = self.listed(worker, &payment.list());
        Ok(ending.end(transaction, &self.invoice.value, None).commit().await?)
    }

    fn listed<'store>(
        &self,
        worker: &'store Worker,
        listed: &Payment,
    ) -> Transaction<'store, InvoiceRefusal> {
        let transaction = self.keep(worker, listed);
        self.audited(transaction.list_debit(&self.issuer.code, self.invoice.value.enrollment, listed))
    }

    /// Counts a debit as paid on its day.
    pub(super) async fn count(&self, worker: &Worker, ending: Ending<'_>) -> Result<(), Unfinished> {
        let Some(payment) = self.invoice.value.charge.clone() else { return ending.nothing(worker).await };
        let PaymentState::Submitted { file, collect_on } = payment.state else {
            return ending.nothing(worker).await;
        };
        let day = self.enrollment.value.time_zone.start_of(collect_on);
        let paid_at = day.map_or(self.now, |day| day.min(self.now));
        self.paid(worker, ending, payment, Received { reference: file.to_string(), paid_at }).await
    }

    /// Puts a debit whose whole file was refused on the list of the next one.
    fn listed_again<'store>(
        &self,
        worker: &'store Worker,
        payment: Payment,
    ) -> Transaction<'store, InvoiceRefusal> {
        let (amount, method, number) = (payment.amount, payment.method, payment.method_number);
        self.listed(worker, &payment.again(amount, method, self.now).asked(number).list())
    }

    /// Notes that a debit brought no money, and goes on with the invoice's plan.
    fn refused<'store>(
        &self,
        worker: &'store Worker,
        payment: Payment,
        reason: String,
    ) -> Transaction<'store, InvoiceRefusal> {
        let retry = Retry::of_debit(&reason);
        let declined = payment.decline(reason, retry);
        let transaction = self.keep(worker, &declined);
        let transaction = match self.declined(&declined) {
            Some(letter) => transaction.write_letter(&letter, self.now),
            None => transaction,
        };
        let Invoice { enrollment, id, .. } = self.invoice.value;
        self.audited(transaction.ask_again(enrollment, id, self.now))
    }

    /// Takes back what had counted as paid, and goes on with the invoice's plan.
    fn returned<'store>(
        &self,
        worker: &'store Worker,
        payment: Payment,
        reason: String,
    ) -> Result<Transaction<'store, InvoiceRefusal>, Unfinished> {
        let give_up = |error: &dyn std::error::Error| Unfinished::GiveUp(error.to_string());
        let Item { value: before, revision } = self.invoice.clone();
        let returned = before.clone().return_debit(payment, reason, self.now);
        let (invoice, payment) = returned.map_err(|error| give_up(&error))?;
        let entries = Entry::of_return(&self.issuer, &before, &invoice, &payment, self.now);
        let entries = entries.map_err(|error| give_up(&error))?;
        let letter = self.told_of_return(&invoice, &payment);
        let Invoice { enrollment, id, .. } = invoice;
        let transaction = worker
            .store
            .transaction()
            .save(&Item { value: invoice, revision }, InvoiceRefusal::Changed)
            .post(&entries, InvoiceRefusal::Changed);
        let transaction = match letter {
            Some(letter) => transaction.write_letter(&letter, self.now),
            None => transaction,
        };
        Ok(self.audited(transaction.ask_again(enrollment, id, self.now)))
    }
}
