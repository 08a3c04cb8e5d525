use jiff::ToSpan;
use proptest::prelude::*;

use super::*;
use crate::billing::{PeriodKey, Segment};
use crate::id::PersonId;
use crate::money::Currency::{Eur, Gbp};
use crate::time::Zone;

fn date(text: &str) -> Date {
    text.parse().expect("a date")
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

#[test]
fn a_date_begins_over_26_hours() {
    assert_eq!(begins_anywhere_at(date("2027-02-07")), at("2027-02-06T10:00:00Z"));
    assert_eq!(begun_everywhere_at(date("2027-02-07")), at("2027-02-07T12:00:00Z"));
}

#[test]
fn a_run_looks_when_its_date_begins_for_somebody_and_when_it_has_for_everybody() {
    let check = |now: &str, begins: Option<&str>, again: Option<&str>| {
        let begins = begins.map(at);
        assert_eq!(looks_again_at(date("2027-02-07"), at(now), begins), again.map(at), "{now}");
    };
    check("2027-02-06T10:00:00Z", Some("2027-02-06T11:00:00Z"), Some("2027-02-06T11:00:00Z"));
    check("2027-02-06T11:00:00Z", Some("2027-02-07T00:00:00Z"), Some("2027-02-07T00:00:00Z"));
    check("2027-02-07T00:00:00Z", None, Some("2027-02-07T12:00:00Z"));
    check("2027-02-07T12:00:00Z", None, None);
    check("2027-03-01T00:00:00Z", None, None);
}

#[test]
fn no_zone_begins_a_date_earlier_or_later() {
    for name in ["Pacific/Kiritimati", "Pacific/Apia", "Pacific/Auckland", "Asia/Kathmandu", "Etc/GMT+12"] {
        let zone: Zone = name.parse().expect("a zone");
        let begins = zone.start_of(date("2027-02-07")).expect("in the calendar");
        assert!(begins_anywhere_at(date("2027-02-07")) <= begins, "{name}");
        assert!(begins <= begun_everywhere_at(date("2027-02-07")), "{name}");
    }
}

#[test]
fn a_run_is_done_when_each_shard_is_and_says_what_it_parked() {
    let on = date("2027-02-07");
    let poison = EnrollmentId::derived(&["poison"]);
    let done = RunShard { done: true, ..RunShard::of_date("GB", on, 0) };
    let open = RunShard::of_date("GB", on, 1);
    let parked = RunShard { done: true, ..open.clone().parking(poison, "no price".into()) };
    let state = |shards: &[RunShard]| RunReport::of(shards).expect("sums").state;
    assert_eq!(state(&[done.clone(), open]), RunState::Running);
    assert_eq!(state(std::slice::from_ref(&done)), RunState::Done);
    assert_eq!(state(&[done, parked.clone()]), RunState::DoneWithParked);
    assert_eq!(parked.looking(at("2027-02-07T00:00:00Z")).parked_count, 0);
}

#[test]
fn a_line_of_a_page_reads_back_as_itself() {
    let line = PageInvoice {
        enrollment: EnrollmentId::derived(&["e"]),
        key: PeriodKey { segment: 2, k: 11 },
        to: date("2027-03-07"),
        payer: PersonId::derived(&["p"]),
        payment_days: 14,
    };
    assert_eq!(PageInvoice::try_from(String::from(line)), Ok(line));
    for broken in ["", "a b c d e f", &format!("{} more", String::from(line))] {
        assert_eq!(PageInvoice::try_from(broken.to_owned()), Err(InvalidLine), "{broken}");
    }
}

#[test]
fn a_run_that_differs_from_its_forecast_waits_for_finance() {
    let on = date("2027-02-07");
    let (early, late) = (at("2027-02-06T11:00:00Z"), at("2027-02-07T00:00:00Z"));
    let pounds = |count: usize| vec![Money::minor(30_000, Gbp); count];
    let state = |drafted: usize, seen: Timestamp, released: bool| {
        let shard = RunShard { released, ..RunShard::of_date("GB", on, 0) };
        let shard = shard.foreseeing(early, pounds(150)).expect("sums");
        let shard = shard.foreseeing(late, pounds(50)).expect("sums");
        let shard = shard.looking(seen).counted(pounds(drafted)).expect("sums");
        RunReport::of([&shard]).expect("sums").state
    };
    // By the first instant 150 were foreseen, by the second 200.
    assert_eq!(state(150, early, false), RunState::Running);
    assert_eq!(state(119, early, false), RunState::WaitingForFinance);
    assert_eq!(state(120, early, false), RunState::Running);
    assert_eq!(state(120, late, false), RunState::WaitingForFinance);
    assert_eq!(state(241, late, false), RunState::WaitingForFinance);
    assert_eq!(state(241, late, true), RunState::Running);
    let few = RunShard::of_date("GB", on, 0).foreseeing(early, pounds(10)).expect("sums");
    let few = few.looking(early).counted(pounds(100)).expect("sums");
    assert_eq!(RunReport::of([&few]).expect("sums").state, RunState::Running, "few are no matter");
}

#[test]
fn a_short_month_ends_with_the_days_it_lacks() {
    let days = |on: &str| days_beginning_on(date(on));
    assert_eq!((days("2027-02-07"), days("2027-02-28"), days("2028-02-28")), (7..=7, 28..=31, 28..=28));
    assert_eq!((days("2027-04-30"), days("2027-01-31")), (30..=31, 31..=31));
}

proptest! {
    #[test]
    fn every_period_begins_on_a_day_that_is_looked_at(start in 0_i32..80_000, k in 0_u32..600) {
        let segment = Segment::new(1, date("1900-01-01").saturating_add(start.days()));
        let day = segment.anchor.day();
        prop_assert!(days_beginning_on(segment.period(k).from).contains(&day));
    }

    #[test]
    fn what_shards_counted_is_what_the_run_counted(amounts in proptest::collection::vec((0_i64..1_000_000, any::<bool>(), 0_u16..4), 0..40)) {
        let on = date("2027-02-07");
        let mut shards = Vec::from_iter((0..4).map(|shard| RunShard::of_date("GB", on, shard)));
        let mut whole = Tally::default();
        for (minor, pounds, shard) in amounts {
            let money = Money::minor(minor, if pounds { Gbp } else { Eur });
            let share = &mut shards[usize::from(shard)];
            *share = share.clone().counted([money]).expect("sums");
            whole = whole.and(money).expect("sums");
        }
        prop_assert_eq!(RunReport::of(&shards).expect("sums").tally, whole);
    }
}
