//! Nobody is in two places at once, in whatever roles, whatever is booked, moved, called off, covered or judged
//! in whatever order, over a change of the clocks.

use domain::availability::{Availability, LocalTime};
use domain::commitment::Commitment;
use domain::id::{CommitmentId, EnrollmentId, PersonId, SessionId};
use domain::occupancy::{Occupancy, Week};
use domain::session::{Booking, BookingFacts, ChosenTime, SessionKind, Side};
use domain::time::Zone;
use jiff::ToSpan;
use proptest::prelude::*;

use super::tests::{at, enrollment_of, person};
use super::*;
use crate::occupancy::Diaries;

/// Who meets whom: Claire mentors two students and has a mentor herself, so everyone has more than one role.
const PAIRS: [(&str, &str); 4] =
    [("maya", "claire"), ("tom", "claire"), ("claire", "ines"), ("maya", "ines")];
const PEOPLE: [&str; 4] = ["maya", "tom", "claire", "ines"];
/// The clocks change in New York on 2027-03-14 and in London on 2027-03-28.
const ZONES: [&str; 2] = ["Europe/London", "America/New_York"];
/// Before everything that is booked.
const NOW: &str = "2027-03-10T00:00:00Z";

/// A wall time: days from 2027-03-12 on, a quarter hour of a few busy hours, and whose wall.
type Wall = (u8, u8, usize);

#[derive(Debug, Clone)]
enum Act {
    Book { pair: usize, wall: Wall, minutes: u16 },
    Move { which: prop::sample::Index, wall: Wall },
    Cancel { which: prop::sample::Index, by: Side },
    Series { pair: usize, wall: Wall, minutes: u16 },
    Cover { pair: usize, cover: &'static str, from: u8, days: u8, wall: Wall },
    Judge { juror: usize, wall: Wall },
}

fn wall() -> impl Strategy<Value = Wall> {
    // Two in the morning of a Sunday, which the clocks skip, and the edge of a week are among them.
    (0u8..24, prop_oneof![0u8..14, 64u8..76, 92u8..96], 0..ZONES.len())
}

fn act() -> impl Strategy<Value = Act> {
    let pair = || 0..PAIRS.len();
    let minutes = || prop_oneof![Just(30u16), Just(45), Just(50), Just(90)];
    let which = any::<prop::sample::Index>;
    let side = prop_oneof![Just(Side::Student), Just(Side::Mentor), Just(Side::School)];
    let cover = prop::sample::select(&["claire", "ines"][..]);
    prop_oneof![
        4 => (pair(), wall(), minutes()).prop_map(|(pair, wall, minutes)| Act::Book { pair, wall, minutes }),
        3 => (which(), wall()).prop_map(|(which, wall)| Act::Move { which, wall }),
        2 => (which(), side).prop_map(|(which, by)| Act::Cancel { which, by }),
        2 => (pair(), wall(), minutes()).prop_map(|(pair, wall, minutes)| Act::Series { pair, wall, minutes }),
        1 => (pair(), cover, 0u8..20, 1u8..15, wall())
            .prop_map(|(pair, cover, from, days, wall)| Act::Cover { pair, cover, from, days, wall }),
        2 => (0..PEOPLE.len(), wall()).prop_map(|(juror, wall)| Act::Judge { juror, wall }),
    ]
}

fn date(days: u8) -> Date {
    jiff::civil::date(2027, 3, 12).saturating_add(i64::from(days).days())
}

fn zone(index: usize) -> Zone {
    ZONES[index].parse().expect("a zone")
}

fn local_time(quarter: u8) -> LocalTime {
    LocalTime::of(jiff::civil::time(quarter as i8 / 4, quarter as i8 % 4 * 15, 0, 0))
}

fn chosen((day, quarter, whose): Wall) -> ChosenTime {
    ChosenTime { date: date(day), local_time: local_time(quarter), time_zone: zone(whose), offset: None }
}

/// What everyone has before them, and what the store would hold of it.
#[derive(Default)]
struct Plans {
    sessions: Vec<Item<Session>>,
    judged: Vec<(PersonId, Slot)>,
    diaries: Diaries,
    made: u64,
}

impl Plans {
    fn do_(&mut self, act: &Act) {
        match *act {
            Act::Book { pair, wall, minutes } => {
                let (student, with) = PAIRS[pair];
                let booking = Booking {
                    id: SessionId::derived(&[&self.made.to_string()]),
                    kind: SessionKind::Mentoring,
                    enrollment: EnrollmentId::derived(&[student]),
                    student: person(student),
                    with: person(with),
                    time: chosen(wall),
                    minutes,
                };
                let booked =
                    facts(booking.student, booking.with, |facts| Session::book(booking, facts, at(NOW)));
                if let Ok(session) = booked {
                    let free = self.are_free(&session, None);
                    let added = self.turn(&session.clone(), |calendar| calendar.add(session, at(NOW)));
                    assert_eq!(added.is_ok(), free, "{added:?}");
                }
            }
            Act::Move { which, wall } => self.change(which, |session| {
                let (student, with) = (session.student, session.with);
                facts(student, with, |facts| session.move_to(chosen(wall), Side::Mentor, facts, at(NOW))).ok()
            }),
            Act::Cancel { which, by } => self.change(which, |session| session.cancel(by, "", at(NOW)).ok()),
            Act::Series { pair, wall, minutes } => {
                let (student, with) = PAIRS[pair];
                self.series(student, with, wall, minutes, None);
            }
            Act::Cover { pair, cover, from, days, wall: (_, quarter, whose) } => {
                let (student, with) = PAIRS[pair];
                if student == cover || with == cover {
                    return;
                }
                let (first, last) = (date(from), date(from.saturating_add(days)));
                let away = |session: &Session| {
                    session.with == person(with) && (first..=last).contains(&session.local.date())
                };
                for place in 0..self.sessions.len() {
                    if away(&self.sessions[place].value) {
                        self.change_at(place, |session| session.cancel(Side::School, "", at(NOW)).ok());
                    }
                }
                self.series(student, cover, (from, quarter, whose), 45, Some(last));
            }
            Act::Judge { juror, wall } => {
                let juror = person(PEOPLE[juror]);
                let Some(slot) = chosen(wall).instant().ok().and_then(|begins| Slot::new(begins, 75).ok())
                else {
                    return;
                };
                if let Ok(diaries) = self.diaries.clone().reserve(&[juror], slot) {
                    self.diaries = diaries;
                    self.judged.push((juror, slot));
                }
            }
        }
    }

