//! The document of an invoice or a credit note: what was written down before it was made, and its file.
//!
//! What the invoice or the note says itself is not repeated here. The rest may change any day (a name, an
//! address, what was paid), so it is kept before the first try: whoever makes the document again makes the
//! same bytes.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::catalog::{Entity, Language};
use crate::digest::Sha256Hex;
use crate::id::{CreditNoteId, EnrollmentId, InvoiceId};
use crate::money::Money;
use crate::person::Person;

/// A document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paper {
    /// Whose.
    pub enrollment: EnrollmentId,
    /// Of which invoice.
    pub invoice: InvoiceId,
    /// Of which credit note over it; none where it is the invoice's own.
    pub note: Option<CreditNoteId>,
    /// What it is written in.
    pub language: Language,
    /// Who issues it.
    pub issuer: Party,
    /// Whom it is for.
    pub recipient: Party,
    /// The degree's title in its language.
    pub title: String,
    /// When it was written down.
    pub written_at: Timestamp,
    /// What was paid and credited of the invoice when it was written down.
    pub standing: Standing,
    /// Where it lies, once made.
    pub file: Option<PaperFile>,
}

/// What had become of an invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// What was paid and not given back.
    pub paid: Money,
    /// What was credited.
    pub credited: Money,
    /// What was still to be paid.
    pub owed: Money,
}

/// Who issues a document, or gets it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// The legal name.
    pub name: String,
    /// The address, line by line.
    pub lines: Vec<String>,
    /// The number that tax offices know it by.
    pub tax_id: Option<String>,
}

/// A document's bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaperFile {
    /// Where they lie.
    pub key: String,
    /// Of them all.
    pub sha256: Sha256Hex,
    /// How many.
    pub size: u64,
    /// When they were made, by the school's clock.
    pub made_at: Timestamp,
}

impl Paper {
    /// Where its bytes lie: one place for each document, which nobody chooses.
    pub fn key(&self) -> String {
        match self.note {
            None => format!("documents/{}.pdf", self.invoice),
            Some(note) => format!("documents/{note}.pdf"),
        }
    }

    /// The same with the file that was made.
    #[must_use]
    pub fn made(self, bytes: &[u8], now: Timestamp) -> Self {
        let (key, sha256) = (self.key(), Sha256Hex::of(bytes));
        let file = PaperFile { key, sha256, size: bytes.len() as u64, made_at: now };
        Self { file: Some(file), ..self }
    }
}

impl Party {
    /// A person as their profile says; one without a name is known by their id.
    pub fn person(person: &Person) -> Self {
        let name = person.name.clone().unwrap_or_else(|| person.id.to_string());
        let lines = person.address.as_ref().map_or_else(Vec::new, crate::person::Address::written);
        Self { name, lines, tax_id: None }
    }

    /// A legal entity as the catalog says; one that it says nothing of is known by its code.
    pub fn entity(code: &str, entity: Option<&Entity>) -> Self {
        match entity {
            Some(Entity { name, address, tax_id, .. }) => {
                Self { name: name.clone(), lines: address.clone(), tax_id: tax_id.clone() }
            }
            None => Self { name: code.to_owned(), lines: Vec::new(), tax_id: None },
        }
    }
}
