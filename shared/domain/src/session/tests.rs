//! The 45 minutes of scenario S8, to the second.

mod attendance; // who came, to the second
mod make_up; // one in place of another
mod booking; // sessions booked, moved and cancelled
mod notice; // what people are told of it

use proptest::prelude::*;

use super::*;
use crate::availability::{Availability, EndTime, LocalTime, Weekday, Window};
use crate::enrollment::SessionRefused;

const POLICY: SessionPolicy = SessionPolicy::OPENING;

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

/// A time of the session's day, 9 March 2027 in UTC.
fn day(time: &str) -> Timestamp {
    at(&format!("2027-03-09T{time}Z"))
}

fn person(name: &str) -> PersonId {
    PersonId::derived(&[name])
}

fn claire() -> Availability {
    let tuesdays = Window { weekday: Weekday::Tue, from: LocalTime::MIDNIGHT, to: EndTime::MIDNIGHT };
    Availability { weekly: vec![tuesdays], ..Availability::undeclared(person("claire")) }
}

fn chosen(date: &str, local_time: &str) -> ChosenTime {
    ChosenTime {
        date: date.parse().expect("a date"),
        local_time: local_time.to_owned().try_into().expect("a time"),
        time_zone: Zone::utc(),
        offset: None,
    }
}

fn booking(time: ChosenTime) -> Booking {
    Booking {
        id: SessionId::derived(&["one"]),
        kind: SessionKind::Mentoring,
        enrollment: EnrollmentId::derived(&["maya"]),
        student: person("maya"),
        with: person("claire"),
        time,
        minutes: 45,
    }
}

fn facts(availability: &Availability) -> BookingFacts<'_> {
    BookingFacts { availability, accepted_by: &[], allowed: &|_| Ok(()), policy: &POLICY }
}

/// Booked for 17:00 to 17:45.
fn booked() -> Session {
    let booked =
        Session::book(booking(chosen("2027-03-09", "17:00")), facts(&claire()), at("2027-03-01T00:00:00Z"));
    booked.expect("a session")
}

fn stay(name: &str, joined_at: &str) -> Attendance {
    Attendance { person: person(name), joined_at: day(joined_at), left_at: None, stay: None }
}

fn held(stays: &[(&str, &str)]) -> Session {
    stays.iter().fold(booked(), |session, (name, joined_at)| {
        session.attend(stay(name, joined_at), Side::Mentor, day("17:45:00")).expect("a stay")
    })
}

fn word(session: &Session) -> String {
    let json = serde_json::to_value(session).expect("json");
    json["state"].as_str().expect("a word").to_owned()
}

fn text() -> ReportText {
    ReportText { reviewed: "the form".into(), ..ReportText::default() }
}

#[test]
fn a_stored_session_reads_back_as_itself() {
    let cancelled = booked().cancel(Side::Student, "ill", day("16:00:00")).expect("cancelled");
    let reported = booked().report(text(), person("claire"), day("18:00:00")).expect("reported");
    for session in [booked(), cancelled, reported, held(&[("maya", "17:00:00"), ("claire", "17:00:00")])] {
        let json = serde_json::to_string(&session).expect("json");
        assert_eq!(serde_json::from_str::<Session>(&json).expect("a session"), session);
    }
}

