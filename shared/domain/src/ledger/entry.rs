//! What one document means in the ledger.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Account, Balances, Earning, Earnings, PageCharge};
use crate::billing::PeriodKey;
use crate::billing::run::PageInvoice;
use crate::id::{CreditNoteId, EnrollmentId, InvoiceId, PaymentId, PersonId, RefundId, RunId};
use crate::invoice::{
    CreditNote, Invoice, InvoiceNumber, InvoiceState, LegalEntity, Payment, PaymentKind, Refund, RefundPart,
    RefundState,
};
use crate::money::{Currency, Money, MoneyError};

/// What one document changed: postings that sum to zero, and what is to be earned by it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The legal entity.
    pub entity: String,
    /// The date on which it was written, in the legal entity's zone.
    pub posted_on: Date,
    /// The document.
    pub source: Source,
    /// What it changed.
    pub postings: Balances,
    /// What is earned day by day since: one more of this kind, one less of that.
    #[serde(default, skip_serializing_if = "Earnings::is_empty")]
    pub earnings: Earnings,
}

/// A document that the ledger knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Source {
    /// An invoice was issued.
    Issue {
        /// Which.
        invoice: InvoiceRef,
        /// Its number.
        number: InvoiceNumber,
    },
    /// A page of a run's invoices was issued.
    Page {
        /// The run.
        run: RunId,
        /// Which share of the enrollments.
        shard: u16,
        /// Which page of it.
        page: u64,
        /// The number of its first invoice; the others' follow.
        first: InvoiceNumber,
        /// Its invoices.
        invoices: Vec<PageInvoice>,
    },
    /// Money came.
    Payment {
        /// For which invoice.
        invoice: InvoiceRef,
        /// Which payment.
        payment: PaymentId,
        /// How often it had been asked for.
        tries: u32,
    },
    /// A page's invoices were paid when their providers were asked for the first time.
    Payments {
        /// The run.
        run: RunId,
        /// Which share of the enrollments.
        shard: u16,
        /// Which page of it.
        page: u64,
        /// Through what.
        method: PaymentKind,
        /// Of what its amounts are.
        currency: Currency,
        /// The payments.
        charges: Vec<PageCharge>,
    },
    /// A bank took a payment back.
    Return {
        /// Of which invoice.
        invoice: InvoiceRef,
        /// Which payment.
        payment: PaymentId,
        /// How often it had been asked for.
        tries: u32,
    },
    /// A part of an invoice was credited.
    Credit {
        /// Of which invoice.
        invoice: InvoiceRef,
        /// By which note.
        note: CreditNoteId,
        /// Its number.
        number: InvoiceNumber,
    },
    /// Money is to go back.
    Refund {
        /// Of which invoice.
        invoice: InvoiceRef,
        /// Which refund.
        refund: RefundId,
    },
    /// Parts of a refund have gone, or go another way.
    Sent {
        /// Of which invoice.
        invoice: InvoiceId,
        /// Whose.
        enrollment: EnrollmentId,
        /// Which refund.
        refund: RefundId,
        /// Which change of it.
        change: u64,
    },
    /// An invoice was given up.
    WriteOff {
        /// Which.
        invoice: InvoiceRef,
    },
}

/// Which invoice, and where it is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct InvoiceRef {
    /// Whose.
    pub enrollment: EnrollmentId,
    /// For which period.
    pub key: PeriodKey,
    /// Who owes it.
    pub payer: PersonId,
}

/// The documents that changed an invoice, in the order in which they are posted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Documents<'a> {
    /// Money that came.
    pub payment: Option<&'a Payment>,
    /// A part that is credited.
    pub note: Option<&'a CreditNote>,
    /// Money that is to go back.
    pub refund: Option<&'a Refund>,
}

