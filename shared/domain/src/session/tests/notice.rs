//! What people are told of sessions, under any order of changes and looks.

use super::*;

/// Somebody who looks at one session from time to time, and what came of it.
struct Watch {
    session: Session,
    notice: SessionNotice,
    now: Timestamp,
    /// To whom, what, of which version, when.
    told: Vec<(Side, Tell, u32, Timestamp)>,
}

impl Watch {
    fn of(session: Session, now: &str) -> Self {
        let notice = SessionNotice::new(session.id);
        Self { session, notice, now: at(now), told: Vec::new() }
    }

    /// Looks now, and answers what was told and when to look again.
    fn look(&mut self) -> (Vec<(Side, Tell)>, Option<Timestamp>) {
        let Due { notice, tell, next_at } = self.notice.clone().due(&self.session, self.now);
        self.notice = notice;
        self.told.extend(tell.iter().map(|(side, told)| (*side, *told, self.session.sequence, self.now)));
        (tell, next_at)
    }

    /// Looks at every instant that a look asked for, up to one.
    fn look_until(&mut self, until: Timestamp) {
        while let Some(next_at) = self.look().1.filter(|next_at| *next_at <= until) {
            assert!(next_at > self.now);
            self.now = next_at;
        }
        self.now = until;
    }

    fn to_mentor(&self) -> Vec<Tell> {
        let mentors = self.told.iter().filter(|(side, ..)| *side == Side::Mentor);
        mentors.map(|(_, told, ..)| *told).collect()
    }

    fn change(&mut self, change: impl FnOnce(Session, Timestamp) -> Option<Session>) {
        self.session = change(self.session.clone(), self.now).unwrap_or_else(|| self.session.clone());
    }
}

/// The session some hours later than it was, moved by the mentor.
fn later(hours: i64) -> impl FnOnce(Session, Timestamp) -> Option<Session> {
    move |session, now| {
        let wall = session.starts_at + jiff::SignedDuration::from_hours(hours);
        let wall = Zone::utc().wall_time_at(wall);
        let local_time = crate::availability::LocalTime::of(wall.time());
        let time = ChosenTime { date: wall.date(), local_time, time_zone: Zone::utc(), offset: None };
        let both = [session.student, session.with];
        let availability = claire();
        let facts = BookingFacts { accepted_by: &both, ..facts(&availability) };
        session.move_to(time, Side::Mentor, facts, now).ok()
    }
}

fn cancel(session: Session, now: Timestamp) -> Option<Session> {
    session.cancel(Side::School, "", now).ok()
}

fn reinstate(session: Session, now: Timestamp) -> Option<Session> {
    let again = Session { state: SessionState::Booked, ..session.clone() };
    session.reinstated(again).filter(|again| now < again.starts_at)
}

#[test]
fn a_session_is_told_then_reminded_of_twice_and_its_report_is_asked_for() {
    let mut watch = Watch::of(booked(), "2027-03-01T00:00:00Z");
    assert_eq!(watch.look().1, Some(at("2027-03-07T17:00:00Z")));
    watch.look_until(at("2027-03-12T00:00:00Z"));
    let instants = [
        (Tell::Booked, "2027-03-01T00:00:00Z"),
        (Tell::Reminder, "2027-03-07T17:00:00Z"),
        (Tell::Reminder, "2027-03-09T16:00:00Z"),
    ];
    let both = |(told, instant): (Tell, &str)| {
        [Side::Student, Side::Mentor].map(|side| (side, told, 0, at(instant)))
    };
    let mut expected = Vec::from_iter(instants.into_iter().flat_map(both));
    expected.push((Side::Mentor, Tell::ReportMissing, 0, at("2027-03-10T05:45:00Z")));
    assert_eq!(watch.told, expected);
    assert_eq!(watch.look(), (Vec::new(), None));
}

#[test]
fn one_booked_ten_hours_before_is_reminded_of_once() {
    let mut watch = Watch::of(booked(), "2027-03-09T07:00:00Z");
    watch.look_until(day("17:00:00"));
    assert_eq!(watch.to_mentor(), [Tell::Booked, Tell::Reminder]);
}

#[test]
fn a_moved_session_has_reminders_of_its_own() {
    let mut watch = Watch::of(booked(), "2027-03-01T00:00:00Z");
    watch.look_until(at("2027-03-08T00:00:00Z"));
    watch.change(later(72));
    watch.look_until(at("2027-03-12T17:30:00Z"));
    let was = day("17:00:00");
    let expected = [Tell::Booked, Tell::Reminder, Tell::Moved { was }, Tell::Reminder, Tell::Reminder];
    assert_eq!(watch.to_mentor(), expected);
}

