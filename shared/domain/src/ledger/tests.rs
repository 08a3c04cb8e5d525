//! Any life of an invoice, booked document by document and closed day by day.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;

use super::*;
use crate::billing::{PeriodKey, Segment, Terms};
use crate::enrollment::scenario_test::begun;
use crate::id::{CreditNoteId, PaymentId, RefundId, RunId};
use crate::invoice::{
    Credit, CreditNote, CreditReason, LegalEntity, Payment, PriceKind, Refund, RefundState, TaxRule,
    Treatment, rate,
};
use crate::money::Currency::Gbp;

mod pages; // one entry for what a run's page issued, one for what it was paid

fn date(text: &str) -> Date {
    text.parse().expect("a date")
}

fn pounds(minor: i64) -> Money {
    Money::minor(minor, Gbp)
}

fn noon(day: Date) -> Timestamp {
    format!("{day}T12:00:00Z").parse().expect("an instant")
}

fn gb() -> LegalEntity {
    LegalEntity::of_market("GB").expect("a market")
}

/// A draft over April at a price, with 20 % of tax on top.
fn draft(price: i64) -> Invoice {
    let tax = TaxRule {
        market: "GB".into(),
        since: date("2026-01-01"),
        treatment: Treatment::Standard { rate_basis_points: 2_000, price: PriceKind::Net },
        reverse_charge: None,
        source: "A law".into(),
    };
    let mut facts = begun("2027-04-01").billing_facts();
    facts.monthly_price = pounds(price);
    rate(&facts, PeriodKey::FIRST, &[tax], date("2027-04-01")).expect("fits").remove(0)
}

/// It, issued on a date.
fn issued(draft: Invoice, sequence: u64, on: Date) -> Invoice {
    let period = Segment::new(1, date("2027-04-01")).period(0);
    draft.open(&gb(), sequence, period, Terms::OPENING.payment_days, noon(on)).expect("a draft")
}

/// An invoice with its documents, and the ledger's day.
struct Book {
    invoice: Invoice,
    payments: Vec<Payment>,
    notes: Vec<CreditNote>,
    refunds: Vec<Refund>,
    acts: u32,
    closing: Closing,
    open: Earnings,
    entries: Vec<Entry>,
    closed: Option<Closed>,
}

#[derive(Debug, Clone, Copy)]
enum Act {
    Pay(i64),
    PayTooMuch(i64),
    Return,
    Credit(i64),
    Refund(i64),
    GiveUp,
    NextDay,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        3 => (1_i64..40_000).prop_map(Act::Pay),
        1 => (1_i64..40_000).prop_map(Act::PayTooMuch),
        1 => Just(Act::Return),
        3 => (1_i64..40_000).prop_map(Act::Credit),
        3 => (1_i64..40_000).prop_map(Act::Refund),
        1 => Just(Act::GiveUp),
        4 => Just(Act::NextDay),
    ];
    prop::collection::vec(act, 0..60)
}

impl Book {
    fn of(invoice: Invoice, day: Date) -> Self {
        Self {
            invoice,
            payments: vec![],
            notes: vec![],
            refunds: vec![],
            acts: 0,
            closing: Closing::first("GB".into(), day),
            open: Earnings::default(),
            entries: vec![],
            closed: None,
        }
    }

    fn change(&mut self, after: Invoice, documents: Documents<'_>) {
        let now = noon(self.closing.day);
        let entries = Entry::of_change(&gb(), &self.invoice, &after, documents, now).expect("fits");
        self.entries.extend(entries);
        self.invoice = after;
    }

    fn pay(&mut self, minor: i64, too_much: bool) {
        let now = noon(self.closing.day);
        let id = PaymentId::derived(&[&self.acts.to_string()]);
        let payment = Payment::pending(id, self.invoice.id, pounds(minor), PaymentKind::Sandbox, now);
        let before = self.invoice.clone();
        let paid = if too_much {
            before.record_surplus(payment, "r".into(), now)
        } else {
            before.record_payment(payment, None, now)
        };
        let Ok((after, payment)) = paid else { return };
        self.change(after, Documents { payment: Some(&payment), ..Documents::default() });
        self.payments.push(payment);
    }

