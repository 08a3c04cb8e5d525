//! What is done with a statement: the person objects, finance approves, pays and corrects.

use domain::id::StatementId;
use domain::invoice::LegalEntity;
use domain::money::Money;
use domain::permission::Action;
use domain::session::SessionPolicy;
use domain::statement::{Act, Month, Statement, StatementRefused, StatementState};
use jiff::civil::Date;
use serde::Deserialize;
use storage::transaction::read_again;
use storage::{Item, Stored};
use utoipa::ToSchema;

use super::statement;
use super::views::StatementSummary;
use crate::body::Json;
use crate::call::{Call, KeyedCall};
use crate::params::At;
use crate::permissions;
use crate::problem::{Code, Problem};
use crate::reply::Reply;
use crate::schema::{MoneySchema, Refusals};

/// Somebody changed the statement in between.
#[derive(Debug, Clone, Copy)]
struct Changed;

impl From<Changed> for Problem {
    fn from(_: Changed) -> Self {
        Self::changed()
    }
}

/// What the person says against their statement.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ObjectionBody {
    /// In one's own words.
    #[schema(example = "The session of the 9th is missing.")]
    text: String,
}

/// Says what is wrong with one's own statement, until it is approved. Finance reads it before.
#[utoipa::path(post, path = "/v1/statements/{id}/object", tag = "statements", params(("id" = String, Path)),
    request_body = ObjectionBody,
    responses((status = 200, description = "The statement as it is now", body = StatementSummary), Refusals))]
pub(super) async fn object_to_statement(
    call: Call,
    At(id): At<StatementId>,
    Json(body): Json<ObjectionBody>,
) -> Result<Reply, Problem> {
    let rule = |statement: Statement, act: Act| statement.object(&body.text, act.at);
    act(&call, &permissions::OBJECT_TO_STATEMENT, &permissions::OBJECT_TO_STATEMENT, id, rule).await
}

/// Agrees to a closed statement: from then on nothing of it changes.
#[utoipa::path(post, path = "/v1/statements/{id}/approve", tag = "statements", params(("id" = String, Path)),
    responses((status = 200, description = "The statement as it is now", body = StatementSummary), Refusals))]
pub(super) async fn approve_statement(call: Call, At(id): At<StatementId>) -> Result<Reply, Problem> {
    call.permit_role(&permissions::APPROVE_STATEMENT).await?;
    let (action, reading) = (&permissions::APPROVE_STATEMENT, &permissions::GET_STATEMENT);
    act(&call, action, reading, id, Statement::approve).await
}

/// How a statement was paid.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PaidBody {
    /// The date of the transfer.
    #[schema(value_type = String, format = Date)]
    paid_on: Date,
    /// What it is known by at the bank.
    #[schema(example = "PAY-2027-03-0012")]
    reference: String,
}

/// Says that an approved statement was paid.
#[utoipa::path(post, path = "/v1/statements/{id}/pay", tag = "statements", params(("id" = String, Path)),
    request_body = PaidBody,
    responses((status = 200, description = "The statement as it is now", body = StatementSummary), Refusals))]
pub(super) async fn pay_statement(
    call: Call,
    At(id): At<StatementId>,
    Json(body): Json<PaidBody>,
) -> Result<Reply, Problem> {
    call.permit_role(&permissions::PAY_STATEMENT).await?;
    let rule = |statement: Statement, act: Act| statement.pay(body.paid_on, &body.reference, act);
    act(&call, &permissions::PAY_STATEMENT, &permissions::GET_STATEMENT, id, rule).await
}

/// Acts on a statement, and shows what it became.
async fn act(
    call: &Call,
    action: &Action,
    reading: &Action,
    id: StatementId,
    rule: impl Fn(Statement, Act) -> Result<Statement, StatementRefused>,
) -> Result<Reply, Problem> {
    let attempt = || async {
        let item = statement(call, reading, id).await?.into_inner();
        let by = call.person()?;
        let became = rule(item.value.clone(), Act { by, at: call.now })?;
        call.expect(&item)?;
        let item = item.with(became);
        let reply = Reply::ok(&StatementSummary::of(&item.value))?.at(item.revision + 1);
        let transaction = call.store().transaction().save(&item, Changed);
        let transaction = transaction.audit(&item.value.key(), action.name, &by.to_string(), call.now);
        call.commit(transaction, reply).await
    };
    read_again(Problem::was_changed, attempt).await
}

