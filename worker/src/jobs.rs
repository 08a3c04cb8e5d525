//! The table of jobs: the compiler asks for an arm.

mod upload;

use domain::job::Job;
use storage::queue::Claimed;

use crate::Worker;
use crate::outcome::Unfinished;

/// Runs a claimed job to its end.
pub async fn run(worker: &Worker, claimed: &Claimed) -> Result<(), Unfinished> {
    match &claimed.job {
        Job::VerifyUpload { upload } => upload::verify(worker, claimed, *upload).await,
        Job::AbandonUpload { upload } => upload::abandon(worker, claimed, *upload).await,
        job => Err(Unfinished::GiveUp(format!("{} has no function yet", job.kind()))),
    }
}
