//! Who mentors a student on which day.

use super::*;

fn assignment(mentor: &str, from: &str, to: Option<&str>) -> MentorAssignment {
    let id = AssignmentId::derived(&[mentor, from]);
    MentorAssignment { id, mentor: person(mentor), from: date(from), to: to.map(date) }
}

#[test]
fn a_mentor_hands_over_and_a_cover_stands_in() {
    let now = noon("2027-02-07");
    let assign = |maya: Enrollment, assignment| maya.assign_mentor(assignment, now).expect("live");
    let maya = assign(begun("2027-02-07"), assignment("ana", "2027-02-07", None));
    let maya = assign(maya, assignment("ben", "2027-03-01", Some("2027-03-08")));
    let maya = assign(maya, assignment("eve", "2027-04-01", None));
    let check =
        |day: &str, mentor: &str| assert_eq!(maya.mentor_on(date(day)), Some(person(mentor)), "{day}");
    check("2027-02-07", "ana");
    check("2027-03-07", "ben");
    check("2027-03-08", "ana");
    check("2027-04-01", "eve");
    assert_eq!(maya.relations(person("ana"), noon("2027-03-02")), [Relation::CurrentMentor]);
    assert_eq!(maya.relations(person("ana"), noon("2027-04-01")), []);
    assert_eq!(maya.relations(person("maya"), noon("2027-04-01")), [Relation::Owner]);
    let own = maya.clone().assign_mentor(assignment("maya", "2027-05-01", None), now);
    assert_eq!(own, Err(AssignRefused::MentorIsStudent));
    let gone = maya.withdraw(&TERMS, noon("2027-04-20")).expect("active").as_of(noon("2027-05-07"));
    assert_eq!(gone.mentor_on(date("2027-05-07")), None);
    assert_eq!(gone.relations(person("eve"), noon("2027-05-07")), []);
}

#[test]
fn active_time_goes_without_a_mentor_for_a_week_at_most() {
    let check = |assignments: &[(&str, Option<&str>)], gaps: &[(&str, &str)]| {
        let assign = |maya: Enrollment, (from, to): &(&str, Option<&str>)| {
            maya.assign_mentor(assignment("ana", from, *to), noon("2027-02-07")).expect("live")
        };
        let maya = assignments.iter().fold(begun("2027-02-07"), assign);
        let found = maya.mentor_gaps(date("2027-03-07"), &TERMS);
        let found = Vec::from_iter(found.iter().map(|gap| (gap.from, gap.to)));
        assert_eq!(found, Vec::from_iter(gaps.iter().map(|(from, to)| (date(from), date(to)))));
    };
    check(&[], &[("2027-02-07", "2027-03-07")]);
    check(&[("2027-02-14", None)], &[]);
    check(&[("2027-02-15", None)], &[("2027-02-07", "2027-02-15")]);
    check(&[("2027-02-07", Some("2027-02-27"))], &[("2027-02-27", "2027-03-07")]);
    check(&[("2027-02-07", Some("2027-02-20")), ("2027-02-25", None)], &[]);
    check(&[("2027-04-01", None)], &[("2027-02-07", "2027-03-07")]);
}

fn waiting() -> Waiting {
    let why = crate::pairing::Why::Capacity;
    Waiting { since: noon("2027-02-07"), ticket: 1, place: 1, expected_on: None, why }
}

/// The mentor has left on 20 February, and nobody was found.
fn left_alone(maya: Enrollment) -> Enrollment {
    let gone = maya.without_mentor(noon("2027-02-20")).expect("live");
    assert!(gone.seeks_mentor() && !gone.has_seat());
    gone.waits(waiting())
}

fn mentored() -> Enrollment {
    let assigned =
        begun("2027-02-07").assign_mentor(assignment("ana", "2027-02-07", None), noon("2027-02-07"));
    assigned.expect("live")
}

#[test]
fn whoever_has_no_mentor_owes_nothing_and_is_never_withdrawn_for_it() {
    let maya = left_alone(mentored());
    assert_eq!((&maya.state, owed(&maya, "2028-02-07")), (&State::Paused, vec!["2027-02-07".to_owned()]));
    assert_eq!(maya.unused().map(|unused| unused.from), Some(date("2027-02-20")));
    assert_eq!(maya.clone().as_of(noon("2028-02-07")).state, State::Paused);
    assert_eq!(maya.clone().resume(noon("2027-03-01")), Err(ResumeRefused::NoMentor));
    // Found, there are four months to resume in.
    let found =
        maya.assigned(assignment("ben", "2027-08-01", None), &TERMS, noon("2027-08-01")).expect("live");
    assert_eq!(found.clone().as_of(noon("2027-11-30")).state, State::Paused);
    assert!(!found.clone().as_of(noon("2027-12-01")).is_live());
    let again = found.resume(noon("2027-08-10")).expect("there is a mentor");
    assert_eq!(owed(&again, "2027-09-09"), ["2027-02-07", "2027-08-10"]);
}

#[test]
fn a_pause_of_ones_own_does_not_lapse_while_the_school_has_no_mentor() {
    let paused =
        mentored().pause(None, &TERMS, noon("2027-02-10")).expect("active").as_of(noon("2027-03-08"));
    let maya = paused.without_mentor(noon("2027-04-01")).expect("live").waits(waiting());
    assert_eq!(maya.clone().as_of(noon("2027-09-01")).state, State::Paused);
    assert!(maya.next_change_at().is_none());
}

#[test]
fn whoever_pays_late_goes_on_once_there_is_a_mentor() {
    let suspended = mentored().suspend(SuspensionCause::Unpaid, noon("2027-02-15")).expect("active");
    let lifted = left_alone(suspended).lift(noon("2027-03-20")).expect("suspended");
    assert_eq!((&lifted.state, owed(&lifted, "2027-06-01")), (&State::Paused, vec!["2027-02-07".to_owned()]));
}

#[test]
fn whoever_is_done_waits_for_nobody() {
    let done = left_alone(mentored()).conclude(noon("2027-03-01")).expect("all shown");
    assert!(done.waiting.is_none() && !done.needs_seat());
}
