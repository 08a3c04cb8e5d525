//! The ledger: double entry, per legal entity and currency.
//!
//! What an invoice stands for on a date follows from the invoice alone ([`Balances::of_invoice`]). An entry is
//! the difference that one document made to that, with the money that came or went: so every entry sums
//! to zero, and the sum of an invoice's entries is what the invoice says. Revenue is earned day by day and is
//! nobody's document: it is posted when a day is closed, from what is yet to be earned ([`Earnings`]).

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::invoice::{Invoice, InvoiceState, PaymentKind};
use crate::money::{Currency, Money, MoneyError};

mod charges; // what a page's invoices were paid at once
mod closing; // a day is closed
mod difference; // what does not agree
mod earning; // what is yet to be earned
mod entry; // what one document means
mod series; // numbers without a gap

pub use charges::PageCharge;
pub use closing::{Closed, Closing, Tally};
pub use difference::{Difference, DifferenceKind, Differences, Found};
pub use earning::{Earning, Earnings};
pub use entry::{Documents, Entry, InvoiceRef, Source};
pub use series::Series;

/// An account of a legal entity's ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Account {
    /// What payers owe.
    Receivable,
    /// What was invoiced for days that are yet to come.
    DeferredRevenue,
    /// What was earned.
    Revenue,
    /// Money that came by transfer.
    CashManual,
    /// Money at the local stack's provider.
    CashSandbox,
    /// Money at the cards' provider.
    CashCard,
    /// Money that direct debits brought.
    CashSepaDebit,
    /// What payers have paid beyond what they owe.
    CustomerCredit,
    /// Tax that is owed to the state.
    Tax,
    /// Money on its way back to payers.
    Refunds,
    /// What was given up.
    BadDebt,
}

/// An amount on an account: debit above zero, credit below.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posting {
    /// The account.
    pub account: Account,
    /// The amount.
    pub amount: Money,
}

/// Sums by account and currency, none of them nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<Posting>", into = "Vec<Posting>")]
pub struct Balances(BTreeMap<(Account, Currency), i64>);

impl Account {
    /// Where money is, or goes from.
    pub const MONEY: [Self; 5] =
        [Self::CashManual, Self::CashSandbox, Self::CashCard, Self::CashSepaDebit, Self::Refunds];

    /// The side that an account can only be on: debit or not. Cash may be short for a while: what is sent
    /// back by bank leaves the account for transfers, however the money had come.
    pub(super) const SIDES: [(Self, bool); 6] = [
        (Self::Receivable, true),
        (Self::BadDebt, true),
        (Self::DeferredRevenue, false),
        (Self::CustomerCredit, false),
        (Self::Tax, false),
        (Self::Refunds, false),
    ];

    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Receivable => "receivable",
            Self::DeferredRevenue => "deferred_revenue",
            Self::Revenue => "revenue",
            Self::CashManual => "cash_manual",
            Self::CashSandbox => "cash_sandbox",
            Self::CashCard => "cash_card",
            Self::CashSepaDebit => "cash_sepa_debit",
            Self::CustomerCredit => "customer_credit",
            Self::Tax => "tax",
            Self::Refunds => "refunds",
            Self::BadDebt => "bad_debt",
        }
    }

    /// Where money lies that came this way.
    pub const fn cash(kind: PaymentKind) -> Self {
        match kind {
            PaymentKind::Manual => Self::CashManual,
            PaymentKind::Sandbox => Self::CashSandbox,
            PaymentKind::Card => Self::CashCard,
            PaymentKind::SepaDebit => Self::CashSepaDebit,
        }
    }
}

