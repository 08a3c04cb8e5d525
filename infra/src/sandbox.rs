//! The local stack's own payment provider: it does what its token says, always the same.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use domain::enrollment::PaymentMethod;
use domain::id::InvoiceId;
use domain::money::Money;
use futures::FutureExt;
use futures::future::BoxFuture;
use worker::payment::{Charged, PaymentProvider, Retry};

/// The provider. It remembers in memory how often an invoice was tried.
#[derive(Debug, Default)]
pub struct Sandbox {
    tried: Mutex<HashMap<InvoiceId, u32>>,
}

impl Sandbox {
    fn answer(&self, invoice: InvoiceId, token: &str) -> Charged {
        let mut tried = self.tried.lock().unwrap_or_else(PoisonError::into_inner);
        let tries = tried.entry(invoice).or_default();
        *tries += 1;
        let paid = || Charged::Paid { reference: format!("sandbox-{invoice}") };
        let declined = |reason: &str, retry| Charged::Declined { reason: reason.to_owned(), retry };
        let again_after =
            token.strip_prefix("soft_then_ok_after:").and_then(|count| count.parse::<u32>().ok());
        match (token, again_after) {
            ("ok", _) => paid(),
            ("declined_soft", _) => declined("insufficient_funds", Retry::MayHelp),
            ("timeout_but_captured" | "timeout_not_captured", _) => Charged::Unknown,
            (_, Some(count)) if *tries > count => paid(),
            (_, Some(_)) => declined("insufficient_funds", Retry::MayHelp),
            _ => declined("card_not_accepted", Retry::NeverHelps),
        }
    }
}

impl PaymentProvider for Sandbox {
    fn charge<'a>(
        &'a self,
        invoice: InvoiceId,
        _amount: Money,
        method: &'a PaymentMethod,
    ) -> BoxFuture<'a, Charged> {
        let charged = match method {
            PaymentMethod::Sandbox { token } => self.answer(invoice, token),
            PaymentMethod::Manual => Charged::Awaited,
        };
        futures::future::ready(charged).boxed()
    }

    fn look_up<'a>(&'a self, invoice: InvoiceId, method: &'a PaymentMethod) -> BoxFuture<'a, Charged> {
        let found = match method {
            // A process that ended between the asking and its answer asks here when it is back.
            PaymentMethod::Sandbox { token } if matches!(token.as_str(), "ok" | "timeout_but_captured") => {
                Charged::Paid { reference: format!("sandbox-{invoice}") }
            }
            PaymentMethod::Sandbox { .. } => {
                Charged::Declined { reason: "not_captured".to_owned(), retry: Retry::MayHelp }
            }
            PaymentMethod::Manual => Charged::Awaited,
        };
        futures::future::ready(found).boxed()
    }
}

#[cfg(test)]
mod tests {
    use domain::money::Currency;

    use super::*;

    async fn charge(sandbox: &Sandbox, token: &str) -> Charged {
        let method = PaymentMethod::Sandbox { token: token.to_owned() };
        sandbox.charge(InvoiceId::derived(&[token]), Money::minor(1, Currency::Gbp), &method).await
    }

    #[tokio::test]
    async fn a_token_says_what_happens() {
        let sandbox = Sandbox::default();
        assert!(matches!(charge(&sandbox, "ok").await, Charged::Paid { .. }));
        assert!(matches!(
            charge(&sandbox, "declined_hard").await,
            Charged::Declined { retry: Retry::NeverHelps, .. }
        ));
        assert_eq!(charge(&sandbox, "timeout_but_captured").await, Charged::Unknown);
        for _ in 0..2 {
            assert!(matches!(charge(&sandbox, "soft_then_ok_after:2").await, Charged::Declined { .. }));
        }
        assert!(matches!(charge(&sandbox, "soft_then_ok_after:2").await, Charged::Paid { .. }));
    }

    #[tokio::test]
    async fn what_was_collected_is_still_so_after_a_restart() {
        let method = PaymentMethod::Sandbox { token: "ok".to_owned() };
        let invoice = InvoiceId::derived(&["ok"]);
        let collected = charge(&Sandbox::default(), "ok").await;
        assert_eq!(Sandbox::default().look_up(invoice, &method).await, collected);
    }
}
