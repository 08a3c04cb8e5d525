//! Giving money back.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::super::{Return, Returned};
use super::Stripe;
use super::amount::minor;
use super::decline::word;
use super::find::{Listed, PAGES_MAX};
use super::intent::StripeId;
use super::wire::NoAnswer;

/// The metadata's word under which a refund names ours.
pub(super) const REFUND: &str = "refund";

#[derive(Debug, Clone, Deserialize)]
struct Refund {
    id: StripeId,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    failure_reason: Option<String>,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

impl Listed for Refund {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Stripe {
    /// Gives back a part of a payment, once however often it is asked: it looks for the refund first,
    /// in a list that is never out of date, and the key answers for the one that is still on its way.
    pub(super) async fn refund(&self, part: Return<'_>) -> Returned {
        let amount = match minor(part.amount) {
            Ok(amount) => amount.amount.to_string(),
            Err(refused) => return Returned::Refused { reason: refused.to_string() },
        };
        let refunded = match self.find_refund(part).await {
            Ok(Some(known)) => Ok(known.returned()),
            Ok(None) => self.create_refund(part, &amount).await,
            Err(error) => Err(error),
        };
        refunded.unwrap_or_else(|error| {
            tracing::warn!(refund = %part.refund, %error, "Stripe did not say what became of a refund");
            Returned::Unknown
        })
    }

    async fn create_refund(&self, part: Return<'_>, amount: &str) -> Result<Returned, NoAnswer> {
        let refund = part.refund.to_string();
        let key = format!("{refund}:{}", part.payment);
        let form = [
            ("payment_intent", part.reference),
            ("amount", amount),
            ("metadata[refund]", &refund),
            ("metadata[invoice]", &part.invoice.to_string()),
        ];
        let answer = self.post("/v1/refunds", &form, Some(&key)).await?;
        if answer.is_refusal() && !answer.is_misused_key() {
            return Ok(Returned::Refused { reason: answer.code() });
        }
        answer.value::<Refund>().map(|refund| refund.returned())
    }

    async fn find_refund(&self, part: Return<'_>) -> Result<Option<Refund>, NoAnswer> {
        let ours = part.refund.to_string();
        let is_ours = |found: &Refund| found.metadata.get(REFUND) == Some(&ours);
        let filter = [("payment_intent", part.reference)];
        let (found, whole) = self.list("/v1/refunds", &filter, is_ours).await?;
        if !whole {
            return Err(NoAnswer::TooMany { pages: PAGES_MAX });
        }
        Ok(found.into_iter().next())
    }
}

impl Refund {
    fn returned(&self) -> Returned {
        match self.status.as_deref() {
            Some("succeeded") => Returned::Sent { reference: self.id.to_string() },
            Some(ended @ ("failed" | "canceled")) => {
                Returned::Refused { reason: word(self.failure_reason.as_deref().unwrap_or(ended)) }
            }
            _ => Returned::Unknown,
        }
    }
}
