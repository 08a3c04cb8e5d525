//! Who waits for a mentor, and what the matching came to, for staff.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use domain::enrollment::Enrollment;
use domain::id::{DegreeId, EnrollmentId};
use domain::job::Job;
use domain::pairing::Why;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::key::Query;
use storage::pairing::PairingRun;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::body::Json;
use crate::call::Call;
use crate::enrollments::WaitingView;
use crate::page::{Cursor, ITEMS_MAX, List, after_in};
use crate::params::Params;
use crate::permissions;
use crate::problem::Problem;
use crate::reply::Reply;
use crate::schema::Refusals;

/// The routes of this topic.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_pairing_runs, run_pairing))
        .routes(routes!(list_waiting_students))
}

/// What one run of the matching came to.
#[derive(Debug, Serialize, ToSchema)]
struct PairingRunView {
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Students who needed a mentor.
    seekers: u64,
    /// Mentors with a free seat.
    candidates: u64,
    /// Pairs that came into question.
    pairs: u64,
    /// Students who got one: as many as possible.
    placed: u64,
    /// Pairs that were written; the others were changed by somebody else meanwhile, and are matched again.
    written: u64,
    /// What the pairs are worth: a thousand for each week waited, and how well they fit.
    value: i64,
    /// What no other way to place as many is worth more than.
    bound: i64,
    /// What may be missing to the best way.
    gap: i64,
    /// How often it was matched until every mentor's week had an hour for each of theirs.
    rounds: u32,
    /// How many were left without a mentor: `no_candidate`, `no_overlap`, `capacity`.
    #[schema(value_type = Object)]
    unplaced: BTreeMap<Why, u64>,
}

impl PairingRunView {
    fn of(run: &PairingRun) -> Self {
        let report = run.report;
        Self {
            at: run.at,
            seekers: report.seekers,
            candidates: report.candidates,
            pairs: report.pairs,
            placed: report.placed,
            written: run.written,
            value: report.value,
            bound: report.bound,
            gap: report.gap(),
            rounds: report.rounds,
            unplaced: run.reasons.clone(),
        }
    }
}

/// Lists what the nightly matching came to, newest first.
#[utoipa::path(get, path = "/v1/admin/pairing-runs", tag = "sessions", params(Cursor),
    responses((status = 200, description = "A page of runs", body = List<PairingRunView>), Refusals))]
async fn list_pairing_runs(call: Call, Params(Cursor { cursor }): Params<Cursor>) -> Result<Reply, Problem> {
    call.permit_role(&permissions::LIST_PAIRING_RUNS).await?;
    let after = after_in(&Query::PairingRuns, cursor.as_deref())?;
    let (runs, next) = call.store().pairing_runs(after.as_deref(), ITEMS_MAX).await?;
    Reply::ok(&List::page(runs.iter().map(PairingRunView::of).collect(), next))
}

/// Nothing to say.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NothingBody {}

/// When a run is due.
#[derive(Debug, Serialize, ToSchema)]
struct Due {
    #[schema(value_type = String, format = DateTime)]
    due_at: Timestamp,
}

/// Matches everyone who waits now, without waiting for the night: after new mentors have come.
#[utoipa::path(post, path = "/v1/admin/pairing-runs", tag = "sessions", request_body = NothingBody,
    responses((status = 202, description = "It is due", body = Due), Refusals))]
async fn run_pairing(call: Call, Json(body): Json<NothingBody>) -> Result<Reply, Problem> {
    let NothingBody {} = body;
    call.permit_role(&permissions::RUN_PAIRING).await?;
    let reply = Reply::new(StatusCode::ACCEPTED, &Due { due_at: call.now })?;
    let run = Job::MatchStudents { asked_at: Some(call.now) };
    let transaction = call.store().transaction::<Problem>().enqueue(&run, call.now);
    call.commit(transaction, reply).await
}

/// Which line, and where to read on.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct WaitingParams {
    /// Of which degree.
    #[param(value_type = String, example = "web-development")]
    degree: DegreeId,
    /// In which language: a BCP 47 code.
    #[param(example = "en")]
    language: String,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// One who waits.
#[derive(Debug, Serialize, ToSchema)]
struct WaitingStudentView {
    #[schema(value_type = String)]
    enrollment: EnrollmentId,
    #[serde(flatten)]
    waiting: WaitingView,
}

impl WaitingStudentView {
    fn of(enrollment: &Enrollment) -> Option<Self> {
        Some(Self { enrollment: enrollment.id, waiting: WaitingView::of(enrollment.waiting.as_ref()?) })
    }
}

/// Lists who waits for a mentor of a degree in a language, in order.
#[utoipa::path(get, path = "/v1/admin/waiting-students", tag = "sessions", params(WaitingParams),
    responses((status = 200, description = "A page of the line", body = List<WaitingStudentView>), Refusals))]
async fn list_waiting_students(call: Call, Params(params): Params<WaitingParams>) -> Result<Reply, Problem> {
    let WaitingParams { degree, language, cursor } = params;
    call.permit_role(&permissions::LIST_WAITING_STUDENTS).await?;
    let after = after_in(&Query::WaitingStudents(degree.clone(), language.clone()), cursor.as_deref())?;
    let (line, next) = call.store().waiting_students(&degree, &language, after.as_deref(), ITEMS_MAX).await?;
    let ids = Vec::from_iter(line.iter().map(|student| student.enrollment));
    let enrollments = call.store().enrollments_for_job(&ids).await?;
    let of = |id: &EnrollmentId| enrollments.iter().find(|item| item.value.id == *id);
    let items = ids.iter().filter_map(of).filter_map(|item| WaitingStudentView::of(&item.value));
    Reply::ok(&List::page(items.collect(), next))
}
