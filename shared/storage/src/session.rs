//! Sessions, and where people find them.

use std::collections::BTreeSet;

use domain::id::{PersonId, SessionId};
use domain::job::Job;
use domain::permission::{Loaded, Permitted, Relation, Subject};
use domain::person::Person;
use domain::session::{Session, SessionNotice};
use domain::statement::{Outcome, may_be_stated};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::enrollment::Progress;
use crate::item::{Item, Stored, from_attributes};
use crate::key::{Key, Query};
use crate::occupancy::Diaries;
use crate::store::{Order, Page, Store, StoreError};
use crate::transaction::Transaction;

mod calendar; // what they are changed in

pub use calendar::{BookRefusal, Calendar, Made, Misfit, Place, weeks_of};

impl Stored for Session {
    const KIND: &'static str = "session";

    fn key(&self) -> Key {
        Key::Session(self.id)
    }
}

impl Stored for SessionNotice {
    const KIND: &'static str = "session_notice";

    fn key(&self) -> Key {
        Key::SessionNotice(self.session)
    }
}

/// That a person takes part in a session that begins then.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PersonSession {
    person: PersonId,
    starts_at: Timestamp,
    session: SessionId,
}

impl PersonSession {
    /// The entries of both people for a session as it stands.
    fn both(session: &Session) -> [Self; 2] {
        let Session { id, starts_at, .. } = *session;
        [session.student, session.with].map(|person| Self { person, starts_at, session: id })
    }
}

impl Stored for PersonSession {
    const KIND: &'static str = "person_session";

    fn key(&self) -> Key {
        Key::PersonSession(self.person, self.starts_at, self.session)
    }
}

/// A page of a person's own sessions, earliest first.
#[derive(Debug, Clone)]
pub struct Timetable {
    person: PersonId,
    /// The sessions.
    pub sessions: Vec<Item<Session>>,
    /// Sort key of the last one when there are more.
    pub next: Option<String>,
}

impl Subject for Timetable {
    fn relations(&self, person: PersonId, _now: Timestamp) -> Vec<Relation> {
        if person == self.person { vec![Relation::Owner] } else { Vec::new() }
    }
}

impl Store {
    /// A session.
    pub async fn session(&self, id: SessionId) -> Result<Option<Loaded<Item<Session>>>, StoreError> {
        let item: Option<Item<Session>> = self.get(&Key::Session(id)).await?;
        Ok(item.map(|item| self.loaded(item)))
    }

    /// Sessions by id, for the system's own jobs; what is not there is left out.
    pub async fn sessions_for_job(&self, ids: &[SessionId]) -> Result<Vec<Item<Session>>, StoreError> {
        self.get_many(&Vec::from_iter(ids.iter().copied().map(Key::Session))).await
    }

    /// What is known of sessions that are due: who takes part in them, those that were made before, and
    /// the weeks that they lie in; for the system's own jobs.
    pub async fn around_due(
        &self,
        people: &BTreeSet<PersonId>,
        sessions: &[&Session],
    ) -> Result<(Vec<Person>, Vec<Item<Session>>, Diaries), StoreError> {
        let people = Vec::from_iter(people.iter().copied().map(Key::Profile));
        let made = Vec::from_iter(sessions.iter().map(|session| Key::Session(session.id)));
        let weeks = sessions.iter().flat_map(|session| {
            let week = |week| [(session.student, week), (session.with, week)];
            weeks_of([*session]).flat_map(week)
        });
        let weeks = BTreeSet::from_iter(weeks).into_iter();
        let weeks = Vec::from_iter(weeks.map(|(person, week)| Key::Occupancy(person, week)));
        let mut found = self.find(&[&people[..], &made, &weeks].concat()).await?;
        let people = found.take::<Person>(&people)?.into_iter().map(|person| person.value);
        Ok((people.collect(), found.take(&made)?, Diaries::read(found.take(&weeks)?)))
    }

    /// What a change of a session is judged by, for somebody who may change it.
    pub async fn around(&self, session: &Permitted<Item<Session>>) -> Result<Option<Progress>, StoreError> {
        self.progress_for_job(session.value.enrollment).await
    }

    /// A page of a person's sessions that begin in a span of time.
    pub async fn timetable(
        &self,
        person: PersonId,
        (from, to): (Timestamp, Timestamp),
        after: Option<&str>,
        items_max: u16,
    ) -> Result<Loaded<Timetable>, StoreError> {
        let (keys, next) = self.sessions_in(person, (from, to), after, items_max).await?;
        Ok(self.loaded(Timetable { person, sessions: self.get_many(&keys).await?, next }))
    }

    /// A page of a person's sessions that begin in a span of time, for what is worked out from them.
    pub async fn sessions_of(
        &self,
        person: PersonId,
        span: (Timestamp, Timestamp),
        after: Option<&str>,
        items_max: u16,
    ) -> Result<(Vec<Session>, Option<String>), StoreError> {
        let (keys, next) = self.sessions_in(person, span, after, items_max).await?;
        let sessions: Vec<Item<Session>> = self.get_many(&keys).await?;
        Ok((sessions.into_iter().map(|session| session.value).collect(), next))
    }

    async fn sessions_in(
        &self,
        person: PersonId,
        (from, to): (Timestamp, Timestamp),
        after: Option<&str>,
        items_max: u16,
    ) -> Result<(Vec<Key>, Option<String>), StoreError> {
        let query = Query::PersonSessions { person, from, to };
        let Page { items, next } = self.page(&query, Order::Ascending, after, items_max).await?;
        let links = items.into_iter().map(from_attributes::<PersonSession>);
        let keys = links.map(|link| Ok(Key::Session(link?.value.session)));
        Ok((keys.collect::<Result<_, StoreError>>()?, next))
    }

    /// Keeps what a session whose time does not change became, and has it stated again where a closed
    /// statement may say otherwise.
    pub fn keep_session(
        &self,
        was: &Item<Session>,
        became: &Session,
        now: Timestamp,
    ) -> Transaction<'_, BookRefusal> {
        let transaction = self.transaction().save(&was.clone().with(became.clone()), BookRefusal::Changed);
        restated(transaction, &was.value, became, now)
    }

    /// What was told of a session so far.
    pub async fn session_notice(&self, id: SessionId) -> Result<Item<SessionNotice>, StoreError> {
        let kept = self.get(&Key::SessionNotice(id)).await?;
        Ok(kept.unwrap_or(Item::new(SessionNotice::new(id))))
    }
}

/// Asks for a session to be stated again, where it ended otherwise than a closed statement may say.
fn restated<'store>(
    transaction: Transaction<'store, BookRefusal>,
    was: &Session,
    became: &Session,
    now: Timestamp,
) -> Transaction<'store, BookRefusal> {
    let outcome = |session: &Session| Outcome::of_session(&session.clone().as_of(now).state);
    if outcome(was) == outcome(became) || !may_be_stated(became, now) {
        return transaction;
    }
    transaction.enqueue(&Job::RestateSession { session: became.id }, now)
}
