//! Sessions booked, moved and cancelled.

use super::*;

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
fn only_what_the_school_called_off_is_booked_again() {
    let before = at("2027-03-01T00:00:00Z");
    let cancelled = |by| booked().cancel(by, "", before).expect("cancelled");
    let again = cancelled(Side::School).reinstated(booked()).expect("booked again");
    assert_eq!((again.state, again.sequence), (SessionState::Booked, 2), "called off, and booked again");
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
