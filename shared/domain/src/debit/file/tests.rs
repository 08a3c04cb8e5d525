use proptest::prelude::*;

use super::*;
use crate::billing::{PeriodKey, Segment, Terms};
use crate::enrollment::scenario_test::begun;
use crate::invoice::{LegalEntity, PaymentKind, rate};
use crate::money::Currency;

fn noon(day: &str) -> Timestamp {
    format!("{day}T12:00:00Z").parse().expect("an instant")
}

fn date(text: &str) -> Date {
    text.parse().expect("a date")
}

fn pounds(minor: i64) -> Money {
    Money::minor(minor, Currency::Gbp)
}

fn file() -> DebitFile {
    let creditor = Creditor {
        name: "Compagnon".into(),
        iban: "DE89370400440532013000".parse().expect("an IBAN"),
        bic: None,
        creditor_id: "DE98ZZZ09999999999".into(),
    };
    let id = DebitFileId::derived(&["f"]);
    DebitFile::asked(id, "GB".into(), creditor, pounds(0), date("2027-04-06"), noon("2027-04-01"))
}

/// An enrollment whose student pays by debit, its first invoice, and the payment that is listed.
fn listed() -> (Enrollment, Invoice, Payment) {
    let mut enrollment = begun("2027-04-01");
    enrollment.payment_method = Some(PaymentMethod::SepaDebit {
        iban: "NL91ABNA0417164300".parse().expect("an IBAN"),
        name: "Maya Lind".into(),
        mandate: "MND-1".into(),
        signed_on: date("2027-04-01"),
    });
    let draft = rate(&enrollment.billing_facts(), PeriodKey::FIRST, &[], date("2027-04-01"));
    let draft = draft.expect("fits").remove(0);
    let issuer = LegalEntity::of_market("GB").expect("a market");
    let period = Segment::new(1, date("2027-04-01")).period(0);
    let days = Terms::OPENING.payment_days;
    let invoice = draft.open(&issuer, 1, period, days, noon("2027-04-01")).expect("a draft");
    let id = PaymentId::of_charge(invoice.id);
    let payment = Payment::pending(id, invoice.id, invoice.total, PaymentKind::SepaDebit, noon("2027-04-01"));
    let payment = payment.asked(enrollment.payment_method_number).list();
    (enrollment, invoice, payment)
}

#[test]
fn a_debit_asks_for_what_is_owed_by_now() {
    let (enrollment, invoice, payment) = listed();
    let invoice = Invoice { credited: pounds(5_000), ..invoice };
    let mut file = file();
    let (debit, payment) = file.put(&enrollment, &invoice, payment).expect("owed");
    assert_eq!((file.count, file.total), (1, pounds(25_000)));
    assert_eq!(
        (debit.number, debit.amount, debit.remittance.as_str()),
        (1, pounds(25_000), "GB-2027-000001")
    );
    let state = PaymentState::Submitted { file: file.id, collect_on: file.collect_on };
    assert_eq!((payment.amount, payment.state.clone()), (pounds(25_000), state));
    // It is in no second file.
    let again = file.put(&enrollment, &invoice, payment);
    assert_eq!((again, file.count), (Err(LeftOut::NothingOwed), 1));
}

#[test]
fn what_is_not_to_be_debited_is_left_out() {
    let check = |expected, change: fn(&mut Enrollment, &mut Invoice)| {
        let (mut enrollment, mut invoice, payment) = listed();
        change(&mut enrollment, &mut invoice);
        let mut file = file();
        assert_eq!(file.put(&enrollment, &invoice, payment.clone()), Err(expected));
        assert_eq!((file.count, file.total), (0, pounds(0)));
        assert!(expected.leave(payment).is_refused());
    };
    check(LeftOut::NothingOwed, |_, invoice| invoice.paid = invoice.total);
    check(LeftOut::OtherMethod, |enrollment, _| enrollment.payment_method_number += 1);
    check(LeftOut::OtherMethod, |enrollment, _| enrollment.payment_method = Some(PaymentMethod::Manual));
    check(LeftOut::OtherMethod, |enrollment, _| enrollment.market = "FR".into());
    check(LeftOut::QuoteEnds, |_, invoice| invoice.state = InvoiceState::Draft);
    check(LeftOut::Unsummable, |_, invoice| {
        for amount in [&mut invoice.total, &mut invoice.paid, &mut invoice.credited, &mut invoice.refunded] {
            amount.currency = Currency::Usd;
        }
    });
}

