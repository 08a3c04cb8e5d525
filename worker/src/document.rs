//! An invoice or a credit note as a person gets it: a PDF in their language.
//!
//! The same document always makes the same bytes. The file is PDF/A-2a, to be archived, and
//! PDF/UA-1, to be read aloud: it has a title, a language, an outline and tagged content, with
//! tables whose header cells say what they head.
//!
//! Names may be in any script. What no embedded font draws shows as a box, while a screen reader,
//! a search or a copy still gets the name itself.

use domain::billing::Part;
use domain::invoice::Party;
pub use domain::language::Language;
use domain::money::Money;
use jiff::civil::Date;
use thiserror::Error;

pub(crate) mod figures; // amounts, dates and rates as people write them
mod page; // what comes where
mod sheet; // pages that fill up, and the tags of what is on them
mod text; // fonts, and lines of glyphs
mod words; // every word of every language

pub(crate) use words::Worded;

/// Lines a document may have: some 40 pages.
pub const LINES_MAX: usize = 1_000;

/// What is printed. Amounts are shown as given, never computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// What it is, and what only that has.
    pub kind: Kind,
    /// Its number, as the issuer writes it.
    pub number: String,
    /// What it is written in.
    pub language: Language,
    /// Who issues it.
    pub issuer: Party,
    /// Whom it is for.
    pub recipient: Party,
    /// The date in its issuer's zone.
    pub issued_on: Date,
    /// The first day it is for, and the day after the last.
    pub period: Option<(Date, Date)>,
    /// What it is made of.
    pub lines: Vec<Line>,
    /// The total without tax.
    pub net: Money,
    /// Tax in the total, by category.
    pub tax: Vec<TaxLine>,
    /// The total, tax included.
    pub total: Money,
}

/// An invoice or what takes some of one back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Something is owed, or was.
    Invoice {
        /// The last date to pay.
        due_on: Option<Date>,
        /// The sum of its payments.
        paid: Money,
        /// The sum of its credit notes.
        credited: Money,
        /// What is still to be paid.
        owed: Money,
    },
    /// Some of an invoice is no longer owed; amounts are positive.
    CreditNote {
        /// The invoice's number.
        corrects: String,
        /// Why, in the document's language.
        reason: String,
    },
}

/// One thing that is charged or credited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What for.
    pub description: Description,
    /// How much, tax included.
    pub amount: Money,
}

/// What a line is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Description {
    /// One month of study.
    Month {
        /// The degree's title in the document's language.
        edition_title: String,
        /// What part of the month this payer pays, unless all of it.
        part: Option<Part>,
    },
    /// Days of a month that were paid for and not used.
    UnusedDays {
        /// Days used.
        used: u32,
        /// Days in the month.
        of: u32,
    },
    /// Words already in the document's language.
    Written(String),
}

/// Tax of one category.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaxLine {
    /// Why it is so much.
    pub category: TaxCategory,
    /// What it is computed from.
    pub base: Money,
    /// How much.
    pub amount: Money,
}

/// Why a tax is what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaxCategory {
    /// None is charged.
    Exempt {
        /// Under which rule, in the document's language.
        reason: String,
    },
    /// A rate of the base.
    Standard {
        /// Hundredths of a percent.
        rate_basis_points: u32,
    },
    /// The recipient accounts for it.
    ReverseCharge,
}

/// Why a document could not be made.
#[derive(Debug, Error)]
pub enum RenderError {
    /// More lines than a document has room for.
    #[error("the document has {count} lines, more than {LINES_MAX}")]
    TooManyLines {
        /// How many it has.
        count: usize,
    },
    /// An embedded font cannot be read.
    #[error("the font {0} cannot be read")]
    Font(&'static str),
    /// The file would break a rule of PDF/A or PDF/UA.
    #[error("the file would not be valid: {0}")]
    Invalid(#[source] krilla::error::KrillaError),
}

/// A document's PDF: the same bytes for the same document.
pub fn render(document: &Document) -> Result<Vec<u8>, RenderError> {
    if document.lines.len() > LINES_MAX {
        return Err(RenderError::TooManyLines { count: document.lines.len() });
    }
    let fonts = text::Fonts::embedded()?;
    page::set(document, &fonts).print(&fonts, document.issued_on)
}

#[cfg(test)]
mod tests;
