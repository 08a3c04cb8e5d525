//! Defenses: each an item of its own, linked from its people, written with all that a step changes.
//!
//! Every write about a juror is conditional on the conflict set of the student's enrollment and on
//! what juror and student declared, so that a conflict written at the same moment is not overlooked.

mod booking; // its people's time
mod heard; // a juror who may read the work
mod request; // what a defense is asked for with

use domain::attempt::Attempt;
use domain::conflict::ConflictSet;
use domain::defense::{Defense, Path, Settled};
use domain::enrollment::Enrollment;
use domain::id::{DefenseId, EnrollmentId, PersonId, ProjectId};
use domain::permission::{Loaded, Relation, Subject};
use domain::person::Scope;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::enrollment::Progress;
use crate::item::{Attributes, Item, Stored, from_attributes};
use crate::key::{Key, Query};
use crate::occupancy::Diaries;
use crate::store::{Order, Page, Store, StoreError};
use crate::transaction::Transaction;

pub use booking::BookingRefused;
pub use request::Defensible;

impl Stored for Defense {
    const KIND: &'static str = "defense";

    fn key(&self) -> Key {
        Key::Defense(self.id())
    }
}

/// That a defense concerns a person: its student, mentor or juror.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PersonDefense {
    person: PersonId,
    asked_at: Timestamp,
    defense: DefenseId,
}

impl Stored for PersonDefense {
    const KIND: &'static str = "person_defense";

    fn key(&self) -> Key {
        Key::PersonDefense(self.person, self.asked_at, self.defense)
    }
}

/// That something is still to happen in a defense: what staff look after.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OpenDefense {
    asked_at: Timestamp,
    defense: DefenseId,
}

impl Stored for OpenDefense {
    const KIND: &'static str = "open_defense";

    fn key(&self) -> Key {
        Key::OpenDefense(self.asked_at, self.defense)
    }
}

/// A defense with the student's progress that its steps settle.
#[derive(Debug, Clone)]
pub struct Hearing {
    /// The defense.
    pub defense: Item<Defense>,
    /// The student's enrollment, attempts and conflicts.
    pub progress: Progress,
}

impl Hearing {
    /// The student's attempts, in the order of the path.
    pub fn attempts(&self) -> Vec<Attempt> {
        self.progress.attempts()
    }

    /// The student's path, with its attempts taken out of their items.
    pub fn path<'a>(&'a self, attempts: &'a [Attempt]) -> Path<'a> {
        let Progress { enrollment, conflicts, .. } = &self.progress;
        Path { enrollment: &enrollment.value, attempts, conflicts: &conflicts.value }
    }
}

impl Subject for Hearing {
    fn relations(&self, person: PersonId, now: Timestamp) -> Vec<Relation> {
        self.defense.relations(person, now)
    }

    fn scope(&self) -> Scope {
        self.defense.scope()
    }
}

/// A defense as people stand to its recording: whoever is on it may ask that nobody who took part watches it.
#[derive(Debug, Clone)]
pub struct Footage(pub Item<Defense>);

impl Subject for Footage {
    fn relations(&self, person: PersonId, now: Timestamp) -> Vec<Relation> {
        let mut relations = self.0.relations(person, now);
        if !self.0.value.may_be_watched_by_parties() {
            let decided = self.0.value.appeal().is_some_and(|appeal| appeal.decision.is_some());
            relations.retain(|relation| *relation == Relation::AppealReviewer && !decided);
        }
        relations
    }

    fn scope(&self) -> Scope {
        self.0.scope()
    }
}

/// Why a defense was not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DefenseRefused {
    /// Somebody changed it, the student's progress or somebody's week at the same moment.
    Changed,
    /// Somebody who judges is in the student's conflict set, or one of the two declared a tie.
    JurorInConflict {
        /// Who.
        juror: PersonId,
    },
}

impl Store {
    /// A defense alone.
    pub async fn defense(&self, id: DefenseId) -> Result<Option<Loaded<Item<Defense>>>, StoreError> {
        let item: Option<Item<Defense>> = self.get(&Key::Defense(id)).await?;
        Ok(item.map(|item| self.loaded(item)))
    }

    /// A defense, as people stand to its recording.
    pub async fn footage(&self, id: DefenseId) -> Result<Option<Loaded<Footage>>, StoreError> {
        let item: Option<Item<Defense>> = self.get(&Key::Defense(id)).await?;
        Ok(item.map(|item| self.loaded(Footage(item))))
    }

    /// A defense, for whoever holds a capability for its recording.
    pub async fn defense_for_watching(&self, id: DefenseId) -> Result<Option<Item<Defense>>, StoreError> {
        self.get(&Key::Defense(id)).await
    }

    /// A defense with the student's progress.
    pub async fn hearing(&self, id: DefenseId) -> Result<Option<Loaded<Hearing>>, StoreError> {
        Ok(self.hearing_for_job(id).await?.map(|hearing| self.loaded(hearing)))
    }

    /// A defense with the student's progress, for the system's own jobs, which need no permission.
    pub async fn hearing_for_job(&self, id: DefenseId) -> Result<Option<Hearing>, StoreError> {
        let Some(defense) = self.get::<Defense>(&Key::Defense(id)).await? else { return Ok(None) };
        let progress = self.progress_for_job(defense.value.request().enrollment).await?;
        Ok(progress.map(|progress| Hearing { defense, progress }))
    }

    /// All defenses of a project that an enrollment ever had.
    pub async fn defenses_of_project(
        &self,
        enrollment: EnrollmentId,
        project: &ProjectId,
    ) -> Result<Vec<Defense>, StoreError> {
        let key = |number| Key::Defense(Defense::id_of(enrollment, project, number));
        Ok(self.numbered(key).await?.into_iter().map(|item: Item<Defense>| item.value).collect())
    }

