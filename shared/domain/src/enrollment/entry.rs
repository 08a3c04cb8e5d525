//! The way in: applied, quoted, accepted, and active with the first payment.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Contract, Enrollment, PaymentMethod, State, WithdrawalCause};
use crate::billing::{PeriodKey, Segment, Terms};
use crate::id::{DegreeId, EditionId, EnrollmentId, PersonId, SkillId};
use crate::money::Money;
use crate::time::Zone;

/// The most hours of study that anyone can plan for a week.
pub const HOURS_PER_WEEK_MAX: u32 = 60;

/// What a student asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// Id of the enrollment it makes.
    pub id: EnrollmentId,
    /// Who asks.
    pub student: PersonId,
    /// BCP 47 code of the variant to study in.
    pub language: String,
    /// The zone whose calendar will decide every date.
    pub time_zone: Zone,
    /// Hours of study planned for a week.
    pub hours_per_week: u32,
    /// The wished start.
    pub start_on: Date,
    /// Skills already recognized from earlier learning.
    pub recognized_skills: BTreeSet<SkillId>,
}

/// What an edition's latest version offers, as far as an enrollment depends on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The degree.
    pub degree: DegreeId,
    /// Its edition for one market.
    pub edition: EditionId,
    /// That market.
    pub market: String,
    /// The published version.
    pub version: u32,
    /// The variants that are published; none while the edition is a draft or closed.
    pub languages: Vec<String>,
    /// When students may start: one entry per accreditation.
    pub accredited: Vec<Validity>,
    /// What a month costs.
    pub monthly_price: Money,
    /// The contract's text.
    pub contract_version: u32,
}

/// The dates on which something holds: from one date until another, or without an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validity {
    /// The first date.
    pub from: Date,
    /// The first date after it.
    pub to: Option<Date>,
}

impl Validity {
    /// Whether it holds on a date.
    pub fn covers(&self, date: Date) -> bool {
        self.from <= date && self.to.is_none_or(|to| date < to)
    }
}

/// Why nobody can apply like this.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ApplyRefused {
    /// Nobody studies so many hours, or none.
    #[error("expected 1 to {HOURS_PER_WEEK_MAX} hours per week")]
    HoursPerWeek,
}

/// Why no price can be quoted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum QuoteRefused {
    /// The edition is not published in the language.
    #[error("the edition is not published in {language}")]
    EditionNotPublished {
        /// The language asked for.
        language: String,
    },
    /// No accreditation covers the start.
    #[error("no accreditation covers a start on {start_on}")]
    NotAccredited {
        /// The first possible start.
        start_on: Date,
    },
    /// It was quoted before.
    #[error("the enrollment is {state}")]
    NotApplied {
        /// The state's word.
        state: &'static str,
    },
}

/// Why the contract cannot be accepted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AcceptRefused {
    /// The text accepted is not the one offered.
    #[error("the contract offered is version {offered}")]
    OtherContract {
        /// The version offered.
        offered: u32,
    },
    /// The quote no longer holds.
    #[error("the quote has expired")]
    QuoteExpired,
    /// There is no quote to accept.
    #[error("the enrollment is {state}")]
    NotQuoted {
        /// The state's word.
        state: &'static str,
    },
}

/// Why a payment does not make the enrollment active.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ActivateRefused {
    /// The contract comes first.
    #[error("the contract is not accepted yet")]
    ContractNotAccepted,
    /// The payment came after the quote's end.
    #[error("the quote has expired")]
    QuoteExpired,
    /// The payment lies in the future.
    #[error("the payment is dated {paid_at}, which is yet to come")]
    PaidInFuture {
        /// When it is said to have been made.
        paid_at: Timestamp,
    },
    /// No accreditation covers the start.
    #[error("no accreditation covers a start on {start_on}")]
    NotAccredited {
        /// The date billing would begin.
        start_on: Date,
    },
    /// There is no quote that a payment could settle.
    #[error("the enrollment is {state}")]
    NotQuoted {
        /// The state's word.
        state: &'static str,
    },
}

