//! Capacity planning, for staff: how many mentors a forecast asks for, where they are missing, and who could
//! become one. A calculation: nothing is stored.

pub mod plot; // a plan as a picture
pub mod view; // a plan as JSON
pub mod words; // a plan in sentences

mod schema; // a forecast, as the description tells it

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use domain::capacity::{Forecast, InvalidForecast};
use domain::time::Zone;
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

const SVG: HeaderValue = HeaderValue::from_static("image/svg+xml");

/// Plans from a forecast how many mentors are needed, and keeps nothing. The mentors there are come with the
/// forecast as `supply`; without it there are none, and all of the demand is missing.
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
    let plotted = names(&headers, header::ACCEPT, "image/svg+xml");
    // The largest forecast takes a tenth of a second, for which nobody else should wait.
    let planned = tokio::task::spawn_blocking(move || answer(&forecast, today, plotted)).await;
    planned.map_err(|error| broken(&error))?
}

fn answer(forecast: &Forecast, today: jiff::civil::Date, plotted: bool) -> Result<Response, Problem> {
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
