//! How a job ends when it does not end well.

use storage::{Refused, StoreError};
use thiserror::Error;

/// Why a job did not finish.
#[derive(Debug, Error)]
pub enum Unfinished {
    /// Something passing stood in the way: try again later.
    #[error("{0}")]
    Retry(String),
    /// Somebody changed what it read: read it again.
    #[error("{0}")]
    Changed(String),
    /// A tool is not installed: wait for it, however long that takes.
    #[error("{0}")]
    ToolMissing(&'static str),
    /// Trying again would not help: keep it as a dead letter for staff.
    #[error("{0}")]
    GiveUp(String),
    /// Another worker has it by now; it is theirs to end.
    #[error("the lease was lost")]
    Fenced,
}

impl From<StoreError> for Unfinished {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => Self::Retry(error.to_string()),
            StoreError::Invalid(_)
            | StoreError::Shape(_)
            | StoreError::Missing(_)
            | StoreError::Kind { .. }
            | StoreError::Schema { .. } => Self::GiveUp(error.to_string()),
        }
    }
}

/// A job's guard that failed means that somebody changed what it read.
impl<R: std::fmt::Debug> From<Refused<R>> for Unfinished {
    fn from(refused: Refused<R>) -> Self {
        match refused {
            Refused::By(refusal) => Self::Changed(format!("{refusal:?}")),
            Refused::Answered => Self::GiveUp("a job has no idempotency key".into()),
            Refused::Fenced => Self::Fenced,
            Refused::Store(error) => error.into(),
        }
    }
}
