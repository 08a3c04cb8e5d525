//! The first answer to an `Idempotency-Key`, kept so that a repeated call answers the same.
//!
//! The record is written in the transaction of the effect it answers for. A refusal leaves none,
//! so the same key may be tried again.

use domain::id::PersonId;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::item::{Item, Stored};
use crate::key::{AnswerKey, Key};
use crate::store::{Store, StoreError};

/// How long a key is remembered, by the machine's clock (api.md, "Manners").
pub const KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Which call a key was given for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Who called.
    pub person: PersonId,
    /// Digest of route and key.
    pub key: AnswerKey,
    /// Digest of the body: another body under the same key is refused.
    pub fingerprint: String,
}

impl Asked {
    /// A call to `route` (method and path) under `key` with this body.
    pub fn new(person: PersonId, route: &str, key: &str, body: &[u8]) -> Self {
        let digest = Sha256::new().chain_update(route).chain_update([0]).chain_update(key).finalize();
        Self { person, key: AnswerKey(hex(&digest)), fingerprint: hex(&Sha256::digest(body)) }
    }
}

/// The answer to a call, as it is said again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Who called.
    pub person: PersonId,
    /// Digest of route and key.
    pub key: String,
    /// Digest of the body it answers.
    pub fingerprint: String,
    /// HTTP status.
    pub status: u16,
    /// `Location`, where something was created.
    pub location: Option<String>,
    /// `ETag`, where the answer shows something that can change.
    pub etag: Option<String>,
    /// JSON.
    pub body: String,
    /// When the record ends, in seconds since 1970 by the machine's clock.
    pub expires: i64,
}

impl Answer {
    /// The record of an answer to a call.
    pub fn to(
        asked: &Asked,
        status: u16,
        location: Option<String>,
        etag: Option<String>,
        body: String,
        machine_now: Timestamp,
    ) -> Self {
        Self {
            person: asked.person,
            key: asked.key.0.clone(),
            fingerprint: asked.fingerprint.clone(),
            status,
            location,
            etag,
            body,
            expires: (machine_now + KEPT).as_second(),
        }
    }
}

impl Stored for Answer {
    const KIND: &'static str = "answer";

    fn key(&self) -> Key {
        Key::Answer(self.person, AnswerKey(self.key.clone()))
    }

    fn expires(&self) -> Option<i64> {
        Some(self.expires)
    }
}

impl Store {
    /// The answer that was given under a key, unless it has expired.
    pub async fn answer(&self, asked: &Asked, machine_now: Timestamp) -> Result<Option<Answer>, StoreError> {
        let kept: Option<Item<Answer>> = self.get(&Key::Answer(asked.person, asked.key.clone())).await?;
        Ok(kept.map(|item| item.value).filter(|answer| answer.expires > machine_now.as_second()))
    }
}

/// Lower-case hex digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        text.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or('0'));
        text.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or('0'));
        text
    })
}
