//! Jurors as a defense's search looks at them: what they said, what is booked, what they judge already.

use std::collections::{BTreeMap, BTreeSet};

use domain::availability::Availability;
use domain::conflict::Declarations;
use domain::enrollment::Enrollment;
use domain::id::PersonId;
use domain::jury::{Candidate, Free};
use domain::occupancy::Week;
use domain::pairing::{Hours, PairingPolicy};
use domain::permission::Role;
use jiff::{SignedDuration, Timestamp};

use crate::item::Item;
use crate::key::Key;
use crate::store::{Store, StoreError};

/// The most jurors that are looked at for one defense.
pub const JURORS_MAX: usize = 200;

/// Who might judge a student, and when both could.
#[derive(Debug, Clone)]
pub struct Bench {
    /// When the student could come.
    pub student: Free,
    /// Who declared a tie to the student, or to whom the student declared one.
    pub tied: BTreeSet<PersonId>,
    /// Those with the role of a juror for the degree.
    pub candidates: Vec<Candidate>,
}

impl Store {
    /// Who might judge a student in some weeks. Who may, and who is free in the end, is decided later: what is read
    /// here is no guard. `policy` says when a student who has said nothing can be met.
    pub async fn bench(
        &self,
        enrollment: &Enrollment,
        weeks: &[Week],
        policy: &PairingPolicy,
        now: Timestamp,
    ) -> Result<Bench, StoreError> {
        let student = enrollment.student;
        let holders =
            self.some_role_holders(Role::Juror, &enrollment.degree, student, JURORS_MAX, now).await?;
        let jurors = Vec::from_iter(holders.into_keys().take(JURORS_MAX));
        let people = Vec::from_iter(jurors.iter().copied().chain([student]));
        let mut said = self.said_by(&people).await?;
        let mut said =
            |person: PersonId| said.remove(&person).unwrap_or_else(|| Availability::undeclared(person));
        let tied = self.tied(student, &people).await?;
        let diaries = self.diaries(&people, read_of(weeks)).await?;
        let candidates = jurors.into_iter().map(|juror| {
            let said = said(juror);
            let free = Free::new(weeks, &diaries.of(juror), |week| Hours::open(&said, week));
            let judging = diaries.judged_by(juror).collect();
            Candidate { free, judging, said }
        });
        let candidates = candidates.collect();
        let hers = said(student);
        let open = |week| policy.hours_of(Some(&hers), &enrollment.time_zone, week);
        Ok(Bench { student: Free::new(weeks, &diaries.of(student), open), tied, candidates })
    }

    async fn said_by(&self, people: &[PersonId]) -> Result<BTreeMap<PersonId, Availability>, StoreError> {
        let keys = Vec::from_iter(people.iter().copied().map(Key::Availability));
        let said: Vec<Item<Availability>> = self.get_many(&keys).await?;
        Ok(said.into_iter().map(|item| (item.value.person, item.value)).collect())
    }

    /// Those who declared a tie to a student, or to whom the student declared one.
    async fn tied(&self, student: PersonId, people: &[PersonId]) -> Result<BTreeSet<PersonId>, StoreError> {
        let keys = Vec::from_iter(people.iter().copied().map(Key::DeclaredConflicts));
        let declared: Vec<Item<Declarations>> = self.get_many(&keys).await?;
        let tied = declared.iter().flat_map(|item| {
            let Declarations { person, people } = &item.value;
            let hers = people.keys().copied().filter(|_| *person == student);
            hers.chain(people.contains_key(&student).then_some(*person))
        });
        Ok(tied.collect())
    }
}

/// The weeks to read: those that are looked at, and the one before, in which a juror's first day may begin.
fn read_of(weeks: &[Week]) -> Vec<Week> {
    let before =
        weeks.first().and_then(|first| first.begins_at().checked_sub(SignedDuration::from_secs(1)).ok());
    before.map(Week::of).into_iter().chain(weeks.iter().copied()).collect()
}
