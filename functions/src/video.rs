//! Where sessions and defenses are held: a room of the school's Jitsi, or, for sessions, the mentor's own.
//!
//! A provider is data and no client: Jitsi makes a room when somebody with a token comes, and lets nobody in once
//! their token has ended, so neither needs a call. One that did would be called by the worker, from a job.

mod event;
mod jitsi;
mod recordings; // what providers recorded

use std::sync::Arc;

use axum::body::Bytes;
use axum::http::HeaderMap;
use domain::defense::Defense;
use domain::session::{Attendance, AttendanceError, Session, Side};
use domain::video::{Guest, Room, room_name, room_of_defense, session_in};
use serde::Serialize;
use storage::Stored;
use storage::transaction::read_again;
use thiserror::Error;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::call::Call;
use crate::permissions;
use crate::problem::{Code, Problem};
use crate::reply::Reply;
use crate::schema::Refusals;
use crate::webhook::{Form, WebhookKeys};

pub use self::event::{EVENT_BYTES_MAX, Event};
pub use self::jitsi::{Jitsi, SECRET_BYTES_MIN};
pub use self::recordings::HEADER as RECORDING_HEADER;

/// The header that carries an event's signature.
pub const HEADER: &str = "x-jaas-signature";

/// The routes of this topic.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(hear_video)).merge(recordings::routes())
}

/// Where sessions are held, and what its provider's events are checked with.
#[derive(Debug, Clone)]
pub struct Video {
    /// Whose rooms they are, where the mentor has none of their own.
    pub provider: Provider,
    /// None is believed without a key.
    pub event_keys: WebhookKeys,
}

/// Whose rooms.
#[derive(Debug, Clone)]
pub enum Provider {
    /// The school's Jitsi.
    Jitsi(Arc<Jitsi>),
    /// The mentor's own, wherever that is.
    External {
        /// The address that they declared.
        link: String,
    },
    /// Nobody's.
    Absent,
}

