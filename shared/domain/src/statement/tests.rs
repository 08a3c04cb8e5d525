//! Scenario S8 to the letter, and what a statement keeps to.

use jiff::SignedDuration;
use jiff::civil::date;
use proptest::prelude::*;

use super::example::{level, raised, tariff};
use super::*;
use crate::attempt::{Attempt, first_attempts};
use crate::availability::Availability;
use crate::catalog::{Project, fixture};
use crate::id::{EnrollmentId, ProjectId, SessionId};
use crate::money::Currency;
use crate::session::{
    Attendance, Booking, BookingFacts, ChosenTime, Session, SessionKind, SessionPolicy, Side,
};
use crate::time::Zone;

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

fn person(name: &str) -> PersonId {
    PersonId::derived(&[name])
}

fn paris() -> LegalEntity {
    LegalEntity::of_market("FR").expect("a market")
}

fn act(by: &str, now: &str) -> Act {
    Act { by: person(by), at: at(now) }
}

fn euros(minor: i64) -> Money {
    Money::minor(minor, Currency::Eur)
}

/// 45 minutes of Maya with Claire, from then on.
fn booked(starts_at: Timestamp) -> Session {
    let local = Zone::utc().wall_time_at(starts_at);
    let booking = Booking {
        id: SessionId::derived(&[&starts_at.to_string()]),
        kind: SessionKind::Mentoring,
        enrollment: EnrollmentId::derived(&["maya"]),
        student: person("maya"),
        with: person("claire"),
        time: ChosenTime {
            date: local.date(),
            local_time: crate::availability::LocalTime::of(local.time()),
            time_zone: Zone::utc(),
            offset: None,
        },
        minutes: 45,
    };
    let both = [person("maya"), person("claire")];
    let facts = BookingFacts {
        availability: &Availability::undeclared(person("claire")),
        accepted_by: &both,
        allowed: &|_| Ok(()),
        policy: &SessionPolicy::OPENING,
    };
    Session::book(booking, facts, at("2027-01-01T00:00:00Z")).expect("a session")
}

fn projects() -> Vec<Project> {
    let levels = [1, 2, 3].map(level);
    let projects = fixture::catalog().projects.into_iter().zip(levels);
    projects.map(|(project, level)| Project { level, ..project }).collect()
}

/// Maya is on the second project, of level 2, since February.
fn attempts() -> Vec<Attempt> {
    let projects: Vec<ProjectId> = projects().into_iter().map(|project| project.id).collect();
    let began = at("2027-01-01T00:00:00Z");
    let mut attempts = first_attempts(
        EnrollmentId::derived(&["maya"]),
        &projects,
        &std::collections::BTreeSet::new(),
        began,
    );
    attempts[1].unlocked_at = Some(at("2027-02-01T00:00:00Z"));
    attempts
}

fn facts<'a>(
    entity: &'a LegalEntity,
    tariffs: &'a [Tariff],
    attempts: &'a [Attempt],
    projects: &'a [Project],
) -> PayFacts<'a> {
    PayFacts { entity, tariffs, attempts, projects }
}

/// The line of a session that is over.
fn line_by(tariffs: &[Tariff], session: &Session) -> StatementLine {
    let (entity, attempts, projects) = (paris(), attempts(), projects());
    let now = session.ends_at + SignedDuration::from_hours(48);
    facts(&entity, tariffs, &attempts, &projects).session(session, now).expect("a line")
}

fn line(session: &Session) -> StatementLine {
    line_by(&[tariff()], session)
}

const START: &str = "2027-03-09T17:00:00Z";

/// The session with the stays of the two: minutes after its start at which each joined, if they did.
fn attended(student: Option<i64>, mentor: Option<i64>) -> Session {
    let session = booked(at(START));
    let stays = [("maya", student), ("claire", mentor)];
    stays.into_iter().filter_map(|(name, seconds)| Some((name, seconds?))).fold(
        session,
        |session, (name, s)| {
            let joined_at = session.starts_at + SignedDuration::from_secs(s);
            let stay = Attendance { person: person(name), joined_at, left_at: None, stay: None };
            let end = session.ends_at;
            session.attend(stay, Side::Mentor, end).expect("a stay")
        },
    )
}

