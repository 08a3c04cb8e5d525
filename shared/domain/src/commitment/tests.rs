//! The dates of scenario S4, and that no session is made twice.

use proptest::prelude::*;

use super::*;
use crate::availability::{Availability, EndTime, Window};
use crate::enrollment::SessionRefused;

fn zone(name: &str) -> Zone {
    name.parse().expect("a zone")
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

fn date(text: &str) -> Date {
    text.parse().expect("a date")
}

fn tuesdays(zone_name: &str, local_time: &str, first_on: &str) -> Commitment {
    Commitment {
        id: CommitmentId::derived(&["series"]),
        enrollment: EnrollmentId::derived(&["maya"]),
        student: PersonId::derived(&["maya"]),
        with: PersonId::derived(&["claire"]),
        kind: SessionKind::Mentoring,
        time_zone: zone(zone_name),
        weekday: Weekday::Tue,
        local_time: local_time.to_owned().try_into().expect("a time"),
        minutes: 45,
        first_on: date(first_on),
        ends_on: None,
        materialized_through: None,
        told_through: None,
    }
}

/// Claire, who can meet all day on these weekdays of Paris.
fn claire(weekdays: &[Weekday]) -> Availability {
    let all_day =
        |weekday: &Weekday| Window { weekday: *weekday, from: LocalTime::MIDNIGHT, to: EndTime::MIDNIGHT };
    Availability {
        time_zone: zone("Europe/Paris"),
        weekly: weekdays.iter().map(all_day).collect(),
        ..Availability::undeclared(PersonId::derived(&["claire"]))
    }
}

fn facts<'a>(
    availability: &'a Availability,
    allowed: &'a dyn Fn(Timestamp) -> Result<(), SessionRefused>,
) -> BookingFacts<'a> {
    BookingFacts { availability, accepted_by: &[], allowed, policy: &SessionPolicy::OPENING }
}

/// What is due up to the horizon.
fn sessions_due(series: &Commitment, facts: BookingFacts<'_>, now: Timestamp) -> Due {
    series.sessions_due(facts, series.horizon(now), now)
}

fn materialized(series: Commitment, now: Timestamp) -> Commitment {
    let horizon = series.horizon(now);
    series.materialized(horizon)
}

fn instants(series: &Commitment, through: &str) -> Vec<String> {
    Vec::from_iter(series.occurrences(series.first_on, date(through)).map(|(_, it)| it.starts_at.to_string()))
}

#[test]
fn a_series_keeps_its_wall_time_through_clock_changes() {
    let check = |zone_name, local_time, first_on, through, expected: &[&str]| {
        assert_eq!(instants(&tuesdays(zone_name, local_time, first_on), through), expected, "{zone_name}");
    };
    let paris =
        ["2027-03-09T17:00:00Z", "2027-03-16T17:00:00Z", "2027-03-23T17:00:00Z", "2027-03-30T16:00:00Z"];
    check("Europe/Paris", "18:00", "2027-03-09", "2027-03-30", &paris);
    let new_york =
        ["2027-10-26T18:00:00Z", "2027-11-02T18:00:00Z", "2027-11-09T19:00:00Z", "2027-11-16T19:00:00Z"];
    check("America/New_York", "14:00", "2027-10-26", "2027-11-16", &new_york);
    let london =
        ["2027-03-09T18:00:00Z", "2027-03-16T18:00:00Z", "2027-03-23T18:00:00Z", "2027-03-30T17:00:00Z"];
    check("Europe/London", "18:00", "2027-03-09", "2027-03-30", &london);
}

#[test]
fn series_of_two_zones_meet_in_the_weeks_between_their_clock_changes() {
    let london = tuesdays("Europe/London", "18:00", "2027-03-09");
    let new_york = tuesdays("America/New_York", "14:00", "2027-03-09");
    let dates = ["2027-03-16", "2027-03-23", "2027-11-02"].map(date);
    assert_eq!(london.clashes(&new_york, date("2027-12-31")), dates);
    assert_eq!(new_york.clashes(&london, date("2027-12-31")), dates);
    assert_eq!(london.clashes(&london, date("2027-03-31")).len(), 4);
    let later = Commitment { first_on: date("2027-03-30"), ..new_york.clone() };
    assert_eq!(london.clashes(&later, date("2027-12-31")), [date("2027-11-02")]);
    let over = new_york.end(date("2027-03-16"));
    assert_eq!(london.clashes(&over, date("2027-12-31")), [date("2027-03-16")]);
    let touching = tuesdays("Europe/London", "18:45", "2027-03-09");
    assert_eq!(london.clashes(&touching, date("2027-12-31")), []);
}