    fn act(&mut self, act: Act) {
        self.acts += 1;
        let (name, now) = (self.acts.to_string(), noon(self.closing.day));
        match act {
            Act::Pay(minor) => self.pay(minor, false),
            Act::PayTooMuch(minor) => self.pay(minor, true),
            Act::Return => {
                let Some(payment) = self.payments.last().filter(|_| self.refunds.is_empty()) else { return };
                let returned = self.invoice.clone().return_debit(payment.clone(), "AM04".into(), now);
                let (after, payment) = returned.expect("one that had come");
                if after.paid != self.invoice.paid {
                    let entries = Entry::of_return(&gb(), &self.invoice, &after, &payment, now);
                    self.entries.extend(entries.expect("fits"));
                }
                self.invoice = after;
                self.payments.pop();
                self.payments.push(payment);
            }
            Act::Credit(minor) => {
                let (id, reason) =
                    (CreditNoteId::derived(&[&name]), CreditReason::Decided { text: "x".into() });
                let credit = Credit { id, amount: pounds(minor), reason };
                let sequence = self.notes.len() as u64 + 1;
                let Ok((after, note)) = self.invoice.clone().credit(credit, &gb(), sequence, now) else {
                    return;
                };
                self.change(after, Documents { note: Some(&note), ..Documents::default() });
                self.notes.push(note);
            }
            Act::Refund(minor) => {
                let Ok(amount) = pounds(minor).at_most(self.invoice.overpaid().expect("fits")) else {
                    return;
                };
                let (id, before) = (RefundId::derived(&[&name]), self.invoice.clone());
                let refunded = before.refund(id, amount, "x".into(), &self.payments, &self.refunds, now);
                let Ok((after, refund)) = refunded else { return };
                self.change(after, Documents { refund: Some(&refund), ..Documents::default() });
                let mut sent = refund.clone();
                for (revision, state) in [
                    RefundState::Sent { reference: "r".into(), sent_at: now },
                    RefundState::ByTransfer { refused: Some("closed".into()) },
                ]
                .into_iter()
                .enumerate()
                {
                    let before = sent.clone();
                    sent.parts.iter_mut().for_each(|part| part.state = state.clone());
                    let entry = Entry::of_sent(&gb(), &before, &sent, revision as u64, now).expect("fits");
                    self.entries.extend(entry);
                }
                self.refunds.push(sent);
            }
            Act::GiveUp => {
                let today = self.closing.day;
                let late = self.invoice.clone().past_due(today).and_then(Invoice::write_off);
                if let Ok(after) = late {
                    self.change(after, Documents::default());
                }
            }
            Act::NextDay => self.close(),
        }
    }

    fn found(&self) -> Found {
        Found {
            invoices: [(self.invoice.id, self.invoice.clone())].into(),
            payments: self.payments.iter().map(|it| (it.id, it.clone())).collect(),
            notes: self.notes.iter().map(|it| (it.id, it.clone())).collect(),
            refunds: self.refunds.iter().map(|it| (it.id, it.clone())).collect(),
        }
    }

    fn close(&mut self) {
        let found = self.found();
        let mut closing = self.closing.clone();
        for entry in std::mem::take(&mut self.entries) {
            closing = closing.read(&entry, &found).expect("fits");
        }
        let now = noon(closing.day);
        let (closed, open, next) = closing.close(&self.open, now).expect("fits");
        assert_eq!(closed.differences, Differences::default());
        assert!(closed.balances.is_balanced());
        let says = Balances::of_invoice(&self.invoice, next.day).expect("fits");
        for account in [
            Account::Receivable,
            Account::CustomerCredit,
            Account::BadDebt,
            Account::DeferredRevenue,
            Account::Revenue,
            Account::Tax,
        ] {
            assert_eq!(closed.balances.of(account, Gbp), says.of(account, Gbp), "{account:?}");
        }
        let money = closed.balances.sum_of(&Account::MONEY, Gbp).expect("fits");
        assert_eq!(Ok(money), self.invoice.refundable());
        assert_eq!(closed.balances.of(Account::Refunds, Gbp), pounds(0));
        let checked = self.invoice.differences(&self.payments, &self.notes, &self.refunds);
        assert_eq!(checked, Ok(vec![]));
        (self.closing, self.open, self.closed) = (next, open, Some(closed));
    }
}

proptest! {
    /// Invariant: whatever happens to an invoice, each day's balances are what its documents say.
    #[test]
    fn the_ledger_says_what_the_documents_say(
        price in 1_i64..60_000,
        before in 0_i64..60_000,
        late in 0_i64..40,
        acts in acts(),
    ) {
        let day = date("2027-04-01").saturating_add(late.days());
        let mut book = Book::of(draft(price), day);
        // Some of it is paid while it is a draft.
        book.pay(before, false);
        let after = issued(book.invoice.clone(), 1, day);
        book.change(after, Documents::default());
        for act in acts.into_iter().chain([Act::NextDay; 32]) {
            book.act(act);
        }
        let closed = book.closed.expect("closed");
        prop_assert!(book.open.is_empty(), "the month is over");
        let left = closed.balances.of(Account::DeferredRevenue, Gbp);
        prop_assert_eq!(left, pounds(0));
    }

    /// A page's invoices are earned together as they would be one by one.
    #[test]
    fn alike_invoices_are_earned_together(price in 1_i64..60_000, count in 1_usize..6, day in 0_i64..31) {
        let invoice = issued(draft(price), 1, date("2027-04-01"));
        let issue = invoice.issue().expect("issued").clone();
        let earning = Earning::of(&invoice, &issue).expect("fits");
        let all = Earnings::default().with(earning, count as i64);
        let from = date("2027-04-01").saturating_add(day.days());
        let to = from.saturating_add(1.day());
        let each = earning.before(to).and_then(|it| it.minus(earning.before(from)?)).expect("fits");
        let together = all.between(from, to).expect("fits");
        prop_assert_eq!(together.get(&Gbp).copied(), each.times(count as u32).ok());
    }
}

