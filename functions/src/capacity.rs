//! Capacity planning, for staff: how many mentors a forecast asks for, where they are missing, and who could
//! become one. A calculation: nothing is stored.

pub mod plot; // a plan as a picture
pub mod view; // a plan as JSON
pub mod words; // a plan in sentences

mod schema; // a forecast, as the description tells it

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use domain::capacity::{Forecast, GROUPS_MAX, InvalidForecast, OwnMentor};
use domain::id::DegreeId;
use domain::pairing::PairingPolicy;
use domain::permission::Role;
use domain::time::Zone;
use jiff::civil::Date;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::body::Json;
use crate::call::Call;
use crate::manners::names;
use crate::permissions;
use crate::problem::{Code, Problem};
use crate::reply::Reply;
use crate::schema::Refusals;
use schema::ForecastSchema;
use view::CapacityPlanView;

/// The routes of this topic.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(create_capacity_plan))
}

/// The most mentors of the school that are counted for a call.
const OWN_MENTORS_MAX: usize = 20_000;

const SVG: HeaderValue = HeaderValue::from_static("image/svg+xml");

/// Plans from a forecast how many mentors are needed, and keeps nothing. The mentors there are come with the
/// forecast as `supply`; without it the school's own are counted, those who may teach the forecast's fields: each with
/// the open hours of an ordinary week, up to a session for every student they may have.
#[utoipa::path(post, path = "/v1/admin/capacity-plans", tag = "capacity", request_body = ForecastSchema,
    responses((status = 200, description = "The plan, or with `Accept: image/svg+xml` its plot",
        content((CapacityPlanView = "application/json"), (String = "image/svg+xml"))), Refusals))]
async fn create_capacity_plan(
    call: Call,
    headers: HeaderMap,
    Json(forecast): Json<Forecast>,
) -> Result<Response, Problem> {
    call.permit_role(&permissions::CREATE_CAPACITY_PLAN).await?;
    let today = Zone::utc().date_at(call.now);
    let forecast = if forecast.supply.is_none() { supplied(&call, forecast, today).await? } else { forecast };
    let plotted = names(&headers, header::ACCEPT, "image/svg+xml");
    // The largest forecast takes a tenth of a second, for which nobody else should wait.
    let planned = tokio::task::spawn_blocking(move || answer(&forecast, today, plotted)).await;
    planned.map_err(|error| broken(&error))?
}

/// The forecast with the school's own mentors.
async fn supplied(call: &Call, forecast: Forecast, today: Date) -> Result<Forecast, Problem> {
    forecast.check()?;
    let degrees =
        forecast.mix.fields().into_iter().filter_map(|field| field.parse::<DegreeId>().ok()).collect();
    let holders = call.store().role_holders(Role::Mentor, &degrees, call.now).await?;
    if OWN_MENTORS_MAX < holders.len() {
        return Err(by_hand(&format!("The school has more than {OWN_MENTORS_MAX} mentors")));
    }
    let staying = call.store().staying(&holders).await?;
    let grouping = tokio::task::spawn_blocking(move || {
        let policy = PairingPolicy::OPENING;
        let own = staying.iter().map(|(degrees, said)| OwnMentor {
            degrees: degrees.as_ref(),
            said,
            students_max: said.capacity(policy.novice_seats_max),
        });
        let on = forecast.starts_on.unwrap_or(today);
        (forecast.groups_of(own, policy.language_level_min, on), forecast)
    });
    let (groups, mut forecast) = grouping.await.map_err(|error| broken(&error))?;
    if GROUPS_MAX < groups.len() {
        return Err(by_hand(&format!("The school's mentors fall into {} groups", groups.len())));
    }
    forecast.supply = Some(groups);
    Ok(forecast)
}

/// More than are counted for a call.
fn by_hand(what: &str) -> Problem {
    let detail = format!("{what}: say them as `supply`, in at most {GROUPS_MAX} groups.");
    Problem::field("/supply", detail)
}

fn answer(forecast: &Forecast, today: Date, plotted: bool) -> Result<Response, Problem> {
    let plan = forecast.plan(today)?;
    if plotted {
        let svg = plot::draw(&plan).map_err(|error| broken(&error))?;
        return Ok(([(header::CONTENT_TYPE, SVG)], svg).into_response());
    }
    Ok(Reply::ok(&CapacityPlanView::of(&plan))?.into_response())
}

fn broken(error: &impl std::error::Error) -> Problem {
    tracing::error!(%error, "a capacity plan broke off");
    Problem::new(Code::Internal, "The plan could not be made. We have been told.")
}

impl From<InvalidForecast> for Problem {
    fn from(refused: InvalidForecast) -> Self {
        let detail = format!("{refused}.");
        Self::field(refused.pointer, detail)
    }
}
