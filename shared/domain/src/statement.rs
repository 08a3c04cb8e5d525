//! What a mentor, coach or juror is paid for a month, line by line, so that they can work it out again.
//!
//! `Open -> Closed -> Approved -> Paid`. While a statement is open, only what corrects earlier ones stands
//! in it; its events are worked out when it is closed, some days after its month, and never change from
//! then on. What is found out later is a line of the statement that is open then.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::catalog::Tariff;
use crate::id::{PersonId, StatementId};
use crate::invoice::LegalEntity;
use crate::job::Job;
use crate::money::{Money, MoneyError};
use crate::permission::{Relation, Subject};

mod duty; // one time of a juror's
mod line; // events, and what they are paid
mod month; // on whose calendar
mod pay; // outcome and tariff
mod stating; // the lines of many events at once

#[cfg(test)]
pub(crate) mod example;
#[cfg(test)]
mod tests;

pub use duty::JuryDuty;
pub use line::{
    Event, LineReason, LineRef, PayFacts, RecomputeError, StateError, StatementLine, Worked, recompute,
};
pub use month::{InvalidMonth, Month};
pub use pay::{Kind, Outcome, PayError, Work, pay};
pub use stating::{Payee, Stated, Student, may_be_stated};

/// What a legal entity pays a person for a month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// Derived from person, legal entity and month.
    pub id: StatementId,
    /// Who is paid.
    pub person: PersonId,
    /// Who pays.
    pub entity: LegalEntity,
    /// For which month.
    pub month: Month,
    /// Lines that correct earlier statements, in order. They come before the month's events.
    pub adjustments: Vec<StatementLine>,
    /// The tariffs that its lines name, each once.
    pub tariffs: Vec<Tariff>,
    /// What the person said against it, in order.
    pub objections: Vec<Objection>,
    /// How far it is.
    #[serde(flatten)]
    pub state: StatementState,
}

/// How far a statement is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum StatementState {
    /// The month is not over, or was not looked at yet.
    Open,
    /// It says what it will always say.
    Closed(Closing),
    /// Finance agreed to it.
    Approved {
        /// What it says.
        #[serde(flatten)]
        closing: Closing,
        /// By whom, and when.
        approval: Act,
    },
    /// The money was sent.
    Paid {
        /// What it says.
        #[serde(flatten)]
        closing: Closing,
        /// By whom it was agreed to, and when.
        approval: Act,
        /// Who says that it was paid, and when.
        payment: Act,
        /// The date of the transfer.
        paid_on: Date,
        /// What it is known by at the bank.
        reference: String,
    },
}

/// What a closed statement comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closing {
    /// When.
    pub closed_at: Timestamp,
    /// How many lines it has, those that correct earlier statements too.
    pub lines: u32,
    /// On how many pages the lines of its events are kept.
    pub pages: u32,
    /// The sum of all lines.
    pub total: Money,
}

/// Somebody's act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    /// Who.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
}

/// What the person says against a statement before it is approved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Objection {
    /// In their words.
    pub text: String,
    /// When.
    pub at: Timestamp,
}

/// The most lines that correct earlier statements in one.
pub const ADJUSTMENTS_MAX: usize = 100;
/// The most objections to one statement.
pub const OBJECTIONS_MAX: usize = 20;
/// The most characters in a reason or an objection.
pub const TEXT_CHARS_MAX: usize = 1000;
/// The most characters in a payment's reference.
pub const REFERENCE_CHARS_MAX: usize = 140;

