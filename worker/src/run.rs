//! One job: hold its lease while it runs, and end it when it did not end itself.

use apalis::prelude::Data;
use storage::clock::machine_now;
use storage::queue::Claimed;
use storage::queue::Held;
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
    let run = tokio::time::timeout(worker.settings.job_time_max, jobs::run(worker, claimed));
    run.await.unwrap_or_else(|_| Err(Unfinished::Retry("the job took too long".into())))
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
