//! Money that is there: it pays the invoice, or goes back.

use domain::activation::{Received, give_back_surplus, settle};
use storage::Item;
use storage::invoice::InvoiceRefusal;
use storage::payment::{GivenBack, KeptPayment};

use super::{Ending, Facts, keep};
use crate::Worker;
use crate::outcome::Unfinished;

impl Facts {
    /// Records money that came in, and what the first payment begins.
    pub(super) async fn paid(
        &self,
        worker: &Worker,
        ending: Ending<'_>,
        payment: Item<KeptPayment>,
        received: Received,
    ) -> Result<(), Unfinished> {
        let account = worker.store.account(self.enrollment.clone(), self.invoice.clone()).await?;
        let numbers = self.numbers(worker).await?;
        let before = payment.value.payment.clone();
        let issuing = self.issuing(&numbers);
        let returned = received.clone();
        let settled = settle(account.account(), before, received, &issuing, &self.terms, self.now);
        let settled = match settled {
            Ok(settled) => settled,
            Err(refused) => {
                tracing::warn!(%refused, "money is given back");
                return self.give_back(worker, ending, payment, returned).await;
            }
        };
        let transaction = worker.store.settle(&account, &payment, &settled, &numbers, self.now);
        // A payment of an issued invoice is its own entry in the trail, and in the ledger.
        let transaction = if settled.began.is_some() { self.audited(transaction) } else { transaction };
        Ok(ending.end(transaction, &self.invoice.value, None).commit().await?)
    }

    /// Records money that is not owed any more, and asks for its way back.
    async fn give_back(
        &self,
        worker: &Worker,
        ending: Ending<'_>,
        payment: Item<KeptPayment>,
        received: Received,
    ) -> Result<(), Unfinished> {
        let Item { value: invoice, revision } = self.invoice.clone();
        let payments = worker.store.payments_of(&invoice).await?;
        let refunds = worker.store.refunds(invoice.enrollment, invoice.id).await?;
        let refunds = Vec::from_iter(refunds.into_iter().map(|refund| refund.value));
        let taken = payment.value.payment.clone();
        let surplus = give_back_surplus(invoice, taken, received, payments, &refunds, &self.issuer, self.now)
            .map_err(|refused| Unfinished::GiveUp(format!("money to be given back: {refused}")))?;
        let kept = keep(&payment, |_| surplus.payment);
        let invoice = Item { value: surplus.invoice, revision };
        let given = GivenBack { invoice, note: None, refund: surplus.refund, entries: surplus.entries };
        let transaction = worker.store.give_back(&self.enrollment.value, &given, self.now);
        let transaction = self.audited(transaction.save(&kept, InvoiceRefusal::Changed));
        Ok(ending.end(transaction, &self.invoice.value, None).commit().await?)
    }
}
