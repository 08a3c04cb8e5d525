//! Calls to Stripe: bounded in time and size, and nothing of them in the log but status and code.

use domain::invoice::Retry;
use reqwest::{Method, RequestBuilder};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

use super::super::Charged;
use super::Stripe;
use super::decline::{Failure, word};
use super::intent::{Intent, StripeId};

/// The version of the API that this was written for.
const VERSION: &str = "2025-03-31.basil";
/// A page of a hundred intents takes a tenth of this.
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Stripe's answer, read whole.
#[derive(Debug)]
pub(super) struct Answer {
    pub status: u16,
    /// Whether Stripe answered from the key: what it says is what was true at the first call.
    pub replayed: bool,
    body: Vec<u8>,
}

/// Why we do not know what Stripe did.
#[derive(Debug, Error)]
pub(super) enum NoAnswer {
    #[error("the call failed")]
    Lost(#[source] reqwest::Error),
    #[error("the answer is longer than {ANSWER_BYTES_MAX} bytes")]
    TooLong,
    #[error("the answer cannot be read")]
    Unreadable(#[source] serde_json::Error),
    #[error("it answered {status} {code}")]
    Refused { status: u16, code: String },
    #[error("the payer has more than {pages} pages of payments")]
    TooMany { pages: usize },
}

#[derive(Deserialize)]
struct ErrorBody {
    error: Reported,
}

#[derive(Deserialize)]
struct Reported {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(flatten)]
    failure: Failure,
    #[serde(default)]
    payment_intent: Option<Named>,
}

#[derive(Deserialize)]
struct Named {
    id: StripeId,
}

impl Stripe {
    pub(super) async fn post(
        &self,
        path: &str,
        form: &[(&str, &str)],
        key: Option<&str>,
    ) -> Result<Answer, NoAnswer> {
        let request = self.request(Method::POST, path).form(form);
        let request = key.into_iter().fold(request, |request, key| request.header("idempotency-key", key));
        send(request).await
    }

    pub(super) async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Answer, NoAnswer> {
        send(self.request(Method::GET, path).query(query)).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.settings.base_url.trim_end_matches('/'));
        let request = self.http.request(method, url).header("stripe-version", VERSION);
        request.bearer_auth(self.settings.key.expose())
    }
}

async fn send(request: RequestBuilder) -> Result<Answer, NoAnswer> {
    // The address of a call is left out of its errors: it may name a payer.
    let lost = |error: reqwest::Error| NoAnswer::Lost(error.without_url());
    let mut response = request.send().await.map_err(lost)?;
    let status = response.status().as_u16();
    let replayed = response.headers().get("idempotent-replayed").is_some_and(|value| value == "true");
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(lost)? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(NoAnswer::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status, replayed, body })
}

impl Answer {
    pub fn is_ok(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Stripe understood, and said no for good: nothing was done.
    pub fn is_refusal(&self) -> bool {
        matches!(self.status, 400 | 402 | 404)
    }

    /// Our key was used with other facts: we know nothing of that call.
    pub fn is_misused_key(&self) -> bool {
        self.error().is_some_and(|error| error.kind == "idempotency_error")
    }

    /// The intent that the answer is about, said or refused.
    pub fn intent_id(&self) -> Option<StripeId> {
        if self.is_ok() {
            return serde_json::from_slice::<Named>(&self.body).ok().map(|named| named.id);
        }
        self.error()?.payment_intent.map(|named| named.id)
    }

    /// The thing asked for.
    pub fn value<T: DeserializeOwned>(&self) -> Result<T, NoAnswer> {
        if self.is_ok() {
            return serde_json::from_slice(&self.body).map_err(NoAnswer::Unreadable);
        }
        Err(NoAnswer::Refused { status: self.status, code: self.code() })
    }

    /// What an answer about an intent means for us.
    ///
    /// 402 is the issuer's no. 400 and 404 with a code say that the card is gone or cannot pay this,
    /// and so it stays. Without a code, or with one about parameters, the call was wrong, which like
    /// 401 and 403 is our own mistake and not the payer's; 409, 429 and 5xx pass. Then we do not know,
    /// and look again.
    pub fn charged(&self) -> Result<Charged, NoAnswer> {
        if self.is_ok() {
            return self.value::<Intent>().map(|intent| intent.charged());
        }
        let error = self.error().filter(|error| error.kind != "idempotency_error");
        let failure = error.map(|error| error.failure).unwrap_or_default();
        match (self.status, failure.code()) {
            (402, _) => Ok(failure.declined()),
            (400 | 404, Some(code)) if !code.starts_with("parameter_") => {
                Ok(Charged::Declined { reason: word(code), retry: Retry::NeverHelps })
            }
            _ => Err(NoAnswer::Refused { status: self.status, code: self.code() }),
        }
    }

    /// The word for what was wrong.
    pub fn code(&self) -> String {
        let error = self.error();
        let code = error.as_ref().map(|error| error.failure.code().unwrap_or(&error.kind));
        code.map_or_else(|| "without a reason".to_owned(), word)
    }

    fn error(&self) -> Option<Reported> {
        serde_json::from_slice::<ErrorBody>(&self.body).ok().map(|body| body.error)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn charged(status: u16, body: &Value) -> Result<Charged, String> {
        let answer = Answer { status, replayed: false, body: body.to_string().into_bytes() };
        answer.charged().map_err(|error| error.to_string())
    }

    fn error(kind: &str, code: Option<&str>) -> Value {
        json!({ "error": { "type": kind, "code": code, "message": "for people" } })
    }

    #[test]
    fn an_answer_says_whether_the_card_the_call_or_the_hour_was_wrong() {
        let declined = |reason: &str, retry| Ok(Charged::Declined { reason: reason.to_owned(), retry });
        let said = |status: u16, code: &str| Err(format!("it answered {status} {code}"));
        let invalid = "invalid_request_error";
        let card = error("card_error", Some("card_declined"));
        assert_eq!(charged(402, &card), declined("card_declined", Retry::MayHelp));
        assert_eq!(charged(402, &error("card_error", None)), declined("declined", Retry::MayHelp));
        let gone = error(invalid, Some("resource_missing"));
        assert_eq!(charged(400, &gone), declined("resource_missing", Retry::NeverHelps));
        assert_eq!(charged(404, &gone), declined("resource_missing", Retry::NeverHelps));
        assert_eq!(charged(400, &error(invalid, Some("parameter_unknown"))), said(400, "parameter_unknown"));
        assert_eq!(charged(400, &error(invalid, None)), said(400, invalid));
        assert_eq!(charged(400, &error("idempotency_error", Some("x"))), said(400, "x"));
        for status in [301, 401, 403, 409, 429, 500, 503] {
            assert_eq!(charged(status, &gone), said(status, "resource_missing"), "{status}");
        }
        assert_eq!(charged(502, &json!("<html>")), said(502, "without a reason"));
        assert!(charged(200, &json!({ "id": "pi_1" })).is_err());
    }
}
