//! Before a defense: the mentor asks, staff find a juror, student or staff choose the time.

use axum::http::StatusCode;
use domain::catalog::Prospectus;
use domain::defense::{Defense, DefenseRequest, Slot, Wish};
use domain::id::{DefenseId, PersonId, ProjectId, SkillId, SubmissionId};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;
use storage::Item;
use storage::defense::{Defensible, Hearing};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::DefenseView;
use super::jurors::{book_best, book_with};
use super::step::{act, keep};
use crate::App;
use crate::body::Json;
use crate::call::Call;
use crate::params::At;
use crate::permissions;
use crate::problem::{Code, Problem};
use crate::reply::Reply;
use crate::schema::Refusals;

/// The routes of this part.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(request_defense))
        .routes(routes!(assign_juror))
        .routes(routes!(schedule_defense))
        .routes(routes!(cancel_defense))
        .routes(routes!(plan_defense))
}

/// The dates that suit the student, both included.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RequestBody {
    /// First date.
    #[schema(value_type = String, format = Date)]
    wished_from: Date,
    /// Last date.
    #[schema(value_type = String, format = Date)]
    wished_to: Date,
}

/// Asks for the defense of the version that was accepted last.
#[utoipa::path(post, path = "/v1/submissions/{id}/defense", tag = "defenses", request_body = RequestBody,
    params(("id" = String, Path)),
    responses((status = 201, description = "The defense", body = DefenseView), Refusals))]
async fn request_defense(
    call: Call,
    At(id): At<SubmissionId>,
    Json(body): Json<RequestBody>,
) -> Result<Reply, Problem> {
    let loaded = call.store().defensible(id).await?.ok_or_else(Problem::not_found)?;
    let permitted = call.permit(&permissions::REQUEST_DEFENSE, loaded).await?.into_inner();
    let Defensible { submission, progress, earlier } = permitted;
    let enrollment = &progress.enrollment.value;
    let attempt = progress.attempt(&submission.value.project).ok_or_else(Problem::not_found)?;
    let edition = call.app.catalog.version(&call, &enrollment.edition, enrollment.version).await?;
    let skills = project_skills(&edition, &attempt.value.project)?;
    let policy = edition.defense_policy_on(enrollment.date_at(call.now));
    let wish = Wish { from: body.wished_from, to: body.wished_to };
    let request = DefenseRequest::of(id, &attempt.value, enrollment, &skills, call.person()?, wish)?;
    let defense = Defense::requested(request, &earlier, &enrollment.time_zone, &policy, call.now)?;
    let hearing = Hearing { defense: Item::new(defense.clone()), progress };
    keep(&call, &permissions::REQUEST_DEFENSE, &hearing, defense, StatusCode::CREATED).await
}

/// The skills that a project judges, in the edition version that the enrollment holds.
fn project_skills(edition: &Prospectus, project: &ProjectId) -> Result<Vec<SkillId>, Problem> {
    let found = edition.projects.iter().find(|candidate| candidate.id == *project);
    let missing = || Problem::new(Code::Internal, "The project is not in the enrollment's edition.");
    found.map(|project| project.skills.clone()).ok_or_else(missing)
}

/// Who is to judge.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct JurorBody {
    /// A person with the role of a juror, in no conflict with the student. Left out, the system looks for the best
    /// one and books a time as well.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    juror: Option<PersonId>,
    /// How many minutes the system books; as long as the school's defenses usually take, if left out.
    #[serde(default)]
    #[schema(example = 45)]
    minutes: Option<u32>,
}

/// Says who judges; before the start another one may take the place.
///
/// Where nobody is named, the system takes the earliest time on the wished dates that student and some juror have in
/// common, then the juror who judges least, and books both; `GET /v1/defenses/{id}/jurors` shows the same ranking.
#[utoipa::path(post, path = "/v1/defenses/{id}/juror", tag = "defenses", request_body = JurorBody,
    params(("id" = String, Path)),
    responses((status = 200, description = "The defense", body = DefenseView), Refusals))]
