//! Invoices, and what finance does about them.

mod corrections; // credit notes, refunds, what is given up
mod documents; // links to what was printed
mod payments; // the money that came

use domain::id::{EnrollmentId, InvoiceId};
use domain::invoice::{Invoice, TaxCategory, TaxLine};
use domain::money::{Currency, Money};
use domain::permission::Action;
use jiff::civil::Date;
use serde::Serialize;
use storage::Item;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::documents::Documents;
use crate::App;
use crate::call::Call;
use crate::page::List;
use crate::params::At;
use crate::permissions;
use crate::problem::Problem;
use crate::reply::Reply;
use crate::schema::{MoneySchema, Refusals};

/// The routes of this topic.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_invoices))
        .routes(routes!(get_invoice))
        .routes(routes!(payments::record_payment, payments::list_payments))
        .routes(routes!(corrections::create_credit_note, corrections::list_credit_notes))
        .routes(routes!(corrections::create_refund, corrections::list_refunds))
        .routes(routes!(corrections::write_off))
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
    #[schema(value_type = MoneySchema)]
    refunded: Money,
    #[schema(value_type = Option<String>, format = Date)]
    issued_on: Option<Date>,
    #[schema(value_type = Option<String>, format = Date)]
    due_on: Option<Date>,
    /// Answers its PDF, for a while: to its payer and, where an invoice is shown alone, to finance. It bears
    /// the payer's address. Null for others, until it is made, and in answers to acts.
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
    /// Without tax.
    #[schema(value_type = MoneySchema)]
    amount: Money,
    #[schema(value_type = String)]
    tax: TaxCategory,
}

#[derive(Debug, Serialize, ToSchema)]
struct TaxView {
    #[schema(value_type = MoneySchema)]
    amount: Money,
    /// Why nothing is owed, where nothing is.
    reason: Option<String>,
    /// By category.
    lines: Vec<TaxLineView>,
}

#[derive(Debug, Serialize, ToSchema)]
struct TaxLineView {
    #[schema(value_type = String)]
    category: TaxCategory,
    /// Hundredths of a percent.
    rate_basis_points: u32,
    #[schema(value_type = MoneySchema)]
    base: Money,
    #[schema(value_type = MoneySchema)]
    amount: Money,
    reason: Option<String>,
}

impl TaxView {
    /// Taxes whose sum is in a currency.
    fn of(taxes: &[TaxLine], currency: Currency) -> Result<Self, Problem> {
        let line = |line: &TaxLine| TaxLineView {
            category: line.category,
            rate_basis_points: line.rate_basis_points,
            base: line.base,
            amount: line.amount,
            reason: line.reason.clone(),
        };
        Ok(Self {
            amount: Money::sum(currency, taxes.iter().map(|line| line.amount))?,
            reason: taxes.iter().find_map(|line| line.reason.clone()),
            lines: taxes.iter().map(line).collect(),
        })
    }
}

impl InvoiceView {
    fn of(invoice: &Invoice) -> Result<Self, Problem> {
        let issue = invoice.issue();
        let line = |line: &domain::invoice::Line| LineView {
            description: line.description.clone(),
            amount: line.amount,
            tax: line.tax,
        };
        Ok(Self {
            id: invoice.id.to_string(),
            number: issue.map(|issue| issue.number.to_string()),
            state: invoice.state.word().to_owned(),
            enrollment: invoice.enrollment.to_string(),
            payer: invoice.payer.to_string(),
            period: issue.map(|issue| PeriodView { from: issue.period.from, to: issue.period.to }),
            lines: invoice.lines.iter().map(line).collect(),
            total: invoice.total,
            tax: TaxView::of(&invoice.taxes, invoice.total.currency)?,
            credited: invoice.credited,
            paid: invoice.paid,
            refunded: invoice.refunded,
            issued_on: issue.map(|issue| issue.issued_on),
            due_on: issue.map(|issue| issue.due_on),
            document_url: None,
        })
    }
}

/// Lists an enrollment's invoices, as they were due.
#[utoipa::path(get, path = "/v1/enrollments/{id}/invoices", tag = "invoices", params(("id" = String, Path)),
    responses((status = 200, description = "The invoices", body = List<InvoiceView>), Refusals))]
async fn list_invoices(call: Call, At(id): At<EnrollmentId>) -> Result<Reply, Problem> {
    let person = call.person()?;
    let loaded = call.store().invoices(id).await?.ok_or_else(Problem::not_found)?;
    let invoices = call.permit(&permissions::LIST_INVOICES, loaded).await?;
    let documents = Documents::of_enrollment(&call, id).await?;
    let mut views = Vec::with_capacity(invoices.invoices.len());
    for Item { value: invoice, .. } in &invoices.invoices {
        let view = InvoiceView::of(invoice)?;
        let document_url = documents.link(invoice, None, person).await?;
        views.push(InvoiceView { document_url, ..view });
    }
    Reply::ok(&List::whole(views))
}

/// Shows an invoice.
#[utoipa::path(get, path = "/v1/invoices/{id}", tag = "invoices", params(("id" = String, Path)),
    responses((status = 200, description = "The invoice", body = InvoiceView), Refusals))]
async fn get_invoice(call: Call, At(id): At<InvoiceId>) -> Result<Reply, Problem> {
    let invoice = permitted(&call, &permissions::GET_INVOICE, id).await?;
    let documents = Documents::of_invoice(&call, &invoice.value).await?;
    let document_url = documents.link(&invoice.value, None, call.person()?).await?;
    let view = InvoiceView { document_url, ..InvoiceView::of(&invoice.value)? };
    Ok(Reply::ok(&view)?.at(invoice.revision))
}

/// An invoice, for an action that the asker may do to it.
async fn permitted(call: &Call, action: &Action, id: InvoiceId) -> Result<Item<Invoice>, Problem> {
    call.person()?;
    let loaded = call.store().invoice(id).await?.ok_or_else(Problem::not_found)?;
    Ok(call.permit(action, loaded).await?.into_inner())
}