impl Entry {
    /// What documents changed of an invoice: an entry each, and one where the invoice was issued or given
    /// up by that.
    pub fn of_change(
        issuer: &LegalEntity,
        before: &Invoice,
        after: &Invoice,
        documents: Documents<'_>,
        now: Timestamp,
    ) -> Result<Vec<Self>, MoneyError> {
        let mut change = Change::new(issuer, before, now);
        let invoice = InvoiceRef::of(after);
        if let Some(Payment { id: payment, tries, method, by_page, .. }) = documents.payment {
            let amount = after.paid.minus(before.paid)?;
            let money = Balances::default().debit(Account::cash(*method), amount)?;
            let next = Invoice { paid: after.paid, ..change.invoice.clone() };
            if *by_page {
                change.invoice = next;
            } else {
                change.post(Source::Payment { invoice, payment: *payment, tries: *tries }, next, money)?;
            }
        }
        if let (None, Some(issue)) = (before.issue(), after.issue()) {
            let next = Invoice { state: InvoiceState::Open(issue.clone()), ..change.invoice.clone() };
            let source = Source::Issue { invoice, number: issue.number.clone() };
            change.post(source, next, Balances::default())?;
        }
        if let Some(CreditNote { id: note, number, .. }) = documents.note {
            let next = Invoice { credited: after.credited, ..change.invoice.clone() };
            let source = Source::Credit { invoice, note: *note, number: number.clone() };
            change.post(source, next, Balances::default())?;
        }
        if let Some(refund) = documents.refund {
            let money = refund
                .parts
                .iter()
                .try_fold(Balances::default(), |money, part| money.credit(goes_through(part), part.amount))?;
            let next = Invoice { refunded: after.refunded, ..change.invoice.clone() };
            change.post(Source::Refund { invoice, refund: refund.id }, next, money)?;
        }
        let given_up = |invoice: &Invoice| matches!(invoice.state, InvoiceState::Uncollectible(_));
        if given_up(after) && !given_up(before) {
            let next = Invoice { state: after.state.clone(), ..change.invoice.clone() };
            change.post(Source::WriteOff { invoice }, next, Balances::default())?;
        }
        Ok(change.entries)
    }

    /// That a bank took a payment back.
    pub fn of_return(
        issuer: &LegalEntity,
        before: &Invoice,
        after: &Invoice,
        payment: &Payment,
        now: Timestamp,
    ) -> Result<Vec<Self>, MoneyError> {
        let mut change = Change::new(issuer, before, now);
        let money = Balances::default().credit(Account::cash(payment.method), payment.amount)?;
        let (invoice, tries) = (InvoiceRef::of(after), payment.tries);
        change.post(Source::Return { invoice, payment: payment.id, tries }, after.clone(), money)?;
        Ok(change.entries)
    }

    /// That parts of a refund have gone, or go another way; nothing where none has. `revision` tells the
    /// changes of a refund apart.
    pub fn of_sent(
        issuer: &LegalEntity,
        before: &Refund,
        after: &Refund,
        revision: u64,
        now: Timestamp,
    ) -> Result<Option<Self>, MoneyError> {
        let mut parts = before.parts.iter().zip(&after.parts);
        let postings = parts.try_fold(Balances::default(), |postings, (before, after)| {
            postings.debit(goes_through(before), before.amount)?.credit(goes_through(after), after.amount)
        })?;
        let (invoice, enrollment) = (after.invoice, after.enrollment);
        let source = Source::Sent { invoice, enrollment, refund: after.id, change: revision };
        let moved = postings.postings().next().is_some();
        Ok(moved.then(|| Self::new(issuer, source, postings, Earnings::default(), now)))
    }

    /// That a page of a run's invoices was issued: all of them, as they were issued.
    pub fn of_page(
        issuer: &LegalEntity,
        source: Source,
        invoices: &[Invoice],
        now: Timestamp,
    ) -> Result<Self, MoneyError> {
        let on = issuer.zone.date_at(now);
        let mut postings = Balances::default();
        let mut earnings = Earnings::default();
        for invoice in invoices {
            let issued = as_issued(invoice);
            postings = postings.plus(&Balances::of_invoice(&issued, on)?)?;
            if let Some(issue) = issued.issue() {
                earnings = earnings.with(Earning::of(&issued, issue)?, 1);
            }
        }
        Ok(Self::new(issuer, source, postings, earnings, now))
    }

    pub(super) fn new(
        issuer: &LegalEntity,
        source: Source,
        postings: Balances,
        earnings: Earnings,
        now: Timestamp,
    ) -> Self {
        let (entity, posted_on) = (issuer.code.clone(), issuer.zone.date_at(now));
        Self { entity, posted_on, source, postings, earnings }
    }
}

/// An invoice of a run as it was issued, whatever came since: nobody pays for a run's draft.
pub(super) fn as_issued(invoice: &Invoice) -> Invoice {
    let nothing = Money::zero(invoice.total.currency);
    let state = invoice.issue().map_or(InvoiceState::Draft, |issue| InvoiceState::Open(issue.clone()));
    Invoice { credited: nothing, paid: nothing, refunded: nothing, state, ..invoice.clone() }
}

