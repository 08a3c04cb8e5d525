//! What only the local stack has: moving the simulated clock, tokens for sample people.
//!
//! Answers only a loopback Host and no foreign Origin, so that no page of the web can reach it
//! through a browser on this machine.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn, map_response};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use functions::body::Json as Body;
use functions::manners::refusal;
use functions::problem::{Code, Problem};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::clock::machine_now;
use storage::{Clock, Store, StoreError};
use tokio::sync::Mutex;

use crate::issuer::LocalIssuer;
use crate::seed::Known;

/// What the routes lean on.
#[derive(Clone)]
pub struct Dev(Arc<Parts>);

struct Parts {
    store: Store,
    clock: Clock,
    issuer: LocalIssuer,
    people: Vec<Known>,
    /// One move of the clock at a time.
    moving: Mutex<()>,
}

impl Dev {
    /// The parts put together.
    pub fn new(store: Store, clock: Clock, issuer: LocalIssuer, people: Vec<Known>) -> Self {
        Self(Arc::new(Parts { store, clock, issuer, people, moving: Mutex::new(()) }))
    }

    /// The routes under `/dev`.
    pub fn routes(self) -> Router {
        Router::new()
            .route("/dev/clock", get(read_clock).post(move_clock))
            .route("/dev/tokens", post(make_token))
            .route("/dev/people", get(list_people))
            .route(&format!("{NO_JITSI}/{{room}}"), get(no_room))
            .layer(map_response(async |response: Response| refusal(response, "dev")))
            .layer(from_fn(only_from_here))
            .with_state(self)
    }
}

/// Refuses a Host that is not this machine and an Origin that is another page's.
async fn only_from_here(request: Request, next: Next) -> Response {
    let headers = request.headers();
    let host = text(headers, header::HOST);
    let origin = text(headers, header::ORIGIN);
    let here = host.is_some_and(is_loopback);
    let same =
        origin.is_none_or(|origin| Some(origin) == host.map(|host| format!("http://{host}")).as_deref());
    if here && same {
        return next.run(request).await;
    }
    Problem::new(Code::Forbidden, "The local tools answer only pages and programs of this machine.")
        .respond("dev")
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn is_loopback(host: &str) -> bool {
    let name = host
        .rsplit_once(':')
        .map_or(host, |(name, port)| if port.bytes().all(|b| b.is_ascii_digit()) { name } else { host });
    matches!(name, "127.0.0.1" | "localhost" | "[::1]")
}

#[derive(Serialize)]
struct ClockView {
    now: Timestamp,
    simulated: bool,
}

async fn read_clock(State(dev): State<Dev>) -> Result<Json<ClockView>, Response> {
    let now = dev.0.clock.now(&dev.0.store).await.map_err(refused)?;
    Ok(Json(ClockView { now, simulated: dev.0.clock == Clock::Simulated }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Move {
    now: Timestamp,
}

#[derive(Serialize)]
struct Moved {
    now: Timestamp,
    jobs_run: u64,
}

/// Moves the clock from due instant to due instant, letting the workers end what falls due at each.
async fn move_clock(State(dev): State<Dev>, Body(to): Body<Move>) -> Result<Json<Moved>, Response> {
    let parts = &dev.0;
    if parts.clock != Clock::Simulated {
        let detail = "This stack runs on the machine's clock: start it with --now to simulate one.";
        return Err(Problem::new(Code::WrongState, detail).respond("dev"));
    }
    let _moving = parts.moving.lock().await;
    let before = parts.store.jobs_ended();
    let mut now = parts.clock.now(&parts.store).await.map_err(refused)?;
    if to.now < now {
        let detail = format!("The school's clock stands at {now}; it never goes back.");
        return Err(Problem::new(Code::WrongState, detail).respond("dev"));
    }
    loop {
        drain(parts, now).await?;
        if now == to.now {
            let jobs_run = parts.store.jobs_ended() - before;
            return Ok(Json(Moved { now, jobs_run }));
        }
        let next = parts.store.next_due().await.map_err(refused)?;
        now = next.map_or(to.now, |next| next.clamp(now, to.now));
        Clock::set(&parts.store, now).await.map_err(refused)?;
        parts.store.wake();
    }
}

/// How long jobs that are due may take before the move is given up.
const DRAIN_MAX: Duration = Duration::from_secs(300);
/// How often the queue is looked at when no job of this process ended.
const DRAIN_POLL: Duration = Duration::from_millis(20);

/// Waits until nothing is due, leased or backing off.
async fn drain(parts: &Parts, now: Timestamp) -> Result<(), Response> {
    let drained = async {
        loop {
            let woken = parts.store.woken();
            // In this order: a job that ends meanwhile has left what it asked for among the waiting. One
            // that is claimed meanwhile is told by the count or, where another process claims it, by a
            // second look.
            let claims = parts.store.claims_at_rest();
            let idle = is_idle(&parts.store, now).await? && is_idle(&parts.store, now).await?;
            if idle && claims.is_some() && claims == parts.store.claims_at_rest() {
                return Ok::<(), StoreError>(());
            }
            // A job's end wakes this too; other processes' jobs are seen by asking again.
            let _ = tokio::time::timeout(DRAIN_POLL, woken).await;
        }
    };
    match tokio::time::timeout(DRAIN_MAX, drained).await {
        Ok(drained) => drained.map_err(refused),
        Err(_) => {
            let detail = "Jobs that are due did not end in time: is a worker running?";
            Err(Problem::new(Code::Unavailable, detail).respond("dev"))
        }
    }
}

/// Whether nothing is leased, backing off or due.
async fn is_idle(store: &Store, now: Timestamp) -> Result<bool, StoreError> {
    Ok(store.nothing_held().await? && store.next_due().await?.is_none_or(|due| now < due))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    person: String,
}

#[derive(Serialize)]
struct Token {
    token: String,
}

async fn make_token(State(dev): State<Dev>, Body(wanted): Body<Wanted>) -> Result<Json<Token>, Response> {
    let email = wanted.person;
    if email.len() > 200 || !email.contains('@') {
        return Err(
            Problem::field("/person", "expected a mail address, such as maya@example.org").respond("dev")
        );
    }
    match dev.0.issuer.token_for(&email, machine_now()) {
        Ok(token) => Ok(Json(Token { token })),
        Err(error) => {
            tracing::error!(%error, "a token cannot be made");
            Err(StatusCode::INTERNAL_SERVER_ERROR.into_response())
        }
    }
}

/// Where links to rooms lead while no Jitsi is connected.
pub const NO_JITSI: &str = "/dev/video-without-jitsi";

/// Says that there is no room, and how to have one.
async fn no_room() -> &'static str {
    "There is no video room here: this school runs on one machine, and no Jitsi is connected to it.\n\
     The link was made as for a real one. To meet, set JITSI_URL, JITSI_APP_ID and JITSI_SECRET (see --help),\n\
     or let the mentor declare a room of their own as video_link.\n"
}

#[derive(Serialize)]
struct People<'a> {
    items: &'a [Known],
}

async fn list_people(State(dev): State<Dev>) -> Response {
    Json(People { items: &dev.0.people }).into_response()
}

fn refused(error: StoreError) -> Response {
    Problem::from(error).respond("dev")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_loopback() {
        for host in ["127.0.0.1:8080", "localhost", "localhost:80", "[::1]:8080"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in
            ["example.org", "127.0.0.1.example.org", "localhost.example.org:80", "", "127.0.0.1:80.evil"]
        {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
