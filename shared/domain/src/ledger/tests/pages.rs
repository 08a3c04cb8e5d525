//! Entries of a run's pages.

use super::*;
use crate::billing::run::{PageInvoice, RunPage};
use crate::id::PersonId;

/// What is issued by the page is what is issued one by one, and what is paid since changes nothing of it.
#[test]
fn a_page_is_the_sum_of_its_invoices() {
    let on = date("2027-04-03");
    let one = issued(draft(10_000), 1, on);
    let mut two = issued(draft(20_000), 2, on);
    two.payer = PersonId::derived(&["sponsor"]);
    two.id = Invoice::id_of(two.enrollment, two.key, two.payer);
    let line = |invoice: &Invoice| PageInvoice {
        enrollment: invoice.enrollment,
        key: invoice.key,
        to: invoice.issue().expect("issued").period.to,
        payer: invoice.payer,
        payment_days: 14,
    };
    let source = Source::Page {
        run: RunId::derived(&["r"]),
        shard: 0,
        page: 1,
        first: gb().number(1, noon(on)),
        invoices: vec![line(&one), line(&two)],
    };
    let page = Entry::of_page(&gb(), source, &[one.clone(), two.clone()], noon(on)).expect("fits");
    let sum = Balances::of_invoice(&one, on).and_then(|it| it.plus(&Balances::of_invoice(&two, on)?));
    assert_eq!(Ok(page.postings.clone()), sum);
    assert!(page.postings.of(Account::Revenue, Gbp).amount_minor < 0, "two days of it are over");
    two.paid = pounds(24_000);
    let mut found = Found { invoices: [(one.id, one), (two.id, two.clone())].into(), ..Found::default() };
    assert_eq!(kinds(&page, &found), []);
    two.total = pounds(24_001);
    found.invoices.insert(two.id, two.clone());
    assert_eq!(kinds(&page, &found), [DifferenceKind::DocumentDiffers]);
    found.invoices.remove(&two.id);
    assert_eq!(kinds(&page, &found), [DifferenceKind::DocumentMissing]);
}

/// What is posted for a page is the sum of what would be posted one by one, and only what it asked for.
#[test]
fn what_a_page_is_paid_is_the_sum_of_its_payments() {
    let on = date("2027-04-03");
    let charged = |number: u64, by_page: bool| {
        let mut invoice = issued(draft(10_000 * i64::try_from(number).expect("small")), number, on);
        invoice.payer = PersonId::derived(&[&number.to_string()]);
        invoice.id = Invoice::id_of(invoice.enrollment, invoice.key, invoice.payer);
        let id = PaymentId::of_charge(invoice.id);
        let payment = Payment::pending(id, invoice.id, invoice.total, PaymentKind::Card, noon(on));
        let payment = Payment { by_page, ..payment.asked(1) };
        let (paid, payment) = invoice.clone().record_payment(payment, None, noon(on)).expect("owed");
        let alone = Payment { by_page: false, ..payment.clone() };
        let documents = Documents { payment: Some(&alone), ..Documents::default() };
        let alone = Entry::of_change(&gb(), &invoice, &paid, documents, noon(on)).expect("fits");
        let documents = Documents { payment: Some(&payment), ..Documents::default() };
        let here = Entry::of_change(&gb(), &invoice, &paid, documents, noon(on)).expect("fits");
        assert_eq!(here.len(), usize::from(!by_page), "said once");
        (paid, alone[0].postings.clone())
    };
    let [(one, first), (two, second), (three, _)] = [charged(1, true), charged(2, true), charged(3, false)];
    let page = RunPage {
        run: RunId::derived(&["r"]),
        entity: "GB".into(),
        on,
        shard: 0,
        number: 1,
        invoices: Vec::new(),
    };
    let invoices = [one.clone(), two.clone(), three];
    let entries = Entry::of_charges(&gb(), &page, &invoices, noon(on)).expect("fits");
    let [entry] = &entries[..] else { panic!("one way to pay: {entries:?}") };
    assert_eq!(Ok(entry.postings.clone()), first.plus(&second));
    assert_eq!(entry.source.invoices(), [InvoiceRef::of(&one), InvoiceRef::of(&two)]);
    let text = serde_json::to_string(entry).expect("writable");
    assert_eq!(serde_json::from_str::<Entry>(&text).expect("readable"), *entry);
    let found = |invoices: &[&Invoice]| Found {
        payments: invoices.iter().filter_map(|it| it.charge.clone()).map(|it| (it.id, it)).collect(),
        ..Found::default()
    };
    assert_eq!(kinds(entry, &found(&[&one, &two])), []);
    assert_eq!(kinds(entry, &found(&[&one])), [DifferenceKind::DocumentMissing]);
    let mut less = two.clone();
    less.charge.as_mut().expect("charged").amount = pounds(1);
    assert_eq!(kinds(entry, &found(&[&one, &less])), [DifferenceKind::DocumentDiffers]);
    let mut closing = Closing::first("GB".into(), on);
    closing = closing.read(entry, &found(&[&one, &two])).expect("fits");
    assert_eq!(closing.tally.payments, 2);
}
