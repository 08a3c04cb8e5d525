//! Claims of earlier learning: each an item of its own, numbered within its enrollment, and written
//! with all that a decision changes.
//!
//! A decision is conditional on the conflict set, on what assessor and student declared, and on the
//! defenses that are not over, so that nobody becomes assessor and juror of one student at once.

use domain::attempt::Attempt;
use domain::claim::{ClaimSettled, Independence, PriorLearningClaim};
use domain::conflict::ConflictSet;
use domain::defense::Defense;
use domain::id::{ClaimId, EnrollmentId, PersonId};
use domain::permission::{Loaded, Relation, Subject};
use domain::person::Scope;
use domain::submission::Submission;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::enrollment::Progress;
use crate::item::{Attributes, Item, Stored, from_attributes};
use crate::key::{Key, Query};
use crate::store::{Order, Store, StoreError};
use crate::transaction::Transaction;

impl Stored for PriorLearningClaim {
    const KIND: &'static str = "claim";

    fn key(&self) -> Key {
        Key::Claim(self.id)
    }
}

/// That a claim is still to be decided: what assessors look after.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OpenClaim {
    submitted_at: Timestamp,
    claim: ClaimId,
}

impl OpenClaim {
    const fn of(claim: &PriorLearningClaim) -> Self {
        Self { submitted_at: claim.submitted_at, claim: claim.id }
    }
}

impl Stored for OpenClaim {
    const KIND: &'static str = "open_claim";

    fn key(&self) -> Key {
        Key::OpenClaim(self.submitted_at, self.claim)
    }
}

/// A student's progress with all claims so far.
#[derive(Debug, Clone)]
pub struct Claims {
    /// The student's enrollment and attempts.
    pub progress: Progress,
    /// In the order they were made.
    pub claims: Vec<Item<PriorLearningClaim>>,
}

/// What somebody learned before is between them and who assesses it: no mentor's and no coach's.
impl Subject for Claims {
    fn relations(&self, person: PersonId, now: Timestamp) -> Vec<Relation> {
        let mut relations = self.progress.relations(person, now);
        relations.retain(|relation| *relation == Relation::Owner);
        relations
    }

    fn scope(&self) -> Scope {
        self.progress.scope()
    }
}

/// A claim with all that its decision rests on.
#[derive(Debug, Clone)]
pub struct Assessing {
    /// The claim.
    pub claim: Item<PriorLearningClaim>,
    /// The student's enrollment, attempts and conflicts.
    pub progress: Progress,
    /// The last defense of each project.
    pub defenses: Vec<Item<Defense>>,
}

impl Assessing {
    /// The defenses, taken out of their items.
    pub fn defenses(&self) -> Vec<Defense> {
        self.defenses.iter().map(|item| item.value.clone()).collect()
    }

    /// What says who may decide, with the defenses taken out of their items.
    pub const fn independence<'a>(&'a self, defenses: &'a [Defense]) -> Independence<'a> {
        Independence { conflicts: &self.progress.conflicts.value, defenses }
    }
}

impl Subject for Assessing {
    fn relations(&self, person: PersonId, now: Timestamp) -> Vec<Relation> {
        self.claim.relations(person, now)
    }

    fn scope(&self) -> Scope {
        self.claim.scope()
    }
}

/// Why a claim was not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimRefusal {
    /// Somebody changed it, the student's progress or a defense at the same moment.
    Changed,
    /// Assessor or student declared a tie to the other.
    AssessorInConflict {
        /// Who may not decide.
        assessor: PersonId,
    },
}

impl Store {
    /// A claim alone.
    pub async fn submitted_claim(
        &self,
        id: ClaimId,
    ) -> Result<Option<Loaded<Item<PriorLearningClaim>>>, StoreError> {
        let item: Option<Item<PriorLearningClaim>> = self.get(&Key::Claim(id)).await?;
        Ok(item.map(|item| self.loaded(item)))
    }

    /// A student's progress with all claims so far.
    pub async fn claims(&self, enrollment: EnrollmentId) -> Result<Option<Loaded<Claims>>, StoreError> {
        let Some(progress) = self.progress_for_job(enrollment).await? else { return Ok(None) };
        let key = |number| Key::Claim(PriorLearningClaim::id_of(enrollment, number));
        let claims = self.numbered(key).await?;
        Ok(Some(self.loaded(Claims { progress, claims })))
    }