/// Where the money of a refund's part is.
fn goes_through(part: &RefundPart) -> Account {
    match &part.state {
        RefundState::Asked => Account::Refunds,
        RefundState::Sent { .. } => Account::cash(part.method),
        // What finance sends by bank leaves the account that transfers come to.
        RefundState::ByTransfer { .. } => Account::CashManual,
    }
}

/// An invoice, changed by one document after another.
struct Change<'a> {
    issuer: &'a LegalEntity,
    now: Timestamp,
    invoice: Invoice,
    entries: Vec<Entry>,
}

impl<'a> Change<'a> {
    fn new(issuer: &'a LegalEntity, invoice: &Invoice, now: Timestamp) -> Self {
        Self { issuer, now, invoice: invoice.clone(), entries: Vec::new() }
    }

    fn post(&mut self, source: Source, next: Invoice, money: Balances) -> Result<(), MoneyError> {
        let on = self.issuer.zone.date_at(self.now);
        let before = Balances::of_invoice(&self.invoice, on)?;
        let postings = money.plus(&Balances::of_invoice(&next, on)?)?.minus(&before)?;
        let mut earnings = Earnings::default();
        for (invoice, count) in [(&self.invoice, -1), (&next, 1)] {
            if let Some(issue) = invoice.issue() {
                earnings = earnings.with(Earning::of(invoice, issue)?, count);
            }
        }
        self.entries.push(Entry::new(self.issuer, source, postings, earnings, self.now));
        self.invoice = next;
        Ok(())
    }
}

impl InvoiceRef {
    /// Where an invoice is found.
    pub const fn of(invoice: &Invoice) -> Self {
        Self { enrollment: invoice.enrollment, key: invoice.key, payer: invoice.payer }
    }

    /// Its id.
    pub fn id(&self) -> InvoiceId {
        Invoice::id_of(self.enrollment, self.key, self.payer)
    }
}

impl From<&PageInvoice> for InvoiceRef {
    fn from(line: &PageInvoice) -> Self {
        Self { enrollment: line.enrollment, key: line.key, payer: line.payer }
    }
}

impl Source {
    /// Somebody whose months it is about.
    pub fn enrollment(&self) -> Option<EnrollmentId> {
        match self {
            Self::Page { invoices, .. } => invoices.first().map(|line| line.enrollment),
            Self::Payments { charges, .. } => charges.first().map(|charge| charge.invoice.enrollment),
            Self::Sent { enrollment, .. } => Some(*enrollment),
            Self::Issue { invoice, .. }
            | Self::Payment { invoice, .. }
            | Self::Return { invoice, .. }
            | Self::Credit { invoice, .. }
            | Self::Refund { invoice, .. }
            | Self::WriteOff { invoice } => Some(invoice.enrollment),
        }
    }

    /// Its word.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Issue { .. } => "issue",
            Self::Page { .. } => "page",
            Self::Payments { .. } => "payments",
            Self::Payment { .. } => "payment",
            Self::Return { .. } => "return",
            Self::Credit { .. } => "credit",
            Self::Refund { .. } => "refund",
            Self::Sent { .. } => "sent",
            Self::WriteOff { .. } => "write_off",
        }
    }

    /// The invoices that it is about.
    pub fn invoices(&self) -> Vec<InvoiceRef> {
        match self {
            Self::Page { invoices, .. } => invoices.iter().map(InvoiceRef::from).collect(),
            Self::Payments { charges, .. } => charges.iter().map(|charge| charge.invoice).collect(),
            Self::Sent { .. } => Vec::new(),
            Self::Issue { invoice, .. }
            | Self::Payment { invoice, .. }
            | Self::Return { invoice, .. }
            | Self::Credit { invoice, .. }
            | Self::Refund { invoice, .. }
            | Self::WriteOff { invoice } => vec![*invoice],
        }
    }
}

/// Its name among a day's entries: each document is posted once.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.", self.word())?;
        match self {
            Self::Issue { invoice, .. } | Self::WriteOff { invoice } => write!(f, "{}", invoice.id()),
            Self::Page { run, shard, page, .. } => write!(f, "{run}.{shard}.{page}"),
            Self::Payments { run, shard, page, method, .. } => {
                write!(f, "{run}.{shard}.{page}.{}", Account::cash(*method).word())
            }
            Self::Payment { payment, tries, .. } | Self::Return { payment, tries, .. } => {
                write!(f, "{payment}.{tries}")
            }
            Self::Credit { note, .. } => write!(f, "{note}"),
            Self::Refund { refund, .. } => write!(f, "{refund}"),
            Self::Sent { refund, change, .. } => write!(f, "{refund}.{change}"),
        }
    }
}
