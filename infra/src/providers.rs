//! The payment providers of a local stack: which are there, from the environment.

use std::env;

use domain::invoice::PaymentKind;
use functions::stripe::WebhookKeys;
use worker::payment::Providers;
use worker::payment::stripe::{NoClient, STRIPE_URL, Settings, Stripe};
use worker::secret::Secret;

use crate::sandbox::Sandbox;

/// What a stack needs to know of its providers; without anything it has its own alone.
#[derive(Debug, Clone, Default)]
pub struct ProviderSettings {
    /// Where cards are charged, if anywhere.
    pub stripe: Option<StripeAccount>,
}

/// An account with Stripe.
#[derive(Debug, Clone)]
pub struct StripeAccount {
    /// How it is reached.
    pub settings: Settings,
    /// What its events are signed with; without one none is believed.
    pub webhook_keys: WebhookKeys,
}

impl StripeAccount {
    /// Reads the keys of a webhook's endpoint: one, or two with a comma while one replaces the other.
    fn keys(secrets: &str) -> WebhookKeys {
        WebhookKeys::new(secrets.split(',').map(str::trim))
    }
}

impl ProviderSettings {
    /// Reads `STRIPE_SECRET_KEY`, `STRIPE_BASE_URL` and `STRIPE_WEBHOOK_SECRET`.
    pub fn from_environment() -> Self {
        let given = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        let stripe = given("STRIPE_SECRET_KEY").map(|key| {
            let base_url = given("STRIPE_BASE_URL").unwrap_or_else(|| STRIPE_URL.to_owned());
            let secrets = given("STRIPE_WEBHOOK_SECRET").unwrap_or_default();
            StripeAccount {
                settings: Settings { base_url, ..Settings::new(Secret::new(key)) },
                webhook_keys: StripeAccount::keys(&secrets),
            }
        });
        Self { stripe }
    }

    /// The providers themselves.
    pub fn open(&self) -> Result<Providers, NoClient> {
        let providers = Providers::default().with(PaymentKind::Sandbox, Sandbox);
        Ok(match &self.stripe {
            Some(account) => providers.with(PaymentKind::Card, Stripe::new(account.settings.clone())?),
            None => providers,
        })
    }

    /// The ways to pay that students may choose.
    pub fn methods(&self) -> Vec<PaymentKind> {
        let card = self.stripe.as_ref().map(|_| PaymentKind::Card);
        [PaymentKind::Manual, PaymentKind::Sandbox].into_iter().chain(card).collect()
    }

    /// What Stripe's events are checked with.
    pub fn stripe_keys(&self) -> WebhookKeys {
        self.stripe.as_ref().map_or_else(|| WebhookKeys::new([]), |account| account.webhook_keys.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_are_offered_where_there_is_an_account() {
        assert_eq!(ProviderSettings::default().methods(), [PaymentKind::Manual, PaymentKind::Sandbox]);
        let account = StripeAccount {
            settings: Settings::new(Secret::new("sk_test_1")),
            webhook_keys: StripeAccount::keys("whsec_new, whsec_old"),
        };
        let with_cards = ProviderSettings { stripe: Some(account) };
        assert!(with_cards.methods().contains(&PaymentKind::Card));
        assert!(with_cards.open().expect("a client").of(PaymentKind::Card).is_some());
        let printed = format!("{with_cards:?}");
        assert!(!printed.contains("sk_test") && !printed.contains("whsec_"), "{printed}");
        assert!(printed.contains("WebhookKeys(2)"), "{printed}");
    }

    #[test]
    fn a_key_is_not_sent_in_the_clear() {
        let settings = Settings {
            base_url: "http://stripe.example.org".to_owned(),
            ..Settings::new(Secret::new("sk_test_1"))
        };
        let account = StripeAccount { settings, webhook_keys: StripeAccount::keys("") };
        let opened = ProviderSettings { stripe: Some(account) }.open();
        assert!(matches!(opened.err(), Some(NoClient::InTheClear)));
    }
}
