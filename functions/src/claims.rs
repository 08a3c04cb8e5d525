//! Claims of earlier learning: made by the student, decided by an assessor.

mod refusals; // why not
mod view; // a claim as it is shown

use axum::http::StatusCode;
use domain::claim::{
    ClaimRequest, ClaimState, Decision, PriorLearningClaim, RefusedSkill, SentEvidence, Standing,
};
use domain::id::{ClaimId, EnrollmentId, SkillId, UploadId};
use domain::permission::permit;
use domain::submission::Submission;
use serde::Deserialize;
use storage::claim::{Assessing, Claims};
use storage::key::Query;
use storage::transaction::read_again;
use storage::{Item, Key, Stored};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use view::ClaimView;

use crate::App;
use crate::body::Json;
use crate::call::Call;
use crate::page::{ITEMS_MAX, List, after_in};
use crate::params::{At, Params};
use crate::permissions;
use crate::problem::Problem;
use crate::reply::Reply;
use crate::schema::Refusals;

/// Reads of the list for one page that shows only some of it, before the rest is left to the next page.
const PAGE_READS_MAX: usize = 10;

/// The routes of this topic.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(submit_claim, list_enrollment_claims))
        .routes(routes!(list_claims))
        .routes(routes!(get_claim))
        .routes(routes!(review_claim))
        .routes(routes!(decide_claim))
}

/// Skills that are known already.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ClaimBody {
    /// Each once.
    skills: Vec<ClaimedBody>,
}

/// A skill, and what proves it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ClaimedBody {
    /// A skill of the edition.
    #[schema(value_type = String, example = "html")]
    skill: SkillId,
    /// At least one piece.
    #[serde(default)]
    evidence: Vec<EvidenceBody>,
}

/// A file that was uploaded as evidence for the enrollment, or an https address: one of the two.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EvidenceBody {
    /// A verified upload.
    #[schema(value_type = Option<String>)]
    upload: Option<UploadId>,
    /// Where it can be seen.
    #[schema(example = "https://example.org/portfolio")]
    url: Option<String>,
}

impl ClaimBody {
    fn request(self) -> Result<ClaimRequest, Problem> {
        let claimed = |(index, claimed): (usize, ClaimedBody)| {
            let evidence = claimed.evidence.into_iter().enumerate();
            let sent = evidence.map(|(at, piece)| piece.sent(|| format!("/skills/{index}/evidence/{at}")));
            Ok((claimed.skill, sent.collect::<Result<_, Problem>>()?))
        };
        let skills = self.skills.into_iter().enumerate().map(claimed);
        Ok(ClaimRequest { skills: skills.collect::<Result<_, Problem>>()? })
    }
}

impl EvidenceBody {
    fn sent(self, pointer: impl FnOnce() -> String) -> Result<SentEvidence, Problem> {
        match (self.upload, self.url) {
            (Some(upload), None) => Ok(SentEvidence::Upload(upload)),
            (None, Some(url)) => Ok(SentEvidence::Url(url)),
            _ => Err(Problem::field(pointer(), "Give an upload or an url, one of the two.")),
        }
    }
}

/// Claims skills from earlier learning, each with its evidence. A claim may be made from the quote on,
/// for skills of projects on which nothing was handed in.
#[utoipa::path(post, path = "/v1/enrollments/{id}/claims", tag = "claims", params(("id" = String, Path)),
    request_body = ClaimBody,
    responses((status = 201, description = "The claim", body = ClaimView), Refusals))]
async fn submit_claim(
    call: Call,
    At(id): At<EnrollmentId>,
    Json(body): Json<ClaimBody>,
) -> Result<Reply, Problem> {
    let request = body.request()?;
    read_again(Problem::was_changed, || submit(&call, id, &request)).await
}

