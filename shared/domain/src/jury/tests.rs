//! Rankings, offers and assignments against trying everything.

use proptest::prelude::*;

use super::*;
use crate::availability::{Level, Spoken};
use crate::conflict::Reason;
use crate::defense::example;
use crate::defense::{DefensePolicy, DefenseRequest, Wish};
use crate::occupancy::Occupancy;

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

fn person(name: &str) -> PersonId {
    PersonId::derived(&[name])
}

/// Every day from early to late in UTC, in English.
fn said(name: &str) -> Availability {
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let weekly = days.map(|day| serde_json::json!({"weekday": day, "from": "08:00", "to": "20:00"}));
    Availability {
        weekly: serde_json::from_value(serde_json::Value::from(weekly.to_vec())).expect("windows"),
        languages: vec![Spoken::well("en")],
        ..Availability::undeclared(person(name))
    }
}

fn diary(booked: &[Slot]) -> Diary {
    let mut weeks: BTreeMap<Week, Occupancy> = BTreeMap::new();
    for (week, quarters) in booked.iter().flat_map(Slot::weeks) {
        let occupancy = weeks.remove(&week).unwrap_or_default();
        weeks.insert(week, occupancy.reserve(quarters).expect("free"));
    }
    weeks.into_iter().collect()
}

fn slot(starts_at: &str, minutes: u16) -> Slot {
    Slot::new(at(starts_at), minutes).expect("a slot")
}

fn span() -> Span {
    Span { from: at("2027-04-07T00:00:00Z"), to: at("2027-04-15T00:00:00Z") }
}

fn free(said: &Availability, booked: &[Slot]) -> Free {
    Free::new(&span().weeks(), &diary(booked), |week| Hours::open(said, week))
}

fn candidate(name: &str, booked: &[Slot]) -> Candidate {
    let said = said(name);
    let free = free(&said, booked);
    Candidate { said, free, judging: booked.iter().map(Slot::starts_at).collect() }
}

struct Case {
    defense: Defense,
    conflicts: ConflictSet,
    tied: BTreeSet<PersonId>,
    student: Free,
}

impl Case {
    fn new() -> Self {
        let student = free(&said("maya"), &[]);
        let tied = BTreeSet::new();
        Self { defense: example::requested(), conflicts: example::conflicts(), tied, student }
    }

    fn sought(&self) -> Sought<'_> {
        Sought {
            defense: &self.defense,
            conflicts: &self.conflicts,
            tied: &self.tied,
            language: "en",
            student: self.student.clone(),
            studies: &|_| true,
            span: span(),
            minutes: 45,
        }
    }
}

fn names(ranking: &Ranking) -> Vec<(PersonId, String)> {
    let shown = |proposal: &Proposal| (proposal.juror, proposal.slot.starts_at().to_string());
    ranking.proposals.iter().map(shown).collect()
}

#[test]
fn the_wished_dates_that_give_notice_are_looked_at() {
    let check = |wish: [&str; 2], now: &str, expected: [&str; 2]| {
        let [from, to] = wish.map(|date| date.parse().expect("a date"));
        let request = DefenseRequest { wish: Wish { from, to }, ..example::request() };
        let zone: Zone = "Europe/Paris".parse().expect("a zone");
        let policy = &DefensePolicy::OPENING;
        let defense = Defense::requested(request, &[], &zone, policy, example::asked_at()).expect("asked");
        let span = defense.wished_span(&zone, at(now));
        assert_eq!([span.from, span.to], expected.map(at), "{wish:?} at {now}");
    };
    let asked = "2027-03-24T10:00:00Z";
    check(["2027-04-01", "2027-04-09"], asked, ["2027-04-06T22:00:00Z", "2027-04-09T22:00:00Z"]);
    check(["2027-04-10", "2027-05-09"], asked, ["2027-04-09T22:00:00Z", "2027-04-14T22:00:00Z"]);
    // On one of the days, and when all of them are over.
    let wish = ["2027-04-10", "2027-04-12"];
    check(wish, "2027-04-11T10:01:00Z", ["2027-04-11T10:30:00Z", "2027-04-12T22:00:00Z"]);
    check(wish, "2027-04-20T10:01:00Z", ["2027-04-20T22:00:00Z", "2027-04-27T22:00:00Z"]);
}