#[test]
fn what_nobody_heard_of_is_not_called_off() {
    let mut watch = Watch::of(booked(), "2027-03-01T00:00:00Z");
    watch.change(cancel);
    assert_eq!(watch.look(), (Vec::new(), None));
    watch.change(reinstate);
    assert_eq!(watch.look().0.len(), 2);
    watch.change(cancel);
    watch.look_until(at("2027-03-12T00:00:00Z"));
    assert_eq!(watch.to_mentor(), [Tell::Booked, Tell::Cancelled]);
}

#[test]
fn nobody_who_looks_late_tells_of_what_is_over() {
    let mut watch = Watch::of(booked(), "2027-03-09T17:45:00Z");
    assert_eq!(watch.look().0, []);
    let mut watch = Watch::of(booked(), "2027-03-01T00:00:00Z");
    watch.look();
    // Both reminders are due by now: the earlier has nothing left to say.
    watch.now = day("16:30:00");
    assert_eq!(watch.look().0, [(Side::Student, Tell::Reminder), (Side::Mentor, Tell::Reminder)]);
}

#[test]
fn a_report_is_asked_for_where_it_is_missing_and_could_be_written() {
    let check = |session: Session, asked: usize| {
        let mut watch = Watch::of(session, "2027-03-01T00:00:00Z");
        watch.look_until(at("2027-03-12T00:00:00Z"));
        assert_eq!(watch.to_mentor().iter().filter(|told| **told == Tell::ReportMissing).count(), asked);
    };
    check(held(&[("maya", "17:00:00"), ("claire", "17:00:00")]), 1);
    check(held(&[("claire", "17:00:00")]), 0);
    let held = held(&[("maya", "17:00:00"), ("claire", "17:00:00")]);
    check(held.report(text(), person("claire"), day("17:50:00")).expect("a report"), 0);
}

#[derive(Debug, Clone)]
enum Step {
    Move(i64),
    Cancel,
    Reinstate,
    Wait(i64),
    Look,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (1_i64..60).prop_map(Step::Move),
        Just(Step::Cancel),
        Just(Step::Reinstate),
        (1_i64..90).prop_map(Step::Wait),
        Just(Step::Look),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_each_version_is_told_once_and_only_what_counts(
        steps in proptest::collection::vec(step(), 1..40),
    ) {
        let mut watch = Watch::of(booked(), "2027-03-01T00:00:00Z");
        for step in steps {
            match step {
                Step::Move(hours) => watch.change(later(hours)),
                Step::Cancel => watch.change(cancel),
                Step::Reinstate => watch.change(reinstate),
                Step::Wait(hours) => watch.look_until(watch.now + jiff::SignedDuration::from_hours(hours)),
                Step::Look => {
                    let (session, now) = (watch.session.clone(), watch.now);
                    for (_, told) in watch.look().0 {
                        match told {
                            Tell::Reminder => {
                                prop_assert!(session.state.is_live() && now < session.starts_at);
                            }
                            Tell::Cancelled => prop_assert!(session.state.is_cancelled()),
                            Tell::ReportMissing => prop_assert!(now >= session.ends_at),
                            Tell::Booked | Tell::Moved { .. } => {
                                prop_assert!(session.state.is_live() && now < session.ends_at);
                            }
                        }
                    }
                    // A second look at the same instant has nothing to say, and no second thoughts.
                    let again = watch.notice.clone().due(&watch.session, watch.now);
                    prop_assert_eq!((again.tell, again.notice), (Vec::new(), watch.notice.clone()));
                    // Who looked knows how it stands.
                    let known = watch.notice.told.is_some_and(|told| {
                        !told.cancelled && told.sequence == session.sequence && told.starts_at == session.starts_at
                    });
                    prop_assert!(known || !session.state.is_live() || session.ends_at <= now);
                }
            }
        }
        for side in [Side::Student, Side::Mentor] {
            let told = Vec::from_iter(watch.told.iter().filter(|(to, ..)| *to == side));
            let news = |told: &Tell| matches!(told, Tell::Booked | Tell::Moved { .. } | Tell::Cancelled);
            let versions = Vec::from_iter(told.iter().filter(|(_, told, ..)| news(told)).map(|told| told.2));
            prop_assert!(versions.is_sorted_by(|earlier, later| earlier < later), "{:?}", versions);
            // A reminder is of the version that was told last, and there are at most two of each.
            let mut last = None;
            let mut reminders = 0;
            for (_, told, sequence, _) in told {
                if news(told) {
                    (last, reminders) = (Some(*sequence), 0);
                } else if *told == Tell::Reminder {
                    reminders += 1;
                    prop_assert_eq!(last, Some(*sequence));
                    prop_assert!(reminders <= 2);
                }
            }
        }
        let count = |side| watch.told.iter().filter(|(to, told, ..)| *to == side && *told != Tell::ReportMissing).count();
        prop_assert_eq!(count(Side::Student), count(Side::Mentor));
    }
}
