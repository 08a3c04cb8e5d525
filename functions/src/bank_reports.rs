//! Banks' reports of direct debits: finance uploads them as they are, the worker reads them.

use axum::http::StatusCode;
use domain::debit::{BankReport, BankReportState};
use domain::id::BankReportId;
use domain::job::Job;
use domain::upload::Purpose;
use jiff::Timestamp;
use serde::Serialize;
use storage::{Item, Stored};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::body::Xml;
use crate::call::Call;
use crate::params::At;
use crate::permissions;
use crate::problem::Problem;
use crate::reply::Reply;
use crate::schema::Refusals;

/// Where they are sent.
pub const PATH: &str = "/v1/admin/billing/bank-reports";

/// The routes of this topic.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(create_bank_report)).routes(routes!(get_bank_report))
}

/// A bank's report, and what became of its lines.
#[derive(Debug, Serialize, ToSchema)]
struct BankReportView {
    id: String,
    /// `waiting`, then `read`; `refused` where it is no report that we know, or was read before.
    #[schema(example = "read")]
    state: &'static str,
    /// The bank's reference of it.
    message: Option<String>,
    /// Why it was refused.
    reason: Option<String>,
    sha256: String,
    size: u64,
    #[schema(value_type = String, format = DateTime)]
    received_at: Timestamp,
    /// Money that had counted as paid and went back: its invoices are owed again.
    returned: u32,
    /// Debits that brought no money.
    refused: u32,
    /// Debits of a file that the bank refused as a whole: they wait for the next one.
    listed: u32,
    /// Debits that this was known of before, or that no file had.
    known: u32,
    /// What names nothing of ours, for finance to look at.
    foreign: u32,
}

impl From<&BankReport> for BankReportView {
    fn from(report: &BankReport) -> Self {
        let (message, reason) = match &report.state {
            BankReportState::Waiting => (None, None),
            BankReportState::Read { message } => (Some(message.clone()), None),
            BankReportState::Refused { reason } => (None, Some(reason.clone())),
        };
        Self {
            id: report.id.to_string(),
            state: report.state.word(),
            message,
            reason,
            sha256: report.sha256.to_string(),
            size: report.size,
            received_at: report.received_at,
            returned: report.tally.returned,
            refused: report.tally.refused,
            listed: report.tally.listed,
            known: report.tally.known,
            foreign: report.tally.foreign,
        }
    }
}

/// Takes a bank's report of direct debits: a payment status report (pain.002.001.03 or .10), or a
/// notification (camt.054.001.08), of at most 8 MiB. A debit that came back is owed again, and its payer is
/// told. The same report again changes nothing.
#[utoipa::path(post, path = "/v1/admin/billing/bank-reports", tag = "billing",
    request_body(content = String, content_type = "application/xml", description = "The file, as the bank made it"),
    responses((status = 201, description = "The report, which is being read", body = BankReportView),
        (status = 200, description = "This very report, which was there already", body = BankReportView), Refusals))]
async fn create_bank_report(call: Call, Xml(text): Xml) -> Result<Reply, Problem> {
    call.permit_role(&permissions::CREATE_BANK_REPORT).await?;
    let report = BankReport::uploaded(text.as_bytes(), call.person()?, call.now);
    if let Some(known) = call.store().bank_report(report.id).await? {
        return shown(StatusCode::OK, &known);
    }
    // The same bytes at the same place, however often: they are there before anybody looks for them.
    let bucket = call.store().bucket(Purpose::Evidence);
    bucket.put(&report.place(), text.into_bytes(), "application/xml").await?;
    let item = Item { value: report, revision: 1 };
    let (report, by) = (&item.value, item.value.by.to_string());
    let transaction = call.store().transaction().create(report, Problem::changed());
    let transaction = transaction.enqueue(&Job::ReadBankReport { report: report.id }, call.now);
    let transaction = transaction.audit(&report.key(), "create_bank_report", &by, call.now);
    match call.commit(transaction, shown(StatusCode::CREATED, &item)?).await {
        // Somebody uploaded it at the same moment.
        Err(problem) if problem.was_changed() => {
            let known = call.store().bank_report(report.id).await?.ok_or(problem)?;
            shown(StatusCode::OK, &known)
        }
        answered => answered,
    }
}

/// Shows a bank's report, and what became of its lines.
#[utoipa::path(get, path = "/v1/admin/billing/bank-reports/{id}", tag = "billing", params(("id" = String, Path)),
    responses((status = 200, description = "The report", body = BankReportView), Refusals))]
async fn get_bank_report(call: Call, At(id): At<BankReportId>) -> Result<Reply, Problem> {
    call.permit_role(&permissions::GET_BANK_REPORT).await?;
    let report = call.store().bank_report(id).await?.ok_or_else(Problem::not_found)?;
    shown(StatusCode::OK, &report)
}

fn shown(status: StatusCode, report: &Item<BankReport>) -> Result<Reply, Problem> {
    let location = Some(format!("{PATH}/{}", report.value.id));
    let reply = Reply::new(status, &BankReportView::from(&report.value))?.at(report.revision);
    Ok(if status == StatusCode::CREATED { Reply { location, ..reply } } else { reply })
}