#[test]
fn the_earliest_comes_first_and_then_the_least_loaded() {
    let case = Case::new();
    let morning = slot("2027-04-07T08:00:00Z", 45);
    let busy = candidate("ines", &[morning]);
    let loaded = Candidate { judging: vec![at("2027-04-08T10:00:00Z")], ..candidate("karl", &[]) };
    let idle = candidate("lena", &[]);
    let ranking = rank(&case.sought(), &[busy, loaded, idle]);
    let expected = [
        (person("lena"), "2027-04-07T08:00:00Z".into()),
        (person("karl"), "2027-04-07T08:00:00Z".into()),
        (person("ines"), "2027-04-07T08:45:00Z".into()),
    ];
    assert_eq!(names(&ranking), expected);
    assert_eq!(ranking.excluded, []);
}

#[test]
fn whoever_is_not_proposed_is_told_why() {
    let mut case = Case::new();
    case.conflicts.add(person("olu"), Reason::PastMentor);
    let deaf = Candidate {
        said: Availability {
            languages: vec![Spoken { language: "en".into(), level: Level::B1 }],
            ..said("karl")
        },
        ..candidate("karl", &[])
    };
    let silent =
        Candidate { said: Availability { weekly: vec![], ..said("lena") }, ..candidate("lena", &[]) };
    let away = Candidate { free: Free::default(), ..candidate("nils", &[]) };
    let full = Candidate { judging: vec![at("2027-04-07T10:00:00Z"); 8], ..candidate("rosa", &[]) };
    case.tied.insert(person("ines"));
    let over = Candidate { judging: vec![at("2027-04-14T10:00:00Z"); 8], ..full.clone() };
    let both = Candidate { judging: [full.judging.clone(), over.judging].concat(), ..full };
    let ranking =
        rank(&case.sought(), &[candidate("ines", &[]), deaf, silent, candidate("olu", &[]), away, both]);
    assert_eq!(ranking.proposals, []);
    let mut expected = vec![
        (person("ines"), Unfit::InConflict(vec![Reason::Declared])),
        (person("karl"), Unfit::Language),
        (person("lena"), Unfit::NoHours),
        (person("nils"), Unfit::NoOverlap),
        (person("olu"), Unfit::InConflict(vec![Reason::PastMentor])),
        (person("rosa"), Unfit::Capped),
    ];
    expected.sort_by_key(|(juror, _)| *juror);
    assert_eq!(ranking.excluded, expected);
}

#[test]
fn caps_are_counted_on_the_jurors_own_days() {
    let caps = Caps { per_day: 2, per_week: 3 };
    let auckland: Zone = "Pacific/Auckland".parse().expect("a zone");
    // Two on the Thursday of Auckland, which begins on Wednesday at 12:00Z.
    let judging = [at("2027-04-07T21:00:00Z"), at("2027-04-08T02:00:00Z")];
    let check = |time: &str, zone: &Zone, expected: Result<(), CapReached>| {
        assert_eq!(caps.check(Load::at(at(time), &judging, zone)), expected, "{time} {}", zone.name());
    };
    check("2027-04-08T03:00:00Z", &auckland, Err(CapReached::Day { max: 2 }));
    check("2027-04-08T03:00:00Z", &Zone::utc(), Ok(()));
    check("2027-04-08T13:00:00Z", &auckland, Ok(()));
    let three = Caps { per_day: 2, per_week: 2 };
    let load = Load::at(at("2027-04-11T23:00:00Z"), &judging, &Zone::utc());
    assert_eq!(three.check(load), Err(CapReached::Week { max: 2 }));
    assert_eq!(three.check(Load::at(at("2027-04-12T00:00:00Z"), &judging, &Zone::utc())), Ok(()));
}

#[test]
fn the_weeks_that_count_are_those_of_the_jurors_day() {
    let check = |time: &str, zone: &str, expected: &[&str]| {
        let weeks = Caps::weeks(at(time), &zone.parse().expect("a zone"));
        assert_eq!(Vec::from_iter(weeks.iter().map(Week::to_string)), expected, "{time} {zone}");
    };
    check("2027-04-11T23:00:00Z", "UTC", &["2027-W14"]);
    check("2027-04-11T23:00:00Z", "Europe/Paris", &["2027-W14", "2027-W15"]);
    check("2027-04-12T01:00:00Z", "America/New_York", &["2027-W14", "2027-W15"]);
    check("2027-04-14T01:00:00Z", "America/New_York", &["2027-W15"]);
}

