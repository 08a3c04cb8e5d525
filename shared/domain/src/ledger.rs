//! The ledger: what each document of money means in double entry, and what was earned by a day.
//!
//! Every journal sums to zero per currency. A document's journal follows from the document alone, so that
//! whoever audits can make it again. Revenue is earned day by day and is nobody's document: it follows from
//! the invoices and the date.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::billing::days_between;
use crate::invoice::{CreditNote, Invoice, Issue, PaymentKind, Refund, RefundState};
use crate::money::{Currency, Money, MoneyError};

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

/// What one document means: postings that sum to zero.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journal {
    /// Its postings; none is of nothing.
    pub postings: Vec<Posting>,
}

/// Sums by account and currency.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Balances(BTreeMap<(Account, Currency), Money>);

impl Account {
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

impl Journal {
    /// An amount from one account to others, which take it in parts: debit the first, credit the others.
    fn of(debits: &[(Account, Money)], credits: &[(Account, Money)]) -> Result<Self, MoneyError> {
        let mut postings = Vec::with_capacity(debits.len() + credits.len());
        for (account, amount) in debits.iter().filter(|(_, amount)| !amount.is_zero()) {
            postings.push(Posting { account: *account, amount: *amount });
        }
        for (account, amount) in credits.iter().filter(|(_, amount)| !amount.is_zero()) {
            let amount = Money::zero(amount.currency).minus(*amount)?;
            postings.push(Posting { account: *account, amount });
        }
        Ok(Self { postings })
    }

    /// An invoice that is issued: what it asks for is owed, its net is yet to be earned, its tax is the
    /// state's. What was paid on its draft pays it.
    pub fn of_issue(invoice: &Invoice) -> Result<Self, MoneyError> {
        let tax = invoice.tax()?;
        let net = invoice.total.minus(tax)?;
        let before = invoice.paid.minus(invoice.refunded)?;
        let owed = invoice.total.minus(before)?;
        Self::of(
            &[(Account::Receivable, owed), (Account::CustomerCredit, before)],
            &[(Account::DeferredRevenue, net), (Account::Tax, tax)],
        )
    }

    /// Money that came for an invoice, issued or not.
    pub fn of_payment(amount: Money, kind: PaymentKind, issued: bool) -> Result<Self, MoneyError> {
        let pays = if issued { Account::Receivable } else { Account::CustomerCredit };
        Self::of(&[(Account::cash(kind), amount)], &[(pays, amount)])
    }

    /// Money that the payer's bank took back.
    pub fn of_return(amount: Money, kind: PaymentKind) -> Result<Self, MoneyError> {
        Self::of(&[(Account::Receivable, amount)], &[(Account::cash(kind), amount)])
    }

    /// A credit note, `before` which the invoice was as given. What is not earned yet is given back first;
    /// what was paid already becomes the payer's credit.
    pub fn of_credit(before: &Invoice, note: &CreditNote) -> Result<Self, MoneyError> {
        let currency = note.amount.currency;
        let tax = Money::sum(currency, note.taxes.iter().map(|line| line.amount))?;
        let net = note.amount.minus(tax)?;
        let deferred = match before.issue() {
            Some(issue) => deferred_on(before, issue, note.issued_on)?.at_most(net)?,
            None => Money::zero(currency),
        };
        let owed = before.owed()?;
        let nothing = Money::zero(currency);
        let owed = if owed.amount_minor > 0 { owed.at_most(note.amount)? } else { nothing };
        Self::of(
            &[
                (Account::DeferredRevenue, deferred),
                (Account::Revenue, net.minus(deferred)?),
                (Account::Tax, tax),
            ],
            &[(Account::Receivable, owed), (Account::CustomerCredit, note.amount.minus(owed)?)],
        )
    }

    /// Money that is to go back.
    pub fn of_refund(refund: &Refund) -> Result<Self, MoneyError> {
        Self::of(&[(Account::CustomerCredit, refund.amount)], &[(Account::Refunds, refund.amount)])
    }

