//! Submissions: versions of work, who may see them, and their judgments.

use std::collections::BTreeMap;

use domain::assessment::Assessment;
use domain::attempt::Attempt;
use domain::enrollment::Enrollment;
use domain::id::{EnrollmentId, PersonId, SubmissionId, UploadId};
use domain::permission::{Loaded, Relation, Subject};
use domain::person::Scope;
use domain::submission::{Stage, Submission};
use domain::upload::Upload;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::item::{Item, Stored, from_attributes};
use crate::key::{Key, Query};
use crate::store::{Order, Page, Store, StoreError};
use crate::transaction::Transaction;

impl Stored for Submission {
    const KIND: &'static str = "submission";

    fn key(&self) -> Key {
        Key::Submission(self.id)
    }
}

impl Stored for Assessment {
    const KIND: &'static str = "assessment";

    fn key(&self) -> Key {
        Key::Assessment(self.submission())
    }
}

/// That a submission concerns a person: its student, a mentor, a juror.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PersonSubmission {
    person: PersonId,
    since: Timestamp,
    submission: SubmissionId,
}

impl Stored for PersonSubmission {
    const KIND: &'static str = "person_submission";

    fn key(&self) -> Key {
        Key::PersonSubmission(self.person, self.since, self.submission)
    }
}

/// A submission with what decides who may see it.
///
/// Its mentor is whoever mentors the student today, not on the day it was handed in; a draft is the
/// student's alone.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The submission.
    pub submission: Item<Submission>,
    /// The student's place.
    pub enrollment: Item<Enrollment>,
}

impl Subject for Shown {
    fn relations(&self, person: PersonId, now: Timestamp) -> Vec<Relation> {
        let mut relations = self.submission.relations(person, now);
        relations.retain(|relation| *relation != Relation::CurrentMentor);
        let mentors = self.enrollment.relations(person, now).contains(&Relation::CurrentMentor);
        if mentors && self.submission.value.stage() != Stage::Draft {
            relations.push(Relation::CurrentMentor);
        }
        relations
    }

    fn scope(&self) -> Scope {
        self.enrollment.scope()
    }
}

/// A submission with all that changes when it is handed in or judged.
#[derive(Debug, Clone)]
pub struct Review {
    /// The submission and the student's place.
    pub shown: Shown,
    /// Where the student stands with the project.
    pub attempt: Item<Attempt>,
}

impl Subject for Review {
    fn relations(&self, person: PersonId, now: Timestamp) -> Vec<Relation> {
        self.shown.relations(person, now)
    }

    fn scope(&self) -> Scope {
        self.shown.scope()
    }
}

/// Why a submission was not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubmissionRefusal {
    /// The version was opened, or the attempt changed, at the same moment.
    Changed,
    /// It was handed in at the same moment.
    AlreadySubmitted,
    /// It was judged at the same moment.
    AlreadyDecided,
}

impl Store {
    /// A submission alone.
    pub async fn submission(&self, id: SubmissionId) -> Result<Option<Loaded<Item<Submission>>>, StoreError> {
        let item: Option<Item<Submission>> = self.get(&Key::Submission(id)).await?;
        Ok(item.map(|item| self.loaded(item)))
    }

    /// A submission, to be shown.
    pub async fn shown_submission(&self, id: SubmissionId) -> Result<Option<Loaded<Shown>>, StoreError> {
        let Some(submission) = self.get::<Submission>(&Key::Submission(id)).await? else { return Ok(None) };
        let enrollment = self.get(&Key::Enrollment(submission.value.enrollment)).await?;
        let enrollment = enrollment.ok_or(StoreError::Missing("an enrollment"))?;
        Ok(Some(self.loaded(Shown { submission, enrollment })))
    }

    /// A submission, to be handed in or judged.
    pub async fn review(&self, id: SubmissionId) -> Result<Option<Loaded<Review>>, StoreError> {
        let Some(submission) = self.get::<Submission>(&Key::Submission(id)).await? else { return Ok(None) };
        let Submission { enrollment: place, project, .. } = &submission.value;
        let keys = [Key::Enrollment(*place), Key::Attempt(*place, project.clone())];
        let mut found = self.find(&keys).await?;
        let enrollment = found.take::<Enrollment>(&keys[..1])?.pop();
        let enrollment = enrollment.ok_or(StoreError::Missing("an enrollment"))?;
        let attempt = found.take(&keys[1..])?.pop().ok_or(StoreError::Missing("an attempt"))?;
        Ok(Some(self.loaded(Review { shown: Shown { submission, enrollment }, attempt })))
    }

