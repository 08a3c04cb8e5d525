//! Whether a declined card is worth asking again.

use domain::invoice::Retry;
use serde::Deserialize;

use super::super::Charged;

/// The longest reason we keep.
const REASON_CHARS_MAX: usize = 64;

/// Codes after which the same card never works: it is gone, wrong, or its holder said no.
/// Source: <https://docs.stripe.com/declines/codes>.
const HARD: &[&str] = &[
    "authentication_not_handled",
    "authentication_required",
    "card_not_supported",
    "currency_not_supported",
    "customer_max_payments",
    "do_not_try_again",
    "expired_card",
    "fraudulent",
    "highest_risk_level",
    "incorrect_address",
    "incorrect_cvc",
    "incorrect_number",
    "incorrect_pin",
    "incorrect_zip",
    "invalid_account",
    "invalid_cvc",
    "invalid_expiry_month",
    "invalid_expiry_year",
    "invalid_number",
    "invalid_pin",
    "lost_card",
    "merchant_blacklist",
    "mobile_device_authentication_required",
    "new_account_information_available",
    "no_account",
    "offline_pin_required",
    "online_or_offline_pin_required",
    "payment_intent_authentication_failure",
    "payment_method_not_available",
    "pickup_card",
    "pin_try_exceeded",
    "previously_declined_do_not_retry",
    "resource_missing",
    "restricted_card",
    "revocation_of_all_authorizations",
    "revocation_of_authorization",
    "security_violation",
    "stolen_card",
    "stop_payment_order",
    "testmode_decline",
    "transaction_not_allowed",
];

/// What Stripe says of a decline.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Failure {
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    decline_code: Option<String>,
    #[serde(default)]
    advice_code: Option<String>,
}

impl Failure {
    /// The code that says most: the issuer's, as Stripe's own is often only `card_declined`.
    pub fn code(&self) -> Option<&str> {
        self.decline_code.as_deref().or(self.code.as_deref())
    }

    /// The decline in our words.
    pub fn declined(&self) -> Charged {
        let reason = word(self.code().unwrap_or("declined"));
        Charged::Declined { retry: self.retry(&reason), reason }
    }

    /// A code that we do not know may help: how often it is tried is limited elsewhere.
    fn retry(&self, reason: &str) -> Retry {
        let advised = matches!(self.advice_code.as_deref(), Some("do_not_try_again" | "confirm_card_data"));
        if advised || HARD.contains(&reason) { Retry::NeverHelps } else { Retry::MayHelp }
    }
}

/// A code as we keep it: a short word, whatever was sent.
pub(super) fn word(code: &str) -> String {
    let kept = code.chars().filter(|c| matches!(c, 'a'..='z' | 'A'..='Z' | '0'..='9' | '_'));
    kept.take(REASON_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(code: &str, decline: &str, advice: &str) -> Failure {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Failure { code: text(code), decline_code: text(decline), advice_code: text(advice) }
    }

    #[test]
    fn a_code_says_whether_to_ask_again() {
        let check = |failure: Failure, word: &str, expected| {
            assert_eq!(failure.declined(), Charged::Declined { reason: word.to_owned(), retry: expected });
        };
        for hard in
            ["lost_card", "stolen_card", "expired_card", "incorrect_number", "pickup_card", "fraudulent"]
        {
            check(failure("card_declined", hard, ""), hard, Retry::NeverHelps);
        }
        for soft in [
            "insufficient_funds",
            "processing_error",
            "try_again_later",
            "issuer_not_available",
            "generic_decline",
            "do_not_honor",
            "reenter_transaction",
            "card_velocity_exceeded",
            "a_code_of_tomorrow",
        ] {
            check(failure("card_declined", soft, ""), soft, Retry::MayHelp);
        }
        check(failure("expired_card", "", ""), "expired_card", Retry::NeverHelps);
        check(failure("card_declined", "", ""), "card_declined", Retry::MayHelp);
        check(
            failure("card_declined", "generic_decline", "do_not_try_again"),
            "generic_decline",
            Retry::NeverHelps,
        );
        check(failure("", "", ""), "declined", Retry::MayHelp);
    }

    #[test]
    fn codes_are_listed_once_and_in_order() {
        assert!(HARD.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn a_reason_is_a_short_word_whatever_was_sent() {
        let sent = format!("<b>{}</b>\n", "x".repeat(500));
        assert_eq!(word(&sent).len(), REASON_CHARS_MAX);
        assert_eq!(word("lost card\r\n"), "lostcard");
    }
}
