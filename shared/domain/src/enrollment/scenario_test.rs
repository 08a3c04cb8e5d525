//! S1 and S3 to the date, and the facts around them.

mod mentors; // who mentors a student on which day
mod pausing; // S3 to the date: what a pause costs, and how it ends

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;

use super::*;
use crate::billing::{PauseBegins, PeriodKey, Terms, Unused, UnusedCause};
use crate::id::AssignmentId;
use crate::invoice::{LegalEntity, rate};
use crate::money::Currency;

const TERMS: Terms = Terms::OPENING;

pub(super) fn date(text: &str) -> Date {
    text.parse().expect("a date")
}

fn noon(day: &str) -> Timestamp {
    format!("{day}T12:00:00Z").parse().expect("an instant")
}

fn person(name: &str) -> PersonId {
    PersonId::derived(&[name])
}

fn offer() -> Offer {
    Offer {
        degree: "web-development".parse().expect("a slug"),
        edition: "web-development-gb".parse().expect("a slug"),
        market: "GB".into(),
        version: 3,
        languages: vec!["en".into()],
        accredited: vec![Validity { from: date("2026-01-01"), to: Some(date("2030-01-01")) }],
        monthly_price: Money::minor(30_000, Currency::Gbp),
        contract_version: 2,
    }
}

fn applied(start_on: &str) -> Enrollment {
    let application = Application {
        id: EnrollmentId::derived(&["one"]),
        student: person("maya"),
        language: "en".into(),
        time_zone: "Europe/London".parse().expect("a zone"),
        hours_per_week: 20,
        start_on: date(start_on),
        recognized_skills: BTreeSet::new(),
    };
    Enrollment::apply(application, &offer()).expect("20 hours")
}

fn quoted(start_on: &str, day: &str) -> Enrollment {
    applied(start_on).quote(&offer(), &TERMS, noon(day)).expect("published and accredited")
}

fn accepted(start_on: &str, day: &str) -> Enrollment {
    let method = PaymentMethod::Sandbox { token: "ok".into() };
    quoted(start_on, day).accept(2, method, noon(day)).expect("quoted")
}

/// An enrollment that was paid for, and so began, at noon of a day.
pub(crate) fn begun(day: &str) -> Enrollment {
    accepted(day, day).activate(noon(day), &offer().accredited, noon(day)).expect("accepted and paid")
}

/// The dates on which owed periods begin, up to a date.
fn owed(enrollment: &Enrollment, up_to: &str) -> Vec<String> {
    enrollment.periods_due(None, date(up_to)).map(|due| due.period.from.to_string()).collect()
}

fn paused(day: &str, on: &str) -> Enrollment {
    begun(day).pause(None, &TERMS, noon(on)).expect("active")
}

/// S1.
#[test]
fn twelve_months_are_twelve_invoices() {
    let maya = begun("2027-02-07").conclude(noon("2028-02-03")).expect("studying");
    let issuer = LegalEntity::of_market("GB").expect("a market");
    let mut total = Money::zero(Currency::Gbp);
    let mut starts = Vec::new();
    for due in maya.periods_due(None, date("2028-02-09")) {
        let issued_at = noon(&due.period.from.to_string());
        let drafts = rate(&maya.billing_facts(), due.key, &[], due.period.from).expect("fits");
        let [invoice] = <[_; 1]>::try_from(drafts).expect("one payer");
        let invoice = invoice.open(&issuer, 1, due.period, TERMS.payment_days, issued_at).expect("a draft");
        total = total.plus(invoice.total).expect("pounds");
        starts.push(due.period.from.to_string());
    }
    assert_eq!((starts.len(), total), (12, Money::minor(360_000, Currency::Gbp)));
    assert_eq!((starts[0].as_str(), starts[11].as_str()), ("2027-02-07", "2028-01-07"));
    let award = AwardId::derived(&["maya"]);
    let maya = maya.complete(award, noon("2028-02-09")).expect("pending");
    assert_eq!((maya.award(), maya.is_live(), owed(&maya, "2029-01-01").len()), (Some(award), false, 12));
}

/// S1's edge: the month that begins on the day of the last verdict began before it.
#[test]
fn the_month_of_the_last_verdict_is_owed() {
    let check = |concluded: &str, months: usize| {
        let maya = begun("2027-02-07").conclude(noon(concluded)).expect("studying");
        assert_eq!(owed(&maya, "2029-01-01").len(), months, "{concluded}");
    };
    check("2028-02-06", 12);
    check("2028-02-07", 13);
    check("2027-02-07", 1);
}