/// What finance decides about somebody's pay.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AdjustmentBody {
    /// What is paid, or, below zero, taken back.
    #[schema(value_type = MoneySchema)]
    amount: Money,
    /// Why, as it stands on the line.
    #[schema(example = "Travel to the jury of 9 March")]
    reason: String,
}

/// Corrects a statement by a line of its own where it is open, else of the person's next one that is, which
/// names the one that it corrects.
#[utoipa::path(post, path = "/v1/statements/{id}/adjustments", tag = "statements",
    params(("id" = String, Path)), request_body = AdjustmentBody,
    responses((status = 201, description = "The statement that has the line", body = StatementSummary), Refusals))]
pub(super) async fn adjust_statement(
    KeyedCall(call): KeyedCall,
    At(id): At<StatementId>,
    Json(body): Json<AdjustmentBody>,
) -> Result<Reply, Problem> {
    call.permit_role(&permissions::ADJUST_STATEMENT).await?;
    let attempt = || async {
        let corrected = statement(&call, &permissions::GET_STATEMENT, id).await?.into_inner();
        let days = statement_days(&call, &corrected.value.entity).await?;
        let open = open_beside(&call, corrected, days).await?;
        let adjusts = Some(id).filter(|id| *id != open.value.id);
        let by = call.person()?;
        let act = Act { by, at: call.now };
        let open = open.try_map(|open| open.decide(body.amount, &body.reason, adjusts, act))?;
        let location = format!("/v1/statements/{}", open.value.id);
        let reply = Reply::created(location, &StatementSummary::of(&open.value))?.at(open.revision + 1);
        let transaction = call.store().transaction().save(&open, Changed);
        let closing = open.value.month.closing_of(open.value.person, &open.value.entity, days);
        let transaction =
            closing.iter().fold(transaction, |transaction, (job, due_at)| transaction.enqueue(job, *due_at));
        let action = permissions::ADJUST_STATEMENT.name;
        call.commit(transaction.audit(&open.value.key(), action, &by.to_string(), call.now), reply).await
    };
    read_again(Problem::was_changed, attempt).await
}

/// The statement itself while it is open, else the person's next one that is.
async fn open_beside(call: &Call, corrected: Item<Statement>, days: u32) -> Result<Item<Statement>, Problem> {
    let Statement { person, entity, state, month, .. } = &corrected.value;
    if *state == StatementState::Open {
        return Ok(corrected);
    }
    for next in Month::open_at(&entity.zone, call.now, days).into_iter().filter(|next| next > month) {
        let kept = call.store().statement_for_job(Statement::id_of(*person, &entity.code, next)).await?;
        let next = kept.unwrap_or_else(|| Item::new(Statement::open(*person, entity.clone(), next)));
        if next.value.state == StatementState::Open {
            return Ok(next);
        }
    }
    Err(Problem::new(Code::WrongState, "No statement of this person is open now: try again next month."))
}

/// Days after the month on which a legal entity's statements are closed, by today's policy.
async fn statement_days(call: &Call, entity: &LegalEntity) -> Result<u32, Problem> {
    let editions = call.app.catalog.published(call).await?;
    let own = editions.iter().find(|edition| edition.edition.market.as_str() == entity.code);
    let policy = own.map(|edition| edition.session_policy_on(entity.zone.date_at(call.now)));
    Ok(policy.unwrap_or(SessionPolicy::OPENING).statement_days)
}

impl From<StatementRefused> for Problem {
    fn from(refused: StatementRefused) -> Self {
        let detail = format!("{refused}.");
        match refused {
            StatementRefused::WrongState { .. } | StatementRefused::TooMany { .. } => {
                Self::new(Code::WrongState, detail)
            }
            StatementRefused::Own => Self::new(Code::Forbidden, detail),
            StatementRefused::Text { pointer, .. } => Self::field(pointer, detail),
            StatementRefused::Amount { .. } | StatementRefused::Money(_) => Self::field("/amount", detail),
            StatementRefused::PaidOn { .. } => Self::field("/paid_on", detail),
        }
    }
}