impl Enrollment {
    /// The enrollment a student asks for.
    pub fn apply(application: Application, offer: &Offer) -> Result<Self, ApplyRefused> {
        if !(1..=HOURS_PER_WEEK_MAX).contains(&application.hours_per_week) {
            return Err(ApplyRefused::HoursPerWeek);
        }
        Ok(Self {
            id: application.id,
            student: application.student,
            degree: offer.degree.clone(),
            edition: offer.edition.clone(),
            market: offer.market.clone(),
            version: offer.version,
            language: application.language,
            time_zone: application.time_zone,
            hours_per_week: application.hours_per_week,
            start_on: application.start_on,
            quoted_at: None,
            state: State::Applied,
            leaves_on: None,
            monthly_price: offer.monthly_price,
            contract_version: offer.contract_version,
            contract: None,
            payment_method: None,
            payment_method_number: 0,
            payers: Vec::new(),
            segments: Vec::new(),
            pauses: Vec::new(),
            mentors: Vec::new(),
            waiting: None,
            coach: None,
            recognized_skills: application.recognized_skills,
        })
    }

    /// Prices the enrollment and fixes the edition's version, if the language is published and an
    /// accreditation covers the start.
    pub fn quote(self, offer: &Offer, terms: &Terms, now: Timestamp) -> Result<Self, QuoteRefused> {
        if self.state != State::Applied {
            return Err(QuoteRefused::NotApplied { state: self.state.word() });
        }
        if !offer.languages.contains(&self.language) {
            return Err(QuoteRefused::EditionNotPublished { language: self.language });
        }
        let start_on = self.start_on.max(self.date_at(now));
        if !offer.accredited.iter().any(|validity| validity.covers(start_on)) {
            return Err(QuoteRefused::NotAccredited { start_on });
        }
        let expires_at =
            now.saturating_add(SignedDuration::from_hours(24 * i64::from(terms.quote_days))).unwrap_or(now);
        Ok(Self {
            version: offer.version,
            monthly_price: offer.monthly_price,
            contract_version: offer.contract_version,
            quoted_at: Some(now),
            state: State::Quoted { expires_at },
            ..self
        })
    }

    /// Accepts the contract and says how to pay. Accepting again, before a payment succeeded, is
    /// how another payment method is given; the contract keeps its first date.
    pub fn accept(
        self,
        contract_version: u32,
        method: PaymentMethod,
        now: Timestamp,
    ) -> Result<Self, AcceptRefused> {
        let enrollment = self.as_of(now);
        match enrollment.state {
            State::Quoted { .. } => {}
            State::Withdrawn { cause: WithdrawalCause::QuoteExpired, .. } => {
                return Err(AcceptRefused::QuoteExpired);
            }
            _ => return Err(AcceptRefused::NotQuoted { state: enrollment.state.word() }),
        }
        if contract_version != enrollment.contract_version {
            return Err(AcceptRefused::OtherContract { offered: enrollment.contract_version });
        }
        let first = Contract { version: contract_version, accepted_at: now };
        let contract = enrollment.contract.unwrap_or(first);
        Ok(Self { contract: Some(contract), ..enrollment }.paid_by(method))
    }

    /// With another way to pay.
    #[must_use]
    pub fn paid_by(self, method: PaymentMethod) -> Self {
        let payment_method_number = self.payment_method_number.saturating_add(1);
        Self { payment_method: Some(method), payment_method_number, ..self }
    }

    /// Whether money that came at `paid_at` was still in time for the quote.
    pub fn check_quoted(&self, paid_at: Timestamp) -> Result<(), ActivateRefused> {
        match self.state {
            State::Quoted { expires_at } if paid_at < expires_at || self.waiting.is_some() => Ok(()),
            State::Quoted { .. } | State::Withdrawn { cause: WithdrawalCause::QuoteExpired, .. } => {
                Err(ActivateRefused::QuoteExpired)
            }
            _ => Err(ActivateRefused::NotQuoted { state: self.state.word() }),
        }
    }

    /// Begins the first segment with the first payment, or the payer's agreement, at `paid_at`: its
    /// anchor is that civil date or the wished start, whichever is later.
    ///
    /// A payment made in time counts even when word of it came after the quote's end, as long as
    /// the expiry was not stored; so the job that expires quotes waits for open payments.
    pub fn activate(
        self,
        paid_at: Timestamp,
        accredited: &[Validity],
        now: Timestamp,
    ) -> Result<Self, ActivateRefused> {
        self.check_quoted(paid_at)?;
        if self.contract.is_none() {
            return Err(ActivateRefused::ContractNotAccepted);
        }
        if paid_at > now {
            return Err(ActivateRefused::PaidInFuture { paid_at });
        }
        let anchor = self.start_on.max(self.date_at(paid_at));
        if !accredited.iter().any(|validity| validity.covers(anchor)) {
            return Err(ActivateRefused::NotAccredited { start_on: anchor });
        }
        let first = Segment::new(PeriodKey::FIRST.segment, anchor);
        Ok(Self { state: State::Active, segments: vec![first], waiting: None, ..self })
    }
}
