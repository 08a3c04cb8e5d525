//! How much one person may begin to send within a day, so that nobody fills the store.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{UploadError, UploadPolicy};
use crate::id::PersonId;

/// How long what was begun counts.
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// The most that one person begins to send within 24 hours. Recordings are bounded for each meeting instead: a
/// defense must never go unrecorded because of what else its juror sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DailyQuota {
    /// How many uploads.
    pub uploads_max: usize,
    /// How many bytes together.
    pub bytes_max: u64,
}

/// What one person began to send within the last day, whatever became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadQuota {
    /// Who.
    pub person: PersonId,
    /// In the order of their instants.
    begun: Vec<Begun>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Begun {
    at: Timestamp,
    bytes: u64,
}

impl UploadQuota {
    /// Of somebody who began nothing.
    pub const fn unused(person: PersonId) -> Self {
        Self { person, begun: Vec::new() }
    }

    /// An upload of so many bytes is begun; refused with the instant at which it fits again.
    pub fn begin(mut self, bytes: u64, policy: &UploadPolicy, now: Timestamp) -> Result<Self, UploadError> {
        let DailyQuota { uploads_max, bytes_max } = policy.daily;
        self.begun.retain(|begun| begun.at + DAY > now);
        let fits = |begun: &[Begun]| {
            let together = begun.iter().fold(bytes, |sum, begun| sum.saturating_add(begun.bytes));
            begun.len() < uploads_max && together <= bytes_max
        };
        let lapse = (0..=self.begun.len()).find(|lapsed| fits(&self.begun[*lapsed..]));
        match lapse {
            Some(0) => {
                self.begun.push(Begun { at: now, bytes });
                // A clock that was set back: the oldest still leave first.
                self.begun.sort_by_key(|begun| begun.at);
                Ok(self)
            }
            Some(lapsed) => Err(UploadError::QuotaUsed { again_at: self.begun[lapsed - 1].at + DAY }),
            None => Err(UploadError::TooLarge { size: bytes, size_bytes_max: bytes_max }),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::upload::POLICY;

    // The largest files fit several times.
    const _: () = assert!(POLICY.submission.size_bytes_max * 4 <= POLICY.daily.bytes_max);
    const _: () = assert!(POLICY.evidence.size_bytes_max * 4 <= POLICY.daily.bytes_max);

    const START: Timestamp = Timestamp::UNIX_EPOCH;

    fn unused() -> UploadQuota {
        UploadQuota::unused(PersonId::derived(&["maya"]))
    }

    fn policy(uploads_max: usize, bytes_max: u64) -> UploadPolicy {
        UploadPolicy { daily: DailyQuota { uploads_max, bytes_max }, ..POLICY }
    }

    #[test]
    fn one_more_than_the_number_waits_for_the_first_to_lapse() {
        let policy = policy(2, 100);
        let hour = |hours| START + SignedDuration::from_hours(hours);
        let two = unused().begin(1, &policy, START).and_then(|it| it.begin(1, &policy, hour(1)));
        let two = two.expect("two fit");
        let refused = two.clone().begin(1, &policy, hour(2));
        assert_eq!(refused, Err(UploadError::QuotaUsed { again_at: hour(24) }));
        assert!(two.begin(1, &policy, hour(24)).is_ok());
    }

    #[test]
    fn more_bytes_wait_until_enough_have_lapsed() {
        let policy = policy(10, 100);
        let hour = |hours| START + SignedDuration::from_hours(hours);
        let begun = [(30, 0), (30, 1), (30, 2)];
        let begun =
            begun.into_iter().try_fold(unused(), |it, (bytes, at)| it.begin(bytes, &policy, hour(at)));
        let begun = begun.expect("90 fit");
        assert!(begun.clone().begin(10, &policy, hour(3)).is_ok());
        let again_at = |bytes| begun.clone().begin(bytes, &policy, hour(3));
        assert_eq!(again_at(11), Err(UploadError::QuotaUsed { again_at: hour(24) }));
        assert_eq!(again_at(41), Err(UploadError::QuotaUsed { again_at: hour(25) }));
        assert_eq!(again_at(101), Err(UploadError::TooLarge { size: 101, size_bytes_max: 100 }));
    }

    proptest! {
        #[test]
        fn no_day_holds_more_and_what_is_refused_fits_when_it_was_said(
            wishes in prop::collection::vec((0_i64..200_000, 0_u64..60), 1..60),
        ) {
            let policy = policy(5, 100);
            let mut taken: Vec<(Timestamp, u64)> = Vec::new();
            let (mut quota, mut now) = (unused(), START);
            for (wait, bytes) in wishes {
                now += SignedDuration::from_secs(wait % 20_000);
                match quota.clone().begin(bytes, &policy, now) {
                    Ok(next) => {
                        quota = next;
                        taken.push((now, bytes));
                    }
                    Err(UploadError::QuotaUsed { again_at }) => {
                        prop_assert!(again_at > now);
                        prop_assert!(quota.clone().begin(bytes, &policy, again_at).is_ok());
                        let before = again_at - SignedDuration::from_nanos(1);
                        prop_assert!(quota.clone().begin(bytes, &policy, before).is_err());
                    }
                    Err(error) => prop_assert!(false, "{error}"),
                }
            }
            for (from, _) in &taken {
                let within = taken.iter().filter(|(at, _)| at >= from && *at < *from + DAY);
                prop_assert!(within.clone().count() <= 5);
                prop_assert!(within.map(|(_, bytes)| bytes).sum::<u64>() <= 100);
            }
        }
    }
}
