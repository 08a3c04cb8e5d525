//! When mentors, jurors and coaches can meet.

use domain::availability::{Availability, AvailabilityError, Exception, Window};
use domain::permission::Role;
use domain::time::Zone;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::body::Json;
use crate::call::Call;
use crate::permissions;
use crate::problem::{Code, Problem};
use crate::reply::Reply;
use crate::schema::Refusals;

/// The routes of this topic.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get_availability, put_availability))
}

/// Who meets students, and so says when.
const HOSTS: [Role; 3] = [Role::Mentor, Role::Juror, Role::Coach];

/// When a person can meet.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AvailabilityBody {
    /// IANA zone whose clocks the windows are read on.
    #[schema(value_type = String, example = "Europe/Paris")]
    time_zone: Zone,
    /// Windows of every week: `{weekday: "tue", from: "18:00", to: "21:00"}`.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    weekly: Vec<Window>,
    /// Dates that differ: `{date, available, from, to}`; the whole day without `from` and `to`.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    exceptions: Vec<Exception>,
    /// How many students the person takes at a time.
    #[serde(default)]
    seats: u32,
    /// What the person works in.
    #[serde(default)]
    fields: Vec<String>,
    /// BCP 47 codes, best first.
    #[serde(default)]
    languages: Vec<String>,
}

impl AvailabilityBody {
    fn of(availability: &Availability) -> Self {
        let Availability { person: _, time_zone, weekly, exceptions, seats, fields, languages } =
            availability.clone();
        Self { time_zone, weekly, exceptions, seats, fields, languages }
    }
}

/// Reads when one can meet; nothing and no seats before it was written.
#[utoipa::path(get, path = "/v1/people/me/availability", tag = "sessions",
    responses((status = 200, description = "The availability, with an ETag", body = AvailabilityBody), Refusals))]
async fn get_availability(call: Call) -> Result<Reply, Problem> {
    let loaded = call.store().availability(call.person()?).await?;
    let item = call.permit(&permissions::GET_AVAILABILITY, loaded).await?;
    Ok(Reply::ok(&AvailabilityBody::of(&item.value))?.at(item.revision))
}

/// Writes when one can meet. Sessions that are booked stay booked.
#[utoipa::path(put, path = "/v1/people/me/availability", tag = "sessions", request_body = AvailabilityBody,
    responses((status = 200, description = "The availability as it is now", body = AvailabilityBody), Refusals))]
async fn put_availability(call: Call, Json(body): Json<AvailabilityBody>) -> Result<Reply, Problem> {
    let person = call.person()?;
    let loaded = call.store().availability(person).await?;
    let item = call.permit(&permissions::PUT_AVAILABILITY, loaded).await?.into_inner();
    if !call.grants(person).await?.iter().any(|grant| grant.counts_as(&HOSTS, call.now)) {
        let detail = "Mentors, jurors and coaches say when they can meet; you have none of these roles.";
        return Err(Problem::new(Code::Forbidden, detail));
    }
    call.expect_sent(&item)?;
    let AvailabilityBody { time_zone, weekly, exceptions, seats, fields, languages } = body;
    let written = Availability { person, time_zone, weekly, exceptions, seats, fields, languages };
    written.check()?;
    let reply = Reply::ok(&AvailabilityBody::of(&written))?.at(item.revision + 1);
    call.commit(call.store().keep_availability(&item.with(written), Problem::changed()), reply).await
}

impl From<AvailabilityError> for Problem {
    fn from(error: AvailabilityError) -> Self {
        Self::field(error.pointer(), format!("{error}."))
    }
}
