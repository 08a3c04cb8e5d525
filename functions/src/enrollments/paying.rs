//! How an enrollment's months are paid, and by whom.

use std::collections::BTreeSet;

use domain::activation::first_drafts;
use domain::billing::{Part, Payer, PayersRefused};
use domain::enrollment::{Enrollment, NamedBy, PayingRefused, PaymentMethod, State};
use domain::id::{EnrollmentId, PersonId};
use domain::invoice::{Business, InvoiceState};
use domain::job::Job;
use domain::money::Money;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::{Item, Stored};
use utoipa::ToSchema;

use crate::body::Json;
use crate::call::Call;
use crate::params::At;
use crate::permissions;
use crate::problem::{Code, Problem};
use crate::reply::Reply;
use crate::schema::{MoneySchema, Refusals};

/// Who pays which part of a month.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PayersBody {
    /// Caps first, then shares of what they leave, which add up to 100; the last who shares takes what
    /// rounding leaves.
    payers: Vec<PayerBody>,
}

/// A payer: with a share, or with a cap.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PayerBody {
    #[schema(value_type = String)]
    payer: PersonId,
    /// Of what those with a cap leave, 1 to 100.
    #[serde(default)]
    share_percent: Option<u8>,
    /// The most it pays for a month.
    #[serde(default)]
    #[schema(value_type = Option<MoneySchema>)]
    cap: Option<Money>,
    /// What tax asks of it, where it is a business: `{"country": "DE", "tax_id": "DE123456789"}`.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    business: Option<Business>,
}

/// Who pays a month.
#[derive(Debug, Serialize, ToSchema)]
pub struct PayersView {
    payers: Vec<PayerView>,
}

#[derive(Debug, Serialize, ToSchema)]
struct PayerView {
    #[schema(value_type = String)]
    payer: PersonId,
    share_percent: Option<u8>,
    #[schema(value_type = Option<MoneySchema>)]
    cap: Option<Money>,
    #[schema(value_type = Option<Object>)]
    business: Option<Business>,
    /// Since when the payer has agreed, as finance recorded it.
    #[schema(value_type = Option<String>, format = DateTime)]
    agreed_at: Option<Timestamp>,
}

/// How a student's own part is paid.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MethodBody {
    #[schema(value_type = Object, example = json!({"kind": "manual"}))]
    payment_method: PaymentMethod,
}

/// How a student's own part is paid; never the secret behind it.
#[derive(Debug, Serialize, ToSchema)]
pub struct MethodView {
    /// `manual`, `sandbox`, `card`, `sepa_debit`; null before the contract is accepted.
    #[schema(value_type = Option<String>)]
    kind: Option<domain::invoice::PaymentKind>,
}

impl PayersView {
    fn of(enrollment: &Enrollment) -> Self {
        let view = |payer: Payer| PayerView {
            payer: payer.payer,
            share_percent: match payer.part {
                Part::SharePercent(percent) => Some(percent),
                Part::Cap(_) => None,
            },
            cap: match payer.part {
                Part::Cap(cap) => Some(cap),
                Part::SharePercent(_) => None,
            },
            business: payer.business,
            agreed_at: payer.agreed_at,
        };
        Self {
            payers: domain::invoice::payers_of(&enrollment.billing_facts()).into_iter().map(view).collect(),
        }
    }
}

impl PayerBody {
    fn read(self, index: usize) -> Result<Payer, Problem> {
        let part = match (self.share_percent, self.cap) {
            (Some(percent @ 1..=100), None) => Part::SharePercent(percent),
            (None, Some(cap)) => Part::Cap(cap),
            (Some(_), None) => {
                let pointer = format!("/payers/{index}/share_percent");
                return Err(Problem::field(pointer, "Expected 1 to 100."));
            }
            _ => {
                let detail = "Expected either share_percent or cap.";
                return Err(Problem::field(format!("/payers/{index}"), detail));
            }
        };
        Ok(Payer { payer: self.payer, part, agreed_at: None, business: self.business })
    }
}

