//! When mentors, jurors and coaches can meet.

use domain::availability::Availability;
use domain::id::PersonId;
use domain::permission::Loaded;

use crate::item::{Item, Stored};
use crate::key::Key;
use crate::store::{Store, StoreError};
use crate::transaction::Transaction;

impl Stored for Availability {
    const KIND: &'static str = "availability";

    fn key(&self) -> Key {
        Key::Availability(self.person)
    }
}

impl Store {
    /// What a person wrote about when they can meet, or nothing yet, to be shown or changed.
    pub async fn availability(&self, person: PersonId) -> Result<Loaded<Item<Availability>>, StoreError> {
        let kept = self.get(&Key::Availability(person)).await?;
        Ok(self.loaded(kept.unwrap_or(Item::new(Availability::undeclared(person)))))
    }

    /// When a person can meet, for judging a booking with them; it is not shown.
    pub async fn availability_for_booking(&self, person: PersonId) -> Result<Availability, StoreError> {
        let kept: Option<Item<Availability>> = self.get(&Key::Availability(person)).await?;
        Ok(kept.map_or_else(|| Availability::undeclared(person), |item| item.value))
    }

    /// Keeps what a person wrote.
    pub fn keep_availability<R>(&self, availability: &Item<Availability>, changed: R) -> Transaction<'_, R> {
        self.transaction().save(availability, changed)
    }
}
