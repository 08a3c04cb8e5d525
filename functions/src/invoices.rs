//! Invoices, and the money that finance records for them.

use domain::activation::{Beginning, Received, SettleRefused, settle};
use domain::id::{EnrollmentId, InvoiceId, PaymentId};
use domain::invoice::{Invoice, LegalEntity, Payment, PaymentKind, PaymentRefused};
use domain::money::Money;
use domain::permission::Loaded;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use storage::invoice::KeptPayment;
use storage::{Item, Stored};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::body::Json;
use crate::call::{Call, KeyedCall};
use crate::page::List;
use crate::params::At;
use crate::permissions;
use crate::problem::{Code, Problem};
use crate::reply::Reply;
use crate::schema::{MoneySchema, Refusals};

/// The routes of this topic.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_invoices))
        .routes(routes!(get_invoice))
        .routes(routes!(record_payment))
}

/// An invoice.
#[derive(Debug, Serialize, ToSchema)]
pub struct InvoiceView {
    id: String,
    /// Null while it is a draft.
    #[schema(example = "GB-2027-000001")]
    number: Option<String>,
    state: String,
    enrollment: String,
    payer: String,
    /// Null while it is a draft.
    period: Option<PeriodView>,
    lines: Vec<LineView>,
    #[schema(value_type = MoneySchema)]
    total: Money,
    tax: TaxView,
    #[schema(value_type = MoneySchema)]
    credited: Money,
    #[schema(value_type = MoneySchema)]
    paid: Money,
    #[schema(value_type = Option<String>, format = Date)]
    issued_on: Option<Date>,
    #[schema(value_type = Option<String>, format = Date)]
    due_on: Option<Date>,
    /// Null until documents are made.
    document_url: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct PeriodView {
    #[schema(value_type = String, format = Date)]
    from: Date,
    #[schema(value_type = String, format = Date)]
    to: Date,
}

#[derive(Debug, Serialize, ToSchema)]
struct LineView {
    description: String,
    #[schema(value_type = MoneySchema)]
    amount: Money,
}

#[derive(Debug, Serialize, ToSchema)]
struct TaxView {
    #[schema(value_type = MoneySchema)]
    amount: Money,
    #[schema(value_type = String)]
    reason: domain::invoice::TaxReason,
}

impl From<&Invoice> for InvoiceView {
    fn from(invoice: &Invoice) -> Self {
        let issue = invoice.issue();
        let line = |line: &domain::invoice::Line| LineView {
            description: line.description.clone(),
            amount: line.amount,
        };
        Self {
            id: invoice.id.to_string(),
            number: issue.map(|issue| issue.number.to_string()),
            state: invoice.state.word().to_owned(),
            enrollment: invoice.enrollment.to_string(),
            payer: invoice.payer.to_string(),
            period: issue.map(|issue| PeriodView { from: issue.period.from, to: issue.period.to }),
            lines: invoice.lines.iter().map(line).collect(),
            total: invoice.total,
            tax: TaxView { amount: invoice.tax.amount, reason: invoice.tax.reason },
            credited: invoice.credited,
            paid: invoice.paid,
            issued_on: issue.map(|issue| issue.issued_on),
            due_on: issue.map(|issue| issue.due_on),
            document_url: None,
        }
    }
}

/// Lists an enrollment's invoices, as they were due.
#[utoipa::path(get, path = "/v1/enrollments/{id}/invoices", tag = "invoices", params(("id" = String, Path)),
    responses((status = 200, description = "The invoices", body = List<InvoiceView>), Refusals))]
async fn list_invoices(call: Call, At(id): At<EnrollmentId>) -> Result<Reply, Problem> {
    call.person()?;
    let loaded = call.store().invoices(id).await?.ok_or_else(Problem::not_found)?;
    let invoices = call.permit(&permissions::LIST_INVOICES, loaded).await?;
    Reply::ok(&List::whole(invoices.invoices.iter().map(|item| InvoiceView::from(&item.value)).collect()))
}

/// Shows an invoice.
#[utoipa::path(get, path = "/v1/invoices/{id}", tag = "invoices", params(("id" = String, Path)),
    responses((status = 200, description = "The invoice", body = InvoiceView), Refusals))]
