//! Calls about refunds.

use axum::Form;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;

use super::Shared;
use super::answer::{Answer, Fields, check_key, is_within};
use super::intents::metadata;
use super::keys::once;
use super::world::{Charged, Intent, Refund, World};

pub async fn create(State(shared): State<Shared>, headers: HeaderMap, Form(form): Form<Fields>) -> Response {
    once(shared, headers, "refund".to_owned(), form, created).await
}

fn created(world: &mut World, form: &Fields) -> Answer {
    let Some(at) = form.get("payment_intent").and_then(|id| world.at(id)) else { return Answer::missing() };
    let intent = world.intents[at].clone();
    if intent.status != "succeeded" {
        return Answer::invalid("payment_intent_unexpected_state");
    }
    let left = intent.amount - world.refunded(&intent.id);
    let amount = form.get("amount").and_then(|amount| amount.parse().ok()).unwrap_or(left);
    if left == 0 {
        return Answer::invalid("charge_already_refunded");
    }
    if amount <= 0 || amount > left {
        return Answer::invalid("amount_too_large");
    }
    let (id, created) = (world.id("re"), world.now());
    let Intent { id: intent, currency, .. } = intent;
    let refund = Refund { id, intent, amount, currency, metadata: metadata(form), created };
    world.refunds.push(refund.clone());
    world.tell_of("refund.created", refund.shown());
    Answer::ok(refund.shown())
}

pub async fn list(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Query(query): Query<Fields>,
) -> Result<Answer, Answer> {
    check_key(&headers)?;
    let intent = query.get("payment_intent");
    let world = shared.world();
    let of = world.refunds.iter().rev().filter(|refund| intent.is_none_or(|intent| refund.intent == *intent));
    let of = of.filter(|refund| is_within(refund.created, &query));
    Ok(Answer::page(of.map(Refund::shown).collect(), &query))
}

/// The list of what cards paid.
pub async fn charges(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Query(query): Query<Fields>,
) -> Result<Answer, Answer> {
    check_key(&headers)?;
    let world = shared.world();
    let of = world.charges.iter().rev().filter(|charge| is_within(charge.created, &query));
    Ok(Answer::page(of.map(Charged::shown).collect(), &query))
}
