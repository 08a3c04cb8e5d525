//! Money that is there: it pays the invoice, or goes back.

use domain::activation::{Received, give_back_surplus, settle};
use domain::invoice::Payment;
use storage::Item;
use storage::payment::GivenBack;

use super::{Ending, Facts};
use crate::Worker;
use crate::outcome::Unfinished;

impl Facts {
    /// Records money that came in, and what the first payment begins.
    pub(super) async fn paid(
        &self,
        worker: &Worker,
        ending: Ending<'_>,
        payment: Payment,
        received: Received,
    ) -> Result<(), Unfinished> {
        let account = worker.store.account(self.enrollment.clone(), self.invoice.clone()).await?;
        let numbers = self.numbers(worker).await?;
        let issuing = self.issuing(&numbers);
        let returned = received.clone();
        // A job of the invoice's own posts by itself.
        let by_page = payment.by_page && matches!(ending, Ending::Page);
        let taken = Payment { by_page, ..payment.clone() };
        let settled = settle(account.account(), taken, received, &issuing, &self.terms, self.now);
        let settled = match settled {
            Ok(settled) => settled,
            Err(refused) => {
                tracing::warn!(%refused, "money is given back");
                return self.give_back(worker, ending, payment.handed_on(), returned).await;
            }
        };
        let transaction = worker.store.settle(&account, None, &settled, &numbers, self.now);
        // A payment of an issued invoice is its own entry in the trail, and in the ledger.
        let transaction = if settled.began.is_some() { self.audited(transaction) } else { transaction };
        Ok(ending.end(transaction, &self.invoice.value, None).commit().await?)
    }

    /// Records money that is not owed any more, and asks for its way back.
    async fn give_back(
        &self,
        worker: &Worker,
        ending: Ending<'_>,
        payment: Payment,
        received: Received,
    ) -> Result<(), Unfinished> {
        let Item { value: invoice, revision } = self.invoice.clone();
        let payments = worker.store.payments_of(&invoice).await?;
        let refunds = worker.store.refunds(invoice.enrollment, invoice.id).await?;
        let refunds = Vec::from_iter(refunds.into_iter().map(|refund| refund.value));
        let surplus =
            give_back_surplus(invoice, payment, received, payments, &refunds, &self.issuer, self.now)
                .map_err(|refused| Unfinished::GiveUp(format!("money to be given back: {refused}")))?;
        let invoice = Item { value: surplus.invoice, revision };
        let given = GivenBack { invoice, note: None, refund: surplus.refund, entries: surplus.entries };
        let transaction = worker.store.give_back(&self.enrollment.value, &given, self.now);
        let transaction = self.audited(transaction);
        Ok(ending.end(transaction, &self.invoice.value, None).commit().await?)
    }
}
