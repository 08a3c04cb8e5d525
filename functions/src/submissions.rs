//! Submissions: a draft, handed in once, judged once.

mod views; // submissions as they are shown

use axum::http::header;
use domain::assessment::{Assessment, AssessmentError, CriterionVerdict, Decision};
use domain::attempt::{Attempt, AttemptError, OpenDraft};
use domain::enrollment::{Enrollment, NotStudying};
use domain::id::{CriterionId, EnrollmentId, ProjectId, SubmissionId};
use domain::submission::{
    DELIVERABLES_MAX, SealError, Stage, Submission, SubmissionError, Work, check_place,
};
use domain::upload::UploadKey;
use serde::Deserialize;
use storage::submission::{Review, SubmissionRefusal};
use storage::{Item, Key, Stored};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use views::SubmissionView;

use crate::App;
use crate::body::Json;
use crate::call::{Call, KeyedCall};
use crate::page::{self, List};
use crate::params::{At, Params};
use crate::permissions;
use crate::problem::{Code, Problem};
use crate::reply::Reply;
use crate::schema::Refusals;

/// The routes of this topic.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(open_submission))
        .routes(routes!(seal_submission))
        .routes(routes!(list_submissions))
        .routes(routes!(get_submission))
        .routes(routes!(assess_submission))
}

/// How often a call that another one overtook looks again.
const TRIES_MAX: u32 = 4;

/// Nothing to tell.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OpenBody {}

/// Opens the next version of the work on a project, or the draft that is open already.
#[utoipa::path(post, path = "/v1/enrollments/{id}/projects/{project}/submissions", tag = "submissions",
    params(("id" = String, Path), ("project" = String, Path)), request_body = OpenBody,
    responses((status = 201, description = "A new draft", body = SubmissionView),
        (status = 200, description = "The open draft", body = SubmissionView), Refusals))]
async fn open_submission(
    call: Call,
    At((id, project)): At<(EnrollmentId, ProjectId)>,
    Json(OpenBody {}): Json<OpenBody>,
) -> Result<Reply, Problem> {
    for _ in 0..TRIES_MAX {
        match open(&call, id, &project).await {
            // Another tab opened it: then it is there.
            Err(problem) if problem.code == Code::Changed => {}
            opened => return opened,
        }
    }
    Err(Problem::changed())
}

async fn open(call: &Call, id: EnrollmentId, project: &ProjectId) -> Result<Reply, Problem> {
    let found = call.store().progress(id).await?.ok_or_else(Problem::not_found)?;
    let progress = call.permit(&permissions::OPEN_SUBMISSION, found).await?;
    let enrollment = &progress.enrollment.value;
    let attempt = progress.attempt(project).ok_or_else(Problem::not_found)?.clone();
    check_place(enrollment, call.now)?;
    let (attempt, draft) = match attempt.value.clone().open_draft(enrollment.student, call.now)? {
        OpenDraft::Existing(id) => {
            let found = call.store().submission(id).await?.ok_or_else(Problem::not_found)?;
            let draft = call.permit(&permissions::OPEN_SUBMISSION, found).await?;
            return Ok(Reply::ok(&SubmissionView::of(&draft.value))?.at(draft.revision));
        }
        OpenDraft::New { attempt: counted, submission } => (attempt.with(counted), submission),
    };
    let location = format!("/v1/submissions/{}", draft.id);
    let reply = Reply::created(location, &SubmissionView::of(&draft))?.at(1);
    let transaction = call.store().open_draft(&draft, &attempt, call.now);
    call.commit(transaction, reply).await
}

/// What is handed in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SealBody {
    /// At least one file.
    deliverables: Vec<DeliverableBody>,
    /// Where the work can be seen running.
    #[serde(default)]
    links: Vec<String>,
}

/// A file that was uploaded for this version or an earlier one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DeliverableBody {
    /// What the mentor reads.
    #[schema(example = "The site")]
    name: String,
    /// The key of its upload.
    #[schema(value_type = String, example = "submissions/upl_0190b5c2f5a97c1e8e2a6f3d4b5c6d7e")]
    key: UploadKey,
}

/// Hands the draft in, once.
#[utoipa::path(post, path = "/v1/submissions/{id}/seal", tag = "submissions", request_body = SealBody,
    params(("id" = String, Path)),
    responses((status = 201, description = "The sealed submission", body = SubmissionView), Refusals))]
