//! Signatures on webhooks: HMAC-SHA256 over the second they were sent in, a dot and the body's very bytes.
//!
//! The header reads `t=1492774577,v1=5257a8…`. Stripe writes signatures in hex, JaaS in base64. Sources:
//! <https://docs.stripe.com/webhooks/signature>, <https://developer.8x8.com/jaas/docs/webhooks-signatures>.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use crate::problem::{Code, Problem};

/// How far the sender's clock and ours may be apart, which bounds how late a copy can be played again.
pub const TOLERANCE: SignedDuration = SignedDuration::from_secs(300);
/// Room for the signatures of a dozen keys; one is sent for each key that is in force.
const HEADER_BYTES_MAX: usize = 1024;

/// The keys of a webhook's endpoint: one, or two while a new one replaces an old one.
#[derive(Clone)]
pub struct WebhookKeys {
    keys: Vec<hmac::Key>,
    form: Form,
}

/// How a sender writes signatures and seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As Stripe: signatures in hex.
    Hex,
    /// As JaaS: signatures in base64. Its examples count seconds; what counts milliseconds is read as well.
    Base64,
}

/// Least number of milliseconds, which as seconds lies three thousand years ahead.
const MILLISECONDS_MIN: i64 = 100_000_000_000;

/// Why a webhook is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum WebhookRefused {
    /// There is no signature that we could check.
    #[error("the event is not signed")]
    Unsigned,
    /// The header or the body is not what is sent.
    #[error("the event cannot be read")]
    Malformed,
    /// Somebody else signed it, or it was changed.
    #[error("the signature is not the sender's")]
    WrongSignature,
    /// It was signed more than [`TOLERANCE`] away from now, before or after.
    #[error("the event was not signed in the last five minutes")]
    TooOld,
}

/// The header's parts, not checked yet.
struct Claim {
    signed_at: i64,
    signatures: Vec<[u8; 32]>,
}

impl WebhookKeys {
    /// The endpoint's signing secrets, as the sender shows them; without one nothing is believed.
    pub fn new<'a>(form: Form, secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let key = |secret: &str| hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let keys = secrets.into_iter().filter(|secret| !secret.is_empty()).map(key).collect();
        Self { keys, form }
    }

    /// The secrets of a setting: one, or two with a comma while one replaces the other.
    pub fn listed(form: Form, secrets: &str) -> Self {
        Self::new(form, secrets.split(',').map(str::trim))
    }

    /// Checks that the sender sent these very bytes in the last five minutes. `now` is the machine's
    /// clock, also where the school's stands elsewhere.
    pub fn verify(&self, header: Option<&[u8]>, body: &[u8], now: Timestamp) -> Result<(), WebhookRefused> {
        let claim = Claim::parse(header.ok_or(WebhookRefused::Unsigned)?, self.form)?;
        let mut message = claim.signed_at.to_string().into_bytes();
        message.push(b'.');
        message.extend_from_slice(body);
        // `hmac::verify` compares in constant time.
        let signed = self.keys.iter().any(|key| {
            claim.signatures.iter().any(|signature| hmac::verify(key, &message, signature).is_ok())
        });
        if !signed {
            return Err(WebhookRefused::WrongSignature);
        }
        let signed_at = self.form.instant(claim.signed_at).ok_or(WebhookRefused::Malformed)?;
        if now.duration_since(signed_at).abs() > TOLERANCE {
            return Err(WebhookRefused::TooOld);
        }
        Ok(())
    }
}

impl std::fmt::Debug for WebhookKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "WebhookKeys({})", self.keys.len())
    }
}

impl Form {
    fn signature(self, text: &str) -> Option<[u8; 32]> {
        match self {
            Self::Hex => unhex(text),
            // Canonical: no other spelling of the same bytes is taken.
            Self::Base64 => STANDARD.decode(text).ok()?.try_into().ok(),
        }
    }

    fn instant(self, told: i64) -> Option<Timestamp> {
        match self {
            Self::Base64 if told >= MILLISECONDS_MIN => Timestamp::from_millisecond(told).ok(),
            Self::Hex | Self::Base64 => Timestamp::from_second(told).ok(),
        }
    }
}