#[test]
fn whoever_is_assigned_is_offered_first_and_nobody_in_a_pause() {
    let mut case = Case::new();
    case.defense = example::assigned();
    let ines = Candidate { judging: vec![at("2027-04-07T15:00:00Z"); 2], ..candidate("ines", &[]) };
    let jurors = [candidate("karl", &[]), ines];
    let offers = offers(&case.sought(), &jurors);
    assert_eq!(offers[0].juror, person("ines"));
    assert_eq!(juror_at(&case.sought(), &jurors, offers[0].slot), Some(offers[0]));
    assert_eq!(rank(&case.sought(), &jurors).proposals[0].juror, person("karl"));
    let studies = |at: Timestamp| at >= self::at("2027-04-08T00:00:00Z");
    let paused = Sought { studies: &studies, ..case.sought() };
    assert_eq!(rank(&paused, &jurors).proposals[0].slot.starts_at(), at("2027-04-08T08:00:00Z"));
}

#[test]
fn three_other_times_over_all_jurors_do_not_overlap() {
    let case = Case::new();
    let all_day = slot("2027-04-07T08:00:00Z", 720);
    let ines = Candidate { judging: vec![], ..candidate("ines", &[all_day]) };
    let karl = candidate("karl", &[slot("2027-04-07T08:30:00Z", 60)]);
    let offers = offers(&case.sought(), &[ines, karl]);
    let shown = offers.iter().map(|offer| (offer.juror, offer.slot.starts_at().to_string()));
    let expected = ["09:30", "10:15", "11:00"].map(|time| (person("karl"), format!("2027-04-07T{time}:00Z")));
    assert_eq!(Vec::from_iter(shown), expected);
}

/// What is known of a juror in a small world: which of 16 quarter hours are free, and what they judge on that day.
#[derive(Debug, Clone)]
struct Small {
    free: u16,
    judging: usize,
}

const QUARTERS: i64 = 16;

/// The 16 quarter hours from 08:00Z on, of which some are booked.
fn small_free(said: &Availability, free: u16) -> Free {
    let taken = (0..QUARTERS).filter(|quarter| free & (1 << quarter) == 0);
    let slots = taken.map(|quarter| Slot::new(small_time(quarter), 15).expect("a slot"));
    let behind = Slot::new(small_time(QUARTERS), 8 * 60).expect("a slot");
    self::free(said, &Vec::from_iter(slots.chain([behind])))
}

fn small_time(quarter: i64) -> Timestamp {
    at("2027-04-07T08:00:00Z") + QUARTER * i32::try_from(quarter).expect("small")
}

fn small_candidates(jurors: &[Small]) -> Vec<Candidate> {
    let made = jurors.iter().enumerate().map(|(index, small)| {
        let said = said(&format!("juror {index}"));
        let free = small_free(&said, small.free);
        Candidate { free, judging: vec![at("2027-04-07T20:00:00Z"); small.judging], said }
    });
    made.collect()
}

fn small_cases(students: &[u16]) -> Vec<Case> {
    let case = |free: &u16| Case { student: small_free(&said("maya"), *free), ..Case::new() };
    students.iter().map(case).collect()
}

fn small_sought(cases: &[Case], minutes: u16) -> Vec<Sought<'_>> {
    let span = Span { from: small_time(0), to: small_time(QUARTERS) };
    cases.iter().map(|case| Sought { span, minutes, ..case.sought() }).collect()
}

fn runs(free: u16, start: i64, quarters: i64) -> bool {
    start + quarters <= QUARTERS && (start..start + quarters).all(|quarter| free & (1 << quarter) != 0)
}

/// The best of every way there is: how many are placed, and at which cost.
fn by_trying(students: &[u16], jurors: &[Small], quarters: i64, taken: &[(usize, i64)]) -> (usize, i64) {
    let Some((student, others)) = students.split_first() else { return (0, 0) };
    let mut best = by_trying(others, jurors, quarters, taken);
    for (index, juror) in jurors.iter().enumerate() {
        let same = || taken.iter().filter(|(of, _)| *of == index);
        let load = juror.judging + same().count();
        for start in 0..QUARTERS {
            let free = runs(*student, start, quarters) && runs(juror.free, start, quarters);
            let apart = same().all(|(_, other)| (start - other).abs() >= quarters);
            if load < 3 && free && apart {
                let rest = by_trying(others, jurors, quarters, &[taken, &[(index, start)]].concat());
                let cost = start * 1_000 + i64::try_from(load).expect("small");
                let found = (rest.0 + 1, rest.1 + cost);
                if found.0 > best.0 || (found.0 == best.0 && found.1 < best.1) {
                    best = found;
                }
            }
        }
    }
    best
}

fn value(assigned: &Assigned) -> (usize, i64) {
    let cost = |proposal: &Proposal| {
        let quarters = small_time(0).duration_until(proposal.slot.starts_at()).as_mins() / 15;
        quarters * 1_000 + i64::from(proposal.load.week)
    };
    (assigned.placed(), assigned.places.iter().flatten().map(cost).sum())
}

