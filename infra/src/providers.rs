//! The payment providers of a local stack: which are there, from the environment.

use std::collections::BTreeMap;
use std::env;

use domain::debit::Creditor;
use domain::invoice::PaymentKind;
use functions::creditors::{CreditorsUnreadable, creditors};
use functions::video::{InvalidVideo, Video};
use functions::webhook::{Form, WebhookKeys};
use thiserror::Error;
use worker::payment::Providers;
use worker::payment::sepa::{self, DebitFiles, InvalidCreditor};
use worker::payment::stripe::{NoClient, STRIPE_URL, Settings, Stripe};
use worker::secret::Secret;

use crate::sandbox::Sandbox;

/// What a stack needs to know of its providers; without anything it has its own alone.
#[derive(Debug, Clone, Default)]
pub struct ProviderSettings {
    /// Where cards are charged, if anywhere.
    pub stripe: Option<StripeAccount>,
    /// Who collects direct debits, by legal entity.
    pub creditors: BTreeMap<String, Creditor>,
    /// Where sessions are held, if not in rooms that are not there.
    pub video: Option<Video>,
    /// What word of providers' recordings is signed with, if it is believed.
    pub recording_keys: Option<WebhookKeys>,
}

/// Why the environment cannot be read.
#[derive(Debug, Error)]
pub enum InvalidSettings {
    /// Who collects direct debits.
    #[error(transparent)]
    Creditors(#[from] NoCreditors),
    /// Where sessions are held.
    #[error(transparent)]
    Video(#[from] InvalidVideo),
}

/// Why it cannot be read who collects direct debits.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NoCreditors {
    /// Not the wanted form.
    #[error("SEPA_CREDITORS: {0}")]
    Form(#[from] CreditorsUnreadable),
    /// Not as the scheme has it.
    #[error("SEPA_CREDITORS, {entity}: {reason}")]
    Scheme {
        /// Whose.
        entity: String,
        /// What is wrong.
        #[source]
        reason: InvalidCreditor,
    },
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
        WebhookKeys::listed(Form::Hex, secrets)
    }
}

impl ProviderSettings {
    /// Reads `STRIPE_SECRET_KEY`, `STRIPE_BASE_URL`, `STRIPE_WEBHOOK_SECRET`, `SEPA_CREDITORS`,
    /// `RECORDING_WEBHOOK_SECRET` and what begins with `JITSI_`.
    pub fn from_environment() -> Result<Self, InvalidSettings> {
        let given = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        let stripe = given("STRIPE_SECRET_KEY").map(|key| {
            let base_url = given("STRIPE_BASE_URL").unwrap_or_else(|| STRIPE_URL.to_owned());
            let secrets = given("STRIPE_WEBHOOK_SECRET").unwrap_or_default();
            StripeAccount {
                settings: Settings { base_url, ..Settings::new(Secret::new(key)) },
                webhook_keys: StripeAccount::keys(&secrets),
            }
        });
        let creditors = Self::read_creditors(&given("SEPA_CREDITORS").unwrap_or_default())?;
        let video = Video::from_settings(given)?;
        let recording_keys = given("RECORDING_WEBHOOK_SECRET");
        let recording_keys = recording_keys.map(|secrets| WebhookKeys::listed(Form::Hex, &secrets));
        Ok(Self { stripe, creditors, video, recording_keys })
    }

    /// Reads who collects direct debits, and holds it to the scheme's rules.
    pub fn read_creditors(text: &str) -> Result<BTreeMap<String, Creditor>, NoCreditors> {
        let creditors = creditors(text)?;
        for (entity, creditor) in &creditors {
            sepa::Creditor::try_from(creditor)
                .map_err(|reason| NoCreditors::Scheme { entity: entity.clone(), reason })?;
        }
        Ok(creditors)
    }

    /// The providers themselves.
    pub fn open(&self) -> Result<Providers, NoClient> {
        let providers = Providers::default().with(PaymentKind::Sandbox, Sandbox);
        let providers = match &self.stripe {
            Some(account) => providers.with(PaymentKind::Card, Stripe::new(account.settings.clone())?),
            None => providers,
        };
        Ok(if self.creditors.is_empty() {
            providers
        } else {
            providers.with(PaymentKind::SepaDebit, DebitFiles)
        })
    }

    /// The ways to pay that students may choose.
    pub fn methods(&self) -> Vec<PaymentKind> {
        let card = self.stripe.as_ref().map(|_| PaymentKind::Card);
        let debit = (!self.creditors.is_empty()).then_some(PaymentKind::SepaDebit);
        [PaymentKind::Manual, PaymentKind::Sandbox].into_iter().chain(card).chain(debit).collect()
    }

    /// What Stripe's events are checked with.
    pub fn stripe_keys(&self) -> WebhookKeys {
        self.stripe
            .as_ref()
            .map_or_else(|| WebhookKeys::new(Form::Hex, []), |account| account.webhook_keys.clone())
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
        let with_cards = ProviderSettings { stripe: Some(account), ..ProviderSettings::default() };
        assert!(with_cards.methods().contains(&PaymentKind::Card));
        assert!(with_cards.open().expect("a client").of(PaymentKind::Card).is_some());
        let printed = format!("{with_cards:?}");
        assert!(!printed.contains("sk_test") && !printed.contains("whsec_"), "{printed}");
        assert!(printed.contains("WebhookKeys(2)"), "{printed}");
    }

    #[test]
    fn direct_debits_are_offered_where_somebody_collects_them() {
        let creditor = |id: &str| {
            let iban = "FR1420041010050500013M02606";
            format!(r#"{{"FR": {{"name": "Compagnon SAS", "iban": "{iban}", "creditor_id": "{id}"}}}}"#)
        };
        let read = ProviderSettings::read_creditors(&creditor("DE98ZZZ09999999999")).expect("a creditor");
        let settings = ProviderSettings { creditors: read, ..ProviderSettings::default() };
        assert!(settings.methods().contains(&PaymentKind::SepaDebit));
        assert!(settings.open().expect("a client").of(PaymentKind::SepaDebit).is_some());
        let refused = ProviderSettings::read_creditors(&creditor("DE97ZZZ09999999999"));
        assert!(matches!(refused, Err(NoCreditors::Scheme { .. })));
        assert!(matches!(ProviderSettings::read_creditors("{"), Err(NoCreditors::Form(_))));
    }

    #[test]
    fn a_key_is_not_sent_in_the_clear() {
        let settings = Settings {
            base_url: "http://stripe.example.org".to_owned(),
            ..Settings::new(Secret::new("sk_test_1"))
        };
        let account = StripeAccount { settings, webhook_keys: StripeAccount::keys("") };
        let opened = ProviderSettings { stripe: Some(account), ..ProviderSettings::default() }.open();
        assert!(matches!(opened.err(), Some(NoClient::InTheClear)));
    }
}
