//! The money that came for an invoice: what finance records, and what providers were asked for.

use domain::activation::{Issuing, Received, SettleRefused, settle};
use domain::id::{InvoiceId, PaymentId};
use domain::invoice::{LegalEntity, Payment, PaymentKind, PaymentRefused, PaymentState};
use domain::money::Money;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use storage::payment::KeptPayment;
use storage::transaction::read_again;
use storage::{Item, Stored};
use utoipa::ToSchema;

use super::{InvoiceView, permitted};
use crate::body::Json;
use crate::call::{Call, KeyedCall};
use crate::enrollments::progress;
use crate::page::List;
use crate::params::At;
use crate::permissions;
use crate::problem::{Code, Problem};
use crate::reply::Reply;
use crate::schema::{MoneySchema, Refusals};

/// A transfer that arrived.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PaymentBody {
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
pub async fn record_payment(
    KeyedCall(call): KeyedCall,
    At(id): At<InvoiceId>,
    Json(body): Json<PaymentBody>,
) -> Result<Reply, Problem> {
    call.permit_role(&permissions::RECORD_PAYMENT).await?;
    read_again(Problem::was_changed, || record(&call, id, &body)).await
}

async fn record(call: &Call, id: InvoiceId, body: &PaymentBody) -> Result<Reply, Problem> {
    if body.reference.trim().is_empty() || body.reference.len() > 140 {
        return Err(Problem::field("/reference", "expected 1 to 140 characters, as on the bank statement"));
    }
    let invoice = permitted(call, &permissions::GET_INVOICE, id).await?;
    let found = progress(call, &permissions::RECORD_PAYMENT, invoice.value.enrollment).await?;
    let account = call.store().account(found.enrollment, invoice).await?;
    let enrollment = &account.enrollment.value;
    let edition = call.app.catalog.version(call, &enrollment.edition, enrollment.version).await?;
    let issuer = LegalEntity::of_market(edition.edition.market.as_str()).ok_or_else(no_issuer)?;
    let numbers = call.store().numbers(&issuer.code, issuer.year_of_issue(call.now)).await?;
    let paid_at = enrollment.time_zone.start_of(body.received_on);
    let paid_at = paid_at.map_err(|error| Problem::field("/received_on", format!("{error}.")))?;
    let payment_id = PaymentId::of_transfer(id, &body.reference);
    let payment = Payment::pending(payment_id, id, body.amount, PaymentKind::Manual, call.now);
    let kept = KeptPayment { enrollment: enrollment.id, payment: payment.clone() };
    let kept = call.store().transfer(enrollment.id, payment_id).await?.unwrap_or(Item::new(kept));
    let issuing = Issuing { prospectus: &edition, issuer: &issuer, sequence: numbers.value.next() };
    let terms = edition.terms_on(enrollment.date_at(call.now));
    let received = Received { reference: body.reference.clone(), paid_at };
    let before = kept.value.payment.clone();
    let settled = settle(account.account(), before, received, &issuing, &terms, call.now)?;
    let location = format!("/v1/invoices/{id}");
    let reply =
        Reply::created(location, &InvoiceView::of(&settled.invoice)?)?.at(account.invoice.revision + 1);
    let transaction = call.store().settle(&account, Some(&kept), &settled, &numbers, call.now);
    let by = call.person()?.to_string();
    call.commit(transaction.audit(&account.invoice.value.key(), "record_payment", &by, call.now), reply).await
}

/// A payment, as it stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct PaymentView {
    id: String,
    invoice: String,
    #[schema(value_type = MoneySchema)]
    amount: Money,
    /// `manual`, `sandbox`, `card` or `sepa_debit`.
    #[schema(value_type = String)]
    method: PaymentKind,
    /// What the bank or provider calls it.
    reference: Option<String>,
    /// `pending`, `unknown`, `declined`, `paid` or `returned`; a direct debit is `listed` until it is put into a
    /// file for the bank, then `submitted`, and `paid` from the file's day on.
    state: &'static str,
    /// The day on which the bank collects it, while it is `submitted`.
    #[schema(value_type = Option<String>, format = Date)]
    collect_on: Option<Date>,
    /// Why it was refused, or returned.
    reason: Option<String>,
    /// How often the provider was asked for it.
    tries: u32,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    tried_at: Timestamp,
}

impl From<Payment> for PaymentView {
    fn from(payment: Payment) -> Self {
        let reason = match &payment.state {
            PaymentState::Declined { reason, .. } | PaymentState::Returned { reason, .. } => {
                Some(reason.clone())
            }
            _ => None,
        };
        let collect_on = match payment.state {
            PaymentState::Submitted { collect_on, .. } => Some(collect_on),
            _ => None,
        };
        Self {
            id: payment.id.to_string(),
            invoice: payment.invoice.to_string(),
            amount: payment.amount,
            method: payment.method,
            state: payment.state.word(),
            collect_on,
            reason,
            tries: payment.tries,
            created_at: payment.created_at,
            tried_at: payment.tried_at(),
            reference: payment.reference,
        }
    }
}

/// Lists the payments of an invoice, those that were refused too.
#[utoipa::path(get, path = "/v1/invoices/{id}/payments", tag = "invoices", params(("id" = String, Path)),
    responses((status = 200, description = "The payments", body = List<PaymentView>), Refusals))]
pub async fn list_payments(call: Call, At(id): At<InvoiceId>) -> Result<Reply, Problem> {
    let invoice = permitted(&call, &permissions::LIST_PAYMENTS, id).await?;
    let payments = call.store().payments_of(&invoice.value).await?;
    Reply::ok(&List::whole(payments.into_iter().map(PaymentView::from).collect()))
}

pub(super) fn no_issuer() -> Problem {
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
            SettleRefused::Open(_) | SettleRefused::Money(_) => Self::new(Code::Internal, detail),
        }
    }
}
