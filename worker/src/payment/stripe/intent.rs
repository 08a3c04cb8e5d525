//! A PaymentIntent, as far as we read it.

use std::collections::BTreeMap;

use domain::id::InvoiceId;
use domain::invoice::Retry;
use serde::Deserialize;

use super::super::Charged;
use super::decline::Failure;

/// The metadata's word under which an intent names its invoice.
pub(super) const INVOICE: &str = "invoice";

/// What Stripe knows of one collection.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Intent {
    pub id: StripeId,
    pub status: Status,
    pub amount: i64,
    #[serde(default)]
    pub created: i64,
    /// The last try's charge.
    #[serde(default)]
    pub latest_charge: Option<Expandable>,
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
    #[serde(default)]
    pub last_payment_error: Option<Failure>,
}

/// The state of an intent. Source: <https://docs.stripe.com/payments/paymentintents/lifecycle>.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    RequiresPaymentMethod,
    RequiresConfirmation,
    RequiresAction,
    Processing,
    RequiresCapture,
    Canceled,
    Succeeded,
    /// A word of tomorrow.
    #[serde(other)]
    Other,
}

/// A thing that Stripe may name or show.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(super) enum Expandable {
    Named(StripeId),
    Shown { id: StripeId },
}

/// Stripe's id of a thing: it goes into addresses and keys, so it is held to its form.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct StripeId(String);

impl Intent {
    /// Whether it collects this invoice.
    pub fn collects(&self, invoice: InvoiceId) -> bool {
        self.metadata.get(INVOICE).is_some_and(|of| *of == invoice.to_string())
    }

    /// What the state means for us.
    pub fn charged(&self) -> Charged {
        let declined = |reason: &str, retry| Charged::Declined { reason: reason.to_owned(), retry };
        match self.status {
            Status::Succeeded => Charged::Paid { reference: self.id.to_string(), amount_minor: self.amount },
            Status::RequiresPaymentMethod => match &self.last_payment_error {
                Some(failure) => failure.declined(),
                None => declined("not_captured", Retry::MayHelp),
            },
            Status::RequiresConfirmation => declined("not_captured", Retry::MayHelp),
            // Nobody is there to act: the payer has to come and choose a card anew.
            Status::RequiresAction => declined("authentication_required", Retry::NeverHelps),
            Status::Canceled => declined("canceled", Retry::NeverHelps),
            Status::Processing | Status::RequiresCapture | Status::Other => Charged::Unknown,
        }
    }
}

impl Expandable {
    pub fn id(&self) -> &str {
        match self {
            Self::Named(id) | Self::Shown { id } => id,
        }
    }
}

impl TryFrom<String> for StripeId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let known = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if known && (1..=255).contains(&text.len()) {
            Ok(Self(text))
        } else {
            Err("expected an id of Stripe's")
        }
    }
}

impl std::ops::Deref for StripeId {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for StripeId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_state_says_what_became_of_the_money() {
        let check = |status: &str, expected: Charged| {
            let intent = json!({ "id": "pi_1", "status": status, "amount": 1 });
            let intent: Intent = serde_json::from_value(intent).expect("an intent");
            assert_eq!(intent.charged(), expected, "{status}");
        };
        let declined = |reason: &str, retry| Charged::Declined { reason: reason.to_owned(), retry };
        check("succeeded", Charged::Paid { reference: "pi_1".to_owned(), amount_minor: 1 });
        check("processing", Charged::Unknown);
        check("requires_capture", Charged::Unknown);
        check("a_state_of_tomorrow", Charged::Unknown);
        check("requires_payment_method", declined("not_captured", Retry::MayHelp));
        check("requires_confirmation", declined("not_captured", Retry::MayHelp));
        check("requires_action", declined("authentication_required", Retry::NeverHelps));
        check("canceled", declined("canceled", Retry::NeverHelps));
    }

    #[test]
    fn a_charge_is_named_or_shown() {
        for charge in [json!("ch_1"), json!({ "id": "ch_1", "object": "charge" })] {
            let intent = json!({ "id": "pi_1", "status": "succeeded", "amount": 1, "latest_charge": charge });
            let intent: Intent = serde_json::from_value(intent).expect("an intent");
            assert_eq!(intent.latest_charge.as_ref().map(Expandable::id), Some("ch_1"));
        }
    }

    #[test]
    fn an_id_that_would_change_an_address_is_refused() {
        for id in ["", "pi_1/confirm", "pi_1?x", "../x", "pi 1", "é"] {
            let intent = json!({ "id": id, "status": "succeeded", "amount": 1 });
            assert!(serde_json::from_value::<Intent>(intent).is_err(), "{id}");
        }
    }
}
