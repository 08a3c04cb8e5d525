//! A claim as it is shown.

use domain::claim::{ClaimState, ClaimedSkill, DecisionMade, Evidence, PriorLearningClaim};
use domain::digest::Sha256Hex;
use domain::id::{ClaimId, DegreeId, EnrollmentId, PersonId, SkillId, UploadId};
use domain::upload::{FileName, Purpose, UploadKey};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::call::Call;
use crate::problem::Problem;

/// A claim of earlier learning.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClaimView {
    /// Its id.
    #[schema(value_type = String, example = "clm_0190b5c2f5a97c1e8e2a6f3d4b5c6d7e")]
    id: ClaimId,
    /// `submitted`, `in_review`, `recognized` or `refused`.
    #[schema(example = "submitted")]
    state: &'static str,
    /// Which of the enrollment's claims it is, from 1.
    number: u32,
    /// The student's place.
    #[schema(value_type = String)]
    enrollment: EnrollmentId,
    /// The degree it leads to.
    #[schema(value_type = String)]
    degree: DegreeId,
    /// Who claims.
    #[schema(value_type = String)]
    student: PersonId,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    submitted_at: Timestamp,
    /// What is claimed.
    skills: Vec<ClaimedView>,
    /// Who looks at it, or decided it.
    #[schema(value_type = Option<String>)]
    assessor: Option<PersonId>,
    /// When it was decided.
    #[schema(value_type = Option<String>, format = DateTime)]
    decided_at: Option<Timestamp>,
    /// The skills that need no proof any more.
    #[schema(value_type = Vec<String>)]
    recognized: Vec<SkillId>,
    /// Those that are still to be shown, and why.
    refused: Vec<RefusedView>,
}

/// A claimed skill with its evidence.
#[derive(Debug, Serialize, ToSchema)]
struct ClaimedView {
    /// Which.
    #[schema(value_type = String)]
    skill: SkillId,
    /// What proves it.
    evidence: Vec<EvidenceView>,
}

/// A file, or an address.
#[derive(Debug, Serialize, ToSchema)]
struct EvidenceView {
    /// What brought the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    upload: Option<UploadId>,
    /// What it was called.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    filename: Option<FileName>,
    /// Of its bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    sha256: Option<Sha256Hex>,
    /// The address as given, or, for a while, where the file is answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// When the file's address ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

/// A skill that was not recognized.
#[derive(Debug, Serialize, ToSchema)]
struct RefusedView {
    /// Which.
    #[schema(value_type = String)]
    skill: SkillId,
    /// What the student should know about it.
    reason: String,
}

impl ClaimView {
    /// A claim without URLs of its files: what an answer that is kept may say.
    pub fn of(claim: &PriorLearningClaim) -> Self {
        let decision = claim.decision();
        let assessor = match claim.state() {
            ClaimState::InReview { by, .. } => Some(*by),
            _ => decision.map(|decision| decision.by),
        };
        let refused = |decision: &DecisionMade| {
            let refused = decision.refused.iter().cloned();
            refused.map(|it| RefusedView { skill: it.skill, reason: it.reason }).collect()
        };
        Self {
            id: claim.id,
            state: claim.state().word(),
            number: claim.number,
            enrollment: claim.enrollment,
            degree: claim.degree.clone(),
            student: claim.student,
            submitted_at: claim.submitted_at,
            skills: claim.skills.iter().map(ClaimedView::of).collect(),
            assessor,
            decided_at: decision.map(|decision| decision.at),
            recognized: decision.map(|it| it.recognized.iter().cloned().collect()).unwrap_or_default(),
            refused: decision.map(refused).unwrap_or_default(),
        }
    }

    /// With URLs of its files.
    pub async fn with_urls(mut self, call: &Call) -> Result<Self, Problem> {
        for piece in self.skills.iter_mut().flat_map(|claimed| &mut claimed.evidence) {
            let (Some(upload), Some(name)) = (piece.upload, &piece.filename) else { continue };
            let key = UploadKey { purpose: Purpose::Evidence, upload };
            let link = call.file_link(key.purpose, &key.to_string(), name.as_str()).await?;
            (piece.url, piece.expires_at) = (Some(link.url), Some(link.expires_at));
        }
        Ok(self)
    }
}

impl ClaimedView {
    fn of(claimed: &ClaimedSkill) -> Self {
        Self {
            skill: claimed.skill.clone(),
            evidence: claimed.evidence.iter().map(EvidenceView::of).collect(),
        }
    }
}

impl EvidenceView {
    fn of(evidence: &Evidence) -> Self {
        let nothing = Self { upload: None, filename: None, sha256: None, url: None, expires_at: None };
        match evidence.clone() {
            Evidence::Upload { upload, filename, sha256 } => {
                Self { upload: Some(upload), filename: Some(filename), sha256: Some(sha256), ..nothing }
            }
            Evidence::Url { url } => Self { url: Some(url), ..nothing },
        }
    }
}