impl From<WebhookRefused> for Problem {
    fn from(refused: WebhookRefused) -> Self {
        let code = match refused {
            WebhookRefused::Malformed => Code::MalformedJson,
            WebhookRefused::Unsigned | WebhookRefused::WrongSignature | WebhookRefused::TooOld => {
                Code::Unauthenticated
            }
        };
        Self::new(code, format!("{refused}."))
    }
}

impl Claim {
    /// Reads `t=1492774577,v1=5257a8…,v1=…,v0=…`. Other schemes than `v1` are passed over, so that
    /// nobody can make us check a weaker one.
    fn parse(header: &[u8], form: Form) -> Result<Self, WebhookRefused> {
        if header.len() > HEADER_BYTES_MAX {
            return Err(WebhookRefused::Malformed);
        }
        let header = str::from_utf8(header).map_err(|_| WebhookRefused::Malformed)?;
        let mut signed_at = None;
        let mut signatures = Vec::new();
        for part in header.split(',') {
            let (name, value) = part.trim().split_once('=').ok_or(WebhookRefused::Malformed)?;
            match name {
                "t" if signed_at.is_none() => signed_at = Some(seconds(value)?),
                "t" => return Err(WebhookRefused::Malformed),
                "v1" => signatures.push(form.signature(value).ok_or(WebhookRefused::Malformed)?),
                _ => {}
            }
        }
        if signatures.is_empty() {
            return Err(WebhookRefused::Unsigned);
        }
        Ok(Self { signed_at: signed_at.ok_or(WebhookRefused::Malformed)?, signatures })
    }
}

