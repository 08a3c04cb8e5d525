//! Stripe, over its HTTP API.
//!
//! An invoice has one PaymentIntent for life. Two things keep it so, and what one lets through the
//! other stops:
//!
//! - **Stripe's lists.** Before an intent is created we look for the invoice's: in the list of the
//!   payer's customer, which is never out of date, then with Stripe's search, which lags a minute, in
//!   an outage an hour, so that what it finds is read again by its id, and for a card without a customer
//!   among the newest thousand intents.
//! - **The key.** Creating is keyed by the invoice and nothing else (`inv_…:create`). Stripe keeps a
//!   key for a day: whatever is too young to be found is answered from the key.
//!
//! A declined intent is confirmed again. That call needs a key of its own for each try, or Stripe
//! would answer it with the decline it remembers. We count nothing: the key is
//! `inv_…:confirm:<the declined charge>`, taken from the intent. Two workers that follow the same
//! decline send the same key and make one try; after the next decline the charge is another and so
//! is the key.
//!
//! Sources: <https://docs.stripe.com/api/idempotent_requests>, <https://docs.stripe.com/search>,
//! <https://docs.stripe.com/error-low-level>.

mod amount;
mod books;
mod decline;
mod find;
mod intent;
mod refund;
mod wire;

use std::ops::Range;
use std::time::Duration;

use domain::enrollment::PaymentMethod;
use domain::id::InvoiceId;
use domain::invoice::Retry;
use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Timestamp;
use reqwest::Url;
use thiserror::Error;

use self::amount::{Minor, minor};
use self::intent::{Expandable, Intent, Status};
use self::wire::NoAnswer;
use super::{Books, Charged, Collection, PaymentProvider, Return, Returned};
use crate::secret::Secret;

pub use self::amount::NotChargeable;

/// Stripe's address.
pub const STRIPE_URL: &str = "https://api.stripe.com";

/// How to reach Stripe.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the API is, without a path: [`STRIPE_URL`], or a stand-in on this machine.
    pub base_url: String,
    /// The account's secret key.
    pub key: Secret,
    /// How long one call may take.
    pub call_max: Duration,
}

impl Settings {
    /// Stripe itself, with a secret key.
    pub fn new(key: Secret) -> Self {
        Self { base_url: STRIPE_URL.to_owned(), key, call_max: Duration::from_secs(30) }
    }
}

/// Why there is no way to Stripe.
#[derive(Debug, Error)]
pub enum NoClient {
    /// The key would cross a network for all to read.
    #[error("expected an address with https, or http on this machine")]
    InTheClear,
    /// TLS could not be set up.
    #[error("TLS could not be set up")]
    Tls(#[source] reqwest::Error),
}

/// The provider.
#[derive(Debug, Clone)]
pub struct Stripe {
    http: reqwest::Client,
    settings: Settings,
}

/// A card as Stripe keeps it.
#[derive(Debug, Clone, Copy)]
struct Card<'a> {
    token: &'a str,
    customer: Option<&'a str>,
}

impl Stripe {
    /// The provider at an address.
    pub fn new(settings: Settings) -> Result<Self, NoClient> {
        if !is_private(&settings.base_url) {
            return Err(NoClient::InTheClear);
        }
        let http = reqwest::Client::builder()
            .timeout(settings.call_max)
            .connect_timeout(Duration::from_secs(5).min(settings.call_max))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(NoClient::Tls)?;
        Ok(Self { http, settings })
    }

    /// Collects an invoice. At the first try there is no intent that its key would not answer for, so
    /// nothing is looked for: Stripe lets few searches through.
    async fn collect(&self, collection: Collection<'_>, card: Card<'_>) -> Charged {
        let Collection { invoice, amount, tries, .. } = collection;
        let amount = match minor(amount) {
            Ok(amount) => amount,
            Err(refused) => return never(&refused.to_string()),
        };
        let found = if tries > 1 { self.find(invoice, card).await } else { Ok(None) };
        let collected = match found {
            Ok(Some(intent)) => self.go_on(invoice, intent, amount, card).await,
            Ok(None) => self.create(invoice, amount, card).await,
            Err(error) => Err(error),
        };
        collected.unwrap_or_else(|error| unknown(invoice, &error))
    }

    async fn create(&self, invoice: InvoiceId, amount: Minor, card: Card<'_>) -> Result<Charged, NoAnswer> {
        let invoice_id = invoice.to_string();
        let amount_minor = amount.amount.to_string();
        let mut form = vec![
            ("amount", amount_minor.as_str()),
            ("currency", amount.currency),
            ("confirm", "true"),
            ("off_session", "true"),
            ("payment_method", card.token),
            // Else Stripe wants an address to send the payer back to.
            ("payment_method_types[]", "card"),
            ("metadata[invoice]", &invoice_id),
        ];
        form.extend(card.customer.map(|customer| ("customer", customer)));
        let answer = self.post("/v1/payment_intents", &form, Some(&format!("{invoice}:create"))).await?;
        if answer.replayed
            && let Some(id) = answer.intent_id()
        {
            // What Stripe remembers of the first call is what was true then.
            let intent = self.intent(&id).await?;
            return self.go_on(invoice, intent, amount, card).await;
        }
        answer.charged()
    }

