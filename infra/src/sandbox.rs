//! The local stack's own payment provider: it does what its token says, always the same.

use domain::enrollment::PaymentMethod;
use domain::invoice::Retry;
use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use worker::payment::{Charged, Collection, PaymentProvider, Return, Returned};

/// The provider. It remembers nothing: what it answers follows from what it is asked.
#[derive(Debug, Default)]
pub struct Sandbox;

/// What a token says.
enum Script {
    Paid,
    DeclinedSoft,
    DeclinedHard,
    SoftThenPaid { after: u32 },
    TimeoutButCaptured,
    TimeoutNotCaptured,
}

impl Script {
    fn of(method: &PaymentMethod) -> Self {
        let PaymentMethod::Sandbox { token } = method else { return Self::DeclinedHard };
        let after = token.strip_prefix("soft_then_ok_after:").and_then(|count| count.parse().ok());
        match (token.as_str(), after) {
            ("ok", _) => Self::Paid,
            ("declined_soft", _) => Self::DeclinedSoft,
            ("timeout_but_captured", _) => Self::TimeoutButCaptured,
            ("timeout_not_captured", _) => Self::TimeoutNotCaptured,
            (_, Some(after)) => Self::SoftThenPaid { after },
            _ => Self::DeclinedHard,
        }
    }
}

fn paid(collection: &Collection<'_>) -> Charged {
    let amount_minor = collection.amount.amount_minor;
    Charged::Paid { reference: format!("sandbox-{}", collection.invoice), amount_minor }
}

fn declined(reason: &str, retry: Retry) -> Charged {
    Charged::Declined { reason: reason.to_owned(), retry }
}

/// What it does when it is asked for money.
fn charged(collection: &Collection<'_>) -> Charged {
    match Script::of(collection.method) {
        Script::Paid => paid(collection),
        Script::SoftThenPaid { after } if collection.tries > after => paid(collection),
        Script::SoftThenPaid { .. } | Script::DeclinedSoft => declined("insufficient_funds", Retry::MayHelp),
        Script::DeclinedHard => declined("card_not_accepted", Retry::NeverHelps),
        Script::TimeoutButCaptured | Script::TimeoutNotCaptured => Charged::Unknown,
    }
}

/// What became of it, for whoever did not hear the answer.
fn found(collection: &Collection<'_>) -> Charged {
    match Script::of(collection.method) {
        Script::TimeoutButCaptured => paid(collection),
        Script::TimeoutNotCaptured => declined("not_captured", Retry::MayHelp),
        _ => charged(collection),
    }
}

impl PaymentProvider for Sandbox {
    fn charge<'a>(&'a self, collection: Collection<'a>) -> BoxFuture<'a, Charged> {
        ready(charged(&collection)).boxed()
    }

    fn look_up<'a>(&'a self, collection: Collection<'a>) -> BoxFuture<'a, Charged> {
        ready(found(&collection)).boxed()
    }

    fn send_back<'a>(&'a self, part: Return<'a>) -> BoxFuture<'a, Returned> {
        ready(Returned::Sent { reference: format!("sandbox-{}-{}", part.refund, part.payment) }).boxed()
    }
}

#[cfg(test)]
mod tests {
    use domain::id::InvoiceId;
    use domain::money::{Currency, Money};

    use super::*;

    fn method(token: &str) -> PaymentMethod {
        PaymentMethod::Sandbox { token: token.to_owned() }
    }

    fn collection(method: &PaymentMethod, tries: u32) -> Collection<'_> {
        let amount = Money::minor(1, Currency::Gbp);
        Collection { invoice: InvoiceId::derived(&["one"]), amount, method, tries }
    }

    #[tokio::test]
    async fn a_token_says_what_happens() {
        let charge = async |token: &str, tries| Sandbox.charge(collection(&method(token), tries)).await;
        assert!(matches!(charge("ok", 1).await, Charged::Paid { .. }));
        let hard = charge("declined_hard", 1).await;
        assert!(matches!(hard, Charged::Declined { retry: Retry::NeverHelps, .. }));
        assert_eq!(charge("timeout_but_captured", 1).await, Charged::Unknown);
        for tries in [1, 2] {
            assert!(matches!(charge("soft_then_ok_after:2", tries).await, Charged::Declined { .. }));
        }
        assert!(matches!(charge("soft_then_ok_after:2", 3).await, Charged::Paid { .. }));
    }

    #[tokio::test]
    async fn looking_up_finds_what_was_answered() {
        for token in ["ok", "declined_soft", "declined_hard", "soft_then_ok_after:1"] {
            for tries in [1, 2] {
                let method = method(token);
                let charged = Sandbox.charge(collection(&method, tries)).await;
                assert_eq!(Sandbox.look_up(collection(&method, tries)).await, charged, "{token}");
            }
        }
        let found = async |token: &str| Sandbox.look_up(collection(&method(token), 1)).await;
        assert!(matches!(found("timeout_but_captured").await, Charged::Paid { .. }));
        assert!(matches!(found("timeout_not_captured").await, Charged::Declined { .. }));
    }
}
