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