fn cancelled(by: Side, hours_before: i64) -> Session {
    let session = booked(at(START));
    let now = session.starts_at - SignedDuration::from_hours(hours_before);
    session.cancel(by, "", now).expect("cancelled")
}

/// S8.
#[test]
fn each_outcome_is_paid_as_scenario_s8_says() {
    let check = |what: &str, session: Session, outcome, cents, makes_up: bool| {
        let line = line(&session);
        let worked = line.worked().expect("an event");
        assert_eq!((worked.outcome, line.amount), (outcome, euros(cents)), "{what}");
        assert_eq!((u8::from(worked.level), worked.minutes, worked.tariff), (2, 45, 1), "{what}");
        let owes = session.as_of(at("2027-03-11T00:00:00Z")).state.owes_another();
        assert_eq!(owes, makes_up, "{what}");
    };
    use Outcome::*;
    check("the student joins at 15:00", attended(Some(15 * 60), Some(0)), Completed, 3_500, false);
    check("or before", attended(Some(0), Some(0)), Completed, 3_500, false);
    check("later", attended(Some(15 * 60 + 1), Some(0)), StudentNoShow, 1_750, false);
    check("or never", attended(None, Some(0)), StudentNoShow, 1_750, false);
    check("25 h before", cancelled(Side::Student, 25), CancelledEarly, 0, false);
    check("23 h before", cancelled(Side::Student, 23), CancelledLate, 1_750, false);
    check("mentor absent", attended(Some(0), None), MentorNoShow, 0, true);
    check("neither", attended(None, None), NobodyCame, 0, true);
    check("called off by the mentor", cancelled(Side::Mentor, 25), CancelledByMentor, 0, true);
    check("called off by the school", cancelled(Side::School, 1), CancelledEarly, 0, false);
}

#[test]
fn the_project_of_the_session_decides_the_level_not_the_one_of_today() {
    let level_at = |instant: &str| line(&booked(at(instant))).worked().map(|worked| u8::from(worked.level));
    assert_eq!(level_at("2027-01-31T23:45:00Z"), Some(1));
    assert_eq!(level_at("2027-02-01T00:00:00Z"), Some(2));
    assert_eq!(level_at("2027-06-01T00:00:00Z"), Some(2));
}

#[test]
fn a_new_tariff_pays_from_its_date_only_on_the_calendar_of_who_pays() {
    let tariffs = [tariff(), raised(date(2027, 4, 1))];
    let paid = |instant: &str| {
        let mut session = booked(at(instant));
        session.state = crate::session::SessionState::Completed;
        let line = line_by(&tariffs, &session);
        assert_eq!(recompute(&line, &tariffs), Ok(line.amount));
        (line.amount, line.worked().map(|worked| worked.tariff))
    };
    assert_eq!(paid("2027-03-31T21:45:00Z"), (euros(3_500), Some(1)), "23:45 in Paris");
    assert_eq!(paid("2027-03-31T22:00:00Z"), (euros(4_000), Some(2)), "midnight in Paris");
}

#[test]
fn what_no_tariff_pays_is_not_stated() {
    let (entity, attempts, projects) = (paris(), attempts(), projects());
    let late = [raised(date(2027, 4, 1))];
    let of = |tariffs: &[Tariff], session: &Session, now: &str| {
        facts(&entity, tariffs, &attempts, &projects).session(session, at(now)).err()
    };
    let no_tariff = StateError::NoTariff { entity: "FR".into(), date: date(2027, 3, 9) };
    assert_eq!(of(&late, &attended(Some(0), Some(0)), "2027-03-10T00:00:00Z"), Some(no_tariff));
    assert_eq!(of(&[tariff()], &booked(at(START)), "2027-03-09T17:44:59Z"), Some(StateError::NotOver));
}

/// A statement of the lines so far, closed.
fn closed(statement: Statement, lines: &mut [StatementLine]) -> Statement {
    let sum = statement.sum().expect("a sum").with(lines).expect("a sum");
    statement.close(sum, at("2027-04-03T22:00:00Z")).expect("open")
}

fn march() -> Statement {
    Statement::open(person("claire"), paris(), "2027-03".parse().expect("a month"))
}

fn april() -> Statement {
    Statement::open(person("claire"), paris(), "2027-04".parse().expect("a month"))
}