async fn submit(call: &Call, id: EnrollmentId, request: &ClaimRequest) -> Result<Reply, Problem> {
    call.person()?;
    let loaded = call.store().claims(id).await?.ok_or_else(Problem::not_found)?;
    let Claims { progress, claims } = call.permit(&permissions::SUBMIT_CLAIM, loaded).await?.into_inner();
    let enrollment = &progress.enrollment.value;
    let edition = call.app.catalog.version(call, &enrollment.edition, enrollment.version).await?;
    // What no upload could make right is refused before any is read.
    request.check(&edition)?;
    let uploads = call.store().uploads(request.uploads()).await?;
    let (attempts, earlier) = (progress.attempts(), Vec::from_iter(claims.into_iter().map(|it| it.value)));
    let standing = Standing { prospectus: &edition, enrollment, attempts: &attempts };
    let claim = PriorLearningClaim::submit(request, &uploads, standing, &earlier, call.now)?;
    let location = format!("/v1/claims/{}", claim.id);
    let reply = Reply::created(location, &ClaimView::of(&claim))?.at(1);
    let by = call.person()?.to_string();
    let transaction = call.store().open_claim(&claim, &progress);
    call.commit(transaction.audit(&claim.key(), permissions::SUBMIT_CLAIM.name, &by, call.now), reply).await
}

/// Lists the claims of an enrollment in the order they were made.
#[utoipa::path(get, path = "/v1/enrollments/{id}/claims", tag = "claims", params(("id" = String, Path)),
    responses((status = 200, description = "The claims", body = List<ClaimView>), Refusals))]
async fn list_enrollment_claims(call: Call, At(id): At<EnrollmentId>) -> Result<Reply, Problem> {
    call.person()?;
    let loaded = call.store().claims(id).await?.ok_or_else(Problem::not_found)?;
    let found = call.permit(&permissions::LIST_ENROLLMENT_CLAIMS, loaded).await?;
    Reply::ok(&List::whole(found.claims.iter().map(|item| ClaimView::of(&item.value)).collect()))
}

/// Which claims are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct ListParams {
    /// Only those in this state: `submitted` or `in_review`.
    #[param(value_type = Option<String>)]
    state: Option<OpenState>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// How far a claim is that is to be decided.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OpenState {
    Submitted,
    InReview,
}

impl OpenState {
    const fn fits(self, state: &ClaimState) -> bool {
        match self {
            Self::Submitted => matches!(state, ClaimState::Submitted),
            Self::InReview => matches!(state, ClaimState::InReview { .. }),
        }
    }
}

/// Lists the claims that are to be decided, oldest first: those of the degrees that one's roles reach.
#[utoipa::path(get, path = "/v1/claims", tag = "claims", params(ListParams),
    responses((status = 200, description = "A page of claims", body = List<ClaimView>), Refusals))]
async fn list_claims(call: Call, Params(params): Params<ListParams>) -> Result<Reply, Problem> {
    let reader = call.reader(&permissions::LIST_CLAIMS).await?;
    let may_read = |loaded| permit(&reader, &permissions::LIST_CLAIMS, loaded, call.now).ok();
    let wanted = |claim: &PriorLearningClaim| params.state.is_none_or(|state| state.fits(claim.state()));
    let mut after = after_in(&Query::OpenClaims, params.cursor.as_deref())?;
    let mut items = Vec::new();
    for _ in 0..PAGE_READS_MAX {
        let (page, next) = call.store().open_claims(after.as_deref(), ITEMS_MAX).await?;
        let claims = page.into_iter().filter_map(may_read).filter(|claim| wanted(&claim.value));
        items.extend(claims.map(|claim| ClaimView::of(&claim.value)));
        after = next;
        if after.is_none() || items.len() >= usize::from(ITEMS_MAX) {
            break;
        }
    }
    Reply::ok(&List::page(items, after))
}

/// Reads a claim, its files as URLs for a while.
#[utoipa::path(get, path = "/v1/claims/{id}", tag = "claims", params(("id" = String, Path)),
    responses((status = 200, description = "The claim", body = ClaimView), Refusals))]
async fn get_claim(call: Call, At(id): At<ClaimId>) -> Result<Reply, Problem> {
    call.person()?;
    let loaded = call.store().submitted_claim(id).await?.ok_or_else(Problem::not_found)?;
    let claim = call.permit(&permissions::GET_CLAIM, loaded).await?;
    let view = ClaimView::of(&claim.value).with_urls(&call).await?;
    Ok(Reply::ok(&view)?.at(claim.revision))
}

/// Says that one looks at a claim; another assessor may take it over until it is decided.
#[utoipa::path(post, path = "/v1/claims/{id}/review", tag = "claims", params(("id" = String, Path)),
    responses((status = 200, description = "The claim", body = ClaimView), Refusals))]
async fn review_claim(call: Call, At(id): At<ClaimId>) -> Result<Reply, Problem> {
    read_again(Problem::was_changed, || review(&call, id)).await
}

