//! What holds for every request: an id, a bounded body, a verified token, the first answer to a
//! repeated key, and refusals as problems that name the request.

use std::borrow::Cow;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use storage::clock::{machine_now, new_uuid};
use storage::idempotency::Asked;
use storage::store::count_round_trips;
use tracing::Instrument;

use crate::App;
use crate::body;
use crate::calendars;
use crate::call::{Call, idempotency_key, if_match};
use crate::problem::{Code, Problem};
use crate::token::Identity;

/// How long a request may take. A billing run looks at a date longer after it began, so that whatever was
/// decided before is written by then.
const REQUEST_TIME_MAX: Duration = Duration::from_secs(30);

/// Prepares a request, and turns refusals into problems.
pub async fn manners(State(app): State<App>, request: Request, next: Next) -> Response {
    let machine_now = machine_now();
    let instance = format!("req_{}", new_uuid(machine_now).simple());
    let (method, path) = (request.method().clone(), without_secrets(request.uri().path()).into_owned());
    let span = tracing::info_span!("request", id = %instance, %method, path);
    async {
        let (response, round_trips) = count_round_trips(answer(app, request, next)).await;
        let mut response = refusal(response, &instance);
        let status = response.status().as_u16();
        tracing::info!(status, round_trips, "answered");
        let headers = response.headers_mut();
        for (name, text) in
            [("x-request-id", instance.clone()), ("x-store-round-trips", round_trips.to_string())]
        {
            if let Ok(value) = HeaderValue::from_str(&text) {
                headers.insert(name, value);
            }
        }
        response
    }
    .instrument(span)
    .await
}

/// A path as logs show it: what opens a feed or an upload's endpoint stands in the path itself.
fn without_secrets(path: &str) -> Cow<'_, str> {
    if path.starts_with(calendars::PATH) {
        return format!("{}…", calendars::PATH).into();
    }
    // `/v1/uploads/{id}/{capability}/…`
    let mut words = path.split('/').skip(3);
    match (path.strip_prefix("/v1/uploads/"), words.next(), words.next()) {
        (Some(_), Some(id), Some(_)) => {
            let call = words.collect::<Vec<_>>().join("/");
            format!("/v1/uploads/{id}/…/{call}").into()
        }
        _ => path.into(),
    }
}

async fn answer(app: App, request: Request, next: Next) -> Response {
    match prepare(app, request).await {
        Ok((call, request)) => {
            let Ok(response) = tokio::time::timeout(REQUEST_TIME_MAX, next.run(request)).await else {
                let detail = "This took too long: read what became of it, then repeat it.";
                return Problem::new(Code::Unavailable, detail).into_response();
            };
            // A refusal under a key that was answered before is the state the first call left behind.
            if call.asked.is_some() && response.status().is_client_error() {
                return match call.replay().await {
                    Ok(Some(reply)) => reply.into_response(),
                    Ok(None) => response,
                    Err(problem) => problem.into_response(),
                };
            }
            response
        }
        Err(problem) => problem.into_response(),
    }
}

async fn prepare(app: App, request: Request) -> Result<(Call, Request), Problem> {
    let machine_now = machine_now();
    let identity = identity(&app, request.headers(), machine_now).await?;
    let now = app.clock.now(&app.store).await?;
    let key = idempotency_key(request.headers())?.map(str::to_owned);
    let if_match = if_match(request.headers());
    let route = format!("{} {}", request.method(), request.uri().path());
    let (parts, body) = request.into_parts();
    let bytes_max = body::bytes_max(parts.uri.path(), identity.is_some());
    let bytes = body::bytes(Request::new(body), bytes_max).await?;
    let asked = key.zip(identity.as_ref()).filter(|_| parts.method == Method::POST);
    let asked = asked.map(|(key, identity)| Asked::new(identity.person(), &route, &key, &bytes));
    let call = Call { app, identity, now, machine_now, asked, if_match };
    let mut request = Request::from_parts(parts, Body::from(bytes));
    request.extensions_mut().insert(call.clone());
    Ok((call, request))
}

async fn identity(
    app: &App,
    headers: &HeaderMap,
    machine_now: jiff::Timestamp,
) -> Result<Option<Identity>, Problem> {
    let Some(sent) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let detail = "Send the token as Authorization: Bearer <token>.";
    let bearer = sent.to_str().ok().and_then(|sent| sent.strip_prefix("Bearer "));
    let token = bearer.ok_or_else(|| Problem::new(Code::Unauthenticated, detail))?;
    Ok(Some(app.verifier.verify(token, machine_now).await?))
}

/// The problem behind a refused response, as JSON that names the request.
pub fn refusal(mut response: Response, instance: &str) -> Response {
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let mut refusal = problem.respond(instance);
        // What layers below said for browsers of other origins; the length was of the empty body.
        response.headers_mut().remove(header::CONTENT_LENGTH);
        refusal.headers_mut().extend(response.headers_mut().drain());
        return refusal;
    }
    match response.status() {
        // The router's own refusals.
        StatusCode::METHOD_NOT_ALLOWED => {
            let allow = response.headers().get(header::ALLOW).and_then(|allow| allow.to_str().ok());
            let allow = allow.unwrap_or_default().to_owned();
            let problem = Problem::new(Code::MethodNotAllowed, format!("This path allows {allow}."));
            problem.header(header::ALLOW, &allow).respond(instance)
        }
        StatusCode::BAD_REQUEST if !is_problem(&response) => {
            Problem::new(Code::InvalidParameter, "A parameter in the path or query cannot be read.")
                .respond(instance)
        }
        _ => response,
    }
}

fn is_problem(response: &Response) -> bool {
    response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/problem+json")
}

/// Any path that the API does not have.
pub async fn nowhere() -> Problem {
    Problem::not_found()
}

/// Whether a header that lists words names this one.
pub fn names(asked: &HeaderMap, header: HeaderName, word: &str) -> bool {
    let listed = asked.get_all(header);
    let mut words = listed.iter().filter_map(|value| value.to_str().ok()).flat_map(|list| list.split(','));
    words.any(|listed| listed.split(';').next().is_some_and(|listed| listed.trim() == word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_log_shows_what_opens_a_feed_or_an_upload() {
        let check = |path: &str, shown: &str| assert_eq!(without_secrets(path), shown);
        check("/v1/calendars/per_1.secret.ics", "/v1/calendars/…");
        check("/v1/calendars/per_1/secret.ics", "/v1/calendars/…");
        check("/v1/uploads/upl_1/1.secret/s3/multipart/u/3", "/v1/uploads/upl_1/…/s3/multipart/u/3");
        check("/v1/uploads/upl_1/1.secret", "/v1/uploads/upl_1/…/");
        check("/v1/uploads/upl_1", "/v1/uploads/upl_1");
        check("/v1/sessions/ses_1/move", "/v1/sessions/ses_1/move");
    }
}
