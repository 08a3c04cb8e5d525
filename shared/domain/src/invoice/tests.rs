use proptest::prelude::*;

use super::*;
use crate::billing::Segment;
use crate::enrollment::{Application, Enrollment, Offer};
use crate::id::PaymentId;
use crate::time::Zone;

fn date(text: &str) -> Date {
    text.parse().expect("a date")
}

fn noon(day: &str) -> Timestamp {
    format!("{day}T12:00:00Z").parse().expect("an instant")
}

fn pounds(minor: i64) -> Money {
    Money::minor(minor, Currency::Gbp)
}

fn draft() -> Invoice {
    let offer = Offer {
        degree: "web-development".parse().expect("a slug"),
        edition: "web-development-gb".parse().expect("a slug"),
        market: "GB".into(),
        version: 1,
        languages: vec!["en".into()],
        accredited: vec![],
        monthly_price: pounds(30_000),
        contract_version: 1,
    };
    let application = Application {
        id: EnrollmentId::derived(&["maya"]),
        student: PersonId::derived(&["maya"]),
        language: "en".into(),
        time_zone: Zone::utc(),
        hours_per_week: 20,
        start_on: date("2027-02-07"),
        recognized_skills: Default::default(),
    };
    let enrollment = Enrollment::apply(application, &offer).expect("20 hours");
    let drafts = rate(&enrollment.billing_facts(), PeriodKey::FIRST, &[], date("2027-02-07")).expect("fits");
    drafts.into_iter().next().expect("a month that costs something")
}

fn try_open(invoice: Invoice) -> Result<Invoice, OpenRefused> {
    let period = Segment::new(1, date("2027-02-07")).period(0);
    let issuer = LegalEntity::of_market("GB").expect("a market");
    invoice.open(&issuer, 1, period, Terms::OPENING.payment_days, noon("2027-02-07"))
}

fn open() -> Invoice {
    try_open(draft()).expect("a draft")
}

fn payment(name: &str, minor: i64) -> Payment {
    let id = PaymentId::derived(&[name]);
    Payment::pending(id, draft().id, pounds(minor), PaymentKind::Manual, noon("2027-02-07"))
}

fn paid(invoice: Invoice, payment: Payment) -> (Invoice, Payment) {
    invoice.record_payment(payment, None, noon("2027-02-08")).expect("owed")
}

#[test]
fn a_draft_has_neither_number_nor_period_and_may_be_paid() {
    let (invoice, _) = paid(draft(), payment("a", 30_000));
    assert_eq!((invoice.state.word(), invoice.issue()), ("draft", None));
    let invoice = try_open(invoice).expect("a draft");
    let issue = invoice.issue().expect("issued");
    assert_eq!((invoice.state.word(), issue.number.to_string().as_str()), ("paid", "GB-2027-000001"));
    assert_eq!((issue.period.from, issue.period.to), (date("2027-02-07"), date("2027-03-07")));
}

#[test]
fn an_invoice_is_opened_once_in_its_issuers_currency() {
    assert_eq!(try_open(open()), Err(OpenRefused::NotDraft { state: "open" }));
    let next = Segment::new(1, date("2027-02-07")).period(1);
    let gb = LegalEntity::of_market("GB").expect("a market");
    let refused = draft().open(&gb, 1, next, Terms::OPENING.payment_days, noon("2027-03-07"));
    assert_eq!(refused, Err(OpenRefused::OtherPeriod { expected: 0 }));
    let fr = LegalEntity::of_market("FR").expect("a market");
    let first = Segment::new(1, date("2027-02-07")).period(0);
    let refused = draft().open(&fr, 1, first, Terms::OPENING.payment_days, noon("2027-02-07"));
    assert!(matches!(refused, Err(OpenRefused::OtherCurrency { .. })));
}

#[test]
fn one_period_and_payer_make_one_invoice() {
    let (enrollment, student) = (EnrollmentId::derived(&["maya"]), PersonId::derived(&["maya"]));
    let id = |segment, k, payer| Invoice::id_of(enrollment, PeriodKey { segment, k }, payer);
    assert_eq!(id(1, 0, student), draft().id);
    assert_ne!(id(1, 11, student), id(11, 1, student));
    assert_ne!(id(1, 0, PersonId::derived(&["sponsor"])), draft().id);
}

