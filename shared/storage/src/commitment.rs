//! Which weekly series a person has, whosever they are: so that a new one is held against all of them.

use std::collections::BTreeSet;

use domain::commitment::Commitment;
use domain::id::{CommitmentId, EnrollmentId, PersonId};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::item::{Item, Stored};
use crate::key::Key;
use crate::store::{Store, StoreError};
use crate::transaction::Transaction;

/// The weekly series of a person, in one item: whoever begins one writes it, so two at once do not overlook
/// each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonSeries {
    person: PersonId,
    series: BTreeSet<(EnrollmentId, CommitmentId)>,
}

impl Stored for PersonSeries {
    const KIND: &'static str = "person_series";

    fn key(&self) -> Key {
        Key::PersonSeries(self.person)
    }
}

impl Store {
    /// A person's weekly series as they are, and the item that lists them.
    pub async fn series_of(
        &self,
        person: PersonId,
    ) -> Result<(Item<PersonSeries>, Vec<Commitment>), StoreError> {
        let kept: Option<Item<PersonSeries>> = self.get(&Key::PersonSeries(person)).await?;
        let list = kept.unwrap_or(Item::new(PersonSeries { person, series: BTreeSet::new() }));
        let places = list.value.series.iter().map(|(enrollment, id)| Key::Commitment(*enrollment, *id));
        let series: Vec<Item<Commitment>> = self.get_many(&Vec::from_iter(places)).await?;
        Ok((list, series.into_iter().map(|item| item.value).collect()))
    }
}

impl<R> Transaction<'_, R> {
    /// Lists a new series of a person beside those that are not over on a date.
    pub fn list_series(
        self,
        list: &Item<PersonSeries>,
        known: &[Commitment],
        new: &Commitment,
        today: Date,
        changed: R,
    ) -> Self {
        let lasting = known.iter().filter(|series| series.lasts_until(today)).chain([new]);
        let series = lasting.map(|series| (series.enrollment, series.id)).collect();
        self.save(&list.clone().with(PersonSeries { person: list.value.person, series }), changed)
    }
}
