//! Billing runs: finance looks at a date's invoices before it begins, and asks for them again after.

use axum::http::StatusCode;
use domain::billing::run::{RunReport, RunShard, RunState, a_month_before, begins_anywhere_at};
use domain::id::RunId;
use domain::job::Job;
use domain::money::{Money, MoneyError};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use storage::clock::new_uuid;
use storage::idempotency::Asked;
use storage::invoice::InvoiceRefusal;
use storage::run::RunDate;
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
    OpenApiRouter::new()
        .routes(routes!(create_billing_run))
        .routes(routes!(get_billing_run))
        .routes(routes!(release_billing_run))
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
    /// `running` until the date has begun in every zone, then `done` or `done_with_parked`;
    /// `waiting_for_finance` where its drafts differ from their forecast by over a fifth.
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
    /// What was foreseen for those for whom the date has begun, sums per currency; null where nobody looked
    /// before it began anywhere.
    expected: Option<ExpectedView>,
    /// The run of each legal entity that has one.
    entities: Vec<EntityRunView>,
    /// The run of the same day a month earlier, to compare with; null where there was none.
    last_month: Option<LastMonthView>,
}

#[derive(Debug, Serialize, ToSchema)]
struct ParkedView {
    enrollment: String,
    reason: String,
}

/// What was foreseen.
#[derive(Debug, Serialize, ToSchema)]
struct ExpectedView {
    invoices: u64,
    #[schema(value_type = Vec<MoneySchema>)]
    totals: Vec<Money>,
}

/// The run of one legal entity.
#[derive(Debug, Serialize, ToSchema)]
struct EntityRunView {
    id: String,
    #[schema(example = "GB")]
    entity: String,
    state: &'static str,
    invoices: u64,
    parked: u64,
    #[schema(value_type = Vec<MoneySchema>)]
    totals: Vec<Money>,
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
    let entities = call.app.catalog.markets(&call).await?;
    let run = if body.dry_run { dry_run_id(&call) } else { RunId::of_date(body.date) };
    let asked = RunDate { run, on: body.date, dry_run: body.dry_run, entities };
    let status = if body.dry_run {
        ask_dry_run(&call, &asked).await?;
        StatusCode::CREATED
    } else {
        ask_run(&call, &asked).await?
    };
    let location = Some(format!("/v1/admin/billing/runs/{run}"));
    let reply = Reply { location, status, ..shown(&call, &asked).await? };
    let by = call.person()?.to_string();
    let transaction = call.store().transaction::<Problem>().set(&asked);
    call.commit(transaction.audit(&asked.key(), "create_billing_run", &by, call.now), reply).await
}

/// The id of a new dry run; under a key that was given before, of the same one.
fn dry_run_id(call: &Call) -> RunId {
    match &call.asked {
        Some(Asked { person, key, .. }) => RunId::derived(&[&person.to_string(), &key.0]),
        None => RunId::new(new_uuid(call.machine_now)),
    }
}

/// Asks for each shard of a dry run, once.
async fn ask_dry_run(call: &Call, asked: &RunDate) -> Result<(), Problem> {
    let there = InvoiceRefusal::RunChanged;
    for (entity, shard) in shards(call, asked) {
        let job = Job::DryRun { run: asked.run, entity: entity.clone(), shard };
        let first = RunShard::dry(asked.run, &entity, asked.on, shard);
        let transaction = call.store().transaction().create(&first, there);
        match transaction.enqueue_once(&job, call.now, there).commit().await {
            Ok(()) | Err(Refused::By(InvoiceRefusal::RunChanged)) => {}
            Err(refused) => return Err(refused.into()),
        }
    }
    Ok(())
}

/// Asks each shard to look again, and says whether one had looked before.
async fn ask_run(call: &Call, asked: &RunDate) -> Result<StatusCode, Problem> {
    let (on, begins_at) = (asked.on, begins_anywhere_at(asked.on));
    if call.now < begins_at {
        let detail = format!("{on} begins nowhere before {begins_at}; a dry run counts what it will bring.");
        return Err(Problem::field("/date", detail));
    }
    let mut status = StatusCode::CREATED;
    for (entity, shard) in shards(call, asked) {
        let first = RunShard::of_date(&entity, on, shard);
        let begun = call.store().transaction().create(&first, InvoiceRefusal::RunChanged).commit().await;
        match begun {
            Ok(()) => {}
            Err(Refused::By(InvoiceRefusal::RunChanged)) => status = StatusCode::OK,
            Err(refused) => return Err(refused.into()),
        }
        call.store().transaction::<Problem>().ask_run(&entity, on, shard).commit().await?;
        call.store().hasten(&Job::BillingRun { entity, on, shard }, call.now).await?;
    }
    Ok(status)
}

/// Every shard of every legal entity.
fn shards(call: &Call, asked: &RunDate) -> impl Iterator<Item = (String, u16)> {
    let shards = call.store().billing_shards();
    let each = asked.entities.clone().into_iter();
    each.flat_map(move |entity| (0..shards).map(move |shard| (entity.clone(), shard)))
}

/// Shows a run.
#[utoipa::path(get, path = "/v1/admin/billing/runs/{id}", tag = "billing", params(("id" = String, Path)),
    responses((status = 200, description = "The run", body = RunView), Refusals))]
async fn get_billing_run(call: Call, At(id): At<RunId>) -> Result<Reply, Problem> {
    call.permit_role(&permissions::GET_BILLING_RUN).await?;
    let asked = match call.store().run_date(id).await? {
        Some(asked) => asked.value,
        None => of_one_entity(&call, id).await?,
    };
    shown(&call, &asked).await
}

