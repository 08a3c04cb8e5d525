//! Money given back: never more than was paid, and each payment's money the way it came.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Invoice, Payment, PaymentKind, PaymentState};
use crate::id::{CreditNoteId, EnrollmentId, InvoiceId, PaymentId, RefundId};
use crate::money::{Money, MoneyError};

/// Money given back of an invoice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// Its id.
    pub id: RefundId,
    /// What had been paid.
    pub invoice: InvoiceId,
    /// Whose months.
    pub enrollment: EnrollmentId,
    /// How much in all.
    pub amount: Money,
    /// Why.
    pub reason: String,
    /// When it was decided.
    pub asked_at: Timestamp,
    /// What goes back of which payment.
    pub parts: Vec<RefundPart>,
}

/// What goes back of one payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundPart {
    /// The payment.
    pub payment: PaymentId,
    /// Through what it had come.
    pub method: PaymentKind,
    /// How much.
    pub amount: Money,
    /// What became of it.
    #[serde(flatten)]
    pub state: RefundState,
}

/// What became of money that is to go back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum RefundState {
    /// The provider is to be asked, or was and has not said.
    Asked,
    /// The provider sent it back.
    Sent {
        /// What it calls that.
        reference: String,
        /// When.
        sent_at: Timestamp,
    },
    /// Finance sends it by bank: it came by transfer, or the provider refused.
    ByTransfer {
        /// Why the provider refused.
        refused: Option<String>,
    },
}

/// Why nothing is given back.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RefundRefused {
    /// Nobody is given nothing, or less.
    #[error("expected an amount above zero")]
    NotPositive,
    /// Refunds never exceed what was paid.
    #[error("{left} of what was paid can still be refunded")]
    MoreThanPaid {
        /// What is left of it.
        left: Money,
    },
    /// Another currency than the invoice's.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

impl RefundId {
    /// The one refund of what a credit note made too much.
    pub fn of_credit(note: CreditNoteId) -> Self {
        Self::derived(&[&note.to_string()])
    }

    /// The one refund of what a payment brought beyond what was owed.
    pub fn of_surplus(payment: PaymentId) -> Self {
        Self::derived(&[&payment.to_string(), "surplus"])
    }
}

impl Refund {
    /// Whether nothing is left to be asked of a provider.
    pub fn is_over(&self) -> bool {
        self.parts.iter().all(|part| part.state != RefundState::Asked)
    }

    /// The word for all of it.
    pub fn word(&self) -> &'static str {
        let by_transfer = |part: &RefundPart| matches!(part.state, RefundState::ByTransfer { .. });
        match () {
            () if !self.is_over() => "asked",
            () if self.parts.iter().any(by_transfer) => "by_transfer",
            () => "sent",
        }
    }
}

impl Invoice {
    /// What was paid beyond what is owed: to be given back.
    pub fn overpaid(&self) -> Result<Money, MoneyError> {
        let nothing = Money::zero(self.total.currency);
        let owed = self.owed()?;
        if owed.amount_minor < 0 { nothing.minus(owed) } else { Ok(nothing) }
    }

    /// What of the money that came is still here.
    pub fn refundable(&self) -> Result<Money, MoneyError> {
        self.paid.minus(self.refunded)
    }

    /// Whether an amount may be given back.
    pub fn check_refundable(&self, amount: Money) -> Result<(), RefundRefused> {
        if amount.amount_minor <= 0 {
            return Err(RefundRefused::NotPositive);
        }
        let left = self.refundable()?;
        if left.minus(amount)?.amount_minor < 0 {
            return Err(RefundRefused::MoreThanPaid { left });
        }
        Ok(())
    }

    /// Gives an amount back, of the newest payments first and never more of one than it brought.
    pub fn refund(
        self,
        id: RefundId,
        amount: Money,
        reason: String,
        payments: &[Payment],
        earlier: &[Refund],
        now: Timestamp,
    ) -> Result<(Self, Refund), RefundRefused> {
        self.check_refundable(amount)?;
        let received = |payment: &&Payment| matches!(payment.state, PaymentState::Paid { .. });
        let mut received = Vec::from_iter(payments.iter().filter(received));
        received.sort_by_key(|payment| (payment.created_at, payment.id));
        let (mut left, mut parts) = (amount, Vec::new());
        for payment in received.into_iter().rev() {
            let gone = earlier.iter().flat_map(|refund| &refund.parts);
            let gone = gone.filter(|part| part.payment == payment.id).map(|part| part.amount);
            let here = payment.amount.minus(Money::sum(amount.currency, gone)?)?;
            let part = here.at_most(left)?;
            if part.amount_minor > 0 {
                left = left.minus(part)?;
                parts.push(RefundPart::of(payment, part));
            }
        }
        if !left.is_zero() {
            return Err(RefundRefused::MoreThanPaid { left: amount.minus(left)? });
        }
        let refunded = self.refunded.plus(amount)?;
        let (invoice, enrollment) = (self.id, self.enrollment);
        let refund = Refund { id, invoice, enrollment, amount, reason, asked_at: now, parts };
        Ok((Self { refunded, ..self }.settled(), refund))
    }
}

