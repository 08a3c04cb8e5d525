//! Corrections by finance: credit notes, refunds, and what is given up.

use domain::id::{CreditNoteId, InvoiceId, RefundId};
use domain::invoice::{
    Credit, CreditNote, CreditReason, CreditRefused, Invoice, LegalEntity, OverdueRefused, PaymentKind,
    Refund, RefundPart, RefundRefused,
};
use domain::ledger::{Documents, Entry};
use domain::money::Money;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use storage::clock::new_uuid;
use storage::invoice::InvoiceRefusal;
use storage::payment::GivenBack;
use storage::transaction::read_again;
use storage::{Item, Stored};
use utoipa::ToSchema;

use super::documents;
use super::payments::no_issuer;
use super::{InvoiceView, TaxView, permitted};
use crate::body::Json;
use crate::call::{Call, KeyedCall};
use crate::page::List;
use crate::params::At;
use crate::permissions;
use crate::problem::{Code, Problem};
use crate::reply::Reply;
use crate::schema::{MoneySchema, Refusals};

/// The longest reason, in characters.
const REASON_CHARS_MAX: usize = 500;

/// How much, and why.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AmountBody {
    #[schema(value_type = MoneySchema)]
    amount: Money,
    /// Why, as it stands on the document.
    #[schema(example = "Goodwill")]
    reason: String,
}

/// Why.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReasonBody {
    reason: String,
}

/// A credit note.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreditNoteView {
    id: String,
    #[schema(example = "GB-CN-2027-000001")]
    number: String,
    invoice: String,
    #[schema(value_type = MoneySchema)]
    amount: Money,
    tax: TaxView,
    /// `{"kind": "unused_days", ...}` or `{"kind": "decided", "text": ...}`.
    #[schema(value_type = Object)]
    reason: CreditReason,
    #[schema(value_type = String, format = Date)]
    issued_on: Date,
    /// Answers its PDF, for a while; null until that is made, and in answers to acts.
    document_url: Option<String>,
}

/// Money given back.
#[derive(Debug, Serialize, ToSchema)]
pub struct RefundView {
    id: String,
    invoice: String,
    #[schema(value_type = MoneySchema)]
    amount: Money,
    reason: String,
    /// `asked`, then `sent` or, where finance sends it by bank, `by_transfer`.
    state: &'static str,
    #[schema(value_type = String, format = DateTime)]
    asked_at: Timestamp,
    /// What goes back of which payment.
    parts: Vec<RefundPartView>,
}

#[derive(Debug, Serialize, ToSchema)]
struct RefundPartView {
    payment: String,
    #[schema(value_type = String)]
    method: PaymentKind,
    #[schema(value_type = MoneySchema)]
    amount: Money,
}

impl CreditNoteView {
    fn of(note: &CreditNote) -> Result<Self, Problem> {
        Ok(Self {
            id: note.id.to_string(),
            number: note.number.to_string(),
            invoice: note.invoice.to_string(),
            amount: note.amount,
            tax: TaxView::of(&note.taxes, note.amount.currency)?,
            reason: note.reason.clone(),
            issued_on: note.issued_on,
            document_url: None,
        })
    }
}

impl From<&Refund> for RefundView {
    fn from(refund: &Refund) -> Self {
        let part = |part: &RefundPart| RefundPartView {
            payment: part.payment.to_string(),
            method: part.method,
            amount: part.amount,
        };
        Self {
            id: refund.id.to_string(),
            invoice: refund.invoice.to_string(),
            amount: refund.amount,
            reason: refund.reason.clone(),
            state: refund.word(),
            asked_at: refund.asked_at,
            parts: refund.parts.iter().map(part).collect(),
        }
    }
}

/// Credits a part of an invoice. What was paid too much by that can be refunded.
#[utoipa::path(post, path = "/v1/invoices/{id}/credit-notes", tag = "invoices", params(("id" = String, Path)),
    request_body = AmountBody,
    responses((status = 201, description = "The credit note", body = CreditNoteView), Refusals))]