#[test]
fn a_student_elsewhere_is_told_of_the_weeks_that_move() {
    let series = tuesdays("Europe/Paris", "18:00", "2027-03-09");
    let told = series.wall_changes(&zone("America/New_York"), date("2027-03-09"), date("2027-04-30"));
    let (noon, one) = (jiff::civil::time(12, 0, 0, 0), jiff::civil::time(13, 0, 0, 0));
    let change = |on: &str, starts: &str, before, after| WallChange {
        date: date(on),
        starts_at: at(starts),
        before,
        after,
    };
    assert_eq!(
        told,
        [
            change("2027-03-16", "2027-03-16T17:00:00Z", noon, one),
            change("2027-03-30", "2027-03-30T16:00:00Z", one, noon),
        ]
    );
    let at_home = series.wall_changes(&zone("Europe/Paris"), date("2027-03-09"), date("2027-04-30"));
    assert_eq!(at_home, []);
}

#[test]
fn an_occurrence_in_a_gap_is_shifted_and_keeps_the_wall_time_that_was_chosen() {
    let nights = Commitment { weekday: Weekday::Sun, ..tuesdays("Europe/Paris", "02:30", "2027-03-28") };
    let availability = claire(&[Weekday::Sun]);
    let due = sessions_due(&nights, facts(&availability, &|_| Ok(())), at("2027-03-20T00:00:00Z"));
    let first = due.sessions.first().expect("a session");
    assert_eq!((first.starts_at, first.shifted), (at("2027-03-28T01:00:00Z"), true));
    assert_eq!(first.local.to_string(), "2027-03-28T02:30:00");
    assert_eq!(due.sessions.get(1).map(|session| session.shifted), Some(false));
}

#[test]
fn a_series_begins_on_its_first_weekday_and_ends_on_its_last() {
    let series = tuesdays("Europe/Paris", "18:00", "2027-03-10").end(date("2027-03-23"));
    assert_eq!(instants(&series, "2027-12-31"), ["2027-03-16T17:00:00Z", "2027-03-23T17:00:00Z"]);
    assert_eq!(series.clone().end(date("2028-01-01")).ends_on, series.ends_on);
}

#[test]
fn sessions_are_made_six_weeks_ahead_and_once() {
    let series = tuesdays("Europe/Paris", "18:00", "2027-03-09");
    let availability = claire(&[Weekday::Tue]);
    let now = at("2027-03-02T09:00:00Z");
    let due = sessions_due(&series, facts(&availability, &|_| Ok(())), now);
    assert_eq!(due.sessions.len(), 6); // 9 March to 13 April
    assert_eq!(due.sessions[0].id, series.session_id(date("2027-03-09")));
    assert_eq!(sessions_due(&series, facts(&availability, &|_| Ok(())), now), due);

    let made = materialized(series, now);
    assert_eq!(sessions_due(&made, facts(&availability, &|_| Ok(())), now), Due::default());
    let next = sessions_due(&made, facts(&availability, &|_| Ok(())), at("2027-03-09T09:00:00Z"));
    assert_eq!(
        Vec::from_iter(next.sessions.iter().map(|session| session.local.date())),
        [date("2027-04-20")]
    );
}

#[test]
fn a_look_makes_so_much_that_six_weeks_are_there_until_the_next() {
    let series = tuesdays("Europe/Paris", "18:00", "2027-03-09");
    let now = at("2027-03-02T09:00:00Z");
    let through = series.extended_through(now);
    assert_eq!(through, date("2027-04-27"));
    assert_eq!(series.horizon(now + EXTEND_EVERY), through);
}