    /// The parts of a refund that have gone, between two states of it.
    pub fn of_sent(before: &Refund, after: &Refund) -> Result<Self, MoneyError> {
        let gone = |refund: &Refund, index: usize| {
            refund.parts.get(index).is_some_and(|part| part.state != RefundState::Asked)
        };
        let mut journal = Self::default();
        for (index, part) in after.parts.iter().enumerate() {
            if gone(after, index) && !gone(before, index) {
                let cash = match &part.state {
                    // What finance sends by bank leaves the account that transfers come to.
                    RefundState::ByTransfer { .. } => Account::CashManual,
                    _ => Account::cash(part.method),
                };
                let sent = Self::of(&[(Account::Refunds, part.amount)], &[(cash, part.amount)])?;
                journal.postings.extend(sent.postings);
            }
        }
        Ok(journal)
    }

    /// An invoice that is given up.
    pub fn of_write_off(invoice: &Invoice) -> Result<Self, MoneyError> {
        let owed = invoice.owed()?;
        Self::of(&[(Account::BadDebt, owed)], &[(Account::Receivable, owed)])
    }

    /// What is earned of an invoice from one date to another, as its credit notes are now.
    pub fn of_earning(invoice: &Invoice, from: Date, to: Date) -> Result<Self, MoneyError> {
        let Some(issue) = invoice.issue() else { return Ok(Self::default()) };
        let earned = earned_before(invoice, issue, to)?.minus(earned_before(invoice, issue, from)?)?;
        Self::of(&[(Account::DeferredRevenue, earned)], &[(Account::Revenue, earned)])
    }
}

/// What of an invoice is earned before a date: its days so far of all of its days, half up, and never more
/// than its credit notes have left of it.
fn earned_before(invoice: &Invoice, issue: &Issue, date: Date) -> Result<Money, MoneyError> {
    let days = issue.period.days();
    let used = days_between(issue.period.from, date).min(days);
    let net = invoice.total.minus(invoice.tax()?)?;
    net.part(used.into(), days.into())?.at_most(kept(invoice)?)
}

/// What of an invoice is yet to be earned on a date, that day included.
fn deferred_on(invoice: &Invoice, issue: &Issue, date: Date) -> Result<Money, MoneyError> {
    kept(invoice)?.minus(earned_before(invoice, issue, date)?)
}

/// What its credit notes have left of an invoice's net.
fn kept(invoice: &Invoice) -> Result<Money, MoneyError> {
    let net = invoice.total.minus(invoice.tax()?)?;
    net.minus(invoice.credited.minus(invoice.credited_tax()?)?)
}

impl Balances {
    /// These balances with a journal posted.
    pub fn and(mut self, journal: &Journal) -> Result<Self, MoneyError> {
        for Posting { account, amount } in &journal.postings {
            let key = (*account, amount.currency);
            let balance = self.0.get(&key).copied().unwrap_or(Money::zero(amount.currency));
            self.0.insert(key, balance.plus(*amount)?);
        }
        Ok(self)
    }

    /// An account's balance: debit above zero.
    pub fn of(&self, account: Account, currency: Currency) -> Money {
        self.0.get(&(account, currency)).copied().unwrap_or(Money::zero(currency))
    }

    /// The sum over all accounts of a currency: zero, or something was posted on one side only.
    pub fn sum(&self, currency: Currency) -> Result<Money, MoneyError> {
        let of = self.0.iter().filter(|((_, of), _)| *of == currency);
        Money::sum(currency, of.map(|(_, amount)| *amount))
    }
}

#[cfg(test)]
mod tests {
    use jiff::{Timestamp, ToSpan};
    use proptest::prelude::*;

    use super::*;
    use crate::billing::{PeriodKey, Segment, Terms};
    use crate::enrollment::scenario_test::begun;
    use crate::id::{CreditNoteId, PaymentId, RefundId};
    use crate::invoice::{Credit, CreditReason, LegalEntity, Payment, PriceKind, TaxRule, Treatment, rate};
    use crate::money::Currency::Gbp;

