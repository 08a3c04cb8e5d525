//! Providers that money comes from, and goes back to. Only the worker calls them.

pub mod sepa; // files for banks
pub mod stripe; // cards

use std::collections::BTreeMap;
use std::ops::Range;

use domain::enrollment::PaymentMethod;
use domain::id::{InvoiceId, PaymentId, RefundId};
use domain::invoice::{PaymentKind, Retry};
use domain::money::Money;
use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use jiff::Timestamp;

/// One invoice's money, to be collected once.
#[derive(Debug, Clone, Copy)]
pub struct Collection<'a> {
    /// What it is for: the provider's key for it, for life.
    pub invoice: InvoiceId,
    /// How much.
    pub amount: Money,
    /// How it is paid.
    pub method: &'a PaymentMethod,
    /// How often it has been asked for, this time included.
    pub tries: u32,
}

/// What a provider says of one attempt to collect one invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Charged {
    /// The money is there, under the provider's reference.
    Paid {
        /// What the provider calls the payment.
        reference: String,
        /// How much, in minor units of the collection's currency: what was asked for, unless it was asked
        /// for before the sum changed.
        amount_minor: i64,
    },
    /// The provider collects by file: the payment waits for the next one.
    Waiting,
    /// The provider knows of no such collection. Where it was asked a moment ago, the asking may still be on
    /// its way.
    Absent,
    /// The provider refused.
    Declined {
        /// Why, in its words.
        reason: String,
        /// Whether asking again later may help.
        retry: Retry,
    },
    /// The provider did not say: look it up, never pay again.
    Unknown,
}

/// A part of a payment, to be sent back once.
#[derive(Debug, Clone, Copy)]
pub struct Return<'a> {
    /// The refund; with the payment it is the provider's key.
    pub refund: RefundId,
    /// What was paid.
    pub invoice: InvoiceId,
    /// The payment.
    pub payment: PaymentId,
    /// What the provider calls the payment.
    pub reference: &'a str,
    /// How much.
    pub amount: Money,
}

/// What a provider says of money to be sent back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Returned {
    /// It is on its way, under the provider's reference.
    Sent {
        /// What the provider calls it.
        reference: String,
    },
    /// The provider refused.
    Refused {
        /// Why, in its words.
        reason: String,
    },
    /// The provider did not say: ask again with the same key.
    Unknown,
}

/// Money that a provider says it took, or sent back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movement {
    /// What the provider calls the payment, or what it sent back.
    pub reference: String,
    /// The invoice that it names; nothing where it names none of ours.
    pub invoice: Option<InvoiceId>,
    /// The refund that it names, where it was sent back.
    pub refund: Option<RefundId>,
    /// How much.
    pub amount: Money,
}

/// What a provider's own books say of a span of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Books {
    /// It keeps none that could be asked.
    None,
    /// It did not say.
    Unanswered,
    /// All that it took and sent back.
    Kept(Vec<Movement>),
}

/// One way to collect money.
pub trait PaymentProvider: Send + Sync {
    /// Collects an invoice. Called again for the same invoice it must go on with the first collection,
    /// never collect twice: the invoice's id is the key.
    fn charge<'a>(&'a self, collection: Collection<'a>) -> BoxFuture<'a, Charged>;

    /// What became of a collection that nobody answered for.
    fn look_up<'a>(&'a self, collection: Collection<'a>) -> BoxFuture<'a, Charged>;

    /// Sends money back. Called again for the same refund and payment it must answer for the first time.
    fn send_back<'a>(&'a self, part: Return<'a>) -> BoxFuture<'a, Returned>;

    /// What it took and sent back in a span of time, to compare with the ledger.
    fn books(&self, _span: Range<Timestamp>) -> BoxFuture<'_, Books> {
        ready(Books::None).boxed()
    }
}

/// The providers of a deployment, by what they collect through.
#[derive(Default)]
pub struct Providers(BTreeMap<PaymentKind, Box<dyn PaymentProvider>>);

impl Providers {
    /// With one more provider.
    #[must_use]
    pub fn with(mut self, kind: PaymentKind, provider: impl PaymentProvider + 'static) -> Self {
        self.0.insert(kind, Box::new(provider));
        self
    }

    /// Every provider, with what it collects through.
    pub fn each(&self) -> impl Iterator<Item = (PaymentKind, &dyn PaymentProvider)> {
        self.0.iter().map(|(kind, provider)| (*kind, provider.as_ref()))
    }

    /// The provider that collects through this; none for transfers, which finance records.
    pub fn of(&self, kind: PaymentKind) -> Option<&dyn PaymentProvider> {
        self.0.get(&kind).map(AsRef::as_ref)
    }
}
