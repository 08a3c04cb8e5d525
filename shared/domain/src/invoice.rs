//! What is owed, and what was paid: an invoice per enrollment, segment, period and payer.
//!
//! The first invoice of an enrollment waits as a draft, without number or period, until the
//! enrollment is active; a draft may be paid, and is dropped with its quote. An open invoice's lines
//! and total never change.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::billing::{Part, Period, PeriodKey, Terms, days_after};
use crate::id::{EnrollmentId, InvoiceId, PersonId};
use crate::money::{Currency, Money, MoneyError};
use crate::permission::{Relation, Subject};

mod collecting; // when a payment is tried, and when the waiting ends
mod credit; // corrections
mod issuer; // who issues, and how invoices are numbered
mod paper; // the document of an invoice or a credit note
mod payment; // money received, or tried
mod rate; // what a period costs whom
mod refund; // money given back
mod tax; // what the rule of the day makes of a price

pub use collecting::{Collecting, DunningPlan};
pub use credit::{Credit, CreditNote, CreditReason, CreditRefused};
pub use issuer::{InvoiceNumber, LegalEntity};
pub use paper::{Paper, PaperFile, Party, Standing};
pub use payment::{FILE_REFUSED, Payment, PaymentKind, PaymentRefused, PaymentState, Retry};
pub use rate::{payers_of, rate};
pub use refund::{Refund, RefundPart, RefundRefused, RefundState};
pub use tax::{Business, PriceKind, ReverseCharge, TaxCategory, TaxLine, TaxRule, Treatment};

/// What one payer owes for one period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invoice {
    /// Derived from enrollment, segment, period and payer, so that none is made twice.
    pub id: InvoiceId,
    /// What is paid for.
    pub enrollment: EnrollmentId,
    /// Whose enrollment it is.
    pub student: PersonId,
    /// Who owes it.
    pub payer: PersonId,
    /// The period of the enrollment.
    pub key: PeriodKey,
    /// What it is made of.
    pub lines: Vec<Line>,
    /// The sum of the lines and of the taxes on them.
    pub total: Money,
    /// The tax on the lines, by category.
    pub taxes: Vec<TaxLine>,
    /// The sum of its credit notes.
    pub credited: Money,
    /// The sum of its payments.
    pub paid: Money,
    /// The sum of what was given back of them.
    pub refunded: Money,
    /// The payment by which its provider collects it, once that was asked; the others stand beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub charge: Option<Payment>,
    /// Which page of its run it was drafted for, while it waits for its number there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<u64>,
    /// Where it stands.
    #[serde(flatten)]
    pub state: InvoiceState,
}

/// One thing that is owed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// What for.
    pub description: String,
    /// How much, without tax.
    pub amount: Money,
    /// How it is taxed.
    pub tax: TaxCategory,
    /// What part of a month it is, where its payer does not pay all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
}

/// Where an invoice stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum InvoiceState {
    /// Waits for the enrollment to become active.
    Draft,
    /// Issued and owed.
    Open(Issue),
    /// Owed, and its due date has passed.
    PastDue(Issue),
    /// Nothing is owed any more.
    Paid(Issue),
    /// Given up.
    Uncollectible(Issue),
}

/// What an invoice gets when it is opened, and keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issue {
    /// Its number, without a gap per legal entity and year.
    pub number: InvoiceNumber,
    /// The dates it is for.
    pub period: Period,
    /// The date in its issuer's zone.
    pub issued_on: Date,
    /// The last date to pay.
    pub due_on: Date,
}

/// Why an invoice cannot be opened.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OpenRefused {
    /// It is open already, and open invoices never change.
    #[error("the invoice is {state}")]
    NotDraft {
        /// The state's word.
        state: &'static str,
    },
    /// The period is not the one it was drafted for.
    #[error("the invoice is for period {expected}")]
    OtherPeriod {
        /// The period it is for.
        expected: u32,
    },
    /// The issuer's books are kept in another currency.
    #[error("{entity} issues invoices in {currency}")]
    OtherCurrency {
        /// The issuer's code.
        entity: String,
        /// What it issues in.
        currency: Currency,
    },
    /// The amounts cannot be summed.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// Why an invoice is not past due, or not given up.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OverdueRefused {
    /// There is time left to pay.
    #[error("the invoice is due on {due_on}")]
    NotYet {
        /// The last date to pay.
        due_on: Date,
    },
    /// Nothing is owed, or it was done before.
    #[error("the invoice is {state}")]
    WrongState {
        /// The state's word.
        state: &'static str,
    },
}

