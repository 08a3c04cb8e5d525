//! What people are told of an invoice's money, by letter.

use domain::id::PersonId;
use domain::invoice::{Invoice, Payment, PaymentState, Retry};
use domain::letter::{About, Letter};

use super::Facts;

impl Facts {
    /// What its payer is told of a payment that was refused. Who waits for their place to begin is told by the
    /// answer to that.
    pub(super) fn declined(&self, payment: &Payment) -> Option<Letter> {
        let PaymentState::Declined { retry, .. } = payment.state else { return None };
        if !self.invoice.value.is_owed() {
            return None;
        }
        let today = self.enrollment.value.date_at(self.now);
        let about = About::PaymentDeclined {
            invoice: self.invoice.value.id,
            number: self.invoice.value.issue()?.number.to_string(),
            amount: payment.amount,
            again_on: match retry {
                Retry::MayHelp => self.invoice.value.tried_again_on(&self.terms, today),
                Retry::NeverHelps => None,
            },
        };
        Some(self.letter(self.invoice.value.payer, about))
    }

    /// What the student is told of a suspension.
    pub(super) fn suspended(&self) -> Option<Letter> {
        let about = About::Suspended {
            invoice: self.invoice.value.id,
            number: self.invoice.value.issue()?.number.to_string(),
            owed: self.invoice.value.owed().ok()?,
        };
        Some(self.letter(self.enrollment.value.student, about))
    }

    /// What its payer is told of a debit that was returned.
    pub(super) fn told_of_return(&self, invoice: &Invoice, payment: &Payment) -> Option<Letter> {
        let PaymentState::Returned { retry, .. } = payment.state else { return None };
        let today = self.enrollment.value.date_at(self.now);
        let about = About::DebitReturned {
            invoice: invoice.id,
            number: invoice.issue()?.number.to_string(),
            amount: payment.amount,
            again_on: match retry {
                Retry::MayHelp => invoice.tried_again_on(&self.terms, today),
                Retry::NeverHelps => None,
            },
        };
        Some(self.letter(invoice.payer, about))
    }

    const fn letter(&self, to: PersonId, about: About) -> Letter {
        Letter { enrollment: self.enrollment.value.id, to, at: self.now, about }
    }
}