async fn get_invoice(call: Call, At(id): At<InvoiceId>) -> Result<Reply, Problem> {
    call.person()?;
    let loaded = call.store().invoice(id).await?.ok_or_else(Problem::not_found)?;
    let invoice = call.permit(&permissions::GET_INVOICE, loaded).await?;
    Ok(Reply::ok(&InvoiceView::from(&invoice.value))?.at(invoice.revision))
}

/// A transfer that arrived.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PaymentBody {
    #[schema(value_type = MoneySchema)]
    amount: Money,
    /// The date on the bank statement.
    #[schema(value_type = String, format = Date)]
    received_on: Date,
    /// The bank's reference: the same transfer is recorded once.
    reference: String,
}

/// Records a transfer for an invoice; the first invoice's begins the enrollment.
#[utoipa::path(post, path = "/v1/invoices/{id}/payments", tag = "invoices", params(("id" = String, Path)),
    request_body = PaymentBody,
    responses((status = 201, description = "The invoice as it is now", body = InvoiceView), Refusals))]
async fn record_payment(
    KeyedCall(call): KeyedCall,
    At(id): At<InvoiceId>,
    Json(body): Json<PaymentBody>,
) -> Result<Reply, Problem> {
    call.permit_role(&permissions::RECORD_PAYMENT).await?;
    if body.reference.trim().is_empty() || body.reference.len() > 140 {
        return Err(Problem::field("/reference", "expected 1 to 140 characters, as on the bank statement"));
    }
    let loaded: Loaded<Item<Invoice>> = call.store().invoice(id).await?.ok_or_else(Problem::not_found)?;
    let invoice = call.permit(&permissions::GET_INVOICE, loaded).await?.into_inner();
    let found =
        super::enrollments::progress(&call, &permissions::RECORD_PAYMENT, invoice.value.enrollment).await?;
    let enrollment = found.enrollment;
    let edition =
        call.app.catalog.version(&call, &enrollment.value.edition, enrollment.value.version).await?;
    let issuer = LegalEntity::of_market(edition.edition.market.as_str()).ok_or_else(no_issuer)?;
    let numbers = call.store().numbers(&issuer.code, issuer.year_of_issue(call.now)).await?;
    let paid_at = enrollment.value.time_zone.start_of(body.received_on);
    let paid_at = paid_at.map_err(|error| Problem::field("/received_on", format!("{error}.")))?;
    let payment_id = PaymentId::of_transfer(id, &body.reference);
    let payment = Payment::pending(payment_id, id, body.amount, PaymentKind::Manual, call.now);
    let kept = KeptPayment { enrollment: enrollment.value.id, payment: payment.clone() };
    let kept = call.store().payment(enrollment.value.id, payment_id).await?.unwrap_or(Item::new(kept));
    let beginning = Beginning { prospectus: &edition, issuer: &issuer, sequence: numbers.value.next() };
    let terms = edition.terms_on(enrollment.value.date_at(call.now));
    let received = Received { reference: body.reference, paid_at };
    let settled = settle(
        enrollment.value.clone(),
        invoice.value.clone(),
        kept.value.payment.clone(),
        received,
        &beginning,
        &terms,
        call.now,
    )?;
    let location = format!("/v1/invoices/{id}");
    let reply = Reply::created(location, &InvoiceView::from(&settled.invoice))?.at(invoice.revision + 1);
    let transaction = call.store().settle(&enrollment, &invoice, &kept, &settled, &numbers, call.now);
    let by = call.person()?.to_string();
    call.commit(transaction.audit(&invoice.value.key(), "record_payment", &by, call.now), reply).await
}

fn no_issuer() -> Problem {
    Problem::new(Code::Internal, "No legal entity issues invoices in this market.")
}

impl From<SettleRefused> for Problem {
    fn from(refused: SettleRefused) -> Self {
        let detail = format!("{refused}.");
        match refused {
            SettleRefused::Payment(
                PaymentRefused::NotPositive | PaymentRefused::MoreThanOwed { .. } | PaymentRefused::Money(_),
            ) => Self::field("/amount", detail),
            SettleRefused::Payment(_) | SettleRefused::Activate(_) => Self::new(Code::WrongState, detail),
            SettleRefused::Open(_) => Self::new(Code::Internal, detail),
        }
    }
}