#[test]
fn money_on_a_draft_is_the_payers_until_the_invoice_is_issued() {
    let mut book = Book::of(draft(10_000), date("2027-04-01"));
    book.pay(12_000, false);
    let [payment] = &book.entries[..] else { panic!("one entry") };
    assert_eq!(payment.postings.of(Account::CustomerCredit, Gbp), pounds(-12_000));
    let after = issued(book.invoice.clone(), 1, date("2027-04-01"));
    book.change(after, Documents::default());
    book.close();
    let balances = book.closed.expect("closed").balances;
    let of = |account| balances.of(account, Gbp).amount_minor;
    assert_eq!((of(Account::Receivable), of(Account::CustomerCredit)), (0, 0));
    assert_eq!((of(Account::CashSandbox), of(Account::Tax)), (12_000, -2_000));
    assert_eq!((of(Account::DeferredRevenue), of(Account::Revenue)), (-9_667, -333), "one of 30 days");
}

/// A closing with one entry, and what did not agree.
fn kinds(entry: &Entry, found: &Found) -> Vec<DifferenceKind> {
    let closing = Closing::first("GB".into(), date("2027-04-01")).read(entry, found).expect("fits");
    closing.differences.named.iter().map(|difference| difference.kind).collect()
}

#[test]
fn what_does_not_agree_is_named() {
    let mut book = Book::of(draft(10_000), date("2027-04-01"));
    let after = issued(book.invoice.clone(), 7, date("2027-04-01"));
    book.change(after, Documents::default());
    book.pay(12_000, false);
    let [issue, payment] = &book.entries[..] else { panic!("two entries") };
    assert_eq!(kinds(issue, &book.found()), []);
    assert_eq!(kinds(payment, &book.found()), []);
    assert_eq!(kinds(issue, &Found::default()), [DifferenceKind::DocumentMissing]);
    assert_eq!(kinds(payment, &Found::default()), [DifferenceKind::DocumentMissing]);

    let mut other = book.found();
    other.payments.values_mut().for_each(|payment| payment.amount = pounds(11_999));
    assert_eq!(kinds(payment, &other), [DifferenceKind::DocumentDiffers]);
    let mut one_sided = payment.clone();
    one_sided.postings = one_sided.postings.debit(Account::Receivable, pounds(1)).expect("fits");
    assert_eq!(kinds(&one_sided, &book.found()), [DifferenceKind::Unbalanced]);

    let invoice = &book.invoice;
    let unpaid = invoice.differences(&[], &book.notes, &book.refunds).expect("fits");
    let expected = Difference::new(DifferenceKind::PaymentsDiffer, invoice.id);
    assert_eq!(unpaid, [expected.amounts(pounds(12_000), pounds(0))]);

    // The first six numbers are nobody's, and the seventh is given twice.
    let closing = book.closing.clone().read(issue, &book.found()).expect("fits");
    let closing = closing.read(issue, &book.found()).expect("fits");
    let (closed, ..) = closing.close(&Earnings::default(), noon(date("2027-04-01"))).expect("fits");
    let named = closed.differences.named.iter().map(|it| (it.kind, it.of.as_str()));
    assert_eq!(
        Vec::from_iter(named),
        [
            (DifferenceKind::NumberTwice, "GB-2027-000007"),
            (DifferenceKind::NumberMissing, "GB-2027-000001 to 000006"),
        ]
    );

    // Something was posted to what is yet to be earned that no invoice explains.
    let mut closing = book.closing.clone();
    closing.balances = Balances::default()
        .credit(Account::DeferredRevenue, pounds(5))
        .expect("fits")
        .debit(Account::CustomerCredit, pounds(5))
        .expect("fits");
    let (closed, ..) = closing.close(&Earnings::default(), noon(date("2027-04-01"))).expect("fits");
    let named = closed.differences.named.iter().map(|it| it.kind);
    assert_eq!(Vec::from_iter(named), [DifferenceKind::EarningsDiffer, DifferenceKind::WrongSide]);
}
