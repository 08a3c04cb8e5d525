//! People and their grants.

use std::collections::HashMap;

use domain::id::PersonId;
use domain::permission::Loaded;
use domain::person::{Grant, Person};

use crate::item::{Item, Stored};
use crate::key::{Key, Query};
use crate::store::{Store, StoreError};
use crate::transaction::Transaction;

impl Stored for Person {
    const KIND: &'static str = "person";

    fn key(&self) -> Key {
        Key::Profile(self.id)
    }
}

/// The most grants one person may have.
pub const GRANTS_MAX: u16 = 50;

/// Why a grant was not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantRefusal {
    /// Nobody with this id has signed in yet.
    NobodyThere,
    /// It was given or changed at the same moment.
    Changed,
}

impl Store {
    /// A person's profile, or the one they would have at first sign-in.
    pub async fn person_or(&self, first_seen: Person) -> Result<Loaded<Item<Person>>, StoreError> {
        let kept = self.get(&Key::Profile(first_seen.id)).await?;
        Ok(self.loaded(kept.unwrap_or(Item::new(first_seen))))
    }

    /// A person's profile, if they ever signed in.
    pub async fn person(&self, id: PersonId) -> Result<Option<Item<Person>>, StoreError> {
        self.get(&Key::Profile(id)).await
    }

    /// What people are called, for those who meet them; who gave no name is left out.
    pub async fn names(&self, people: &[PersonId]) -> Result<HashMap<PersonId, String>, StoreError> {
        let keys = Vec::from_iter(people.iter().copied().map(Key::Profile));
        let people: Vec<Item<Person>> = self.get_many(&keys).await?;
        Ok(people.into_iter().filter_map(|item| Some((item.value.id, item.value.name?))).collect())
    }

    /// The roles a person was given, ended ones too.
    pub async fn grants(&self, person: PersonId) -> Result<Vec<Grant>, StoreError> {
        let items = self.list::<Grant>(&Query::Grants(person), GRANTS_MAX).await?;
        Ok(items.into_iter().map(|item| item.value).collect())
    }

    /// A grant as it stands, or as it would be new.
    pub async fn grant_or(&self, grant: Grant) -> Result<Item<Grant>, StoreError> {
        let kept: Option<Item<Grant>> = self.get(&grant.key()).await?;
        Ok(kept.map_or(Item::new(grant.clone()), |item| item.with(grant)))
    }

    /// Keeps what a person wrote about themselves.
    pub fn keep_person<R>(&self, person: &Item<Person>, changed: R) -> Transaction<'_, R> {
        self.transaction().save(person, changed)
    }

    /// Gives a role to somebody who has an account, or changes when it ends.
    pub fn keep_grant(&self, grant: &Item<Grant>) -> Transaction<'_, GrantRefusal> {
        let account = Key::Profile(grant.value.person);
        self.transaction()
            .require_present(&account, GrantRefusal::NobodyThere)
            .save(grant, GrantRefusal::Changed)
    }
}
