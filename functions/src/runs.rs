//! Billing runs: finance looks at a date's invoices before it begins, and asks for them again after.

use axum::http::StatusCode;
use domain::billing::run::{RunMode, RunReport, RunShard, a_month_before, begins_anywhere_at};
use domain::id::RunId;
use domain::job::Job;
use domain::money::{Money, MoneyError};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use storage::clock::new_uuid;
use storage::idempotency::Asked;
use storage::invoice::InvoiceRefusal;
use storage::{Item, Refused, Stored};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::body::Json;
use crate::call::Call;
use crate::params::At;
use crate::permissions;
use crate::problem::{Code, Problem};
use crate::reply::Reply;
use crate::schema::{MoneySchema, Refusals};

/// The routes of this topic.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(create_billing_run)).routes(routes!(get_billing_run))
}

/// Which date.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RunBody {
    /// The civil date on which the periods begin.
    #[schema(value_type = String, format = Date)]
    date: Date,
    /// Only count what would be written.
    #[serde(default)]
    dry_run: bool,
}

/// A billing run.
#[derive(Debug, Serialize, ToSchema)]
struct RunView {
    id: String,
    #[schema(value_type = String, format = Date)]
    date: Date,
    dry_run: bool,
    /// `running` until the date has begun in every zone, then `done` or `done_with_parked`.
    #[schema(example = "done")]
    state: &'static str,
    /// How many shares of the enrollments it has looked at.
    shards: usize,
    /// How many invoices it wrote or, in a dry run, counted.
    invoices: u64,
    /// How many enrollments could not be billed.
    parked: u64,
    /// Why, for the first hundred of each shard.
    parked_enrollments: Vec<ParkedView>,
    /// Sums of the invoices, one per currency.
    #[schema(value_type = Vec<MoneySchema>)]
    totals: Vec<Money>,
    /// The run of the same day a month earlier, to compare with; null where there was none.
    last_month: Option<LastMonthView>,
}

#[derive(Debug, Serialize, ToSchema)]
struct ParkedView {
    enrollment: String,
    reason: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct LastMonthView {
    id: String,
    #[schema(value_type = String, format = Date)]
    date: Date,
    invoices: u64,
    #[schema(value_type = Vec<MoneySchema>)]
    totals: Vec<Money>,
}

/// Asks for a run over a date. Every date with something due is billed without being asked; asking
/// again tries again what was parked, and writes nothing twice.
#[utoipa::path(post, path = "/v1/admin/billing/runs", tag = "billing", request_body = RunBody,
    responses((status = 201, description = "The run", body = RunView),
        (status = 200, description = "The run over this date, which was there already", body = RunView), Refusals))]
async fn create_billing_run(call: Call, Json(body): Json<RunBody>) -> Result<Reply, Problem> {
    call.permit_role(&permissions::CREATE_BILLING_RUN).await?;
    let (run, status) = if body.dry_run {
        (ask_dry_run(&call, body.date).await?, StatusCode::CREATED)
    } else {
        ask_run(&call, body.date).await?
    };
    let shards = call.store().run(run).await?;
    let location = Some(format!("/v1/admin/billing/runs/{run}"));
    let reply = Reply { location, status, ..shown(&call, run, &shards).await? };
    let by = call.person()?.to_string();
    let of = shards.first().map(|shard| shard.value.key()).ok_or_else(Problem::changed)?;
    let transaction = call.store().transaction::<Problem>();
    call.commit(transaction.audit(&of, "create_billing_run", &by, call.now), reply).await
}

/// Asks for a new dry run; under a key that was given before, for the same one.
async fn ask_dry_run(call: &Call, on: Date) -> Result<RunId, Problem> {
    let run = match &call.asked {
        Some(Asked { person, key, .. }) => RunId::derived(&[&person.to_string(), &key.0]),
        None => RunId::new(new_uuid(call.machine_now)),
    };
    for shard in 0..call.store().billing_shards() {
        let there = InvoiceRefusal::RunChanged;
        let transaction = call.store().transaction().create(&RunShard::dry(run, on, shard), there);
        match transaction.enqueue_once(&Job::DryRun { run, shard }, call.now, there).commit().await {
            Ok(()) | Err(Refused::By(InvoiceRefusal::RunChanged)) => {}
            Err(refused) => return Err(refused.into()),
        }
    }
    Ok(run)
}

/// Asks each shard to look again, and says whether one had looked before.
async fn ask_run(call: &Call, on: Date) -> Result<(RunId, StatusCode), Problem> {
    let begins_at = begins_anywhere_at(on);
    if call.now < begins_at {
        let detail = format!("{on} begins nowhere before {begins_at}; a dry run counts what it will bring.");
        return Err(Problem::field("/date", detail));
    }
    let mut status = StatusCode::OK;
    for shard in 0..call.store().billing_shards() {
        let first = RunShard::of_date(on, shard);
        let begun = call.store().transaction().create(&first, InvoiceRefusal::RunChanged).commit().await;
        match begun {
            Ok(()) => status = StatusCode::CREATED,
            Err(Refused::By(InvoiceRefusal::RunChanged)) => {}
            Err(refused) => return Err(refused.into()),
        }
        call.store().transaction::<Problem>().ask_run(on, shard).commit().await?;
        call.store().hasten(&Job::BillingRun { on, shard }, call.now).await?;
    }
    Ok((RunId::of_date(on), status))
}

/// Shows a run.
#[utoipa::path(get, path = "/v1/admin/billing/runs/{id}", tag = "billing", params(("id" = String, Path)),
    responses((status = 200, description = "The run", body = RunView), Refusals))]
async fn get_billing_run(call: Call, At(id): At<RunId>) -> Result<Reply, Problem> {
    call.permit_role(&permissions::GET_BILLING_RUN).await?;
    let shards = call.store().run(id).await?;
    shown(&call, id, &shards).await
}

async fn shown(call: &Call, id: RunId, shards: &[Item<RunShard>]) -> Result<Reply, Problem> {
    let Some(Item { value: RunShard { on, mode, .. }, .. }) = shards.first() else {
        return Err(Problem::not_found());
    };
    let report = RunReport::of(shards.iter().map(|shard| &shard.value))?;
    let parked = |(enrollment, reason): (domain::id::EnrollmentId, String)| ParkedView {
        enrollment: enrollment.to_string(),
        reason,
    };
    let view = RunView {
        id: id.to_string(),
        date: *on,
        dry_run: *mode != RunMode::Bill,
        state: report.state.word(),
        shards: shards.len(),
        invoices: report.tally.invoices,
        parked: report.parked_count,
        parked_enrollments: report.parked.into_iter().map(parked).collect(),
        totals: report.tally.totals,
        last_month: last_month(call, *on).await?,
    };
    Ok(Reply::ok(&view)?.at(shards.iter().map(|shard| shard.revision).sum()))
}

async fn last_month(call: &Call, on: Date) -> Result<Option<LastMonthView>, Problem> {
    let date = a_month_before(on);
    let shards = call.store().run(RunId::of_date(date)).await?;
    if shards.is_empty() {
        return Ok(None);
    }
    let tally = RunReport::of(shards.iter().map(|shard| &shard.value))?.tally;
    let id = RunId::of_date(date).to_string();
    Ok(Some(LastMonthView { id, date, invoices: tally.invoices, totals: tally.totals }))
}

impl From<MoneyError> for Problem {
    fn from(error: MoneyError) -> Self {
        tracing::error!(%error, "a run's sums cannot be added");
        Self::new(Code::Internal, "The sums could not be added. We have been told.")
    }
}
