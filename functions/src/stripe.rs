//! Word from Stripe, which comes signed, late, twice and out of order.
//!
//! An event is a hint, not a fact to book from: it is remembered in the transaction that asks for a job,
//! and the job asks Stripe for the state. So their order does not matter, and what Stripe cannot tell yet is
//! asked again later.

mod event;

use axum::body::Bytes;
use axum::http::HeaderMap;
use domain::id::{InvoiceId, RefundId};
use domain::job::Job;
use serde::Serialize;
use storage::Refused;
use storage::stripe::{HeardBefore, HeardEvent};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::call::Call;
use crate::permissions;
use crate::problem::{Code, Problem};
use crate::reply::Reply;
use crate::schema::Refusals;

pub use self::event::{BODY_BYTES_MAX, Event};

/// The header that carries an event's signature.
pub const HEADER: &str = "stripe-signature";

/// The routes of this topic.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(hear_stripe))
}

/// What became of an event.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeardView {
    /// Whether it is about something of ours.
    known: bool,
}

/// Hears of a payment or a refund. Stripe signs what it sends; nobody signs in.
///
/// What was heard before changes nothing, and neither does what is about something else of the account's:
/// both are answered with 200, or Stripe would send them again.
#[utoipa::path(post, path = "/v1/webhooks/stripe", tag = "webhooks",
    params(("stripe-signature" = String, Header, description = "Of these very bytes, at most five minutes old")),
    request_body(content = Object, description = "An event, as Stripe writes it"),
    responses((status = 200, description = "It was heard", body = HeardView), Refusals))]
async fn hear_stripe(call: Call, headers: HeaderMap, body: Bytes) -> Result<Reply, Problem> {
    call.permit_role(&permissions::HEAR_STRIPE).await?;
    let signature = headers.get(HEADER).map(|header| header.as_bytes());
    call.app.settings.stripe_keys.verify(signature, &body, call.machine_now)?;
    let event = Event::parse(&body)?;
    let Some(job) = job(&call, event.invoice, event.refund).await? else {
        tracing::info!(event = event.id, kind = event.kind, "heard of nothing of ours");
        return Reply::ok(&HeardView { known: false });
    };
    let heard = HeardEvent::new(event.id, event.kind, call.machine_now);
    match call.store().hear(&heard, &job, call.now).commit().await {
        Ok(()) | Err(Refused::By(HeardBefore)) => {}
        Err(Refused::Store(error)) => return Err(error.into()),
        Err(_) => return Err(Problem::new(Code::Internal, "A write was refused unexpectedly.")),
    }
    // What waits, or was given up, is looked at now; what is done has nothing to hasten.
    call.store().hasten(&job, call.now).await?;
    Reply::ok(&HeardView { known: true })
}

/// What an event about an invoice of ours is a hint to.
async fn job(
    call: &Call,
    invoice: Option<InvoiceId>,
    refund: Option<RefundId>,
) -> Result<Option<Job>, Problem> {
    let Some(invoice) = invoice else { return Ok(None) };
    let Some(kept) = call.store().invoice_for_job(invoice).await? else { return Ok(None) };
    let enrollment = kept.value.enrollment;
    let Some(refund) = refund else { return Ok(Some(Job::LookUpPayment { enrollment, invoice })) };
    let known = call.store().refund(enrollment, invoice, refund).await?;
    Ok(known.map(|_| Job::Refund { enrollment, invoice, refund }))
}
