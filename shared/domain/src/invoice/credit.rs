//! Corrections: an invoice never changes, a credit note says what of it is no longer owed.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Invoice, InvoiceNumber, InvoiceState, LegalEntity, TaxLine};
use crate::billing::{Terms, prorate};
use crate::enrollment::Enrollment;
use crate::id::{CreditNoteId, EnrollmentId, InvoiceId, PersonId};
use crate::money::{Money, MoneyError};
use crate::permission::{Relation, Subject};

/// A correction of an invoice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreditNote {
    /// Its id.
    pub id: CreditNoteId,
    /// What it corrects.
    pub invoice: InvoiceId,
    /// Whose months.
    pub enrollment: EnrollmentId,
    /// Whose enrollment it is.
    pub student: PersonId,
    /// Who owed the invoice.
    pub payer: PersonId,
    /// Its number, without a gap in the series of its issuer's credit notes.
    pub number: InvoiceNumber,
    /// How much is no longer owed, tax included.
    pub amount: Money,
    /// The part of it that is tax, by category.
    pub taxes: Vec<TaxLine>,
    /// Why.
    pub reason: CreditReason,
    /// The date in its issuer's zone.
    pub issued_on: Date,
}

/// Why something is no longer owed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum CreditReason {
    /// Study stopped inside the period.
    UnusedDays {
        /// The first day that is given back.
        from: Date,
        /// How many.
        days: u32,
        /// Days of the period.
        period_days: u32,
    },
    /// Finance decided so.
    Decided {
        /// Why.
        text: String,
    },
}

/// What is to be credited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credit {
    /// Id of the note it makes.
    pub id: CreditNoteId,
    /// How much, tax included.
    pub amount: Money,
    /// Why.
    pub reason: CreditReason,
}

/// Why nothing is credited.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CreditRefused {
    /// Nobody is credited nothing, or less.
    #[error("expected an amount above zero")]
    NotPositive,
    /// Credit notes never exceed the invoice.
    #[error("{left} of the invoice can still be credited")]
    MoreThanLeft {
        /// What is left of it.
        left: Money,
    },
    /// A draft is not owed yet.
    #[error("the invoice is {state}")]
    NotIssued {
        /// The state's word.
        state: &'static str,
    },
    /// Another currency than the invoice's.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

impl CreditNoteId {
    /// The one note that gives back the unused days of an invoice's period.
    pub fn of_unused(invoice: InvoiceId) -> Self {
        Self::derived(&[&invoice.to_string(), "unused"])
    }
}

impl Credit {
    /// What an enrollment gets back of an invoice, because study stopped inside its period; nothing where
    /// all of it was used, or where the terms keep it.
    pub fn of_unused(
        enrollment: &Enrollment,
        invoice: &Invoice,
        terms: &Terms,
    ) -> Result<Option<Self>, MoneyError> {
        let unused = enrollment.unused_of(invoice.key.segment);
        let (Some(unused), Some(issue)) = (unused, invoice.issue()) else { return Ok(None) };
        if !unused.cause.gives_back(terms) {
            return Ok(None);
        }
        let split = prorate(invoice.total, &issue.period, unused.from)?;
        let amount = split.unused.at_most(invoice.creditable()?)?;
        if amount.amount_minor <= 0 {
            return Ok(None);
        }
        let from = unused.from.max(issue.period.from);
        let reason =
            CreditReason::UnusedDays { from, days: split.unused_days, period_days: split.period_days };
        Ok(Some(Self { id: CreditNoteId::of_unused(invoice.id), amount, reason }))
    }
}

impl Invoice {
    /// What of it can still be credited.
    pub fn creditable(&self) -> Result<Money, MoneyError> {
        self.total.minus(self.credited)
    }

    /// The tax in what was credited of it.
    pub fn credited_tax(&self) -> Result<Money, MoneyError> {
        let lines = self.taxes_between(Money::zero(self.total.currency), self.credited)?;
        Money::sum(self.total.currency, lines.iter().map(|line| line.amount))
    }

