//! Juries for several defenses at once, for staff: a proposal in which as many as possible are held. Each is then
//! booked by itself, as one that was found alone.

use domain::defense::DefenseState;
use domain::id::DefenseId;
use domain::jury::{Assigned, EXACT_DEFENSES_MAX, assign};
use serde::{Deserialize, Serialize};
use storage::defense::Hearing;
use storage::jury::Search;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::jurors::{ProposalView, search_together};
use crate::App;
use crate::body::Json;
use crate::call::Call;
use crate::permissions;
use crate::problem::{Code, Problem};
use crate::reply::Reply;
use crate::schema::Refusals;

/// The routes of this part.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(plan_juries))
}

/// The defenses that want jurors.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct JuryPlanBody {
    /// Of one degree and of different students, none with a juror yet.
    #[schema(value_type = Vec<String>, min_items = 1, max_items = 8)]
    defenses: Vec<DefenseId>,
    /// How many minutes each takes; as long as the school's usually do, if left out.
    #[schema(example = 45)]
    minutes: Option<u32>,
}

/// A defense with a juror and a time.
#[derive(Debug, Serialize, ToSchema)]
struct PlannedJuryView {
    #[schema(value_type = String)]
    defense: DefenseId,
    #[serde(flatten)]
    proposal: ProposalView,
}

/// Who could judge which of the defenses when, without anybody in two places or at their caps.
#[derive(Debug, Serialize, ToSchema)]
struct JuryPlanView {
    /// In the order they were given.
    proposals: Vec<PlannedJuryView>,
    /// Those for whom nobody is left.
    #[schema(value_type = Vec<String>)]
    unplaced: Vec<DefenseId>,
    /// Whether it was seen that no other plan places more, or as many earlier or more evenly; where jurors are scarce,
    /// not every plan can be tried.
    is_best: bool,
}

/// Proposes jurors and times for several defenses at once: as many as possible, then the earliest, then whoever judges
/// least. Nothing is kept; `POST /v1/defenses/{id}/juror` and `/schedule` book what is wanted of it.
#[utoipa::path(post, path = "/v1/admin/jury-plans", tag = "defenses", request_body = JuryPlanBody,
    responses((status = 200, description = "The plan", body = JuryPlanView), Refusals))]
async fn plan_juries(
    call: Call,
    Json(JuryPlanBody { defenses, minutes }): Json<JuryPlanBody>,
) -> Result<Reply, Problem> {
    if !(1..=EXACT_DEFENSES_MAX).contains(&defenses.len()) {
        let detail = format!("Expected 1 to {EXACT_DEFENSES_MAX} defenses.");
        return Err(Problem::field("/defenses", detail));
    }
    let mut hearings = Vec::with_capacity(defenses.len());
    for (index, id) in defenses.into_iter().enumerate() {
        let loaded = call.store().hearing(id).await?.ok_or_else(Problem::not_found)?;
        let hearing = call.permit(&permissions::PLAN_JURIES, loaded).await?.into_inner();
        check(&hearing, &hearings).map_err(|detail| Problem::field(format!("/defenses/{index}"), detail))?;
        hearings.push(hearing);
    }
    let searches = search_together(&call, &hearings, minutes).await?;
    let planning = tokio::task::spawn_blocking(move || {
        let assigned = plan(&searches, &hearings);
        (assigned, hearings)
    });
    let (Assigned { places, is_best }, hearings) = planning.await.map_err(|error| {
        tracing::error!(%error, "a plan of juries broke off");
        Problem::new(Code::Internal, "The plan could not be made. We have been told.")
    })?;
    let mut view = JuryPlanView { proposals: Vec::new(), unplaced: Vec::new(), is_best };
    for (hearing, place) in hearings.iter().zip(&places) {
        let defense = hearing.defense.value.id();
        match place {
            Some(place) => {
                let proposal = ProposalView::of(place, &hearing.progress.enrollment.value);
                view.proposals.push(PlannedJuryView { defense, proposal });
            }
            None => view.unplaced.push(defense),
        }
    }
    Reply::ok(&view)
}

/// Whether a defense may be planned beside the ones before it.
fn check(hearing: &Hearing, before: &[Hearing]) -> Result<(), &'static str> {
    let of = |hearing: &Hearing| {
        let enrollment = &hearing.progress.enrollment.value;
        (enrollment.student, enrollment.degree.clone())
    };
    let (student, degree) = of(hearing);
    if !matches!(hearing.defense.value.state(), DefenseState::Requested) {
        return Err("Expected a defense without a juror.");
    }
    if before.iter().any(|other| of(other).0 == student) {
        return Err("Expected different students.");
    }
    if before.first().is_some_and(|first| of(first).1 != degree) {
        return Err("Expected defenses of one degree.");
    }
    Ok(())
}

fn plan(searches: &[Search], hearings: &[Hearing]) -> Assigned {
    let pairs = Vec::from_iter(searches.iter().zip(hearings));
    let studies = pairs.iter().map(|(_, hearing)| {
        let enrollment = &hearing.progress.enrollment.value;
        move |at| enrollment.session_allowed_at(at).is_ok()
    });
    let studies = Vec::from_iter(studies);
    let sought =
        pairs.iter().zip(&studies).map(|((search, hearing), studies)| search.sought(hearing, studies));
    let candidates = searches.first().map(Search::candidates).unwrap_or_default();
    assign(&Vec::from_iter(sought), candidates)
}
