//! The calendar that sessions are changed in: people's weeks, the enrollments' agendas and the sessions themselves
//! are read together, changed by the rules, and written together.

use std::collections::{BTreeMap, BTreeSet};

use domain::agenda::{Agenda, Meeting};
use domain::commitment::Due;
use domain::enrollment::Enrollment;
use domain::id::EnrollmentId;
use domain::job::Job;
use domain::occupancy::{InvalidSlot, NotReserved, Slot, SlotTaken};
use domain::session::{BookingError, Session};
use jiff::Timestamp;
use jiff::civil::Date;
use thiserror::Error;

use super::{PersonSession, restated};
use crate::item::{Item, Stored};
use crate::occupancy::Diaries;
use crate::store::Store;
use crate::transaction::Transaction;

/// Why a change of the calendar was not written: in each case what was read is no longer so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BookRefusal {
    /// Somebody changed one of the weeks, the session, the agenda or the enrollment.
    Changed,
    /// The session was made in between.
    Made,
    /// The session does not stand in the calendar as it should.
    Misfit(Misfit),
}

impl From<Misfit> for BookRefusal {
    fn from(misfit: Misfit) -> Self {
        Self::Misfit(misfit)
    }
}

/// Why a session does not fit into the calendar as it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Misfit {
    /// One of the two has something else then.
    #[error(transparent)]
    Taken(#[from] SlotTaken),
    /// The time to be given back is not booked: a bug.
    #[error(transparent)]
    NotReserved(#[from] NotReserved),
    /// The session's own time is no slot: a bug.
    #[error(transparent)]
    InvalidSlot(#[from] InvalidSlot),
    /// Its enrollment was not read: a bug.
    #[error("the session's enrollment was not read")]
    NotRead,
}

/// What a series came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Made {
    /// Sessions that were booked, in order.
    pub sessions: Vec<Session>,
    /// Dates without one, and why.
    pub left_out: Vec<(Date, BookingError)>,
}

/// An enrollment with its next sessions.
#[derive(Debug, Clone)]
pub struct Place {
    /// The enrollment.
    pub enrollment: Item<Enrollment>,
    /// Its next sessions.
    pub agenda: Item<Agenda>,
}

/// All that a change of sessions is conditional on, as it was read, with the changes.
#[derive(Debug, Clone)]
pub struct Calendar {
    places: BTreeMap<EnrollmentId, Place>,
    diaries: Diaries,
    changes: Vec<Change>,
}

/// A session to be written, and where its entries stood before.
#[derive(Debug, Clone)]
struct Change {
    was: Option<Session>,
    session: Item<Session>,
    /// When it changed, by the school's clock.
    at: Timestamp,
}

impl Change {
    /// Whether it is to be held at a time at which it was not to be held before.
    fn is_rebooked(&self) -> bool {
        let stood = |was: &Session| was.starts_at == self.session.value.starts_at && was.state.is_live();
        self.session.value.state.is_live() && !self.was.as_ref().is_some_and(stood)
    }
}

impl Calendar {
    /// The calendar of one enrollment without changes.
    pub fn new(enrollment: Item<Enrollment>, agenda: Item<Agenda>, diaries: Diaries) -> Self {
        Self::of([Place { enrollment, agenda }], diaries)
    }

    /// The calendar of several enrollments without changes.
    pub fn of(places: impl IntoIterator<Item = Place>, diaries: Diaries) -> Self {
        let places = places.into_iter().map(|place| (place.enrollment.value.id, place)).collect();
        Self { places, diaries, changes: Vec::new() }
    }

    /// Books a new session, if both are free. Nothing changes where it does not fit.
    pub fn add(&mut self, session: Session, now: Timestamp) -> Result<(), Misfit> {
        self.turn(None, Item::new(session), now)
    }

    /// Lets a session become another: moved, cancelled, booked again.
    pub fn change(&mut self, session: Item<Session>, becomes: Session, now: Timestamp) -> Result<(), Misfit> {
        let was = session.value.clone();
        self.turn(Some(was), session.with(becomes), now)
    }

    /// Books what is due of a series: dates whose time is taken are left out, and sessions that are
    /// known stay as they are, unless the school had called them off.
    pub fn make(&mut self, due: Due, known: &[Item<Session>], now: Timestamp) -> Result<Made, Misfit> {
        let mut made = Made { sessions: Vec::new(), left_out: due.left_out };
        for session in due.sessions {
            let booked = match known.iter().find(|known| known.value.id == session.id) {
                None => Some((None, Item::new(session))),
                Some(known) => {
                    let again = known.value.clone().reinstated(session);
                    again.map(|again| (Some(known.value.clone()), known.clone().with(again)))
                }
            };
            let Some((was, item)) = booked else { continue };
            let session = item.value.clone();
            match self.turn(was, item, now) {
                Ok(()) => made.sessions.push(session),
                Err(Misfit::Taken(taken)) => made.left_out.push((session.local.date(), taken.into())),
                Err(misfit) => return Err(misfit),
            }
        }
        made.left_out.sort_by_key(|(date, _)| *date);
        Ok(made)
    }

    /// What a session takes of two people's time is what changes between before and after.
    fn turn(&mut self, was: Option<Session>, session: Item<Session>, now: Timestamp) -> Result<(), Misfit> {
        let after = &session.value;
        let people = [after.student, after.with];
        let place = self.places.get_mut(&after.enrollment).ok_or(Misfit::NotRead)?;
        let mut diaries = self.diaries.clone();
        if let Some(live) = was.as_ref().filter(|was| was.state.is_live()) {
            diaries = diaries.release(&people, live.slot()?)?;
        }
        let agenda = place.agenda.value.clone();
        place.agenda.value = if after.state.is_live() {
            diaries = diaries.reserve(&people, after.slot()?)?;
            agenda.with(meeting(after), now)
        } else {
            agenda.without(after.id, now)
        };
        self.diaries = diaries;
        self.changes.push(Change { was, session, at: now });
        Ok(())
    }

    /// Whether it is as it was read.
    pub fn is_unchanged(&self) -> bool {
        self.changes.is_empty()
    }
}

const fn meeting(session: &Session) -> Meeting {
    let Session { id, kind, with, starts_at, ends_at, .. } = *session;
    Meeting { session: id, kind, with, starts_at, ends_at }
}

/// The weeks that sessions take of the people's time.
pub fn weeks_of<'a>(
    sessions: impl IntoIterator<Item = &'a Session>,
) -> impl Iterator<Item = domain::occupancy::Week> {
    let slots = sessions.into_iter().filter_map(|session| session.slot().ok());
    slots.flat_map(|slot: Slot| slot.weeks().map(|(week, _)| week))
}

