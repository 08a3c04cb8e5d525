//! Collecting what is owed: when a payment is tried, tried again, and when the waiting ends.

use jiff::civil::Date;

use super::{Invoice, InvoiceState, Issue, Payment, PaymentState, Retry};
use crate::billing::{Terms, days_after};
use crate::enrollment::Enrollment;

/// What is to be done about an invoice's money today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Collecting {
    /// Ask the provider: for the money, or what became of it.
    Ask,
    /// Count a direct debit as paid: its day has come, and its bank has not said otherwise.
    Count,
    /// Nothing before a date.
    Wait {
        /// When to look again.
        until: Date,
    },
    /// Nothing more by itself: it is settled, it waits for a file of direct debits, or every day of the plan
    /// has passed.
    Over,
}

/// The days on which something happens to an invoice that stays unpaid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DunningPlan {
    /// The first date on which it is past due.
    pub past_due_on: Date,
    /// Dates on which a payment that was refused for a passing reason is tried again.
    pub retry_on: Vec<Date>,
    /// The date on which the enrollment is suspended.
    pub suspends_on: Date,
}

impl Issue {
    /// What happens if the invoice stays unpaid.
    pub fn dunning(&self, terms: &Terms) -> DunningPlan {
        DunningPlan {
            past_due_on: days_after(self.due_on, 1),
            retry_on: terms.dunning_days.map(|days| days_after(self.due_on, days)).to_vec(),
            suspends_on: self.suspends_on(terms),
        }
    }
}

impl DunningPlan {
    /// The next date on which something happens.
    fn next_after(&self, today: Date) -> Option<Date> {
        let dates = self.retry_on.iter().copied().chain([self.past_due_on, self.suspends_on]);
        dates.filter(|date| today < *date).min()
    }
}

impl Invoice {
    /// What is to be done about its money today, by whoever pays it.
    ///
    /// `collects` is whether a provider can be asked for it; who sends the money by bank is waited for.
    /// A draft is asked for once: who is refused may accept again.
    pub fn collecting(
        &self,
        enrollment: &Enrollment,
        collects: bool,
        terms: &Terms,
        today: Date,
    ) -> Collecting {
        let charge = self.charge.as_ref();
        match charge.map(|charge| &charge.state) {
            Some(PaymentState::Submitted { collect_on, .. }) if today < *collect_on => {
                return Collecting::Wait { until: *collect_on };
            }
            Some(PaymentState::Submitted { .. }) => return Collecting::Count,
            _ => {}
        }
        if collects && charge.is_some_and(Payment::is_under_way) {
            // Though nothing be owed any more: what was taken meanwhile has to go back.
            return Collecting::Ask;
        }
        let issue = match &self.state {
            _ if !self.is_owed() => return Collecting::Over,
            InvoiceState::Paid(_) | InvoiceState::Uncollectible(_) => return Collecting::Over,
            InvoiceState::Draft => None,
            InvoiceState::Open(issue) | InvoiceState::PastDue(issue) => Some(issue),
        };
        let plan = issue.map(|issue| issue.dunning(terms));
        let retry_on = plan.iter().flat_map(|plan| plan.retry_on.iter().copied());
        let ask = collects
            && match charge {
                None => true,
                Some(charge) => charge.is_to_be_tried(enrollment, retry_on, today),
            };
        if ask {
            return Collecting::Ask;
        }
        if charge.is_some_and(|charge| charge.is_debited(enrollment)) {
            return Collecting::Over;
        }
        plan.and_then(|plan| plan.next_after(today))
            .map_or(Collecting::Over, |until| Collecting::Wait { until })
    }

    /// Whether anything is still to be paid.
    pub fn is_owed(&self) -> bool {
        self.owed().is_ok_and(|owed| owed.amount_minor > 0)
    }

    /// When a payment that was refused for a passing reason is tried again by itself.
    pub fn tried_again_on(&self, terms: &Terms, today: Date) -> Option<Date> {
        let days = self.issue()?.dunning(terms).retry_on;
        days.into_iter().filter(|date| today < *date).min()
    }

    /// Whether an unpaid invoice suspends its enrollment by a date.
    pub fn suspends_by(&self, date: Date, terms: &Terms) -> bool {
        match &self.state {
            InvoiceState::Open(issue) | InvoiceState::PastDue(issue) => issue.suspends_on(terms) <= date,
            _ => false,
        }
    }
}

impl Payment {
    /// Whether its provider was asked, and nobody knows what it answered.
    pub const fn is_under_way(&self) -> bool {
        matches!(self.state, PaymentState::Pending | PaymentState::Unknown)
    }

