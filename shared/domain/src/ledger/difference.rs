//! What does not agree: entries with their documents, documents with each other, and sums with what they
//! are made of.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::entry::as_issued;
use super::{Account, Balances, Entry, PageCharge, Source};
use crate::id::{CreditNoteId, InvoiceId, PaymentId, RefundId};
use crate::invoice::{CreditNote, Invoice, InvoiceState, Payment, PaymentState, Refund};
use crate::money::{Money, MoneyError};

/// The most differences of a day that are kept by name.
pub const NAMED_MAX: usize = 100;

/// Something that does not agree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// What does not.
    pub kind: DifferenceKind,
    /// With whom: a document's id, a number, an account.
    pub of: String,
    /// What the ledger says.
    pub ledger: Option<Money>,
    /// What the other side says.
    pub found: Option<Money>,
}

/// What does not agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DifferenceKind {
    /// An entry does not sum to zero.
    Unbalanced,
    /// An entry's document is not there.
    DocumentMissing,
    /// An entry's document says another amount, or another state.
    DocumentDiffers,
    /// An invoice says another sum than its payments.
    PaymentsDiffer,
    /// An invoice says another sum than its credit notes.
    CreditsDiffer,
    /// An invoice says another sum than its refunds.
    RefundsDiffer,
    /// A number that nobody has, though later ones are given.
    NumberMissing,
    /// A number that two documents have.
    NumberTwice,
    /// What is deferred is not what is yet to be earned.
    EarningsDiffer,
    /// An account is on the wrong side of zero.
    WrongSide,
    /// The provider has taken money that the ledger does not know.
    NotRecorded,
    /// The ledger knows money that the provider has not taken.
    NotCaptured,
    /// The provider's books could not be read.
    NoStatement,
}

/// The differences of a day.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Differences {
    /// How many.
    pub count: u64,
    /// The first hundred.
    pub named: Vec<Difference>,
}

impl Differences {
    /// Names one more.
    pub fn name(&mut self, difference: Difference) {
        self.count += 1;
        if self.named.len() < NAMED_MAX {
            self.named.push(difference);
        }
    }
}

impl Difference {
    /// A difference without amounts.
    pub fn new(kind: DifferenceKind, of: impl ToString) -> Self {
        Self { kind, of: of.to_string(), ledger: None, found: None }
    }

    /// With what the two sides say.
    #[must_use]
    pub fn amounts(self, ledger: Money, found: Money) -> Self {
        Self { ledger: Some(ledger), found: Some(found), ..self }
    }
}

/// Documents as they were read, to be compared with entries.
#[derive(Debug, Default)]
pub struct Found {
    /// Invoices.
    pub invoices: HashMap<InvoiceId, Invoice>,
    /// Payments.
    pub payments: HashMap<PaymentId, Payment>,
    /// Credit notes.
    pub notes: HashMap<CreditNoteId, CreditNote>,
    /// Refunds.
    pub refunds: HashMap<RefundId, Refund>,
}

