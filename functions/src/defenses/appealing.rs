//! What may still become of a verdict: an appeal, and annulment.

use axum::http::StatusCode;
use domain::id::{DefenseId, PersonId};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::DefenseView;
use super::judging::{JudgmentBody, judgments};
use super::step::act;
use crate::App;
use crate::body::Json;
use crate::call::Call;
use crate::params::At;
use crate::permissions;
use crate::problem::Problem;
use crate::reply::Reply;
use crate::schema::Refusals;

/// The routes of this part.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(appeal))
        .routes(routes!(assign_reviewer))
        .routes(routes!(decide_appeal))
        .routes(routes!(annul_defense))
}

/// Why something is asked for, or done.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReasonBody {
    /// In the words of who asks.
    reason: String,
}

/// Appeals against an outcome, once and in time: a third person then judges by the recording, and knows neither
/// verdict nor the reason given here until they have.
#[utoipa::path(post, path = "/v1/defenses/{id}/appeal", tag = "defenses", request_body = ReasonBody,
    params(("id" = String, Path)),
    responses((status = 200, description = "The defense", body = DefenseView), Refusals))]
async fn appeal(call: Call, At(id): At<DefenseId>, Json(body): Json<ReasonBody>) -> Result<Reply, Problem> {
    act(&call, &permissions::APPEAL, id, |hearing| {
        let defense = hearing.defense.value.clone();
        Ok((StatusCode::OK, defense.appealed(body.reason.clone(), call.now)?))
    })
    .await
}

/// Who judges an appeal.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReviewerBody {
    /// A person with the role of a juror, in no conflict with the student, who has not judged this defense.
    #[schema(value_type = String)]
    reviewer: PersonId,
}

/// Says who judges the appeal, in place of whom the system found.
#[utoipa::path(post, path = "/v1/defenses/{id}/appeal/reviewer", tag = "defenses", request_body = ReviewerBody,
    params(("id" = String, Path)),
    responses((status = 200, description = "The defense", body = DefenseView), Refusals))]
async fn assign_reviewer(
    call: Call,
    At(id): At<DefenseId>,
    Json(ReviewerBody { reviewer }): Json<ReviewerBody>,
) -> Result<Reply, Problem> {
    let grants = call.grants(reviewer).await?;
    act(&call, &permissions::ASSIGN_REVIEWER, id, |hearing| {
        let (defense, conflicts) = (hearing.defense.value.clone(), &hearing.progress.conflicts.value);
        Ok((StatusCode::OK, defense.assign_reviewer(reviewer, &grants, conflicts, call.now)?))
    })
    .await
}

/// What the recording shows, each skill once.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AppealDecisionBody {
    /// One for each skill that the defense judges: `acquired` or `not_yet`.
    verdicts: Vec<JudgmentBody>,
}

/// Judges every skill by the recording; whether the outcome is upheld or overturned follows from it.
#[utoipa::path(post, path = "/v1/defenses/{id}/appeal/decision", tag = "defenses",
    request_body = AppealDecisionBody, params(("id" = String, Path)),
    responses((status = 200, description = "The defense", body = DefenseView), Refusals))]
async fn decide_appeal(
    call: Call,
    At(id): At<DefenseId>,
    Json(body): Json<AppealDecisionBody>,
) -> Result<Reply, Problem> {
    let verdicts = judgments(body.verdicts)?;
    let me = call.person()?;
    act(&call, &permissions::DECIDE_APPEAL, id, |hearing| {
        let (defense, conflicts) = (hearing.defense.value.clone(), &hearing.progress.conflicts.value);
        Ok((StatusCode::OK, defense.appeal_decided(me, verdicts.clone(), conflicts, call.now)?))
    })
    .await
}

/// Makes a defense count for nothing, whatever it came to: decided wrongly, or judged by somebody who must not.
#[utoipa::path(post, path = "/v1/defenses/{id}/annul", tag = "defenses", request_body = ReasonBody,
    params(("id" = String, Path)),
    responses((status = 200, description = "The defense", body = DefenseView), Refusals))]
async fn annul_defense(
    call: Call,
    At(id): At<DefenseId>,
    Json(body): Json<ReasonBody>,
) -> Result<Reply, Problem> {
    let me = call.person()?;
    act(&call, &permissions::ANNUL_DEFENSE, id, |hearing| {
        let defense = hearing.defense.value.clone();
        Ok((StatusCode::OK, defense.annulled(me, body.reason.clone(), call.now)?))
    })
    .await
}
