//! S3 to the date: what a pause costs, and how it ends.

use super::*;

/// S3.
#[test]
fn a_paused_month_costs_nothing() {
    let noor = paused("2027-01-31", "2027-03-10");
    assert_eq!(noor.pauses[0].from, date("2027-03-31"));
    let stored_late = noor.clone();
    let noor = noor.as_of(noon("2027-03-31"));
    assert_eq!((&noor.state, owed(&noor, "2027-05-11")), (&State::Paused, owed(&noor, "2027-03-30")));
    for noor in [noor, stored_late] {
        assert_eq!(owed(&noor, "2027-05-12"), ["2027-01-31", "2027-02-28"]);
        let noor = noor.resume(noon("2027-05-12")).expect("paused");
        let starts = owed(&noor, "2027-07-20");
        assert_eq!(starts[2..], ["2027-05-12", "2027-06-12", "2027-07-12"]);
        let due = noor.due_on(date("2027-05-12")).expect("owed that day");
        assert_eq!(due.key, PeriodKey { segment: 2, k: 0 });
        let billed = Some(due.key);
        assert_eq!(noor.periods_due(billed, date("2027-05-12")).count(), 0);
        assert_eq!(noor.periods_due(Some(PeriodKey { segment: 1, k: 1 }), date("2027-05-12")).count(), 1);
        assert_eq!(noor.due_on(date("2027-03-31")), None);
        assert_eq!(noor.due_on(date("2027-04-30")), None);
    }
}

/// Twelve months of active time end later for each day of a pause.
#[test]
fn a_pause_pushes_the_end_back() {
    let check = |enrollment: &Enrollment, ends_on: &str| {
        assert_eq!(enrollment.months_end_on(12), date(ends_on));
    };
    check(&begun("2027-01-31"), "2028-01-31");
    let noor = paused("2027-01-31", "2027-03-10");
    // Two months were begun; ten follow on the end it is planned for, or on the day she resumes.
    check(&noor, "2028-05-31");
    check(&noor.as_of(noon("2027-04-01")).resume(noon("2027-05-12")).expect("paused"), "2028-03-12");
}

#[test]
fn a_second_pause_is_refused() {
    let refused = Err(PauseRefused::PauseOverlaps { from: date("2027-03-31") });
    for on in ["2027-03-11", "2027-03-31", "2027-04-20"] {
        assert_eq!(paused("2027-01-31", "2027-03-10").pause(None, &TERMS, noon(on)), refused, "{on}");
    }
}

#[test]
fn a_pause_that_has_not_lasted_a_day_is_taken_back() {
    for on in ["2027-03-20", "2027-03-31"] {
        let noor = paused("2027-01-31", "2027-03-10").resume(noon(on)).expect("a pause ahead");
        assert_eq!(noor, begun("2027-01-31"), "{on}");
    }
}

#[test]
fn a_pause_nobody_ended_is_a_withdrawal() {
    let noor = paused("2027-01-31", "2027-03-10");
    assert_eq!(noor.clone().as_of(noon("2027-07-30")).state, State::Paused);
    let noor = noor.as_of(noon("2027-09-01"));
    let withdrawn_on = date("2027-07-31");
    assert_eq!(noor.state, State::Withdrawn { withdrawn_on, cause: WithdrawalCause::PauseLapsed });
    assert_eq!(noor.pauses[0].to, Some(withdrawn_on));
    let refused = noor.resume(noon("2027-09-01"));
    assert_eq!(refused, Err(ResumeRefused::NotPaused { state: "withdrawn" }));
}

#[test]
fn a_pause_has_a_length_and_reminders() {
    for months in [0, 5] {
        let refused = begun("2027-01-31").pause(Some(months), &TERMS, noon("2027-03-10"));
        assert_eq!(refused, Err(PauseRefused::Length { months_max: 4 }));
    }
    let noor = begun("2027-01-31").pause(Some(2), &TERMS, noon("2027-03-10")).expect("active");
    assert_eq!(noor.pauses[0].planned_to, date("2027-05-31"));
    assert_eq!(noor.pauses[0].reminders(&TERMS), [date("2027-05-17"), date("2027-05-28")]);
}

#[test]
fn a_pause_planned_before_a_suspension_begins_in_it() {
    let noor = paused("2027-01-31", "2027-03-10");
    let noor = noor.suspend(SuspensionCause::Unpaid, noon("2027-03-11")).expect("active");
    let noor = noor.lift(noon("2027-04-15")).expect("suspended");
    assert_eq!((&noor.state, owed(&noor, "2027-07-01").len()), (&State::Paused, 2));
}

#[test]
fn no_session_lies_in_a_pause_or_outside_active_time() {
    let noor = paused("2027-01-31", "2027-03-10");
    let check = |noor: &Enrollment, day: &str, answer: Result<(), SessionRefused>| {
        assert_eq!(noor.session_allowed_at(noon(day)), answer, "{day}");
    };
    let in_pause = |day: &str| Err(SessionRefused::MonthPaused { date: date(day) });
    let outside = |day: &str| Err(SessionRefused::NotActive { date: date(day) });
    check(&noor, "2027-01-30", outside("2027-01-30"));
    check(&noor, "2027-03-30", Ok(()));
    check(&noor, "2027-03-31", in_pause("2027-03-31"));
    check(&noor, "2027-05-12", in_pause("2027-05-12"));
    check(&noor, "2027-08-01", outside("2027-08-01"));
    let noor = noor.resume(noon("2027-05-12")).expect("paused");
    check(&noor, "2027-05-11", in_pause("2027-05-11"));
    check(&noor, "2027-05-12", Ok(()));
    let noor = noor.conclude(noon("2027-06-01")).expect("studying");
    check(&noor, "2027-06-02", outside("2027-06-02"));
}

#[test]
fn where_the_terms_say_so_a_pause_begins_tomorrow_and_the_rest_is_unused() {
    let terms = Terms { pause_begins: PauseBegins::ImmediateWithCredit, ..TERMS };
    let noor = begun("2027-01-31").pause(None, &terms, noon("2027-03-10")).expect("active");
    let unused = Unused { from: date("2027-03-11"), cause: UnusedCause::Paused };
    assert_eq!((noor.open_pause().map(|pause| pause.from), noor.unused()), (Some(unused.from), Some(unused)));
    // Taken back the same day, everything is as before; a day later a new segment begins.
    let back = noor.clone().resume(noon("2027-03-10")).expect("a pause ahead");
    assert_eq!((back.unused(), owed(&back, "2027-03-31").len()), (None, 3));
    let later = noor.resume(noon("2027-03-11")).expect("paused");
    assert_eq!(owed(&later, "2027-04-11"), ["2027-01-31", "2027-02-28", "2027-03-11", "2027-04-11"]);
    assert_eq!(later.segments[0].unused, Some(unused));
}