pub async fn create_credit_note(
    KeyedCall(call): KeyedCall,
    At(id): At<InvoiceId>,
    Json(body): Json<AmountBody>,
) -> Result<Reply, Problem> {
    call.permit_role(&permissions::CREATE_CREDIT_NOTE).await?;
    let reason = reason(&body.reason)?;
    let note = CreditNoteId::new(new_uuid(call.machine_now));
    read_again(Problem::was_changed, || async {
        let invoice = permitted(&call, &permissions::GET_INVOICE, id).await?;
        let before = invoice.value.clone();
        let given = credited(&call, invoice, note, body.amount, &reason).await?;
        let (made, _) = given.note.as_ref().ok_or_else(Problem::changed)?;
        let reply = Reply::created(notes_of(id), &CreditNoteView::of(made)?)?;
        commit(&call, &before, given, "create_credit_note", reply).await
    })
    .await
}

/// Gives money back. What of it is still owed is credited in the same act, so that nobody is asked for it
/// again.
#[utoipa::path(post, path = "/v1/invoices/{id}/refunds", tag = "invoices", params(("id" = String, Path)),
    request_body = AmountBody,
    responses((status = 201, description = "The refund", body = RefundView), Refusals))]
pub async fn create_refund(
    KeyedCall(call): KeyedCall,
    At(id): At<InvoiceId>,
    Json(body): Json<AmountBody>,
) -> Result<Reply, Problem> {
    call.permit_role(&permissions::CREATE_REFUND).await?;
    let reason = reason(&body.reason)?;
    let note = CreditNoteId::new(new_uuid(call.machine_now));
    let refund = RefundId::new(new_uuid(call.machine_now));
    read_again(Problem::was_changed, || async {
        let invoice = permitted(&call, &permissions::GET_INVOICE, id).await?;
        let before = invoice.value.clone();
        before.check_refundable(body.amount)?;
        let uncredited = body.amount.minus(invoice.value.overpaid()?)?;
        let mut given = if uncredited.amount_minor > 0 {
            credited(&call, invoice, note, uncredited, &reason).await?
        } else {
            GivenBack { invoice, note: None, refund: None, entries: Vec::new() }
        };
        let payments = call.store().payments_of(&given.invoice.value).await?;
        let earlier = call.store().refunds(given.invoice.value.enrollment, id).await?;
        let earlier = Vec::from_iter(earlier.into_iter().map(|refund| refund.value));
        let invoice = given.invoice.value.clone();
        let (invoice, made) =
            invoice.refund(refund, body.amount, reason.clone(), &payments, &earlier, call.now)?;
        let reply = Reply::created(format!("/v1/invoices/{id}/refunds"), &RefundView::from(&made))?;
        given.invoice.value = invoice;
        given.refund = Some(made);
        commit(&call, &before, given, "create_refund", reply).await
    })
    .await
}

/// Gives up an invoice that is past due: nobody is asked for it any more.
#[utoipa::path(post, path = "/v1/invoices/{id}/write-off", tag = "invoices", params(("id" = String, Path)),
    request_body = ReasonBody,
    responses((status = 200, description = "The invoice as it is now", body = InvoiceView), Refusals))]
pub async fn write_off(
    call: Call,
    At(id): At<InvoiceId>,
    Json(body): Json<ReasonBody>,
) -> Result<Reply, Problem> {
    call.permit_role(&permissions::WRITE_OFF).await?;
    reason(&body.reason)?;
    let invoice = permitted(&call, &permissions::GET_INVOICE, id).await?;
    call.expect(&invoice)?;
    let before = invoice.value.clone();
    let invoice = invoice.try_map(Invoice::write_off)?;
    let reply = Reply::ok(&InvoiceView::of(&invoice.value)?)?.at(invoice.revision + 1);
    let given = GivenBack { invoice, note: None, refund: None, entries: Vec::new() };
    commit(&call, &before, given, "write_off", reply).await
}

/// Lists the credit notes of an invoice.
#[utoipa::path(get, path = "/v1/invoices/{id}/credit-notes", tag = "invoices", params(("id" = String, Path)),
    responses((status = 200, description = "The credit notes", body = List<CreditNoteView>), Refusals))]
pub async fn list_credit_notes(call: Call, At(id): At<InvoiceId>) -> Result<Reply, Problem> {
    let invoice = permitted(&call, &permissions::LIST_CREDIT_NOTES, id).await?;
    let notes = call.store().credit_notes(invoice.value.enrollment, id).await?;
    let documents = documents::Documents::of_invoice(&call, &invoice.value).await?;
    let mut views = Vec::with_capacity(notes.len());
    for Item { value: note, .. } in &notes {
        let document_url = documents.link(&invoice.value, Some(note.id), call.person()?).await?;
        views.push(CreditNoteView { document_url, ..CreditNoteView::of(note)? });
    }
    Reply::ok(&List::whole(views))
}

