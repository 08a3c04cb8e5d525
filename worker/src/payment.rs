//! Providers that money comes from. Only the worker calls them.

use std::collections::BTreeMap;

use domain::enrollment::PaymentMethod;
use domain::id::InvoiceId;
use domain::money::Money;
use futures::future::BoxFuture;

/// What a provider says of one attempt to collect one invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Charged {
    /// The money is there, under the provider's reference.
    Paid {
        /// What the provider calls the payment.
        reference: String,
    },
    /// The provider refused.
    Declined {
        /// Why, in its words.
        reason: String,
        /// Whether asking again later may help.
        retry: Retry,
    },
    /// Nothing to collect: the payer sends the money, finance records it.
    Awaited,
    /// The provider did not say: look it up, never pay again.
    Unknown,
}

/// Whether asking again may help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// A passing reason.
    MayHelp,
    /// The method itself does not work.
    NeverHelps,
}

/// One way to collect money.
pub trait PaymentProvider: Send + Sync {
    /// Collects an invoice. Called again for the same invoice it must answer for the first
    /// collection, never collect twice: the invoice's id is the key.
    fn charge<'a>(
        &'a self,
        invoice: InvoiceId,
        amount: Money,
        method: &'a PaymentMethod,
    ) -> BoxFuture<'a, Charged>;

    /// What became of a collection that nobody answered for.
    fn look_up<'a>(&'a self, invoice: InvoiceId, method: &'a PaymentMethod) -> BoxFuture<'a, Charged>;
}

/// The providers of a deployment, by the method's word.
#[derive(Default)]
pub struct Providers(BTreeMap<&'static str, Box<dyn PaymentProvider>>);

impl Providers {
    /// With one more provider.
    #[must_use]
    pub fn with(mut self, method: &'static str, provider: impl PaymentProvider + 'static) -> Self {
        self.0.insert(method, Box::new(provider));
        self
    }

    /// The provider for a method's word.
    pub fn for_method(&self, method: &str) -> Option<&dyn PaymentProvider> {
        self.0.get(method).map(AsRef::as_ref)
    }
}
