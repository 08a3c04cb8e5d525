//! The school's signature under credentials.
//!
//! One Ed25519 key signs; anyone can check with the public half, which is served at
//! `/.well-known/jwks.json`. The key's name (`kid`) is its JWK thumbprint (RFC 7638), so that it
//! needs no list of names.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::credential::Signature;
use domain::credential::claims::{Claims, MEDIA_TYPE};
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, crypto};
use thiserror::Error;

/// The school's key, ready to sign.
#[derive(Debug, Clone)]
pub struct Signer {
    private: EncodingKey,
    public: DecodingKey,
    jwk: Jwk,
    header: Header,
}

/// The text is not a key to sign with.
#[derive(Debug, Error)]
#[error("expected an Ed25519 private key in PKCS#8 (version 1) as PEM")]
pub struct InvalidSigningKey(#[source] jsonwebtoken::errors::Error);

/// A credential could not be signed.
#[derive(Debug, Error)]
#[error("the credential could not be signed")]
pub struct SigningFailed(#[source] jsonwebtoken::errors::Error);

impl Signer {
    /// The key in a PEM, as `openssl genpkey -algorithm ed25519` writes it.
    pub fn from_pem(pem: &str) -> Result<Self, InvalidSigningKey> {
        let private = EncodingKey::from_ed_pem(pem.as_bytes()).map_err(InvalidSigningKey)?;
        let mut jwk = Jwk::from_encoding_key(&private, Algorithm::EdDSA).map_err(InvalidSigningKey)?;
        let kid = jwk.thumbprint(ThumbprintHash::SHA256).map_err(InvalidSigningKey)?;
        jwk.common.key_id = Some(kid.clone());
        jwk.common.public_key_use = Some(PublicKeyUse::Signature);
        let public = DecodingKey::from_jwk(&jwk).map_err(InvalidSigningKey)?;
        let header = Header {
            typ: Some(MEDIA_TYPE.to_owned()),
            cty: Some("vc".to_owned()),
            kid: Some(kid),
            ..Header::new(Algorithm::EdDSA)
        };
        Ok(Self { private, public, jwk, header })
    }

    /// A credential as the bytes that the graduate carries away.
    ///
    /// Ed25519 is deterministic: the same claims give the same bytes, so a retry changes nothing.
    pub fn sign(&self, claims: &Claims) -> Result<String, SigningFailed> {
        jsonwebtoken::encode(&self.header, claims, &self.private).map_err(SigningFailed)
    }

    /// Whether these bytes are what this key signed.
    pub fn verification(&self, jwt: &str) -> Signature {
        let signed = jwt.rsplit_once('.').is_some_and(|(message, signature)| {
            crypto::verify(signature, message.as_bytes(), &self.public, Algorithm::EdDSA).unwrap_or(false)
        });
        if signed { Signature::Valid } else { Signature::Changed }
    }

    /// The public half, for everyone.
    pub fn keys(&self) -> JwkSet {
        JwkSet { keys: vec![self.jwk.clone()] }
    }
}

/// What a credential says, whoever signed it; nothing if it cannot be read.
pub fn claims_of(jwt: &str) -> Option<Claims> {
    let payload = URL_SAFE_NO_PAD.decode(jwt.split('.').nth(1)?).ok()?;
    serde_json::from_slice(&payload).ok()
}

#[cfg(test)]
pub(crate) mod tests {
    use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
    use aws_lc_rs::signature::Ed25519KeyPair;
    use base64::Engine;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use domain::credential::claims::{Achievement, Graduate, Issuer, Vocabulary};
    use jiff::Timestamp;

    use super::*;

    /// A PKCS#8 document as PEM, its label built so that no key seems to stand in this file.
    pub(crate) fn pem(der: &[u8]) -> String {
        let label = "PRIVATE KEY";
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
    }

    /// A key that is the same for the same seed.
    pub(crate) fn ed25519_pem(seed: u8) -> String {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).expect("a key");
        pem(pair.to_pkcs8v1().expect("a document").as_ref())
    }

    fn signer(seed: u8) -> Signer {
        Signer::from_pem(&ed25519_pem(seed)).expect("a signer")
    }

    fn claims() -> Claims {
        Claims {
            context: ("c".into(), Vocabulary { vocab: "v".into() }),
            id: "https://compagnon.example/v1/credentials/1".into(),
            kinds: vec!["VerifiableCredential".into()],
            issuer: Issuer { id: "https://compagnon.example".into(), name: "Compagnon".into() },
            valid_from: Timestamp::UNIX_EPOCH,
            credential_subject: Graduate {
                id: "urn:uuid:1".into(),
                name: "Maya Lind".into(),
                achievement: Achievement {
                    kind: "Degree".into(),
                    name: "Web developer".into(),
                    degree: "web-development".parse().expect("a slug"),
                    edition: "web-development-gb".parse().expect("a slug"),
                    version: 1,
                    awarded_on: "2028-02-05".parse().expect("a date"),
                    eqf_level: 5,
                    countries: vec!["GB".into()],
                    partners: vec![],
                    skills: vec![],
                },
            },
            evidence: vec![],
        }
    }

    #[test]
    fn the_payload_is_the_credential_itself() {
        let jwt = signer(1).sign(&claims()).expect("signed");
        let part = |index: usize| {
            let part = jwt.split('.').nth(index).expect("three parts");
            String::from_utf8(URL_SAFE_NO_PAD.decode(part).expect("base64")).expect("text")
        };
        let kid = signer(1).keys().keys[0].common.key_id.clone().expect("named");
        assert_eq!(part(0), format!(r#"{{"typ":"vc+jwt","alg":"EdDSA","cty":"vc","kid":"{kid}"}}"#));
        assert_eq!(part(1), serde_json::to_string(&claims()).expect("json"));
        assert_eq!(claims_of(&jwt), Some(claims()));
    }

    #[test]
    fn signing_twice_gives_the_same_bytes() {
        assert_eq!(signer(1).sign(&claims()).expect("signed"), signer(1).sign(&claims()).expect("signed"));
    }

    #[test]
    fn one_changed_byte_shows() {
        let jwt = signer(1).sign(&claims()).expect("signed");
        assert_eq!(signer(1).verification(&jwt), Signature::Valid);
        for index in 0..jwt.len() {
            let mut bytes = jwt.clone().into_bytes();
            bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).expect("text");
            assert_eq!(signer(1).verification(&changed), Signature::Changed, "byte {index}");
        }
    }

    #[test]
    fn nothing_else_is_valid() {
        let jwt = signer(1).sign(&claims()).expect("signed");
        for text in ["", ".", "..", "a.b.c", jwt.trim_end_matches(|c| c != '.'), &jwt[1..]] {
            assert_eq!(signer(1).verification(text), Signature::Changed, "{text}");
        }
        assert_eq!(signer(2).verification(&jwt), Signature::Changed);
    }

    #[test]
    fn the_public_half_alone_verifies() {
        let jwt = signer(1).sign(&claims()).expect("signed");
        let served = serde_json::to_string(&signer(1).keys()).expect("json");
        assert!(!served.contains("\"d\""));
        let keys: JwkSet = serde_json::from_str(&served).expect("keys");
        let key = DecodingKey::from_jwk(&keys.keys[0]).expect("a key");
        let (message, signature) = jwt.rsplit_once('.').expect("three parts");
        assert!(crypto::verify(signature, message.as_bytes(), &key, Algorithm::EdDSA).expect("checked"));
    }

    #[test]
    fn another_kind_of_key_is_refused() {
        let rsa = aws_lc_rs::rsa::KeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).expect("a key");
        let rsa: Pkcs8V1Der<'_> = rsa.as_der().expect("a document");
        for text in ["", "key", &pem(b"key"), &pem(rsa.as_ref())] {
            assert!(Signer::from_pem(text).is_err());
        }
    }
}
