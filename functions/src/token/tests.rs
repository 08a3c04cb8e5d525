use std::sync::atomic::{AtomicUsize, Ordering};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use axum::Router;
use axum::http::{HeaderValue, StatusCode};
use axum::routing::get;
use futures::FutureExt;
use futures::future::join_all;
use jiff::SignedDuration;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{EncodingKey, Header as Signed};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::*;
use crate::signing::tests::{ed25519_pem, pem};

const ISSUER: &str = "https://issuer.example";

fn now() -> Timestamp {
    "2027-02-07T09:00:00Z".parse().expect("an instant")
}

fn later(seconds: i64) -> Timestamp {
    now() + SignedDuration::from_secs(seconds)
}

/// A key of the issuer's, to sign test tokens with.
struct TestKey {
    kid: &'static str,
    algorithm: Algorithm,
    private: EncodingKey,
}

impl TestKey {
    fn ed(kid: &'static str, seed: u8) -> Self {
        let private = EncodingKey::from_ed_pem(ed25519_pem(seed).as_bytes()).expect("a key");
        Self { kid, algorithm: Algorithm::EdDSA, private }
    }

    fn ec(kid: &'static str) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
        let pem = pem(pair.to_pkcs8v1().expect("a document").as_ref());
        let private = EncodingKey::from_ec_pem(pem.as_bytes()).expect("a key");
        Self { kid, algorithm: Algorithm::ES256, private }
    }

    fn rsa(kid: &'static str) -> Self {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key");
        let der: Pkcs8V1Der<'_> = pair.as_der().expect("a document");
        let private = EncodingKey::from_rsa_pem(pem(der.as_ref()).as_bytes()).expect("a key");
        Self { kid, algorithm: Algorithm::RS256, private }
    }

    fn jwk(&self) -> Value {
        let mut jwk = Jwk::from_encoding_key(&self.private, self.algorithm).expect("a public half");
        jwk.common.key_id = Some(self.kid.to_owned());
        serde_json::to_value(jwk).expect("json")
    }

    fn sign(&self, claims: &Value) -> String {
        let header = Signed { kid: Some(self.kid.to_owned()), ..Signed::new(self.algorithm) };
        jsonwebtoken::encode(&header, claims, &self.private).expect("signed")
    }
}

fn claims() -> Value {
    json!({
        "iss": ISSUER,
        "sub": "maya",
        "aud": "compagnon",
        "exp": later(3600).as_second(),
        "email": "maya@example.org",
        "email_verified": true,
    })
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

/// A token of any header, its signature whatever it is said to be.
fn forged(header: &Value, claims: &Value, signature: impl AsRef<[u8]>) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{}", part(header), part(claims), URL_SAFE_NO_PAD.encode(signature))
}

/// An issuer on loopback that counts how often it is asked.
struct Asked(Arc<AtomicUsize>);