#[test]
fn to_prove_again_begins_a_segment_that_day() {
    let maya = begun("2027-02-07").conclude(noon("2028-02-05")).expect("studying");
    let maya = maya.prove_again(noon("2028-02-09")).expect("pending");
    assert_eq!(owed(&maya, "2028-04-01")[11..], ["2028-01-07", "2028-02-09", "2028-03-09"]);
    assert_eq!(maya.state, State::Active);
}

#[test]
fn to_prove_again_on_the_day_a_month_began_owes_it_once() {
    let maya = begun("2027-02-07").conclude(noon("2028-02-07")).expect("studying");
    let maya = maya.prove_again(noon("2028-02-07")).expect("pending");
    assert_eq!(owed(&maya, "2028-03-10")[11..], ["2028-01-07", "2028-02-07", "2028-03-07"]);
}

/// S3, the leap year.
#[test]
fn the_last_of_january_bills_the_last_of_february() {
    let noor = begun("2027-01-31");
    let starts = owed(&noor, "2028-03-01");
    assert_eq!(starts[..5], ["2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30", "2027-05-31"]);
    assert_eq!(starts[13], "2028-02-29");
}

#[test]
fn a_withdrawal_ends_with_the_period() {
    let maya = begun("2027-02-07").withdraw(&TERMS, noon("2027-04-20")).expect("active");
    assert_eq!((&maya.state, maya.leaves_on), (&State::Active, Some(date("2027-05-07"))));
    assert_eq!(owed(&maya, "2028-01-01"), ["2027-02-07", "2027-03-07", "2027-04-07"]);
    assert!(maya.session_allowed_at(noon("2027-05-06")).is_ok());
    assert!(maya.session_allowed_at(noon("2027-05-07")).is_err());
    let refused = maya.clone().pause(None, &TERMS, noon("2027-04-21"));
    assert_eq!(refused, Err(PauseRefused::Leaving { leaves_on: date("2027-05-07") }));
    assert!(!maya.as_of(noon("2027-05-07")).is_live());
    let paused = paused("2027-01-31", "2027-03-10").withdraw(&TERMS, noon("2027-04-02")).expect("live");
    assert!(!paused.is_live());
}

#[test]
fn a_suspension_lifted_in_its_period_keeps_the_anchor() {
    let check = |lifted: &str, starts: &[&str]| {
        let maya = begun("2027-02-07").suspend(SuspensionCause::Unpaid, noon("2027-03-18")).expect("active");
        assert_eq!(owed(&maya, "2027-06-30"), ["2027-02-07", "2027-03-07"]);
        let maya = maya.lift(noon(lifted)).expect("suspended");
        assert_eq!(owed(&maya, "2027-06-30")[2..], *starts, "{lifted}");
    };
    check("2027-04-06", &["2027-04-07", "2027-05-07", "2027-06-07"]);
    check("2027-04-07", &["2027-04-07", "2027-05-07", "2027-06-07"]);
    check("2027-05-20", &["2027-05-20", "2027-06-20"]);
}

#[test]
fn the_first_payment_sets_the_anchor() {
    let check = |start_on: &str, paid_at: &str, anchor: &str| {
        let paid_at = paid_at.parse().expect("an instant");
        let accepted = accepted(start_on, "2027-02-01");
        let maya = accepted.activate(paid_at, &offer().accredited, paid_at).expect("paid in time");
        assert_eq!(maya.segments[0].anchor, date(anchor));
    };
    check("2027-02-07", "2027-02-05T12:00:00Z", "2027-02-07");
    check("2027-02-07", "2027-02-09T12:00:00Z", "2027-02-09");
}

#[test]
fn the_anchor_is_the_date_in_the_students_zone() {
    let mut noor = accepted("2027-06-01", "2027-06-01");
    noor.time_zone = "Asia/Tokyo".parse().expect("a zone");
    let paid_at = "2027-06-10T16:00:00Z".parse().expect("an instant");
    let noor = noor.activate(paid_at, &offer().accredited, paid_at).expect("paid in time");
    assert_eq!(noor.segments[0].anchor, date("2027-06-11"));
}

#[test]
fn a_quote_needs_a_published_language_and_an_accreditation_at_the_start() {
    let check = |offer: Offer, start_on: &str, refused: QuoteRefused| {
        assert_eq!(applied(start_on).quote(&offer, &TERMS, noon("2027-02-01")), Err(refused));
    };
    let draft = Offer { languages: vec![], ..offer() };
    check(draft, "2027-02-07", QuoteRefused::EditionNotPublished { language: "en".into() });
    let start_on = date("2030-01-01");
    check(offer(), "2030-01-01", QuoteRefused::NotAccredited { start_on });
    let later = Offer { accredited: vec![Validity { from: date("2027-02-08"), to: None }], ..offer() };
    check(later, "2027-02-07", QuoteRefused::NotAccredited { start_on: date("2027-02-07") });
}

