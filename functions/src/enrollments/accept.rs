//! Accepting a contract: it, the first invoice and its charge are written together; the charge is
//! the worker's, and the answer waits for it a little while.

use std::time::Duration;

use domain::activation::first_drafts;
use domain::enrollment::{Enrollment, PaymentMethod, State};
use domain::id::{EnrollmentId, InvoiceId};
use domain::invoice::{Payment, PaymentKind, PaymentState};
use serde::{Deserialize, Serialize};
use storage::invoice::InvoiceRefusal;
use storage::{Item, Stored};
use utoipa::ToSchema;

use super::{EnrollmentView, progress, view};
use crate::body::Json;
use crate::call::{Call, KeyedCall};
use crate::params::At;
use crate::permissions;
use crate::problem::Problem;
use crate::reply::Reply;
use crate::schema::Refusals;

/// How often the answer looks for its charge, when nothing of this process tells it.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// What a student agrees to, and how they pay.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptBody {
    /// The version of the contract that was read.
    contract_version: u32,
    /// How invoices are paid.
    #[schema(value_type = Object, example = json!({"kind": "manual"}))]
    payment_method: PaymentMethod,
}

/// The enrollment, and what became of its first payment.
#[derive(Debug, Serialize, ToSchema)]
pub struct Accepted {
    #[serde(flatten)]
    enrollment: EnrollmentView,
    payment: PaymentView,
}

#[derive(Debug, Serialize, ToSchema)]
struct PaymentView {
    /// `pending`, `paid` or `declined`; pending too while it waits for a mentor. A direct debit is pending until the day on which the bank collects it,
    /// and the enrollment begins then.
    state: String,
    /// Why, where it was declined.
    reason: Option<String>,
}

/// Accepts the contract, finds a mentor and pays the first month. Where no mentor has a free seat the
/// enrollment waits for one in `waiting`, and no money is asked for before.
#[utoipa::path(post, path = "/v1/enrollments/{id}/accept", tag = "enrollments", params(("id" = String, Path)),
    request_body = AcceptBody, responses((status = 200, description = "The enrollment", body = Accepted), Refusals))]
pub async fn accept(
    KeyedCall(call): KeyedCall,
    At(id): At<EnrollmentId>,
    Json(body): Json<AcceptBody>,
) -> Result<Reply, Problem> {
    let found = progress(&call, &permissions::ACCEPT, id).await?;
    check_offered(&call, &body.payment_method, &found.enrollment.value)?;
    let accepted =
        found.enrollment.value.clone().accept(body.contract_version, body.payment_method, call.now)?;
    call.expect(&found.enrollment)?;
    let edition = call.app.catalog.version(&call, &accepted.edition, accepted.version).await?;
    let drafts = first_drafts(&accepted, &edition, accepted.date_at(call.now))?;
    let drafts = call.store().first_invoices_or(drafts).await?;
    let own = drafts.iter().find(|draft| draft.value.payer == accepted.student);
    // What is under way is answered by the same try.
    let tries = |charge: &Payment| charge.tries.saturating_sub(u32::from(charge.is_under_way()));
    let charged = own.map(|draft| (draft.value.id, draft.value.charge.as_ref().map_or(0, tries)));
    let item = found.enrollment.clone().with(accepted);
    let mut shown = found;
    shown.enrollment = Item { revision: item.revision + 1, ..item.clone() };
    let pending = Accepted {
        enrollment: view(&call, &shown).await?,
        payment: PaymentView { state: "pending".into(), reason: None },
    };
    let reply = Reply::ok(&pending)?.at(item.revision + 1);
    let transaction = call.store().accept_contract(&item, &drafts, call.now);
    let by = item.value.student.to_string();
    let reply = call.commit(transaction.audit(&item.value.key(), "accept", &by, call.now), reply).await?;
    if reply.replayed {
        return Ok(reply);
    }
    let waited = tokio::time::timeout(call.app.settings.accept_wait, answered(&call, id, charged)).await;
    let reply = match waited {
        Ok(payment) => answer(&call, id, payment?).await?,
        // The charge goes on without the caller, who reads what became of it.
        Err(_) => reply,
    };
    keep(&call, &reply).await?;
    Ok(reply)
}

