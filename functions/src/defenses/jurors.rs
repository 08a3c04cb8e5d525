//! Who could judge a defense, and when: proposals for staff, the best of them booked, and other times for whoever
//! comes too late.

use axum::http::StatusCode;
use domain::conflict::Reason;
use domain::defense::{Defense, Slot};
use domain::enrollment::Enrollment;
use domain::id::{DefenseId, PersonId};
use domain::jury::{Proposal, Ranking, Span, Unfit, juror_at, offers, rank};
use domain::occupancy;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::defense::Hearing;
use storage::jury::{Asked, Search};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::step::{TRIES_MAX, keep};
use crate::App;
use crate::call::Call;
use crate::params::{At, Params};
use crate::permissions;
use crate::problem::{Code, Problem};
use crate::reply::Reply;
use crate::schema::Refusals;
use crate::sessions::views::TimeView;

/// The routes of this part.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_jurors))
}

/// A juror and a time that could be booked.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OfferView {
    #[schema(value_type = String)]
    juror: PersonId,
    #[serde(flatten)]
    time: TimeView,
}

impl OfferView {
    /// A time on the student's wall.
    pub(super) fn of(juror: PersonId, starts_at: Timestamp, enrollment: &Enrollment) -> Self {
        Self { juror, time: TimeView::of(starts_at, &enrollment.time_zone) }
    }
}

/// A juror with a time, the earliest that they have where only one is shown.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProposalView {
    #[serde(flatten)]
    offer: OfferView,
    /// How many defenses they judge on that day of theirs besides, those of the same plan that come before among them.
    that_day: u32,
    /// How many in that week.
    that_week: u32,
}

impl ProposalView {
    /// A proposal, on the student's wall.
    pub(super) fn of(proposal: &Proposal, enrollment: &Enrollment) -> Self {
        Self {
            offer: OfferView::of(proposal.juror, proposal.slot.starts_at(), enrollment),
            that_day: proposal.load.day,
            that_week: proposal.load.week,
        }
    }
}

/// A juror who is not proposed.
#[derive(Debug, Serialize, ToSchema)]
struct ExcludedView {
    #[schema(value_type = String)]
    juror: PersonId,
    /// `in_conflict`, `no_hours`, `language`, `no_overlap` or `capped`.
    #[schema(example = "no_overlap")]
    reason: &'static str,
    /// Which conflicts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    conflicts: Vec<Reason>,
}

/// Everybody who might judge a defense.
#[derive(Debug, Serialize, ToSchema)]
struct JurorsView {
    /// Each with their earliest time: the earliest first, then who judges least.
    proposals: Vec<ProposalView>,
    /// The others, and why not.
    excluded: Vec<ExcludedView>,
}

impl JurorsView {
    fn of(ranking: &Ranking, enrollment: &Enrollment) -> Self {
        let proposals = ranking.proposals.iter().map(|proposal| ProposalView::of(proposal, enrollment));
        Self { proposals: proposals.collect(), excluded: excluded(ranking) }
    }
}

fn excluded(ranking: &Ranking) -> Vec<ExcludedView> {
    let view = |(juror, unfit): &(PersonId, Unfit)| {
        let (reason, conflicts) = match unfit {
            Unfit::InConflict(reasons) => ("in_conflict", reasons.clone()),
            Unfit::Language => ("language", Vec::new()),
            Unfit::NoHours => ("no_hours", Vec::new()),
            Unfit::NoOverlap => ("no_overlap", Vec::new()),
            Unfit::Capped => ("capped", Vec::new()),
        };
        ExcludedView { juror: *juror, reason, conflicts }
    };
    ranking.excluded.iter().map(view).collect()
}

/// For how long a juror is looked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct LengthParams {
    /// How many minutes the defense takes; as long as the school's usually do, if left out.
    minutes: Option<u32>,
}

/// Says who could judge a defense on the wished dates, and of all other jurors of the degree why not.
#[utoipa::path(get, path = "/v1/defenses/{id}/jurors", tag = "defenses",
    params(("id" = String, Path), LengthParams),
    responses((status = 200, description = "The jurors", body = JurorsView), Refusals))]
async fn list_jurors(
    call: Call,
    At(id): At<DefenseId>,
    Params(LengthParams { minutes }): Params<LengthParams>,
) -> Result<Reply, Problem> {
    let loaded = call.store().hearing(id).await?.ok_or_else(Problem::not_found)?;
    let hearing = call.permit(&permissions::LIST_JURORS, loaded).await?.into_inner();
    let search = search_wished(&call, &hearing, minutes).await?;
    let ranking = search.decide(&hearing, rank);
    Reply::ok(&JurorsView::of(&ranking, &hearing.progress.enrollment.value))
}

/// Looks for the best juror and time and books both, again where somebody else was faster.
pub(super) async fn book_best(call: &Call, id: DefenseId, minutes: Option<u32>) -> Result<Reply, Problem> {
    let action = &permissions::ASSIGN_JUROR;
    let mut refused = Problem::changed();
    for _ in 0..TRIES_MAX {
        let loaded = call.store().hearing(id).await?.ok_or_else(Problem::not_found)?;
        let hearing = call.permit(action, loaded).await?.into_inner();
        let search = search_wished(call, &hearing, minutes).await?;
        let ranking = search.decide(&hearing, rank);
        let Some(best) = ranking.proposals.first() else { return Err(nobody(&ranking)) };
        let next = booked(call, &hearing, best.juror, (best.slot.starts_at(), search.minutes())).await?;
        match keep(call, action, &hearing, next, StatusCode::OK).await {
            Err(problem) if was_faster(&problem) => refused = problem,
            kept => return kept,
        }
    }
    Err(refused)
}

