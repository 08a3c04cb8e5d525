//! The ledger, for finance: each day's balances, what was posted on it, and what did not agree.

use domain::invoice::LegalEntity;
use domain::ledger::{Account, Balances, Closed, Difference, DifferenceKind, Entry, Posting, Tally};
use domain::money::Money;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use storage::key::Query;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::call::Call;
use crate::page::{Cursor, ITEMS_MAX, List, after, after_in};
use crate::params::{At, Params};
use crate::permissions;
use crate::problem::{Code, Problem};
use crate::reply::Reply;
use crate::schema::{MoneySchema, Refusals};

/// The routes of this topic.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_ledger_days))
        .routes(routes!(get_ledger_day))
        .routes(routes!(list_ledger_entries))
}

/// A day of a legal entity's ledger.
#[derive(Debug, Serialize, ToSchema)]
struct LedgerDayView {
    #[schema(example = "GB")]
    entity: String,
    #[schema(value_type = String, format = Date)]
    day: Date,
    /// `reconciled`, or `differs` where something does not agree.
    state: &'static str,
    /// How many documents were posted.
    #[schema(value_type = Object)]
    documents: Tally,
    /// What they posted, debit above zero.
    posted: Vec<PostingView>,
    /// What was earned on it, per currency: from deferred revenue to revenue.
    #[schema(value_type = Vec<MoneySchema>)]
    earned: Vec<Money>,
    /// Every account at the end of the day, debit above zero; they sum to zero.
    balances: Vec<PostingView>,
    /// How many things do not agree.
    difference_count: u64,
    /// The first hundred of them.
    differences: Vec<DifferenceView>,
    /// When it was closed.
    #[schema(value_type = String, format = DateTime)]
    closed_at: Timestamp,
}

/// An amount on an account.
#[derive(Debug, Serialize, ToSchema)]
struct PostingView {
    #[schema(value_type = String, example = "receivable")]
    account: Account,
    #[schema(value_type = MoneySchema)]
    amount: Money,
}

/// Something that does not agree.
#[derive(Debug, Serialize, ToSchema)]
struct DifferenceView {
    /// What does not, such as `payments_differ` or `number_missing`.
    #[schema(value_type = String)]
    kind: DifferenceKind,
    /// The document, number or account.
    of: String,
    /// What the ledger says.
    #[schema(value_type = Option<MoneySchema>)]
    ledger: Option<Money>,
    /// What the other side says.
    #[schema(value_type = Option<MoneySchema>)]
    found: Option<Money>,
}

/// What one document posted.
#[derive(Debug, Serialize, ToSchema)]
struct LedgerEntryView {
    /// `issue`, `page` (of a run's invoices), `payment`, `payments` (of a page), `return`, `credit`, `refund`,
    /// `sent`, `write_off`.
    kind: &'static str,
    #[schema(value_type = String, format = Date)]
    posted_on: Date,
    /// The invoices that it is about.
    invoices: Vec<String>,
    /// What it posted, debit above zero; it sums to zero.
    postings: Vec<PostingView>,
}

impl From<Posting> for PostingView {
    fn from(Posting { account, amount }: Posting) -> Self {
        Self { account, amount }
    }
}

impl From<Difference> for DifferenceView {
    fn from(Difference { kind, of, ledger, found }: Difference) -> Self {
        Self { kind, of, ledger, found }
    }
}

fn postings(balances: &Balances) -> Vec<PostingView> {
    balances.postings().map(PostingView::from).collect()
}

impl From<Closed> for LedgerDayView {
    fn from(closed: Closed) -> Self {
        Self {
            state: if closed.differences.count == 0 { "reconciled" } else { "differs" },
            posted: postings(&closed.posted),
            balances: postings(&closed.balances),
            entity: closed.entity,
            day: closed.day,
            documents: closed.tally,
            earned: closed.earned,
            difference_count: closed.differences.count,
            differences: closed.differences.named.into_iter().map(DifferenceView::from).collect(),
            closed_at: closed.closed_at,
        }
    }
}

impl From<Entry> for LedgerEntryView {
    fn from(entry: Entry) -> Self {
        Self {
            kind: entry.source.word(),
            posted_on: entry.posted_on,
            invoices: entry.source.invoices().iter().map(|invoice| invoice.id().to_string()).collect(),
            postings: postings(&entry.postings),
        }
    }
}

/// Up to when, and where to read on.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct DaysParams {
    /// The last day that is wanted; today without it.
    #[param(value_type = Option<String>, format = Date)]
    until: Option<Date>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Lists the closed days of a legal entity's ledger, newest first. A day on which nothing happened is left
