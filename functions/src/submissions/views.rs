//! Submissions as they are shown.

use domain::assessment::{Assessment, CriterionVerdict, Decision};
use domain::digest::Sha256Hex;
use domain::id::{EnrollmentId, PersonId, ProjectId, SubmissionId};
use domain::submission::{Deliverable, Stage, Submission};
use domain::upload::{Purpose, UploadKey};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::call::Call;
use crate::problem::Problem;

/// A submission.
#[derive(Debug, Serialize, ToSchema)]
pub struct SubmissionView {
    /// Which.
    #[schema(value_type = String)]
    id: SubmissionId,
    /// The student's place.
    #[schema(value_type = String)]
    enrollment: EnrollmentId,
    /// What it is for.
    #[schema(value_type = String)]
    project: ProjectId,
    /// From 1.
    version: u32,
    /// `draft`, `sealed`, `accepted`, `changes_requested` or `superseded`.
    #[schema(value_type = String)]
    state: Stage,
    /// Who mentored the student when it was handed in.
    #[schema(value_type = Option<String>)]
    mentor: Option<PersonId>,
    /// When it was handed in.
    #[schema(value_type = Option<String>, format = DateTime)]
    sealed_at: Option<Timestamp>,
    /// Stands for all that was handed in.
    #[schema(value_type = Option<String>)]
    manifest_sha256: Option<Sha256Hex>,
    /// The files.
    deliverables: Vec<DeliverableView>,
    /// Where the work can be seen running.
    links: Vec<String>,
    /// The mentor's judgment.
    #[serde(skip_serializing_if = "Option::is_none")]
    assessment: Option<AssessmentView>,
}

/// A file that was handed in.
#[derive(Debug, Serialize, ToSchema)]
struct DeliverableView {
    /// As the student named it.
    name: String,
    /// Where its bytes lie.
    #[schema(value_type = String)]
    key: UploadKey,
    /// In bytes.
    size: u64,
    /// Of its bytes.
    #[schema(value_type = String)]
    sha256: Sha256Hex,
    /// Answers the file, for a while.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// When the URL ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

/// A judgment.
#[derive(Debug, Serialize, ToSchema)]
struct AssessmentView {
    /// `accepted` or `changes_requested`.
    #[schema(value_type = String)]
    decision: Decision,
    /// One for each criterion.
    #[schema(value_type = Vec<CriterionVerdictSchema>)]
    verdicts: Vec<CriterionVerdict>,
    /// By whom.
    #[schema(value_type = String)]
    mentor: PersonId,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

/// A verdict on one criterion.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the domain's type to clients")]
pub struct CriterionVerdictSchema {
    /// Which.
    criterion: String,
    /// `acquired` or `not_yet`.
    #[schema(example = "acquired")]
    verdict: String,
    /// What the student should read about it.
    note: Option<String>,
}

impl SubmissionView {
    /// A submission without URLs: what an answer that is kept may say.
    pub fn of(submission: &Submission) -> Self {
        let work = submission.work();
        let files = work.map(|work| work.deliverables.iter().map(DeliverableView::of).collect());
        Self {
            id: submission.id,
            enrollment: submission.enrollment,
            project: submission.project.clone(),
            version: submission.version,
            state: submission.stage(),
            mentor: submission.mentor,
            sealed_at: work.map(|work| work.sealed_at),
            manifest_sha256: work.map(|work| work.manifest_sha256),
            deliverables: files.unwrap_or_default(),
            links: work.map(|work| work.links.clone()).unwrap_or_default(),
            assessment: None,
        }
    }

    /// With URLs of its files.
    pub async fn with_urls(mut self, call: &Call) -> Result<Self, Problem> {
        for file in &mut self.deliverables {
            let link = call.file_link(Purpose::Submission, &file.key.to_string(), &file.name).await?;
            (file.url, file.expires_at) = (Some(link.url), Some(link.expires_at));
        }
        Ok(self)
    }

    /// With its judgment, if there is one.
    pub fn judged(self, assessment: Option<&Assessment>) -> Self {
        let assessment = assessment.map(|assessment| AssessmentView {
            decision: assessment.decision(),
            verdicts: assessment.verdicts().to_vec(),
            mentor: assessment.mentor(),
            at: assessment.at(),
        });
        Self { assessment, ..self }
    }
}

impl DeliverableView {
    fn of(file: &Deliverable) -> Self {
        let Deliverable { name, key, size, sha256, .. } = file.clone();
        Self { name, key, size, sha256, url: None, expires_at: None }
    }
}
