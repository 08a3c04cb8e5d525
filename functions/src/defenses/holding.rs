//! The defense itself: consent to the recording, start, end.

use axum::http::StatusCode;
use domain::defense::{Ending, Identity};
use domain::id::DefenseId;
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
    OpenApiRouter::new()
        .routes(routes!(consent))
        .routes(routes!(withdraw_consent))
        .routes(routes!(start_defense))
        .routes(routes!(end_defense))
}

/// What is agreed to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ConsentBody {
    /// Version of the text about the recording that was read.
    #[schema(example = "1")]
    text_version: String,
}

/// Agrees to be recorded: student and juror each for themselves.
#[utoipa::path(post, path = "/v1/defenses/{id}/consent", tag = "defenses", request_body = ConsentBody,
    params(("id" = String, Path)),
    responses((status = 200, description = "The defense", body = DefenseView), Refusals))]
async fn consent(call: Call, At(id): At<DefenseId>, Json(body): Json<ConsentBody>) -> Result<Reply, Problem> {
    let me = call.person()?;
    act(&call, &permissions::CONSENT, id, |hearing| {
        let defense = hearing.defense.value.clone();
        Ok((StatusCode::OK, defense.consented(me, body.text_version.clone(), call.now)?))
    })
    .await
}

/// Takes one's agreement back before the start: no recording, and so no defense.
#[utoipa::path(post, path = "/v1/defenses/{id}/consent/withdraw", tag = "defenses",
    params(("id" = String, Path)),
    responses((status = 200, description = "The defense", body = DefenseView), Refusals))]
async fn withdraw_consent(call: Call, At(id): At<DefenseId>) -> Result<Reply, Problem> {
    let me = call.person()?;
    act(&call, &permissions::WITHDRAW_CONSENT, id, |hearing| {
        Ok((StatusCode::OK, hearing.defense.value.clone().consent_withdrawn(me, call.now)?))
    })
    .await
}

/// What the juror saw to before the start.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StartBody {
    /// Whether the student's papers were looked at.
    identity_checked: bool,
}

/// Opens the meeting, around its time, with both agreements.
#[utoipa::path(post, path = "/v1/defenses/{id}/start", tag = "defenses", request_body = StartBody,
    params(("id" = String, Path)),
    responses((status = 200, description = "The defense", body = DefenseView), Refusals))]
async fn start_defense(
    call: Call,
    At(id): At<DefenseId>,
    Json(body): Json<StartBody>,
) -> Result<Reply, Problem> {
    let identity = if body.identity_checked { Identity::Checked } else { Identity::Unchecked };
    let me = call.person()?;
    act(&call, &permissions::START_DEFENSE, id, |hearing| {
        let (defense, conflicts) = (hearing.defense.value.clone(), &hearing.progress.conflicts.value);
        Ok((StatusCode::OK, defense.started(me, identity, conflicts, call.now)?))
    })
    .await
}

/// How it ended.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EndBody {
    /// `held`, `technical_failure`, `student_no_show` or `juror_no_show`.
    #[schema(value_type = String, example = "held")]
    outcome: Ending,
}

/// Says how the meeting ended, or who missed it.
#[utoipa::path(post, path = "/v1/defenses/{id}/end", tag = "defenses", request_body = EndBody,
    params(("id" = String, Path)),
    responses((status = 200, description = "The defense", body = DefenseView), Refusals))]
async fn end_defense(call: Call, At(id): At<DefenseId>, Json(body): Json<EndBody>) -> Result<Reply, Problem> {
    let me = call.person()?;
    act(&call, &permissions::END_DEFENSE, id, |hearing| {
        Ok((StatusCode::OK, hearing.defense.value.clone().ended(body.outcome, me, call.now)?))
    })
    .await
}
