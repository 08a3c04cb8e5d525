//! One job: hold its lease while it runs, and end it when it did not end itself.

use std::any::Any;
use std::panic::AssertUnwindSafe;

use apalis::prelude::Data;
use futures::FutureExt;
use jiff::SignedDuration;
use storage::Refused;
use storage::clock::machine_now;
use storage::queue::Claimed;
use storage::queue::Held;
use storage::transaction::read_again;
use tracing::Instrument;

use crate::Worker;
use crate::jobs;
use crate::outcome::Unfinished;
use crate::queue::Delivery;

/// Runs a delivered job. Its own last transaction finishes it; only a failure is ended here.
pub async fn work(delivery: Delivery, worker: Data<Worker>) -> Result<(), std::convert::Infallible> {
    let claimed = &delivery.claimed;
    let span = tracing::info_span!("job", kind = claimed.job.kind(), id = %claimed.id.simple(), claims = claimed.claims);
    async {
        let ended = tokio::select! {
            ended = limited(&worker, claimed) => ended,
            () = hold(&worker, claimed) => Err(Unfinished::Fenced),
        };
        match ended {
            Ok(()) => tracing::info!("done"),
            Err(unfinished) => put_back(&worker, claimed, unfinished).await,
        }
    }
    .instrument(span)
    .await;
    worker.store.job_ended();
    Ok(())
}

async fn limited(worker: &Worker, claimed: &Claimed) -> Result<(), Unfinished> {
    let was_changed = |unfinished: &Unfinished| matches!(unfinished, Unfinished::Changed(_));
    // What somebody else changed meanwhile is read again at once: to lose a race is no failure.
    let run = read_again(was_changed, || jobs::run(worker, claimed));
    let run =
        AssertUnwindSafe(tokio::time::timeout(worker.settings.time_max(&claimed.job), run)).catch_unwind();
    match run.await {
        Ok(Ok(ended)) => ended,
        Ok(Err(_)) => Err(Unfinished::Retry("the job took too long".into())),
        Err(panic) => Err(Unfinished::Retry(format!("the job panicked: {}", said(&panic)))),
    }
}

/// How long a job waits before it looks again for a tool that is not installed.
const TOOL_LOOK: SignedDuration = SignedDuration::from_hours(1);

/// Puts a job off without counting it as a failed try.
async fn wait(worker: &Worker, claimed: &Claimed) -> Result<(), Refused<()>> {
    let now = worker.clock.now(&worker.store).await?;
    worker.store.transaction().finish_until(claimed, now + TOOL_LOOK).commit().await
}

/// What a panic said.
fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a word")
}

/// Renews the lease until it is lost, which cancels the job's work.
async fn hold(worker: &Worker, claimed: &Claimed) {
    let every = worker.store.lease() / 3;
    loop {
        tokio::time::sleep(every).await;
        match worker.store.renew(claimed, machine_now()).await {
            Ok(Held::Yes) => {}
            Ok(Held::Lost) => return,
            // An unreachable store is not a lost lease; the finish is guarded all the same.
            Err(error) => tracing::warn!(%error, "the lease was not renewed"),
        }
    }
}

async fn put_back(worker: &Worker, claimed: &Claimed, unfinished: Unfinished) {
    let put = match &unfinished {
        Unfinished::Retry(reason) | Unfinished::Changed(reason) => {
            tracing::warn!(reason, "will be tried again");
            worker.store.retry(claimed, reason, machine_now()).await
        }
        Unfinished::ToolMissing(reason) => {
            tracing::error!(reason, "waits for a tool");
            if let Err(error) = wait(worker, claimed).await {
                tracing::error!(%error, "could not be put off; its lease will end");
            }
            return;
        }
        Unfinished::GiveUp(reason) => {
            tracing::error!(reason, "given up");
            worker.store.bury(claimed, reason, machine_now()).await
        }
        Unfinished::Fenced => {
            tracing::warn!("another worker has it");
            return;
        }
    };
    if let Err(error) = put {
        tracing::error!(%error, "could not be put back; its lease will end");
    }
}
