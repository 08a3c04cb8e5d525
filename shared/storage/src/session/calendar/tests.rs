//! What a calendar makes of sessions, before anything is written.

use domain::commitment::Due;
use domain::enrollment::State;
use domain::id::{EnrollmentId, PersonId, SessionId};
use domain::money::{Currency, Money};
use domain::session::{SessionKind, SessionState, Side};
use domain::time::Zone;

use super::*;
use crate::item::{from_attributes, to_attributes};

pub(super) fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

fn now() -> Timestamp {
    at("2027-03-01T00:00:00Z")
}

pub(super) fn person(name: &str) -> PersonId {
    PersonId::derived(&[name])
}

fn maya() -> Enrollment {
    enrollment_of(EnrollmentId::derived(&["maya"]), person("maya"))
}

pub(super) fn enrollment_of(id: EnrollmentId, student: PersonId) -> Enrollment {
    Enrollment {
        id,
        student,
        degree: "web-development".parse().expect("a slug"),
        edition: "web-development-gb".parse().expect("a slug"),
        market: "GB".into(),
        version: 1,
        language: "en".into(),
        time_zone: Zone::utc(),
        hours_per_week: 20,
        start_on: jiff::civil::date(2027, 2, 7),
        quoted_at: None,
        state: State::Active,
        leaves_on: None,
        monthly_price: Money::minor(30_000, Currency::Gbp),
        contract_version: 1,
        contract: None,
        payment_method: None,
        payment_method_number: 0,
        payers: Vec::new(),
        segments: Vec::new(),
        pauses: Vec::new(),
        mentors: Vec::new(),
        waiting: None,
        coach: None,
        recognized_skills: Default::default(),
    }
}

fn calendar() -> Calendar {
    let enrollment = Item { value: maya(), revision: 4 };
    let agenda = Item::new(Agenda::empty(enrollment.value.id));
    Calendar::new(enrollment, agenda, Diaries::default())
}

/// 45 minutes with Claire from 17:00 of a March day.
fn session(day: i8) -> Session {
    let starts_at = at(&format!("2027-03-{day:02}T17:00:00Z"));
    Session {
        policy: Default::default(),
        id: SessionId::derived(&[&day.to_string()]),
        kind: SessionKind::Mentoring,
        enrollment: maya().id,
        student: person("maya"),
        with: person("claire"),
        commitment: None,
        starts_at,
        ends_at: starts_at + jiff::SignedDuration::from_mins(45),
        local: jiff::civil::date(2027, 3, day).at(17, 0, 0, 0),
        time_zone: Zone::utc(),
        shifted: false,
        sequence: 0,
        free_until: starts_at - jiff::SignedDuration::from_hours(24),
        state: SessionState::Booked,
        attendance: Vec::new(),
        report: None,
        claims: Vec::new(),
        makes_up: None,
        made_up_by: None,
    }
}

fn cancelled(by: Side, session: Session) -> Session {
    session.cancel(by, "", now()).expect("booked")
}

fn ahead(calendar: &Calendar) -> Vec<SessionId> {
    ahead_of(calendar, maya().id)
}

fn ahead_of(calendar: &Calendar, enrollment: EnrollmentId) -> Vec<SessionId> {
    let agenda = &calendar.places[&enrollment].agenda.value;
    agenda.sessions.iter().map(|meeting| meeting.session).collect()
}

#[test]
fn several_enrollments_share_the_week_of_whom_they_meet() {
    let tom = enrollment_of(EnrollmentId::derived(&["tom"]), person("tom"));
    let places = [maya(), tom.clone()].map(|enrollment| {
        let agenda = Item::new(Agenda::empty(enrollment.id));
        Place { enrollment: Item { value: enrollment, revision: 4 }, agenda }
    });
    let mut calendar = Calendar::of(places, Diaries::default());
    let with_tom = |day: i8| {
        let id = SessionId::derived(&["tom", &day.to_string()]);
        Session { id, enrollment: tom.id, student: tom.student, ..session(day) }
    };
    let due = |sessions: Vec<Session>| Due { sessions, left_out: Vec::new() };
    calendar.make(due(vec![session(9)]), &[], now()).expect("free");
    let made = calendar.make(due(vec![with_tom(9), with_tom(16)]), &[], now()).expect("read");
    assert_eq!(made.left_out, [(jiff::civil::date(2027, 3, 9), SlotTaken.into())]);
    assert_eq!(ahead(&calendar), [session(9).id]);
    assert_eq!(ahead_of(&calendar, tom.id), [with_tom(16).id]);
    let elsewhere = Session { enrollment: EnrollmentId::derived(&["ana"]), ..session(23) };
    assert_eq!(calendar.add(elsewhere, now()), Err(Misfit::NotRead));
}

#[test]
fn a_session_reads_back_as_it_was_written() {
    let sessions = [session(9), cancelled(Side::Student, session(16))];
    for session in sessions {
        let read: Item<Session> =
            from_attributes(to_attributes(&session, 2).expect("plain data")).expect("as written");
        assert_eq!(read.value, session);
    }
}

#[test]
fn a_booked_session_takes_the_time_and_stands_in_the_agenda() {
    let mut calendar = calendar();
    calendar.add(session(9), now()).expect("free");
    assert_eq!(ahead(&calendar), [session(9).id]);
    let same_time = Session { id: SessionId::derived(&["other"]), ..session(9) };
    assert_eq!(calendar.add(same_time, now()), Err(Misfit::Taken(SlotTaken)));
    assert_eq!((ahead(&calendar).len(), calendar.changes.len()), (1, 1));
}

#[test]
fn a_cancelled_session_gives_its_time_back() {
    let mut calendar = calendar();
    calendar.add(session(9), now()).expect("free");
    let booked = Item { value: session(9), revision: 1 };
    calendar.change(booked, cancelled(Side::Student, session(9)), now()).expect("booked");
    assert_eq!(ahead(&calendar), []);
    let same_time = Session { id: SessionId::derived(&["other"]), ..session(9) };
    assert_eq!(calendar.add(same_time, now()), Ok(()));
}

#[test]
fn a_session_moves_into_time_that_was_its_own() {
    let mut calendar = calendar();
    calendar.add(session(9), now()).expect("free");
    let later = jiff::SignedDuration::from_mins(15);
    let moved = Session {
        starts_at: session(9).starts_at + later,
        ends_at: session(9).ends_at + later,
        ..session(9)
    };
    let booked = Item { value: session(9), revision: 1 };
    assert_eq!(calendar.change(booked, moved, now()), Ok(()));
    assert_eq!(calendar.diaries.touched(), 2);
}

#[test]
fn of_a_series_only_what_is_missing_and_free_is_made() {
    let mut calendar = calendar();
    let other = Session { id: SessionId::derived(&["other"]), ..session(16) };
    calendar.add(other, now()).expect("free");
    let known = [
        Item { value: session(2), revision: 1 },
        Item { value: cancelled(Side::Student, session(23)), revision: 2 },
        Item { value: cancelled(Side::School, session(30)), revision: 2 },
    ];
    let due = Due { sessions: [2, 9, 16, 23, 30].map(session).to_vec(), left_out: Vec::new() };
    let made = calendar.make(due, &known, now()).expect("sound");
    let made_days =
        Vec::from_iter(made.sessions.iter().map(|session| (session.local.day(), session.sequence)));
    assert_eq!(made_days, [(9, 0), (30, 2)]);
    assert_eq!(made.left_out, [(jiff::civil::date(2027, 3, 16), BookingError::Taken(SlotTaken))]);
}
