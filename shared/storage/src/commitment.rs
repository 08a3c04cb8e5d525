//! Which weekly series a person has, whosever they are: so that a new one is held against all of them, and those of
//! a mentor or coach are extended together.

use std::collections::{BTreeSet, HashMap};

use domain::agenda::Agenda;
use domain::availability::Availability;
use domain::commitment::{Commitment, EXTEND_EVERY};
use domain::enrollment::Enrollment;
use domain::id::{CommitmentId, EnrollmentId, PersonId};
use domain::job::Job;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::item::{Item, Stored};
use crate::key::Key;
use crate::session::Place;
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

impl PersonSeries {
    /// A person's list of these series.
    pub fn of(person: PersonId, series: impl IntoIterator<Item = (EnrollmentId, CommitmentId)>) -> Self {
        Self { person, series: series.into_iter().collect() }
    }

    /// Which they are.
    pub const fn listed(&self) -> &BTreeSet<(EnrollmentId, CommitmentId)> {
        &self.series
    }

    /// The list of those that are not over on a date, of the ones that are known.
    pub fn lasting(&self, known: &[Commitment], today: Date) -> Self {
        let lasting = known.iter().filter(|series| series.lasts_until(today));
        Self::of(self.person, lasting.map(|series| (series.enrollment, series.id)))
    }
}

impl Store {
    /// A weekly series, for the system's own jobs.
    pub async fn commitment_for_job(
        &self,
        enrollment: EnrollmentId,
        id: CommitmentId,
    ) -> Result<Option<Item<Commitment>>, StoreError> {
        self.get(&Key::Commitment(enrollment, id)).await
    }

    /// Weekly series that a mentor or coach holds, with the enrollments that they serve and when this person can
    /// meet, for the system's own jobs; what is not there, or held by somebody else, is left out.
    pub async fn series_for_job(
        &self,
        with: PersonId,
        ids: &[(EnrollmentId, CommitmentId)],
    ) -> Result<(Vec<Place>, Vec<Item<Commitment>>, Availability), StoreError> {
        let enrollments = BTreeSet::from_iter(ids.iter().map(|(enrollment, _)| *enrollment));
        let agendas = Vec::from_iter(enrollments.iter().copied().map(Key::Agenda));
        let enrollments = Vec::from_iter(enrollments.into_iter().map(Key::Enrollment));
        let series = Vec::from_iter(ids.iter().map(|(enrollment, id)| Key::Commitment(*enrollment, *id)));
        let hours = [Key::Availability(with)];
        let mut found = self.find(&[&enrollments[..], &agendas, &series, &hours].concat()).await?;
        let mut series: Vec<Item<Commitment>> = found.take(&series)?;
        series.retain(|series| series.value.with == with);
        let served = |id: EnrollmentId| series.iter().any(|series| series.value.enrollment == id);
        let agendas = found.take::<Agenda>(&agendas)?.into_iter();
        let mut agendas = HashMap::<_, _>::from_iter(agendas.map(|agenda| (agenda.value.enrollment, agenda)));
        let places = found.take::<Enrollment>(&enrollments)?.into_iter();
        let places = places.filter(|enrollment| served(enrollment.value.id)).map(|enrollment| {
            let id = enrollment.value.id;
            let agenda = agendas.remove(&id).unwrap_or_else(|| Item::new(Agenda::empty(id)));
            Place { enrollment, agenda }
        });
        let places = places.collect();
        let hours = found.take::<Availability>(&hours)?.pop().map(|hours| hours.value);
        Ok((places, series, hours.unwrap_or_else(|| Availability::undeclared(with))))
    }

    /// Which weekly series a person has.
    pub async fn listed_series(&self, person: PersonId) -> Result<Item<PersonSeries>, StoreError> {
        let kept: Option<Item<PersonSeries>> = self.get(&Key::PersonSeries(person)).await?;
        Ok(kept.unwrap_or_else(|| Item::new(PersonSeries::of(person, []))))
    }

    /// A person's weekly series as they are, and the item that lists them.
    pub async fn series_of(
        &self,
        person: PersonId,
    ) -> Result<(Item<PersonSeries>, Vec<Commitment>), StoreError> {
        let list = self.listed_series(person).await?;
        let places = list.value.series.iter().map(|(enrollment, id)| Key::Commitment(*enrollment, *id));
        let series: Vec<Item<Commitment>> = self.get_many(&Vec::from_iter(places)).await?;
        Ok((list, series.into_iter().map(|item| item.value).collect()))
    }
}

impl<R> Transaction<'_, R> {
    /// Keeps a new series, lists it for both people, and has its sessions made: those that are not made yet at
    /// once, further ones from then on.
    pub fn begin_series(
        self,
        series: &Commitment,
        lists: [Item<PersonSeries>; 2],
        now: Timestamp,
        changed: R,
    ) -> Self
    where
        R: Clone,
    {
        let Commitment { id: commitment, enrollment, with, .. } = *series;
        let listed = lists.into_iter().fold(self, |transaction, mut list| {
            list.value.series.insert((enrollment, commitment));
            transaction.save(&list, changed.clone())
        });
        listed
            .create(series, changed)
            .enqueue(&Job::ExtendSessions { enrollment, commitment }, now)
            .enqueue(&Job::ExtendSeries { with }, now + EXTEND_EVERY)
    }
}