    /// Credits a part of an issued invoice, by the next note of its issuer. What was paid too much by
    /// that can be refunded.
    pub fn credit(
        self,
        credit: Credit,
        issuer: &LegalEntity,
        sequence: u64,
        now: Timestamp,
    ) -> Result<(Self, CreditNote), CreditRefused> {
        if self.state == InvoiceState::Draft {
            return Err(CreditRefused::NotIssued { state: self.state.word() });
        }
        let Credit { id, amount, reason } = credit;
        if amount.amount_minor <= 0 {
            return Err(CreditRefused::NotPositive);
        }
        let left = self.creditable()?;
        if left.minus(amount)?.amount_minor < 0 {
            return Err(CreditRefused::MoreThanLeft { left });
        }
        let credited = self.credited.plus(amount)?;
        let note = CreditNote {
            id,
            invoice: self.id,
            enrollment: self.enrollment,
            student: self.student,
            payer: self.payer,
            number: issuer.credit_number(sequence, now),
            amount,
            taxes: self.taxes_between(self.credited, credited)?,
            reason,
            issued_on: issuer.zone.date_at(now),
        };
        Ok((Self { credited, ..self }.settled(), note))
    }

    /// The tax in what is credited between two sums of credit notes. Counted from the invoice's begin, so
    /// that the notes' taxes sum to the invoice's once all of it is credited.
    fn taxes_between(&self, before: Money, after: Money) -> Result<Vec<TaxLine>, MoneyError> {
        let units = |money: Money| u64::try_from(money.amount_minor).unwrap_or(0);
        let part = |of: Money, credited: Money| of.part(units(credited), units(self.total));
        let between = |of: Money| part(of, after)?.minus(part(of, before)?);
        let lines = self.taxes.iter().map(|line| {
            let (base, amount) = (between(line.base)?, between(line.amount)?);
            Ok(TaxLine { base, amount, ..line.clone() })
        });
        lines.collect()
    }
}

