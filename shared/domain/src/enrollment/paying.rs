//! How an enrollment's months are paid, and by whom.

use jiff::Timestamp;
use thiserror::Error;

use super::{Enrollment, PaymentMethod, State};
use crate::billing::{Payer, PayersRefused, check_payers};

/// Why payers cannot be named, or a way to pay not given.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PayingRefused {
    /// The months cannot be shared like this.
    #[error(transparent)]
    Payers(#[from] PayersRefused),
    /// It has ended, or is not accepted yet.
    #[error("the enrollment is {state}")]
    WrongState {
        /// The state's word.
        state: &'static str,
    },
}

/// Who names an enrollment's payers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamedBy {
    /// Its student, whose word binds nobody else.
    Student,
    /// Finance, which has the payers' agreement.
    Finance,
}

impl Enrollment {
    /// Names who pays the months that are billed from now on. Who was agreed to before, for the same part,
    /// stays so.
    pub fn shared_by(self, payers: Vec<Payer>, by: NamedBy, now: Timestamp) -> Result<Self, PayingRefused> {
        if !self.is_live() || matches!(self.state, State::AwardPending { .. }) {
            return Err(PayingRefused::WrongState { state: self.state.word() });
        }
        check_payers(&payers, self.monthly_price)?;
        let agreed_at = |payer: &Payer| match by {
            _ if payer.payer == self.student => None,
            NamedBy::Finance => Some(now),
            NamedBy::Student => {
                let same = |known: &&Payer| known.payer == payer.payer && known.part == payer.part;
                self.payers.iter().find(same).and_then(|known| known.agreed_at)
            }
        };
        let payers =
            payers.into_iter().map(|payer| Payer { agreed_at: agreed_at(&payer), ..payer }).collect();
        Ok(Self { payers, ..self })
    }

    /// Gives another way to pay, with which what was refused is tried again.
    pub fn pay_with(self, method: PaymentMethod) -> Result<Self, PayingRefused> {
        if self.contract.is_none() {
            return Err(PayingRefused::WrongState { state: self.state.word() });
        }
        Ok(self.paid_by(method))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::billing::Part;
    use crate::enrollment::scenario_test::begun;
    use crate::id::PersonId;

    fn payer(who: PersonId, percent: u8) -> Payer {
        Payer { payer: who, part: Part::SharePercent(percent), agreed_at: None, business: None }
    }

    #[test]
    fn only_finance_knows_that_somebody_else_agreed() {
        let now = "2027-02-07T12:00:00Z".parse().expect("an instant");
        let maya = begun("2027-02-07");
        let sponsor = PersonId::derived(&["sponsor"]);
        let payers = vec![payer(sponsor, 70), payer(maya.student, 30)];
        let agreed = |maya: &Enrollment| Vec::from_iter(maya.payers.iter().map(|it| it.agreed_at.is_some()));
        let named = maya.shared_by(payers.clone(), NamedBy::Student, now).expect("fits");
        assert_eq!(agreed(&named), [false, false]);
        let known = named.shared_by(payers.clone(), NamedBy::Finance, now).expect("fits");
        assert_eq!(agreed(&known), [true, false]);
        let again = known.clone().shared_by(payers, NamedBy::Student, now).expect("fits");
        assert_eq!(agreed(&again), [true, false], "the same part stays agreed to");
        let student = known.student;
        let other = known.shared_by(vec![payer(sponsor, 80), payer(student, 20)], NamedBy::Student, now);
        assert_eq!(agreed(&other.expect("fits")), [false, false]);
    }
}