async fn seal_submission(
    KeyedCall(call): KeyedCall,
    At(id): At<SubmissionId>,
    Json(body): Json<SealBody>,
) -> Result<Reply, Problem> {
    let Review { shown, attempt } = review(&call, id, &permissions::SEAL_SUBMISSION).await?;
    let enrollment = shown.enrollment.value;
    check_place(&enrollment, call.now)?;
    shown.submission.value.check_draft()?;
    let attempt = attempt.try_map(|attempt| attempt.seal(id, call.now))?;
    let work = work(&call, body).await?;
    let mentor = enrollment.mentor_on(enrollment.date_at(call.now));
    let submission = shown.submission.try_map(|draft| draft.seal(work, mentor, call.now))?;
    call.expect(&submission)?;
    let view = SubmissionView::of(&submission.value);
    let reply = Reply::created(format!("/v1/submissions/{id}"), &view)?.at(submission.revision + 1);
    let by = call.person()?.to_string();
    let transaction = call.store().keep_sealed(&submission, &attempt, call.now);
    call.commit(transaction.audit(&submission.value.key(), "seal_submission", &by, call.now), reply).await
}

/// The files that a body names, as they were uploaded.
async fn work(call: &Call, body: SealBody) -> Result<Work, Problem> {
    let SealBody { deliverables, links } = body;
    if deliverables.len() > DELIVERABLES_MAX {
        return Err(SealError::TooManyFiles { count: deliverables.len() }.into());
    }
    let uploads = call.store().uploads(deliverables.iter().map(|named| named.key.upload)).await?;
    let files = deliverables.into_iter().map(|DeliverableBody { name, key }| {
        match uploads.get(&key.upload).filter(|upload| upload.key() == key) {
            Some(upload) => Ok((name, upload.clone())),
            None => Err(SealError::ForeignUpload { name }),
        }
    });
    Ok(Work { files: files.collect::<Result<_, _>>()?, links })
}

/// Which submissions, and where to read on.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct SubmissionsWanted {
    /// Only those in this state, such as `sealed`.
    #[param(value_type = Option<String>)]
    state: Option<Stage>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Lists one's own submissions and those one is to judge, newest first.
#[utoipa::path(get, path = "/v1/submissions", tag = "submissions", params(SubmissionsWanted),
    responses((status = 200, description = "A page of them", body = List<SubmissionView>), Refusals))]
async fn list_submissions(call: Call, Params(wanted): Params<SubmissionsWanted>) -> Result<Reply, Problem> {
    let person = call.person()?;
    let after = page::after(wanted.cursor.as_deref())?;
    if after.as_deref().is_some_and(|key| !is_link(&person.to_string(), key)) {
        return Err(Problem::new(Code::InvalidCursor, "Give the next_cursor of this list, unchanged."));
    }
    let (shown, next) =
        call.store().submissions_of(person, call.now, after.as_deref(), page::ITEMS_MAX).await?;
    let fits = |submission: &Submission| wanted.state.is_none_or(|state| state == submission.stage());
    let mut items = Vec::new();
    for shown in shown.iter().filter(|shown| fits(&shown.submission.value)) {
        items.push(SubmissionView::of(&shown.submission.value).with_urls(&call).await?);
    }
    Reply::ok(&List::page(items, next))
}

fn is_link(person: &str, key: &str) -> bool {
    matches!(Key::parse(person, key), Ok(Key::PersonSubmission(..)))
}

/// Shows a submission, its files as URLs for a while, and its judgment.
#[utoipa::path(get, path = "/v1/submissions/{id}", tag = "submissions", params(("id" = String, Path)),
    responses((status = 200, description = "The submission", body = SubmissionView), Refusals))]
async fn get_submission(call: Call, At(id): At<SubmissionId>) -> Result<Reply, Problem> {
    let found = call.store().shown_submission(id).await?.ok_or_else(Problem::not_found)?;
    let shown = call.permit(&permissions::GET_SUBMISSION, found).await?;
    let Item { value: submission, revision } = &shown.submission;
    let view = SubmissionView::of(submission).with_urls(&call).await?;
    let judged = matches!(submission.stage(), Stage::Accepted | Stage::ChangesRequested);
    // Its juror judges without knowing what the mentor said; the defense shows it once their verdict is sealed.
    let blind = submission.juror == Some(call.person()?);
    let assessment = if judged && !blind { call.store().assessment(id).await? } else { None };
    Ok(Reply::ok(&view.judged(assessment.as_ref()))?.at(*revision))
}

/// The mentor's judgment.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AssessmentBody {
    /// `accepted` or `changes_requested`.
    #[schema(value_type = String, example = "accepted")]
    decision: Decision,
    /// One for each criterion of the project.
    #[schema(value_type = Vec<views::CriterionVerdictSchema>)]
    verdicts: Vec<CriterionVerdict>,
}

/// Judges what was handed in, once.
#[utoipa::path(post, path = "/v1/submissions/{id}/assessment", tag = "submissions",
    request_body = AssessmentBody, params(("id" = String, Path)),
    responses((status = 201, description = "The submission with its judgment", body = SubmissionView), Refusals))]