/// Why a statement does not change so.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StatementRefused {
    /// It is too early or too late for that.
    #[error("a statement that is {state} is not {act}")]
    WrongState {
        /// What was tried.
        act: &'static str,
        /// How far it is.
        state: &'static str,
    },
    /// Nobody decides what they are paid themselves.
    #[error("the statement is your own: somebody else of finance decides about it")]
    Own,
    /// The text is blank or a book.
    #[error("expected 1 to {max} characters")]
    Text {
        /// JSON pointer to it.
        pointer: &'static str,
        /// The most.
        max: usize,
    },
    /// Another currency than the payer's.
    #[error("expected an amount in {} that is not zero", .entity.currency)]
    Amount {
        /// Who pays.
        entity: LegalEntity,
    },
    /// More than anyone reads.
    #[error("the statement has {max} {what} already")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The most.
        max: usize,
    },
    /// Nobody was paid tomorrow, nor before the work was stated.
    #[error("expected a date from {from} to {until}")]
    PaidOn {
        /// The earliest.
        from: Date,
        /// Today.
        until: Date,
    },
    /// Amounts that cannot be added.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// What the month's events come to, page by page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sum {
    /// How many lines there are so far.
    pub lines: u32,
    /// On how many pages.
    pub pages: u32,
    /// What they come to.
    pub total: Money,
}

impl Statement {
    /// The statement of a person for a month that is not closed yet.
    pub fn open(person: PersonId, entity: LegalEntity, month: Month) -> Self {
        Self {
            id: Self::id_of(person, &entity.code, month),
            person,
            entity,
            month,
            adjustments: Vec::new(),
            tariffs: Vec::new(),
            objections: Vec::new(),
            state: StatementState::Open,
        }
    }

    /// The id of a person's statement for a month.
    pub fn id_of(person: PersonId, entity: &str, month: Month) -> StatementId {
        StatementId::derived(&[&person.to_string(), entity, &month.to_string()])
    }

    /// What it came to, once it is closed.
    pub const fn closing(&self) -> Option<&Closing> {
        match &self.state {
            StatementState::Open => None,
            StatementState::Closed(closing)
            | StatementState::Approved { closing, .. }
            | StatementState::Paid { closing, .. } => Some(closing),
        }
    }

    /// What the lines so far that correct earlier statements come to.
    pub fn sum(&self) -> Result<Sum, MoneyError> {
        let total = Money::sum(self.entity.currency, self.adjustments.iter().map(|line| line.amount))?;
        Ok(Sum { lines: u32::try_from(self.adjustments.len()).unwrap_or(u32::MAX), pages: 0, total })
    }

    /// The statement with one more line that corrects an earlier one, and the tariff that the line names.
    pub fn adjust(mut self, line: StatementLine, tariff: Option<&Tariff>) -> Result<Self, StatementRefused> {
        if self.state != StatementState::Open {
            return Err(self.wrong_state("adjusted"));
        }
        if line.amount.is_zero() || line.amount.currency != self.entity.currency {
            return Err(StatementRefused::Amount { entity: self.entity });
        }
        if self.adjustments.len() >= ADJUSTMENTS_MAX {
            return Err(StatementRefused::TooMany { what: "adjustments", max: ADJUSTMENTS_MAX });
        }
        let number = u32::try_from(self.adjustments.len() + 1).unwrap_or(u32::MAX);
        self.adjustments.push(StatementLine { number, ..line });
        self.sum()?;
        self.names(tariff);
        Ok(self)
    }

    /// The statement with a line that finance decided.
    pub fn decide(
        self,
        amount: Money,
        text: &str,
        adjusts: Option<StatementId>,
        act: Act,
    ) -> Result<Self, StatementRefused> {
        self.check_is_anothers(act.by)?;
        let text = checked("/reason", text, TEXT_CHARS_MAX)?;
        let reason = LineReason::Decided { text, by: act.by, at: act.at, adjusts };
        self.adjust(StatementLine { number: 0, reason, amount }, None)
    }

    /// Keeps a tariff that a line names, once.
    pub fn names(&mut self, tariff: Option<&Tariff>) {
        let known = |tariff: &&Tariff| self.tariffs.iter().all(|known| known.version != tariff.version);
        if let Some(tariff) = tariff.filter(known) {
            self.tariffs.push(tariff.clone());
        }
    }

    /// The statement with all that will ever stand in it.
    pub fn close(self, sum: Sum, now: Timestamp) -> Result<Self, StatementRefused> {
        if self.state != StatementState::Open {
            return Err(self.wrong_state("closed"));
        }
        let Sum { lines, pages, total } = sum;
        Ok(Self { state: StatementState::Closed(Closing { closed_at: now, lines, pages, total }), ..self })
    }

