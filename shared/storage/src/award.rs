//! Awards and credentials, and the transactions that end a degree or ask for more.

use domain::attempt::Attempt;
use domain::award::Award;
use domain::billing::Due;
use domain::credential::Credential;
use domain::defense::Defense;
use domain::enrollment::Enrollment;
use domain::id::{CredentialId, PersonId};
use domain::job::Job;
use domain::permission::{Loaded, Relation, Subject};
use domain::submission::Submission;
use jiff::Timestamp;

use crate::item::{Item, Stored};
use crate::key::Key;
use crate::store::{Store, StoreError};
use crate::transaction::Transaction;

impl Stored for Award {
    const KIND: &'static str = "award";

    fn key(&self) -> Key {
        Key::Award(self.id)
    }
}

impl Stored for Credential {
    const KIND: &'static str = "credential";

    fn key(&self) -> Key {
        Key::Credential(self.id)
    }
}

/// A credential with the award it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// The credential.
    pub credential: Item<Credential>,
    /// The award.
    pub award: Award,
}

impl Subject for Issued {
    fn relations(&self, person: PersonId, now: Timestamp) -> Vec<Relation> {
        self.credential.relations(person, now)
    }
}

/// What a decision rests on, beside the student's progress.
#[derive(Debug, Clone)]
pub struct Shown {
    /// Every defense of the enrollment, also those that do not count.
    pub defenses: Vec<Item<Defense>>,
    /// The work that was defended.
    pub submissions: Vec<Submission>,
}

/// Why a decision was not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecisionRefusal {
    /// The degree was awarded at the same moment.
    Awarded,
    /// The enrollment, an attempt or a defense changed.
    Changed,
}

/// How many numbers of a project's defenses one batch reads: most projects have one defense.
const NUMBERS_STEP: u32 = 2;

impl Store {
    /// A credential with its award.
    pub async fn issued(&self, id: CredentialId) -> Result<Option<Loaded<Issued>>, StoreError> {
        let Some(credential) = self.get::<Credential>(&Key::Credential(id)).await? else { return Ok(None) };
        let award = self.get::<Award>(&Key::Award(credential.value.award)).await?;
        let award = award.ok_or(StoreError::Missing("award"))?.value;
        Ok(Some(self.loaded(Issued { credential, award })))
    }

    /// What a student showed in the defenses of these attempts, for a decision about the award: to
    /// be read once the student's progress is permitted.
    pub async fn shown(&self, attempts: &[Item<Attempt>]) -> Result<Shown, StoreError> {
        let defenses = self.every_defense(attempts).await?;
        let works = defenses.iter().map(|defense| Key::Submission(defense.value.request().submission));
        let mut works: Vec<Key> = works.collect();
        works.sort_unstable_by_key(Key::parts);
        works.dedup();
        let submissions = self.get_many(&works).await?.into_iter().map(|item| item.value).collect();
        Ok(Shown { defenses, submissions })
    }

    /// A project's defenses are numbered without a gap, so they are read until one is not there.
    async fn every_defense(&self, attempts: &[Item<Attempt>]) -> Result<Vec<Item<Defense>>, StoreError> {
        let mut found: Vec<Item<Defense>> = Vec::new();
        let mut open: Vec<&Attempt> = attempts.iter().map(|attempt| &attempt.value).collect();
        for first in (1..).step_by(NUMBERS_STEP as usize) {
            let last = first + NUMBERS_STEP - 1;
            let id = |attempt: &Attempt, number| Defense::id_of(attempt.enrollment, &attempt.project, number);
            let keys = open.iter().flat_map(|it| (first..=last).map(|number| Key::Defense(id(it, number))));
            let keys: Vec<Key> = keys.collect();
            found.extend(self.get_many(&keys).await?);
            open.retain(|attempt| found.iter().any(|defense| defense.value.id() == id(attempt, last)));
            if open.is_empty() {
                break;
            }
        }
        Ok(found)
    }

    /// Keeps an award with its credential, and what they end. The ids are derived, so that of
    /// several decisions at once one is kept.
    pub fn keep_award(
        &self,
        enrollment: &Item<Enrollment>,
        award: &Award,
        credential: &Credential,
        now: Timestamp,
    ) -> Transaction<'_, DecisionRefusal> {
        // The mentor's seat is given back.
        let arrange = Job::ArrangeSessions { enrollment: enrollment.value.id };
        self.transaction()
            .create(award, DecisionRefusal::Awarded)
            .create(credential, DecisionRefusal::Awarded)
            .save(enrollment, DecisionRefusal::Changed)
            .no_longer_live(&enrollment.value)
            .enqueue(&arrange, now)
    }

    /// Keeps what "prove again" opened, with the bill of the period that begins and the sessions
    /// that may be held again.
    pub fn keep_reopened(
        &self,
        enrollment: &Item<Enrollment>,
        attempts: &[Item<Attempt>],
        annulled: &[Item<Defense>],
        next: Option<&Due>,
        now: Timestamp,
    ) -> Transaction<'_, DecisionRefusal> {
        let changed = DecisionRefusal::Changed;
        let transaction = self.transaction().save(enrollment, changed);
        let transaction = attempts.iter().fold(transaction, |it, attempt| it.save(attempt, changed));
        let transaction = annulled.iter().fold(transaction, |it, defense| it.save(defense, changed));
        let arrange = Job::ArrangeSessions { enrollment: enrollment.value.id };
        transaction.bill_next(&enrollment.value, next, now).enqueue(&arrange, now)
    }
}
