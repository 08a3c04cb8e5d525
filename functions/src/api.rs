//! The routes, put together: what each Lambda mounts, and the local server both.

use std::time::Duration;

use axum::extract::State;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Description;
use utoipa_axum::router::OpenApiRouter;

use crate::App;
use crate::manners::{manners, nowhere};
use crate::problem::{Code, Problem, ProblemBody};
use crate::{
    assignments, availability, awards, bank_reports, calendars, capacity, catalog, claims, commitments,
    companion, conflicts, debit_files, defenses, departures, enrollments, fairness, invoices, ledger,
    pairings, people, queue, runs, sessions, statements, stripe, submissions, uploads, video, web,
};

/// The API's own words about itself.
#[derive(OpenApi)]
#[openapi(
    info(title = "Compagnon", description = "An open platform for degrees earned by doing."),
    components(schemas(ProblemBody))
)]
struct About;

/// What Lambda `enrollment` mounts: catalog, people, enrollment, claims, billing, award, planning.
pub fn enrollment() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(catalog::routes())
        .merge(people::routes())
        .merge(conflicts::routes())
        .merge(assignments::routes())
        .merge(departures::routes())
        .merge(pairings::routes())
        .merge(enrollments::routes())
        .merge(claims::routes())
        .merge(invoices::routes())
        .merge(stripe::routes())
        .merge(runs::routes())
        .merge(debit_files::routes())
        .merge(bank_reports::routes())
        .merge(ledger::routes())
        .merge(awards::routes())
        .merge(queue::routes())
        .merge(capacity::routes())
}

/// What Lambda `submission` mounts: uploads, submissions, sessions, defenses, statements of pay.
pub fn submission() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(uploads::routes())
        .merge(companion::routes())
        .merge(submissions::routes())
        .merge(availability::routes())
        .merge(sessions::routes())
        .merge(commitments::routes())
        .merge(video::routes())
        .merge(fairness::routes())
        .merge(calendars::routes())
        .merge(defenses::routes())
        .merge(statements::routes())
}

/// Both, for one machine and for the description.
pub fn whole() -> OpenApiRouter<App> {
    enrollment().merge(submission())
}

/// A router that answers, with the manners that hold for every request, and the page.
pub fn serve(routes: OpenApiRouter<App>, app: App) -> Router {
    let (router, _) = routes.split_for_parts();
    let router = router.route("/openapi.json", get(described)).fallback(nowhere);
    // Around the whole router, not each route: what the router itself refuses has manners too.
    let whole = Router::new().fallback_service(router.with_state(app.clone()));
    // The page needs neither clock nor table, and a probe has to be answered without them.
    let probes = Router::new().route("/healthz", get(alive)).route("/readyz", get(ready));
    let probes = probes.with_state(app.clone());
    let page = web::routes().layer(from_fn_with_state(app.clone(), web::confine));
    whole.layer(from_fn_with_state(app, manners)).merge(probes).merge(page)
}

/// The description of the whole API (OpenAPI 3.1).
pub fn description() -> Description {
    let described = OpenApiRouter::with_openapi(About::openapi()).merge(whole());
    described.into_openapi()
}

/// `GET /openapi.json`.
async fn described() -> Json<Description> {
    Json(description())
}

/// `GET /healthz`: the process answers.
async fn alive() -> &'static str {
    "ok"
}

/// The longest that table and buckets may take to answer before requests should go elsewhere.
const READY_WITHIN: Duration = Duration::from_secs(2);

/// `GET /readyz`: the table and the buckets answer too.
async fn ready(State(app): State<App>) -> Response {
    match tokio::time::timeout(READY_WITHIN, app.store.answers()).await {
        Ok(Ok(())) => "ok".into_response(),
        Ok(Err(error)) => Problem::from(error).respond("readyz"),
        Err(_) => Problem::new(Code::Unavailable, "The store does not answer in time.").respond("readyz"),
    }
}
