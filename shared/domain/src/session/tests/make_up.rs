use super::*;

fn other(name: &str) -> Session {
    Session { id: SessionId::derived(&[name]), ..booked() }
}

/// S8: the mentor is absent, or neither comes.
#[test]
fn a_session_lost_through_no_fault_of_the_students_is_made_up_once() {
    let now = at("2027-03-10T18:00:00Z");
    for lost in [held(&[("maya", "17:00:00")]), booked()] {
        let mut second = other("second");
        let made_up = lost.make_up(&mut second, None, now).expect("owed");
        assert_eq!((second.makes_up, made_up.made_up_by), (Some(made_up.id), Some(second.id)));
        assert!(made_up.state.owes_another(), "its outcome is kept");
        let again = made_up.clone().make_up(&mut other("third"), Some(&second), now);
        assert_eq!(again, Err(MakeUpRefused::AlreadyMadeUp { by: second.id }));
    }
}

#[test]
fn what_the_student_lost_or_had_is_owed_no_other() {
    let check = |session: Session, now: &str, owed: Result<(), MakeUpRefused>| {
        assert_eq!(session.owed(None, at(now)), owed);
    };
    let after = "2027-03-09T18:00:00Z";
    check(held(&[("maya", "17:00:00"), ("claire", "17:00:00")]), after, Err(MakeUpRefused::NotOwed));
    check(held(&[("claire", "17:00:00")]), after, Err(MakeUpRefused::NotOwed));
    check(booked(), "2027-03-09T17:44:59Z", Err(MakeUpRefused::NotOwed));
    // Until a report would be late it may still say that they met.
    check(booked(), "2027-03-10T17:45:00Z", Err(MakeUpRefused::NotOwed));
    check(booked(), "2027-03-10T17:45:01Z", Ok(()));
    check(
        booked().cancel(Side::Student, "", day("10:00:00")).expect("late"),
        after,
        Err(MakeUpRefused::NotOwed),
    );
    check(booked().cancel(Side::Mentor, "", day("10:00:00")).expect("off"), "2027-03-09T10:00:00Z", Ok(()));
    let until = at("2027-05-08T17:45:00Z");
    check(booked(), "2027-05-08T17:45:00Z", Ok(()));
    check(booked(), "2027-05-08T17:45:01Z", Err(MakeUpRefused::TooLate { until }));
}

#[test]
fn one_that_is_called_off_free_of_charge_is_owed_again() {
    let (now, early) = (at("2027-03-10T18:00:00Z"), at("2027-03-01T00:00:00Z"));
    let mut second = other("second");
    let made_up = booked().make_up(&mut second, None, now).expect("owed");
    let off = |by, now| second.clone().cancel(by, "", now).expect("booked");
    assert_eq!(made_up.owed(Some(&off(Side::Student, early)), now), Ok(()));
    assert_eq!(made_up.owed(Some(&off(Side::School, early)), now), Ok(()));
    let lost = Err(MakeUpRefused::AlreadyMadeUp { by: second.id });
    assert_eq!(made_up.owed(Some(&off(Side::Student, day("16:00:00"))), now), lost, "late");
    // Called off by the mentor, it is itself the one that owes another.
    assert_eq!(made_up.owed(Some(&off(Side::Mentor, early)), now), lost);
    assert_eq!(off(Side::Mentor, early).owed(None, now), Ok(()));
    assert_eq!(made_up.owed(None, now), lost, "what is not known is no reason");
}

#[test]
fn another_enrollments_session_makes_up_for_nothing() {
    let mut elsewhere = Session { enrollment: EnrollmentId::derived(&["tom"]), ..other("second") };
    let mut coaching = Session { kind: SessionKind::Coaching, ..other("second") };
    for wrong in [&mut elsewhere, &mut coaching, &mut booked()] {
        assert_eq!(booked().make_up(wrong, None, day("18:00:00")), Err(MakeUpRefused::NotTheirs));
    }
}
