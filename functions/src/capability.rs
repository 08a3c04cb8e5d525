//! Capabilities: a piece of a URL that lets whoever holds it feed one upload, or watch what came in by it, for a
//! while.
//!
//! `{expiry}.{signature}`: seconds since 1970 by the machine's clock, and HMAC-SHA256 over what it is for, the
//! upload's id and that time, in base64url. Neither Uppy's own client nor a player of playlists sends an
//! Authorization header, so the address they are given carries the permission itself.

use std::fmt;

use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign, verify};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::id::UploadId;
use jiff::Timestamp;
use thiserror::Error;

/// The key that capabilities are made and checked with.
#[derive(Clone)]
pub struct CapabilityKey(Key);

/// What a capability is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// To send the upload's parts.
    Feed,
    /// To read the playlist of what was made of it.
    Watch,
}

/// Why a capability lets nobody in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CapabilityError {
    /// This school did not give it out, or for another upload.
    #[error("this endpoint was not given out for this upload")]
    Forged,
    /// Its time is over.
    #[error("this endpoint has ended: read the upload again for a new one")]
    Ended,
}

/// What keeps this use of a secret apart from any other.
const LABEL: &[u8] = b"compagnon upload capability 1";

impl CapabilityKey {
    /// A key of these bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Key::new(HMAC_SHA256, &bytes))
    }

    /// The key that another secret of the school implies, such as the one that credentials are
    /// signed with.
    pub fn derived(secret: &[u8]) -> Self {
        let bytes = sign(&Key::new(HMAC_SHA256, secret), LABEL);
        Self(Key::new(HMAC_SHA256, bytes.as_ref()))
    }

    /// A capability for an upload, until an instant of the machine's clock.
    pub fn give(&self, what: Use, upload: UploadId, until: Timestamp) -> String {
        let expiry = until.as_second();
        let signature = sign(&self.0, message(what, upload, expiry).as_bytes());
        format!("{expiry}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// Until when a capability counts that was given out for this upload.
    pub fn check(
        &self,
        what: Use,
        upload: UploadId,
        capability: &str,
        machine_now: Timestamp,
    ) -> Result<Timestamp, CapabilityError> {
        let (expiry, signature) = capability.split_once('.').ok_or(CapabilityError::Forged)?;
        let expiry: i64 = expiry.parse().map_err(|_| CapabilityError::Forged)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| CapabilityError::Forged)?;
        // Compares in constant time.
        verify(&self.0, message(what, upload, expiry).as_bytes(), &signature)
            .map_err(|_| CapabilityError::Forged)?;
        let until = Timestamp::from_second(expiry).map_err(|_| CapabilityError::Forged)?;
        if until <= machine_now { Err(CapabilityError::Ended) } else { Ok(until) }
    }
}

fn message(what: Use, upload: UploadId, expiry: i64) -> String {
    match what {
        Use::Feed => format!("{upload}.{expiry}"),
        Use::Watch => format!("watch.{upload}.{expiry}"),
    }
}

/// Says nothing of the key.
impl fmt::Debug for CapabilityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CapabilityKey")
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn later(seconds: i64) -> Timestamp {
        NOW + SignedDuration::from_secs(seconds)
    }

    #[test]
    fn a_capability_counts_for_its_upload_until_its_time_is_over() {
        let key = CapabilityKey::new([7; 32]);
        let upload = UploadId::derived(&["a"]);
        let given = key.give(Use::Feed, upload, later(900));
        let check = |upload, at| key.check(Use::Feed, upload, &given, at);
        assert_eq!(check(upload, NOW), Ok(later(900)));
        assert_eq!(check(upload, later(899)), Ok(later(900)));
        assert_eq!(check(upload, later(900)), Err(CapabilityError::Ended));
        assert_eq!(check(UploadId::derived(&["b"]), NOW), Err(CapabilityError::Forged));
        assert_eq!(key.check(Use::Watch, upload, &given, NOW), Err(CapabilityError::Forged));
        assert_eq!(
            CapabilityKey::new([8; 32]).check(Use::Feed, upload, &given, NOW),
            Err(CapabilityError::Forged)
        );
    }

    #[test]
    fn whatever_is_changed_in_a_capability_it_no_longer_counts() {
        let key = CapabilityKey::derived(b"a secret");
        let upload = UploadId::derived(&["a"]);
        let given = key.give(Use::Feed, upload, later(900));
        for (index, byte) in given.bytes().enumerate() {
            let mut changed = given.clone().into_bytes();
            changed[index] = if byte == b'1' { b'2' } else { b'1' };
            let changed = String::from_utf8(changed).expect("ASCII");
            assert_eq!(
                key.check(Use::Feed, upload, &changed, NOW),
                Err(CapabilityError::Forged),
                "{changed}"
            );
        }
        let (_, signature) = given.split_once('.').expect("two parts");
        for forged in
            ["", ".", "900", "900.", &format!("{}.{signature}", i64::MAX), &given[..given.len() - 1]]
        {
            assert_eq!(key.check(Use::Feed, upload, forged, NOW), Err(CapabilityError::Forged), "{forged}");
        }
    }

    #[test]
    fn a_derived_key_is_the_same_for_the_same_secret() {
        let upload = UploadId::derived(&["a"]);
        let given = |secret: &[u8]| CapabilityKey::derived(secret).give(Use::Feed, upload, later(900));
        assert_eq!(given(b"one"), given(b"one"));
        assert_ne!(given(b"one"), given(b"two"));
    }
}