/// Reads who pays a month.
#[utoipa::path(get, path = "/v1/enrollments/{id}/payers", tag = "enrollments", params(("id" = String, Path)),
    responses((status = 200, description = "The payers, with an ETag", body = PayersView), Refusals))]
pub async fn get_payers(call: Call, At(id): At<EnrollmentId>) -> Result<Reply, Problem> {
    call.person()?;
    let loaded = call.store().enrollment(id).await?.ok_or_else(Problem::not_found)?;
    let item = call.permit(&permissions::GET_PAYERS, loaded).await?;
    Ok(Reply::ok(&PayersView::of(&item.value))?.at(item.revision))
}

/// Names who pays the months that are billed from now on. Named by finance, they have agreed: the
/// enrollment begins without waiting for their money.
#[utoipa::path(put, path = "/v1/enrollments/{id}/payers", tag = "enrollments", params(("id" = String, Path)),
    request_body = PayersBody,
    responses((status = 200, description = "The payers as they are now", body = PayersView), Refusals))]
pub async fn put_payers(
    call: Call,
    At(id): At<EnrollmentId>,
    Json(body): Json<PayersBody>,
) -> Result<Reply, Problem> {
    call.person()?;
    let loaded = call.store().enrollment(id).await?.ok_or_else(Problem::not_found)?;
    let item = call.permit(&permissions::PUT_PAYERS, loaded).await?.into_inner();
    call.expect_sent(&item)?;
    let payers = body.payers.into_iter().enumerate().map(|(index, payer)| payer.read(index));
    let payers = payers.collect::<Result<Vec<_>, _>>()?;
    for (index, payer) in payers.iter().enumerate() {
        if call.store().person(payer.payer).await?.is_none() {
            let detail = "Nobody with this id has an account.";
            return Err(Problem::field(format!("/payers/{index}/payer"), detail));
        }
    }
    let by = if call.person()? == item.value.student { NamedBy::Student } else { NamedBy::Finance };
    let item = Item { value: item.value.as_of(call.now), ..item };
    let item = item.try_map(|enrollment| enrollment.shared_by(payers, by, call.now))?;
    let reply = Reply::ok(&PayersView::of(&item.value))?.at(item.revision + 1);
    let transaction = call.store().transaction::<Problem>().save(&item, Problem::changed());
    let transaction =
        transaction.audit(&item.value.key(), "put_payers", &call.person()?.to_string(), call.now);
    let transaction = if waits_for_money(&item.value) {
        draft_again(&call, &item.value, transaction).await?
    } else {
        transaction
    };
    call.commit(transaction, reply).await
}

/// Whether a contract was accepted whose first period is not paid yet.
fn waits_for_money(enrollment: &Enrollment) -> bool {
    matches!(enrollment.state, State::Quoted { .. }) && enrollment.contract.is_some()
}

/// Puts drafts for other payers in the place of those that wait, if no money came for them.
async fn draft_again<'call>(
    call: &'call Call,
    enrollment: &Enrollment,
    mut transaction: storage::Transaction<'call, Problem>,
) -> Result<storage::Transaction<'call, Problem>, Problem> {
    let edition = call.app.catalog.version(call, &enrollment.edition, enrollment.version).await?;
    let today = enrollment.date_at(call.now);
    let waiting = call.store().drafts_of(enrollment.id).await?;
    for draft in &waiting {
        let open = draft.value.state == InvoiceState::Draft && draft.value.paid.is_zero();
        let tried = call.store().payments_of(&draft.value).await?.iter().any(|payment| !payment.is_refused());
        if !open || tried {
            let detail = "The first month is being paid already: change the payers once it is.";
            return Err(Problem::new(Code::WrongState, detail));
        }
    }
    let drafts = first_drafts(enrollment, &edition, today)?;
    let kept = BTreeSet::from_iter(drafts.iter().map(|draft| draft.id));
    for draft in waiting.iter().filter(|draft| !kept.contains(&draft.value.id)) {
        transaction = transaction.drop_draft(draft, Problem::changed());
    }
    if drafts.is_empty() {
        transaction = transaction.enqueue(&enrollment.first_step(), call.now);
    }
    for draft in drafts {
        let waiting = waiting.iter().find(|waiting| waiting.value.id == draft.id);
        let item = waiting.map_or(Item::new(draft.clone()), |waiting| waiting.clone().with(draft.clone()));
        transaction = transaction.keep_draft(&item, Problem::changed(), call.now);
    }
    Ok(transaction)
}

