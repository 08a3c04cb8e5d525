//! What a mentor's request for a defense is decided with.

use domain::defense::Defense;
use domain::id::{PersonId, SubmissionId};
use domain::permission::{Loaded, Relation, Subject};
use domain::person::Scope;
use domain::submission::Submission;
use jiff::Timestamp;

use crate::enrollment::Progress;
use crate::item::Item;
use crate::key::Key;
use crate::store::{Store, StoreError};

/// A version of a student's work, with all that its defense is decided with.
#[derive(Debug, Clone)]
pub struct Defensible {
    /// The version.
    pub submission: Item<Submission>,
    /// The student's enrollment, attempts and conflicts.
    pub progress: Progress,
    /// The defenses of the project so far.
    pub earlier: Vec<Defense>,
}

/// The mentor of today counts, not the one who judged the version.
impl Subject for Defensible {
    fn relations(&self, person: PersonId, now: Timestamp) -> Vec<Relation> {
        self.progress.relations(person, now)
    }

    fn scope(&self) -> Scope {
        self.progress.scope()
    }
}

impl Store {
    /// A version of work with what its defense is decided with.
    pub async fn defensible(&self, id: SubmissionId) -> Result<Option<Loaded<Defensible>>, StoreError> {
        let Some(submission) = self.get::<Submission>(&Key::Submission(id)).await? else { return Ok(None) };
        let Submission { enrollment, project, .. } = &submission.value;
        let Some(progress) = self.progress_for_job(*enrollment).await? else { return Ok(None) };
        let earlier = self.defenses_of_project(*enrollment, project).await?;
        Ok(Some(self.loaded(Defensible { submission, progress, earlier })))
    }
}
