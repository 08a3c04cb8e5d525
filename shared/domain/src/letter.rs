//! Letters to people: what they tell, kept with the facts as they were when it happened.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::id::{CreditNoteId, EnrollmentId, InvoiceId, PersonId, derive};
use crate::money::Money;

/// A letter that waits to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// About whose enrollment.
    pub enrollment: EnrollmentId,
    /// Whom it is for.
    pub to: PersonId,
    /// When what it tells happened.
    pub at: Timestamp,
    /// What it tells.
    #[serde(flatten)]
    pub about: About,
}

/// What a letter tells. Amounts and dates are as they were when it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "about")]
pub enum About {
    /// An invoice, which comes with it.
    InvoiceIssued {
        /// Which.
        invoice: InvoiceId,
        /// Its number.
        number: String,
        /// What it comes to.
        total: Money,
        /// What is still to be paid.
        owed: Money,
        /// The last date to pay.
        due_on: Date,
    },
    /// A credit note, which comes with it.
    Credited {
        /// Over which invoice.
        invoice: InvoiceId,
        /// Which.
        note: CreditNoteId,
        /// Its number.
        number: String,
        /// What it comes to.
        amount: Money,
        /// The invoice's number.
        corrects: String,
        /// What is given back of what was paid.
        refunded: Option<Money>,
    },
    /// A payment that was refused.
    PaymentDeclined {
        /// For which invoice.
        invoice: InvoiceId,
        /// Its number.
        number: String,
        /// What was asked for.
        amount: Money,
        /// When it is tried again; never by itself, where that does not help.
        again_on: Option<Date>,
    },
    /// A direct debit that the payer's bank took back.
    DebitReturned {
        /// For which invoice.
        invoice: InvoiceId,
        /// Its number.
        number: String,
        /// What is owed again.
        amount: Money,
        /// When it is tried again; never by itself, where that does not help.
        again_on: Option<Date>,
    },
    /// The enrollment stopped because of an unpaid invoice.
    Suspended {
        /// Which.
        invoice: InvoiceId,
        /// Its number.
        number: String,
        /// What is owed.
        owed: Money,
    },
    /// The enrollment goes on.
    Lifted,
}

impl Letter {
    /// What it is known by: the same for the same letter.
    pub fn id(&self) -> Uuid {
        let thing = match &self.about {
            About::InvoiceIssued { invoice, .. }
            | About::PaymentDeclined { invoice, .. }
            | About::DebitReturned { invoice, .. }
            | About::Suspended { invoice, .. } => invoice.to_string(),
            About::Credited { note, .. } => note.to_string(),
            About::Lifted => String::new(),
        };
        let [enrollment, to, at] = [self.enrollment.to_string(), self.to.to_string(), self.at.to_string()];
        derive("letter", &[&enrollment, &to, self.about.word(), &thing, &at])
    }
}

impl About {
    /// The word for it, in trails and logs.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::InvoiceIssued { .. } => "invoice_issued",
            Self::Credited { .. } => "credited",
            Self::PaymentDeclined { .. } => "payment_declined",
            Self::DebitReturned { .. } => "debit_returned",
            Self::Suspended { .. } => "suspended",
            Self::Lifted => "lifted",
        }
    }

    /// Which of two letters of one instant is read first.
    pub const fn rank(&self) -> u8 {
        match self {
            Self::InvoiceIssued { .. } => 1,
            Self::Credited { .. } => 2,
            Self::PaymentDeclined { .. } => 3,
            Self::DebitReturned { .. } => 4,
            Self::Suspended { .. } => 5,
            Self::Lifted => 6,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_is_known_by_what_it_tells_whom_and_when() {
        let letter = Letter {
            enrollment: EnrollmentId::derived(&["e"]),
            to: PersonId::derived(&["p"]),
            at: Timestamp::UNIX_EPOCH,
            about: About::Lifted,
        };
        assert_eq!(letter.id(), letter.clone().id());
        assert_ne!(letter.id(), Letter { to: PersonId::derived(&["q"]), ..letter.clone() }.id());
        assert_ne!(letter.id(), Letter { at: Timestamp::MAX, ..letter.clone() }.id());
    }
}
