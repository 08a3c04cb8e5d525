//! Who is asking: the verification of OIDC bearer tokens.
//!
//! A token is trusted for what it was signed for and nothing else: by a key of the one issuer,
//! with an algorithm that the key itself names, for this audience, within its time. The time is
//! the machine's, never the school's. Only who somebody is comes from a token; what they may do
//! comes from the table.

use std::sync::Arc;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::id::PersonId;
use domain::person::Person;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, crypto};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use thiserror::Error;

mod keys; // the issuer's keys, fetched and kept

use keys::{KeyError, Keys};

/// The longest token that is looked at; those of the usual issuers have 1 to 2 kilobytes.
pub const TOKEN_BYTES_MAX: usize = 8 * 1024;

/// How far the issuer's clock may be from this machine's.
pub const LEEWAY_SECONDS: i64 = 60;

/// The longest subject (OpenID Connect Core 1.0, section 2).
const SUBJECT_CHARS_MAX: usize = 255;

/// What may sign a token: public keys only, so that none can be forged with what is published.
const ALGORITHMS: [Algorithm; 3] = [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA];

/// Whose tokens count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer {
    /// The `iss` of its tokens, to the letter.
    pub issuer: String,
    /// The `aud` of tokens that are meant for the school.
    pub audience: String,
    /// Where its public keys are.
    pub jwks_url: String,
}

/// Who signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Who says so.
    pub issuer: String,
    /// What the issuer calls them; the same for ever.
    pub subject: String,
    /// Their address, if the issuer has verified it.
    pub email: Option<String>,
}

/// Why a token says nothing about who is asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TokenError {
    /// There is none.
    #[error("sign in: the request has no bearer token")]
    Missing,
    /// It is no signed token, or has no subject.
    #[error("the bearer token is malformed")]
    Malformed,
    /// Its algorithm is none that counts, or not the one of its key.
    #[error("the bearer token is signed with an algorithm that is not accepted")]
    Algorithm,
    /// Its time is over.
    #[error("the bearer token has expired: sign in again")]
    Expired,
    /// Its time has not come.
    #[error("the bearer token is not valid yet")]
    NotYetValid,
    /// Somebody else issued it.
    #[error("the bearer token is of another issuer")]
    Issuer,
    /// It is meant for somebody else.
    #[error("the bearer token is for another audience")]
    Audience,
    /// The issuer has no key of that name.
    #[error("the bearer token is signed with an unknown key")]
    UnknownKey,
    /// The signature does not fit.
    #[error("the bearer token's signature is wrong")]
    Signature,
    /// The issuer's keys cannot be had at the moment: no fault of the token's (503).
    #[error("sign-in is unavailable at the moment")]
    KeysUnavailable,
}

/// Verifies the tokens of one issuer.
#[derive(Debug, Clone)]
pub struct Verifier {
    issuer: Issuer,
    keys: Arc<Keys>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    exp: i64,
    nbf: Option<i64>,
    email: Option<String>,
    // Some issuers write the word instead of the truth value; that counts as not verified.
    email_verified: Option<serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// The bearer token of a request.
pub fn bearer(headers: &HeaderMap) -> Result<&str, TokenError> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or(TokenError::Missing)?;
    if values.next().is_some() {
        return Err(TokenError::Malformed);
    }
    let text = value.to_str().map_err(|_| TokenError::Malformed)?;
    match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(token.trim()),
        _ => Err(TokenError::Missing),
    }
}

impl Verifier {
    /// A verifier that fetches the issuer's keys when the first token comes.
    pub fn new(issuer: Issuer) -> Result<Self, reqwest::Error> {
        let keys = Arc::new(Keys::at(&issuer.jwks_url)?);
        Ok(Self { issuer, keys })
    }

    /// Who signed in with this token, by the machine's clock.
    pub async fn verify(&self, token: &str, machine_now: Timestamp) -> Result<Identity, TokenError> {
        if token.is_empty() {
            return Err(TokenError::Missing);
        }
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenError::Malformed);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let (header, payload) = message.split_once('.').ok_or(TokenError::Malformed)?;
        if payload.contains('.') {
            return Err(TokenError::Malformed);
        }
        let header: Header = part(header)?;
        let algorithm = header.algorithm()?;
        let kid = header.kid.ok_or(TokenError::UnknownKey)?;
        let key = self.keys.find(&kid, machine_now).await.map_err(|error| match error {
            KeyError::Unknown => TokenError::UnknownKey,
            KeyError::Unavailable => TokenError::KeysUnavailable,
        })?;
        if key.algorithm != algorithm {
            return Err(TokenError::Algorithm);
        }
        match crypto::verify(signature, message.as_bytes(), &key.public, algorithm) {
            Ok(true) => part::<Claims>(payload)?.identity(&self.issuer, machine_now),
            Ok(false) | Err(_) => Err(TokenError::Signature),
        }
    }
}

impl Header {
    fn algorithm(&self) -> Result<Algorithm, TokenError> {
        // An extension that must be understood is not understood here (RFC 7515, section 4.1.11).
        if self.crit.is_some() {
            return Err(TokenError::Malformed);
        }
        let algorithm = self.alg.parse().map_err(|_| TokenError::Algorithm)?;
        if ALGORITHMS.contains(&algorithm) { Ok(algorithm) } else { Err(TokenError::Algorithm) }
    }
}

impl Claims {
    fn identity(self, expected: &Issuer, machine_now: Timestamp) -> Result<Identity, TokenError> {
        if self.iss != expected.issuer {
            return Err(TokenError::Issuer);
        }
        if !self.aud.names(&expected.audience) {
            return Err(TokenError::Audience);
        }
        let now = machine_now.as_second();
        if now >= self.exp.saturating_add(LEEWAY_SECONDS) {
            return Err(TokenError::Expired);
        }
        if self.nbf.is_some_and(|from| now < from.saturating_sub(LEEWAY_SECONDS)) {
            return Err(TokenError::NotYetValid);
        }
        if self.sub.is_empty() || self.sub.chars().count() > SUBJECT_CHARS_MAX {
            return Err(TokenError::Malformed);
        }
        let verified = self.email_verified.is_some_and(|verified| verified == true);
        let email = self.email.filter(|_| verified);
        Ok(Identity { issuer: self.iss, subject: self.sub, email })
    }
}

impl Audience {
    fn names(&self, expected: &str) -> bool {
        match self {
            Self::One(audience) => audience == expected,
            Self::Many(audiences) => audiences.iter().any(|audience| audience == expected),
        }
    }
}

impl Identity {
    /// The id of the person that this is.
    pub fn person(&self) -> PersonId {
        Person::id_of(&self.issuer, &self.subject)
    }
}

fn part<T: DeserializeOwned>(encoded: &str) -> Result<T, TokenError> {
    let bytes = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| TokenError::Malformed)?;
    serde_json::from_slice(&bytes).map_err(|_| TokenError::Malformed)
}

#[cfg(test)]
mod tests;