/// Reads how the student's own part is paid.
#[utoipa::path(get, path = "/v1/enrollments/{id}/payment-method", tag = "enrollments",
    params(("id" = String, Path)),
    responses((status = 200, description = "The way to pay, with an ETag", body = MethodView), Refusals))]
pub async fn get_payment_method(call: Call, At(id): At<EnrollmentId>) -> Result<Reply, Problem> {
    call.person()?;
    let loaded = call.store().enrollment(id).await?.ok_or_else(Problem::not_found)?;
    let item = call.permit(&permissions::GET_PAYMENT_METHOD, loaded).await?;
    let kind = item.value.payment_method.as_ref().map(PaymentMethod::kind);
    Ok(Reply::ok(&MethodView { kind })?.at(item.revision))
}

/// Gives another way to pay. What is owed and was refused is tried again with it at once, and so is what waits
/// for a file of direct debits; a debit that is in a file already is not called back.
#[utoipa::path(put, path = "/v1/enrollments/{id}/payment-method", tag = "enrollments",
    params(("id" = String, Path)), request_body = MethodBody,
    responses((status = 200, description = "The way to pay as it is now", body = MethodView), Refusals))]
pub async fn put_payment_method(
    call: Call,
    At(id): At<EnrollmentId>,
    Json(body): Json<MethodBody>,
) -> Result<Reply, Problem> {
    call.person()?;
    let loaded = call.store().enrollment(id).await?.ok_or_else(Problem::not_found)?;
    let item = call.permit(&permissions::PUT_PAYMENT_METHOD, loaded).await?.into_inner();
    super::accept::check_offered(&call, &body.payment_method, &item.value)?;
    call.expect_sent(&item)?;
    let item = item.try_map(|enrollment| enrollment.pay_with(body.payment_method))?;
    let kind = item.value.payment_method.as_ref().map(PaymentMethod::kind);
    let reply = Reply::ok(&MethodView { kind })?.at(item.revision + 1);
    let by = call.person()?.to_string();
    let mut transaction = call.store().transaction::<Problem>().save(&item, Problem::changed()).audit(
        &item.value.key(),
        "put_payment_method",
        &by,
        call.now,
    );
    let invoices = call.store().invoices_for_job(id).await?;
    let owed = invoices.iter().filter(|invoice| {
        invoice.value.payer == item.value.student
            && invoice.value.owed().is_ok_and(|owed| owed.amount_minor > 0)
    });
    let charges = owed.map(|invoice| Job::Charge { enrollment: id, invoice: invoice.value.id });
    let charges = Vec::from_iter(charges.take(CHARGES_MAX));
    for charge in &charges {
        transaction = transaction.enqueue(charge, call.now);
    }
    let reply = call.commit(transaction, reply).await?;
    for charge in &charges {
        call.store().hasten(charge, call.now).await?;
    }
    Ok(reply)
}

/// The most unpaid invoices that are tried at once with another way to pay.
const CHARGES_MAX: usize = 24;

impl From<PayingRefused> for Problem {
    fn from(refused: PayingRefused) -> Self {
        let detail = format!("{refused}.");
        match refused {
            PayingRefused::Payers(PayersRefused::Twice { index } | PayersRefused::Cap { index }) => {
                Self::field(format!("/payers/{index}"), detail)
            }
            PayingRefused::Payers(_) => Self::field("/payers", detail),
            PayingRefused::WrongState { .. } => Self::new(Code::WrongState, detail),
        }
    }
}