    /// What the person says against it.
    pub fn object(mut self, text: &str, now: Timestamp) -> Result<Self, StatementRefused> {
        if !matches!(self.state, StatementState::Open | StatementState::Closed(_)) {
            return Err(self.wrong_state("objected to"));
        }
        let text = checked("/text", text, TEXT_CHARS_MAX)?;
        if self.objections.len() >= OBJECTIONS_MAX {
            return Err(StatementRefused::TooMany { what: "objections", max: OBJECTIONS_MAX });
        }
        self.objections.push(Objection { text, at: now });
        Ok(self)
    }

    /// Agreed to: from now on nothing of it changes but that it is paid.
    pub fn approve(self, approval: Act) -> Result<Self, StatementRefused> {
        self.check_is_anothers(approval.by)?;
        let StatementState::Closed(closing) = self.state else { return Err(self.wrong_state("approved")) };
        Ok(Self { state: StatementState::Approved { closing, approval }, ..self })
    }

    /// Paid.
    pub fn pay(self, paid_on: Date, reference: &str, payment: Act) -> Result<Self, StatementRefused> {
        self.check_is_anothers(payment.by)?;
        let StatementState::Approved { closing, approval } = self.state else {
            return Err(self.wrong_state("paid"));
        };
        let (from, until) = (self.month.end(), self.entity.zone.date_at(payment.at));
        if !(from..=until).contains(&paid_on) {
            return Err(StatementRefused::PaidOn { from, until });
        }
        let reference = checked("/reference", reference, REFERENCE_CHARS_MAX)?;
        Ok(Self { state: StatementState::Paid { closing, approval, payment, paid_on, reference }, ..self })
    }

    fn check_is_anothers(&self, by: PersonId) -> Result<(), StatementRefused> {
        if by == self.person { Err(StatementRefused::Own) } else { Ok(()) }
    }

    fn wrong_state(&self, act: &'static str) -> StatementRefused {
        StatementRefused::WrongState { act, state: self.state.word() }
    }
}

impl StatementState {
    /// The state's word.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed(_) => "closed",
            Self::Approved { .. } => "approved",
            Self::Paid { .. } => "paid",
        }
    }
}

impl Sum {
    /// With one more page of lines, which get their numbers.
    pub fn with(self, lines: &mut [StatementLine]) -> Result<Self, MoneyError> {
        let mut sum = Self { pages: self.pages.saturating_add(1), ..self };
        for line in lines {
            sum.lines = sum.lines.saturating_add(1);
            sum.total = sum.total.plus(line.amount)?;
            line.number = sum.lines;
        }
        Ok(sum)
    }
}

/// The job that closes the statement of work at an instant, and when it is due; nothing beyond the
/// calendar. Whoever writes such work asks for it.
pub fn closing_of(
    person: PersonId,
    entity: &LegalEntity,
    work_at: Timestamp,
    statement_days: u32,
) -> Option<(Job, Timestamp)> {
    Month::of(entity.zone.date_at(work_at)).closing_of(person, entity, statement_days)
}

impl Month {
    /// The job that closes a person's statement of this month, and when it is due; nothing beyond the
    /// calendar.
    pub fn closing_of(
        self,
        person: PersonId,
        entity: &LegalEntity,
        statement_days: u32,
    ) -> Option<(Job, Timestamp)> {
        let due_at = self.closes_at(&entity.zone, statement_days).ok()?;
        Some((Job::CloseStatement { person, entity: entity.code.clone(), month: self }, due_at))
    }
}

fn checked(pointer: &'static str, text: &str, max: usize) -> Result<String, StatementRefused> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > max {
        return Err(StatementRefused::Text { pointer, max });
    }
    Ok(text.to_owned())
}

impl Subject for Statement {
    fn relations(&self, person: PersonId, _now: Timestamp) -> Vec<Relation> {
        if person == self.person { vec![Relation::Owner] } else { Vec::new() }
    }
}
