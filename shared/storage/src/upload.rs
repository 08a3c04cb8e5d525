//! Uploads: their records in the table, and which bucket holds their bytes.

use domain::defense::{Defense, RECONCILED_EVERY};
use domain::enrollment::Enrollment;
use domain::id::{PersonId, UploadId};
use domain::job::Job;
use domain::permission::{Loaded, Relation, Subject};
use domain::submission::Submission;
use domain::upload::{Purpose, Upload, UploadQuota, UploadState, UploadSubject};
use jiff::{SignedDuration, Timestamp};

use crate::bucket::Bucket;
use crate::clock::machine_now;
use crate::item::{Item, Stored};
use crate::key::Key;
use crate::store::{Store, StoreError};
use crate::transaction::Transaction;

impl Stored for Upload {
    const KIND: &'static str = "upload";

    fn key(&self) -> Key {
        Key::Upload(self.id)
    }
}

/// How long what somebody began to send is remembered, by the machine's clock: longer than it counts.
const QUOTA_KEPT: SignedDuration = SignedDuration::from_hours(48);

impl Stored for UploadQuota {
    const KIND: &'static str = "upload_quota";

    fn key(&self) -> Key {
        Key::UploadQuota(self.person)
    }

    fn expires(&self) -> Option<i64> {
        Some((machine_now() + QUOTA_KEPT).as_second())
    }
}

/// What bytes are to belong to, as it stands before anyone sends them.
///
/// Only whoever is to send them stands in a relation to it.
#[derive(Debug, Clone)]
pub enum Destination {
    /// A version of a student's work.
    Submission(Box<Item<Submission>>),
    /// Evidence of a student's earlier learning.
    Claim(Box<Item<Enrollment>>),
    /// The recording of a defense.
    Recording(Box<Item<Defense>>),
    /// What a defense's juror asked its student for.
    Condition(Box<Item<Defense>>),
}

impl Subject for Destination {
    fn relations(&self, person: PersonId, now: Timestamp) -> Vec<Relation> {
        let (mut relations, sender) = match self {
            Self::Submission(submission) => (submission.relations(person, now), Relation::Owner),
            Self::Claim(enrollment) => (enrollment.relations(person, now), Relation::Owner),
            Self::Recording(defense) => (defense.relations(person, now), Relation::AssignedJuror),
            Self::Condition(defense) => (defense.relations(person, now), Relation::Owner),
        };
        relations.retain(|relation| *relation == sender);
        relations
    }
}

/// Why an upload was not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UploadRefusal {
    /// It was changed at the same moment.
    Changed,
}

impl Store {
    /// The bucket for what is uploaded with a purpose.
    pub const fn bucket(&self, purpose: Purpose) -> &Bucket {
        match purpose {
            Purpose::Submission => &self.submissions,
            Purpose::Recording | Purpose::Evidence => &self.evidence,
        }
    }

    /// What an upload is to belong to.
    pub async fn destination(
        &self,
        purpose: Purpose,
        subject: UploadSubject,
    ) -> Result<Option<Loaded<Destination>>, StoreError> {
        let found = match subject {
            UploadSubject::Submission(id) => {
                self.get(&Key::Submission(id)).await?.map(Box::new).map(Destination::Submission)
            }
            UploadSubject::Enrollment(id) => {
                self.get(&Key::Enrollment(id)).await?.map(Box::new).map(Destination::Claim)
            }
            UploadSubject::Defense(id) if purpose == Purpose::Recording => {
                self.get(&Key::Defense(id)).await?.map(Box::new).map(Destination::Recording)
            }
            UploadSubject::Defense(id) => {
                self.get(&Key::Defense(id)).await?.map(Box::new).map(Destination::Condition)
            }
            UploadSubject::Session(_) => None,
        };
        Ok(found.map(|found| self.loaded(found)))
    }

    /// An upload.
    pub async fn upload(&self, id: UploadId) -> Result<Option<Loaded<Item<Upload>>>, StoreError> {
        Ok(self.upload_for_job(id).await?.map(|upload| self.loaded(upload)))
    }

    /// An upload, for the system's own jobs and for whoever holds a capability for it.
    pub async fn upload_for_job(&self, id: UploadId) -> Result<Option<Item<Upload>>, StoreError> {
        self.get(&Key::Upload(id)).await
    }

    /// What somebody began to send within the last day.
    pub async fn upload_quota(&self, person: PersonId) -> Result<Item<UploadQuota>, StoreError> {
        let quota = self.get(&Key::UploadQuota(person)).await?;
        Ok(quota.unwrap_or(Item::new(UploadQuota::unused(person))))
    }

    /// Keeps a new upload, and looks at it again when its time is over.
    pub fn open_upload(&self, upload: &Upload, expires_at: Timestamp) -> Transaction<'_, UploadRefusal> {
        self.transaction()
            .create(upload, UploadRefusal::Changed)
            .enqueue(&Job::AbandonUpload { upload: upload.id }, expires_at)
    }

    /// Keeps what became of an upload. A defense whose recording it is hears of its end.
    pub fn keep_upload(&self, upload: &Item<Upload>, now: Timestamp) -> Transaction<'_, UploadRefusal> {
        let transaction = self.transaction().save(upload, UploadRefusal::Changed);
        let Upload { purpose: Purpose::Recording, subject: UploadSubject::Defense(defense), state, .. } =
            &upload.value
        else {
            return transaction;
        };
        match state {
            UploadState::Open { .. } | UploadState::Arrived { .. } => transaction,
            UploadState::Verified { .. } | UploadState::Refused { .. } | UploadState::Abandoned { .. } => {
                transaction.enqueue(&Job::VerifyRecording { defense: *defense }, now)
            }
        }
    }
}

impl Transaction<'_, UploadRefusal> {
    /// Keeps that an upload was announced as a defense's recording, and looks every day at what becomes of it.
    pub fn announces(self, defense: &Item<Defense>, now: Timestamp) -> Self {
        let look = Job::ReconcileRecordings { defense: defense.value.id() };
        self.save(defense, UploadRefusal::Changed).enqueue(&look, now + RECONCILED_EVERY)
    }
}

impl<R> Transaction<'_, R> {
    /// Has the bytes of an upload read and confirmed.
    pub fn verify(self, upload: UploadId, now: Timestamp) -> Self {
        self.enqueue(&Job::VerifyUpload { upload }, now)
    }

    /// Has whatever bytes an upload left behind removed, at the latest when its time is over.
    pub fn sweep(self, upload: UploadId, now: Timestamp) -> Self {
        self.enqueue(&Job::AbandonUpload { upload }, now)
    }
}