impl InvoiceState {
    /// The state's word.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Open(_) => "open",
            Self::PastDue(_) => "past_due",
            Self::Paid(_) => "paid",
            Self::Uncollectible(_) => "uncollectible",
        }
    }
}

impl Invoice {
    /// The id of the invoice over one period for one payer.
    pub fn id_of(enrollment: EnrollmentId, key: PeriodKey, payer: PersonId) -> InvoiceId {
        let [enrollment, payer] = [enrollment.to_string(), payer.to_string()];
        InvoiceId::derived(&[&enrollment, &key.segment.to_string(), &key.k.to_string(), &payer])
    }

    /// Issues a draft with the next number of its issuer; one that was paid as a draft is paid at once.
    pub fn open(
        self,
        issuer: &LegalEntity,
        sequence: u64,
        period: Period,
        payment_days: u16,
        now: Timestamp,
    ) -> Result<Self, OpenRefused> {
        if self.state != InvoiceState::Draft {
            return Err(OpenRefused::NotDraft { state: self.state.word() });
        }
        if period.k != self.key.k {
            return Err(OpenRefused::OtherPeriod { expected: self.key.k });
        }
        if issuer.currency != self.total.currency {
            return Err(OpenRefused::OtherCurrency {
                entity: issuer.code.clone(),
                currency: issuer.currency,
            });
        }
        let issued_on = issuer.zone.date_at(now);
        let number = issuer.number(sequence, now);
        let due_on = days_after(issued_on, payment_days);
        let state = InvoiceState::Open(Issue { number, period, issued_on, due_on });
        Ok(Self { state, page: None, ..self }.settled())
    }

    /// Marks an open invoice whose due date has passed.
    pub fn past_due(self, today: Date) -> Result<Self, OverdueRefused> {
        match self.state {
            InvoiceState::Open(issue) if issue.due_on < today => {
                Ok(Self { state: InvoiceState::PastDue(issue), ..self })
            }
            InvoiceState::Open(issue) => Err(OverdueRefused::NotYet { due_on: issue.due_on }),
            state => Err(OverdueRefused::WrongState { state: state.word() }),
        }
    }

    /// Gives up an invoice that is past due.
    pub fn write_off(self) -> Result<Self, OverdueRefused> {
        match self.state {
            InvoiceState::PastDue(issue) => Ok(Self { state: InvoiceState::Uncollectible(issue), ..self }),
            InvoiceState::Open(issue) => Err(OverdueRefused::NotYet { due_on: issue.due_on }),
            state => Err(OverdueRefused::WrongState { state: state.word() }),
        }
    }

    /// Whether it waits for its number from a run: nobody pays it before.
    pub fn is_drafted_by_run(&self) -> bool {
        self.state == InvoiceState::Draft && self.key != PeriodKey::FIRST
    }

    /// What is still to be paid; below zero what was paid too much.
    pub fn owed(&self) -> Result<Money, MoneyError> {
        self.total.minus(self.credited)?.minus(self.paid)?.plus(self.refunded)
    }

    /// The tax in the total.
    pub fn tax(&self) -> Result<Money, MoneyError> {
        Money::sum(self.total.currency, self.taxes.iter().map(|line| line.amount))
    }

    /// Number, period and dates, once it is issued.
    pub const fn issue(&self) -> Option<&Issue> {
        match &self.state {
            InvoiceState::Draft => None,
            InvoiceState::Open(issue)
            | InvoiceState::PastDue(issue)
            | InvoiceState::Paid(issue)
            | InvoiceState::Uncollectible(issue) => Some(issue),
        }
    }

    /// Paid once nothing is owed, open again once something is.
    fn settled(self) -> Self {
        let nothing_owed = self.owed().is_ok_and(|owed| owed.amount_minor <= 0);
        let state = match self.state {
            InvoiceState::Open(issue) | InvoiceState::PastDue(issue) if nothing_owed => {
                InvoiceState::Paid(issue)
            }
            InvoiceState::Paid(issue) if !nothing_owed => InvoiceState::Open(issue),
            state => state,
        };
        Self { state, ..self }
    }
}

impl Issue {
    /// The date on which the enrollment is suspended if the invoice is still unpaid.
    pub fn suspends_on(&self, terms: &Terms) -> Date {
        days_after(days_after(self.due_on, terms.grace_days), 1)
    }
}

impl Subject for Invoice {
    fn relations(&self, person: PersonId, _now: Timestamp) -> Vec<Relation> {
        let relations = [(self.student, Relation::Owner), (self.payer, Relation::Payer)];
        relations.into_iter().filter_map(|(whose, relation)| (whose == person).then_some(relation)).collect()
    }
}

#[cfg(test)]
mod tests;