    /// A page of the defenses that concern a person, newest first, and where the next one begins.
    pub async fn defenses_of(
        &self,
        person: PersonId,
        after: Option<&str>,
        items_max: u16,
    ) -> Result<(Vec<Item<Defense>>, Option<String>), StoreError> {
        let page = self.page(&Query::PersonDefenses(person), Order::Descending, after, items_max).await?;
        let of = |item: Attributes| Ok(from_attributes::<PersonDefense>(item)?.value.defense);
        self.defenses_on(page, of).await
    }

    /// A page of the school's defenses that are not over, oldest first, and where the next one begins.
    pub async fn open_defenses(
        &self,
        after: Option<&str>,
        items_max: u16,
    ) -> Result<(Vec<Item<Defense>>, Option<String>), StoreError> {
        let page = self.page(&Query::OpenDefenses, Order::Ascending, after, items_max).await?;
        let of = |item: Attributes| Ok(from_attributes::<OpenDefense>(item)?.value.defense);
        self.defenses_on(page, of).await
    }

    async fn defenses_on(
        &self,
        page: Page,
        of: impl Fn(Attributes) -> Result<DefenseId, StoreError>,
    ) -> Result<(Vec<Item<Defense>>, Option<String>), StoreError> {
        let keys = page.items.into_iter().map(|item| Ok(Key::Defense(of(item)?)));
        let keys: Vec<Key> = keys.collect::<Result<_, StoreError>>()?;
        Ok((self.get_many(&keys).await?, page.next))
    }

    /// Writes a step of a defense with all that it settles.
    ///
    /// `diaries` are the people's weeks with the step's times given back and taken ([`Self::rebooked`]).
    pub fn keep_step(
        &self,
        hearing: &Hearing,
        settled: &Settled,
        diaries: &Diaries,
    ) -> Transaction<'_, DefenseRefused> {
        let Hearing { defense, progress } = hearing;
        let after = defense.clone().with(settled.defense.clone());
        let before = Some(&defense.value).filter(|_| defense.revision > 0);
        let transaction = self.transaction().save(&after, DefenseRefused::Changed);
        let transaction = transaction.linked(before, &after.value).on_path(progress, settled);
        let transaction = transaction.judged_by(settled, &progress.conflicts);
        let transaction = transaction.keep_diaries(diaries, DefenseRefused::Changed);
        let transaction = settled.duty.iter().fold(transaction, Transaction::set);
        settled.jobs.iter().fold(transaction, |transaction, (job, due_at)| transaction.enqueue(job, *due_at))
    }
}

impl<R> Transaction<'_, R> {
    /// Shows a defense in the list of a person that it concerns.
    pub fn shows_defense(self, person: PersonId, defense: &Defense) -> Self {
        self.set(&PersonDefense { person, asked_at: defense.requested_at(), defense: defense.id() })
    }

    /// Brings the lists in line with who is concerned, and whether something is still to happen.
    fn linked(mut self, before: Option<&Defense>, after: &Defense) -> Self {
        let people = |defense: &Defense| {
            let fixed = [defense.request().student, defense.mentor()];
            let reviewer = defense.appeal().and_then(|appeal| appeal.reviewer);
            fixed.into_iter().chain(defense.juror()).chain(reviewer).collect::<Vec<_>>()
        };
        let (known, now) = (before.map(people).unwrap_or_default(), people(after));
        for person in now.iter().filter(|person| !known.contains(person)) {
            self = self.shows_defense(*person, after);
        }
        for person in known.iter().filter(|person| !now.contains(person)) {
            self = self.unset(&Key::PersonDefense(*person, after.requested_at(), after.id()));
        }
        let open = OpenDefense { asked_at: after.requested_at(), defense: after.id() };
        match (before.is_some_and(|before| before.state().is_open()), after.state().is_open()) {
            (false, true) => self.set(&open),
            (true, false) => self.unset(&open.key()),
            _ => self,
        }
    }
}

impl Transaction<'_, DefenseRefused> {
    /// The attempts and the enrollment that a step changes.
    fn on_path(mut self, progress: &Progress, settled: &Settled) -> Self {
        let is_done = settled.attempts.iter().any(|attempt| attempt.state.is_done());
        for item in &progress.attempts {
            let changed = settled.attempts.iter().find(|attempt| attempt.project == item.value.project);
            self = match changed {
                Some(changed) => self.save(&item.clone().with(changed.clone()), DefenseRefused::Changed),
                // Whether all is done rests on the others, too.
                None if is_done => self.require(item, DefenseRefused::Changed),
                None => self,
            };
        }
        let concluded: Option<Item<Enrollment>> =
            settled.enrollment.clone().map(|enrollment| progress.enrollment.clone().with(enrollment));
        concluded.iter().fold(self, |transaction, item| transaction.save(item, DefenseRefused::Changed))
    }

    /// The guards on who judges, or the conflict set with what a fail adds to it.
    fn judged_by(self, settled: &Settled, conflicts: &Item<ConflictSet>) -> Self {
        let transaction = match (&settled.conflicts, settled.judge) {
            // Written as it was read, it is its own guard.
            (Some(added), _) => self.save(&conflicts.clone().with(added.clone()), DefenseRefused::Changed),
            (None, Some(juror)) => {
                let (key, refusal) = (conflicts.value.key(), DefenseRefused::JurorInConflict { juror });
                self.require_no_entry(&key, "people", &juror.to_string(), refusal)
            }
            (None, None) => self,
        };
        let student = settled.defense.request().student;
        match settled.judge {
            Some(juror) => {
                transaction.require_no_declared_tie(juror, student, DefenseRefused::JurorInConflict { juror })
            }
            None => transaction,
        }
    }
}