    /// Books what is due of a weekly series, twice: the second look makes nothing.
    fn series(&mut self, student: &str, with: &str, wall: Wall, minutes: u16, ends_on: Option<Date>) {
        let (day, quarter, whose) = wall;
        let series = Commitment {
            id: CommitmentId::derived(&["series", &self.made.to_string()]),
            enrollment: EnrollmentId::derived(&[student]),
            student: person(student),
            with: person(with),
            kind: SessionKind::Mentoring,
            time_zone: zone(whose),
            weekday: date(day).weekday().into(),
            local_time: local_time(quarter),
            minutes,
            first_on: date(day),
            ends_on,
            materialized_through: None,
            told_through: None,
        };
        let due = facts(series.student, series.with, |facts| {
            series.sessions_due(facts, series.horizon(at(NOW)), at(NOW))
        });
        let Some(first) = due.sessions.first().cloned() else { return };
        for look in 0..2 {
            let known = self.sessions.clone();
            let mut made = 0;
            let done = self.turn(&first, |calendar| {
                made = calendar.make(due.clone(), &known, at(NOW))?.sessions.len();
                Ok(())
            });
            assert_eq!(done, Ok(()));
            assert!(look == 0 || made == 0, "a second look made {made:?}");
        }
    }

    fn change(&mut self, which: prop::sample::Index, becomes: impl FnOnce(Session) -> Option<Session>) {
        if !self.sessions.is_empty() {
            self.change_at(which.index(self.sessions.len()), becomes);
        }
    }

