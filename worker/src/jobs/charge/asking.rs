//! Asking a provider: for the money, or what became of an earlier asking.

use domain::invoice::Retry;

use crate::payment::{Charged, Collection, PaymentProvider};

/// Asks a provider for money or, where it was asked before and nobody heard the answer, what became of that.
///
/// What it knows nothing of by now was never asked for, and is asked for under the same key, if it is still
/// owed; what it knows nothing of at once may still be on its way, and nobody knows.
pub(super) async fn charged(
    provider: &dyn PaymentProvider,
    collection: Collection<'_>,
    asked_before: bool,
    is_owed: bool,
) -> Charged {
    if asked_before {
        return match provider.look_up(collection).await {
            Charged::Absent if is_owed => provider.charge(collection).await,
            Charged::Absent => {
                Charged::Declined { reason: "no longer owed".into(), retry: Retry::NeverHelps }
            }
            found => found,
        };
    }
    match provider.charge(collection).await {
        Charged::Unknown => provider.look_up(collection).await,
        charged => charged,
    }
}