#[test]
fn what_does_not_fit_goes_into_the_next_file() {
    let full = DebitFile { count: DEBITS_MAX, total: pounds(1), shard: 2, ..file() };
    let next = full.following();
    assert_eq!((full.room(), next.room(), next.total, next.shard), (0, DEBITS_MAX, pounds(0), 2));
    assert!(next.id != full.id && next == full.following());
}

/// Something that is done to a payment.
#[derive(Debug, Clone, Copy)]
enum Step {
    List,
    Submit(u8),
    Decline,
    LoseSight,
    Pay,
    Return,
}

fn step() -> impl Strategy<Value = Step> {
    let submit = (0_u8..3).prop_map(Step::Submit);
    let words = [Step::List, Step::Decline, Step::LoseSight, Step::Pay, Step::Return];
    prop_oneof![submit, prop::sample::select(words.to_vec())]
}

proptest! {
    #[test]
    fn a_files_reference_names_it(number in any::<u128>()) {
        let id = DebitFileId::new(uuid::Uuid::from_u128(number));
        let message = DebitFile { id, ..file() }.message();
        prop_assert_eq!(message.len(), 25);
        prop_assert_eq!(file_of(&message), Some(id));
        prop_assert_eq!(file_of(&message.to_lowercase()), Some(id));
        prop_assert_eq!(file_of(&format!("{message}-RCUR")), None);
        prop_assert_eq!(file_of(&message[1..]), None);
    }

    /// However word comes, a payment is in at most one file, is paid once and returned once, and the invoice
    /// says no more than what is there.
    #[test]
    fn a_debit_never_goes_back(steps in prop::collection::vec(step(), 0..30)) {
        let (_, mut invoice, listed) = listed();
        let mut payment = Payment { state: PaymentState::Pending, ..listed };
        let rank = |payment: &Payment| match payment.state {
            PaymentState::Pending => 0,
            PaymentState::Unknown => 1,
            PaymentState::Listed => 2,
            PaymentState::Submitted { .. } => 3,
            PaymentState::Declined { .. } => 4,
            PaymentState::Paid { .. } => 5,
            PaymentState::Returned { .. } => 6,
        };
        let mut submitted = 0;
        for step in steps {
            let before = payment.clone();
            match step {
                Step::List => payment = payment.list(),
                Step::Submit(number) => {
                    let id = DebitFileId::derived(&[&number.to_string()]);
                    payment = payment.submit(invoice.total, id, date("2027-04-06"));
                }
                Step::Decline => payment = payment.decline("AM04".into(), Retry::MayHelp),
                Step::LoseSight => payment = payment.lose_sight(),
                Step::Pay => {
                    let paid = invoice.clone().record_payment(payment.clone(), None, noon("2027-04-06"));
                    if let Ok(paid) = paid { (invoice, payment) = paid; }
                }
                Step::Return => {
                    let back = invoice.clone().return_debit(payment.clone(), "AM04".into(), noon("2027-04-09"));
                    if let Ok(back) = back { (invoice, payment) = back; }
                }
            }
            prop_assert!(rank(&before) <= rank(&payment), "{:?} after {:?}", payment.state, before.state);
            if rank(&payment) == 3 && rank(&before) < 3 { submitted += 1; }
            let here = matches!(payment.state, PaymentState::Paid { .. });
            prop_assert_eq!(invoice.paid, if here { invoice.total } else { pounds(0) });
        }
        prop_assert!(submitted <= 1);
    }
}

#[test]
fn a_file_is_recalled_before_its_day_and_once() {
    let paper = PaperFile {
        key: "k".into(),
        sha256: crate::digest::Sha256Hex::of(b""),
        size: 0,
        made_at: noon("2027-04-01"),
    };
    let written = DebitFile { state: DebitFileState::Written { file: paper }, ..file() };
    let (today, now) = (date("2027-04-05"), noon("2027-04-05"));
    let recalled = written.clone().recall(today, now).expect("before its day");
    assert_eq!(recalled.state, DebitFileState::Recalled { recalled_at: now });
    let refused = |file: DebitFile, today| file.recall(date(today), now).map(drop);
    let collected = RecallRefused::Collected { collect_on: date("2027-04-06") };
    assert_eq!(refused(written, "2027-04-06"), Err(collected));
    assert_eq!(refused(recalled, "2027-04-05"), Err(RecallRefused::NotWritten { state: "recalled" }));
    assert_eq!(refused(file(), "2027-04-05"), Err(RecallRefused::NotWritten { state: "filling" }));
}