impl Balances {
    /// What an invoice stands for on a date: what is owed or was paid too much, what is earned of it and
    /// what is yet to be, its tax. The money itself is not in it.
    pub fn of_invoice(invoice: &Invoice, on: Date) -> Result<Self, MoneyError> {
        let Some(issue) = invoice.issue() else {
            // Money on a draft is its payer's.
            return Self::default().credit(Account::CustomerCredit, invoice.refundable()?);
        };
        let owed = invoice.owed()?;
        let owes = match invoice.state {
            _ if owed.amount_minor < 0 => Account::CustomerCredit,
            InvoiceState::Uncollectible(_) => Account::BadDebt,
            _ => Account::Receivable,
        };
        let earning = Earning::of(invoice, issue)?;
        let earned = earning.before(on)?;
        Self::default()
            .debit(owes, owed)?
            .credit(Account::DeferredRevenue, earning.kept().minus(earned)?)?
            .credit(Account::Revenue, earned)?
            .credit(Account::Tax, invoice.tax()?.minus(invoice.credited_tax()?)?)
    }

    /// These with an amount debited.
    pub fn debit(mut self, account: Account, amount: Money) -> Result<Self, MoneyError> {
        let key = (account, amount.currency);
        let balance = self.0.remove(&key).unwrap_or(0);
        let balance = balance.checked_add(amount.amount_minor).ok_or(MoneyError::TooLarge)?;
        if balance != 0 {
            self.0.insert(key, balance);
        }
        Ok(self)
    }

    /// These with an amount credited.
    pub fn credit(self, account: Account, amount: Money) -> Result<Self, MoneyError> {
        self.debit(account, Money::zero(amount.currency).minus(amount)?)
    }

    /// The sum of both.
    pub fn plus(self, other: &Self) -> Result<Self, MoneyError> {
        other.postings().try_fold(self, |sum, Posting { account, amount }| sum.debit(account, amount))
    }

    /// What these are more than others.
    pub fn minus(self, other: &Self) -> Result<Self, MoneyError> {
        other.postings().try_fold(self, |sum, Posting { account, amount }| sum.credit(account, amount))
    }

    /// An account's balance: debit above zero.
    pub fn of(&self, account: Account, currency: Currency) -> Money {
        Money::minor(self.0.get(&(account, currency)).copied().unwrap_or(0), currency)
    }

    /// Every account with a balance.
    pub fn postings(&self) -> impl Iterator<Item = Posting> {
        let posting = |((account, currency), minor): (&(Account, Currency), &i64)| Posting {
            account: *account,
            amount: Money::minor(*minor, *currency),
        };
        self.0.iter().map(posting)
    }

    /// The currencies that something is kept in.
    pub fn currencies(&self) -> Vec<Currency> {
        let mut currencies = Vec::from_iter(self.0.keys().map(|(_, currency)| *currency));
        currencies.sort_unstable();
        currencies.dedup();
        currencies
    }

    /// The sum over some accounts of a currency; over all of them it is zero, or something was posted on
    /// one side only.
    pub fn sum_of(&self, accounts: &[Account], currency: Currency) -> Result<Money, MoneyError> {
        let of =
            self.postings().filter(|it| it.amount.currency == currency && accounts.contains(&it.account));
        Money::sum(currency, of.map(|posting| posting.amount))
    }

    /// Whether they sum to zero in each currency.
    pub fn is_balanced(&self) -> bool {
        let sum = |currency| {
            self.0.iter().filter(move |((_, of), _)| *of == currency).map(|(_, it)| i128::from(*it))
        };
        self.currencies().into_iter().all(|currency| sum(currency).sum::<i128>() == 0)
    }
}

impl From<Vec<Posting>> for Balances {
    fn from(postings: Vec<Posting>) -> Self {
        let posting =
            |Posting { account, amount }: Posting| ((account, amount.currency), amount.amount_minor);
        Self(postings.into_iter().map(posting).filter(|(_, minor)| *minor != 0).collect())
    }
}

impl From<Balances> for Vec<Posting> {
    fn from(balances: Balances) -> Self {
        balances.postings().collect()
    }
}

#[cfg(test)]
mod tests;
