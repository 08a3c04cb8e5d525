//! Pages of a run: what enrollments owe for a date, and how far their invoices are.

use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::billing::{BillingFacts, Due, Period, PeriodKey};
use crate::catalog::Prospectus;
use crate::id::{EnrollmentId, InvoiceId, PersonId, RunId};
use crate::invoice::{Invoice, rate};
use crate::money::MoneyError;

/// Invoices that were drafted together, in the order of their numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunPage {
    /// The run.
    pub run: RunId,
    /// The legal entity that invoices.
    pub entity: String,
    /// The date whose periods are billed.
    pub on: Date,
    /// Which share of the enrollments.
    pub shard: u16,
    /// Which page of the shard, from 1.
    pub number: u64,
    /// Its invoices.
    pub invoices: Vec<PageInvoice>,
}

/// An invoice of a page. Stored as one line of text, since a page has many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PageInvoice {
    /// Whose.
    pub enrollment: EnrollmentId,
    /// For which period.
    pub key: PeriodKey,
    /// The first date after the period.
    pub to: Date,
    /// Who owes it.
    pub payer: PersonId,
    /// Days from its issue to the date it is due.
    pub payment_days: u16,
}

impl PageInvoice {
    /// The invoice's id.
    pub fn id(&self) -> InvoiceId {
        Invoice::id_of(self.enrollment, self.key, self.payer)
    }
}

/// A line of a page that says no invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("expected what an invoice of a page is told by, joined by spaces")]
pub struct InvalidLine;

/// A word of a line.
pub(crate) fn read<T: FromStr>(word: &str) -> Result<T, InvalidLine> {
    word.parse().map_err(|_| InvalidLine)
}

impl From<PageInvoice> for String {
    fn from(line: PageInvoice) -> Self {
        let PageInvoice { enrollment, key: PeriodKey { segment, k }, to, payer, payment_days } = line;
        format!("{enrollment} {segment} {k} {to} {payer} {payment_days}")
    }
}

impl TryFrom<String> for PageInvoice {
    type Error = InvalidLine;

    fn try_from(line: String) -> Result<Self, InvalidLine> {
        let words = Vec::from_iter(line.split(' '));
        let [enrollment, segment, k, to, payer, payment_days] = words[..] else { return Err(InvalidLine) };
        Ok(Self {
            enrollment: read(enrollment)?,
            key: PeriodKey { segment: read(segment)?, k: read(k)? },
            to: read(to)?,
            payer: read(payer)?,
            payment_days: read(payment_days)?,
        })
    }
}

/// What a period that begins on a run's date costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rated {
    /// Whose.
    pub enrollment: EnrollmentId,
    /// The period.
    pub due: Due,
    /// Its invoices, one per payer; none where nothing is owed.
    pub drafts: Vec<Invoice>,
    /// The period after it.
    pub next: Option<Due>,
    /// Days from an invoice's issue to the date it is due.
    pub payment_days: u16,
    /// When the date begins for the enrollment.
    pub begins_at: Option<Timestamp>,
}

impl Rated {
    /// What an enrollment owes for the period that begins on a date; nothing where none does.
    pub fn of(facts: &BillingFacts, on: Date, prospectus: &Prospectus) -> Result<Option<Self>, MoneyError> {
        let Some(due) = facts.due_on(on) else { return Ok(None) };
        let drafts = rate(facts, due.key, &prospectus.taxes, on)?;
        let next = facts.next_after(&due);
        Ok(Some(Self {
            enrollment: facts.enrollment,
            due,
            drafts,
            next,
            payment_days: prospectus.terms_on(on).payment_days,
            begins_at: facts.time_zone.start_of(on).ok(),
        }))
    }

    /// Its invoices as a page keeps them.
    pub fn page_invoices(&self) -> impl Iterator<Item = PageInvoice> {
        self.drafts.iter().map(|draft| PageInvoice {
            enrollment: draft.enrollment,
            key: draft.key,
            to: self.due.period.to,
            payer: draft.payer,
            payment_days: self.payment_days,
        })
    }
}

impl RunPage {
    /// What the so-maniest invoice is for, as it is issued.
    pub fn period(&self, invoice: &PageInvoice) -> Period {
        Period { k: invoice.key.k, from: self.on, to: invoice.to }
    }
}

/// How far a page's invoices are. The stages follow one another, and each can be done again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "stage")]
pub enum PageStage {
    /// They are drafts.
    Drafted,
    /// Their numbers are theirs alone, and are being written on them.
    Numbered {
        /// The number of the first; the others follow.
        first: u64,
        /// When they were claimed: the instant of issue.
        at: Timestamp,
    },
    /// They are issued, and their money is being asked for.
    Issued,
    /// Their money has been asked for, and their documents are being made.
    Collected,
}
