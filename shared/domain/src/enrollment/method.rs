//! The ways in which a student pays, each with what its provider needs to know.

use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize};

use super::iban::Iban;
use crate::invoice::PaymentKind;

/// How a student's invoices are paid. It never prints what could be used to pay with.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub enum PaymentMethod {
    /// By transfer; finance records what arrives.
    Manual,
    /// By the local stack's own provider, which does what the token says.
    Sandbox {
        /// Such as `ok` or `declined_hard`.
        token: String,
    },
    /// By a card that Stripe keeps.
    Card {
        /// Stripe's id of the payment method, such as `pm_1NuX`.
        #[serde(deserialize_with = "payment_method_id")]
        token: String,
        /// Stripe's id of the customer that it is attached to, such as `cus_NhD8`.
        #[serde(default, deserialize_with = "customer_id")]
        customer: Option<String>,
    },
    /// By direct debit from an account in euros.
    SepaDebit {
        /// The account.
        iban: Iban,
        /// Its holder, as on the mandate.
        #[serde(deserialize_with = "holder")]
        name: String,
        /// The mandate's reference.
        #[serde(deserialize_with = "mandate")]
        mandate: String,
        /// When the mandate was signed.
        signed_on: Date,
    },
}

impl PaymentMethod {
    /// Through what the money comes.
    pub const fn kind(&self) -> PaymentKind {
        match self {
            Self::Manual => PaymentKind::Manual,
            Self::Sandbox { .. } => PaymentKind::Sandbox,
            Self::Card { .. } => PaymentKind::Card,
            Self::SepaDebit { .. } => PaymentKind::SepaDebit,
        }
    }
}

impl fmt::Debug for PaymentMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PaymentMethod({:?})", self.kind())
    }
}

/// The longest id, by Stripe's word.
const STRIPE_ID_CHARS_MAX: usize = 255;
/// The longest name of an account's holder, by the scheme.
const NAME_CHARS_MAX: usize = 70;
/// The longest reference of a mandate, by the scheme.
const MANDATE_CHARS_MAX: usize = 35;

/// An id of Stripe's: what it is not is not said again, as it may be a card's number.
fn stripe_id<E: serde::de::Error>(text: String, prefix: &str) -> Result<String, E> {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let formed = text.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty() && rest.bytes().all(word));
    if formed && text.len() <= STRIPE_ID_CHARS_MAX {
        return Ok(text);
    }
    Err(E::custom(format_args!("expected an id of Stripe's that begins with {prefix}")))
}

fn payment_method_id<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    stripe_id(String::deserialize(from)?, "pm_")
}

fn customer_id<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Option::<String>::deserialize(from)?.map(|text| stripe_id(text, "cus_")).transpose()
}

fn holder<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let name = String::deserialize(from)?;
    let fits = (1..=NAME_CHARS_MAX).contains(&name.trim().chars().count());
    if fits && !name.chars().any(char::is_control) {
        return Ok(name.trim().to_owned());
    }
    Err(serde::de::Error::custom(format_args!("expected a name of 1 to {NAME_CHARS_MAX} characters")))
}

fn mandate<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let mandate = String::deserialize(from)?;
    let known = |b: u8| b.is_ascii_alphanumeric() || b"+?-:().,'".contains(&b);
    if (1..=MANDATE_CHARS_MAX).contains(&mandate.len()) && mandate.bytes().all(known) {
        return Ok(mandate);
    }
    Err(serde::de::Error::custom(format_args!(
        "expected a mandate's reference: 1 to {MANDATE_CHARS_MAX} letters, digits and +?-:().,'"
    )))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(method: &Value) -> Result<PaymentMethod, String> {
        serde_json::from_value(method.clone()).map_err(|error| error.to_string())
    }

    fn debit() -> Value {
        json!({
            "kind": "sepa_debit", "iban": "DE89 3704 0044 0532 0130 00", "name": "Zoë Müller",
            "mandate": "MND-1", "signed_on": "2027-01-04",
        })
    }

    #[test]
    fn a_method_is_kept_as_it_is_read() {
        let bare = json!({ "kind": "card", "token": "pm_1NuX" });
        let card = json!({ "kind": "card", "token": "pm_1NuX", "customer": "cus_NhD8" });
        for (sent, kind) in [
            (json!({ "kind": "manual" }), PaymentKind::Manual),
            (json!({ "kind": "sandbox", "token": "ok" }), PaymentKind::Sandbox),
            (bare, PaymentKind::Card),
            (card, PaymentKind::Card),
            (debit(), PaymentKind::SepaDebit),
        ] {
            let method = read(&sent).expect("a method");
            assert_eq!(method.kind(), kind);
            let kept = serde_json::to_value(&method).expect("JSON");
            assert_eq!(read(&kept), Ok(method), "{kept}");
        }
    }

    #[test]
    fn what_is_not_a_method_is_refused_and_not_said_again() {
        let check = |field: &str, value: Value, mut sent: Value| {
            sent[field] = value.clone();
            let refused = read(&sent).expect_err(field);
            let value = value.as_str().unwrap_or_default();
            assert!(value.len() < 4 || !refused.contains(value), "{refused}");
        };
        for token in ["", "4242424242424242", "pm_", "pm_1/confirm", "pm_1 2", "tok_1", "pm_é"] {
            check("token", json!(token), json!({ "kind": "card" }));
        }
        check("token", json!(format!("pm_{}", "1".repeat(300))), json!({ "kind": "card" }));
        check("customer", json!("pm_1"), json!({ "kind": "card", "token": "pm_1" }));
        check("color", json!("red_"), json!({ "kind": "card", "token": "pm_1" }));
        check("iban", json!("DE89370400440532013001"), debit());
        check("name", json!(" "), debit());
        check("name", json!("x".repeat(71)), debit());
        check("mandate", json!("<mandate>"), debit());
        check("mandate", json!("x".repeat(36)), debit());
        check("signed_on", json!("2027-02-30"), debit());
    }

    #[test]
    fn a_method_does_not_print_what_pays() {
        let card = json!({ "kind": "card", "token": "pm_secret", "customer": "cus_secret" });
        let printed = format!("{:?} {:#?}", read(&card).expect("a card"), read(&debit()).expect("a debit"));
        for secret in ["secret", "3704", "Zoë", "MND-1"] {
            assert!(!printed.contains(secret), "{printed}");
        }
    }
}
