//! Answers: a status, a JSON body, and where it stands and which revision it shows.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use storage::idempotency::Answer;

use crate::problem::{Code, Problem};

/// An answer that is not a refusal.
#[derive(Debug, Clone)]
pub struct Reply {
    /// HTTP status.
    pub status: StatusCode,
    /// Path of what was created.
    pub location: Option<String>,
    /// The revision the body shows.
    pub etag: Option<String>,
    /// JSON.
    pub body: String,
    /// Whether this was said before, under the same idempotency key.
    pub replayed: bool,
}

impl Reply {
    /// 200 with a body.
    pub fn ok(body: &impl Serialize) -> Result<Self, Problem> {
        Self::new(StatusCode::OK, body)
    }

    /// 201 with the whole object, and where it stands.
    pub fn created(location: String, body: &impl Serialize) -> Result<Self, Problem> {
        Ok(Self { location: Some(location), ..Self::new(StatusCode::CREATED, body)? })
    }

    /// Any status with a body.
    pub fn new(status: StatusCode, body: &impl Serialize) -> Result<Self, Problem> {
        let body = serde_json::to_string(body).map_err(|error| {
            tracing::error!(%error, "an answer cannot be written");
            Problem::new(Code::Internal, "The answer could not be written. We have been told.")
        })?;
        Ok(Self { status, location: None, etag: None, body, replayed: false })
    }

    /// With the revision the body shows.
    #[must_use]
    pub fn at(mut self, revision: u64) -> Self {
        self.etag = Some(etag(revision));
        self
    }
}

/// A revision as an entity tag.
pub fn etag(revision: u64) -> String {
    format!("\"{revision}\"")
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        Self {
            status: StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK),
            location: answer.location,
            etag: answer.etag,
            body: answer.body,
            replayed: true,
        }
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let json = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
        let mut response = (self.status, json, self.body).into_response();
        let headers = response.headers_mut();
        let texts = [(header::LOCATION, self.location), (header::ETAG, self.etag)];
        for (name, text) in texts {
            if let Some(value) = text.and_then(|text| HeaderValue::from_str(&text).ok()) {
                headers.insert(name, value);
            }
        }
        if self.replayed {
            headers.insert("idempotency-replayed", HeaderValue::from_static("true"));
        }
        response
    }
}
