//! Sending a transaction: what is tried again, and which operation refused.

use std::time::Duration;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::CancellationReason;

use super::{Meaning, Refused, Transaction};
use crate::store::{StoreError, count_one};

/// How often a hindered transaction is tried.
const TRIES_MAX: u32 = 8;
/// The first pause is at most this long, each further one at most twice as long.
const PAUSE_FIRST: Duration = Duration::from_millis(20);
/// No pause is longer.
const PAUSE_MAX: Duration = Duration::from_secs(1);

type Failure = SdkError<TransactWriteItemsError>;

/// What kind of failure it was.
enum Hindrance {
    /// Guards failed: the indexes of their operations.
    Guards(Vec<usize>),
    /// Others wrote the same items, or there were too many calls: worth another try.
    Passing,
    /// Nothing that another try would change.
    Lasting,
}

impl<R> Transaction<'_, R> {
    /// Writes all of it, or says why nothing was written.
    pub async fn commit(mut self) -> Result<(), Refused<R>> {
        if let Some(error) = self.broken.take() {
            return Err(error.into());
        }
        for tried in 1.. {
            let Err(failure) = self.send().await else { break };
            match hindrance(&failure) {
                Hindrance::Guards(failed) => {
                    let index = self.foremost(&failed);
                    if !self.was_asked_again(index).await? {
                        return Err(self.refusal(index, &failure));
                    }
                }
                Hindrance::Passing if tried < TRIES_MAX => tokio::time::sleep(pause(tried)).await,
                Hindrance::Passing | Hindrance::Lasting => return Err(StoreError::call(&failure).into()),
            }
            if tried >= TRIES_MAX {
                return Err(StoreError::call(&failure).into());
            }
        }
        if self.wakes {
            self.store.wake();
        }
        Ok(())
    }

    async fn send(&self) -> Result<(), Failure> {
        count_one();
        let writes = self.operations.iter().map(|operation| operation.write.clone()).collect();
        self.store.client.transact_write_items().set_transact_items(Some(writes)).send().await.map(drop)
    }

    /// Which of several failed guards is told: an answer given before comes before what it changed.
    fn foremost(&self, failed: &[usize]) -> usize {
        let answered = |index: &&usize| matches!(self.operations[**index].meaning, Meaning::Answered);
        failed.iter().find(answered).or(failed.first()).copied().unwrap_or(0)
    }

    /// A job that was asked for while it ran cannot end; it is made due again instead, and the
    /// transaction goes on. False where the refused guard is another one.
    async fn was_asked_again(&mut self, index: usize) -> Result<bool, Refused<R>> {
        let Meaning::Finish(claimed) = &mut self.operations[index].meaning else { return Ok(false) };
        let asked = self.store.asked_by_now(claimed).await?.ok_or(Refused::Fenced)?;
        if asked == claimed.asked {
            return Err(Refused::Fenced);
        }
        claimed.asked = asked;
        self.operations[index].write = self.store.queue.due_again(&self.store.table, claimed)?;
        self.wakes = true;
        Ok(true)
    }

    fn refusal(&mut self, index: usize, failure: &Failure) -> Refused<R> {
        match self.operations.swap_remove(index).meaning {
            Meaning::Refusal(refusal) => Refused::By(refusal),
            Meaning::Answered => Refused::Answered,
            Meaning::Finish(_) | Meaning::Held => Refused::Fenced,
            Meaning::Never => StoreError::call(failure).into(),
        }
    }
}

fn hindrance(failure: &Failure) -> Hindrance {
    let Some(error) = failure.as_service_error() else { return Hindrance::Lasting };
    match error {
        TransactWriteItemsError::TransactionCanceledException(cancelled) => {
            reasons(cancelled.cancellation_reasons())
        }
        TransactWriteItemsError::TransactionInProgressException(_)
        | TransactWriteItemsError::ProvisionedThroughputExceededException(_)
        | TransactWriteItemsError::RequestLimitExceeded(_)
        | TransactWriteItemsError::InternalServerError(_) => Hindrance::Passing,
        other if other.meta().code() == Some("ThrottlingException") => Hindrance::Passing,
        _ => Hindrance::Lasting,
    }
}

/// A failed guard outweighs a hindrance: trying again would not help it.
fn reasons(reasons: &[CancellationReason]) -> Hindrance {
    let failed = |reason: &CancellationReason| reason.code() == Some("ConditionalCheckFailed");
    let guards: Vec<usize> =
        reasons.iter().enumerate().filter(|(_, reason)| failed(reason)).map(|(index, _)| index).collect();
    if !guards.is_empty() {
        return Hindrance::Guards(guards);
    }
    let passing = |reason: &CancellationReason| {
        matches!(
            reason.code(),
            Some("TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded")
        )
    };
    if reasons.iter().any(passing) { Hindrance::Passing } else { Hindrance::Lasting }
}

/// Full jitter: anything between nothing and a bound that doubles.
pub(crate) fn pause(tried: u32) -> Duration {
    let bound = PAUSE_FIRST.saturating_mul(1 << tried.min(10)).min(PAUSE_MAX);
    bound.mul_f64(fastrand::f64())
}