    /// Takes an intent on from the state it is in.
    async fn go_on(
        &self,
        invoice: InvoiceId,
        intent: Intent,
        amount: Minor,
        card: Card<'_>,
    ) -> Result<Charged, NoAnswer> {
        match intent.status {
            Status::RequiresPaymentMethod | Status::RequiresConfirmation => {}
            _ => return Ok(intent.charged()),
        }
        if intent.amount != amount.amount {
            // Part of the invoice was paid otherwise since. No key: the same call twice is once.
            let amount_minor = amount.amount.to_string();
            let path = format!("/v1/payment_intents/{}", intent.id);
            let answer = self.post(&path, &[("amount", &amount_minor)], None).await?;
            if !answer.is_ok() {
                return answer.charged();
            }
        }
        self.confirm(invoice, intent, card).await
    }

    async fn confirm(&self, invoice: InvoiceId, intent: Intent, card: Card<'_>) -> Result<Charged, NoAnswer> {
        let declined = intent.latest_charge.as_ref().map_or("none", Expandable::id);
        let key = format!("{invoice}:confirm:{declined}");
        let path = format!("/v1/payment_intents/{}/confirm", intent.id);
        let form = [("payment_method", card.token), ("off_session", "true")];
        let answer = self.post(&path, &form, Some(&key)).await?;
        // A refusal may mean that another worker was faster: the intent itself tells.
        if answer.replayed || (answer.is_refusal() && !answer.is_misused_key()) {
            let now = self.intent(&intent.id).await?;
            if now.status != Status::RequiresPaymentMethod || answer.replayed {
                return Ok(now.charged());
            }
        }
        answer.charged()
    }

    async fn found(&self, invoice: InvoiceId, card: Card<'_>) -> Charged {
        match self.find(invoice, card).await {
            Ok(Some(intent)) => intent.charged(),
            Ok(None) => Charged::Absent,
            Err(error) => unknown(invoice, &error),
        }
    }

    async fn intent(&self, id: &str) -> Result<Intent, NoAnswer> {
        self.get(&format!("/v1/payment_intents/{id}"), &[]).await?.value()
    }
}

impl PaymentProvider for Stripe {
    fn charge<'a>(&'a self, collection: Collection<'a>) -> BoxFuture<'a, Charged> {
        async move {
            match Card::of(collection.method) {
                Some(card) => self.collect(collection, card).await,
                None => never("card_not_accepted"),
            }
        }
        .boxed()
    }

    fn look_up<'a>(&'a self, collection: Collection<'a>) -> BoxFuture<'a, Charged> {
        async move {
            // The payer may have chosen another way since: what was begun is found without the card.
            let card = Card::of(collection.method).unwrap_or(Card { token: "", customer: None });
            self.found(collection.invoice, card).await
        }
        .boxed()
    }

    fn send_back<'a>(&'a self, part: Return<'a>) -> BoxFuture<'a, Returned> {
        self.refund(part).boxed()
    }

    fn books(&self, span: Range<Timestamp>) -> BoxFuture<'_, Books> {
        self.books(span).boxed()
    }
}

impl<'a> Card<'a> {
    fn of(method: &'a PaymentMethod) -> Option<Self> {
        match method {
            PaymentMethod::Card { token, customer } => Some(Self { token, customer: customer.as_deref() }),
            PaymentMethod::Manual | PaymentMethod::Sandbox { .. } | PaymentMethod::SepaDebit { .. } => None,
        }
    }
}

/// Whether nobody between reads what is sent to an address.
fn is_private(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    let here = matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"));
    url.scheme() == "https" || (url.scheme() == "http" && here)
}

fn never(reason: &str) -> Charged {
    Charged::Declined { reason: reason.to_owned(), retry: Retry::NeverHelps }
}

fn unknown(invoice: InvoiceId, error: &NoAnswer) -> Charged {
    tracing::warn!(%invoice, %error, "Stripe did not say what became of a payment");
    Charged::Unknown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_never_crosses_a_network_in_the_clear() {
        let check = |url: &str, good: bool| assert_eq!(is_private(url), good, "{url}");
        check(STRIPE_URL, true);
        check("http://127.0.0.1:8420", true);
        check("http://[::1]:8420", true);
        check("http://localhost:8420/", true);
        check("http://api.stripe.com", false);
        check("http://127.0.0.1.example.org", false);
        check("http://127.0.0.1@example.org", false);
        check("ftp://127.0.0.1", false);
        check("api.stripe.com", false);
    }
}