    fn date(text: &str) -> Date {
        text.parse().expect("a date")
    }

    fn pounds(minor: i64) -> Money {
        Money::minor(minor, Gbp)
    }

    fn noon(day: Date) -> Timestamp {
        format!("{day}T12:00:00Z").parse().expect("an instant")
    }

    /// An issued invoice over April at a price, with 20 % of tax on top.
    fn issued(price: i64) -> Invoice {
        let tax = TaxRule {
            market: "GB".into(),
            since: date("2026-01-01"),
            treatment: Treatment::Standard { rate_basis_points: 2_000, price: PriceKind::Net },
            reverse_charge: None,
            source: "A law".into(),
        };
        let mut facts = begun("2027-04-01").billing_facts();
        facts.monthly_price = pounds(price);
        let draft = rate(&facts, PeriodKey::FIRST, &[tax], date("2027-04-01")).expect("fits").remove(0);
        let period = Segment::new(1, date("2027-04-01")).period(0);
        let now = noon(date("2027-04-01"));
        draft.open(&gb(), 1, period, Terms::OPENING.payment_days, now).expect("a draft")
    }

    fn gb() -> LegalEntity {
        LegalEntity::of_market("GB").expect("a market")
    }

    /// An invoice with the balances that its documents came to.
    struct Book {
        invoice: Invoice,
        balances: Balances,
        payments: Vec<Payment>,
        refunds: Vec<Refund>,
        documents: u32,
    }

    #[derive(Debug, Clone, Copy)]
    enum Act {
        Pay(i64),
        Credit(i64),
        Refund(i64),
        NextDay,
    }

    fn acts() -> impl Strategy<Value = Vec<Act>> {
        let act = prop_oneof![
            (1_i64..40_000).prop_map(Act::Pay),
            (1_i64..40_000).prop_map(Act::Credit),
            (1_i64..40_000).prop_map(Act::Refund),
            Just(Act::NextDay),
        ];
        prop::collection::vec(act, 0..60)
    }

    impl Book {
        fn post(&mut self, journal: &Journal) {
            let sum = journal.postings.iter().map(|posting| posting.amount);
            assert_eq!(Money::sum(Gbp, sum), Ok(pounds(0)), "a journal sums to zero");
            assert!(journal.postings.iter().all(|posting| !posting.amount.is_zero()));
            self.balances = std::mem::take(&mut self.balances).and(journal).expect("fits");
        }

        fn act(&mut self, act: Act, today: Date) {
            self.documents += 1;
            let name = self.documents.to_string();
            let before = self.invoice.clone();
            match act {
                Act::Pay(minor) => {
                    let id = PaymentId::derived(&[&name]);
                    let kind = PaymentKind::Sandbox;
                    let payment = Payment::pending(id, before.id, pounds(minor), kind, noon(today));
                    let Ok((invoice, payment)) = before.record_payment(payment, None, noon(today)) else {
                        return;
                    };
                    self.post(&Journal::of_payment(payment.amount, kind, true).expect("fits"));
                    self.payments.push(payment);
                    self.invoice = invoice;
                }
                Act::Credit(minor) => {
                    let (id, reason) =
                        (CreditNoteId::derived(&[&name]), CreditReason::Decided { text: "x".into() });
                    let credit = Credit { id, amount: pounds(minor), reason };
                    let Ok((invoice, note)) = before.clone().credit(credit, &gb(), 1, noon(today)) else {
                        return;
                    };
                    self.post(&Journal::of_credit(&before, &note).expect("fits"));
                    self.invoice = invoice;
                }
                Act::Refund(minor) => {
                    let overpaid = before.overpaid().expect("fits");
                    let Ok(amount) = pounds(minor).at_most(overpaid) else { return };
                    let id = RefundId::derived(&[&name]);
                    let refunded =
                        before.refund(id, amount, "x".into(), &self.payments, &self.refunds, noon(today));
                    let Ok((invoice, refund)) = refunded else { return };
                    self.post(&Journal::of_refund(&refund).expect("fits"));
                    let mut sent = refund.clone();
                    for part in &mut sent.parts {
                        part.state = RefundState::Sent { reference: "r".into(), sent_at: noon(today) };
                    }
                    self.post(&Journal::of_sent(&refund, &sent).expect("fits"));
                    self.refunds.push(sent);
                    self.invoice = invoice;
                }
                Act::NextDay => {}
            }
        }
    }