impl Entry {
    /// What an entry and its documents do not agree on.
    pub fn differences(&self, found: &Found) -> Result<Vec<Difference>, MoneyError> {
        let mut differences = Vec::new();
        if !self.postings.is_balanced() {
            differences.push(Difference::new(DifferenceKind::Unbalanced, &self.source));
        }
        let missing = || Difference::new(DifferenceKind::DocumentMissing, &self.source);
        match &self.source {
            Source::Issue { invoice, number } => match found.invoices.get(&invoice.id()) {
                Some(invoice) if invoice.issue().is_some_and(|issue| issue.number == *number) => {
                    let asked = Money::zero(invoice.total.currency).minus(self.income(invoice.total)?)?;
                    differences.extend(self.differs(asked, invoice.total));
                }
                _ => differences.push(missing()),
            },
            Source::Page { first, invoices, .. } => {
                let mut issued = Balances::default();
                for (line, sequence) in invoices.iter().zip(first.sequence..) {
                    let id = line.id();
                    let has = |invoice: &&Invoice| {
                        let number = invoice.issue().map(|issue| &issue.number);
                        number.is_some_and(|it| (it.sequence, it.year) == (sequence, first.year))
                    };
                    match found.invoices.get(&id).filter(has) {
                        Some(invoice) => {
                            let invoice = as_issued(invoice);
                            issued = issued.plus(&Balances::of_invoice(&invoice, self.posted_on)?)?;
                        }
                        None => differences.push(Difference::new(DifferenceKind::DocumentMissing, id)),
                    }
                }
                if differences.is_empty() && issued != self.postings {
                    differences.push(Difference::new(DifferenceKind::DocumentDiffers, &self.source));
                }
            }
            Source::Payment { payment, tries, .. } => match found.payments.get(payment) {
                None => differences.push(missing()),
                Some(payment) => {
                    if let Some(amount) = payment.received(*tries) {
                        differences.extend(self.differs(self.money(amount)?, amount));
                    }
                }
            },
            Source::Payments { currency, charges, .. } => {
                let mut sum = Money::zero(*currency);
                for PageCharge { invoice, tries, amount_minor } in charges {
                    let amount = Money::minor(*amount_minor, *currency);
                    sum = sum.plus(amount)?;
                    let Some(charge) = found.payments.get(&PaymentId::of_charge(invoice.id())) else {
                        differences.push(Difference::new(DifferenceKind::DocumentMissing, invoice.id()));
                        continue;
                    };
                    if let Some(received) = charge.received(*tries).filter(|it| *it != amount) {
                        let difference = Difference::new(DifferenceKind::DocumentDiffers, charge.id);
                        differences.push(difference.amounts(amount, received));
                    }
                }
                differences.extend(self.differs(self.money(sum)?, sum));
            }
            Source::Return { payment, .. } => {
                if !found.payments.contains_key(payment) {
                    differences.push(missing());
                }
            }
            Source::Credit { note, number, .. } => match found.notes.get(note) {
                Some(note) if note.number == *number => {
                    differences.extend(self.differs(self.income(note.amount)?, note.amount));
                }
                _ => differences.push(missing()),
            },
            Source::Refund { refund, .. } => match found.refunds.get(refund) {
                Some(refund) => {
                    let gone = Money::zero(refund.amount.currency).minus(self.money(refund.amount)?)?;
                    differences.extend(self.differs(gone, refund.amount));
                }
                None => differences.push(missing()),
            },
            Source::Sent { refund, .. } => {
                if !found.refunds.contains_key(refund) {
                    differences.push(missing());
                }
            }
            Source::WriteOff { invoice } => {
                let given_up = |invoice: &Invoice| matches!(invoice.state, InvoiceState::Uncollectible(_));
                if !found.invoices.get(&invoice.id()).is_some_and(given_up) {
                    differences.push(Difference::new(DifferenceKind::DocumentDiffers, &self.source));
                }
            }
        }
        Ok(differences)
    }

    fn differs(&self, ledger: Money, found: Money) -> Option<Difference> {
        let difference = || Difference::new(DifferenceKind::DocumentDiffers, &self.source);
        (ledger != found).then(|| difference().amounts(ledger, found))
    }

    /// What it posts to revenue, now or later, and to tax.
    fn income(&self, like: Money) -> Result<Money, MoneyError> {
        let accounts = [Account::DeferredRevenue, Account::Revenue, Account::Tax];
        self.postings.sum_of(&accounts, like.currency)
    }

    /// What it posts to where money is.
    fn money(&self, like: Money) -> Result<Money, MoneyError> {
        self.postings.sum_of(&Account::MONEY, like.currency)
    }
}

impl Payment {
    /// What it has brought, where it is still the try that is meant: of an earlier one nothing is left to
    /// compare with.
    fn received(&self, tries: u32) -> Option<Money> {
        let here = matches!(self.state, PaymentState::Paid { .. } | PaymentState::Returned { .. });
        let amount = if here { self.amount } else { Money::zero(self.amount.currency) };
        (self.tries == tries).then_some(amount)
    }
}

impl Invoice {
    /// Whether its sums can only be those of one payment, so that there is nothing more to compare.
    pub fn is_plain(&self, payment: Option<&Payment>) -> bool {
        let paid = payment.map_or(Money::zero(self.total.currency), |payment| payment.amount);
        self.paid == paid && self.credited.is_zero() && self.refunded.is_zero()
    }

    /// What it and its own payments, credit notes and refunds do not agree on.
    pub fn differences(
        &self,
        payments: &[Payment],
        notes: &[CreditNote],
        refunds: &[Refund],
    ) -> Result<Vec<Difference>, MoneyError> {
        let currency = self.total.currency;
        let received = payments.iter().filter(|payment| matches!(payment.state, PaymentState::Paid { .. }));
        let sums = [
            (DifferenceKind::PaymentsDiffer, self.paid, Money::sum(currency, received.map(|it| it.amount))?),
            (
                DifferenceKind::CreditsDiffer,
                self.credited,
                Money::sum(currency, notes.iter().map(|it| it.amount))?,
            ),
            (
                DifferenceKind::RefundsDiffer,
                self.refunded,
                Money::sum(currency, refunds.iter().map(|it| it.amount))?,
            ),
        ];
        let differ = sums.into_iter().filter(|(_, invoice, documents)| invoice != documents);
        Ok(differ
            .map(|(kind, invoice, found)| Difference::new(kind, self.id).amounts(invoice, found))
            .collect())
    }
}
