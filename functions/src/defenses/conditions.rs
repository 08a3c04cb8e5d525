//! What a conditional verdict asks for: the student's upload, and what the juror finds.

use axum::http::StatusCode;
use domain::defense::{ConditionDecision, ConditionFinding};
use domain::id::DefenseId;
use domain::upload::UploadKey;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::DefenseView;
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
    OpenApiRouter::new().routes(routes!(upload_condition)).routes(routes!(decide_condition))
}

/// What was asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ConditionUploadBody {
    /// The key of an upload for this defense, with the purpose `evidence`.
    #[schema(value_type = String, example = "evidence/upl_0190b5c2f5a97c1e8e2a6f3d4b5c6d7e")]
    key: UploadKey,
}

/// Hands in what the juror asked for, in time; then it is the juror's turn.
#[utoipa::path(post, path = "/v1/defenses/{id}/conditions/upload", tag = "defenses",
    request_body = ConditionUploadBody, params(("id" = String, Path)),
    responses((status = 200, description = "The defense", body = DefenseView), Refusals))]
async fn upload_condition(
    call: Call,
    At(id): At<DefenseId>,
    Json(body): Json<ConditionUploadBody>,
) -> Result<Reply, Problem> {
    let uploads = call.store().uploads([body.key.upload].into_iter()).await?;
    let upload = uploads.get(&body.key.upload).filter(|upload| upload.key() == body.key);
    act(&call, &permissions::UPLOAD_CONDITION, id, |hearing| {
        Ok((StatusCode::OK, hearing.defense.value.clone().condition_uploaded(upload, call.now)?))
    })
    .await
}

/// Whether it is what was asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ConditionDecisionBody {
    /// Whether all of it is there.
    met: bool,
    /// Why, for the student.
    #[serde(default)]
    note: Option<String>,
}

/// Says whether the conditions are met: the juror, or staff where the juror was silent.
#[utoipa::path(post, path = "/v1/defenses/{id}/conditions/decision", tag = "defenses",
    request_body = ConditionDecisionBody, params(("id" = String, Path)),
    responses((status = 200, description = "The defense", body = DefenseView), Refusals))]
async fn decide_condition(
    call: Call,
    At(id): At<DefenseId>,
    Json(body): Json<ConditionDecisionBody>,
) -> Result<Reply, Problem> {
    let finding = if body.met { ConditionFinding::Met } else { ConditionFinding::NotMet };
    let by = call.person()?;
    act(&call, &permissions::DECIDE_CONDITION, id, |hearing| {
        let decision = ConditionDecision { by, at: call.now, finding, note: body.note.clone() };
        let (defense, conflicts) = (hearing.defense.value.clone(), &hearing.progress.conflicts.value);
        Ok((StatusCode::OK, defense.conditions_decided(decision, conflicts)?))
    })
    .await
}
