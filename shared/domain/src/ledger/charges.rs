//! What a page's invoices were paid when their providers were asked: one entry for all of it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Account, Balances, Earnings, Entry, InvoiceRef, Source};
use crate::billing::PeriodKey;
use crate::billing::run::{InvalidLine, RunPage, read};
use crate::invoice::{Invoice, LegalEntity, PaymentState};
use crate::money::{Money, MoneyError};

/// A payment of a page. Stored as one line of text, since a page has many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PageCharge {
    /// Of which invoice.
    pub invoice: InvoiceRef,
    /// How often it had been asked for.
    pub tries: u32,
    /// How much, in the currency of its entry.
    pub amount_minor: i64,
}

impl From<PageCharge> for String {
    fn from(charge: PageCharge) -> Self {
        let PageCharge { invoice: InvoiceRef { enrollment, key, payer }, tries, amount_minor } = charge;
        let PeriodKey { segment, k } = key;
        format!("{enrollment} {segment} {k} {payer} {tries} {amount_minor}")
    }
}

impl TryFrom<String> for PageCharge {
    type Error = InvalidLine;

    fn try_from(line: String) -> Result<Self, InvalidLine> {
        let words = Vec::from_iter(line.split(' '));
        let [enrollment, segment, k, payer, tries, amount_minor] = words[..] else { return Err(InvalidLine) };
        let key = PeriodKey { segment: read(segment)?, k: read(k)? };
        let invoice = InvoiceRef { enrollment: read(enrollment)?, key, payer: read(payer)? };
        Ok(Self { invoice, tries: read(tries)?, amount_minor: read(amount_minor)? })
    }
}

impl Entry {
    /// That a page's invoices were paid while it was collected: an entry for each way that money came. Money
    /// that pays what is owed is all that a page may take, so that each payment makes cash of a receivable.
    pub fn of_charges(
        issuer: &LegalEntity,
        page: &RunPage,
        invoices: &[Invoice],
        now: Timestamp,
    ) -> Result<Vec<Self>, MoneyError> {
        let mut by_method = BTreeMap::new();
        for invoice in invoices {
            let Some(charge) = invoice.charge.as_ref().filter(|charge| charge.by_page) else { continue };
            if let PaymentState::Paid { .. } | PaymentState::Returned { .. } = charge.state {
                let (invoice, tries) = (InvoiceRef::of(invoice), charge.tries);
                let line = PageCharge { invoice, tries, amount_minor: charge.amount.amount_minor };
                let key = (charge.method, charge.amount.currency);
                by_method.entry(key).or_insert_with(Vec::new).push(line);
            }
        }
        let entry = |((method, currency), charges): (_, Vec<PageCharge>)| {
            let amounts = charges.iter().map(|charge| Money::minor(charge.amount_minor, currency));
            let sum = Money::sum(currency, amounts)?;
            let postings = Balances::default().debit(Account::cash(method), sum)?;
            let postings = postings.credit(Account::Receivable, sum)?;
            let RunPage { run, shard, number, .. } = *page;
            let source = Source::Payments { run, shard, page: number, method, currency, charges };
            Ok(Self::new(issuer, source, postings, Earnings::default(), now))
        };
        by_method.into_iter().map(entry).collect()
    }
}