/// out: its balances are those of the day before.
#[utoipa::path(get, path = "/v1/admin/billing/ledgers/{entity}/days", tag = "billing",
    params(("entity" = String, Path, example = "GB"), DaysParams),
    responses((status = 200, description = "The days", body = List<LedgerDayView>), Refusals))]
async fn list_ledger_days(
    call: Call,
    At(entity): At<String>,
    Params(params): Params<DaysParams>,
) -> Result<Reply, Problem> {
    call.permit_role(&permissions::LIST_LEDGER_DAYS).await?;
    let issuer = keeper(&entity)?;
    let until = params.until.unwrap_or_else(|| issuer.zone.date_at(call.now));
    let query = Query::LedgerClosed { entity: entity.clone(), until };
    let after = after_in(&query, params.cursor.as_deref())?;
    let (days, next) = call.store().ledger_closed(&entity, until, after.as_deref(), ITEMS_MAX).await?;
    Reply::ok(&List::page(days.into_iter().map(LedgerDayView::from).collect(), next))
}

/// Shows a closed day: what was posted and earned, each account's balance, and what did not agree.
#[utoipa::path(get, path = "/v1/admin/billing/ledgers/{entity}/days/{day}", tag = "billing",
    params(("entity" = String, Path, example = "GB"), ("day" = String, Path, example = "2027-02-07")),
    responses((status = 200, description = "The day", body = LedgerDayView), Refusals))]
async fn get_ledger_day(call: Call, At((entity, day)): At<(String, Date)>) -> Result<Reply, Problem> {
    call.permit_role(&permissions::GET_LEDGER_DAY).await?;
    keeper(&entity)?;
    let closing = call.store().ledger_closing(&entity).await?.ok_or_else(Problem::not_found)?;
    if closing.value.day <= day {
        let detail = format!("This day is not closed yet; {} is closed next.", closing.value.day);
        return Err(Problem::new(Code::NotFound, detail));
    }
    let (days, _) = call.store().ledger_closed(&entity, day, None, 1).await?;
    let before = days.into_iter().next().ok_or_else(Problem::not_found)?;
    let closed = if before.day == day { before } else { before.quiet_until(day) };
    Reply::ok(&LedgerDayView::from(closed))
}

/// Lists what was posted on a day, shard by shard.
#[utoipa::path(get, path = "/v1/admin/billing/ledgers/{entity}/days/{day}/entries", tag = "billing",
    params(("entity" = String, Path, example = "GB"), ("day" = String, Path, example = "2027-02-07"), Cursor),
    responses((status = 200, description = "The entries", body = List<LedgerEntryView>), Refusals))]
async fn list_ledger_entries(
    call: Call,
    At((entity, day)): At<(String, Date)>,
    Params(params): Params<Cursor>,
) -> Result<Reply, Problem> {
    call.permit_role(&permissions::LIST_LEDGER_ENTRIES).await?;
    keeper(&entity)?;
    let invalid = || Problem::new(Code::InvalidCursor, "Give the next_cursor of this list, unchanged.");
    let cursor = after(params.cursor.as_deref())?;
    let (first, key) = match cursor.as_deref() {
        None => (0, ""),
        Some(cursor) => {
            let (shard, key) = cursor.split_once('/').ok_or_else(invalid)?;
            if !key.is_empty() && !key.starts_with(&format!("entry#{day}#")) {
                return Err(invalid());
            }
            (shard.parse::<u16>().map_err(|_| invalid())?, key)
        }
    };
    let mut after = Some(key.to_owned()).filter(|key| !key.is_empty());
    // The shards that are empty are passed over; what one page read is one page.
    for shard in first..call.store().billing_shards() {
        let (entries, next) =
            call.store().ledger_entries(&entity, shard, day, after.as_deref(), ITEMS_MAX).await?;
        after = None;
        let next = match next {
            Some(key) => Some(format!("{shard}/{key}")),
            None if shard + 1 < call.store().billing_shards() => Some(format!("{}/", shard + 1)),
            None => None,
        };
        if !entries.is_empty() || next.is_none() {
            return Reply::ok(&List::page(entries.into_iter().map(LedgerEntryView::from).collect(), next));
        }
    }
    Reply::ok(&List::<LedgerEntryView>::whole(Vec::new()))
}

/// The legal entity that keeps a ledger.
fn keeper(entity: &str) -> Result<LegalEntity, Problem> {
    LegalEntity::of_market(entity).ok_or_else(Problem::not_found)
}