/// Why it cannot be read where sessions are held.
#[derive(Debug, Error)]
pub enum InvalidVideo {
    /// Tokens are not sent in the clear, and an address has no query before ours.
    #[error("JITSI_URL: expected an https address without query, or http on this machine")]
    Url,
    /// It needs an account.
    #[error("JITSI_URL is set: set JITSI_APP_ID too")]
    NoAccount,
    /// It needs a key.
    #[error("JITSI_URL is set: set JITSI_SECRET, or JITSI_KEY_FILE with JITSI_KEY_ID")]
    NoKey,
    /// Anybody could guess it.
    #[error("JITSI_SECRET: expected at least {SECRET_BYTES_MIN} bytes")]
    ShortSecret,
    /// The key's file is not there.
    #[error("JITSI_KEY_FILE cannot be read: {0}")]
    KeyFile(#[source] std::io::Error),
    /// The key is none.
    #[error("JITSI_KEY_FILE: expected an RSA private key as PEM")]
    Key(#[source] jsonwebtoken::errors::Error),
}

/// No rooms, and nobody who tells of them.
impl Default for Video {
    fn default() -> Self {
        Self { provider: Provider::Absent, event_keys: WebhookKeys::new(Form::Base64, []) }
    }
}

impl Video {
    /// Reads `JITSI_URL`, `JITSI_APP_ID`, `JITSI_DOMAIN`, `JITSI_SECRET` or `JITSI_KEY_FILE` with `JITSI_KEY_ID`, and
    /// `JITSI_WEBHOOK_SECRET`; nothing without the first.
    pub fn from_settings(setting: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, InvalidVideo> {
        let given = |name: &str| setting(name).filter(|value| !value.is_empty());
        let Some(url) = given("JITSI_URL") else { return Ok(None) };
        let app_id = given("JITSI_APP_ID").ok_or(InvalidVideo::NoAccount)?;
        let jitsi = match (given("JITSI_KEY_FILE"), given("JITSI_SECRET")) {
            (Some(path), _) => {
                let pem = std::fs::read(path).map_err(InvalidVideo::KeyFile)?;
                Jitsi::as_a_service(&url, &app_id, &given("JITSI_KEY_ID").ok_or(InvalidVideo::NoKey)?, &pem)?
            }
            (None, Some(secret)) => Jitsi::of_ones_own(&url, &app_id, given("JITSI_DOMAIN"), &secret)?,
            (None, None) => return Err(InvalidVideo::NoKey),
        };
        let secrets = given("JITSI_WEBHOOK_SECRET").unwrap_or_default();
        let event_keys = WebhookKeys::listed(Form::Base64, &secrets);
        Ok(Some(Self { provider: Provider::Jitsi(jitsi.into()), event_keys }))
    }

    /// Whose room a mentor's session is held in.
    fn of(&self, video_link: Option<String>) -> Provider {
        video_link.map_or_else(|| self.provider.clone(), |link| Provider::External { link })
    }
}

impl Provider {
    /// A session's room, the same whenever it is asked for; none where nobody has one.
    pub fn room(&self, session: &Session) -> Option<Room> {
        let name = room_name(session.id);
        match self {
            Self::Jitsi(jitsi) => Some(Room { url: jitsi.url_of(&name), name }),
            Self::External { link } => Some(Room { name, url: link.clone() }),
            Self::Absent => None,
        }
    }
}

/// The link to a session's room for whoever asks: in its window, and for its two people alone.
pub async fn join_url(call: &Call, session: &Session) -> Result<Option<String>, Problem> {
    let person = call.person()?;
    if !session.lets_in(person, call.now) {
        return Ok(None);
    }
    let availability = call.store().availability_for_booking(session.with).await?;
    let provider = call.app.settings.video.of(availability.video_link);
    let Some(room) = provider.room(session) else { return Ok(None) };
    let Provider::Jitsi(jitsi) = provider else { return Ok(Some(room.url)) };
    let kept = call.store().person(person).await?;
    let name = kept.and_then(|kept| kept.value.name).unwrap_or_else(|| nameless(session.side_of(person)));
    jitsi.link(session.guest(person, &name)).map(Some).map_err(|error| not_signed(&error))
}

/// The link to a defense's room for whoever asks: once both agreed to be recorded, around its time, for student and
/// juror alone. It is in no room of a mentor's own, since the school records it.
pub async fn defense_url(call: &Call, defense: &Defense) -> Result<Option<String>, Problem> {
    let person = call.person()?;
    let Provider::Jitsi(jitsi) = &call.app.settings.video.provider else { return Ok(None) };
    let Some(window) = defense.room_for(person, call.now) else { return Ok(None) };
    let kept = call.store().person(person).await?;
    let moderator = defense.juror() == Some(person);
    let nameless = if moderator { "Juror" } else { "Student" };
    let name = kept.and_then(|kept| kept.value.name).unwrap_or_else(|| nameless.to_owned());
    let guest = Guest { room: room_of_defense(defense.id()), window, person, name, moderator };
    jitsi.link(guest).map(Some).map_err(|error| not_signed(&error))
}

fn not_signed(error: &jsonwebtoken::errors::Error) -> Problem {
    tracing::error!(%error, "a token for a room cannot be signed");
    Problem::new(Code::Internal, "The link to the room cannot be made.")
}

/// What the other sees of somebody who never said their name.
fn nameless(side: Side) -> String {
    match side {
        Side::Student => "Student".to_owned(),
        Side::Mentor => "Mentor".to_owned(),
        Side::School => "School".to_owned(),
    }
}

/// What became of an event.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeardView {
    /// Whether it is about something of ours, new or known.
    known: bool,
}

/// Hears who came into a session's room, and who left it. The provider signs what it sends; nobody signs in.
///
/// The form is JaaS's. The body is a JSON object of at most 16 KiB with `eventType`, `timestamp` (when it happened,
/// in milliseconds since 1970), `fqn` (`<app id>/<room>`) and `data`; `PARTICIPANT_JOINED` and `PARTICIPANT_LEFT` have
/// `data.id`, the user id of the token, and `data.participantId`, one for each stay; other members are passed over.
/// `X-Jaas-Signature` is `t=<seconds since 1970>,v1=<signature>`, the signature being HMAC-SHA256, with the endpoint's
/// secret, over `<t>.<body>` in base64; it counts for five minutes.
///
/// Events may come late, twice and out of order: said again they change nothing. Other kinds of events, breakout
/// rooms, other people and other rooms are answered with 200 and passed over, or they would be sent again.
#[utoipa::path(post, path = "/v1/video/events", tag = "webhooks",
    params(("x-jaas-signature" = String, Header, description = "Of these very bytes, at most five minutes old")),
    request_body(content = Object, description = "An event, as JaaS writes it"),
    responses((status = 200, description = "It was heard", body = HeardView), Refusals))]
async fn hear_video(call: Call, headers: HeaderMap, body: Bytes) -> Result<Reply, Problem> {
    call.permit_role(&permissions::HEAR_VIDEO).await?;
    let video = &call.app.settings.video;
    let signature = headers.get(HEADER).map(|header| header.as_bytes());
    video.event_keys.verify(signature, &body, call.machine_now)?;
    let event = Event::parse(&body)?;
    let known = read_again(Problem::was_changed, || keep(&call, &event)).await?;
    Reply::ok(&HeardView { known })
}

/// Keeps what an event tells; whether it was about something of ours.
async fn keep(call: &Call, event: &Event) -> Result<bool, Problem> {
    let Provider::Jitsi(jitsi) = &call.app.settings.video.provider else { return Ok(false) };
    let room = event.room.as_ref().filter(|room| room.app_id == jitsi.app_id());
    let session = room.and_then(|room| session_in(&room.name));
    let Some((session, stay)) = session.zip(event.stay(call.now)) else { return Ok(false) };
    let Some(loaded) = call.store().session(session).await? else { return Ok(false) };
    let item = call.permit(&permissions::HEAR_VIDEO, loaded).await?.into_inner();
    let became = match heard(item.value.clone(), stay, call) {
        Ok(became) => became,
        Err(reason) => {
            tracing::info!(%session, %reason, "heard of a stay that does not count");
            return Ok(false);
        }
    };
    if became == item.value {
        return Ok(true);
    }
    let transaction = call.store().keep_session(&item, &became, call.now);
    let transaction =
        transaction.audit(&item.value.key(), permissions::HEAR_VIDEO.name, "provider", call.now);
    call.commit(transaction, Reply::ok(&HeardView { known: true })?).await?;
    Ok(true)
}

fn heard(session: Session, stay: Attendance, call: &Call) -> Result<Session, AttendanceError> {
    session.attend(stay, Side::School, call.now)
}
