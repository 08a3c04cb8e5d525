//! What a bank says of direct debits: a file that finance uploads, read line by line, each line once.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::digest::Sha256Hex;
use crate::id::{BankReportId, PersonId};

/// The longest report we take: some thousand lines.
pub const REPORT_BYTES_MAX: usize = 8 * 1024 * 1024;

/// A bank's report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BankReport {
    /// Derived from its bytes: the same file is the same report.
    pub id: BankReportId,
    /// Of its bytes.
    pub sha256: Sha256Hex,
    /// How many.
    pub size: u64,
    /// Who uploaded it.
    pub by: PersonId,
    /// When.
    pub received_at: Timestamp,
    /// How many of its lines are done.
    pub done: u32,
    /// What became of them.
    pub tally: ReportTally,
    /// How far it is.
    #[serde(flatten)]
    pub state: BankReportState,
}

/// What became of a report's lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportTally {
    /// Money that was there and went back: its invoice is owed again.
    pub returned: u32,
    /// Debits that brought no money.
    pub refused: u32,
    /// Debits of a file that was refused as a whole: they wait for the next one.
    pub listed: u32,
    /// Debits that this was known of, or that were not in a file.
    pub known: u32,
    /// What names no invoice or file of ours, for finance to look at.
    pub foreign: u32,
}

/// What one line said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // the tally says what each is
pub enum Told {
    Returned,
    Refused,
    Listed,
    Known,
    Foreign,
}

/// How far a report is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum BankReportState {
    /// It waits to be read, or is being read.
    Waiting,
    /// All of it was done.
    Read {
        /// The bank's reference of it.
        message: String,
    },
    /// Nothing of it was done.
    Refused {
        /// Why.
        reason: String,
    },
}

impl BankReportState {
    /// The state's word.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Read { .. } => "read",
            Self::Refused { .. } => "refused",
        }
    }
}

impl ReportTally {
    /// With one line more.
    #[must_use]
    pub const fn and(mut self, told: Told) -> Self {
        let count = match told {
            Told::Returned => &mut self.returned,
            Told::Refused => &mut self.refused,
            Told::Listed => &mut self.listed,
            Told::Known => &mut self.known,
            Told::Foreign => &mut self.foreign,
        };
        *count += 1;
        self
    }
}

impl BankReport {
    /// A report that was uploaded.
    pub fn uploaded(bytes: &[u8], by: PersonId, now: Timestamp) -> Self {
        let sha256 = Sha256Hex::of(bytes);
        Self {
            id: BankReportId::derived(&[&sha256.to_string()]),
            sha256,
            size: bytes.len() as u64,
            by,
            received_at: now,
            done: 0,
            tally: ReportTally::default(),
            state: BankReportState::Waiting,
        }
    }

    /// The same after one more of its lines.
    #[must_use]
    pub fn and(self, told: Told) -> Self {
        Self { done: self.done + 1, tally: self.tally.and(told), ..self }
    }

    /// Where its bytes lie.
    pub fn place(&self) -> String {
        format!("bank-reports/{}.xml", self.id)
    }
}