impl Store {
    /// Keeps a changed calendar: each session, its entries for both people, everyone's weeks and the
    /// agendas, if nothing of it, and none of the enrollments, was changed since it was read. Whoever
    /// takes part in a changed session is to be told.
    pub fn keep_calendar(&self, calendar: &Calendar) -> Transaction<'_, BookRefusal> {
        let Calendar { places, diaries, changes } = calendar;
        let read = places.values();
        let transaction = read.fold(self.transaction(), |transaction, Place { enrollment, .. }| {
            transaction.require(enrollment, BookRefusal::Changed)
        });
        if changes.is_empty() {
            return transaction;
        }
        let transaction = changes.iter().fold(transaction, keep_change);
        let of = |session: &Session| places.get(&session.enrollment);
        let rebooked = changes.iter().filter(|change| change.is_rebooked());
        let rebooked = rebooked.map(|change| &change.session.value);
        let paid = rebooked.clone().filter_map(|session| Some((&of(session)?.enrollment.value, session)));
        let transaction = transaction.states_pay(paid).finds_unattended(rebooked);
        let changed = BTreeSet::from_iter(changes.iter().map(|change| change.session.value.enrollment));
        let changed = changed.iter().filter_map(|enrollment| places.get(enrollment));
        changed
            .fold(transaction, |transaction, place| transaction.save(&place.agenda, BookRefusal::Changed))
            .keep_diaries(diaries, BookRefusal::Changed)
    }
}

fn keep_change<'store>(
    transaction: Transaction<'store, BookRefusal>,
    Change { was, session, at }: &Change,
) -> Transaction<'store, BookRefusal> {
    let transaction = match was {
        None => transaction.create(&session.value, BookRefusal::Made),
        Some(was) => restated(transaction.save(session, BookRefusal::Changed), was, &session.value, *at),
    };
    let Session { id, enrollment, .. } = session.value;
    let transaction = transaction.enqueue(&Job::TellSession { enrollment, session: id, at: *at }, *at);
    // A transaction touches an item once: an entry that stays in its place is left alone.
    let elsewhere = was.as_ref().filter(|was| was.starts_at != session.value.starts_at);
    let gone = elsewhere.map(PersonSession::both).into_iter().flatten();
    let transaction = gone.fold(transaction, |transaction, entry| transaction.unset(&entry.key()));
    if was.is_some() && elsewhere.is_none() {
        return transaction;
    }
    PersonSession::both(&session.value).iter().fold(transaction, Transaction::set)
}

#[cfg(test)]
mod model_test;
#[cfg(test)]
mod tests;
