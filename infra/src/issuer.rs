//! Who is who on one machine: an OIDC issuer on loopback.
//!
//! It has no sign-in page. Tokens are made by [`LocalIssuer::token_for`], behind `/dev/tokens`,
//! for whoever is asked for; everything that verifies them is what verifies a real issuer's.

use axum::routing::get;
use axum::{Json, Router};
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;
use thiserror::Error;

/// What the issuer calls itself. It is no address, so that people stay who they are when the
/// same data folder is served on another port.
pub const ISSUER: &str = "http://issuer.localhost";

/// Whom its tokens are meant for.
pub const AUDIENCE: &str = "compagnon";

/// An OIDC issuer for one machine.
#[derive(Debug, Clone)]
pub struct LocalIssuer {
    private: EncodingKey,
    header: Header,
    keys: JwkSet,
    lifetime: SignedDuration,
}

/// The issuer's key cannot sign.
#[derive(Debug, Error)]
#[error("the local issuer's key cannot sign")]
pub struct IssuerKeyError(#[from] jsonwebtoken::errors::Error);

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    iat: i64,
    exp: i64,
    email: &'a str,
    email_verified: bool,
}

#[derive(Debug, Clone, Serialize)]
struct Configuration {
    issuer: &'static str,
    jwks_uri: String,
    response_types_supported: [&'static str; 1],
    subject_types_supported: [&'static str; 1],
    id_token_signing_alg_values_supported: [&'static str; 1],
}

impl LocalIssuer {
    /// An issuer that signs with the Ed25519 key in a PEM, for tokens that live so long.
    pub fn new(pem: &str, lifetime: SignedDuration) -> Result<Self, IssuerKeyError> {
        let private = EncodingKey::from_ed_pem(pem.as_bytes())?;
        let mut jwk = Jwk::from_encoding_key(&private, Algorithm::EdDSA)?;
        let kid = jwk.thumbprint(ThumbprintHash::SHA256)?;
        jwk.common.key_id = Some(kid.clone());
        jwk.common.public_key_use = Some(PublicKeyUse::Signature);
        let header = Header { kid: Some(kid), ..Header::new(Algorithm::EdDSA) };
        Ok(Self { private, header, keys: JwkSet { keys: vec![jwk] }, lifetime })
    }

    /// A token for whoever has this address, which is also the subject; by the machine's clock.
    pub fn token_for(&self, email: &str, machine_now: Timestamp) -> Result<String, IssuerKeyError> {
        let iat = machine_now.as_second();
        let claims = Claims {
            iss: ISSUER,
            sub: email,
            aud: AUDIENCE,
            iat,
            exp: iat.saturating_add(self.lifetime.as_secs()),
            email,
            email_verified: true,
        };
        Ok(jsonwebtoken::encode(&self.header, &claims, &self.private)?)
    }

    /// What its tokens must be verified with, when it is served under this URL.
    pub fn trusted(base_url: &str) -> functions::token::Issuer {
        functions::token::Issuer {
            issuer: ISSUER.to_owned(),
            audience: AUDIENCE.to_owned(),
            jwks_url: format!("{base_url}/jwks"),
        }
    }

    /// The public keys and the description of the issuer, to be served under this URL.
    pub fn router(&self, base_url: &str) -> Router {
        let keys = self.keys.clone();
        let configuration = Configuration {
            issuer: ISSUER,
            jwks_uri: Self::trusted(base_url).jwks_url,
            response_types_supported: ["id_token"],
            subject_types_supported: ["public"],
            id_token_signing_alg_values_supported: ["EdDSA"],
        };
        Router::new()
            .route("/.well-known/openid-configuration", get(async move || Json(configuration.clone())))
            .route("/jwks", get(async move || Json(keys.clone())))
    }
}

#[cfg(test)]
mod tests {
    use functions::token::{TokenError, Verifier};
    use tokio::net::TcpListener;

    use super::*;
    use crate::signing_key;

    fn now() -> Timestamp {
        "2027-02-07T09:00:00Z".parse().expect("an instant")
    }

    fn issuer(pem: &str) -> LocalIssuer {
        LocalIssuer::new(pem, SignedDuration::from_mins(10)).expect("an issuer")
    }

    /// Serves an issuer, and answers its URL.
    async fn serve(issuer: &LocalIssuer) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base_url = format!("http://{}", listener.local_addr().expect("an address"));
        let router = issuer.router(&base_url);
        tokio::spawn(async move { axum::serve(listener, router).await });
        base_url
    }

    #[tokio::test]
    async fn its_tokens_pass_the_real_verifier_until_they_expire() {
        let issuer = issuer(&signing_key::generate().expect("a key"));
        let verifier = Verifier::new(LocalIssuer::trusted(&serve(&issuer).await)).expect("a verifier");
        let token = issuer.token_for("maya@example.org", now()).expect("a token");
        let identity = verifier.verify(&token, now()).await.expect("verified");
        assert_eq!((identity.issuer.as_str(), identity.subject.as_str()), (ISSUER, "maya@example.org"));
        assert_eq!(identity.email.as_deref(), Some("maya@example.org"));
        let over = now() + SignedDuration::from_mins(11);
        assert_eq!(verifier.verify(&token, over).await, Err(TokenError::Expired));
    }

    #[tokio::test]
    async fn tokens_survive_a_restart_on_another_port() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("issuer.pem");
        let open = || issuer(&signing_key::open_or_create(&path, signing_key::generate).expect("a key"));
        let token = open().token_for("maya@example.org", now()).expect("a token");
        let restarted = Verifier::new(LocalIssuer::trusted(&serve(&open()).await)).expect("a verifier");
        assert!(restarted.verify(&token, now()).await.is_ok());
    }

    #[tokio::test]
    async fn it_says_where_its_keys_are() {
        let base_url = serve(&issuer(&signing_key::generate().expect("a key"))).await;
        let url = format!("{base_url}/.well-known/openid-configuration");
        let answer = reqwest::get(url).await.expect("an answer").text().await.expect("a body");
        let configuration: serde_json::Value = serde_json::from_str(&answer).expect("json");
        assert_eq!(configuration["jwks_uri"], format!("{base_url}/jwks"));
    }
}