/// Whether somebody else took the juror's time, or a conflict came to light, since it was looked for.
fn was_faster(problem: &Problem) -> bool {
    matches!(problem.code, Code::Changed | Code::SlotTaken | Code::CapacityFull | Code::JurorInConflict)
}

fn nobody(ranking: &Ranking) -> Problem {
    let detail = "No juror of the degree could come on the wished dates; `excluded` says why. \
                  Name one, and choose a time with the student.";
    Problem::new(Code::CapacityFull, detail).with("excluded", excluded(ranking))
}

/// Takes a time with another juror than the assigned one: with the one that the system gives to that time.
pub(super) async fn book_with(
    call: &Call,
    id: DefenseId,
    juror: PersonId,
    (starts_at, minutes): (Timestamp, u32),
) -> Result<Reply, Problem> {
    let action = &permissions::SCHEDULE_DEFENSE;
    for _ in 0..TRIES_MAX {
        let loaded = call.store().hearing(id).await?.ok_or_else(Problem::not_found)?;
        let hearing = call.permit(action, loaded).await?.into_inner();
        let slot = Slot::new(starts_at, minutes, hearing.defense.value.policy(), call.now)?;
        let search = search_from(call, &hearing, slot).await?;
        let given = taken(slot).and_then(|slot| {
            search.decide(&hearing, |sought, candidates| juror_at(sought, candidates, slot))
        });
        if given.map(|given| given.juror) != Some(juror) {
            let detail = "This juror cannot be had at that time: take one of the alternatives.";
            let others = offered(&search, &hearing);
            return Err(Problem::new(Code::SlotTaken, detail).with("alternatives", others));
        }
        let next = booked(call, &hearing, juror, (starts_at, minutes)).await?;
        match keep(call, action, &hearing, next, StatusCode::OK).await {
            Err(problem) if was_faster(&problem) => {}
            kept => return kept,
        }
    }
    Err(Problem::changed())
}

/// Other times for a defense whose time is gone, each with the juror that it would get.
pub(super) async fn other_times(
    call: &Call,
    hearing: &Hearing,
    slot: Slot,
) -> Result<Vec<OfferView>, Problem> {
    Ok(offered(&search_from(call, hearing, slot).await?, hearing))
}

/// Looks for jurors on the wished dates.
async fn search_wished(call: &Call, hearing: &Hearing, minutes: Option<u32>) -> Result<Search, Problem> {
    let mut searches = search_together(call, std::slice::from_ref(hearing), minutes).await?;
    searches.pop().ok_or_else(Problem::not_found)
}

/// Looks for jurors of several defenses of one degree, each on its wished dates.
pub(super) async fn search_together(
    call: &Call,
    hearings: &[Hearing],
    minutes: Option<u32>,
) -> Result<Vec<Search>, Problem> {
    let mut asked = Vec::with_capacity(hearings.len());
    for hearing in hearings {
        let defense = &hearing.defense.value;
        let span = defense.wished_span(&hearing.progress.enrollment.value.time_zone, call.now);
        let minutes = minutes.unwrap_or(defense.policy().length_minutes);
        // Its length is one that a defense may have.
        Slot::new(span.from, minutes, defense.policy(), call.now)?;
        asked.push(ask(call, hearing, span, minutes).await?);
    }
    Ok(call.store().search_jurors(&asked, call.now).await?)
}

/// Looks for jurors from a time on.
async fn search_from(call: &Call, hearing: &Hearing, slot: Slot) -> Result<Search, Problem> {
    let minutes = u32::try_from(slot.length().as_mins()).unwrap_or(u32::MAX);
    let span = Span::days(slot.starts_at, domain::jury::OTHER_TIMES_DAYS, call.now);
    let asked = [ask(call, hearing, span, minutes).await?];
    let mut searches = call.store().search_jurors(&asked, call.now).await?;
    searches.pop().ok_or_else(Problem::not_found)
}

async fn ask<'a>(call: &Call, hearing: &'a Hearing, span: Span, minutes: u32) -> Result<Asked<'a>, Problem> {
    let enrollment = &hearing.progress.enrollment.value;
    let edition = call.app.catalog.version(call, &enrollment.edition, enrollment.version).await?;
    let pairing = edition.pairing_policy_on(enrollment.date_at(call.now));
    Ok(Asked { hearing, span, minutes, pairing })
}

fn offered(search: &Search, hearing: &Hearing) -> Vec<OfferView> {
    let enrollment = &hearing.progress.enrollment.value;
    let view = |offer: Proposal| OfferView::of(offer.juror, offer.slot.starts_at(), enrollment);
    search.decide(hearing, offers).into_iter().map(view).collect()
}

/// The defense with a juror and a time.
async fn booked(
    call: &Call,
    hearing: &Hearing,
    juror: PersonId,
    (starts_at, minutes): (Timestamp, u32),
) -> Result<Defense, Problem> {
    let grants = call.grants(juror).await?;
    let defense = hearing.defense.value.clone();
    let slot = Slot::new(starts_at, minutes, defense.policy(), call.now)?;
    let path = (&hearing.progress.enrollment.value, &hearing.progress.conflicts.value);
    Ok(defense.booked(juror, &grants, slot, path, call.now)?)
}

/// A time as it stands in people's weeks.
fn taken(slot: Slot) -> Option<occupancy::Slot> {
    occupancy::Slot::between(slot.starts_at, slot.ends_at).ok()
}