#[test]
fn no_session_inside_a_pause_and_all_again_after_it() {
    let series = tuesdays("Europe/Paris", "18:00", "2027-03-09");
    let availability = claire(&[Weekday::Tue]);
    let now = at("2027-03-02T09:00:00Z");
    let paused = |day: &str| SessionRefused::MonthPaused { date: date(day) };
    let before_pause = |starts_at| {
        let begun = starts_at >= at("2027-03-31T00:00:00Z");
        if begun { Err(paused(&Zone::utc().date_at(starts_at).to_string())) } else { Ok(()) }
    };
    let due = sessions_due(&series, facts(&availability, &before_pause), now);
    assert_eq!(due.sessions.len(), 4);
    let left_out = ["2027-04-06", "2027-04-13"].map(|day| (date(day), BookingError::NotAllowed(paused(day))));
    assert_eq!(due.left_out, left_out);

    let resumed = materialized(series, now).rewound(date("2027-04-08"));
    let due = sessions_due(&resumed, facts(&availability, &|_| Ok(())), now);
    assert_eq!(Vec::from_iter(due.sessions.iter().map(|session| session.local.date())), [date("2027-04-13")]);
}

#[test]
fn a_series_that_cannot_be_is_refused_at_its_field() {
    let now = at("2027-03-02T09:00:00Z");
    let availability = claire(&[Weekday::Tue]);
    let check = |pointer: &str, change: fn(&mut Commitment)| {
        let mut series = tuesdays("Europe/Paris", "18:00", "2027-03-09");
        change(&mut series);
        let refused = series.begin(facts(&availability, &|_| Ok(())), now);
        assert_eq!(refused.map_err(|error| error.pointer()), Err(pointer));
    };
    check("/minutes", |series| series.minutes = 14);
    check("/minutes", |series| series.minutes = 181);
    check("/local_time", |series| series.local_time = "18:10".to_owned().try_into().expect("a time"));
    check("/first_on", |series| series.first_on = date("2027-03-01"));
    check("/first_on", |series| series.weekday = Weekday::Wed);
    check("/first_on", |series| series.with = series.student);
    check("/ends_on", |series| series.ends_on = Some(date("2027-03-08")));
    let series = tuesdays("Europe/Paris", "18:00", "2027-03-09");
    assert!(series.begin(facts(&availability, &|_| Ok(())), now).is_ok());
}

#[test]
fn the_student_owns_a_series_and_both_take_part() {
    let series = tuesdays("Europe/Paris", "18:00", "2027-03-09");
    let relations = |name: &str| series.relations(PersonId::derived(&[name]), Timestamp::UNIX_EPOCH);
    assert_eq!(relations("maya"), [Relation::Owner, Relation::Participant]);
    assert_eq!(relations("claire"), [Relation::Participant]);
    assert_eq!(relations("tom"), []);
}

proptest! {
    /// However the runs of the job fall, together they make what one look over all weeks sees.
    #[test]
    fn runs_in_any_rhythm_make_every_session_once(gaps in prop::collection::vec(0_i64..40, 1..12)) {
        let availability = claire(&[Weekday::Mon, Weekday::Tue, Weekday::Wed]);
        let mut series = tuesdays("Europe/Paris", "18:00", "2027-03-09");
        let mut now = at("2027-03-01T00:00:00Z");
        let mut made = Vec::new();
        let mut runs = vec![0];
        runs.extend(gaps);
        for gap in runs {
            now += SignedDuration::from_hours(24 * gap);
            let due = sessions_due(&series, facts(&availability, &|_| Ok(())), now);
            made.extend(due.sessions.into_iter().map(|session| session.id));
            series = materialized(series, now);
        }
        let all = Vec::from_iter(
            series.occurrences(series.first_on, series.horizon(now)).map(|(date, _)| series.session_id(date)),
        );
        prop_assert_eq!(made, all);
    }
}

proptest! {
    /// Looked at often or late, a series tells each wall change once, before it comes.
    #[test]
    fn each_wall_change_is_told_once_and_ahead(
        looks in proptest::collection::vec(0_i64..10 * 24, 40..60),
        reader in prop_oneof![Just("America/New_York"), Just("Asia/Kolkata"), Just("Europe/Paris"), Just("Australia/Sydney")],
    ) {
        let mut series = tuesdays("Europe/Paris", "18:00", "2027-03-09");
        let (mut now, mut told) = (at("2027-03-02T09:00:00Z"), Vec::new());
        for hours in looks {
            for change in series.wall_changes_due(&zone(reader), now) {
                prop_assert!(series.time_zone.date_at(now) <= change.date);
                told.push(change);
            }
            series = series.told(now);
            prop_assert_eq!(series.wall_changes_due(&zone(reader), now), []);
            now += SignedDuration::from_hours(hours);
        }
        let all = series.wall_changes(&zone(reader), series.first_on, series.told_through.expect("told"));
        prop_assert_eq!(told, all);
    }
}
