//! The issuer's keys: fetched over HTTP, kept, and fetched again when that may help.
//!
//! Whatever is thrown at it, the issuer is asked at most once in [`REFRESH_SECONDS`]; requests
//! that need the keys at the same time wait for one and the same answer.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use reqwest::Client;
use reqwest::redirect::Policy;
use serde::Deserialize;
use thiserror::Error;
use tokio::sync::{Mutex, watch};

/// Seconds between two questions to the issuer, whatever came of the first.
const REFRESH_SECONDS: u64 = 60;

/// Seconds after which the keys are asked for again, so that a withdrawn one stops to count.
/// While the issuer cannot be reached, the old ones do.
const FRESH_SECONDS: u64 = 600;

/// How long the issuer may take to answer.
const FETCH_TIMEOUT: Duration = Duration::from_secs(3);

/// The largest key set that is read; usual ones have 1 to 4 kilobytes.
const KEY_SET_BYTES_MAX: usize = 64 * 1024;

/// A public key, and the one algorithm it is for.
#[derive(Debug, Clone)]
pub(super) struct Key {
    kid: String,
    pub(super) algorithm: Algorithm,
    pub(super) public: DecodingKey,
}

/// Why there is no key of that name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyError {
    /// The issuer has none.
    Unknown,
    /// The issuer has not been reached yet.
    Unavailable,
}

/// The keys of one issuer.
#[derive(Debug)]
pub(super) struct Keys {
    url: String,
    http: Client,
    known: watch::Sender<Known>,
    fetching: Mutex<()>,
}

#[derive(Debug, Clone, Default)]
struct Known {
    keys: Option<Arc<[Key]>>,
    fetched_at: Option<Timestamp>,
    asked_at: Option<Timestamp>,
}

#[derive(Debug, Error)]
enum FetchFailed {
    #[error("the issuer's keys could not be fetched")]
    Http(#[from] reqwest::Error),
    #[error("the issuer's key set has more than {KEY_SET_BYTES_MAX} bytes")]
    TooLarge,
    #[error("the issuer's key set is malformed")]
    Malformed(#[from] serde_json::Error),
}

/// Each key by itself: one of an unknown kind does not spoil the others.
#[derive(Deserialize)]
struct Served {
    keys: Vec<serde_json::Value>,
}

impl Keys {
    pub(super) fn at(url: &str) -> Result<Self, reqwest::Error> {
        let http = Client::builder().redirect(Policy::none()).timeout(FETCH_TIMEOUT).build()?;
        let known = watch::Sender::new(Known::default());
        Ok(Self { url: url.to_owned(), http, known, fetching: Mutex::new(()) })
    }

    /// The key of that name, asking the issuer if it is unknown or old.
    pub(super) async fn find(self: &Arc<Self>, kid: &str, now: Timestamp) -> Result<Key, KeyError> {
        let known = self.known.borrow().clone();
        match known.find(kid) {
            Ok(key) if !older(known.fetched_at, now, FRESH_SECONDS) => return Ok(key),
            answer if !known.may_ask(now) => return answer,
            _ => {}
        }
        let keys = Arc::clone(self);
        // In a task of its own: a client that hangs up must not end what others wait for.
        if let Err(error) = tokio::spawn(async move { keys.refresh(now).await }).await {
            tracing::error!(%error, "refreshing the issuer's keys was cut short");
        }
        self.known.borrow().find(kid)
    }

    async fn refresh(&self, now: Timestamp) {
        let _one_at_a_time = self.fetching.lock().await;
        if !self.known.borrow().may_ask(now) {
            return;
        }
        let fetched = self.fetch().await;
        self.known.send_modify(|known| known.asked_at = Some(now));
        match fetched {
            Ok(keys) => self.known.send_modify(|known| {
                known.keys = Some(keys.into());
                known.fetched_at = Some(now);
            }),
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, "the issuer's keys stay what they were");
            }
        }
    }

    async fn fetch(&self) -> Result<Vec<Key>, FetchFailed> {
        let mut response = self.http.get(&self.url).send().await?.error_for_status()?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if body.len() + chunk.len() > KEY_SET_BYTES_MAX {
                return Err(FetchFailed::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        let served: Served = serde_json::from_slice(&body)?;
        Ok(served.keys.into_iter().filter_map(Key::read).collect())
    }
}

impl Known {
    fn find(&self, kid: &str) -> Result<Key, KeyError> {
        let keys = self.keys.as_ref().ok_or(KeyError::Unavailable)?;
        keys.iter().find(|key| key.kid == kid).cloned().ok_or(KeyError::Unknown)
    }

    fn may_ask(&self, now: Timestamp) -> bool {
        older(self.asked_at, now, REFRESH_SECONDS)
    }
}

/// Whether it is so long ago, or never was; a clock that was set back counts as long ago.
fn older(then: Option<Timestamp>, now: Timestamp, seconds: u64) -> bool {
    then.is_none_or(|then| now.as_second().abs_diff(then.as_second()) >= seconds)
}

impl Key {
    /// A key that tokens may be signed with; none for another purpose or algorithm.
    fn read(served: serde_json::Value) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(served).ok()?;
        let algorithm = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => Algorithm::RS256,
            AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => Algorithm::ES256,
            AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => Algorithm::EdDSA,
            _ => return None,
        };
        let signs = jwk.common.public_key_use.as_ref().is_none_or(|usage| *usage == PublicKeyUse::Signature);
        let fits = jwk.common.key_algorithm.is_none_or(|named| named == KeyAlgorithm::from(algorithm));
        if !signs || !fits {
            return None;
        }
        let public = DecodingKey::from_jwk(&jwk).ok()?;
        Some(Self { kid: jwk.common.key_id?, algorithm, public })
    }
}
