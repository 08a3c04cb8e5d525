//! What mentors, coaches and jurors are paid: statements as they and finance read them.

mod acts; // objected to, approved, paid, adjusted
mod views; // a statement as it is shown

use std::collections::BTreeMap;

use domain::attempt::Attempt;
use domain::id::{EnrollmentId, PersonId, StatementId};
use domain::invoice::LegalEntity;
use domain::permission::{Action, Permitted};
use domain::statement::{Month, Payee, StateError, Stated, Statement, Student};
use serde::Deserialize;
use storage::Item;
use storage::key::Query;
use storage::statement::{Stage, Work};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use views::{StatementSummary, StatementView};

use crate::App;
use crate::call::Call;
use crate::page::{Cursor, ITEMS_MAX, List, after, after_in};
use crate::params::{At, Params};
use crate::permissions;
use crate::problem::{Code, Problem};
use crate::reply::Reply;
use crate::schema::Refusals;

/// The routes of this topic.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_statements))
        .routes(routes!(get_current_statement))
        .routes(routes!(get_statement))
        .routes(routes!(list_due_statements))
        .routes(routes!(acts::object_to_statement))
        .routes(routes!(acts::approve_statement))
        .routes(routes!(acts::pay_statement))
        .routes(routes!(acts::adjust_statement))
}

/// Whose, and where to read on.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct StatementsParams {
    /// Whose; one's own without it.
    #[param(value_type = Option<String>)]
    person: Option<PersonId>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Lists what somebody is paid by month, the latest first: one's own, or, for finance, anyone's. A month that
/// is not closed is listed once something corrects an earlier one in it.
#[utoipa::path(get, path = "/v1/statements", tag = "statements", params(StatementsParams),
    responses((status = 200, description = "The statements", body = List<StatementSummary>), Refusals))]
async fn list_statements(call: Call, Params(params): Params<StatementsParams>) -> Result<Reply, Problem> {
    let person = params.person.map_or_else(|| call.person(), Ok)?;
    let after = after_in(&Query::PersonStatements(person), params.cursor.as_deref())?;
    let loaded = call.store().statements_of(person, after.as_deref(), ITEMS_MAX).await?;
    let page = call.permit(&permissions::LIST_STATEMENTS, loaded).await?.into_inner();
    let views = page.statements.iter().map(|item| StatementSummary::of(&item.value));
    Reply::ok(&List::page(views.collect(), page.next))
}

/// Whose, by which legal entity, and where to read on.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct CurrentParams {
    /// The legal entity that pays.
    #[param(example = "FR")]
    entity: String,
    /// Whose; one's own without it.
    #[param(value_type = Option<String>)]
    person: Option<PersonId>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Shows this month's statement as it would be closed now: the events that are over so far. Its total is said
/// where they are all on one page.
#[utoipa::path(get, path = "/v1/statements/current", tag = "statements", params(CurrentParams),
    responses((status = 200, description = "The statement so far", body = StatementView), Refusals))]
async fn get_current_statement(call: Call, Params(params): Params<CurrentParams>) -> Result<Reply, Problem> {
    let person = params.person.map_or_else(|| call.person(), Ok)?;
    let entity = payer(&params.entity)?;
    let month = Month::of(entity.zone.date_at(call.now));
    let open = Statement::open(person, entity.clone(), month);
    let loaded = call.store().statement_or(open).await?;
    let item = call.permit(&permissions::GET_CURRENT_STATEMENT, loaded).await?;
    let beyond = |_| Problem::new(Code::Internal, "This month is outside the calendar.");
    let (from, to) = month.span(&entity.zone).map_err(beyond)?;
    let after = match params.cursor.as_deref() {
        None => None,
        cursor => match after_in(&Query::PersonSessions { person, from, to }, cursor) {
            Err(_) => after_in(&Query::PersonDuties { person, from, to }, cursor)?,
            key => key?,
        },
    };
    let work = call.store().work_of(person, (from, to), after.as_deref(), ITEMS_MAX).await?;
    let stated = stated(&call, Payee { person, entity: &entity }, &work).await?;
    let is_first = after.is_none();
    Reply::ok(&StatementView::so_far(&item.value, stated, is_first, work.next)?)
}

/// The lines of events as they count now.
async fn stated(call: &Call, payee: Payee<'_>, work: &Work) -> Result<Stated, Problem> {
    let places = call.store().enrollments_at(work.enrollments().into_iter()).await?;
    let mut editions = BTreeMap::new();
    for place in places.values().map(|item| &item.value) {
        let edition = call.app.catalog.version(call, &place.edition, place.version).await?;
        editions.insert(place.id, edition);
    }
    let paths = editions.iter().map(|(enrollment, edition)| (*enrollment, edition.path()));
    let mut attempts: BTreeMap<EnrollmentId, Vec<Attempt>> = BTreeMap::new();
    for attempt in call.store().attempts_at(paths).await? {
        attempts.entry(attempt.enrollment).or_default().push(attempt);
    }
    let students = places.values().filter_map(|item| {
        let attempts = attempts.get(&item.value.id).map(Vec::as_slice).unwrap_or_default();
        Some(Student { enrollment: &item.value, attempts, edition: editions.get(&item.value.id)? })
    });
    Ok(payee.lines(&work.sessions, &work.duties, &Vec::from_iter(students), call.now)?)
}

