//! The stream that hands claimed jobs to apalis.
//!
//! It takes a permit per free slot before it claims, so that nothing is claimed that cannot run at
//! once; the permit travels with the job and comes back however the job ends, by a panic too. The
//! stream never ends on an error of the store: it backs off and goes on.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::BoxStream;
use storage::clock::machine_now;
use storage::queue::Claimed;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::Worker;

/// A claimed job on its way to a free slot.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The job and its claim.
    pub claimed: Claimed,
    _slot: Arc<OwnedSemaphorePermit>,
}

/// The longest pause after errors of the store.
const BACK_OFF_MAX: Duration = Duration::from_secs(5);

/// Claimed jobs, for as long as nobody asks to stop.
pub fn deliveries(
    worker: Worker,
    owner: String,
    stop: CancellationToken,
) -> BoxStream<'static, Result<Delivery, Infallible>> {
    let slots = Arc::new(Semaphore::new(worker.settings.slots));
    let stream = async_stream::stream! {
        let mut failures = 0_u32;
        while !stop.is_cancelled() {
            let Ok(slot) = slots.clone().acquire_owned().await else { return };
            // Listening begins before the claim, so that a job asked for in between is not slept through.
            let woken = worker.store.woken();
            match claim(&worker, &owner).await {
                Ok(Some(claimed)) => {
                    failures = 0;
                    yield Ok(Delivery { claimed, _slot: Arc::new(slot) });
                    continue;
                }
                Ok(None) => failures = 0,
                Err(error) => {
                    failures += 1;
                    tracing::error!(%error, failures, "the queue cannot be read");
                }
            }
            drop(slot);
            let rest = worker.settings.poll.saturating_mul(1 << failures.min(10)).min(BACK_OFF_MAX.max(worker.settings.poll));
            tokio::select! {
                () = woken, if failures == 0 => {}
                () = tokio::time::sleep(rest) => {}
                () = stop.cancelled() => return,
            }
        }
    };
    // After a stop the stream stays open and silent: apalis then drains what runs.
    stream.chain(futures::stream::pending()).boxed()
}

async fn claim(worker: &Worker, owner: &str) -> Result<Option<Claimed>, storage::StoreError> {
    let now = worker.clock.now(&worker.store).await?;
    Ok(worker.store.claim(owner, now, machine_now(), 1).await?.pop())
}