/// A number as it was signed: the signed message is built from the number, so no other way to
/// write it is taken.
fn seconds(text: &str) -> Result<i64, WebhookRefused> {
    let seconds: i64 = text.parse().map_err(|_| WebhookRefused::Malformed)?;
    if seconds.to_string() == text { Ok(seconds) } else { Err(WebhookRefused::Malformed) }
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let digit = |c: u8| char::from(c).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"id":"evt_1"}"#;
    const SIGNED_AT: i64 = 1_800_000_000;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn signature(secret: &str, at: i64, body: &[u8]) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        hex(hmac::sign(&key, &[format!("{at}.").as_bytes(), body].concat()).as_ref())
    }

    fn verify(header: &str, body: &[u8], seconds_later: i64) -> Result<(), WebhookRefused> {
        let now = Timestamp::from_second(SIGNED_AT + seconds_later).expect("an instant");
        WebhookKeys::new(Form::Hex, ["whsec_new", "whsec_old"]).verify(Some(header.as_bytes()), body, now)
    }

    #[test]
    fn a_signature_of_a_known_day_is_what_python_computes() {
        // hmac.new(b"whsec_test", b"1492774577.{}", "sha256").hexdigest()
        let by_python = "0d0602f6611bd2252dd4b74b58a4528355a7380639a15e6cc21e3059d56d5b8b";
        assert_eq!(signature("whsec_test", 1_492_774_577, b"{}"), by_python);
    }

    #[test]
    fn what_was_signed_is_believed() {
        for secret in ["whsec_new", "whsec_old"] {
            let signed = signature(secret, SIGNED_AT, BODY);
            assert_eq!(verify(&format!("t={SIGNED_AT},v1={signed}"), BODY, 0), Ok(()));
        }
    }

    #[test]
    fn one_good_signature_among_several_is_enough() {
        let good = signature("whsec_new", SIGNED_AT, BODY);
        let bad = signature("whsec_other", SIGNED_AT, BODY);
        assert_eq!(verify(&format!("t={SIGNED_AT},v1={bad},v1={good},v0={bad}"), BODY, 0), Ok(()));
    }

    #[test]
    fn five_minutes_count_in_both_directions() {
        let signed = signature("whsec_new", SIGNED_AT, BODY);
        let header = format!("t={SIGNED_AT},v1={signed}");
        let check = |later, expected| assert_eq!(verify(&header, BODY, later), expected, "{later}");
        check(300, Ok(()));
        check(-300, Ok(()));
        check(301, Err(WebhookRefused::TooOld));
        check(-301, Err(WebhookRefused::TooOld));
    }

    #[test]
    fn one_changed_byte_or_second_shows() {
        let signed = signature("whsec_new", SIGNED_AT, BODY);
        for index in 0..BODY.len() {
            let mut body = BODY.to_vec();
            body[index] ^= 1;
            let refused = verify(&format!("t={SIGNED_AT},v1={signed}"), &body, 0);
            assert_eq!(refused, Err(WebhookRefused::WrongSignature), "byte {index}");
        }
        let moved = verify(&format!("t={},v1={signed}", SIGNED_AT + 1), BODY, 0);
        assert_eq!(moved, Err(WebhookRefused::WrongSignature));
    }

    #[test]
    fn what_is_not_a_signature_is_refused() {
        let good = signature("whsec_new", SIGNED_AT, BODY);
        let long = format!("t={SIGNED_AT},v1={good},{}", "v0=0,".repeat(300));
        let check = |header: &str, expected| assert_eq!(verify(header, BODY, 0), Err(expected), "{header}");
        check("", WebhookRefused::Malformed);
        check(&format!("t={SIGNED_AT}"), WebhookRefused::Unsigned);
        check(&format!("t={SIGNED_AT},v0={good}"), WebhookRefused::Unsigned);
        check(&format!("v1={good}"), WebhookRefused::Malformed);
        check(&format!("t=+{SIGNED_AT},v1={good}"), WebhookRefused::Malformed);
        check(&format!("t={SIGNED_AT},t={SIGNED_AT},v1={good}"), WebhookRefused::Malformed);
        check(&format!("t=now,v1={good}"), WebhookRefused::Malformed);
        check(&format!("t={SIGNED_AT},v1={}", &good[1..]), WebhookRefused::Malformed);
        check(
            &format!("t={SIGNED_AT},v1={}", good.replace(|c: char| c.is_alphanumeric(), "g")),
            WebhookRefused::Malformed,
        );
        check(&long, WebhookRefused::Malformed);
        let now = Timestamp::from_second(SIGNED_AT).expect("an instant");
        let keys = WebhookKeys::new(Form::Hex, ["whsec_new"]);
        assert_eq!(keys.verify(None, BODY, now), Err(WebhookRefused::Unsigned));
        assert_eq!(keys.verify(Some(&[0xff]), BODY, now), Err(WebhookRefused::Malformed));
    }

    #[test]
    fn without_a_key_nothing_is_believed() {
        let now = Timestamp::from_second(SIGNED_AT).expect("an instant");
        let header = format!("t={SIGNED_AT},v1={}", signature("", SIGNED_AT, BODY));
        let refused = WebhookKeys::new(Form::Hex, [""]).verify(Some(header.as_bytes()), BODY, now);
        assert_eq!(refused, Err(WebhookRefused::WrongSignature));
    }

    #[test]
    fn keys_do_not_print() {
        assert_eq!(format!("{:?}", WebhookKeys::listed(Form::Hex, "whsec_new, ")), "WebhookKeys(1)");
    }

    #[test]
    fn signatures_in_base64_are_believed_at_seconds_and_at_milliseconds() {
        let keys = WebhookKeys::listed(Form::Base64, "whsec_old, whsec_new");
        let now = Timestamp::from_second(SIGNED_AT).expect("an instant");
        let sign = |at: i64| {
            let key = hmac::Key::new(hmac::HMAC_SHA256, b"whsec_new");
            let signature = hmac::sign(&key, &[format!("{at}.").as_bytes(), BODY].concat());
            format!("t={at},v1={}", STANDARD.encode(signature))
        };
        let verify = |header: &str| keys.verify(Some(header.as_bytes()), BODY, now);
        for at in [SIGNED_AT, SIGNED_AT - 300, SIGNED_AT * 1000, SIGNED_AT * 1000 + 300_000] {
            assert_eq!(verify(&sign(at)), Ok(()), "{at}");
        }
        for at in [SIGNED_AT + 301, SIGNED_AT * 1000 - 300_001] {
            assert_eq!(verify(&sign(at)), Err(WebhookRefused::TooOld), "{at}");
        }
        let hex = format!("t={SIGNED_AT},v1={}", signature("whsec_new", SIGNED_AT, BODY));
        assert_eq!(verify(&hex), Err(WebhookRefused::Malformed));
        let unpadded = sign(SIGNED_AT);
        assert_eq!(verify(unpadded.trim_end_matches('=')), Err(WebhookRefused::Malformed));
    }
}
