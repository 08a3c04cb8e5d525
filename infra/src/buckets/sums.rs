//! The sums of S3: MD5 as ETag, CRC64NVME of the whole, and what a sender declares of its bytes.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use crc_fast::{CrcAlgorithm, Digest, checksum_combine};
use hyper::HeaderMap;
use s3s::TrailingHeaders;
use s3s::checksum::ChecksumHasher;
use s3s::crypto::{self, Checksum as _};
use serde::{Deserialize, Serialize};

use super::Refusal;

/// The MD5 of some bytes; in hex, the ETag of a part and of an object put at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct Md5([u8; 16]);

impl Md5 {
    /// The ETag of an object made of parts: the MD5 of their MD5s, and how many they are.
    pub(super) fn of_parts(parts: &[Self]) -> String {
        let joined: Vec<u8> = parts.iter().flat_map(|part| part.0).collect();
        format!("{}-{}", Self(crypto::Md5::checksum(&joined)), parts.len())
    }

    fn to_base64(self) -> String {
        BASE64.encode(self.0)
    }
}

impl fmt::Display for Md5 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl TryFrom<String> for Md5 {
    type Error = std::num::ParseIntError;

    fn try_from(hex: String) -> Result<Self, Self::Error> {
        u128::from_str_radix(&hex, 16).map(|number| Self(number.to_be_bytes()))
    }
}

impl From<Md5> for String {
    fn from(md5: Md5) -> Self {
        md5.to_string()
    }
}

/// The CRC64NVME of some bytes, shown in base64 as S3 does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Crc64(u64);

impl Crc64 {
    /// The sum of no bytes.
    pub(super) const EMPTY: Self = Self(0);

    /// The sum of these bytes with `bytes` more behind them, from the sums alone.
    pub(super) fn followed_by(self, next: Self, bytes: u64) -> Self {
        Self(checksum_combine(CrcAlgorithm::Crc64Nvme, self.0, next.0, bytes))
    }
}

impl fmt::Display for Crc64 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64.encode(self.0.to_be_bytes()))
    }
}

const CRC32: &str = "x-amz-checksum-crc32";
const CRC32C: &str = "x-amz-checksum-crc32c";
const CRC64NVME: &str = "x-amz-checksum-crc64nvme";
const SHA1: &str = "x-amz-checksum-sha1";
const SHA256: &str = "x-amz-checksum-sha256";

/// What a sender says of its bytes, by headers or by trailers that follow them.
pub(super) struct Declared {
    headers: HeaderMap,
    trailers: Option<TrailingHeaders>,
}

impl Declared {
    /// What a request's headers declare, and its trailers will.
    pub(super) fn new(headers: HeaderMap, trailers: Option<TrailingHeaders>) -> Self {
        Self { headers, trailers }
    }

    /// How many bytes were said to come.
    pub(super) fn bytes(&self) -> Option<u64> {
        self.headers.get("content-length")?.to_str().ok()?.parse().ok()
    }

    fn announces(&self, name: &str) -> bool {
        let trailer = self.headers.get_all("x-amz-trailer").iter().filter_map(|value| value.to_str().ok());
        self.headers.contains_key(name)
            || trailer.flat_map(|names| names.split(',')).any(|one| one.trim().eq_ignore_ascii_case(name))
    }

    fn value(&self, name: &str) -> Option<String> {
        let text = |headers: &HeaderMap| Some(headers.get(name)?.to_str().ok()?.to_owned());
        text(&self.headers).or_else(|| self.trailers.as_ref()?.read(text)?)
    }

    fn check(&self, name: &'static str, computed: &str) -> Result<(), Refusal> {
        match self.value(name) {
            Some(declared) if declared == computed => Ok(()),
            _ => Err(Refusal::SumDiffers { sum: name }),
        }
    }
}

/// Sums bytes as they pass: always MD5 and CRC64NVME, and whatever else was declared.
pub(super) struct Summing {
    md5: crypto::Md5,
    crc64nvme: Digest,
    others: ChecksumHasher,
    declared: Declared,
}

impl Summing {
    /// Ready for the first byte.
    pub(super) fn new(declared: Declared) -> Self {
        let others = ChecksumHasher {
            crc32: declared.announces(CRC32).then(crypto::Crc32::new),
            crc32c: declared.announces(CRC32C).then(crypto::Crc32c::new),
            sha1: declared.announces(SHA1).then(crypto::Sha1::new),
            sha256: declared.announces(SHA256).then(crypto::Sha256::new),
            crc64nvme: declared.announces(CRC64NVME).then(crypto::Crc64Nvme::new),
        };
        let crc64nvme = Digest::new(CrcAlgorithm::Crc64Nvme);
        Self { md5: crypto::Md5::new(), crc64nvme, others, declared }
    }

    /// Adds the next bytes.
    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.md5.update(bytes);
        self.crc64nvme.update(bytes);
        self.others.update(bytes);
    }

    /// The sums of all that passed, if it is what was declared.
    pub(super) fn finish(self) -> Result<(Md5, Crc64), Refusal> {
        let (md5, declared) = (Md5(self.md5.finalize()), self.declared);
        if declared.announces("content-md5") {
            declared.check("content-md5", &md5.to_base64())?;
        }
        let sums = self.others.finalize();
        let computed = [
            (CRC32, sums.checksum_crc32),
            (CRC32C, sums.checksum_crc32c),
            (CRC64NVME, sums.checksum_crc64nvme),
            (SHA1, sums.checksum_sha1),
            (SHA256, sums.checksum_sha256),
        ];
        for (name, sum) in computed {
            sum.map_or(Ok(()), |sum| declared.check(name, &sum))?;
        }
        Ok((md5, Crc64(self.crc64nvme.finalize())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(bytes: &[u8]) -> (Md5, Crc64) {
        let mut summing = Summing::new(Declared::new(HeaderMap::new(), None));
        summing.update(bytes);
        summing.finish().expect("nothing was declared")
    }

    #[test]
    fn the_sums_are_the_published_ones() {
        let (md5, crc) = sum(b"123456789");
        assert_eq!(md5.to_string(), "25f9e794323b453885f5181f1b624d0b");
        // The check value of CRC-64/NVME in the published catalog of CRC algorithms.
        assert_eq!(crc, Crc64(0xae8b_1486_0a79_9888));
        assert_eq!(sum(b"").1, Crc64::EMPTY);
    }

    #[test]
    fn the_sum_of_the_whole_follows_from_the_sums_of_its_parts() {
        let (front, back) = (sum(b"1234").1, sum(b"56789").1);
        assert_eq!(Crc64::EMPTY.followed_by(front, 4).followed_by(back, 5), sum(b"123456789").1);
    }

    #[test]
    fn an_etag_of_parts_counts_them() {
        let part = sum(b"part").0;
        assert!(Md5::of_parts(&[part, part, part]).ends_with("-3"));
        assert_eq!(Md5::try_from(part.to_string()), Ok(part));
    }

    #[test]
    fn a_sum_that_was_announced_must_come_and_agree() {
        for (name, value) in [(SHA1, "AAAA"), ("content-md5", "AAAA"), ("x-amz-trailer", CRC32)] {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().expect("a header"));
            let summing = Summing::new(Declared::new(headers, None));
            assert!(matches!(summing.finish(), Err(Refusal::SumDiffers { .. })), "{name}");
        }
    }
}
