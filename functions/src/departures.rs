//! Mentors who leave, with notice.

use axum::http::StatusCode;
use domain::departure::{Departure, DepartureRefused};
use domain::id::{EnrollmentId, PersonId};
use domain::job::Job;
use domain::permission::Role;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use storage::key::Query;
use storage::transaction::read_again;
use storage::{Item, Stored};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::body::Json;
use crate::call::Call;
use crate::page::{Cursor, ITEMS_MAX, List, after_in};
use crate::params::{At, Params};
use crate::permissions;
use crate::problem::Problem;
use crate::reply::Reply;
use crate::schema::Refusals;

/// The routes of this topic.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(announce_departure, list_departures))
        .routes(routes!(get_departure, take_back_departure))
}

/// A notice.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DepartureBody {
    /// Who leaves: oneself, if left out; staff say it of others.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    mentor: Option<PersonId>,
    /// The first date without them, on their own calendar.
    #[schema(value_type = String, format = Date)]
    leaves_on: Date,
}

/// A departure, and how far its hand-over is.
#[derive(Debug, Serialize, ToSchema)]
struct DepartureView {
    #[schema(value_type = String)]
    mentor: PersonId,
    #[schema(value_type = String, format = Date)]
    leaves_on: Date,
    #[schema(value_type = String, format = DateTime)]
    said_at: Timestamp,
    /// Students who have no other mentor yet. On the day, their billing stops and they wait for one; they stay
    /// counted here.
    unplaced: u64,
    /// Whom the mentor has until the day.
    students: Vec<HandedOver>,
}

#[derive(Debug, Serialize, ToSchema)]
struct HandedOver {
    #[schema(value_type = String)]
    enrollment: EnrollmentId,
    /// Who takes over; null while nobody was found.
    #[schema(value_type = Option<String>)]
    next_mentor: Option<PersonId>,
}

/// Says when a mentor leaves, or on another date. They get no new students, and others are looked for at once
/// for theirs, every night until the day; a hand-over session is booked with each.
#[utoipa::path(post, path = "/v1/departures", tag = "sessions", request_body = DepartureBody,
    responses((status = 201, description = "The departure", body = DepartureView), Refusals))]
async fn announce_departure(call: Call, Json(body): Json<DepartureBody>) -> Result<Reply, Problem> {
    read_again(Problem::was_changed, || announce(&call, body)).await
}

async fn announce(call: &Call, body: DepartureBody) -> Result<Reply, Problem> {
    let mentor = body.mentor.unwrap_or(call.person()?);
    let said = call.store().availability(mentor).await?;
    let said = call.permit(&permissions::ANNOUNCE_DEPARTURE, said).await?;
    if !call.grants(mentor).await?.iter().any(|grant| grant.counts_as(&[Role::Mentor], call.now)) {
        return Err(Problem::field("/mentor", "This person is no mentor."));
    }
    let departure = Departure::announced(mentor, body.leaves_on, &said.value.time_zone, call.now)?;
    let known = call.store().departure_for_job(mentor).await?;
    let item = known.map_or(Item::new(departure.clone()), |known| known.with(departure));
    let view = view(call, &item.value).await?;
    let reply = Reply::created(format!("/v1/departures/{mentor}"), &view)?.at(item.revision + 1);
    let by = call.person()?.to_string();
    let transaction = call.store().keep_departure(&item, call.now, Problem::changed()).audit(
        &item.value.key(),
        "announce_departure",
        &by,
        call.now,
    );
    let reply = call.commit(transaction, reply).await?;
    // One that waits for tonight looks now.
    call.store().hasten(&Job::HandOver { mentor }, call.now).await?;
    Ok(reply)
}

/// Shows when a mentor leaves, and who takes over.
#[utoipa::path(get, path = "/v1/departures/{mentor}", tag = "sessions", params(("mentor" = String, Path)),
    responses((status = 200, description = "The departure", body = DepartureView), Refusals))]
async fn get_departure(call: Call, At(mentor): At<PersonId>) -> Result<Reply, Problem> {
    call.person()?;
    let loaded = call.store().departure(mentor).await?.ok_or_else(Problem::not_found)?;
    let item = call.permit(&permissions::GET_DEPARTURE, loaded).await?;
    Ok(Reply::ok(&view(&call, &item.value).await?)?.at(item.revision))
}

/// Takes a notice back: the mentor may get students again. Whoever was handed over stays with the next mentor.
#[utoipa::path(delete, path = "/v1/departures/{mentor}", tag = "sessions", params(("mentor" = String, Path)),
    responses((status = 204, description = "There is no notice"), Refusals))]
async fn take_back_departure(call: Call, At(mentor): At<PersonId>) -> Result<StatusCode, Problem> {
    let by = call.person()?.to_string();
    let loaded = call.store().departure(mentor).await?.ok_or_else(Problem::not_found)?;
    let item = call.permit(&permissions::TAKE_BACK_DEPARTURE, loaded).await?;
    let transaction = call.store().transaction::<Problem>().remove(&item, Problem::changed());
    let transaction = transaction.audit(&item.value.key(), "take_back_departure", &by, call.now);
    transaction.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A departure in the list.
#[derive(Debug, Serialize, ToSchema)]
struct DepartureLine {
    #[schema(value_type = String)]
    mentor: PersonId,
    #[schema(value_type = String, format = Date)]
    leaves_on: Date,
    /// Students who have no other mentor yet or, from the day on, had none on it.
    unplaced: u64,
}

/// Lists the mentors who leave, or have left, for staff: where students are left over, they wait for a seat.
#[utoipa::path(get, path = "/v1/departures", tag = "sessions", params(Cursor),
    responses((status = 200, description = "A page of departures", body = List<DepartureLine>), Refusals))]
async fn list_departures(call: Call, Params(Cursor { cursor }): Params<Cursor>) -> Result<Reply, Problem> {
    call.permit_role(&permissions::LIST_DEPARTURES).await?;
    let after = after_in(&Query::Departures, cursor.as_deref())?;
    let (departures, next) = call.store().departures(after.as_deref(), ITEMS_MAX).await?;
    let line = |Departure { mentor, leaves_on, unplaced, .. }| DepartureLine { mentor, leaves_on, unplaced };
    Reply::ok(&List::page(departures.into_iter().map(line).collect(), next))
}

async fn view(call: &Call, departure: &Departure) -> Result<DepartureView, Problem> {
    let Departure { mentor, leaves_on, said_at, unplaced } = *departure;
    let seats = call.store().seats(mentor).await?;
    let ids = Vec::from_iter(seats.value.taken.keys().copied());
    let enrollments = call.store().enrollments_for_job(&ids).await?;
    let students = enrollments.iter().map(|item| HandedOver {
        enrollment: item.value.id,
        next_mentor: item.value.mentor_on(leaves_on).filter(|next| *next != mentor),
    });
    Ok(DepartureView { mentor, leaves_on, said_at, unplaced, students: students.collect() })
}

impl From<DepartureRefused> for Problem {
    fn from(refused: DepartureRefused) -> Self {
        Self::field("/leaves_on", format!("{refused}."))
    }
}
