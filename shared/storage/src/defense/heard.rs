//! A new juror may read the work, and finds it in the list of submissions.

use domain::defense::{Defense, Settled};
use domain::id::PersonId;
use domain::submission::Submission;
use jiff::Timestamp;

use super::DefenseRefused;
use crate::item::Item;
use crate::key::Key;
use crate::store::{Store, StoreError};
use crate::transaction::Transaction;

/// The work that a defense is about, for a juror who is new to it.
#[derive(Debug, Clone)]
pub struct Heard {
    juror: PersonId,
    submission: Item<Submission>,
}

impl Store {
    /// The work with the juror that a step names; nothing where it names nobody new.
    pub async fn heard(&self, before: &Defense, settled: &Settled) -> Result<Option<Heard>, StoreError> {
        let Some(juror) = settled.defense.juror().filter(|juror| before.juror() != Some(*juror)) else {
            return Ok(None);
        };
        let key = Key::Submission(settled.defense.request().submission);
        let submission: Item<Submission> =
            self.get(&key).await?.ok_or(StoreError::Missing("a submission that is defended"))?;
        let heard = submission.value.clone().heard_by(juror);
        Ok(Some(Heard { juror, submission: submission.with(heard) }))
    }
}

impl Transaction<'_, DefenseRefused> {
    /// Lets a new juror read the work.
    pub fn heard(self, heard: Option<Heard>, now: Timestamp) -> Self {
        let Some(Heard { juror, submission }) = heard else { return self };
        let transaction = self.shows_submission(juror, now, submission.value.id);
        transaction.save(&submission, DefenseRefused::Changed)
    }
}