/// Why it is right.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReleaseBody {
    /// As it stands in the trail.
    reason: String,
}

/// Lets a run go on that differs from its forecast: its drafts get their numbers.
#[utoipa::path(post, path = "/v1/admin/billing/runs/{id}/release", tag = "billing", params(("id" = String, Path)),
    request_body = ReleaseBody, responses((status = 200, description = "The run", body = RunView), Refusals))]
async fn release_billing_run(
    call: Call,
    At(id): At<RunId>,
    Json(body): Json<ReleaseBody>,
) -> Result<Reply, Problem> {
    call.permit_role(&permissions::RELEASE_BILLING_RUN).await?;
    if body.reason.trim().is_empty() || body.reason.len() > 500 {
        return Err(Problem::field("/reason", "Expected 1 to 500 characters."));
    }
    let asked = match call.store().run_date(id).await? {
        Some(asked) => asked.value,
        None => of_one_entity(&call, id).await?,
    };
    let by = call.person()?.to_string();
    for (entity, shards) in read(&call, &asked).await? {
        if shards.is_empty() || report(&shards)?.state != RunState::WaitingForFinance {
            continue;
        }
        let number = Job::NumberInvoices { entity, on: asked.on };
        for shard in shards {
            let key = shard.value.key();
            let released = RunShard { released: true, ..shard.value.clone() };
            let action = format!("release_billing_run: {}", body.reason.trim());
            let transaction = call.store().transaction::<Problem>();
            let transaction = transaction.save(&shard.with(released), Problem::changed());
            transaction.audit(&key, &action, &by, call.now).commit().await?;
        }
        let transaction = call.store().transaction::<Problem>();
        transaction.enqueue(&number, call.now).commit().await?;
    }
    shown(&call, &asked).await
}

/// The run of one legal entity, under its own id.
async fn of_one_entity(call: &Call, run: RunId) -> Result<RunDate, Problem> {
    let first = call.store().run(run).await?.into_iter().next().ok_or_else(Problem::not_found)?.value;
    Ok(RunDate { run, on: first.on, dry_run: false, entities: vec![first.entity] })
}

/// A run's shards, by legal entity.
async fn read(call: &Call, asked: &RunDate) -> Result<Vec<(String, Vec<Item<RunShard>>)>, Problem> {
    if asked.dry_run {
        let all = call.store().run(asked.run).await?;
        let of = |entity: &String| all.iter().filter(|it| it.value.entity == *entity).cloned().collect();
        return Ok(asked.entities.iter().map(|entity| (entity.clone(), of(entity))).collect());
    }
    let mut runs = Vec::with_capacity(asked.entities.len());
    for entity in &asked.entities {
        runs.push((entity.clone(), call.store().run(RunId::of(entity, asked.on)).await?));
    }
    Ok(runs)
}

fn report(shards: &[Item<RunShard>]) -> Result<RunReport, Problem> {
    Ok(RunReport::of(shards.iter().map(|shard| &shard.value))?)
}

async fn shown(call: &Call, asked: &RunDate) -> Result<Reply, Problem> {
    let runs = read(call, asked).await?;
    let all = Vec::from_iter(runs.iter().flat_map(|(_, shards)| shards.clone()));
    let whole = report(&all)?;
    let parked = |(enrollment, reason): (domain::id::EnrollmentId, String)| ParkedView {
        enrollment: enrollment.to_string(),
        reason,
    };
    let (mut entities, mut state) = (Vec::with_capacity(runs.len()), RunState::Done);
    for (entity, shards) in runs.into_iter().filter(|(_, shards)| !shards.is_empty()) {
        let report = report(&shards)?;
        state = state.max(report.state);
        let id = if asked.dry_run { asked.run } else { RunId::of(&entity, asked.on) };
        entities.push(EntityRunView {
            id: id.to_string(),
            entity,
            state: report.state.word(),
            invoices: report.tally.invoices,
            parked: report.parked_count,
            totals: report.tally.totals,
        });
    }
    let view = RunView {
        id: asked.run.to_string(),
        date: asked.on,
        dry_run: asked.dry_run,
        state: state.word(),
        shards: all.len(),
        invoices: whole.tally.invoices,
        parked: whole.parked_count,
        parked_enrollments: whole.parked.into_iter().map(parked).collect(),
        totals: whole.tally.totals,
        expected: whole
            .expected
            .map(|expected| ExpectedView { invoices: expected.invoices, totals: expected.totals }),
        entities,
        last_month: last_month(call, asked).await?,
    };
    Ok(Reply::ok(&view)?.at(all.iter().map(|shard| shard.revision).sum()))
}

async fn last_month(call: &Call, asked: &RunDate) -> Result<Option<LastMonthView>, Problem> {
    let date = a_month_before(asked.on);
    let before =
        RunDate { run: RunId::of_date(date), on: date, dry_run: false, entities: asked.entities.clone() };
    let shards = Vec::from_iter(read(call, &before).await?.into_iter().flat_map(|(_, shards)| shards));
    if shards.is_empty() {
        return Ok(None);
    }
    let tally = report(&shards)?.tally;
    Ok(Some(LastMonthView {
        id: before.run.to_string(),
        date,
        invoices: tally.invoices,
        totals: tally.totals,
    }))
}

impl From<MoneyError> for Problem {
    fn from(error: MoneyError) -> Self {
        tracing::error!(%error, "a run's sums cannot be added");
        Self::new(Code::Internal, "The sums could not be added. We have been told.")
    }
}