#[test]
fn nobody_pays_more_than_is_owed_or_nothing() {
    let check = |minor, refused: PaymentRefused| {
        let result = open().record_payment(payment("a", minor), None, noon("2027-02-08"));
        assert_eq!(result, Err(refused));
    };
    check(30_001, PaymentRefused::MoreThanOwed { owed: pounds(30_000) });
    check(0, PaymentRefused::NotPositive);
    check(-1, PaymentRefused::NotPositive);
    let (invoice, _) = paid(open(), payment("a", 30_000));
    assert_eq!(invoice.check_payable(pounds(1)), Err(PaymentRefused::NotPayable { state: "paid" }));
    assert!(matches!(open().check_payable(Money::minor(1, Currency::Eur)), Err(PaymentRefused::Money(_))));
}

#[test]
fn word_of_a_payment_again_changes_nothing() {
    let (invoice, received) = paid(open(), payment("a", 30_000));
    let late_word = received.clone().decline("late".into(), Retry::MayHelp).lose_sight();
    assert_eq!(paid(invoice.clone(), late_word), (invoice, received));
}

#[test]
fn money_that_came_overrules_a_refusal() {
    let declined = payment("a", 30_000).lose_sight().decline("insufficient_funds".into(), Retry::MayHelp);
    let (invoice, received) = paid(open(), declined);
    assert_eq!(invoice.state.word(), "paid");
    assert_eq!(received.state, PaymentState::Paid { paid_at: noon("2027-02-08") });
}

#[test]
fn a_returned_debit_is_owed_again() {
    let (invoice, received) = paid(open(), payment("a", 30_000));
    let (invoice, returned) =
        invoice.return_debit(received, "AM04".into(), noon("2027-02-20")).expect("paid");
    assert_eq!((invoice.state.word(), invoice.owed()), ("open", Ok(pounds(30_000))));
    let again = invoice.clone().return_debit(returned.clone(), "MD06".into(), noon("2027-02-21"));
    assert_eq!(again, Ok((invoice.clone(), returned)));
    let never = invoice.return_debit(payment("b", 1), "AM04".into(), noon("2027-02-21"));
    assert_eq!(never, Err(PaymentRefused::NotReceived));
}

#[test]
fn an_unpaid_invoice_is_past_due_then_suspends_then_is_given_up() {
    let issue = open().issue().cloned().expect("issued");
    assert_eq!(open().past_due(issue.due_on), Err(OverdueRefused::NotYet { due_on: date("2027-02-07") }));
    assert_eq!(issue.suspends_on(&Terms::OPENING), date("2027-02-18"));
    let late = open().past_due(date("2027-02-08")).expect("late");
    assert_eq!(late.state.word(), "past_due");
    assert_eq!(late.clone().write_off().map(|invoice| invoice.state.word()), Ok("uncollectible"));
    let (invoice, _) = paid(late, payment("a", 30_000));
    assert_eq!(invoice.past_due(date("2027-03-01")), Err(OverdueRefused::WrongState { state: "paid" }));
}

#[test]
fn a_stored_invoice_reads_back_as_itself() {
    let (invoice, payment) = paid(open(), payment("a", 10_000));
    let stored = serde_json::to_value(&invoice).expect("storable");
    assert_eq!((&stored["state"], &stored["due_on"]), (&"open".into(), &"2027-02-07".into()));
    assert_eq!(serde_json::from_value::<Invoice>(stored).expect("readable"), invoice);
    let stored = serde_json::to_value(&payment).expect("storable");
    assert_eq!(serde_json::from_value::<Payment>(stored).expect("readable"), payment);
}

proptest! {
    #[test]
    fn what_is_paid_and_what_is_owed_sum_to_the_total(amounts in prop::collection::vec(-10_i64..20_000, 0..8)) {
        let mut invoice = open();
        let mut received = 0;
        for (index, minor) in amounts.into_iter().enumerate() {
            let payment = payment(&index.to_string(), minor);
            if let Ok((next, _)) = invoice.clone().record_payment(payment, None, noon("2027-02-08")) {
                (invoice, received) = (next, received + minor);
            }
            prop_assert_eq!(invoice.paid, pounds(received));
            prop_assert_eq!(invoice.owed(), Ok(pounds(30_000 - received)));
            prop_assert!((0..=30_000).contains(&received));
            prop_assert_eq!(invoice.state.word(), if received == 30_000 { "paid" } else { "open" });
            let lines = invoice.lines.iter().map(|line| line.amount);
            prop_assert_eq!(Money::sum(Currency::Gbp, lines), Ok(invoice.total));
        }
    }
}
