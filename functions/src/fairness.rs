//! Whether juries judge alike, for staff.

pub mod plot; // it as a picture
pub mod view; // it as JSON
pub mod words; // it in sentences

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use domain::fairness::{Fairness, JuryFacts};
use domain::statement::Month;
use domain::time::Zone;
use jiff::ToSpan;
use serde::Deserialize;
use storage::fairness::FactsRefused;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::call::Call;
use crate::manners::names;
use crate::params::Params;
use crate::permissions;
use crate::problem::{Code, Problem};
use crate::reply::Reply;
use crate::schema::Refusals;
use view::FairnessView;

/// The routes of this topic.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get_fairness))
}

/// Months that are compared where nobody says which: the last year.
const MONTHS_USUAL: i64 = 12;
/// The most months that are compared at once.
const MONTHS_MAX: i64 = 36;

const SVG: HeaderValue = HeaderValue::from_static("image/svg+xml");

/// Which defenses are compared, by the month in which the juror's verdict was given (UTC).
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct FairnessParams {
    /// The first month, such as `2027-01`; eleven before the last, if left out.
    #[param(value_type = Option<String>)]
    from: Option<Month>,
    /// The last month; this one, if left out.
    #[param(value_type = Option<String>)]
    to: Option<Month>,
}

impl FairnessParams {
    fn months(&self, now: jiff::Timestamp) -> Result<(Month, Month), Problem> {
        let to = self.to.unwrap_or_else(|| Month::of(Zone::utc().date_at(now)));
        let back = |months: i64| Month::of(to.first().saturating_sub((months - 1).months()));
        let from = self.from.unwrap_or_else(|| back(MONTHS_USUAL));
        if from > to || from < back(MONTHS_MAX) {
            let detail = format!("Expected `from` up to `to`, and at most {MONTHS_MAX} months.");
            return Err(Problem::new(Code::InvalidParameter, detail));
        }
        Ok((from, to))
    }
}

/// Compares how juries judge: agreement of mentor and juror by criterion, pass rates by juror, edition and market with
/// their intervals, and what differs by more than chance. An alarm is a reason to watch recordings together, and no
/// finding. Jurors are named by their ids, students not at all.
#[utoipa::path(get, path = "/v1/admin/juries/fairness", tag = "defenses", params(FairnessParams),
    responses((status = 200, description = "The comparison, or with `Accept: image/svg+xml` its plot",
        content((FairnessView = "application/json"), (String = "image/svg+xml"))), Refusals))]
async fn get_fairness(
    call: Call,
    headers: HeaderMap,
    Params(params): Params<FairnessParams>,
) -> Result<Response, Problem> {
    call.permit_role(&permissions::GET_FAIRNESS).await?;
    let (from, to) = params.months(call.now)?;
    let facts = call.store().jury_facts(from, to).await?;
    let plotted = names(&headers, header::ACCEPT, "image/svg+xml");
    // A hundred thousand defenses take seconds, for which nobody else should wait.
    let compared = tokio::task::spawn_blocking(move || answer(&facts, plotted)).await;
    compared.map_err(|error| broken(&error))?
}

fn answer(facts: &JuryFacts, plotted: bool) -> Result<Response, Problem> {
    let fairness = Fairness::of(facts);
    if plotted {
        let svg = plot::draw(&fairness).map_err(|error| broken(&error))?;
        return Ok(([(header::CONTENT_TYPE, SVG)], svg).into_response());
    }
    Ok(Reply::ok(&FairnessView::of(&fairness))?.into_response())
}

fn broken(error: &impl std::error::Error) -> Problem {
    tracing::error!(%error, "a comparison of juries broke off");
    Problem::new(Code::Internal, "The comparison could not be made. We have been told.")
}

impl From<FactsRefused> for Problem {
    fn from(refused: FactsRefused) -> Self {
        match refused {
            FactsRefused::TooMany(_) => Self::new(Code::InvalidParameter, format!("{refused}.")),
            FactsRefused::Store(error) => error.into(),
        }
    }
}