    fn change_at(&mut self, place: usize, becomes: impl FnOnce(Session) -> Option<Session>) {
        let item = self.sessions[place].clone();
        let Some(becomes) = becomes(item.value.clone()) else { return };
        let free = self.are_free(&becomes, Some(item.value.id));
        let changed =
            self.turn(&item.value.clone(), |calendar| calendar.change(item, becomes.clone(), at(NOW)));
        assert_eq!(changed.is_ok(), free || !becomes.state.is_live(), "{changed:?}");
    }

    /// Works on the calendar of a session's enrollment, and keeps what came of it, as a transaction would: all of
    /// it, or nothing.
    fn turn(
        &mut self,
        session: &Session,
        turn: impl FnOnce(&mut Calendar) -> Result<(), Misfit>,
    ) -> Result<(), Misfit> {
        self.made += 1;
        let enrollment = Item::new(enrollment_of(session.enrollment, session.student));
        let agenda = Item::new(Agenda::empty(session.enrollment));
        let mut calendar = Calendar::new(enrollment, agenda, self.diaries.clone());
        turn(&mut calendar)?;
        self.diaries = calendar.diaries;
        for Change { session, .. } in calendar.changes {
            match self.sessions.iter_mut().find(|known| known.value.id == session.value.id) {
                Some(known) => *known = session,
                None => self.sessions.push(session),
            }
        }
        Ok(())
    }

    /// What a person has before them, as instants, without one session.
    fn of(&self, person: PersonId, but: Option<SessionId>) -> Vec<(Timestamp, Timestamp)> {
        let own = self.sessions.iter().map(|item| &item.value).filter(|session| {
            session.state.is_live()
                && Some(session.id) != but
                && [session.student, session.with].contains(&person)
        });
        let judged = self.judged.iter().filter(|(juror, _)| *juror == person);
        let judged = judged.map(|(_, slot)| (slot.starts_at(), slot.ends_at()));
        own.map(|session| (session.starts_at, whole(session.ends_at))).chain(judged).collect()
    }

    fn are_free(&self, session: &Session, but: Option<SessionId>) -> bool {
        let (from, to) = (session.starts_at, whole(session.ends_at));
        let people = [session.student, session.with];
        people
            .iter()
            .all(|person| self.of(*person, but).iter().all(|(begins, ends)| to <= *begins || *ends <= from))
    }

    /// Nobody is in two places at once, and exactly the time of what stands is taken.
    fn check(&self) {
        for name in PEOPLE {
            let mut times = self.of(person(name), None);
            times.sort_unstable();
            assert!(
                times.windows(2).all(|pair| pair[0].1 <= pair[1].0),
                "{name} is in two places: {times:?}"
            );
            let spent: i64 =
                times.iter().map(|(begins, ends)| begins.duration_until(*ends).as_mins() / 15).sum();
            let diary = self.diaries.of(person(name));
            let weeks = std::iter::successors(Some(Week::of(at(NOW))), |week| Some(week.next())).take(12);
            let booked: u32 = weeks.filter_map(|week| diary.in_week(week)).map(Occupancy::booked).sum();
            assert_eq!(i64::from(booked), spent, "{name}: {times:?}");
        }
    }
}

/// The end of the quarter hour in which an instant lies.
fn whole(ends_at: Timestamp) -> Timestamp {
    let seconds = ends_at.as_second();
    Timestamp::from_second(seconds + (-seconds).rem_euclid(15 * 60)).expect("an instant")
}

/// Both agree to every time, so only the rules of the calendar refuse.
fn facts<T>(student: PersonId, with: PersonId, decide: impl FnOnce(BookingFacts<'_>) -> T) -> T {
    let availability = Availability::undeclared(with);
    let accepted_by = [student, with];
    let (allowed, policy) = (|_| Ok(()), Default::default());
    decide(BookingFacts {
        availability: &availability,
        accepted_by: &accepted_by,
        allowed: &allowed,
        policy: &policy,
    })
}

proptest! {
    #[test]
    fn nobody_is_in_two_places_at_once(acts in prop::collection::vec(act(), 1..40)) {
        let mut plans = Plans::default();
        for act in &acts {
            plans.do_(act);
            plans.check();
        }
    }
}
