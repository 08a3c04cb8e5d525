//! Finding the intent of an invoice, also when its answer was lost and we never learned its id.

use domain::id::InvoiceId;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::intent::{INVOICE, Intent, Status};
use super::wire::NoAnswer;
use super::{Card, Stripe};

/// Things on a page: the most that Stripe gives.
const PAGE: &str = "100";
/// Pages read before we give up: a thousand payments of one payer, or of the account.
pub(super) const PAGES_MAX: usize = 10;

#[derive(Deserialize)]
pub(super) struct Page<T> {
    pub data: Vec<T>,
    #[serde(default)]
    pub has_more: bool,
}

/// Something that a list goes on behind.
pub(super) trait Listed {
    fn id(&self) -> &str;
}

impl Listed for Intent {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Stripe {
    /// The invoice's intent, or the certainty that Stripe has none that the key would not answer for.
    pub(super) async fn find(&self, invoice: InvoiceId, card: Card<'_>) -> Result<Option<Intent>, NoAnswer> {
        let mut whole = true;
        if let Some(customer) = card.customer {
            let listed = self.list_intents(invoice, &[("customer", customer)]).await?;
            if listed.0.is_some() {
                return Ok(listed.0);
            }
            whole = listed.1;
        }
        // Also with a customer: the invoice may have been tried when the payer was another one.
        let searched = self.search(invoice).await?;
        let found = searched.as_deref().and_then(|found| the_one(found, invoice));
        if found.is_some() {
            return Ok(found);
        }
        if card.customer.is_none() {
            let listed = self.list_intents(invoice, &[]).await?;
            if listed.0.is_some() {
                return Ok(listed.0);
            }
            // What the search does not know yet is among the newest thousand, or the key knows it.
            whole = listed.1 || searched.is_some();
        }
        if whole { Ok(None) } else { Err(NoAnswer::TooMany { pages: PAGES_MAX }) }
    }

    async fn list_intents(
        &self,
        invoice: InvoiceId,
        filter: &[(&str, &str)],
    ) -> Result<(Option<Intent>, bool), NoAnswer> {
        let collects = |intent: &Intent| intent.collects(invoice);
        let (found, whole) = self.list("/v1/payment_intents", filter, collects).await?;
        Ok((the_one(&found, invoice), whole))
    }

    /// What Stripe's search finds, or nothing where it has none: not every account has it. The search shows
    /// an intent as it was a while ago, so each one is read again.
    async fn search(&self, invoice: InvoiceId) -> Result<Option<Vec<Intent>>, NoAnswer> {
        let query = format!("metadata['{INVOICE}']:'{invoice}'");
        let answer = self.get("/v1/payment_intents/search", &[("query", &query), ("limit", PAGE)]).await?;
        if matches!(answer.status, 400 | 404) {
            return Ok(None);
        }
        let found = answer.value::<Page<Intent>>()?.data;
        let mut intents = Vec::new();
        for found in found.iter().filter(|found| found.collects(invoice)) {
            intents.push(self.intent(&found.id).await?);
        }
        Ok(Some(intents))
    }

    /// Reads a list, newest first, to the page with what is wanted. True where that was all there is.
    pub(super) async fn list<T: DeserializeOwned + Listed>(
        &self,
        path: &str,
        filter: &[(&str, &str)],
        wanted: impl Fn(&T) -> bool,
    ) -> Result<(Vec<T>, bool), NoAnswer> {
        let mut after: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let mut query = filter.to_vec();
            query.push(("limit", PAGE));
            query.extend(after.as_deref().map(|after| ("starting_after", after)));
            let page: Page<T> = self.get(path, &query).await?.value()?;
            after = page.data.last().map(|last| last.id().to_owned());
            let found = Vec::from_iter(page.data.into_iter().filter(&wanted));
            if !found.is_empty() || !page.has_more || after.is_none() {
                return Ok((found, true));
            }
        }
        Ok((Vec::new(), false))
    }
}

/// The invoice's intent among others. There is one; were there two, the one that was paid counts,
/// else the first.
fn the_one(intents: &[Intent], invoice: InvoiceId) -> Option<Intent> {
    let of_invoice = intents.iter().filter(|intent| intent.collects(invoice));
    of_invoice.min_by_key(|intent| (intent.status != Status::Succeeded, intent.created)).cloned()
}