#[test]
fn a_quote_expires_unless_it_was_paid_in_time() {
    let method = PaymentMethod::Manual;
    let late = quoted("2027-02-07", "2027-02-01").accept(2, method.clone(), noon("2027-03-03"));
    assert_eq!(late, Err(AcceptRefused::QuoteExpired));
    let other = quoted("2027-02-07", "2027-02-01").accept(1, method, noon("2027-02-02"));
    assert_eq!(other, Err(AcceptRefused::OtherContract { offered: 2 }));
    let accredited = offer().accredited;
    let accepted = accepted("2027-02-07", "2027-02-01");
    let late = accepted.clone().activate(noon("2027-03-03"), &accredited, noon("2027-03-03"));
    assert_eq!(late, Err(ActivateRefused::QuoteExpired));
    assert!(accepted.clone().activate(noon("2027-03-02"), &accredited, noon("2027-03-04")).is_ok());
    let expired = accepted.as_of(noon("2027-03-03"));
    assert!(!expired.is_live());
    let refused = expired.activate(noon("2027-03-02"), &accredited, noon("2027-03-04"));
    assert_eq!(refused, Err(ActivateRefused::QuoteExpired));
    let unsigned = quoted("2027-02-07", "2027-02-01").activate(noon("2027-02-02"), &[], noon("2027-02-02"));
    assert_eq!(unsigned, Err(ActivateRefused::ContractNotAccepted));
}

#[test]
fn the_next_change_is_when_its_job_is_due() {
    let check = |enrollment: &Enrollment, at: Option<&str>| {
        let next = enrollment.next_change_at().map(|at| at.expect("in the calendar").to_string());
        assert_eq!(next.as_deref(), at);
    };
    check(&quoted("2027-02-07", "2027-02-01"), Some("2027-03-03T12:00:00Z"));
    check(&begun("2027-01-31"), None);
    let noor = paused("2027-01-31", "2027-03-10");
    check(&noor, Some("2027-03-30T23:00:00Z"));
    check(&noor.as_of(noon("2027-03-31")), Some("2027-07-30T23:00:00Z"));
}

#[test]
fn a_stored_enrollment_reads_back_as_itself() {
    let noor = paused("2027-01-31", "2027-03-10").as_of(noon("2027-03-31"));
    let gone = noor.clone().withdraw(&TERMS, noon("2027-04-01")).expect("live");
    for (enrollment, word) in
        [(quoted("2027-02-07", "2027-02-01"), "quoted"), (noor, "paused"), (gone, "withdrawn")]
    {
        let stored = serde_json::to_value(&enrollment).expect("storable");
        assert_eq!((stored["state"].as_str(), enrollment.state.word()), (Some(word), word));
        assert_eq!(serde_json::from_value::<Enrollment>(stored).expect("readable"), enrollment);
    }
}

#[test]
fn a_contract_is_taken_back_until_the_fourteenth_day_after_the_start() {
    let check = |on: &str, leaves_on: &str, unused_from: Option<&str>| {
        let maya = begun("2027-04-01").withdraw(&TERMS, noon(on)).expect("active");
        assert_eq!(maya.leaves_on, Some(date(leaves_on)), "{on}");
        let unused = unused_from.map(|from| Unused { from: date(from), cause: UnusedCause::Cancelled });
        assert_eq!(maya.unused(), unused, "{on}");
    };
    check("2027-04-01", "2027-04-02", Some("2027-04-02"));
    check("2027-04-09", "2027-04-10", Some("2027-04-10"));
    check("2027-04-15", "2027-04-16", Some("2027-04-16"));
    check("2027-04-16", "2027-05-01", None);
    let maya = begun("2027-04-01").withdraw(&TERMS, noon("2027-04-09")).expect("active");
    let gone = maya.as_of(noon("2027-04-10"));
    let cause = WithdrawalCause::Cancelled;
    assert_eq!(gone.state, State::Withdrawn { withdrawn_on: date("2027-04-10"), cause });
    assert_eq!(owed(&gone, "2027-12-31"), ["2027-04-01"]);
}

#[test]
fn the_last_day_of_study_is_used() {
    let maya = begun("2026-03-15").conclude(noon("2026-04-10")).expect("studying");
    assert_eq!(maya.unused(), Some(Unused { from: date("2026-04-11"), cause: UnusedCause::Completed }));
    assert!(!UnusedCause::Completed.gives_back(&TERMS));
    let again = maya.prove_again(noon("2026-04-20")).expect("pending");
    assert_eq!(again.unused(), None, "a new segment has begun");
}