async fn review(call: &Call, id: ClaimId) -> Result<Reply, Problem> {
    let me = call.person()?;
    let loaded = call.store().assessing(id).await?.ok_or_else(Problem::not_found)?;
    let assessing = call.permit(&permissions::REVIEW_CLAIM, loaded).await?.into_inner();
    let defenses = assessing.defenses();
    let claim = &assessing.claim;
    let reviewed = claim.value.clone().review(me, assessing.independence(&defenses), call.now)?;
    call.expect(claim)?;
    let reply = Reply::ok(&ClaimView::of(&reviewed))?.at(claim.revision + 1);
    let transaction = call.store().keep_review(&assessing, &reviewed, me);
    let action = permissions::REVIEW_CLAIM.name;
    call.commit(transaction.audit(&Key::Claim(id), action, &me.to_string(), call.now), reply).await
}

/// Every claimed skill, recognized or refused.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ClaimDecisionBody {
    /// What is proven.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    recognized: Vec<SkillId>,
    /// What is not, and why.
    #[serde(default)]
    refused: Vec<RefusedBody>,
}

/// A skill that is not recognized.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RefusedBody {
    /// Which.
    #[schema(value_type = String)]
    skill: SkillId,
    /// What the student should know about it.
    reason: String,
}

impl ClaimDecisionBody {
    fn decision(self) -> Decision {
        let refused = self.refused.into_iter();
        let refused = refused.map(|RefusedBody { skill, reason }| RefusedSkill { skill, reason }).collect();
        Decision { recognized: self.recognized, refused }
    }
}

/// Decides a claim, every skill of it once. What is recognized shortens the student's path at once:
/// projects of which nothing is left are exempted.
#[utoipa::path(post, path = "/v1/claims/{id}/decision", tag = "claims", params(("id" = String, Path)),
    request_body = ClaimDecisionBody,
    responses((status = 200, description = "The decided claim", body = ClaimView), Refusals))]
async fn decide_claim(
    call: Call,
    At(id): At<ClaimId>,
    Json(body): Json<ClaimDecisionBody>,
) -> Result<Reply, Problem> {
    let decision = body.decision();
    read_again(Problem::was_changed, || decide(&call, id, decision.clone())).await
}

async fn decide(call: &Call, id: ClaimId, decision: Decision) -> Result<Reply, Problem> {
    let me = call.person()?;
    let loaded = call.store().assessing(id).await?.ok_or_else(Problem::not_found)?;
    let assessing = call.permit(&permissions::DECIDE_CLAIM, loaded).await?.into_inner();
    let Assessing { claim, progress, .. } = &assessing;
    let enrollment = &progress.enrollment.value;
    let edition = call.app.catalog.version(call, &enrollment.edition, enrollment.version).await?;
    let (attempts, defenses) = (progress.attempts(), assessing.defenses());
    let standing = Standing { prospectus: &edition, enrollment, attempts: &attempts };
    let independence = assessing.independence(&defenses);
    let settled = claim.value.clone().decide(decision, me, standing, independence, call.now)?;
    call.expect(claim)?;
    let superseded = superseded(call, &settled.superseded).await?;
    let reply = Reply::new(StatusCode::OK, &ClaimView::of(&settled.claim))?.at(claim.revision + 1);
    let transaction = call.store().keep_decision(&assessing, &settled, &superseded, me);
    let (action, by) = (permissions::DECIDE_CLAIM.name, me.to_string());
    let transaction = transaction.audit(&Key::Claim(id), action, &by, call.now);
    let transaction = match settled.enrollment {
        Some(_) => transaction.audit(&progress.enrollment.value.key(), action, &by, call.now),
        None => transaction,
    };
    call.commit(transaction, reply).await
}

/// Work that is no longer to be judged, because its project is exempted.
async fn superseded(call: &Call, ids: &[domain::id::SubmissionId]) -> Result<Vec<Item<Submission>>, Problem> {
    let keys = Vec::from_iter(ids.iter().map(|id| Key::Submission(*id)));
    let works: Vec<Item<Submission>> = call.store().get_many(&keys).await?;
    let superseded = works.into_iter().map(|work| work.try_map(|it| it.supersede(call.now)));
    Ok(superseded.collect::<Result<_, _>>()?)
}