/// Whether a way to pay is offered here; a direct debit by the legal entities that can collect one.
pub(super) fn check_offered(
    call: &Call,
    method: &PaymentMethod,
    enrollment: &Enrollment,
) -> Result<(), Problem> {
    let settings = &call.app.settings;
    let kind = method.kind();
    let collected = kind != PaymentKind::SepaDebit || settings.creditors.contains_key(&enrollment.market);
    if !collected || !settings.payment_methods.contains(&kind) {
        return Err(Problem::field("/payment_method/kind", "This way to pay is not offered here."));
    }
    match method {
        PaymentMethod::SepaDebit { signed_on, .. } if enrollment.date_at(call.now) < *signed_on => {
            Err(Problem::field("/payment_method/signed_on", "Expected a day that is not after today."))
        }
        _ => Ok(()),
    }
}

/// Waits until the charge of the student's own invoice is paid or declined by a try after so many or, where
/// others pay all, until the enrollment has begun.
async fn answered(
    call: &Call,
    id: EnrollmentId,
    charged: Option<(InvoiceId, u32)>,
) -> Result<PaymentView, Problem> {
    loop {
        let woken = call.store().woken();
        let state = match charged {
            Some((invoice, tries)) => {
                let invoice = call.store().invoice_for_job(invoice).await?;
                let charge = invoice.and_then(|invoice| invoice.value.charge);
                charge.filter(|charge| charge.tries > tries).map(|charge| charge.state)
            }
            None => None,
        };
        match state {
            Some(PaymentState::Paid { .. }) => return Ok(PaymentView { state: "paid".into(), reason: None }),
            Some(PaymentState::Declined { reason, .. }) => {
                return Ok(PaymentView { state: "declined".into(), reason: Some(reason) });
            }
            // It comes days later, by a file for the bank.
            Some(PaymentState::Listed | PaymentState::Submitted { .. }) => {
                return Ok(PaymentView { state: "pending".into(), reason: None });
            }
            // What finance will record, or what nobody has answered yet.
            Some(_) => {}
            None => {
                let enrollment = call.store().enrollment_for_job(id).await?.map(|item| item.value);
                let waits = |state: &State| matches!(state, State::Quoted { .. } | State::Withdrawn { .. });
                if enrollment.as_ref().is_some_and(|enrollment| enrollment.waiting.is_some()) {
                    return Ok(PaymentView { state: "pending".into(), reason: None });
                }
                if enrollment.is_some_and(|enrollment| !waits(&enrollment.state)) {
                    return Ok(PaymentView { state: "paid".into(), reason: None });
                }
            }
        }
        let _ = tokio::time::timeout(LOOK_AGAIN, woken).await;
    }
}

async fn answer(call: &Call, id: EnrollmentId, payment: PaymentView) -> Result<Reply, Problem> {
    let found = progress(call, &permissions::ACCEPT, id).await?;
    debug_assert!(payment.state != "paid" || found.enrollment.value.state != State::Applied);
    let revision = found.enrollment.revision;
    let accepted = Accepted { enrollment: view(call, &found).await?, payment };
    Ok(Reply::ok(&accepted)?.at(revision))
}

/// Keeps the better answer for the call's repeats.
async fn keep(call: &Call, reply: &Reply) -> Result<(), Problem> {
    let Some(asked) = &call.asked else { return Ok(()) };
    let record = call.record(asked, reply);
    Ok(call.store().transaction::<Problem>().set(&record).commit().await?)
}

impl From<InvoiceRefusal> for Problem {
    fn from(_: InvoiceRefusal) -> Self {
        Self::changed()
    }
}
