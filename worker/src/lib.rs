//! Jobs: what the system does by itself, on apalis over the store's own queue.
//!
//! Modules in reading order:

pub mod queue; // the stream that hands claimed jobs to apalis
pub mod run; // one job: hold its lease, run it, end it

pub mod outcome; // how a job ends: done, again, given up

pub mod jobs; // the table of jobs: one arm, one function

pub mod secret; // text that no log may show

pub mod payment; // providers that money comes from

pub mod media; // recordings, proven whole and made watchable by ffmpeg

pub mod document; // invoices and credit notes, as PDF

pub mod mail; // letters as mail, and the ways to post them

pub mod letter; // what letters say

use std::sync::Arc;
use std::time::Duration;

use apalis::layers::WorkerBuilderExt;
use apalis::prelude::{Monitor, WorkerBuilder};
use apalis_core::worker::ext::parallelize::ParallelizeExt;
use domain::job::Job;
use jiff::SignedDuration;
use storage::{Clock, Store};
use tokio_util::sync::CancellationToken;

use crate::mail::Post;
use crate::payment::Providers;

/// What every job leans on.
#[derive(Clone)]
pub struct Worker {
    /// The table and the buckets.
    pub store: Store,
    /// The school's clock.
    pub clock: Clock,
    /// Where money comes from.
    pub providers: Arc<Providers>,
    /// How letters go out, if they do.
    pub post: Option<Arc<Post>>,
    /// How this deployment is set up.
    pub settings: Settings,
}

impl Worker {
    /// A worker that knows no provider of money and sends no letters: for jobs that need neither.
    pub fn alone(store: Store, clock: Clock) -> Self {
        Self { store, clock, providers: Arc::default(), post: None, settings: Settings::default() }
    }
}

/// How a worker is set up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Jobs at once.
    pub slots: usize,
    /// How long to wait before asking an empty queue again, when nothing wakes it.
    pub poll: Duration,
    /// How long running jobs may take to end after a stop was asked for.
    pub drain: Duration,
    /// The longest a job may run before it is stopped and tried again.
    pub job_time_max: Duration,
    /// The longest a job may run that reads a recording to its end, and those that wait for a turn before it.
    pub recording_time_max: Duration,
    /// How long after a date has begun a billing run looks at it: longer than a request may take, so that
    /// what was decided before that is written by then. A simulated clock stands still meanwhile.
    pub run_delay: SignedDuration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            slots: 8,
            poll: Duration::from_millis(200),
            drain: Duration::from_secs(20),
            job_time_max: Duration::from_secs(600),
            recording_time_max: Duration::from_secs(12 * 60 * 60),
            run_delay: SignedDuration::from_secs(60),
        }
    }
}

impl Settings {
    /// The longest that job may run.
    const fn time_max(&self, job: &Job) -> Duration {
        match job {
            Job::VerifyRecording { .. } | Job::KeepRecordings { .. } => self.recording_time_max,
            _ => self.job_time_max,
        }
    }
}

impl Worker {
    /// Works until `stop` is cancelled, then lets running jobs end.
    pub async fn run(self, stop: CancellationToken) -> Result<(), String> {
        let drain = self.settings.drain;
        let intake = stop.clone();
        let monitor = Monitor::new()
            .register(move |restarts| {
                // A new name per boot and restart: an owner is one run of one process.
                let boot = storage::clock::new_uuid(storage::clock::machine_now()).simple();
                let owner = format!("worker-{boot}-{restarts}");
                WorkerBuilder::new(owner.clone())
                    .backend(queue::deliveries(self.clone(), owner, intake.clone()))
                    .data(self.clone())
                    .catch_panic()
                    .parallelize(tokio::spawn)
                    .build(run::work)
            })
            .should_restart(|worker, error| {
                tracing::error!(worker = worker.name(), %error, "a worker stopped and starts again");
                true
            })
            .shutdown_timeout(drain);
        let stopped = async move {
            stop.cancelled().await;
            Ok(())
        };
        monitor.run_with_signal(stopped).await.map_err(|error| error.to_string())
    }
}