/// Nobody is placed twice at a time, out of hours or beyond a cap.
fn assert_possible(assigned: &Assigned, students: &[u16], candidates: &[Candidate]) {
    let mut judged: BTreeMap<PersonId, Vec<Slot>> = BTreeMap::new();
    for (place, student) in assigned.places.iter().zip(students) {
        let Some(Proposal { juror, slot, load }) = place else { continue };
        let candidate = candidates.iter().find(|candidate| candidate.said.person == *juror).expect("known");
        assert!(candidate.free.holds(*slot) && small_free(&said("maya"), *student).holds(*slot));
        let known = judged.entry(*juror).or_default();
        assert!(
            known
                .iter()
                .all(|other| other.ends_at() <= slot.starts_at() || slot.ends_at() <= other.starts_at())
        );
        assert!(load.day < 3);
        known.push(*slot);
        assert!(known.len() + candidate.judging.len() <= 3);
    }
}

fn small() -> impl Strategy<Value = Small> {
    (any::<u16>(), any::<u16>(), 0_usize..4)
        .prop_map(|(one, two, judging)| Small { free: one | two, judging })
}

proptest! {
    #[test]
    fn the_first_proposal_is_the_earliest_of_the_least_loaded(
        student in any::<u16>(), jurors in prop::collection::vec(small(), 0..5), quarters in 1_i64..4,
    ) {
        let cases = small_cases(&[student]);
        let minutes = u16::try_from(quarters * 15).expect("small");
        let sought = small_sought(&cases, minutes);
        let candidates = small_candidates(&jurors);
        let ranking = rank(&sought[0], &candidates);
        let first = |small: &Small| {
            (0..QUARTERS).find(|start| {
                small.judging < 3 && runs(student, *start, quarters) && runs(small.free, *start, quarters)
            })
        };
        let mut expected: Vec<_> = jurors.iter().zip(&candidates).filter_map(|(small, candidate)| {
            first(small).map(|start| (small_time(start), small.judging, candidate.said.person))
        }).collect();
        expected.sort_unstable();
        let ranked = ranking.proposals.iter().map(|it| (it.slot.starts_at(), it.load.week as usize, it.juror));
        prop_assert_eq!(Vec::from_iter(ranked), expected);
        prop_assert_eq!(ranking.proposals.len() + ranking.excluded.len(), jurors.len());
        let offered = offers(&sought[0], &candidates);
        prop_assert_eq!(offered.first().map(|it| it.juror), ranking.proposals.first().map(|it| it.juror));
    }

    #[test]
    fn an_assignment_is_the_best_of_all_ways(
        students in prop::collection::vec(any::<u16>(), 0..4), jurors in prop::collection::vec(small(), 0..3),
        quarters in 1_i64..4,
    ) {
        let cases = small_cases(&students);
        let sought = small_sought(&cases, u16::try_from(quarters * 15).expect("small"));
        let candidates = small_candidates(&jurors);
        let assigned = assign(&sought, &candidates);
        prop_assert!(assigned.is_best);
        assert_possible(&assigned, &students, &candidates);
        prop_assert_eq!(value(&assigned), by_trying(&students, &jurors, quarters, &[]));
    }

    /// Where no two times overlap in part there is nothing to cut, and the flow finds the best as well.
    #[test]
    fn the_flow_is_the_best_of_all_ways_where_times_are_apart(
        students in prop::collection::vec(any::<u16>(), 0..4), jurors in prop::collection::vec(small(), 0..3),
    ) {
        let cases = small_cases(&students);
        let sought = small_sought(&cases, 15);
        let candidates = small_candidates(&jurors);
        let assigned = assign::in_pieces(&sought, &candidates);
        assert_possible(&assigned, &students, &candidates);
        prop_assert_eq!(value(&assigned), by_trying(&students, &jurors, 1, &[]));
    }

    /// Many defenses are placed possibly, if not always best.
    #[test]
    fn many_defenses_are_placed_where_they_can_be(
        students in prop::collection::vec(any::<u16>(), 9..20), jurors in prop::collection::vec(small(), 0..6),
    ) {
        let cases = small_cases(&students);
        let sought = small_sought(&cases, 45);
        let candidates = small_candidates(&jurors);
        let assigned = assign(&sought, &candidates);
        assert_possible(&assigned, &students, &candidates);
        prop_assert_eq!(assigned.places.len(), students.len());
    }
}
