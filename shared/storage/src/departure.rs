//! Mentors who leave.

use domain::departure::Departure;
use domain::id::PersonId;
use domain::job::Job;
use domain::permission::Loaded;
use jiff::Timestamp;

use crate::item::{Item, Stored, from_attributes};
use crate::key::{Key, Query};
use crate::store::{Order, Page, Store, StoreError};
use crate::transaction::Transaction;

impl Stored for Departure {
    const KIND: &'static str = "departure";

    fn key(&self) -> Key {
        Key::Departure(self.mentor)
    }
}

impl Store {
    /// When a mentor leaves, if they said so, to be shown.
    pub async fn departure(&self, mentor: PersonId) -> Result<Option<Loaded<Item<Departure>>>, StoreError> {
        Ok(self.departure_for_job(mentor).await?.map(|item| self.loaded(item)))
    }

    /// The same, for the system's own jobs.
    pub async fn departure_for_job(&self, mentor: PersonId) -> Result<Option<Item<Departure>>, StoreError> {
        self.get(&Key::Departure(mentor)).await
    }

    /// A page of those who leave, and where the next one begins.
    pub async fn departures(
        &self,
        after: Option<&str>,
        items_max: u16,
    ) -> Result<(Vec<Departure>, Option<String>), StoreError> {
        let Page { items, next } = self.page(&Query::Departures, Order::Ascending, after, items_max).await?;
        let departures = items.into_iter().map(|item| Ok(from_attributes::<Departure>(item)?.value));
        Ok((departures.collect::<Result<_, StoreError>>()?, next))
    }

    /// Keeps a notice, and asks for other mentors.
    pub fn keep_departure<R>(
        &self,
        departure: &Item<Departure>,
        now: Timestamp,
        changed: R,
    ) -> Transaction<'_, R> {
        let mentor = departure.value.mentor;
        self.transaction().save(departure, changed).enqueue(&Job::HandOver { mentor }, now)
    }
}
