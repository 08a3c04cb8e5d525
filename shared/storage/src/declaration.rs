//! Who declared a tie to whom, and what that keeps them from.

use std::collections::BTreeSet;

use domain::conflict::{ConflictSet, Declarations, Reason};
use domain::defense::Defense;
use domain::id::PersonId;
use domain::job::Job;
use domain::permission::Loaded;
use jiff::Timestamp;

use crate::enrollment::PersonEnrollment;
use crate::item::{Item, Stored};
use crate::key::{Key, Query};
use crate::store::{Store, StoreError};
use crate::transaction::Transaction;

impl Stored for Declarations {
    const KIND: &'static str = "declarations";

    fn key(&self) -> Key {
        Key::DeclaredConflicts(self.person)
    }
}

/// The most enrollments that concern one person: a mentor's of many years.
const ENROLLMENTS_MAX: u16 = 1_000;
/// How many of a person's latest defenses are looked at when they declare something.
const DEFENSES_LOOKED_AT: u16 = 100;

impl Store {
    /// What a person declared, or nothing yet.
    pub async fn declarations(&self, person: PersonId) -> Result<Loaded<Item<Declarations>>, StoreError> {
        let kept = self.get(&Key::DeclaredConflicts(person)).await?;
        Ok(self.loaded(kept.unwrap_or(Item::new(Declarations::none(person)))))
    }

    /// Who may not judge a person, as the student of each of their enrollments.
    pub async fn conflict_sets_of(&self, student: PersonId) -> Result<Vec<Item<ConflictSet>>, StoreError> {
        let links: Vec<Item<PersonEnrollment>> =
            self.list(&Query::PersonEnrollments(student), ENROLLMENTS_MAX).await?;
        let keys = links.iter().map(|link| Key::Conflicts(link.value.enrollment));
        let mut sets: Vec<Item<ConflictSet>> = self.get_many(&Vec::from_iter(keys)).await?;
        sets.retain(|set| set.value.reasons(student).any(|reason| reason == Reason::Student));
        Ok(sets)
    }

    /// Whether one of two people declared a tie to the other.
    pub async fn is_tied(&self, one: PersonId, other: PersonId) -> Result<bool, StoreError> {
        let declared: Vec<Item<Declarations>> =
            self.get_many(&[one, other].map(Key::DeclaredConflicts)).await?;
        Ok(declared
            .iter()
            .any(|it| it.value.people.contains_key(&one) || it.value.people.contains_key(&other)))
    }

    /// The conflict sets of students whom a person judges, or is to judge, and declares a tie to now, with the person in
    /// them: looked for among the latest defenses, since older ones are over.
    pub async fn judged_sets(&self, declared: &Declarations) -> Result<Vec<Item<ConflictSet>>, StoreError> {
        let (defenses, _) = self.defenses_of(declared.person, None, DEFENSES_LOOKED_AT).await?;
        let judges = |defense: &Defense| {
            let by = defense.juror() == Some(declared.person) || defense.is_reviewed_by(declared.person);
            by && defense.state().is_open() && declared.people.contains_key(&defense.request().student)
        };
        let judged = defenses.iter().filter(|item| judges(&item.value));
        let judged = BTreeSet::from_iter(judged.map(|item| item.value.request().enrollment));
        let keys = judged.into_iter().map(Key::Conflicts);
        let mut sets: Vec<Item<ConflictSet>> = self.get_many(&Vec::from_iter(keys)).await?;
        for set in &mut sets {
            set.value.add(declared.person, Reason::Declared);
        }
        Ok(sets)
    }

    /// Keeps what a person declared, and puts everyone they named into the sets of their own
    /// enrollments, where they stay.
    pub fn keep_declarations<R: Clone>(
        &self,
        declared: &Item<Declarations>,
        sets: Vec<Item<ConflictSet>>,
        now: Timestamp,
        changed: R,
    ) -> Transaction<'_, R> {
        let transaction = self.transaction().save(declared, changed.clone());
        sets.into_iter().fold(transaction, |transaction, mut set| {
            let mut news = false;
            for person in declared.value.people.keys() {
                news |= set.value.add(*person, Reason::Declared);
            }
            if !news {
                return transaction;
            }
            let arrange = Job::ArrangeDefenses { enrollment: set.value.enrollment(), at: now };
            transaction.save(&set, changed.clone()).enqueue(&arrange, now)
        })
    }
}

impl<R: Clone> Transaction<'_, R> {
    /// Requires that neither of two people declared a tie to the other: for every write about the
    /// juror of a student, beside the enrollment's own set.
    pub fn require_no_declared_tie(self, one: PersonId, other: PersonId, refusal: R) -> Self {
        let of = Key::DeclaredConflicts;
        self.require_no_entry(&of(one), "people", &other.to_string(), refusal.clone()).require_no_entry(
            &of(other),
            "people",
            &one.to_string(),
            refusal,
        )
    }
}