impl RefundPart {
    fn of(payment: &Payment, amount: Money) -> Self {
        let state = match payment.method {
            PaymentKind::Manual => RefundState::ByTransfer { refused: None },
            _ => RefundState::Asked,
        };
        Self { payment: payment.id, method: payment.method, amount, state }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::enrollment::scenario_test::begun;
    use crate::invoice::rate;
    use crate::money::Currency::Gbp;

    fn pounds(minor: i64) -> Money {
        Money::minor(minor, Gbp)
    }

    fn at(minute: usize) -> Timestamp {
        format!("2027-04-01T12:{minute:02}:00Z").parse().expect("an instant")
    }

    /// An invoice with payments of these amounts.
    fn paid(amounts: &[i64]) -> (Invoice, Vec<Payment>) {
        let enrollment = begun("2027-04-01");
        let drafts =
            rate(&enrollment.billing_facts(), crate::billing::PeriodKey::FIRST, &[], enrollment.start_on);
        let mut invoice = drafts.expect("fits").remove(0);
        let mut payments = Vec::new();
        for (n, minor) in amounts.iter().enumerate() {
            let id = PaymentId::derived(&[&n.to_string()]);
            let kind = if n == 0 { PaymentKind::Sandbox } else { PaymentKind::Manual };
            let payment = Payment::pending(id, invoice.id, pounds(*minor), kind, at(n));
            let (next, payment) = invoice.record_payment(payment, None, at(n)).expect("owed");
            invoice = next;
            payments.push(payment);
        }
        (invoice, payments)
    }

    #[test]
    fn each_payment_goes_back_the_way_it_came_newest_first() {
        let (invoice, payments) = paid(&[20_000, 10_000]);
        let id = RefundId::derived(&["a"]);
        let (invoice, refund) =
            invoice.refund(id, pounds(15_000), "Moved".into(), &payments, &[], at(5)).expect("paid");
        let parts = Vec::from_iter(refund.parts.iter().map(|part| (part.payment, part.amount.amount_minor)));
        assert_eq!(parts, [(payments[1].id, 10_000), (payments[0].id, 5_000)]);
        assert_eq!(refund.parts[0].state, RefundState::ByTransfer { refused: None });
        assert_eq!((refund.parts[1].state.clone(), refund.word()), (RefundState::Asked, "asked"));
        let too_much = invoice.refund(
            id,
            pounds(15_001),
            "More".into(),
            &payments,
            std::slice::from_ref(&refund),
            at(6),
        );
        assert_eq!(too_much, Err(RefundRefused::MoreThanPaid { left: pounds(15_000) }));
    }

    proptest! {
        #[test]
        fn refunds_never_exceed_what_was_paid(payments in prop::collection::vec(1_i64..7_000, 0..4), refunds in prop::collection::vec(-3_i64..9_000, 0..8)) {
            let (mut invoice, payments) = paid(&payments);
            let mut earlier: Vec<Refund> = Vec::new();
            for (n, minor) in refunds.into_iter().enumerate() {
                let id = RefundId::derived(&[&n.to_string()]);
                let before = invoice.clone();
                match before.clone().refund(id, pounds(minor), "Test".into(), &payments, &earlier, at(30)) {
                    Ok((next, refund)) => {
                        let parts = refund.parts.iter().map(|part| part.amount);
                        prop_assert_eq!(Money::sum(Gbp, parts), Ok(pounds(minor)));
                        earlier.push(refund);
                        invoice = next;
                    }
                    Err(_) => prop_assert!(minor <= 0 || before.refundable().expect("fits").amount_minor < minor),
                }
            }
            prop_assert!(invoice.refundable().expect("fits").amount_minor >= 0);
            for payment in &payments {
                let gone = earlier.iter().flat_map(|refund| &refund.parts).filter(|part| part.payment == payment.id);
                let gone = Money::sum(Gbp, gone.map(|part| part.amount)).expect("fits");
                prop_assert!(gone.amount_minor <= payment.amount.amount_minor);
            }
        }
    }
}
