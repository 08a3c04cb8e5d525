//! Sending a transaction: what is tried again, and which operation refused.

use std::time::Duration;

use aws_sdk_dynamodb::types::TransactWriteItem;
use futures::{StreamExt, TryStreamExt};

use super::send::{Failed, Hindrance, send};
use super::{Meaning, Operation, Refused, Transaction, Writes};
use crate::store::{Store, StoreError};

/// How often a hindered transaction is tried.
const TRIES_MAX: u32 = 8;
/// The first pause is at most this long, each further one at most twice as long.
const PAUSE_FIRST: Duration = Duration::from_millis(20);
/// No pause is longer.
const PAUSE_MAX: Duration = Duration::from_secs(1);
/// Writes that are made at once where each is made by itself.
const ALONE_AT_ONCE: usize = 16;

impl<R> Transaction<'_, R> {
    /// Writes all of it, or says why nothing was written.
    pub async fn commit(mut self) -> Result<(), Refused<R>> {
        if let Some(error) = self.broken.take() {
            return Err(error.into());
        }
        if self.store.queue.writes == Writes::Alone {
            self.write_ahead().await?;
        }
        for tried in 1.. {
            let writes = Vec::from_iter(self.operations.iter().map(|operation| operation.write.clone()));
            if writes.is_empty() {
                break;
            }
            let Err(Failed { hindrance, error }) = send_again(self.store, &writes).await else { break };
            let Hindrance::Guards(failed) = hindrance else { return Err(error.into()) };
            let index = self.foremost(&failed);
            if !self.was_asked_again(index).await? {
                return Err(refusal(self.operations.swap_remove(index).meaning, error));
            }
            if tried >= TRIES_MAX {
                return Err(error.into());
            }
        }
        if self.wakes {
            self.store.wake();
        }
        Ok(())
    }

    /// Makes the writes that may be made by themselves.
    async fn write_ahead(&mut self) -> Result<(), Refused<R>> {
        let store = self.store;
        for group in 0..self.groups {
            let (ahead, rest): (Vec<_>, Vec<_>) =
                std::mem::take(&mut self.operations).into_iter().partition(|it| it.ahead == Some(group));
            self.operations = rest;
            let each = futures::stream::iter(ahead).map(|Operation { write, meaning, .. }| async move {
                match send_again(store, &[write]).await {
                    Ok(()) => Ok(()),
                    Err(Failed { hindrance: Hindrance::Guards(_), error }) => Err(refusal(meaning, error)),
                    Err(Failed { error, .. }) => Err(error.into()),
                }
            });
            each.buffer_unordered(ALONE_AT_ONCE).try_collect::<()>().await?;
        }
        Ok(())
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
}

/// Sends writes as one, and again while others stand in the way.
async fn send_again(store: &Store, writes: &[TransactWriteItem]) -> Result<(), Failed> {
    for tried in 1.. {
        match send(store, writes.to_vec()).await {
            Err(Failed { hindrance: Hindrance::Passing, .. }) if tried < TRIES_MAX => {
                tokio::time::sleep(pause(tried)).await;
            }
            ended => return ended,
        }
    }
    Ok(())
}

/// What a failed guard stands for.
fn refusal<R>(meaning: Meaning<R>, error: StoreError) -> Refused<R> {
    match meaning {
        Meaning::Refusal(refusal) => Refused::By(refusal),
        Meaning::Answered => Refused::Answered,
        Meaning::Finish(_) | Meaning::Held => Refused::Fenced,
        Meaning::Never => error.into(),
    }
}

/// Full jitter: anything between nothing and a bound that doubles.
pub(crate) fn pause(tried: u32) -> Duration {
    let bound = PAUSE_FIRST.saturating_mul(1 << tried.min(10)).min(PAUSE_MAX);
    bound.mul_f64(fastrand::f64())
}