/// Shows a statement with a page of its lines, each with what its amount is worked out from.
#[utoipa::path(get, path = "/v1/statements/{id}", tag = "statements", params(("id" = String, Path), Cursor),
    responses((status = 200, description = "The statement", body = StatementView), Refusals))]
async fn get_statement(
    call: Call,
    At(id): At<StatementId>,
    Params(params): Params<Cursor>,
) -> Result<Reply, Problem> {
    let item = statement(&call, &permissions::GET_STATEMENT, id).await?;
    let pages = item.value.closing().map_or(0, |closing| closing.pages);
    let page = match after(params.cursor.as_deref())? {
        None => 1,
        Some(page) => page.parse().ok().filter(|page| (2..=pages).contains(page)).ok_or_else(|| {
            Problem::new(Code::InvalidCursor, "Give the next_cursor of this statement, unchanged.")
        })?,
    };
    let lines = if page <= pages { call.store().statement_page(id, page).await? } else { Vec::new() };
    let next = (page < pages).then(|| (page + 1).to_string());
    let view = StatementView::closed(&item.value, lines, page == 1, next)?;
    Ok(Reply::ok(&view)?.at(item.revision))
}

/// Of which legal entity, and what is to be done with them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct DueParams {
    /// The legal entity that pays.
    #[param(example = "FR")]
    entity: String,
    /// `closed`: to be approved; `approved`: to be paid.
    #[param(value_type = String, example = "closed")]
    state: Stage,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Lists the statements of a legal entity that are to be approved, or to be paid, shard by shard.
#[utoipa::path(get, path = "/v1/admin/statements", tag = "statements", params(DueParams),
    responses((status = 200, description = "The statements", body = List<StatementSummary>), Refusals))]
async fn list_due_statements(call: Call, Params(params): Params<DueParams>) -> Result<Reply, Problem> {
    call.permit_role(&permissions::LIST_DUE_STATEMENTS).await?;
    let DueParams { entity, state, cursor } = params;
    payer(&entity)?;
    let invalid = || Problem::new(Code::InvalidCursor, "Give the next_cursor of this list, unchanged.");
    let cursor = after(cursor.as_deref())?;
    let (first, key) = match cursor.as_deref() {
        None => (0, ""),
        Some(cursor) => {
            let (shard, key) = cursor.split_once('/').ok_or_else(invalid)?;
            if !key.is_empty() && !key.starts_with(&format!("{}#", state.word())) {
                return Err(invalid());
            }
            (shard.parse::<u16>().map_err(|_| invalid())?, key)
        }
    };
    let mut after = Some(key.to_owned()).filter(|key| !key.is_empty());
    // The shards that are empty are passed over; what one page read is one page.
    for shard in first..call.store().billing_shards() {
        let (page, next) =
            call.store().listed_statements(&entity, shard, state, after.as_deref(), ITEMS_MAX).await?;
        after = None;
        let next = match next {
            Some(key) => Some(format!("{shard}/{key}")),
            None if shard + 1 < call.store().billing_shards() => Some(format!("{}/", shard + 1)),
            None => None,
        };
        if !page.is_empty() || next.is_none() {
            let views = page.iter().map(|item| StatementSummary::of(&item.value));
            return Reply::ok(&List::page(views.collect(), next));
        }
    }
    Reply::ok(&List::<StatementSummary>::whole(Vec::new()))
}

/// The legal entity of a parameter.
fn payer(entity: &str) -> Result<LegalEntity, Problem> {
    let unknown = || Problem::new(Code::InvalidParameter, "Give a legal entity, such as FR.");
    LegalEntity::of_market(entity).ok_or_else(unknown)
}

/// Loads a statement for an action.
async fn statement(
    call: &Call,
    action: &Action,
    id: StatementId,
) -> Result<Permitted<Item<Statement>>, Problem> {
    call.person()?;
    let loaded = call.store().statement(id).await?.ok_or_else(Problem::not_found)?;
    call.permit(action, loaded).await
}

impl From<StateError> for Problem {
    fn from(error: StateError) -> Self {
        tracing::error!(%error, "work cannot be stated");
        Self::new(Code::Internal, format!("The catalog cannot pay this month: {error}. Tell finance."))
    }
}
