//! Parts of a whole, in trillionths, and whole things split among cells: nothing here is rounded twice.

/// The whole, in trillionths: fine enough that a part of ten billion people is right to a hundredth of one.
pub(super) const WHOLE: u128 = 1_000_000_000_000;

/// Weeks that a rate per year is spread over.
const WEEKS_A_YEAR: u32 = 52;

/// A part of a part, rounded down.
pub(super) const fn times(one: u128, other: u128) -> u128 {
    one * other / WHOLE
}

/// The part of those who are there at the beginning of a week that is there at the end of it, where so many
/// of a thousand leave in a year: the largest part that leaves no more than that after 52 weeks.
pub(super) fn kept_weekly(leave_per_mille_a_year: u16) -> u128 {
    let kept_yearly = WHOLE - WHOLE * u128::from(leave_per_mille_a_year) / 1_000;
    let yearly = |weekly| (0..WEEKS_A_YEAR).fold(WHOLE, |kept, _| times(kept, weekly));
    let (mut low, mut high) = (0, WHOLE);
    while low < high {
        let middle = (low + high).div_ceil(2);
        if yearly(middle) <= kept_yearly { low = middle } else { high = middle - 1 }
    }
    low
}

/// Splits a whole number among cells by their weights. The shares sum up to it, and each is less than one
/// away from its exact part: a share is what the running sum grows by.
pub(super) fn split(whole: u64, weights: &[u64]) -> Vec<u64> {
    let sum: u128 = weights.iter().map(|weight| u128::from(*weight)).sum::<u128>().max(1);
    let (mut before, mut given) = (0, 0);
    let share = |weight: &u64| {
        before += u128::from(*weight);
        let up_to_here = narrow(u128::from(whole) * before / sum);
        let share = up_to_here - given;
        given = up_to_here;
        share
    };
    weights.iter().map(share).collect()
}

/// A count that is small enough by the bounds of a forecast.
pub(super) fn narrow(count: u128) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_year_of_weeks_loses_what_a_year_loses() {
        assert_eq!(kept_weekly(0), WHOLE);
        for leave in [1, 20, 100, 500, 900] {
            let kept = (0..52).fold(WHOLE, |kept, _| times(kept, kept_weekly(leave)));
            let expected = WHOLE * u128::from(1_000 - leave) / 1_000;
            assert!(kept <= expected && expected - kept < 100, "{leave}: {kept} {expected}");
        }
    }

    proptest! {
        #[test]
        fn shares_sum_up_and_are_near_their_parts(
            whole in 0..10_000_000_000_u64,
            weights in prop::collection::vec(0..1_000_000_000_000_u64, 1..40),
        ) {
            let shares = split(whole, &weights);
            let sum: u128 = weights.iter().map(|it| u128::from(*it)).sum();
            prop_assume!(sum > 0);
            prop_assert_eq!(shares.iter().sum::<u64>(), whole);
            for (share, weight) in shares.iter().zip(&weights) {
                let exact = u128::from(whole) * u128::from(*weight);
                prop_assert!((u128::from(*share) * sum).abs_diff(exact) < sum);
            }
        }
    }
}