    proptest! {
        #[test]
        fn the_ledger_says_what_the_documents_say(price in 1_i64..60_000, acts in acts()) {
            let invoice = issued(price);
            let mut book = Book { invoice: invoice.clone(), balances: Balances::default(), payments: vec![], refunds: vec![], documents: 0 };
            book.post(&Journal::of_issue(&invoice).expect("fits"));
            let mut today = date("2027-04-01");
            for act in acts.into_iter().chain([Act::NextDay; 31]) {
                book.act(act, today);
                if matches!(act, Act::NextDay) {
                    let tomorrow = today.saturating_add(1.day());
                    let earned = Journal::of_earning(&book.invoice, today, tomorrow).expect("fits");
                    book.post(&earned);
                    today = tomorrow;
                }
                let (invoice, of) = (&book.invoice, |account| book.balances.of(account, Gbp).amount_minor);
                let owed = invoice.owed().expect("fits").amount_minor;
                prop_assert_eq!(of(Account::Receivable), owed.max(0));
                prop_assert_eq!(of(Account::CustomerCredit), -(-owed).max(0));
                prop_assert_eq!(of(Account::CashSandbox), invoice.paid.minus(invoice.refunded).expect("fits").amount_minor);
                prop_assert_eq!(of(Account::Refunds), 0);
                prop_assert!(of(Account::DeferredRevenue) <= 0 && of(Account::Revenue) <= 0);
                prop_assert_eq!(book.balances.sum(Gbp), Ok(pounds(0)));
            }
            // The month is over: what was kept of it is earned, and nothing is left to be.
            let of = |account| book.balances.of(account, Gbp).amount_minor;
            prop_assert_eq!(of(Account::DeferredRevenue), 0);
            prop_assert_eq!(-of(Account::Revenue), kept(&book.invoice).expect("fits").amount_minor);
            let tax = book.invoice.tax().expect("fits").minus(book.invoice.credited_tax().expect("fits"));
            prop_assert_eq!(-of(Account::Tax), tax.expect("fits").amount_minor);
        }
    }

    #[test]
    fn money_on_a_draft_is_the_payers_until_the_invoice_is_issued() {
        let mut invoice = issued(10_000);
        invoice.paid = pounds(12_000);
        let paid = Journal::of_payment(pounds(12_000), PaymentKind::Manual, false).expect("fits");
        let issue = Journal::of_issue(&invoice).expect("fits");
        let balances = Balances::default().and(&paid).and_then(|it| it.and(&issue)).expect("fits");
        let of = |account| balances.of(account, Gbp).amount_minor;
        assert_eq!((of(Account::Receivable), of(Account::CustomerCredit)), (0, 0));
        assert_eq!(
            (of(Account::CashManual), of(Account::DeferredRevenue), of(Account::Tax)),
            (12_000, -10_000, -2_000)
        );
    }

    #[test]
    fn what_is_given_up_is_owed_by_nobody() {
        let invoice = issued(10_000);
        let issue = Journal::of_issue(&invoice).expect("fits");
        let given_up = Journal::of_write_off(&invoice).expect("fits");
        let balances = Balances::default().and(&issue).and_then(|it| it.and(&given_up)).expect("fits");
        assert_eq!(balances.of(Account::Receivable, Gbp), pounds(0));
        assert_eq!(balances.of(Account::BadDebt, Gbp), pounds(12_000));
    }
}
