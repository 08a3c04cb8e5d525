//! The 45 minutes of scenario S8, to the second.

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
    Attendance { person: person(name), joined_at: day(joined_at), left_at: None }
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
fn a_student_cancels_free_of_charge_up_to_24_hours_before() {
    let check = |by: Side, now: &str, expected: Result<&str, CancelError>| {
        let cancelled = booked().cancel(by, "", at(now)).map(|session| word(&session));
        assert_eq!(cancelled, expected.map(str::to_owned), "{now}");
    };
    let started = CancelError::Started { starts_at: day("17:00:00") };
    check(Side::Student, "2027-03-08T16:00:00Z", Ok("cancelled_early"));
    check(Side::Student, "2027-03-08T17:00:00Z", Ok("cancelled_early")); // 24:00:00 before
    check(Side::Student, "2027-03-08T17:00:01Z", Ok("cancelled_late")); // 23:59:59 before
    check(Side::Student, "2027-03-09T16:59:59Z", Ok("cancelled_late"));
    check(Side::Student, "2027-03-09T17:00:00Z", Err(started));
    check(Side::Mentor, "2027-03-08T16:00:00Z", Ok("cancelled_by_mentor"));
    check(Side::Mentor, "2027-03-09T16:59:59Z", Ok("cancelled_by_mentor"));
    check(Side::Mentor, "2027-03-09T17:00:00Z", Err(started));
    check(Side::School, "2027-03-09T16:00:00Z", Ok("cancelled_early"));
    check(Side::School, "2027-03-11T00:00:00Z", Ok("cancelled_early")); // a pause's job, behind time
}

#[test]
fn a_session_is_cancelled_once() {
    let cancelled = booked().cancel(Side::Mentor, "", day("10:00:00")).expect("cancelled");
    assert_eq!(cancelled.cancel(Side::Student, "", day("10:00:00")), Err(CancelError::NotBooked));
    let reason = "x".repeat(REASON_CHARS_MAX + 1);
    assert_eq!(booked().cancel(Side::Student, &reason, day("10:00:00")), Err(CancelError::ReasonTooLong));
}

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
    let outside = AttendanceError::OutsideSession { from: day("16:45:00"), until: day("17:45:00") };
    check(stay("maya", "17:10:01"), AttendanceError::Future);
    check(Attendance { left_at: Some(day("17:10:01")), ..stay("maya", "17:00:00") }, AttendanceError::Future);
    check(
        Attendance { left_at: Some(day("16:59:00")), ..stay("maya", "17:00:00") },
        AttendanceError::Backwards,
    );
    check(stay("tom", "17:00:00"), AttendanceError::NotAParticipant);
    check(stay("maya", "16:44:59"), outside);
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
fn a_booking_is_judged_by_clock_pause_and_availability() {
    let claire = claire();
    let now = at("2027-03-09T12:00:00Z");
    let both = [person("maya"), person("claire")];
    let check = |time: ChosenTime, facts: BookingFacts<'_>, expected: Result<(), BookingError>| {
        assert_eq!(Session::book(booking(time), facts, now).map(|_| ()), expected);
    };
    let open = facts(&claire);
    check(chosen("2027-03-09", "12:15"), open, Ok(()));
    check(chosen("2027-03-09", "12:00"), open, Err(BookingError::Past));
    check(chosen("2027-03-09", "17:10"), open, Err(BookingError::InvalidSlot(InvalidSlot::OffQuarter)));
    check(chosen("2027-03-10", "17:00"), open, Err(BookingError::OutsideAvailability));
    let by = |accepted_by| BookingFacts { accepted_by, ..open };
    check(chosen("2027-03-10", "17:00"), by(&both), Ok(()));
    check(chosen("2027-03-10", "17:00"), by(&both[..1]), Err(BookingError::OutsideAvailability));
    let month_paused = SessionRefused::MonthPaused { date: jiff::civil::date(2027, 3, 9) };
    let paused = |_| Err(month_paused.clone());
    let paused = BookingFacts { allowed: &paused, ..open };
    check(
        chosen("2027-03-09", "17:00"),
        paused,
        Err(BookingError::NotAllowed(SessionRefused::MonthPaused { date: jiff::civil::date(2027, 3, 9) })),
    );

    let alone = Booking { with: person("maya"), ..booking(chosen("2027-03-09", "17:00")) };
    assert_eq!(Session::book(alone, open, now), Err(BookingError::Alone));
    for minutes in [14, 181] {
        let odd = Booking { minutes, ..booking(chosen("2027-03-09", "17:00")) };
        assert_eq!(Session::book(odd, open, now), Err(BookingError::Length { min: 15, max: 180 }));
    }
    let skipped =
        ChosenTime { time_zone: "Europe/Paris".parse().expect("a zone"), ..chosen("2027-03-28", "02:30") };
    assert!(matches!(Session::book(booking(skipped), open, now), Err(BookingError::InvalidTime(_))));
}