#[test]
fn a_report_completes_what_attendance_does_not_contradict() {
    let check = |session: Session, now: &str, expected: Result<SessionState, ReportError>| {
        let reported = session.report(text(), person("claire"), at(now));
        assert_eq!(reported.map(|session| session.state), expected);
    };
    let silent = booked().conclude(day("17:45:00")).expect("judged");
    let completed = Ok(SessionState::Completed);
    check(booked(), "2027-03-09T17:00:00Z", completed.clone());
    check(booked(), "2027-03-09T18:00:00Z", completed.clone());
    check(silent, "2027-03-09T18:00:00Z", completed.clone());
    check(held(&[("claire", "17:00:00"), ("maya", "17:00:00")]), "2027-03-09T17:30:00Z", completed);
    check(held(&[("claire", "17:00:00")]), "2027-03-09T17:50:00Z", Err(ReportError::NotHeld));
    check(
        held(&[("claire", "17:30:00"), ("maya", "17:30:00")]),
        "2027-03-09T18:00:00Z",
        Err(ReportError::NotHeld),
    );
    check(
        booked().cancel(Side::Student, "", day("10:00:00")).expect("cancelled"),
        "2027-03-09T18:00:00Z",
        Err(ReportError::NotHeld),
    );
    let starts_at = day("17:00:00");
    check(booked(), "2027-03-09T16:59:59Z", Err(ReportError::NotStarted { starts_at }));
}

#[test]
fn a_late_report_is_accepted_and_marked() {
    let check = |now: &str, late: bool| {
        let reported = booked().report(text(), person("claire"), at(now)).expect("reported");
        assert_eq!(reported.report.map(|report| (report.at, report.late)), Some((at(now), late)));
    };
    check("2027-03-10T17:45:00Z", false);
    check("2027-03-10T17:45:01Z", true);
}

#[test]
fn a_report_is_the_mentors_and_written_once() {
    let now = day("18:00:00");
    let refuse = |text, by, expected| {
        assert_eq!(booked().report(text, person(by), now), Err(expected));
    };
    refuse(text(), "maya", ReportError::NotTheMentor);
    refuse(text(), "tom", ReportError::NotTheMentor);
    refuse(ReportText::default(), "claire", ReportError::Empty);
    let tips = "x".repeat(REPORT_CHARS_MAX + 1);
    refuse(ReportText { tips, ..text() }, "claire", ReportError::TooLong { pointer: "/tips" });
    let reported = booked().report(text(), person("claire"), now).expect("reported");
    assert_eq!(reported.report(text(), person("claire"), now), Err(ReportError::AlreadyReported));
}

#[test]
fn an_outcome_flips_when_both_sides_or_staff_say_so() {
    let now = day("20:00:00");
    let missed = held(&[("claire", "17:00:00")]).conclude(now).expect("judged");
    let claim = |session: Session, by: &str, outcome| session.dispute(outcome, person(by), now);

    let disputed = claim(missed.clone(), "maya", Outcome::Completed).expect("a claim");
    assert_eq!(disputed.state, SessionState::StudentNoShow);
    assert_eq!(claim(disputed.clone(), "maya", Outcome::Completed), Err(DisputeError::AlreadyClaimed));
    let other = claim(disputed.clone(), "claire", Outcome::TechnicalFailure).expect("a claim");
    assert_eq!(other.state, SessionState::StudentNoShow);

    for agreed_by in ["claire", "staff"] {
        let settled = claim(disputed.clone(), agreed_by, Outcome::Completed).expect("settled");
        assert_eq!(settled.state, SessionState::Completed);
        assert_eq!(claim(settled.clone(), "maya", Outcome::MentorNoShow), Err(DisputeError::Settled));
        assert!(claim(settled, "staff", Outcome::StudentNoShow).is_ok());
    }
    assert_eq!(claim(missed, "maya", Outcome::StudentNoShow), Err(DisputeError::SameOutcome));
    assert_eq!(claim(booked(), "maya", Outcome::Completed), Err(DisputeError::NoOutcome));
}

#[test]
fn only_faults_that_are_not_the_students_owe_another() {
    let owed = |outcome: Outcome| SessionState::from(outcome).owes_another();
    assert!(owed(Outcome::MentorNoShow) && owed(Outcome::NobodyCame) && owed(Outcome::TechnicalFailure));
    assert!(!owed(Outcome::Completed) && !owed(Outcome::StudentNoShow));
    assert!(booked().cancel(Side::Mentor, "", day("10:00:00")).expect("cancelled").state.owes_another());
    assert!(!booked().cancel(Side::Student, "", day("10:00:00")).expect("cancelled").state.owes_another());
}