/// S8: a dispute flips an outcome.
#[test]
fn a_flipped_outcome_is_an_adjustment_of_the_next_statement() {
    let mut lines = [line(&attended(None, Some(0))), line(&attended(Some(0), Some(0)))];
    let first = closed(march(), &mut lines).approve(act("finn", "2027-04-05T10:00:00Z")).expect("closed");
    let approved = first.clone();

    let adjusts = LineRef { statement: first.id, number: lines[0].number };
    let worked = lines[0].worked().expect("an event");
    let flipped = StatementLine::adjustment(worked, &tariff(), Outcome::Completed, adjusts);
    let flipped = flipped.expect("pay").expect("a difference");
    assert_eq!(flipped.amount, euros(1_750));
    let refused = first.clone().adjust(flipped.clone(), Some(&tariff()));
    assert_eq!(refused, Err(StatementRefused::WrongState { act: "adjusted", state: "approved" }));
    let next = april().adjust(flipped, Some(&tariff())).expect("open");
    assert_eq!(next.sum().map(|sum| (sum.lines, sum.total)), Ok((1, euros(1_750))));
    assert_eq!(recompute(&next.adjustments[0], &next.tariffs), Ok(euros(1_750)));
    assert_eq!(first, approved);

    let same = StatementLine::adjustment(worked, &tariff(), Outcome::CancelledLate, adjusts);
    assert_eq!(same, Ok(None), "what changes no amount is no line");
}

#[test]
fn a_statement_goes_one_way() {
    let now = "2027-04-05T10:00:00Z";
    let mut lines = [line(&attended(Some(0), Some(0)))];
    let closed = closed(march(), &mut lines);
    assert_eq!(
        closed.closing().map(|closing| (closing.lines, closing.pages, closing.total)),
        Some((1, 1, euros(3_500)))
    );
    let approved = closed.clone().approve(act("finn", now)).expect("closed");
    let paid_on = date(2027, 4, 5);
    let paid = approved.clone().pay(paid_on, " T-1 ", act("finn", now)).expect("approved");
    let StatementState::Paid { reference, .. } = &paid.state else { panic!("{paid:?}") };
    assert_eq!(reference, "T-1");

    let wrong = |act, state| Err(StatementRefused::WrongState { act, state });
    for statement in [march(), approved.clone(), paid.clone()] {
        assert_eq!(statement.clone().approve(act("finn", now)), wrong("approved", statement.state.word()));
    }
    for statement in [march(), closed.clone(), paid.clone()] {
        assert_eq!(
            statement.clone().pay(paid_on, "T", act("finn", now)),
            wrong("paid", statement.state.word())
        );
    }
    for statement in [&closed, &approved, &paid] {
        let sum = statement.sum().expect("a sum");
        assert_eq!(statement.clone().close(sum, at(now)), wrong("closed", statement.state.word()));
        let decided = statement.clone().decide(euros(1), "x", None, act("finn", now));
        assert_eq!(decided, wrong("adjusted", statement.state.word()));
    }
    assert!(closed.clone().object("the 9th is missing", at(now)).is_ok());
    assert_eq!(approved.clone().object("x", at(now)), wrong("objected to", "approved"));
    assert_eq!(closed.approve(act("claire", now)), Err(StatementRefused::Own));
    assert_eq!(approved.clone().pay(paid_on, "T", act("claire", now)), Err(StatementRefused::Own));
    assert_eq!(march().decide(euros(1), "x", None, act("claire", now)), Err(StatementRefused::Own));
    for day in [date(2027, 3, 31), date(2027, 4, 6)] {
        let refused = approved.clone().pay(day, "T", act("finn", now));
        let (from, until) = (date(2027, 4, 1), date(2027, 4, 5));
        assert_eq!(refused, Err(StatementRefused::PaidOn { from, until }));
    }
}

#[test]
fn what_finance_decides_has_a_reason_and_an_amount() {
    let decide = |amount, text: &str| march().decide(amount, text, None, act("finn", "2027-03-09T10:00:00Z"));
    assert!(decide(euros(-500), "paid twice").is_ok());
    let amount = StatementRefused::Amount { entity: paris() };
    assert_eq!(decide(euros(0), "x"), Err(amount.clone()));
    assert_eq!(decide(Money::minor(1, Currency::Gbp), "x"), Err(amount));
    let text = StatementRefused::Text { pointer: "/reason", max: TEXT_CHARS_MAX };
    for reason in ["  ", &"x".repeat(TEXT_CHARS_MAX + 1)] {
        assert_eq!(decide(euros(1), reason), Err(text.clone()));
    }
    let full = (0..ADJUSTMENTS_MAX).fold(march(), |statement, _| {
        statement.decide(euros(1), "x", None, act("finn", START)).expect("room")
    });
    let more = full.decide(euros(1), "x", None, act("finn", START));
    assert_eq!(more, Err(StatementRefused::TooMany { what: "adjustments", max: ADJUSTMENTS_MAX }));
}

