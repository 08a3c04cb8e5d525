//! Answers as Stripe words them.

use std::collections::BTreeMap;

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// A form or a query, by name.
pub type Fields = BTreeMap<String, String>;

/// A status and a body.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: StatusCode,
    pub body: Value,
}

impl Answer {
    pub fn ok(body: Value) -> Self {
        Self { status: StatusCode::OK, body }
    }

    pub fn refused(status: StatusCode, kind: &str, code: &str) -> Self {
        let error = json!({ "type": kind, "code": code, "message": code });
        Self { status, body: json!({ "error": error }) }
    }

    pub fn invalid(code: &str) -> Self {
        Self::refused(StatusCode::BAD_REQUEST, "invalid_request_error", code)
    }

    pub fn missing() -> Self {
        Self::refused(StatusCode::NOT_FOUND, "invalid_request_error", "resource_missing")
    }

    /// A page of a list, newest first: `limit` and `starting_after` are Stripe's.
    pub fn page(mut newest_first: Vec<Value>, query: &Fields) -> Self {
        if let Some(after) = query.get("starting_after") {
            let Some(at) = newest_first.iter().position(|item| item["id"] == after.as_str()) else {
                return Self::missing();
            };
            newest_first.drain(..=at);
        }
        let limit = query.get("limit").and_then(|limit| limit.parse().ok()).unwrap_or(10_usize);
        if !(1..=100).contains(&limit) {
            return Self::invalid("parameter_invalid_integer");
        }
        let has_more = newest_first.len() > limit;
        newest_first.truncate(limit);
        Self::ok(json!({ "object": "list", "data": newest_first, "has_more": has_more }))
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        (self.status, Json(self.body)).into_response()
    }
}

/// Whether an instant lies in the span that a list is asked for.
pub fn is_within(created: u64, query: &Fields) -> bool {
    let bound = |name: &str| query.get(name).and_then(|bound| bound.parse::<u64>().ok());
    bound("created[gte]").is_none_or(|from| from <= created)
        && bound("created[lt]").is_none_or(|to| created < to)
}

/// An answer that was remembered says so.
pub fn replayed(answer: Answer) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert("idempotent-replayed", HeaderValue::from_static("true"));
    (headers, answer).into_response()
}

/// Refuses a call without the key.
pub fn check_key(headers: &HeaderMap) -> Result<(), Answer> {
    let sent = headers.get("authorization").and_then(|value| value.to_str().ok());
    if sent == Some(&format!("Bearer {}", super::KEY)) {
        return Ok(());
    }
    Err(Answer::refused(StatusCode::UNAUTHORIZED, "invalid_request_error", "invalid_api_key"))
}