    /// Whether it is a direct debit on its way, with the way to pay that was given last: neither there nor lost,
    /// and its payer has done their part.
    pub const fn is_debited(&self, enrollment: &Enrollment) -> bool {
        match self.state {
            PaymentState::Listed => self.method_number == enrollment.payment_method_number,
            PaymentState::Submitted { .. } => true,
            _ => false,
        }
    }

    /// Whether the provider is to be asked today: nobody knows what became of it, another method was
    /// given since, or it was refused or taken back for a passing reason and a day of the plan has come
    /// since. What is in a file is not called back for another method.
    fn is_to_be_tried(
        &self,
        enrollment: &Enrollment,
        mut retry_on: impl Iterator<Item = Date>,
        today: Date,
    ) -> bool {
        let tried_at = match &self.state {
            PaymentState::Returned { returned_at, .. } => *returned_at,
            _ => self.tried_at(),
        };
        let tried_on = enrollment.date_at(tried_at);
        match &self.state {
            PaymentState::Pending | PaymentState::Unknown => true,
            PaymentState::Paid { .. } | PaymentState::Submitted { .. } => false,
            PaymentState::Listed | PaymentState::Returned { .. } | PaymentState::Declined { .. }
                if self.method_number < enrollment.payment_method_number =>
            {
                true
            }
            PaymentState::Listed
            | PaymentState::Declined { retry: Retry::NeverHelps, .. }
            | PaymentState::Returned { retry: Retry::NeverHelps, .. } => false,
            PaymentState::Declined { retry: Retry::MayHelp, .. }
            | PaymentState::Returned { retry: Retry::MayHelp, .. } => {
                retry_on.any(|date| tried_on < date && date <= today)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::billing::{PeriodKey, Segment};
    use crate::enrollment::scenario_test::begun;
    use crate::id::PaymentId;
    use crate::invoice::{LegalEntity, PaymentKind, rate};

    const TERMS: Terms = Terms::OPENING;

    fn date(text: &str) -> Date {
        text.parse().expect("a date")
    }

    fn noon(day: &str) -> Timestamp {
        format!("{day}T12:00:00Z").parse().expect("an instant")
    }

    /// The first invoice of an enrollment that began on 1 April, as it is owed that day.
    fn open() -> (Enrollment, Invoice) {
        let enrollment = begun("2027-04-01");
        let draft = rate(&enrollment.billing_facts(), PeriodKey::FIRST, &[], date("2027-04-01"))
            .expect("fits")
            .remove(0);
        let issuer = LegalEntity::of_market("GB").expect("a market");
        let period = Segment::new(1, date("2027-04-01")).period(0);
        let invoice =
            draft.open(&issuer, 1, period, TERMS.payment_days, noon("2027-04-01")).expect("a draft");
        (enrollment, invoice)
    }

    fn declined(invoice: &Invoice, retry: Retry, on: &str) -> Payment {
        let id = PaymentId::of_charge(invoice.id);
        let payment = Payment::pending(id, invoice.id, invoice.total, PaymentKind::Sandbox, noon(on));
        payment.asked(1).decline("insufficient_funds".into(), retry)
    }

    #[test]
    fn a_passing_refusal_is_tried_again_on_the_days_of_the_plan() {
        let (enrollment, invoice) = open();
        let mut payment = declined(&invoice, Retry::MayHelp, "2027-04-01");
        let mut asked = Vec::new();
        for day in 1..=30 {
            let today = Date::new(2027, 4, day).expect("a date");
            let next = invoice.clone().with_charge(&payment).collecting(&enrollment, true, &TERMS, today);
            if next == Collecting::Ask {
                asked.push(i32::from(day) - 1);
                let again = payment.again(invoice.total, PaymentKind::Sandbox, noon(&today.to_string()));
                payment = again.asked(1).decline("insufficient_funds".into(), Retry::MayHelp);
            }
        }
        assert_eq!(asked, [1, 3, 5, 7, 10, 14]);
        let over =
            invoice.clone().with_charge(&payment).collecting(&enrollment, true, &TERMS, date("2027-04-30"));
        assert_eq!(over, Collecting::Over);
    }

    #[test]
    fn a_day_that_was_missed_is_made_up_once() {
        let (enrollment, invoice) = open();
        let payment = declined(&invoice, Retry::MayHelp, "2027-04-01");
        let on = |payment: &Payment, today| {
            invoice.clone().with_charge(payment).collecting(&enrollment, true, &TERMS, date(today))
        };
        assert_eq!(on(&payment, "2027-04-07"), Collecting::Ask);
        let payment = declined(&invoice, Retry::MayHelp, "2027-04-07");
        assert_eq!(on(&payment, "2027-04-07"), Collecting::Wait { until: date("2027-04-08") });
    }

    #[test]
    fn a_lasting_refusal_waits_for_another_method() {
        let (mut enrollment, invoice) = open();
        let payment = declined(&invoice, Retry::NeverHelps, "2027-04-01");
        let next = |enrollment: &Enrollment| {
            invoice.clone().with_charge(&payment).collecting(enrollment, true, &TERMS, date("2027-04-02"))
        };
        assert_eq!(next(&enrollment), Collecting::Wait { until: date("2027-04-04") });
        enrollment.payment_method_number += 1;
        assert_eq!(next(&enrollment), Collecting::Ask);
    }

    #[test]
    fn nobody_asks_a_provider_for_a_transfer_or_for_nothing() {
        let (enrollment, invoice) = open();
        let today = date("2027-04-01");
        let transfer = invoice.collecting(&enrollment, false, &TERMS, today);
        assert_eq!(transfer, Collecting::Wait { until: date("2027-04-02") });
        let paid = Invoice { paid: invoice.total, ..invoice.clone() };
        assert_eq!(paid.collecting(&enrollment, true, &TERMS, today), Collecting::Over);
        let draft = Invoice { state: InvoiceState::Draft, ..invoice.clone() };
        let refused = declined(&invoice, Retry::MayHelp, "2027-04-01");
        let again =
            draft.clone().with_charge(&refused).collecting(&enrollment, true, &TERMS, date("2027-04-20"));
        assert_eq!(again, Collecting::Over);
        assert_eq!(draft.collecting(&enrollment, true, &TERMS, today), Collecting::Ask);
    }

    #[test]
    fn a_debit_is_waited_for_and_counts_from_its_day_on() {
        let (mut enrollment, invoice) = open();
        let id = PaymentId::of_charge(invoice.id);
        let kind = PaymentKind::SepaDebit;
        let listed = Payment::pending(id, invoice.id, invoice.total, kind, noon("2027-04-01"));
        let listed = listed.asked(enrollment.payment_method_number).list();
        let on = |enrollment: &Enrollment, payment: &Payment, today| {
            invoice.clone().with_charge(payment).collecting(enrollment, true, &TERMS, date(today))
        };
        assert_eq!(on(&enrollment, &listed, "2027-04-20"), Collecting::Over);
        let file = crate::id::DebitFileId::derived(&["f"]);
        let submitted = listed.clone().submit(invoice.total, file, date("2027-04-06"));
        let waits = Collecting::Wait { until: date("2027-04-06") };
        assert_eq!(on(&enrollment, &submitted, "2027-04-05"), waits);
        assert_eq!(on(&enrollment, &submitted, "2027-04-06"), Collecting::Count);
        // Another way to pay takes it off the list, and not out of a file.
        enrollment.payment_method_number += 1;
        assert_eq!(on(&enrollment, &listed, "2027-04-02"), Collecting::Ask);
        let by_transfer =
            invoice.clone().with_charge(&listed).collecting(&enrollment, false, &TERMS, date("2027-04-02"));
        assert!(matches!(by_transfer, Collecting::Wait { .. }), "{by_transfer:?}");
        assert_eq!(on(&enrollment, &submitted, "2027-04-05"), waits);
    }

    #[test]
    fn a_returned_debit_is_tried_on_the_plans_next_day_if_that_may_help() {
        let (enrollment, invoice) = open();
        let check = |reason: &str, expected| {
            let id = PaymentId::of_charge(invoice.id);
            let kind = PaymentKind::SepaDebit;
            let payment = Payment::pending(id, invoice.id, invoice.total, kind, noon("2027-04-01")).asked(1);
            let paid = invoice.clone().record_payment(payment, None, noon("2027-04-06"));
            let (invoice, payment) = paid.expect("owed");
            let returned = invoice.return_debit(payment, reason.into(), noon("2027-04-07"));
            let (invoice, payment) = returned.expect("paid");
            let next = |today| {
                invoice.clone().with_charge(&payment).collecting(&enrollment, true, &TERMS, date(today))
            };
            assert_eq!(next("2027-04-07"), Collecting::Wait { until: date("2027-04-08") }, "{reason}");
            assert_eq!(next("2027-04-08"), expected, "{reason}");
        };
        check("AM04", Collecting::Ask);
        check("MD06", Collecting::Wait { until: date("2027-04-11") });
    }

    #[test]
    fn the_grace_ends_after_ten_days() {
        let (_, invoice) = open();
        let on = |day| invoice.suspends_by(date(day), &TERMS);
        assert_eq!((on("2027-04-11"), on("2027-04-12")), (false, true));
        let paid = Invoice { paid: invoice.total, ..invoice.clone() }.settled();
        assert!(!paid.suspends_by(date("2027-05-01"), &TERMS));
    }
}
