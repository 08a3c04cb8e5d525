//! Who declared a tie to whom, and what that keeps them from.

use domain::conflict::{ConflictSet, Declarations, Reason};
use domain::id::PersonId;
use domain::permission::Loaded;

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

    /// Keeps what a person declared, and puts everyone they named into the sets of their own
    /// enrollments, where they stay.
    pub fn keep_declarations<R: Clone>(
        &self,
        declared: &Item<Declarations>,
        sets: Vec<Item<ConflictSet>>,
        changed: R,
    ) -> Transaction<'_, R> {
        let transaction = self.transaction().save(declared, changed.clone());
        sets.into_iter().fold(transaction, |transaction, mut set| {
            let mut news = false;
            for person in declared.value.people.keys() {
                news |= set.value.add(*person, Reason::Declared);
            }
            if news { transaction.save(&set, changed.clone()) } else { transaction }
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
