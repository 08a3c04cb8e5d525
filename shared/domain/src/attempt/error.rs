//! Why an attempt does not go on.

use thiserror::Error;

use super::SUBMISSIONS_MAX;
use crate::id::DefenseId;

/// Why an attempt does not go on.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AttemptError {
    /// The project is at another point.
    #[error("{act} is not possible while the project is {state}")]
    NotWhile {
        /// What was tried.
        act: &'static str,
        /// The state's word.
        state: &'static str,
    },
    /// This version was handed in before.
    #[error("version {version} was already handed in")]
    AlreadySubmitted {
        /// Which.
        version: u32,
    },
    /// This version was judged before, or is no longer to be judged.
    #[error("version {version} was already decided")]
    AlreadyDecided {
        /// Which.
        version: u32,
    },
    /// The submission is of another attempt.
    #[error("the submission is not of this project")]
    OtherSubmission,
    /// As many versions as are kept.
    #[error("a project has at most {SUBMISSIONS_MAX} versions")]
    TooManyVersions,
    /// At most one defense is open.
    #[error("{defense} is open already")]
    DefenseOpen {
        /// That one.
        defense: DefenseId,
    },
    /// Work shows its skills, and nothing else does any more.
    #[error("version {version} was handed in: the work shows the project's skills")]
    HandedIn {
        /// The last one.
        version: u32,
    },
    /// What a jury did not see is shown to a jury.
    #[error("the project failed a defense: what is left of it is shown in another one")]
    Defended,
    /// Not the defense that this attempt waits for.
    #[error("the defense is not the one this project waits for")]
    OtherDefense,
}