    /// A page of the submissions that concern a person and that they may see now, newest first, and
    /// where the next one begins. A page may hold fewer than there are behind it.
    pub async fn submissions_of(
        &self,
        person: PersonId,
        now: Timestamp,
        after: Option<&str>,
        items_max: u16,
    ) -> Result<(Vec<Shown>, Option<String>), StoreError> {
        let query = Query::PersonSubmissions(person);
        let Page { items, next } = self.page(&query, Order::Descending, after, items_max).await?;
        let mut keys = Vec::with_capacity(items.len());
        for link in items {
            let key = Key::Submission(from_attributes::<PersonSubmission>(link)?.value.submission);
            // Whoever was student's mentor twice is linked twice.
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        let submissions: Vec<Item<Submission>> = self.get_many(&keys).await?;
        let places = self.enrollments_at(submissions.iter().map(|item| item.value.enrollment)).await?;
        let shown = submissions.into_iter().filter_map(|submission| {
            let enrollment = places.get(&submission.value.enrollment)?.clone();
            Some(Shown { submission, enrollment }).filter(|shown| !shown.relations(person, now).is_empty())
        });
        Ok((shown.collect(), next))
    }

    /// Places on editions, for what leans on them: each once.
    pub async fn enrollments_at(
        &self,
        ids: impl Iterator<Item = EnrollmentId>,
    ) -> Result<BTreeMap<EnrollmentId, Item<Enrollment>>, StoreError> {
        let mut keys = Vec::new();
        for key in ids.map(Key::Enrollment) {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        let items: Vec<Item<Enrollment>> = self.get_many(&keys).await?;
        Ok(items.into_iter().map(|item| (item.value.id, item)).collect())
    }

    /// The judgment of a submission, for whoever may see the submission.
    pub async fn assessment(&self, id: SubmissionId) -> Result<Option<Assessment>, StoreError> {
        Ok(self.get::<Assessment>(&Key::Assessment(id)).await?.map(|item| item.value))
    }

    /// Uploads by id, each once: what the student hands in with a submission.
    pub async fn uploads(
        &self,
        ids: impl Iterator<Item = UploadId>,
    ) -> Result<BTreeMap<UploadId, Upload>, StoreError> {
        let mut keys: Vec<Key> = Vec::new();
        for key in ids.map(Key::Upload) {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        let items: Vec<Item<Upload>> = self.get_many(&keys).await?;
        Ok(items.into_iter().map(|item| (item.value.id, item.value)).collect())
    }

    /// Keeps a new version with the attempt that counts it.
    pub fn open_draft(
        &self,
        draft: &Submission,
        attempt: &Item<Attempt>,
        now: Timestamp,
    ) -> Transaction<'_, SubmissionRefusal> {
        self.transaction()
            .create(draft, SubmissionRefusal::Changed)
            .save(attempt, SubmissionRefusal::Changed)
            .shows_submission(draft.student, now, draft.id)
    }

    /// Keeps a version that was handed in with its attempt, and shows it to its mentor.
    pub fn keep_sealed(
        &self,
        submission: &Item<Submission>,
        attempt: &Item<Attempt>,
        now: Timestamp,
    ) -> Transaction<'_, SubmissionRefusal> {
        let transaction = self
            .transaction()
            .save(submission, SubmissionRefusal::AlreadySubmitted)
            .save(attempt, SubmissionRefusal::Changed);
        match submission.value.mentor {
            Some(mentor) => transaction.shows_submission(mentor, now, submission.value.id),
            None => transaction,
        }
    }

    /// Keeps a judgment with the submission and the attempt that it changes.
    pub fn keep_assessed(
        &self,
        assessment: &Assessment,
        submission: &Item<Submission>,
        attempt: &Item<Attempt>,
    ) -> Transaction<'_, SubmissionRefusal> {
        self.transaction()
            .create(assessment, SubmissionRefusal::AlreadyDecided)
            .save(submission, SubmissionRefusal::AlreadyDecided)
            .save(attempt, SubmissionRefusal::Changed)
    }
}

impl<R> Transaction<'_, R> {
    /// Shows a submission in the list of a person that it concerns: its student, its juror, and a
    /// mentor to whom the student is handed over while it is under review.
    pub fn shows_submission(self, person: PersonId, since: Timestamp, submission: SubmissionId) -> Self {
        self.set(&PersonSubmission { person, since, submission })
    }
}
