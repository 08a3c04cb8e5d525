//! The room a session is held in: its name, from when until when it is open, and what a provider of rooms is
//! told of whoever comes.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::id::{DefenseId, PersonId, SessionId};
use crate::session::{Session, SessionState, Side};

/// A room as every provider has it. Whoever knows it is not let in by that alone, unless it is the mentor's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// What the provider calls it.
    pub name: String,
    /// Where it is.
    pub url: String,
}

/// What every room of a session is called by, so that an event of its provider names the session.
const ROOM_PREFIX: &str = "session-";

/// The name of a session's room: lower-case, as Jitsi compares names, and only this session's.
pub fn room_name(session: SessionId) -> String {
    format!("{ROOM_PREFIX}{}", session.uuid().simple())
}

/// What every room of a defense is called by.
const DEFENSE_PREFIX: &str = "defense-";

/// The name of a defense's room.
pub fn room_of_defense(defense: DefenseId) -> String {
    format!("{DEFENSE_PREFIX}{}", defense.uuid().simple())
}

/// The defense whose room is called so; nothing where it is spelled in another way.
pub fn defense_in(room: &str) -> Option<DefenseId> {
    let hex = room.strip_prefix(DEFENSE_PREFIX)?;
    format!("{}_{hex}", DefenseId::PREFIX).parse().ok()
}

/// The session whose room is called so; nothing where it is spelled in another way.
pub fn session_in(room: &str) -> Option<SessionId> {
    let hex = room.strip_prefix(ROOM_PREFIX)?;
    format!("{}_{hex}", SessionId::PREFIX).parse().ok()
}

/// From when until when a room is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The first instant.
    pub opens_at: Timestamp,
    /// The first instant behind it.
    pub closes_at: Timestamp,
}

impl Window {
    /// Whether the room is open at an instant.
    pub fn holds(&self, instant: Timestamp) -> bool {
        self.opens_at <= instant && instant < self.closes_at
    }
}

impl Session {
    /// From when until when its room is open, as long as it is not called off.
    pub fn room_window(&self) -> Window {
        Window {
            opens_at: self.policy.join_from(self.starts_at),
            closes_at: self.policy.join_until(self.ends_at),
        }
    }

    /// Whether a person may have the link now: one of its two people, in its window, unless it was called off.
    pub fn lets_in(&self, person: PersonId, now: Timestamp) -> bool {
        let called_off = matches!(
            self.state,
            SessionState::CancelledEarly(_)
                | SessionState::CancelledLate(_)
                | SessionState::CancelledByMentor(_)
                | SessionState::TechnicalFailure
        );
        self.side_of(person) != Side::School && !called_off && self.room_window().holds(now)
    }
}

/// In whose name rooms are opened at a provider that reads Jitsi's tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Who lets in: the application's id, or the word that the provider asks for.
    pub issuer: String,
    /// Where: the domain, or the tenant of a shared one.
    pub subject: String,
}

/// What a token for a room says: Prosody's token authentication reads it, and JaaS.
///
/// Sources: <https://github.com/jitsi/lib-jitsi-meet/blob/master/doc/tokens.md>,
/// <https://developer.8x8.com/jaas/docs/api-keys-jwt>.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Claims {
    /// For whom the token is: always `jitsi`.
    pub aud: &'static str,
    /// Who lets in.
    pub iss: String,
    /// Where.
    pub sub: String,
    /// The one room it opens.
    pub room: String,
    /// Seconds since 1970 from which it counts.
    pub nbf: i64,
    /// Seconds since 1970 from which it no longer does, which also ends the room for whoever was not let in.
    pub exp: i64,
    /// Who comes.
    pub context: Context,
}

/// What a room knows of whoever comes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Context {
    /// The person.
    pub user: User,
}

/// A person as a room knows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct User {
    /// Their id here: events of the provider name it again.
    pub id: PersonId,
    /// What the other sees.
    pub name: String,
    /// Whether they hold the session, as JaaS reads it.
    pub moderator: bool,
    /// The same, as Prosody's affiliation of tokens reads it: `owner` or `member`.
    pub affiliation: &'static str,
}

/// Somebody who may come into a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guest {
    /// The one room.
    pub room: String,
    /// When.
    pub window: Window,
    /// Who.
    pub person: PersonId,
    /// What the other sees.
    pub name: String,
    /// Whether they hold the meeting.
    pub moderator: bool,
}

impl Session {
    /// One of its two people, in its room.
    pub fn guest(&self, person: PersonId, name: &str) -> Guest {
        Guest {
            room: room_name(self.id),
            window: self.room_window(),
            person,
            name: name.to_owned(),
            moderator: self.side_of(person) == Side::Mentor,
        }
    }
}

impl Claims {
    /// The claims of a guest.
    pub fn of(guest: Guest, account: &Account) -> Self {
        let Guest { room, window: Window { opens_at, closes_at }, person, name, moderator } = guest;
        let affiliation = if moderator { "owner" } else { "member" };
        Self {
            aud: "jitsi",
            iss: account.issuer.clone(),
            sub: account.subject.clone(),
            room,
            nbf: opens_at.as_second(),
            exp: closes_at.as_second(),
            context: Context { user: User { id: person, name, moderator, affiliation } },
        }
    }
}

/// How far a provider's clock may be ahead of the school's: what it says happened a moment from now, happens now.
pub const SKEW_MAX: SignedDuration = SignedDuration::from_mins(5);

/// When something that a provider tells of happened, by the school's clock; it is left as it is where it lies
/// further ahead than [`SKEW_MAX`].
pub fn happened_at(told: Timestamp, now: Timestamp) -> Timestamp {
    if told > now && told.duration_since(now) <= SKEW_MAX { now } else { told }
}

#[cfg(test)]
mod tests;
