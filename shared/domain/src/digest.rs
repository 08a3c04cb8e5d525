//! Sums over bytes: SHA-256, which is evidence, and CRC-64/NVME, which S3 computes by itself.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// The SHA-256 of some bytes, written as 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sha256Hex([u8; 32]);

/// The CRC-64/NVME of some bytes, written as S3 does: base64 of its 8 bytes, the highest first.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Crc64(u64);

/// The text is not a sum of the wanted kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidDigest {
    /// Not the form of a [`Sha256Hex`].
    #[error("expected a SHA-256 as 64 lower-case hex digits")]
    Sha256,
    /// Not the form of a [`Crc64`].
    #[error("expected a CRC-64/NVME as base64 of 8 bytes, such as AAAAAAAAAAA=")]
    Crc64,
}

impl Sha256Hex {
    /// The sum of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// A sum that was computed elsewhere, piece by piece.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes of the sum.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl Crc64 {
    /// A sum that was computed elsewhere.
    pub const fn new(sum: u64) -> Self {
        Self(sum)
    }

    /// The sum as a number.
    pub const fn value(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Sha256Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for Sha256Hex {
    type Err = InvalidDigest;

    fn from_str(text: &str) -> Result<Self, InvalidDigest> {
        if text.len() != 64 {
            return Err(InvalidDigest::Sha256);
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            *byte = hex_digit(pair[0])? << 4 | hex_digit(pair[1])?;
        }
        Ok(Self(bytes))
    }
}

fn hex_digit(digit: u8) -> Result<u8, InvalidDigest> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        _ => Err(InvalidDigest::Sha256),
    }
}

/// The alphabet of RFC 4648, section 4.
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// 64 bits are ten digits of six, and an eleventh whose last two bits are nothing.
const CRC64_DIGITS: usize = 11;

impl fmt::Display for Crc64 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let padded = u128::from(self.0) << 2;
        for position in (0..CRC64_DIGITS).rev() {
            let digit = (padded >> (6 * position)) as usize & 0x3f;
            write!(f, "{}", char::from(BASE64[digit]))?;
        }
        f.write_str("=")
    }
}

impl FromStr for Crc64 {
    type Err = InvalidDigest;

    fn from_str(text: &str) -> Result<Self, InvalidDigest> {
        let digits = text.strip_suffix('=').filter(|digits| digits.len() == CRC64_DIGITS);
        let mut padded = 0_u128;
        for byte in digits.ok_or(InvalidDigest::Crc64)?.bytes() {
            let digit = BASE64.iter().position(|known| *known == byte).ok_or(InvalidDigest::Crc64)?;
            padded = padded << 6 | digit as u128;
        }
        // One text for one sum: the two bits of nothing are zero.
        if padded & 0b11 != 0 {
            return Err(InvalidDigest::Crc64);
        }
        u64::try_from(padded >> 2).map(Self).map_err(|_| InvalidDigest::Crc64)
    }
}

macro_rules! as_text {
    ($($name:ident)*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidDigest;

            fn try_from(text: String) -> Result<Self, InvalidDigest> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(sum: $name) -> Self {
                sum.to_string()
            }
        }
    )*};
}

as_text!(Sha256Hex Crc64);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_sha_256_is_64_lower_case_hex_digits() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Sha256Hex::of(b"").to_string(), empty);
        assert_eq!(empty.parse(), Ok(Sha256Hex::of(b"")));
        let upper = empty.to_uppercase();
        for text in ["", &empty[1..], upper.as_str(), &format!("{empty}0"), &"é".repeat(32)] {
            assert_eq!(text.parse::<Sha256Hex>(), Err(InvalidDigest::Sha256), "{text}");
        }
    }

    /// The check value of the catalog of CRCs for `123456789`.
    #[test]
    fn a_crc_64_is_written_as_s3_does() {
        let check = |sum: u64, text: &str| {
            assert_eq!(Crc64::new(sum).to_string(), text);
            assert_eq!(text.parse(), Ok(Crc64::new(sum)));
        };
        check(0, "AAAAAAAAAAA=");
        check(u64::MAX, "//////////8=");
        check(0xae8b_1486_0a79_9888, "rosUhgp5mIg=");
    }

    #[test]
    fn no_other_text_is_a_crc_64() {
        for text in ["", "=", "AAAAAAAAAAA", "AAAAAAAAAAB=", "AAAAAAAAAA==", "AAAAAAAAAA_=", "AAAAAAAAAAAAA="]
        {
            assert_eq!(text.parse::<Crc64>(), Err(InvalidDigest::Crc64), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_sum_reads_back_as_itself(crc in any::<u64>(), sha in any::<[u8; 32]>()) {
            prop_assert_eq!(Crc64::new(crc).to_string().parse(), Ok(Crc64::new(crc)));
            let sha = Sha256Hex::from_bytes(sha);
            prop_assert_eq!(sha.to_string().parse(), Ok(sha));
        }
    }
}
