//! Idempotency: the first answer to a key is the answer.
//! Source: <https://docs.stripe.com/api/idempotent_requests>.

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use super::Shared;
use super::answer::{Answer, Fields, check_key, replayed};
use super::world::{Fault, World};

/// What was asked under a key, and the answer.
#[derive(Debug, Clone)]
pub struct Remembered {
    asked: (String, Fields),
    answer: Answer,
}

/// Does a call once for its key.
///
/// What fails validation (400, 404) is not remembered, since nothing was begun; declines and 500s
/// are.
pub async fn once(
    shared: Shared,
    headers: HeaderMap,
    path: String,
    form: Fields,
    call: impl Fn(&mut World, &Fields) -> Answer,
) -> Response {
    if let Err(refused) = check_key(&headers) {
        return refused.into_response();
    }
    let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok()).map(str::to_owned);
    let asked = (path, form);
    let (answer, fault) = {
        let mut world = shared.world();
        if let Some(known) = key.as_ref().and_then(|key| world.keys.get(key)) {
            if known.asked != asked {
                return Answer::refused(
                    StatusCode::BAD_REQUEST,
                    "idempotency_error",
                    "idempotency_key_in_use",
                )
                .into_response();
            }
            return replayed(known.answer.clone());
        }
        let fault = world.faults.pop_front();
        let answer = match fault {
            Some(Fault::TimeOutBeforeCapture) => None,
            Some(Fault::ServerError) => {
                Some(Answer::refused(StatusCode::INTERNAL_SERVER_ERROR, "api_error", "api_error"))
            }
            Some(Fault::AnotherIsFaster) => {
                call(&mut world, &asked.1);
                Some(call(&mut world, &asked.1))
            }
            Some(Fault::TimeOutAfterCapture) | None => Some(call(&mut world, &asked.1)),
        };
        let began = |answer: &Answer| !matches!(answer.status.as_u16(), 400 | 404);
        if let (Some(key), Some(answer)) = (key, answer.clone().filter(began)) {
            world.keys.insert(key, Remembered { asked, answer });
        }
        (answer, fault)
    };
    match (answer, fault) {
        (Some(answer), None | Some(Fault::ServerError | Fault::AnotherIsFaster)) => answer.into_response(),
        _ => lost(),
    }
}

/// An answer whose connection breaks before anything of it has come.
fn lost() -> Response {
    let broken = futures::stream::once(async { Err::<String, _>(std::io::Error::other("cut")) });
    Body::from_stream(broken).into_response()
}