impl Subject for CreditNote {
    fn relations(&self, person: PersonId, _now: Timestamp) -> Vec<Relation> {
        let relations = [(self.student, Relation::Owner), (self.payer, Relation::Payer)];
        relations.into_iter().filter_map(|(whose, relation)| (whose == person).then_some(relation)).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::billing::{Completion, PeriodKey, Segment};
    use crate::enrollment::scenario_test::begun;
    use crate::invoice::{PriceKind, TaxRule, Treatment, rate};
    use crate::money::Currency::{Gbp, Jpy, Kwd};

    const TERMS: Terms = Terms::OPENING;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    fn gb() -> LegalEntity {
        LegalEntity::of_market("GB").expect("a market")
    }

    /// The issued first invoice of an enrollment, at a price.
    fn issued(enrollment: &Enrollment, price: Money, taxes: &[TaxRule]) -> Invoice {
        let enrollment = Enrollment { monthly_price: price, ..enrollment.clone() };
        let anchor = enrollment.segments[0].anchor;
        let drafts = rate(&enrollment.billing_facts(), PeriodKey::FIRST, taxes, anchor).expect("fits");
        let draft = drafts.into_iter().next().expect("it costs something");
        let issuer = LegalEntity { currency: price.currency, ..gb() };
        let period = Segment::new(1, anchor).period(0);
        draft.open(&issuer, 1, period, TERMS.payment_days, at("2027-04-01T12:00:00Z")).expect("a draft")
    }

    fn cancelled(start: &str, on: &str) -> Enrollment {
        begun(start).withdraw(&TERMS, at(&format!("{on}T12:00:00Z"))).expect("cooling off")
    }

    #[test]
    fn a_contract_taken_back_keeps_the_days_used() {
        let check = |price: Money, start: &str, on: &str, credited: i64| {
            let enrollment = cancelled(start, on);
            let credit = Credit::of_unused(&enrollment, &issued(&enrollment, price, &[]), &TERMS);
            let credit = credit.expect("fits").expect("unused days");
            assert_eq!(credit.amount.amount_minor, credited, "{price} from {start} on {on}");
        };
        check(Money::minor(30_000, Gbp), "2027-04-01", "2027-04-09", 21_000);
        check(Money::minor(58_000, Jpy), "2027-04-01", "2027-04-13", 58_000 - 25_133);
        check(Money::minor(115_500, Kwd), "2027-01-01", "2027-01-07", 115_500 - 26_081);
    }

    #[test]
    fn completion_owes_the_month_or_the_days() {
        let maya = begun("2026-03-15").conclude(at("2026-04-10T12:00:00Z")).expect("studying");
        let invoice = issued(&maya, Money::minor(30_000, Gbp), &[]);
        let credit = |terms| Credit::of_unused(&maya, &invoice, terms).expect("fits");
        assert_eq!(credit(&TERMS), None);
        let prorated = credit(&Terms { completion: Completion::Prorated, ..TERMS }).expect("unused days");
        assert_eq!(prorated.amount, Money::minor(3_871, Gbp));
        let from = "2026-04-11".parse().expect("a date");
        assert_eq!(prorated.reason, CreditReason::UnusedDays { from, days: 4, period_days: 31 });
    }

    #[test]
    fn a_credit_note_makes_what_was_paid_too_much_refundable() {
        let enrollment = cancelled("2027-04-01", "2027-04-09");
        let mut invoice = issued(&enrollment, Money::minor(30_000, Gbp), &[]);
        invoice.paid = invoice.total;
        let credit = Credit::of_unused(&enrollment, &invoice, &TERMS).expect("fits").expect("unused days");
        let (invoice, note) =
            invoice.credit(credit, &gb(), 7, at("2027-04-09T12:00:00Z")).expect("within the invoice");
        assert_eq!(note.number.to_string(), "GB-CN-2027-000007");
        assert_eq!(invoice.overpaid(), Ok(Money::minor(21_000, Gbp)));
        // Again, nothing is left to be given back.
        let rest = Credit::of_unused(&enrollment, &invoice, &TERMS).expect("fits").expect("the same days");
        assert_eq!((rest.id, rest.amount.amount_minor), (note.id, 9_000), "it has the id of the first");
    }

    fn standard() -> [TaxRule; 1] {
        [TaxRule {
            market: "GB".into(),
            since: "2026-01-01".parse().expect("a date"),
            treatment: Treatment::Standard { rate_basis_points: 2_000, price: PriceKind::Net },
            reverse_charge: None,
            source: "A law".into(),
        }]
    }

    proptest! {
        #[test]
        fn credit_notes_never_exceed_the_invoice_and_their_taxes_sum_to_its(price in 1_i64..100_000, amounts in prop::collection::vec(-5_i64..60_000, 1..12)) {
            let mut invoice = issued(&begun("2027-04-01"), Money::minor(price, Gbp), &standard());
            let (mut taxes, mut sequence) = (0, 0);
            let rest = invoice.total;
            for amount in amounts.into_iter().chain([rest.amount_minor]) {
                let amount = Money::minor(amount, Gbp).at_most(invoice.creditable().expect("fits")).expect("fits");
                let credit = Credit { id: CreditNoteId::derived(&[&sequence.to_string()]), amount, reason: CreditReason::Decided { text: "Goodwill".into() } };
                match invoice.clone().credit(credit, &gb(), sequence + 1, at("2027-04-09T12:00:00Z")) {
                    Ok((next, note)) => {
                        sequence += 1;
                        prop_assert_eq!(next.credited, invoice.credited.plus(amount).expect("fits"));
                        taxes += note.taxes[0].amount.amount_minor;
                        // What a note's base and tax come to is its amount, to the unit of rounding.
                        let sum = note.taxes[0].base.plus(note.taxes[0].amount).expect("fits");
                        prop_assert!((sum.amount_minor - note.amount.amount_minor).abs() <= 1);
                        invoice = next;
                    }
                    Err(refused) => prop_assert!(amount.amount_minor <= 0, "{refused}"),
                }
                prop_assert!(invoice.creditable().expect("fits").amount_minor >= 0);
            }
            prop_assert_eq!(invoice.credited, invoice.total);
            prop_assert_eq!(taxes, invoice.taxes[0].amount.amount_minor);
        }
    }
}
