//! Windows to the second, exact rooms, and stays that are told of in any order.

use jiff::ToSpan;
use proptest::prelude::*;

use super::*;
use crate::id::{EnrollmentId, StayId};
use crate::session::{Attendance, SessionKind, SessionPolicy};

fn person(name: &str) -> PersonId {
    PersonId::derived(&[name])
}

fn day(time: &str) -> Timestamp {
    format!("2027-03-09T{time}Z").parse().expect("an instant")
}

/// Maya meets Claire from 17:00 to 17:45.
fn session() -> Session {
    Session {
        id: SessionId::derived(&["one"]),
        kind: SessionKind::Mentoring,
        enrollment: EnrollmentId::derived(&["maya"]),
        student: person("maya"),
        with: person("claire"),
        commitment: None,
        starts_at: day("17:00:00"),
        ends_at: day("17:45:00"),
        local: "2027-03-09T17:00".parse().expect("a wall time"),
        time_zone: crate::time::Zone::utc(),
        shifted: false,
        sequence: 0,
        free_until: day("16:00:00"),
        policy: SessionPolicy::OPENING,
        state: SessionState::Booked,
        attendance: Vec::new(),
        report: None,
        claims: Vec::new(),
        makes_up: None,
        made_up_by: None,
    }
}

fn account() -> Account {
    Account { issuer: "compagnon".into(), subject: "meet.example.org".into() }
}

#[test]
fn the_room_is_open_from_ten_minutes_before_to_thirty_after_to_the_second() {
    let check = |time: &str, open: bool| {
        for name in ["maya", "claire"] {
            assert_eq!(session().lets_in(person(name), day(time)), open, "{name} at {time}");
        }
        assert!(!session().lets_in(person("sam"), day(time)), "a stranger at {time}");
    };
    check("16:49:59", false);
    check("16:50:00", true);
    check("17:00:00", true);
    check("18:14:59", true);
    check("18:15:00", false);
}

#[test]
fn what_was_called_off_has_no_room_and_what_was_missed_still_has() {
    let now = day("16:55:00");
    for by in [Side::Student, Side::Mentor, Side::School] {
        let cancelled = session().cancel(by, "", now).expect("cancelled");
        assert!(!cancelled.lets_in(person("maya"), now));
    }
    let failed = session().fail(Side::Mentor, day("17:10:00")).expect("failed");
    assert!(!failed.lets_in(person("maya"), day("17:10:00")));
    let missed = session().as_of(day("17:45:00"));
    assert_eq!(missed.state, SessionState::NobodyCame);
    assert!(missed.lets_in(person("maya"), day("17:45:00")));
}

#[test]
fn a_token_says_who_comes_to_which_room_and_when() {
    let claims = Claims::of(session().guest(person("claire"), "Claire Roy"), &account());
    let expected = serde_json::json!({
        "aud": "jitsi", "iss": "compagnon", "sub": "meet.example.org",
        "room": format!("session-{}", session().id.uuid().simple()),
        "nbf": day("16:50:00").as_second(), "exp": day("18:15:00").as_second(),
        "context": {"user": {"id": person("claire"), "name": "Claire Roy",
            "moderator": true, "affiliation": "owner"}},
    });
    assert_eq!(serde_json::to_value(&claims).expect("JSON"), expected);
    let hers = Claims::of(session().guest(person("maya"), "Maya"), &account()).context.user;
    assert_eq!((hers.moderator, hers.affiliation), (false, "member"));
}

#[test]
fn only_a_rooms_exact_name_names_its_session() {
    let name = room_name(session().id);
    assert_eq!(session_in(&name), Some(session().id));
    for other in ["", "session-", &name[8..], &name.to_uppercase(), &format!("{name} "), &format!("{name}0")]
    {
        assert_eq!(session_in(other), None, "{other}");
    }
}

#[test]
fn a_clock_a_little_ahead_is_believed_and_one_far_ahead_is_not() {
    let now = day("17:00:00");
    assert_eq!(happened_at(day("16:59:59"), now), day("16:59:59"));
    assert_eq!(happened_at(day("17:05:00"), now), now);
    assert_eq!(happened_at(day("17:05:01"), now), day("17:05:01"));
}

/// What a provider tells of a stay.
fn told(name: &str, stay: &str, at: Timestamp, left: bool) -> Attendance {
    let stay = StayId::derived(&[stay]);
    Attendance { person: person(name), joined_at: at, left_at: left.then_some(at), stay: Some(stay) }
}

#[test]
fn word_of_a_stay_counts_once_in_any_order() {
    let joined = told("maya", "a", day("16:55:00"), false);
    let left = told("maya", "a", day("17:50:00"), true);
    let hear = |words: &[Attendance]| {
        words.iter().try_fold(session(), |session, word| session.attend(*word, Side::School, day("17:50:00")))
    };
    let heard = hear(&[joined, left]).expect("heard");
    assert_eq!(heard.attendance, [Attendance { left_at: Some(day("17:50:00")), ..joined }]);
    assert_eq!(hear(&[joined, left, joined, left]), Ok(heard));
    // The second word alone says nothing of the session's time.
    assert!(hear(&[left]).is_err());
}

proptest! {
    /// Admission follows the link: whoever has it has a token that counts, and the other way round.
    #[test]
    fn a_link_and_its_token_open_and_close_together(
        seconds in -7_200_i64..7_200, early in 0_u32..60, late in 0_u32..60,
    ) {
        let mut session = session();
        session.policy.join_early_minutes = early;
        session.policy.join_late_minutes = late;
        let now = session.starts_at + seconds.seconds();
        let claims = Claims::of(session.guest(session.student, "Maya"), &account());
        let counts = (claims.nbf..claims.exp).contains(&now.as_second());
        prop_assert_eq!(session.lets_in(session.student, now), counts);
    }

    /// However a provider's words are mixed and repeated, what is known in the end is the same.
    #[test]
    fn words_in_any_order_make_the_same_attendance(
        stays in prop::collection::vec((0_i64..2_000, 0_i64..600), 1..5),
        order in prop::collection::vec(0_usize..8, 8..24),
    ) {
        let words: Vec<Attendance> = stays.iter().enumerate().flat_map(|(index, (from, length))| {
            let name = if index % 2 == 0 { "maya" } else { "claire" };
            let joined = session().starts_at + from.seconds();
            [told(name, &index.to_string(), joined, false), told(name, &index.to_string(), joined + length.seconds(), true)]
        }).collect();
        let hear = |session: Session, word: &Attendance| {
            session.attend(*word, Side::School, day("17:44:59")).expect("a stay")
        };
        let mut mixed = order.iter().map(|index| &words[index % words.len()]).fold(session(), hear);
        mixed = words.iter().rev().fold(mixed, hear);
        let mut plain = words.iter().fold(session(), hear);
        for session in [&mut mixed, &mut plain] {
            session.attendance.sort_by_key(|stay| stay.stay);
        }
        prop_assert_eq!(mixed, plain);
    }
}
