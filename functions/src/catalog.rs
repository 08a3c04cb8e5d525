//! The catalog that anyone may read, and what a path through it takes and costs.

mod editions; // the bounded cache that every request reads through
mod views; // editions as they are shown

use axum::http::StatusCode;
use domain::catalog::Language;
use domain::id::{EditionId, SkillId};
use domain::plan::{Plan, PlanError, Wish};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use editions::Editions;
pub use views::{EditionView, PlanView};

use crate::App;
use crate::body::Json;
use crate::call::Call;
use crate::page::List;
use crate::params::{At, Params};
use crate::permissions;
use crate::problem::{Code, Problem};
use crate::reply::Reply;
use crate::schema::Refusals;

/// The routes of this topic.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_editions)).routes(routes!(get_edition)).routes(routes!(quote))
}

/// Which editions.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct EditionsWanted {
    /// Only those for this market.
    #[param(example = "GB")]
    market: Option<String>,
    /// Only those published in this language.
    #[param(example = "en")]
    language: Option<String>,
}

/// Lists the editions that students may enroll in.
#[utoipa::path(get, path = "/v1/editions", tag = "catalog", params(EditionsWanted),
    responses((status = 200, description = "The editions", body = List<EditionView>), Refusals))]
async fn list_editions(call: Call, Params(wanted): Params<EditionsWanted>) -> Result<Reply, Problem> {
    call.permit_role(&permissions::LIST_EDITIONS).await?;
    let all = call.app.catalog.published(&call).await?;
    let today = domain::time::Zone::utc().date_at(call.now);
    let fits =
        |language: &Language| wanted.language.as_deref().is_none_or(|wanted| wanted == language.as_str());
    let shown = all
        .iter()
        .filter(|edition| {
            wanted.market.as_deref().is_none_or(|market| market == edition.edition.market.as_str())
        })
        .filter(|edition| edition.edition.published_languages().any(fits));
    Reply::ok(&List::whole(shown.map(|edition| EditionView::of(edition, today)).collect()))
}

/// Shows an edition.
#[utoipa::path(get, path = "/v1/editions/{id}", tag = "catalog", params(("id" = String, Path)),
    responses((status = 200, description = "The edition, its version as its ETag", body = EditionView), Refusals))]
async fn get_edition(call: Call, At(id): At<EditionId>) -> Result<Reply, Problem> {
    call.permit_role(&permissions::GET_EDITION).await?;
    let edition = call.app.catalog.latest(&call, &id).await?.ok_or_else(Problem::not_found)?;
    let today = domain::time::Zone::utc().date_at(call.now);
    Ok(Reply::ok(&EditionView::of(&edition, today))?.at(u64::from(edition.edition.version)))
}

/// What a visitor asks a quote for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct QuoteBody {
    /// Which edition.
    #[schema(value_type = String, example = "web-development-gb")]
    edition: EditionId,
    /// In which language.
    #[schema(value_type = String, example = "en")]
    language: Language,
    /// Skills from earlier learning, as if they were recognized.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    recognized_skills: Vec<SkillId>,
    /// Hours of study for a week.
    #[schema(example = 20)]
    hours_per_week: u32,
}

/// Quotes months and cost of a path, and explains them.
#[utoipa::path(post, path = "/v1/quotes", tag = "catalog", request_body = QuoteBody,
    responses((status = 200, description = "The quote", body = PlanView), Refusals))]
async fn quote(call: Call, Json(body): Json<QuoteBody>) -> Result<Reply, Problem> {
    call.permit_role(&permissions::QUOTE).await?;
    let edition = call.app.catalog.latest(&call, &body.edition).await?.ok_or_else(unknown_edition)?;
    edition.edition.open_in(&body.language)?;
    let wish = Wish { recognized_skills: &body.recognized_skills, hours_per_week: body.hours_per_week };
    let today = domain::time::Zone::utc().date_at(call.now);
    let price = edition.price_on(today).ok_or_else(no_price)?;
    Reply::new(StatusCode::OK, &PlanView::from(Plan::new(&edition, price.monthly, &wish)?))
}

/// No edition has the id that a body names.
pub fn unknown_edition() -> Problem {
    Problem::at_field(Code::InvalidField, "/edition", "There is no edition with this id.")
}

/// The edition has no price today.
pub fn no_price() -> Problem {
    Problem::new(Code::EditionNotPublished, "The edition has no price today.")
}

impl From<PlanError> for Problem {
    fn from(error: PlanError) -> Self {
        Self::field(error.pointer(), format!("{error}."))
    }
}

impl From<domain::catalog::NotPublished> for Problem {
    fn from(refused: domain::catalog::NotPublished) -> Self {
        Self::new(Code::EditionNotPublished, format!("{refused}."))
    }
}
