//! Stripe's own books: what it took and sent back in a span of time.

use std::collections::BTreeMap;
use std::ops::Range;

use domain::money::{Currency, Money};
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::super::{Books, Movement};
use super::Stripe;
use super::find::{Listed, Page};
use super::intent::{Expandable, INVOICE, StripeId};
use super::refund::REFUND;
use super::wire::NoAnswer;

/// Pages of a hundred that a span may have.
const PAGES_MAX: usize = 10_000;

/// A try of a card.
#[derive(Debug, Clone, Deserialize)]
struct Charge {
    id: StripeId,
    amount: i64,
    currency: Currency3,
    #[serde(default)]
    paid: bool,
    #[serde(default)]
    captured: bool,
    #[serde(default)]
    payment_intent: Option<Expandable>,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

/// Money that went back.
#[derive(Debug, Clone, Deserialize)]
struct Back {
    id: StripeId,
    amount: i64,
    currency: Currency3,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

/// A currency in Stripe's letters.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
struct Currency3(Currency);

impl TryFrom<String> for Currency3 {
    type Error = serde_json::Error;

    fn try_from(letters: String) -> Result<Self, Self::Error> {
        serde_json::from_value(letters.to_ascii_uppercase().into()).map(Self)
    }
}

impl Listed for Charge {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Listed for Back {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Stripe {
    pub(super) async fn books(&self, span: Range<Timestamp>) -> Books {
        match self.movements(&span).await {
            Ok(movements) => Books::Kept(movements),
            Err(error) => {
                tracing::warn!(%error, "Stripe did not show its books");
                Books::Unanswered
            }
        }
    }

    async fn movements(&self, span: &Range<Timestamp>) -> Result<Vec<Movement>, NoAnswer> {
        let charges = self.span::<Charge>("/v1/charges", span).await?.into_iter();
        let refunds = self.span::<Back>("/v1/refunds", span).await?.into_iter();
        let taken = charges.filter(|charge| charge.paid && charge.captured).map(Movement::from);
        let back = refunds.filter(|back| back.status.as_deref() == Some("succeeded")).map(Movement::from);
        Ok(taken.chain(back).collect())
    }

    /// All that a list has from a span of time.
    async fn span<T: DeserializeOwned + Listed>(
        &self,
        path: &str,
        span: &Range<Timestamp>,
    ) -> Result<Vec<T>, NoAnswer> {
        let (from, to) = (span.start.as_second().to_string(), span.end.as_second().to_string());
        let (mut all, mut after) = (Vec::new(), None::<String>);
        for _ in 0..PAGES_MAX {
            let mut query =
                vec![("created[gte]", from.as_str()), ("created[lt]", to.as_str()), ("limit", "100")];
            query.extend(after.as_deref().map(|after| ("starting_after", after)));
            let page: Page<T> = self.get(path, &query).await?.value()?;
            after = page.data.last().map(|last| last.id().to_owned());
            all.extend(page.data);
            if !page.has_more || after.is_none() {
                return Ok(all);
            }
        }
        Err(NoAnswer::TooMany { pages: PAGES_MAX })
    }
}

impl From<Charge> for Movement {
    fn from(charge: Charge) -> Self {
        let intent = charge.payment_intent.as_ref().map_or(&*charge.id, Expandable::id);
        Self {
            reference: intent.to_owned(),
            invoice: charge.metadata.get(INVOICE).and_then(|invoice| invoice.parse().ok()),
            refund: None,
            amount: Money::minor(charge.amount, charge.currency.0),
        }
    }
}

impl From<Back> for Movement {
    fn from(back: Back) -> Self {
        Self {
            reference: back.id.to_string(),
            invoice: back.metadata.get(INVOICE).and_then(|invoice| invoice.parse().ok()),
            refund: back.metadata.get(REFUND).and_then(|refund| refund.parse().ok()),
            amount: Money::minor(back.amount, back.currency.0),
        }
    }
}
