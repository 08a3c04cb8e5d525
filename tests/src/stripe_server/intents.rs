//! Calls about PaymentIntents.

use std::collections::BTreeMap;

use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::json;

use super::Shared;
use super::answer::{Answer, Fields, check_key};
use super::keys::once;
use super::world::{Intent, World};

pub async fn create(State(shared): State<Shared>, headers: HeaderMap, Form(form): Form<Fields>) -> Response {
    once(shared, headers, "create".to_owned(), form, created).await
}

fn created(world: &mut World, form: &Fields) -> Answer {
    let amount =
        form.get("amount").and_then(|amount| amount.parse::<i64>().ok()).filter(|amount| *amount > 0);
    let (Some(amount), Some(currency)) = (amount, form.get("currency")) else {
        return Answer::invalid("parameter_missing");
    };
    if matches!(currency.as_str(), "kwd" | "tnd" | "bhd" | "jod" | "omr") && amount % 10 != 0 {
        return Answer::invalid("invalid_amount");
    }
    if form.contains_key("off_session") && !is_true(form, "confirm") {
        return Answer::invalid("parameter_invalid");
    }
    let intent = Intent {
        id: world.id("pi"),
        amount,
        currency: currency.clone(),
        customer: form.get("customer").cloned(),
        metadata: metadata(form),
        status: "requires_payment_method",
        latest_charge: None,
        error: None,
        created: world.now(),
        captures: 0,
        tries: 0,
    };
    world.intents.push(intent);
    let at = world.intents.len() - 1;
    if is_true(form, "confirm") { charged(world, at, form) } else { Answer::ok(world.intents[at].shown()) }
}

pub async fn confirm(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Form(form): Form<Fields>,
) -> Response {
    let confirmed = |world: &mut World, form: &Fields| {
        let Some(at) = world.at(&id) else { return Answer::missing() };
        if !matches!(world.intents[at].status, "requires_payment_method" | "requires_confirmation") {
            return Answer::invalid("payment_intent_unexpected_state");
        }
        charged(world, at, form)
    };
    once(shared, headers, format!("{id}/confirm"), form, confirmed).await
}

pub async fn update(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Form(form): Form<Fields>,
) -> Response {
    let updated = |world: &mut World, form: &Fields| {
        let Some(at) = world.at(&id) else { return Answer::missing() };
        let intent = &mut world.intents[at];
        if intent.status == "succeeded" || intent.status == "processing" {
            return Answer::invalid("payment_intent_unexpected_state");
        }
        intent.amount = form.get("amount").and_then(|amount| amount.parse().ok()).unwrap_or(intent.amount);
        Answer::ok(intent.shown())
    };
    once(shared, headers, id.clone(), form, updated).await
}

pub async fn retrieve(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Answer, Answer> {
    check_key(&headers)?;
    let mut world = shared.world();
    let at = world.at(&id).ok_or_else(Answer::missing)?;
    Ok(Answer::ok(world.intents[at].shown()))
}

pub async fn list(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Query(query): Query<Fields>,
) -> Result<Answer, Answer> {
    check_key(&headers)?;
    let customer = query.get("customer");
    let world = shared.world();
    let of = world
        .intents
        .iter()
        .rev()
        .filter(|intent| customer.is_none() || intent.customer.as_ref() == customer);
    Ok(Answer::page(of.map(Intent::shown).collect(), &query))
}

/// Takes one query: `metadata['name']:'value'`.
pub async fn search(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Query(query): Query<Fields>,
) -> Result<Answer, Answer> {
    check_key(&headers)?;
    let asked = query.get("query").and_then(|query| query.strip_prefix("metadata['"));
    let (name, value) = asked
        .and_then(|asked| asked.strip_suffix('\'')?.split_once("']:'"))
        .ok_or_else(|| Answer::invalid("search_query_invalid"))?;
    let world = shared.world();
    let known = world.indexed.as_ref().unwrap_or(&world.intents);
    let found = known.iter().filter(|intent| intent.metadata.get(name).is_some_and(|of| of == value));
    let data = Vec::from_iter(found.map(Intent::shown));
    Ok(Answer::ok(json!({ "object": "search_result", "data": data, "has_more": false })))
}

fn charged(world: &mut World, at: usize, form: &Fields) -> Answer {
    let card = form.get("payment_method").cloned().unwrap_or_default();
    if world.charge(at, &card).is_none() {
        // The card is looked at before anything is made.
        if world.intents[at].tries == 0 {
            world.intents.remove(at);
        }
        return Answer::invalid("resource_missing");
    }
    let intent = &world.intents[at];
    let Some(mut error) = intent.error.clone() else { return Answer::ok(intent.shown()) };
    error["charge"] = json!(intent.latest_charge);
    error["payment_intent"] = intent.shown();
    Answer { status: StatusCode::PAYMENT_REQUIRED, body: json!({ "error": error }) }
}

fn is_true(form: &Fields, name: &str) -> bool {
    form.get(name).is_some_and(|value| value == "true")
}

/// The form's `metadata[name]` fields.
pub fn metadata(form: &Fields) -> BTreeMap<String, String> {
    let named = |field: &str| field.strip_prefix("metadata[")?.strip_suffix(']').map(str::to_owned);
    form.iter().filter_map(|(field, value)| Some((named(field)?, value.clone()))).collect()
}
