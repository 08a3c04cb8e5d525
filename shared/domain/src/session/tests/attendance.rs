//! Who came, to the second.

use super::*;

#[test]
fn who_joins_within_one_third_has_come() {
    let check = |stays: &[(&str, &str)], expected: &str| {
        let judged = held(stays).conclude(day("17:45:00")).expect("judged");
        assert_eq!(word(&judged), expected, "{stays:?}");
    };
    check(&[("claire", "17:00:00"), ("maya", "17:00:00")], "completed");
    check(&[("claire", "17:00:00"), ("maya", "17:15:00")], "completed");
    check(&[("claire", "17:00:00"), ("maya", "17:15:01")], "student_no_show");
    check(&[("claire", "16:50:00")], "student_no_show");
    check(&[("maya", "17:00:00")], "mentor_no_show");
    check(&[("maya", "17:00:00"), ("claire", "17:15:01")], "mentor_no_show");
    check(&[("maya", "17:30:00"), ("claire", "17:30:00")], "nobody_came");
    check(&[], "nobody_came");
}

#[test]
fn who_leaves_before_the_start_has_not_come() {
    let left = Attendance { left_at: Some(day("17:00:00")), ..stay("maya", "16:50:00") };
    let session =
        held(&[("claire", "17:00:00")]).attend(left, Side::Mentor, day("17:45:00")).expect("a stay");
    assert_eq!(session.conclude(day("17:45:00")).map(|it| it.state), Ok(SessionState::StudentNoShow));
}

#[test]
fn a_session_is_in_progress_once_both_are_there() {
    assert_eq!(held(&[("claire", "17:00:00")]).state, SessionState::Booked);
    assert_eq!(held(&[("claire", "17:00:00"), ("maya", "17:05:00")]).state, SessionState::InProgress);
}

#[test]
fn the_same_stay_said_twice_is_one() {
    let once = held(&[("maya", "17:00:00")]);
    let left = Attendance { left_at: Some(day("17:40:00")), ..stay("maya", "17:00:00") };
    let ended = once.clone().attend(left, Side::Mentor, day("17:45:00")).expect("a stay");
    assert_eq!(ended.attendance, [left]);
    assert_eq!(ended.clone().attend(stay("maya", "17:00:00"), Side::Mentor, day("17:45:00")), Ok(ended));
}

#[test]
fn attendance_that_cannot_be_is_refused() {
    let now = day("17:10:00");
    let check = |stay: Attendance, expected: AttendanceError| {
        assert_eq!(booked().attend(stay, Side::Mentor, now), Err(expected));
    };
    let outside = AttendanceError::OutsideSession { from: day("16:50:00"), until: day("17:45:00") };
    check(stay("maya", "17:10:01"), AttendanceError::Future);
    check(Attendance { left_at: Some(day("17:10:01")), ..stay("maya", "17:00:00") }, AttendanceError::Future);
    check(
        Attendance { left_at: Some(day("16:59:00")), ..stay("maya", "17:00:00") },
        AttendanceError::Backwards,
    );
    check(stay("tom", "17:00:00"), AttendanceError::NotAParticipant);
    check(stay("maya", "16:49:59"), outside);
    assert_eq!(booked().attend(stay("maya", "17:45:00"), Side::Mentor, day("18:00:00")), Err(outside));
    let over = booked().conclude(day("17:45:00")).expect("judged");
    assert_eq!(
        over.attend(stay("maya", "17:00:00"), Side::Mentor, day("18:00:00")),
        Err(AttendanceError::Over)
    );
}

#[test]
fn a_session_is_judged_once_and_not_before_its_end() {
    let early = booked().conclude(day("17:44:59"));
    assert_eq!(early, Err(AttendanceError::NotOver { ends_at: day("17:45:00") }));
    let judged = booked().conclude(day("17:45:00")).expect("judged");
    assert_eq!(judged.conclude(day("17:45:00")), Err(AttendanceError::Over));
}

#[test]
fn a_failed_link_is_said_by_the_mentor_or_the_school() {
    let check = |by, now: &str, expected| {
        assert_eq!(booked().fail(by, day(now)).map(|session| session.state), expected);
    };
    check(Side::Mentor, "17:05:00", Ok(SessionState::TechnicalFailure));
    check(Side::School, "18:05:00", Ok(SessionState::TechnicalFailure));
    check(Side::Student, "17:05:00", Err(AttendanceError::NotFailed));
    check(Side::Mentor, "16:59:59", Err(AttendanceError::NotFailed));
}

proptest! {
    #[test]
    fn presence_ends_at_exactly_one_third(quarters in 1_i64..=12, second in 0_i64..3600) {
        let minutes = u16::try_from(15 * quarters).expect("small");
        let wanted = Booking { minutes, ..booking(chosen("2027-03-09", "17:00")) };
        let session = Session::book(wanted, facts(&claire()), at("2027-03-01T00:00:00Z")).expect("a session");
        let joined_at = session.starts_at + SignedDuration::from_secs(second);
        prop_assume!(joined_at < session.ends_at);
        let (ends_at, length) = (session.ends_at, session.length().as_secs());
        let judged = session
            .attend(stay("claire", "17:00:00"), Side::Mentor, ends_at)
            .and_then(|session| {
                let maya = Attendance { joined_at, ..stay("maya", "17:00:00") };
                session.attend(maya, Side::Student, ends_at)
            })
            .and_then(|session| session.conclude(ends_at))
            .expect("judged");
        prop_assert_eq!(judged.state == SessionState::Completed, 3 * second <= length);
    }
}

#[test]
fn a_session_that_is_over_is_judged_without_anybody_writing_it_down() {
    let check = |stays: &[(&str, &str)], now: &str, state: SessionState| {
        assert_eq!(held(stays).as_of(day(now)).state, state, "{stays:?} at {now}");
    };
    let both = [("claire", "17:00:00"), ("maya", "17:15:00")];
    check(&both, "17:44:59", SessionState::InProgress);
    check(&both, "17:45:00", SessionState::Completed);
    check(&both[..1], "17:45:00", SessionState::StudentNoShow);
    check(&[], "17:45:00", SessionState::NobodyCame);
    check(&[], "17:44:59", SessionState::Booked);
}

#[test]
fn a_student_speaks_for_nobody_else() {
    let said = |name, by| booked().attend(stay(name, "17:00:00"), by, day("17:10:00")).map(drop);
    assert_eq!(said("claire", Side::Student), Err(AttendanceError::NotTheirs));
    assert_eq!(said("maya", Side::Student), Ok(()));
    assert_eq!(said("maya", Side::Mentor), Ok(()));
}