async fn assign_juror(
    call: Call,
    At(id): At<DefenseId>,
    Json(JurorBody { juror, minutes }): Json<JurorBody>,
) -> Result<Reply, Problem> {
    let Some(juror) = juror else { return book_best(&call, id, minutes).await };
    if minutes.is_some() {
        return Err(Problem::field("/minutes", "Choose the time of a named juror by /schedule."));
    }
    let grants = call.grants(juror).await?;
    act(&call, &permissions::ASSIGN_JUROR, id, |hearing| {
        let (defense, conflicts) = (hearing.defense.value.clone(), &hearing.progress.conflicts.value);
        Ok((StatusCode::OK, defense.assign_granted(juror, &grants, conflicts, call.now)?))
    })
    .await
}

/// When a defense is to be held.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ScheduleBody {
    /// On a quarter hour.
    #[schema(value_type = String, format = DateTime)]
    starts_at: Timestamp,
    /// How long.
    #[schema(example = 45)]
    minutes: u32,
    /// The juror of an alternative that was offered, where that is another one than the assigned: one for each
    /// time, so that nobody chooses who judges.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    juror: Option<PersonId>,
}

/// Chooses the time, or moves it: refused where student or juror have something else then, or the juror judges
/// enough that day or week, with three alternatives over all jurors who could come.
#[utoipa::path(post, path = "/v1/defenses/{id}/schedule", tag = "defenses", request_body = ScheduleBody,
    params(("id" = String, Path)),
    responses((status = 200, description = "The defense", body = DefenseView), Refusals))]
async fn schedule_defense(
    call: Call,
    At(id): At<DefenseId>,
    Json(body): Json<ScheduleBody>,
) -> Result<Reply, Problem> {
    if let Some(juror) = body.juror {
        return book_with(&call, id, juror, (body.starts_at, body.minutes)).await;
    }
    act(&call, &permissions::SCHEDULE_DEFENSE, id, |hearing| {
        let slot = Slot::new(body.starts_at, body.minutes, hearing.defense.value.policy(), call.now)?;
        let (enrollment, conflicts) = (&hearing.progress.enrollment.value, &hearing.progress.conflicts.value);
        Ok((StatusCode::OK, hearing.defense.value.clone().timed(slot, enrollment, conflicts, call.now)?))
    })
    .await
}

/// Why it will not be held.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CancelBody {
    /// In the words of who calls it off.
    reason: String,
}

/// Calls a defense off before its time: it does not count, and another one may be asked for.
#[utoipa::path(post, path = "/v1/defenses/{id}/cancel", tag = "defenses", request_body = CancelBody,
    params(("id" = String, Path)),
    responses((status = 200, description = "The defense", body = DefenseView), Refusals))]
async fn cancel_defense(
    call: Call,
    At(id): At<DefenseId>,
    Json(body): Json<CancelBody>,
) -> Result<Reply, Problem> {
    call.require_if_match()?;
    act(&call, &permissions::CANCEL_DEFENSE, id, |hearing| {
        let defense = hearing.defense.value.clone();
        Ok((StatusCode::OK, defense.cancelled(body.reason.clone(), call.now)?))
    })
    .await
}

/// What is to be different this time.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PlanBody {
    /// What the student does until the defense, and who helps.
    text: String,
}

/// Writes the action plan without which a project that failed twice is not defended again.
#[utoipa::path(post, path = "/v1/defenses/{id}/plan", tag = "defenses", request_body = PlanBody,
    params(("id" = String, Path)),
    responses((status = 200, description = "The defense", body = DefenseView), Refusals))]
async fn plan_defense(
    call: Call,
    At(id): At<DefenseId>,
    Json(body): Json<PlanBody>,
) -> Result<Reply, Problem> {
    let me = call.person()?;
    act(&call, &permissions::PLAN_DEFENSE, id, |hearing| {
        let defense = hearing.defense.value.clone();
        Ok((StatusCode::OK, defense.planned(me, body.text.clone(), call.now)?))
    })
    .await
}