/// Lists the refunds of an invoice.
#[utoipa::path(get, path = "/v1/invoices/{id}/refunds", tag = "invoices", params(("id" = String, Path)),
    responses((status = 200, description = "The refunds", body = List<RefundView>), Refusals))]
pub async fn list_refunds(call: Call, At(id): At<InvoiceId>) -> Result<Reply, Problem> {
    let invoice = permitted(&call, &permissions::LIST_REFUNDS, id).await?;
    let refunds = call.store().refunds(invoice.value.enrollment, id).await?;
    Reply::ok(&List::whole(refunds.iter().map(|refund| RefundView::from(&refund.value)).collect()))
}

fn notes_of(id: InvoiceId) -> String {
    format!("/v1/invoices/{id}/credit-notes")
}

fn reason(text: &str) -> Result<String, Problem> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > REASON_CHARS_MAX {
        return Err(Problem::field("/reason", format!("Expected 1 to {REASON_CHARS_MAX} characters.")));
    }
    Ok(text.to_owned())
}

/// An invoice after a credit note, with the number it takes.
async fn credited(
    call: &Call,
    invoice: Item<Invoice>,
    id: CreditNoteId,
    amount: Money,
    reason: &str,
) -> Result<GivenBack, Problem> {
    let enrollment = call.store().enrollment_for_job(invoice.value.enrollment).await?;
    let enrollment = enrollment.ok_or_else(Problem::not_found)?.value;
    let edition = call.app.catalog.version(call, &enrollment.edition, enrollment.version).await?;
    let issuer = LegalEntity::of_market(edition.edition.market.as_str()).ok_or_else(no_issuer)?;
    let numbers = call.store().numbers(&issuer.credit_series(), issuer.year_of_issue(call.now)).await?;
    let credit = Credit { id, amount, reason: CreditReason::Decided { text: reason.to_owned() } };
    let Item { value, revision } = invoice;
    let (value, note) = value.credit(credit, &issuer, numbers.value.next(), call.now)?;
    Ok(GivenBack {
        invoice: Item { value, revision },
        note: Some((note, numbers)),
        refund: None,
        entries: Vec::new(),
    })
}

/// Keeps a correction of what an invoice was before, and what the ledger says of it.
async fn commit(
    call: &Call,
    before: &Invoice,
    mut given: GivenBack,
    action: &str,
    reply: Reply,
) -> Result<Reply, Problem> {
    let invoice = &given.invoice.value;
    let enrollment = call.store().enrollment_for_job(invoice.enrollment).await?;
    let enrollment = enrollment.ok_or_else(Problem::not_found)?.value;
    let issuer = LegalEntity::of_market(&enrollment.market).ok_or_else(no_issuer)?;
    let documents = Documents {
        note: given.note.as_ref().map(|(note, _)| note),
        refund: given.refund.as_ref(),
        ..Documents::default()
    };
    given.entries = Entry::of_change(&issuer, before, invoice, documents, call.now)?;
    let by = call.person()?.to_string();
    let transaction = call.store().give_back(&enrollment, &given, call.now);
    call.commit::<InvoiceRefusal>(transaction.audit(&invoice.key(), action, &by, call.now), reply).await
}

impl From<CreditRefused> for Problem {
    fn from(refused: CreditRefused) -> Self {
        let detail = format!("{refused}.");
        match refused {
            CreditRefused::MoreThanLeft { .. } => Self::at_field(Code::CreditTooLarge, "/amount", detail),
            CreditRefused::NotPositive | CreditRefused::Money(_) => Self::field("/amount", detail),
            CreditRefused::NotIssued { .. } => Self::new(Code::WrongState, detail),
        }
    }
}

impl From<RefundRefused> for Problem {
    fn from(refused: RefundRefused) -> Self {
        let detail = format!("{refused}.");
        match refused {
            RefundRefused::MoreThanPaid { .. } => Self::at_field(Code::RefundTooLarge, "/amount", detail),
            RefundRefused::NotPositive | RefundRefused::Money(_) => Self::field("/amount", detail),
        }
    }
}

impl From<OverdueRefused> for Problem {
    fn from(refused: OverdueRefused) -> Self {
        Self::new(Code::WrongState, format!("{refused}."))
    }
}