#[test]
fn a_moved_session_has_the_next_sequence_and_the_same_length() {
    let claire = claire();
    let to = || chosen("2027-03-16", "18:00");
    let moved =
        booked().move_to(to(), Side::Student, facts(&claire), at("2027-03-08T17:00:00Z")).expect("moved");
    assert_eq!(
        (moved.sequence, moved.starts_at, moved.ends_at),
        (1, at("2027-03-16T18:00:00Z"), at("2027-03-16T18:45:00Z"))
    );
    assert_eq!(moved.free_until, at("2027-03-15T18:00:00Z"));
    assert_eq!(moved.id, booked().id);

    let refuse = |session: Session, now, expected| {
        assert_eq!(session.move_to(to(), Side::Mentor, facts(&claire), now), Err(expected));
    };
    refuse(booked(), day("17:00:00"), BookingError::Started { starts_at: day("17:00:00") });
    let cancelled = booked().cancel(Side::Mentor, "", day("10:00:00")).expect("cancelled");
    refuse(cancelled, day("10:00:00"), BookingError::NotBooked);
}

#[test]
fn a_late_move_does_not_make_a_late_cancellation_early() {
    let claire = claire();
    let now = day("16:00:00");
    let check = |by: Side, expected: &str| {
        let moved = booked().move_to(chosen("2027-03-16", "18:00"), by, facts(&claire), now).expect("moved");
        assert_eq!(word(&moved.cancel(Side::Student, "", now).expect("cancelled")), expected);
    };
    check(Side::Student, "cancelled_late");
    check(Side::Mentor, "cancelled_early");
}

#[test]
fn only_faults_that_are_not_the_students_owe_another() {
    let owed = |outcome: Outcome| SessionState::from(outcome).owes_another();
    assert!(owed(Outcome::MentorNoShow) && owed(Outcome::NobodyCame) && owed(Outcome::TechnicalFailure));
    assert!(!owed(Outcome::Completed) && !owed(Outcome::StudentNoShow));
    assert!(booked().cancel(Side::Mentor, "", day("10:00:00")).expect("cancelled").state.owes_another());
    assert!(!booked().cancel(Side::Student, "", day("10:00:00")).expect("cancelled").state.owes_another());
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

#[test]
fn only_what_the_school_called_off_is_booked_again() {
    let before = at("2027-03-01T00:00:00Z");
    let cancelled = |by| booked().cancel(by, "", before).expect("cancelled");
    let again = cancelled(Side::School).reinstated(booked()).expect("booked again");
    assert_eq!((again.state, again.sequence), (SessionState::Booked, 1));
    assert_eq!(cancelled(Side::Student).reinstated(booked()), None);
    assert_eq!(cancelled(Side::Mentor).reinstated(booked()), None);
    assert_eq!(booked().reinstated(booked()), None);
}

proptest! {
    /// Invariants 15 and 16, for any quarter hour of a fortnight, any agreement and any pause.
    #[test]
    fn a_session_lies_in_availability_or_both_agree_and_never_in_a_pause(
        quarter in 0_i64..14 * 96,
        agreed in 0_usize..4,
        paused_from in 0_i64..14,
    ) {
        let claire = claire();
        let starts_at = at("2027-03-08T00:00:00Z") + SignedDuration::from_mins(15 * quarter);
        let local = Zone::utc().wall_time_at(starts_at);
        let time = chosen(&local.date().to_string(), &local.time().strftime("%H:%M").to_string());
        let both = [person("maya"), person("claire")];
        let accepted_by: &[PersonId] = match agreed {
            0 => &[],
            1 => &both[..1],
            2 => &both[1..],
            _ => &both,
        };
        let pause = at("2027-03-08T00:00:00Z") + SignedDuration::from_hours(24 * paused_from);
        let date = local.date();
        let allowed = |instant| if instant < pause { Ok(()) } else { Err(SessionRefused::MonthPaused { date }) };
        let facts = BookingFacts { availability: &claire, accepted_by, allowed: &allowed, policy: &POLICY };
        let session = Session::book(booking(time), facts, at("2027-03-01T00:00:00Z"));
        let ends_at = starts_at + SignedDuration::from_mins(45);
        // Claire meets on Tuesdays, all day.
        let tuesday = |instant: Timestamp| Zone::utc().date_at(instant).weekday() == jiff::civil::Weekday::Tuesday;
        let available = tuesday(starts_at) && tuesday(ends_at - SignedDuration::from_secs(1));
        prop_assert_eq!(session.is_ok(), starts_at < pause && (available || agreed == 3));
    }
}