#[test]
fn a_line_is_worked_out_by_its_own_tariff_or_not_at_all() {
    let line = line(&attended(Some(0), Some(0)));
    let without: [Tariff; 0] = [];
    assert_eq!(recompute(&line, &without), Err(RecomputeError::NoTariff { version: 1 }));
    let tariffs = [tariff(), raised(date(2027, 3, 9))];
    let other = RecomputeError::OtherTariff { version: 1, date: date(2027, 3, 9) };
    assert_eq!(recompute(&line, &tariffs), Err(other));
}

#[test]
fn the_closing_is_due_some_days_after_the_month_of_who_pays() {
    let job = closing_of(person("claire"), &paris(), at("2027-03-31T22:30:00Z"), 3);
    let (job, due_at) = job.expect("in the calendar");
    let month = "2027-04".parse().expect("a month");
    assert_eq!(job, Job::CloseStatement { person: person("claire"), entity: "FR".into(), month });
    assert_eq!(due_at, at("2027-05-03T22:00:00Z"));
}

#[test]
fn a_stored_statement_reads_back_as_itself() {
    let now = "2027-04-05T10:00:00Z";
    let open = march().decide(euros(-500), "paid twice", Some(april().id), act("finn", START)).expect("open");
    let mut lines = [line(&attended(Some(0), Some(0)))];
    let closed = closed(open.clone(), &mut lines).object("no", at(now)).expect("closed");
    let approved = closed.clone().approve(act("finn", now)).expect("closed");
    let paid = approved.clone().pay(date(2027, 4, 5), "T-1", act("finn", now)).expect("approved");
    for statement in [open, closed, approved, paid] {
        let json = serde_json::to_string(&statement).expect("json");
        assert_eq!(serde_json::from_str::<Statement>(&json).expect("a statement"), statement);
    }
    let json = serde_json::to_string(&lines).expect("json");
    assert_eq!(serde_json::from_str::<[StatementLine; 1]>(&json).expect("lines"), lines);
}

proptest! {
    /// Whatever happens to a mentor's sessions, in whatever order it is found out: the lines of all
    /// statements come to what the outcomes of today are paid, and each can be worked out again.
    #[test]
    fn statements_come_to_what_the_work_is_paid(flips in proptest::collection::vec((0_usize..4, 0_usize..8), 0..12)) {
        use Outcome::*;
        let outcomes = [Completed, StudentNoShow, CancelledLate, CancelledEarly, CancelledByMentor, MentorNoShow, NobodyCame, TechnicalFailure];
        let mut lines = Vec::from_iter((0..4).map(|hour| {
            line(&booked(at(START) + SignedDuration::from_hours(hour)))
        }));
        let first = closed(march(), &mut lines);
        let mut stated = Vec::from_iter(lines.iter().map(|line| line.worked().expect("an event").clone()));
        let mut next = april();
        for (which, outcome) in flips {
            let adjusts = LineRef { statement: first.id, number: lines[which].number };
            let made = StatementLine::adjustment(&stated[which], &tariff(), outcomes[outcome], adjusts).expect("pay");
            if let Some(line) = made {
                stated[which] = line.worked().expect("an event").clone();
                next = next.adjust(line, Some(&tariff())).expect("room");
            }
        }
        let paid = stated.iter().map(|worked| pay(worked.work(worked.outcome), &tariff()).expect("pay"));
        let due = Money::sum(Currency::Eur, paid).expect("a sum");
        let total = first.closing().expect("closed").total.plus(next.sum().expect("a sum").total);
        prop_assert_eq!(total, Ok(due));
        for line in lines.iter().chain(&next.adjustments) {
            prop_assert_eq!(recompute(line, &[tariff()]), Ok(line.amount));
        }
    }
}
