//! An invoice's direct debit: onto the list, and counted on its day.

use domain::activation::Received;
use domain::invoice::{Payment, PaymentState};
use storage::Item;
use storage::invoice::InvoiceRefusal;
use storage::payment::KeptPayment;
use storage::transaction::Transaction;

use super::{Ending, Facts, keep};
use crate::Worker;
use crate::outcome::Unfinished;

impl Facts {
    /// Puts a payment on the list of the next file. Nobody asks for it again before that is made.
    pub(super) async fn list(
        &self,
        worker: &Worker,
        ending: Ending<'_>,
        payment: &Item<KeptPayment>,
    ) -> Result<(), Unfinished> {
        let transaction = self.listed(worker, keep(payment, Payment::list));
        Ok(ending.end(transaction, &self.invoice.value, None).commit().await?)
    }

    fn listed<'store>(
        &self,
        worker: &'store Worker,
        listed: Item<KeptPayment>,
    ) -> Transaction<'store, InvoiceRefusal> {
        let KeptPayment { enrollment, payment } = &listed.value;
        let transaction = worker.store.transaction().save(&listed, InvoiceRefusal::Changed);
        self.audited(transaction.list_debit(&self.issuer.code, *enrollment, payment))
    }

    /// Counts a debit as paid on its day.
    pub(super) async fn count(&self, worker: &Worker, ending: Ending<'_>) -> Result<(), Unfinished> {
        let Some(kept) = self.charge.clone() else { return ending.nothing(worker).await };
        let PaymentState::Submitted { file, collect_on } = kept.value.payment.state else {
            return ending.nothing(worker).await;
        };
        let day = self.enrollment.value.time_zone.start_of(collect_on);
        let paid_at = day.map_or(self.now, |day| day.min(self.now));
        self.paid(worker, ending, kept, Received { reference: file.to_string(), paid_at }).await
    }
}
