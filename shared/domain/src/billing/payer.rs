//! Who pays a month: the student alone, or an employer or a state for a part of it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::id::PersonId;
use crate::invoice::Business;
use crate::money::{Money, MoneyError};

/// The most payers of an enrollment.
pub const PAYERS_MAX: usize = 5;

/// Who pays a part of each month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payer {
    /// Who.
    pub payer: PersonId,
    /// Which part.
    pub part: Part,
    /// Since when the payer has agreed; finance records it. The student's own part needs none: it is paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreed_at: Option<Timestamp>,
    /// What tax asks of it, where it is a business.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub business: Option<Business>,
}

/// A payer's part of a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Up to an amount, before the others share the rest.
    Cap(Money),
    /// A share of what is left by those with a cap, in percent.
    SharePercent(u8),
}

/// Why a month cannot be shared like this.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PayersRefused {
    /// Nobody or too many.
    #[error("expected 1 to {PAYERS_MAX} payers")]
    Count,
    /// Somebody is named twice.
    #[error("each payer is named once")]
    Twice {
        /// Place in the list.
        index: usize,
    },
    /// A cap that caps nothing, or in another currency.
    #[error("expected a cap above zero in the currency of the price")]
    Cap {
        /// Place in the list.
        index: usize,
    },
    /// The shares leave something unpaid, or are more than all.
    #[error("the shares add up to {sum} %, expected 100 %")]
    Shares {
        /// What they add up to.
        sum: u32,
    },
}

/// Whether a month at a price can be shared like this: each payer once, and shares that are 100 % of
/// what caps leave.
pub fn check_payers(payers: &[Payer], price: Money) -> Result<(), PayersRefused> {
    if payers.is_empty() || payers.len() > PAYERS_MAX {
        return Err(PayersRefused::Count);
    }
    let mut seen = BTreeSet::new();
    let mut sum = 0;
    for (index, payer) in payers.iter().enumerate() {
        if !seen.insert(payer.payer) {
            return Err(PayersRefused::Twice { index });
        }
        match payer.part {
            Part::Cap(cap) if cap.amount_minor <= 0 || cap.currency != price.currency => {
                return Err(PayersRefused::Cap { index });
            }
            Part::Cap(_) => {}
            Part::SharePercent(percent) => sum += u32::from(percent),
        }
    }
    if sum == 100 { Ok(()) } else { Err(PayersRefused::Shares { sum }) }
}

/// What each payer owes of an amount, in their order: caps first, then shares of the rest, half up; the
/// last who shares takes the remainder, so that the parts sum to the whole.
pub fn shares(amount: Money, payers: &[Payer]) -> Result<Vec<Money>, MoneyError> {
    let mut left = amount;
    let mut parts = vec![Money::zero(amount.currency); payers.len()];
    for (part, payer) in parts.iter_mut().zip(payers) {
        if let Part::Cap(cap) = payer.part {
            *part = cap.at_most(left)?;
            left = left.minus(*part)?;
        }
    }
    let shared = left;
    let sharing = payers.iter().enumerate().filter_map(|(index, payer)| match payer.part {
        Part::SharePercent(percent) => Some((index, percent)),
        Part::Cap(_) => None,
    });
    let sharing = Vec::from_iter(sharing);
    for (nth, (index, percent)) in sharing.iter().enumerate() {
        let last = nth + 1 == sharing.len();
        // Two halves of an odd amount are rounded up once only.
        let part = if last { left } else { shared.part(u64::from(*percent), 100)?.at_most(left)? };
        parts[*index] = part;
        left = left.minus(part)?;
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::money::Currency::{Eur, Gbp};

    fn payer(name: &str, part: Part) -> Payer {
        Payer { payer: PersonId::derived(&[name]), part, agreed_at: None, business: None }
    }

    fn share(name: &str, percent: u8) -> Payer {
        payer(name, Part::SharePercent(percent))
    }

    fn cap(name: &str, minor: i64) -> Payer {
        payer(name, Part::Cap(Money::minor(minor, Gbp)))
    }

    #[test]
    fn a_month_is_shared_and_the_last_takes_the_rest() {
        let check = |amount, payers: &[Payer], expected: &[i64]| {
            let parts = shares(Money::minor(amount, Gbp), payers).expect("fits");
            assert_eq!(Vec::from_iter(parts.iter().map(|part| part.amount_minor)), expected);
        };
        check(9_999, &[share("sponsor", 70), share("student", 30)], &[6_999, 3_000]);
        check(30_000, &[cap("state", 20_000), share("student", 100)], &[20_000, 10_000]);
        check(15_000, &[cap("state", 20_000), share("student", 100)], &[15_000, 0]);
        check(10_001, &[cap("state", 1), share("a", 50), share("b", 50)], &[1, 5_000, 5_000]);
        check(1, &[share("a", 50), share("b", 50)], &[1, 0]);
        check(0, &[share("a", 50), share("b", 50)], &[0, 0]);
    }

    #[test]
    fn payers_that_leave_something_unpaid_are_refused() {
        let check = |payers: &[Payer], expected| {
            assert_eq!(check_payers(payers, Money::minor(30_000, Gbp)), expected);
        };
        check(&[share("a", 70), share("b", 30)], Ok(()));
        check(&[cap("state", 1), share("a", 100)], Ok(()));
        check(&[], Err(PayersRefused::Count));
        check(&[share("a", 70), share("a", 30)], Err(PayersRefused::Twice { index: 1 }));
        check(&[share("a", 70), share("b", 31)], Err(PayersRefused::Shares { sum: 101 }));
        check(&[cap("state", 1)], Err(PayersRefused::Shares { sum: 0 }));
        check(&[cap("state", 0), share("a", 100)], Err(PayersRefused::Cap { index: 0 }));
        let euros = payer("state", Part::Cap(Money::minor(1, Eur)));
        check(&[euros, share("a", 100)], Err(PayersRefused::Cap { index: 0 }));
    }

    proptest! {
        #[test]
        fn parts_sum_to_the_whole(minor in 0_i64..10_000_000, caps in prop::collection::vec(1_i64..5_000_000, 0..3), first in 0_u8..=100) {
            let mut payers = Vec::from_iter(caps.iter().enumerate().map(|(n, minor)| cap(&format!("cap {n}"), *minor)));
            payers.extend([share("a", first), share("b", 100 - first)]);
            let amount = Money::minor(minor, Gbp);
            prop_assert_eq!(check_payers(&payers, amount), Ok(()));
            let parts = shares(amount, &payers).expect("fits");
            prop_assert_eq!(Money::sum(Gbp, parts.clone()), Ok(amount));
            prop_assert!(parts.iter().all(|part| part.amount_minor >= 0));
        }
    }
}
