//! Which weekly series a person has, whosever they are: so that a new one is held against all of them.

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
}

impl Store {
    /// Weekly series with the enrollments that they serve, for the system's own jobs; what is not there is left out.
    pub async fn series_for_job(
        &self,
        ids: &[(EnrollmentId, CommitmentId)],
    ) -> Result<(Vec<Place>, Vec<Item<Commitment>>), StoreError> {
        let enrollments = BTreeSet::from_iter(ids.iter().map(|(enrollment, _)| *enrollment));
        let agendas = Vec::from_iter(enrollments.iter().copied().map(Key::Agenda));
        let enrollments = Vec::from_iter(enrollments.into_iter().map(Key::Enrollment));
        let series = Vec::from_iter(ids.iter().map(|(enrollment, id)| Key::Commitment(*enrollment, *id)));
        let mut found = self.find(&[&enrollments[..], &agendas, &series].concat()).await?;
        let agendas = found.take::<Agenda>(&agendas)?.into_iter();
        let mut agendas = HashMap::<_, _>::from_iter(agendas.map(|agenda| (agenda.value.enrollment, agenda)));
        let places = found.take::<Enrollment>(&enrollments)?.into_iter().map(|enrollment| {
            let id = enrollment.value.id;
            let agenda = agendas.remove(&id).unwrap_or_else(|| Item::new(Agenda::empty(id)));
            Place { enrollment, agenda }
        });
        Ok((places.collect(), found.take(&series)?))
    }

    /// Which weekly series a mentor or coach has, and when they can meet.
    pub async fn series_and_hours(
        &self,
        person: PersonId,
    ) -> Result<(BTreeSet<(EnrollmentId, CommitmentId)>, Availability), StoreError> {
        let keys = [Key::PersonSeries(person), Key::Availability(person)];
        let mut found = self.find(&keys).await?;
        let series = found.take::<PersonSeries>(&keys[..1])?.pop().map(|list| list.value.series);
        let hours = found.take::<Availability>(&keys[1..])?.pop().map(|hours| hours.value);
        Ok((series.unwrap_or_default(), hours.unwrap_or_else(|| Availability::undeclared(person))))
    }

    /// A person's weekly series as they are, and the item that lists them.
    pub async fn series_of(
        &self,
        person: PersonId,
    ) -> Result<(Item<PersonSeries>, Vec<Commitment>), StoreError> {
        let kept: Option<Item<PersonSeries>> = self.get(&Key::PersonSeries(person)).await?;
        let list = kept.unwrap_or_else(|| Item::new(PersonSeries::of(person, [])));
        let places = list.value.series.iter().map(|(enrollment, id)| Key::Commitment(*enrollment, *id));
        let series: Vec<Item<Commitment>> = self.get_many(&Vec::from_iter(places)).await?;
        Ok((list, series.into_iter().map(|item| item.value).collect()))
    }
}

impl<R> Transaction<'_, R> {
    /// Keeps a new series, lists it for both people, and has its sessions made: those that are not made yet at
    /// once, further ones every week.
    pub fn begin_series(
        self,
        series: &Commitment,
        lists: [&(Item<PersonSeries>, Vec<Commitment>); 2],
        now: Timestamp,
        changed: R,
    ) -> Self
    where
        R: Clone,
    {
        let Commitment { id: commitment, enrollment, with, .. } = *series;
        let today = series.time_zone.date_at(now);
        let listed = lists.into_iter().fold(self, |transaction, (list, known)| {
            transaction.list_series(list, known, series, today, changed.clone())
        });
        listed
            .create(series, changed)
            .enqueue(&Job::ExtendSessions { enrollment, commitment }, now)
            .enqueue(&Job::ExtendSeries { with }, now + EXTEND_EVERY)
    }

    /// Lists a new series of a person beside those that are not over on a date.
    fn list_series(
        self,
        list: &Item<PersonSeries>,
        known: &[Commitment],
        new: &Commitment,
        today: Date,
        changed: R,
    ) -> Self {
        let lasting = known.iter().filter(|series| series.lasts_until(today)).chain([new]);
        let series = lasting.map(|series| (series.enrollment, series.id));
        self.save(&list.clone().with(PersonSeries::of(list.value.person, series)), changed)
    }
}