impl Asked {
    fn times(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

async fn serve(
    answer: impl Fn(usize) -> (StatusCode, String) + Clone + Send + Sync + 'static,
) -> (Verifier, Asked) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let keys = get(move || {
        let time = count.fetch_add(1, Ordering::SeqCst) + 1;
        let answer = answer(time);
        async move { answer }
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let router = Router::new().route("/jwks", keys);
    tokio::spawn(async move { axum::serve(listener, router).await });
    let issuer = Issuer {
        issuer: ISSUER.into(),
        audience: "compagnon".into(),
        jwks_url: format!("http://{address}/jwks"),
    };
    (Verifier::new(issuer).expect("a client"), Asked(asked))
}

async fn serve_keys(keys: &[&TestKey]) -> (Verifier, Asked) {
    let served = key_set(keys);
    serve(move |_| (StatusCode::OK, served.clone())).await
}

fn key_set(keys: &[&TestKey]) -> String {
    json!({ "keys": keys.iter().map(|key| key.jwk()).collect::<Vec<_>>() }).to_string()
}

#[tokio::test]
async fn a_good_token_says_who_it_is() {
    let keys = [TestKey::ed("ed", 1), TestKey::ec("ec"), TestKey::rsa("rsa")];
    let (verifier, asked) = serve_keys(&keys.each_ref()).await;
    for key in &keys {
        let identity = verifier.verify(&key.sign(&claims()), now()).await.expect(key.kid);
        assert_eq!(identity.email.as_deref(), Some("maya@example.org"));
        assert_eq!(identity.person(), Person::id_of(ISSUER, "maya"));
    }
    assert_eq!(asked.times(), 1);
}

#[tokio::test]
async fn claims_are_held_to_the_letter_and_the_second() {
    let key = TestKey::ed("ed", 1);
    let (verifier, _) = serve_keys(&[&key]).await;
    let ago = |seconds: i64| json!(later(-seconds).as_second());
    let table = [
        (claims(), Ok(())),
        (with("aud", json!(["other", "compagnon"])), Ok(())),
        (with("aud", json!("other")), Err(TokenError::Audience)),
        (with("aud", json!(["other"])), Err(TokenError::Audience)),
        (with("aud", json!("Compagnon")), Err(TokenError::Audience)),
        (with("aud", Value::Null), Err(TokenError::Malformed)),
        (with("iss", json!("https://issuer.example/")), Err(TokenError::Issuer)),
        (with("exp", ago(59)), Ok(())),
        (with("exp", ago(60)), Err(TokenError::Expired)),
        (with("exp", ago(61)), Err(TokenError::Expired)),
        (with("exp", json!(i64::MIN)), Err(TokenError::Expired)),
        (with("exp", json!("tomorrow")), Err(TokenError::Malformed)),
        (with("exp", Value::Null), Err(TokenError::Malformed)),
        (with("nbf", ago(-60)), Ok(())),
        (with("nbf", ago(-61)), Err(TokenError::NotYetValid)),
        (with("sub", json!("")), Err(TokenError::Malformed)),
        (with("sub", json!("x".repeat(256))), Err(TokenError::Malformed)),
    ];
    for (claims, expected) in table {
        let verified = verifier.verify(&key.sign(&claims), now()).await;
        assert_eq!(verified.map(|_| ()), expected, "{claims}");
    }
}

#[tokio::test]
async fn an_address_counts_once_it_is_verified() {
    let key = TestKey::ed("ed", 1);
    let (verifier, _) = serve_keys(&[&key]).await;
    for unverified in [json!(false), Value::Null, json!("true")] {
        let token = key.sign(&with("email_verified", unverified));
        assert_eq!(verifier.verify(&token, now()).await.expect("verified").email, None);
    }
}

#[tokio::test]
async fn forgeries_are_refused() {
    let (ed, rsa) = (TestKey::ed("ed", 1), TestKey::rsa("rsa"));
    let (verifier, _) = serve_keys(&[&ed, &rsa]).await;
    let good = ed.sign(&claims());
    let (message, signature) = good.rsplit_once('.').expect("three parts");
    let with_public_key = |kid: &str, secret: &[u8]| {
        let header = Signed { kid: Some(kid.into()), ..Signed::new(Algorithm::HS256) };
        jsonwebtoken::encode(&header, &claims(), &EncodingKey::from_secret(secret)).expect("signed")
    };
    let public = URL_SAFE_NO_PAD.decode(ed.jwk()["x"].as_str().expect("x")).expect("base64");
    let renamed = TestKey { kid: "rsa", ..TestKey::ed("ed", 1) };
    let unsigned = |alg: &str| forged(&json!({ "alg": alg, "kid": "ed" }), &claims(), "");
    let table = [
        ("no token", String::new(), TokenError::Missing),
        ("not a token", "token".into(), TokenError::Malformed),
        ("two parts", message.into(), TokenError::Malformed),
        ("four parts", format!("{good}.x"), TokenError::Malformed),
        ("too long", format!("{good}{}", "x".repeat(TOKEN_BYTES_MAX)), TokenError::Malformed),
        ("none", unsigned("none"), TokenError::Algorithm),
        ("None", unsigned("None"), TokenError::Algorithm),
        ("PS256", unsigned("PS256"), TokenError::Algorithm),
        ("HS256 with the key's bytes", with_public_key("ed", &public), TokenError::Algorithm),
        (
            "HS256 with the key as text",
            with_public_key("rsa", rsa.jwk().to_string().as_bytes()),
            TokenError::Algorithm,
        ),
        ("another key's algorithm", renamed.sign(&claims()), TokenError::Algorithm),
        ("no signature", format!("{message}."), TokenError::Signature),
        ("no base64", format!("{message}.!{signature}"), TokenError::Signature),
        ("another's signature", TestKey::ed("ed", 2).sign(&claims()), TokenError::Signature),
        ("unknown key", TestKey::ed("other", 1).sign(&claims()), TokenError::UnknownKey),
        ("no key named", forged(&json!({ "alg": "EdDSA" }), &claims(), "x"), TokenError::UnknownKey),
        (
            "an extension",
            forged(&json!({ "alg": "EdDSA", "kid": "ed", "crit": ["b64"], "b64": false }), &claims(), "x"),
            TokenError::Malformed,
        ),
    ];
    for (name, token, expected) in table {
        assert_eq!(verifier.verify(&token, now()).await, Err(expected), "{name}");
    }
}

#[tokio::test]
async fn unknown_keys_are_asked_for_once_a_minute() {
    let key = TestKey::ed("ed", 1);
    let (verifier, asked) = serve_keys(&[&key]).await;
    let unknown = ["a", "b", "c", "d"].map(|kid| TestKey::ed(kid, 2).sign(&claims()));
    for (at, expected) in [(0, 1), (0, 1), (59, 1), (60, 2), (119, 2), (120, 3)] {
        let verified = join_all(unknown.iter().map(|token| verifier.verify(token, later(at)))).await;
        assert!(verified.iter().all(|verified| *verified == Err(TokenError::UnknownKey)));
        assert_eq!(asked.times(), expected, "after {at} s");
    }
    assert!(verifier.verify(&key.sign(&claims()), later(120)).await.is_ok());
}

#[tokio::test]
async fn requests_at_the_same_time_ask_once() {
    let key = TestKey::ed("ed", 1);
    let (verifier, asked) = serve_keys(&[&key]).await;
    let token = key.sign(&claims());
    let verified = join_all((0..20).map(|_| verifier.verify(&token, now()))).await;
    assert!(verified.iter().all(Result::is_ok));
    assert_eq!(asked.times(), 1);
}

#[tokio::test]
async fn a_client_that_hangs_up_ends_nothing() {
    let key = TestKey::ed("ed", 1);
    let (verifier, asked) = serve_keys(&[&key]).await;
    let token = key.sign(&claims());
    assert!(verifier.verify(&token, now()).now_or_never().is_none());
    assert!(verifier.verify(&token, now()).await.is_ok());
    assert_eq!(asked.times(), 1);
}

#[tokio::test]
async fn a_new_key_is_found_and_a_withdrawn_one_stops_to_count() {
    let (old, new) = (TestKey::ed("old", 1), TestKey::ed("new", 2));
    let sets = [key_set(&[&old]), key_set(&[&new])];
    let (verifier, asked) = serve(move |time| (StatusCode::OK, sets[usize::from(time > 1)].clone())).await;
    let (old, new) = (old.sign(&claims()), new.sign(&claims()));
    assert!(verifier.verify(&old, now()).await.is_ok());
    assert_eq!(verifier.verify(&new, later(59)).await, Err(TokenError::UnknownKey));
    assert!(verifier.verify(&old, later(599)).await.is_ok());
    assert_eq!(asked.times(), 1);
    assert_eq!(verifier.verify(&old, later(600)).await, Err(TokenError::UnknownKey));
    assert!(verifier.verify(&new, later(600)).await.is_ok());
    assert_eq!(asked.times(), 2);
}

#[tokio::test]
async fn without_keys_nobody_is_accused() {
    let key = TestKey::ed("ed", 1);
    let check = async |status: StatusCode, body: String| {
        let good = key_set(&[&key]);
        let (verifier, _) =
            serve(
                move |time| {
                    if time == 1 { (status, body.clone()) } else { (StatusCode::OK, good.clone()) }
                },
            )
            .await;
        let token = key.sign(&claims());
        assert_eq!(verifier.verify(&token, now()).await, Err(TokenError::KeysUnavailable));
        assert_eq!(verifier.verify(&token, later(59)).await, Err(TokenError::KeysUnavailable));
        assert!(verifier.verify(&token, later(60)).await.is_ok());
    };
    check(StatusCode::INTERNAL_SERVER_ERROR, key_set(&[&key])).await;
    check(StatusCode::TEMPORARY_REDIRECT, String::new()).await;
    check(StatusCode::OK, "<html>".into()).await;
    check(StatusCode::OK, format!("{{\"keys\": [], \"x\": \"{}\"}}", "x".repeat(64 * 1024))).await;
}

#[tokio::test]
async fn known_keys_outlive_the_issuers_absence() {
    let key = TestKey::ed("ed", 1);
    let good = key_set(&[&key]);
    let (verifier, asked) = serve(move |time| {
        if time == 1 { (StatusCode::OK, good.clone()) } else { (StatusCode::BAD_GATEWAY, String::new()) }
    })
    .await;
    let token = key.sign(&claims());
    for at in [0, 600, 601] {
        assert!(verifier.verify(&token, later(at)).await.is_ok());
    }
    assert_eq!(asked.times(), 2);
}

#[tokio::test]
async fn keys_for_something_else_are_left_out() {
    let key = TestKey::ed("ed", 1);
    let mut encrypts = TestKey::ed("enc", 1).jwk();
    encrypts["use"] = json!("enc");
    let mut other = TestKey::rsa("rs512").jwk();
    other["alg"] = json!("RS512");
    let secret = json!({ "kty": "oct", "kid": "oct", "k": "c2VjcmV0" });
    let strange = json!({ "kty": "AKP", "kid": "akp", "alg": "ML-DSA-44" });
    let served = json!({ "keys": [encrypts, other, secret, strange, 7, key.jwk()] }).to_string();
    let (verifier, _) = serve(move |_| (StatusCode::OK, served.clone())).await;
    assert!(verifier.verify(&key.sign(&claims()), now()).await.is_ok());
    let encrypting = TestKey::ed("enc", 1).sign(&claims());
    assert_eq!(verifier.verify(&encrypting, now()).await, Err(TokenError::UnknownKey));
}

#[test]
fn the_header_holds_one_bearer_token() {
    let check = |values: &[&'static str], expected: Result<&str, TokenError>| {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_static(value));
        }
        assert_eq!(bearer(&headers), expected, "{values:?}");
    };
    check(&["Bearer a.b.c"], Ok("a.b.c"));
    check(&["bearer a.b.c"], Ok("a.b.c"));
    check(&[], Err(TokenError::Missing));
    check(&["Basic a"], Err(TokenError::Missing));
    check(&["Bearer"], Err(TokenError::Missing));
    check(&["Bearer a.b.c", "Bearer d.e.f"], Err(TokenError::Malformed));
}
