//! People are matched by what they say, and every pair has an hour of the week.

use jiff::SignedDuration;
use proptest::prelude::*;

use super::weekly::hours_for;
use super::*;
use crate::availability::{Experience, Spoken, Window};
use crate::matching::Parameters;
use crate::occupancy::Occupancy;

const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

fn now() -> Timestamp {
    at("2027-03-01T09:00:00Z")
}

fn week() -> Week {
    Week::of(at("2027-03-08T00:00:00Z"))
}

fn zone(name: &str) -> Zone {
    name.parse().expect("a zone")
}

fn time(text: &str) -> LocalTime {
    text.to_owned().try_into().expect("a time")
}

fn policy() -> PairingPolicy {
    PairingPolicy::OPENING
}

fn window(weekday: &str, from: &str, to: &str) -> Window {
    let text = format!(r#"{{"weekday": "{weekday}", "from": "{from}", "to": "{to}"}}"#);
    serde_json::from_str(&text).expect("a window")
}

/// Somebody in Paris with these windows.
fn said(name: &str, weekly: &[(&str, &str, &str)]) -> Availability {
    Availability {
        time_zone: zone("Europe/Paris"),
        weekly: weekly.iter().map(|(day, from, to)| window(day, from, to)).collect(),
        seats: 20,
        experience: Experience::Confirmed,
        languages: vec![Spoken::well("en")],
        ..Availability::undeclared(PersonId::derived(&[name]))
    }
}

fn mentor(name: &str, free: u32, weekly: &[(&str, &str, &str)]) -> Candidate {
    let availability = said(name, weekly);
    Candidate {
        mentor: availability.person,
        degrees: None,
        hours: Hours::open(&availability, week()),
        availability,
        capacity: 20,
        free,
        price: 0,
    }
}

fn student(name: &str, weeks_waited: i64, weekly: &[(&str, &str, &str)]) -> Seeker {
    Seeker {
        enrollment: EnrollmentId::derived(&[name]),
        student: PersonId::derived(&[name]),
        degree: "web-development".parse().expect("a degree"),
        language: "en".into(),
        level: 1,
        hours: Hours::open(&said(name, weekly), week()),
        since: now() - SignedDuration::from_hours(24 * 7 * weeks_waited),
        former: BTreeSet::new(),
        barred: BTreeSet::new(),
    }
}

const EVENINGS: &[(&str, &str, &str)] = &[("tue", "18:00", "21:00"), ("thu", "18:00", "21:00")];

fn paired(seekers: &[Seeker], candidates: &[Candidate]) -> Pairings {
    pair(seekers, candidates, &policy(), week(), now(), &Parameters::default()).expect("a graph")
}

fn placed(pairings: &Pairings) -> BTreeSet<EnrollmentId> {
    pairings.placed.iter().map(|pairing| pairing.enrollment).collect()
}

#[test]
fn whoever_waits_longest_comes_first() {
    let seekers = [student("new", 1, EVENINGS), student("old", 9, EVENINGS), student("mid", 5, EVENINGS)];
    let pairings = paired(&seekers, &[mentor("ines", 2, EVENINGS)]);
    assert_eq!(placed(&pairings), [seekers[1].enrollment, seekers[2].enrollment].into());
    assert_eq!(pairings.unseated, [Unseated { enrollment: seekers[0].enrollment, why: Why::Capacity }]);
}

#[test]
fn as_many_are_placed_as_there_are_seats() {
    let seekers = Vec::from_iter((0..5).map(|number| student(&number.to_string(), 0, EVENINGS)));
    let pairings = paired(&seekers, &[mentor("ines", 2, EVENINGS), mentor("marc", 2, EVENINGS)]);
    assert_eq!((pairings.report.placed, pairings.unseated.len()), (4, 1));
    assert_eq!(pairings.report.gap(), 0);
}

/// Two seats, but one hour: the other student goes to a mentor who fits less well.
#[test]
fn seats_are_not_enough_where_the_week_has_no_hour() {
    let one_hour: &[(&str, &str, &str)] = &[("tue", "18:00", "18:45")];
    let seekers = [student("a", 2, one_hour), student("b", 1, one_hour)];
    let mut ines = mentor("ines", 2, one_hour);
    ines.availability.fields = vec!["web-development".into()];
    let pairings = paired(&seekers, std::slice::from_ref(&ines));
    assert_eq!(placed(&pairings), [seekers[0].enrollment].into());
    assert_eq!(pairings.unseated, [Unseated { enrollment: seekers[1].enrollment, why: Why::NoOverlap }]);
    let pairings = paired(&seekers, &[ines, mentor("marc", 1, one_hour)]);
    assert_eq!((pairings.report.placed, pairings.report.rounds), (2, 2));
}

#[test]
fn everyone_left_over_is_told_why() {
    let french = Seeker { language: "fr".into(), ..student("french", 0, EVENINGS) };
    let mornings = student("mornings", 0, &[("sat", "06:00", "07:00")]);
    let late = student("late", 0, EVENINGS);
    let first = student("first", 3, EVENINGS);
    let all = [french, mornings, late, first];
    let pairings = paired(&all, &[mentor("ines", 1, EVENINGS)]);
    let why = |index: usize| {
        pairings.unseated.iter().find(|it| it.enrollment == all[index].enrollment).map(|it| it.why)
    };
    assert_eq!(
        [why(0), why(1), why(2), why(3)],
        [Some(Why::NoCandidate), Some(Why::NoOverlap), Some(Why::Capacity), None]
    );
}

#[test]
fn nobody_is_paired_with_whom_they_may_not() {
    let ines = mentor("ines", 5, EVENINGS);
    let check = |change: fn(&mut Seeker, &mut Candidate), possible: bool| {
        let (mut seeker, mut candidate) = (student("maya", 0, EVENINGS), ines.clone());
        change(&mut seeker, &mut candidate);
        assert_eq!(offer(&seeker, &[candidate], &policy(), week(), now()).is_ok(), possible);
    };
    check(|_, _| {}, true);
    check(|seeker, candidate| seeker.barred = [candidate.mentor].into(), false);
    check(|seeker, candidate| seeker.student = candidate.mentor, false);
    check(|seeker, candidate| candidate.degrees = Some([seeker.degree.clone()].into()), true);
    check(|_, candidate| candidate.degrees = Some(BTreeSet::new()), false);
    check(
        |seeker, candidate| (seeker.level, candidate.availability.project_levels) = (3, [1, 2].into()),
        false,
    );
    let at_level = |level| Spoken { language: "en".into(), level };
    assert!(at_level(Level::B1).level < policy().language_level_min);
    check(
        |_, candidate| {
            candidate.availability.languages = vec![Spoken { language: "en".into(), level: Level::B1 }]
        },
        false,
    );
    check(
        |_, candidate| {
            candidate.availability.languages = vec![Spoken { language: "en".into(), level: Level::B2 }]
        },
        true,
    );
    check(|_, candidate| candidate.free = 0, false);
}

#[test]
fn a_new_student_takes_the_best_of_benefit_less_price() {
    let maya = student("maya", 0, EVENINGS);
    let (mut ines, marc) = (mentor("ines", 5, EVENINGS), mentor("marc", 5, EVENINGS));
    ines.availability.fields = vec!["web-development".into()];
    let of =
        |candidates: &[Candidate]| offer(&maya, candidates, &policy(), week(), now()).map(|it| it.mentor);
    assert_eq!(of(&[ines.clone(), marc.clone()]), Ok(ines.mentor));
    ines.price = 301;
    assert_eq!(of(&[ines.clone(), marc.clone()]), Ok(marc.mentor));
    assert_eq!(of(&[]), Err(Why::NoCandidate));
    ines.free = 0;
    assert_eq!(of(&[ines]), Err(Why::Capacity));
}

#[test]
fn the_last_seats_of_a_mentor_weigh_most() {
    let fit = |free| {
        let candidate = mentor("ines", free, EVENINGS);
        let starts = candidate.common_starts(&student("maya", 0, EVENINGS), &policy());
        Fit::of(&student("maya", 0, EVENINGS), &candidate, &starts).load
    };
    assert!(fit(20) - fit(19) < fit(2) - fit(1));
    assert_eq!((fit(20), fit(0)), (150, 0));
}

#[test]
fn what_is_booked_and_promised_is_no_open_hour() {
    let ines = mentor("ines", 1, &[("tue", "18:00", "19:30")]);
    let hour = ines.hour_at(ines.hours.slots(3)[0], &policy(), week());
    assert_eq!(
        (hour.weekday, hour.local_time, hour.minutes),
        (crate::availability::Weekday::Tue, time("18:00"), 45)
    );
    let paris = zone("Europe/Paris");
    assert_eq!(ines.hours.without_hour(&hour, &paris, week()).slots(3).len(), 1);
    // The same hour in summer is another one in UTC.
    let summer = Week::of(at("2027-06-07T00:00:00Z"));
    let open = Hours::open(&ines.availability, summer);
    assert_eq!(open.without_hour(&hour, &paris, summer).slots(3).len(), 1);
    let booked = crate::occupancy::Slot::new(at("2027-03-09T17:30:00Z"), 45).expect("a slot");
    let (_, quarters) = booked.weeks().next().expect("a week");
    let booked = Occupancy::FREE.reserve(quarters).expect("free");
    assert!(ines.hours.without(&booked).slots(3).is_empty());
}

fn availability() -> impl Strategy<Value = Availability> {
    let zones = prop::sample::select(vec![
        "Europe/Paris",
        "America/New_York",
        "Africa/Cairo",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
    ]);
    let windows = prop::collection::vec((0..7_usize, 0..95_u16, 1..20_u16), 0..6);
    (zones, windows).prop_map(|(name, windows)| {
        let text = |quarter: u16| format!("{:02}:{:02}", quarter / 4, quarter % 4 * 15);
        let window = |(day, from, length): (usize, u16, u16)| {
            window(WEEKDAYS[day], &text(from), &text((from + length).min(96)))
        };
        Availability {
            time_zone: zone(name),
            weekly: windows.into_iter().map(window).collect(),
            ..Availability::undeclared(PersonId::derived(&["x"]))
        }
    })
}

proptest! {
    /// The bits of a week say what the minutes say, also in weeks in which clocks change.
    #[test]
    fn a_quarter_is_open_where_all_its_minutes_are(availability in availability(), first in prop::sample::select(
        vec!["2027-03-08T00:00:00Z", "2027-03-22T00:00:00Z", "2027-04-26T00:00:00Z", "2027-10-25T00:00:00Z", "2027-11-01T00:00:00Z"])) {
        let week = Week::of(at(first));
        let hours = Hours::open(&availability, week);
        for quarter in 0..672 {
            let begins = week.begins_at() + SignedDuration::from_mins(15 * quarter);
            let open = availability.covers(begins, begins + SignedDuration::from_mins(15));
            prop_assert_eq!(hours.holds(quarter as usize, 1), open, "{} {:?}", begins, availability.weekly);
        }
    }

    #[test]
    fn a_meeting_begins_where_all_its_quarters_are_open(availability in availability(), quarters in 1_usize..8) {
        let hours = Hours::open(&availability, week());
        let starts = hours.starts(quarters);
        for quarter in 0..672 {
            prop_assert_eq!(starts.holds(quarter, 1), hours.holds(quarter, quarters));
        }
        let slots = hours.slots(quarters);
        prop_assert!(slots.windows(2).all(|pair| pair[0] + quarters <= pair[1]));
    }

    /// Hours found are open for both and do not overlap, and nobody is left whom one more look would place.
    #[test]
    fn hours_found_are_held_by_one_student_each(mentor in availability(), students in prop::collection::vec(availability(), 0..6)) {
        let mentor = Hours::open(&mentor, week());
        let students = Vec::from_iter(students.iter().map(|student| Hours::open(student, week())));
        let found = hours_for(&mentor, &students, &policy());
        let mut left = mentor;
        for (student, start) in students.iter().zip(&found) {
            if let Some(start) = *start {
                prop_assert!(left.holds(start, 3) && student.holds(start, 3));
                left.take(start, 3);
            }
        }
        for (student, start) in students.iter().zip(&found) {
            prop_assert!(start.is_some() || left.and(student).starts(3).is_empty());
        }
    }

    /// No mentor gets more than their seats, nobody two mentors, nobody an hour that is not open for both;
    /// what was placed is worth no more than the bound.
    #[test]
    fn a_run_keeps_to_seats_and_hours(
        mentors in prop::collection::vec((availability(), 0_u32..4), 0..4),
        students in prop::collection::vec((availability(), 0_i64..60), 0..9),
    ) {
        let mentors = Vec::from_iter(mentors.into_iter().enumerate().map(|(index, (availability, free))| {
            let availability = Availability {
                person: PersonId::derived(&["mentor", &index.to_string()]),
                languages: vec![Spoken::well("en")],
                ..availability
            };
            Candidate { mentor: availability.person, hours: Hours::open(&availability, week()), availability, ..mentor("m", free, &[]) }
        }));
        let students = Vec::from_iter(students.into_iter().enumerate().map(|(index, (availability, weeks))| {
            Seeker { hours: Hours::open(&availability, week()), ..student(&index.to_string(), weeks, &[]) }
        }));
        let pairings = paired(&students, &mentors);
        let mut seen = BTreeSet::new();
        for mentor in &mentors {
            let own = Vec::from_iter(pairings.placed.iter().filter(|pairing| pairing.mentor == mentor.mentor));
            prop_assert!(own.len() <= mentor.free as usize);
            let mut left = mentor.hours;
            for pairing in own {
                prop_assert!(seen.insert(pairing.enrollment));
                let student = students.iter().find(|it| it.enrollment == pairing.enrollment).expect("known");
                let zone = &mentor.availability.time_zone;
                let without = left.without_hour(&pairing.hour, zone, week());
                let gone = |start: usize| (start..start + 3).all(|quarter| !without.holds(quarter, 1));
                let both = left.and(&student.hours);
                prop_assert!(both.starts(3).quarters().any(gone));
                left = without;
            }
        }
        prop_assert_eq!(pairings.placed.len() + pairings.unseated.len(), students.len());
        prop_assert!(pairings.report.value <= pairings.report.bound);
        prop_assert_eq!(pairings.placed.len() as u64, pairings.report.placed);
    }
}
