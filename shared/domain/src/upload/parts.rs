//! A multipart upload's arithmetic: how large a part is, and whether all of them came.

use thiserror::Error;

/// 2^20 bytes.
pub const MIB: u64 = 1 << 20;
/// 2^30 bytes.
pub const GIB: u64 = 1 << 30;

/// The smallest part that S3 takes, except for the last (Amazon S3 User Guide, multipart limits).
pub const PART_BYTES_MIN: u64 = 5 * MIB;
/// The most parts of one upload (ibid.).
pub const PARTS_MAX: u32 = 10_000;
/// The part size of every upload up to 78 GiB: small enough to send again on a slow link.
pub const PART_BYTES_USUAL: u64 = 8 * MIB;

/// One part as the store lists it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// From 1.
    pub number: u32,
    /// In bytes.
    pub size: u64,
}

/// Why the parts do not make the file that was declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PartsError {
    /// A part has not arrived.
    #[error("part {number} has not arrived")]
    Missing {
        /// The first of them.
        number: u32,
    },
    /// A part that is not the last is smaller than the store takes.
    #[error("part {number} has {size} bytes; every part but the last has at least {PART_BYTES_MIN}")]
    TooSmall {
        /// The first of them.
        number: u32,
        /// Its bytes.
        size: u64,
    },
    /// A part is listed twice or out of order.
    #[error("part {number} is listed twice or out of order")]
    OutOfOrder {
        /// Which.
        number: u32,
    },
    /// Together they are not as large as declared.
    #[error("{declared} bytes were declared, {arrived} arrived")]
    SizeDiffers {
        /// What was to come.
        declared: u64,
        /// What came.
        arrived: u64,
    },
}

/// Bytes of each part but the last for a file of that size: 6 GiB go in 768 parts of 8 MiB.
pub const fn part_size(size: u64) -> u64 {
    let least = size.div_ceil(PARTS_MAX as u64).next_multiple_of(MIB);
    if least > PART_BYTES_USUAL { least } else { PART_BYTES_USUAL }
}

/// How many parts of that size a file of `size` bytes has.
pub const fn parts_expected(size: u64, part_size: u64) -> u64 {
    size.div_ceil(part_size)
}

/// Whether the listed parts make a file of `declared` bytes.
///
/// A client may cut into other parts than the ones it was told, as long as the store takes them.
pub fn check_parts(parts: &[Part], declared: u64, part_size: u64) -> Result<(), PartsError> {
    let mut next = 1;
    for part in parts {
        if part.number > next {
            return Err(PartsError::Missing { number: next });
        }
        if part.number < next {
            return Err(PartsError::OutOfOrder { number: part.number });
        }
        next += 1;
    }
    let before_last = &parts[..parts.len().saturating_sub(1)];
    if let Some(part) = before_last.iter().find(|part| part.size < PART_BYTES_MIN) {
        return Err(PartsError::TooSmall { number: part.number, size: part.size });
    }
    let arrived = parts.iter().fold(0_u64, |sum, part| sum.saturating_add(part.size));
    if arrived == declared && !parts.is_empty() {
        Ok(())
    } else if arrived < declared && u64::from(next) <= parts_expected(declared, part_size) {
        Err(PartsError::Missing { number: next })
    } else {
        Err(PartsError::SizeDiffers { declared, arrived })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_part_has_8_mib_until_the_parts_run_out() {
        let check = |size, bytes, count| {
            assert_eq!(part_size(size), bytes);
            assert_eq!(parts_expected(size, bytes), count);
        };
        check(1, 8 * MIB, 1);
        check(8 * MIB, 8 * MIB, 1);
        check(8 * MIB + 1, 8 * MIB, 2);
        check(6 * GIB, 8 * MIB, 768);
        check(80_000 * MIB, 8 * MIB, 10_000);
        check(80_000 * MIB + 1, 9 * MIB, 8889);
    }

    fn parts(sizes: &[u64]) -> Vec<Part> {
        (1..).zip(sizes).map(|(number, size)| Part { number, size: *size }).collect()
    }

    #[test]
    fn the_part_at_fault_is_named() {
        let declared = 20 * MIB;
        let check = |list: &[Part], expected| assert_eq!(check_parts(list, declared, 8 * MIB), expected);
        let whole = parts(&[8 * MIB, 8 * MIB, 4 * MIB]);
        check(&whole, Ok(()));
        check(&parts(&[10 * MIB, 10 * MIB]), Ok(()));
        check(&[], Err(PartsError::Missing { number: 1 }));
        check(&whole[..2], Err(PartsError::Missing { number: 3 }));
        check(&[whole[0], whole[2]], Err(PartsError::Missing { number: 2 }));
        check(&whole[1..], Err(PartsError::Missing { number: 1 }));
        check(&[whole[0], whole[0], whole[1]], Err(PartsError::OutOfOrder { number: 1 }));
        check(&parts(&[MIB, 8 * MIB, 11 * MIB]), Err(PartsError::TooSmall { number: 1, size: MIB }));
        check(&parts(&[8 * MIB, MIB, 11 * MIB]), Err(PartsError::TooSmall { number: 2, size: MIB }));
        let short = Err(PartsError::SizeDiffers { declared, arrived: 19 * MIB });
        check(&parts(&[8 * MIB, 8 * MIB, 3 * MIB]), short);
        let long = Err(PartsError::SizeDiffers { declared, arrived: 21 * MIB });
        check(&parts(&[8 * MIB, 8 * MIB, 5 * MIB]), long);
    }

    proptest! {
        #[test]
        fn a_file_cut_as_told_fits_the_store(size in 1_u64..200 * GIB) {
            let bytes = part_size(size);
            let count = parts_expected(size, bytes);
            prop_assert!(count <= u64::from(PARTS_MAX));
            let sizes = Vec::from_iter((0..count).map(|k| bytes.min(size - k * bytes)));
            prop_assert_eq!(check_parts(&parts(&sizes), size, bytes), Ok(()));
        }
    }
}