async fn assess_submission(
    call: Call,
    At(id): At<SubmissionId>,
    Json(body): Json<AssessmentBody>,
) -> Result<Reply, Problem> {
    let AssessmentBody { decision, verdicts } = body;
    let Review { shown, attempt } = review(&call, id, &permissions::ASSESS_SUBMISSION).await?;
    check_place(&shown.enrollment.value, call.now)?;
    let attempt = attempt.try_map(|attempt| attempt.assess(id, decision))?;
    let criteria = criteria(&call, &shown.enrollment.value, &attempt.value).await?;
    let assessment = Assessment::new(id, call.person()?, decision, verdicts, &criteria, call.now)?;
    let submission = shown.submission.try_map(|submission| submission.assess(&assessment))?;
    call.expect(&submission)?;
    let view = SubmissionView::of(&submission.value).judged(Some(&assessment));
    let reply = Reply::created(format!("/v1/submissions/{id}"), &view)?.at(submission.revision + 1);
    let by = call.person()?.to_string();
    let transaction = call.store().keep_assessed(&assessment, &submission, &attempt);
    call.commit(transaction.audit(&submission.value.key(), "assess_submission", &by, call.now), reply).await
}

/// A submission with its attempt, for whoever may act on it.
async fn review(
    call: &Call,
    id: SubmissionId,
    action: &domain::permission::Action,
) -> Result<Review, Problem> {
    let found = call.store().review(id).await?.ok_or_else(Problem::not_found)?;
    Ok(call.permit(action, found).await?.into_inner())
}

/// What the mentor looks for in a project, in the edition's version that the student enrolled on.
async fn criteria(
    call: &Call,
    enrollment: &Enrollment,
    attempt: &Attempt,
) -> Result<Vec<CriterionId>, Problem> {
    let edition = call.app.catalog.version(call, &enrollment.edition, enrollment.version).await?;
    let project = edition.projects.iter().find(|project| project.id == attempt.project);
    let project = project.ok_or_else(|| {
        Problem::new(Code::Internal, "The edition does not know this project. We have been told.")
    })?;
    Ok(project.criteria.iter().map(|criterion| criterion.id.clone()).collect())
}

impl From<SealError> for Problem {
    fn from(error: SealError) -> Self {
        let detail = format!("{error}.");
        match error {
            SealError::AlreadySubmitted { .. } => Self::new(Code::AlreadySubmitted, detail),
            SealError::UploadIncomplete { .. } => {
                Self::new(Code::UploadIncomplete, detail).header(header::RETRY_AFTER, "1")
            }
            SealError::Empty
            | SealError::TooManyFiles { .. }
            | SealError::DuplicateName { .. }
            | SealError::ForeignUpload { .. }
            | SealError::UploadRefused { .. } => Self::field("/deliverables", detail),
            SealError::InvalidName { index } => Self::field(format!("/deliverables/{index}/name"), detail),
            SealError::TooManyLinks { .. } => Self::field("/links", detail),
            SealError::InvalidLink { index } => Self::field(format!("/links/{index}"), detail),
        }
    }
}

impl From<AttemptError> for Problem {
    fn from(error: AttemptError) -> Self {
        let code = match error {
            AttemptError::AlreadySubmitted { .. } => Code::AlreadySubmitted,
            AttemptError::AlreadyDecided { .. } => Code::AlreadyDecided,
            AttemptError::NotWhile { .. }
            | AttemptError::HandedIn { .. }
            | AttemptError::Defended
            | AttemptError::OtherSubmission
            | AttemptError::TooManyVersions
            | AttemptError::DefenseOpen { .. }
            | AttemptError::OtherDefense => Code::WrongState,
        };
        Self::new(code, format!("{error}."))
    }
}

impl From<SubmissionError> for Problem {
    fn from(error: SubmissionError) -> Self {
        let code = match error {
            SubmissionError::AlreadyDecided => Code::AlreadyDecided,
            SubmissionError::NotSealed | SubmissionError::OtherSubmission => Code::WrongState,
        };
        Self::new(code, format!("{error}."))
    }
}

impl From<AssessmentError> for Problem {
    fn from(error: AssessmentError) -> Self {
        Self::field("/verdicts", format!("{error}."))
    }
}

impl From<NotStudying> for Problem {
    fn from(error: NotStudying) -> Self {
        Self::new(Code::WrongState, format!("{error}."))
    }
}

impl From<SubmissionRefusal> for Problem {
    fn from(refusal: SubmissionRefusal) -> Self {
        match refusal {
            SubmissionRefusal::Changed => Self::changed(),
            SubmissionRefusal::AlreadySubmitted => {
                Self::new(Code::AlreadySubmitted, "This version was handed in at the same moment.")
            }
            SubmissionRefusal::AlreadyDecided => {
                Self::new(Code::AlreadyDecided, "This version was judged at the same moment.")
            }
        }
    }
}
