//! How an upload's parts become one object: a decision on records alone.

use jiff::Timestamp;

use super::Refusal;
use super::record::{Completed, Extent, Part};
use super::sums::{Crc64, Md5};

/// The least a part has that is not the last, as on S3.
pub(super) const PART_BYTES_MIN: u64 = 5 << 20;
/// The most parts an upload has, as on S3.
pub(super) const PARTS_MAX: i32 = 10_000;

/// What completing an upload asks for.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    /// Numbers and ETags, in the order of the object.
    pub parts: Vec<(i32, String)>,
    /// The sum that the whole must have, in base64.
    pub crc64nvme: Option<String>,
    /// The size that the whole must have.
    pub bytes: Option<i64>,
}

/// The object that the wanted parts make, or why they make none. `find` gives the part of a number.
pub(super) fn assemble<'a>(
    wanted: &Wanted,
    find: impl Fn(i32) -> Option<&'a Part>,
    now: Timestamp,
) -> Result<(Completed, Vec<Extent>), Refusal> {
    if wanted.parts.is_empty() {
        return Err(Refusal::NoParts);
    }
    if let Some(pair) = wanted.parts.windows(2).find(|pair| pair[0].0 >= pair[1].0) {
        return Err(Refusal::PartsOutOfOrder { number: pair[1].0 });
    }
    let there = |(number, etag): &(i32, String)| {
        let part = find(*number).filter(|part| part.md5.to_string() == *etag);
        part.ok_or(Refusal::NoSuchPart { number: *number })
    };
    let parts = wanted.parts.iter().map(there).collect::<Result<Vec<_>, _>>()?;
    let (_, all_but_last) = parts.split_last().ok_or(Refusal::NoParts)?;
    if let Some(part) = all_but_last.iter().find(|part| part.extent.bytes < PART_BYTES_MIN) {
        return Err(Refusal::PartTooSmall { number: part.number, bytes: part.extent.bytes });
    }
    let md5s: Vec<Md5> = parts.iter().map(|part| part.md5).collect();
    let completed = Completed {
        etag: Md5::of_parts(&md5s),
        crc64nvme: parts
            .iter()
            .fold(Crc64::EMPTY, |sum, part| sum.followed_by(part.crc64nvme, part.extent.bytes)),
        bytes: parts.iter().map(|part| part.extent.bytes).sum(),
        at: now,
    };
    check_declared(wanted, &completed)?;
    Ok((completed, parts.into_iter().map(|part| part.extent.clone()).collect()))
}

/// The answer to completing again what was completed: the same, if the same was asked for.
pub(super) fn complete_again(wanted: &Wanted, completed: &Completed) -> Result<Completed, Refusal> {
    let md5s = wanted.parts.iter().map(|(number, etag)| {
        Md5::try_from(etag.clone()).map_err(|_| Refusal::NoSuchPart { number: *number })
    });
    if Md5::of_parts(&md5s.collect::<Result<Vec<_>, _>>()?) != completed.etag {
        return Err(Refusal::NoSuchUpload);
    }
    check_declared(wanted, completed)?;
    Ok(completed.clone())
}

fn check_declared(wanted: &Wanted, completed: &Completed) -> Result<(), Refusal> {
    if wanted.crc64nvme.as_ref().is_some_and(|declared| *declared != completed.crc64nvme.to_string()) {
        return Err(Refusal::SumDiffers { sum: "x-amz-checksum-crc64nvme" });
    }
    match wanted.bytes {
        Some(declared) if u64::try_from(declared) != Ok(completed.bytes) => {
            Err(Refusal::SizeDiffers { declared, actual: completed.bytes })
        }
        _ => Ok(()),
    }
}
