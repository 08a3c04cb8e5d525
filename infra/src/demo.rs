//! A student's first year (scenario S1), played through HTTP against a fresh stack on a simulated
//! clock; every figure of its last line comes from the API's answers.

pub mod client; // people who call the API
pub mod clips; // what juries record
mod year; // the journey itself

use std::fmt;

use thiserror::Error;

use crate::local_store::StartError;
use crate::stack::{Options, Stack};

pub use year::{BEGINS_AT, Year};

/// Why the demo did not come to its end.
#[derive(Debug, Error)]
pub enum DemoError {
    /// ffmpeg is not installed.
    #[error("ffmpeg is missing: `make tools` installs it, or your system's package manager")]
    NoFfmpeg,
    /// ffmpeg is there, and made no clip.
    #[error("ffmpeg made no clip: {0}")]
    Clip(String),
    /// The stack did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A call was not answered.
    #[error("no answer: {0}")]
    Call(#[from] reqwest::Error),
    /// A call was answered with something else than the year needs.
    #[error("{call} answered {status}: {body}")]
    Unexpected {
        /// Method and path.
        call: String,
        /// HTTP status.
        status: u16,
        /// What it said.
        body: String,
    },
    /// The API does not say what was promised.
    #[error("expected {expected}, the API says {found}")]
    Broken {
        /// What was promised.
        expected: String,
        /// What came out.
        found: String,
    },
    /// A folder for the clips cannot be made.
    #[error("the clips cannot be kept: {0}")]
    Io(#[from] std::io::Error),
}

/// What came out, counted from the API's answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Invoices of the enrollment.
    pub invoices: usize,
    /// Their sum, as people read it.
    pub total: domain::money::Money,
    /// Defenses whose recording is verified.
    pub recordings: usize,
    /// Credentials that verify, online and offline.
    pub credentials: usize,
    /// Countries on the credential.
    pub countries: usize,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { invoices, total, recordings, credentials, countries } = self;
        write!(f, "{invoices} invoices, {total}; {recordings} recordings verified; ")?;
        write!(f, "{credentials} credential verified; {countries} countries")
    }
}

/// What the year must come to.
pub const PROMISED: &str =
    "12 invoices, GBP 3,600.00; 6 recordings verified; 1 credential verified; 29 countries";

/// Plays the year and checks what came out.
pub async fn run() -> Result<Outcome, DemoError> {
    let clips = clips::make().await?;
    let now = year::BEGINS_AT.parse().ok();
    let stack = Stack::start(Options { port: 0, now, ..Options::default() }).await?;
    let mut year = Year::new(&stack.url, clips);
    let played = year.play().await;
    stack.stop().await;
    let outcome = played?;
    if outcome.to_string() != PROMISED {
        return Err(DemoError::Broken { expected: PROMISED.into(), found: outcome.to_string() });
    }
    Ok(outcome)
}