    /// A claim with all that its decision rests on.
    pub async fn assessing(&self, id: ClaimId) -> Result<Option<Loaded<Assessing>>, StoreError> {
        let key = Key::Claim(id);
        let Some(claim) = self.get::<PriorLearningClaim>(&key).await? else { return Ok(None) };
        let Some(progress) = self.progress_for_job(claim.value.enrollment).await? else { return Ok(None) };
        let defenses = progress.attempts.iter().filter_map(|attempt| attempt.value.defense);
        let defenses = self.get_many(&Vec::from_iter(defenses.map(Key::Defense))).await?;
        // Read last: a decision that the progress shows is one that the claim shows too.
        let Some(claim) = self.get(&key).await? else { return Ok(None) };
        Ok(Some(self.loaded(Assessing { claim, progress, defenses })))
    }

    /// A page of the school's claims that are to be decided, oldest first, and where the next one begins.
    pub async fn open_claims(
        &self,
        after: Option<&str>,
        items_max: u16,
    ) -> Result<(Vec<Loaded<Item<PriorLearningClaim>>>, Option<String>), StoreError> {
        let page = self.page(&Query::OpenClaims, Order::Ascending, after, items_max).await?;
        let key = |item: Attributes| Ok(Key::Claim(from_attributes::<OpenClaim>(item)?.value.claim));
        let keys: Vec<Key> = page.items.into_iter().map(key).collect::<Result<_, StoreError>>()?;
        let claims = self.get_many(&keys).await?.into_iter().map(|claim| self.loaded(claim));
        Ok((claims.collect(), page.next))
    }

    /// Keeps a new claim, if nothing that it was taken for has changed.
    pub fn open_claim(
        &self,
        claim: &PriorLearningClaim,
        progress: &Progress,
    ) -> Transaction<'_, ClaimRefusal> {
        let changed = ClaimRefusal::Changed;
        let transaction = self.transaction().create(claim, changed).require(&progress.enrollment, changed);
        let attempts = progress.attempts.iter();
        attempts
            .fold(transaction, |transaction, attempt| transaction.require(attempt, changed))
            .set(&OpenClaim::of(claim))
    }

    /// Keeps who looks at a claim.
    pub fn keep_review(
        &self,
        assessing: &Assessing,
        reviewed: &PriorLearningClaim,
        assessor: PersonId,
    ) -> Transaction<'_, ClaimRefusal> {
        let claim = assessing.claim.clone().with(reviewed.clone());
        let transaction = self.transaction().save(&claim, ClaimRefusal::Changed);
        transaction.decided_by(assessor, assessing, None)
    }

    /// Keeps a decision with all that it settles. `superseded` is the work that it settles.
    pub fn keep_decision(
        &self,
        assessing: &Assessing,
        settled: &ClaimSettled,
        superseded: &[Item<Submission>],
        assessor: PersonId,
    ) -> Transaction<'_, ClaimRefusal> {
        let changed = ClaimRefusal::Changed;
        let claim = assessing.claim.clone().with(settled.claim.clone());
        let transaction = self.transaction().save(&claim, changed).unset(&OpenClaim::of(&claim.value).key());
        let transaction = transaction.decided_by(assessor, assessing, settled.conflicts.as_ref());
        let transaction = transaction.shortened(&assessing.progress, settled);
        let transaction = superseded.iter().fold(transaction, |it, submission| it.save(submission, changed));
        settled.jobs.iter().fold(transaction, |transaction, (job, due_at)| transaction.enqueue(job, *due_at))
    }
}

impl Transaction<'_, ClaimRefusal> {
    /// The guards on who decides: the conflict set as it was read, with what the decision adds to it;
    /// the defenses that are not over; and no declared tie.
    fn decided_by(self, assessor: PersonId, assessing: &Assessing, added: Option<&ConflictSet>) -> Self {
        let changed = ClaimRefusal::Changed;
        let conflicts = &assessing.progress.conflicts;
        let transaction = match added {
            Some(added) => self.save(&conflicts.clone().with(added.clone()), changed),
            None => self.require(conflicts, changed),
        };
        let open = assessing.defenses.iter().filter(|defense| defense.value.state().is_open());
        let transaction =
            open.fold(transaction, |transaction, defense| transaction.require(defense, changed));
        let student = assessing.claim.value.student;
        transaction.require_no_declared_tie(assessor, student, ClaimRefusal::AssessorInConflict { assessor })
    }

    /// The enrollment and the attempts as the decision leaves them. It rests on those that it leaves as
    /// they are, too: a defense that is asked for at the same moment changes one.
    fn shortened(mut self, progress: &Progress, settled: &ClaimSettled) -> Self {
        let changed = ClaimRefusal::Changed;
        if let Some(enrollment) = &settled.enrollment {
            self = self.save(&progress.enrollment.clone().with(enrollment.clone()), changed);
        }
        for item in &progress.attempts {
            let became = settled.attempts.iter().find(|attempt| attempt.project == item.value.project);
            self = match became {
                Some(became) => self.save::<Attempt>(&item.clone().with(became.clone()), changed),
                None => self.require(item, changed),
            };
        }
        self
    }
}
