//! A student's place on an edition: from the quote to the award, with its pauses and mentors.
//!
//! Transitions take `self` and answer the next enrollment or a named refusal. What was planned for
//! a date (a pause, a withdrawal) counts from that date on, whether or not its job has run: each
//! transition begins with [`Enrollment::as_of`], and the job stores what that answers.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::billing::{Payer, Segment};
use crate::id::{AwardId, DegreeId, EditionId, EnrollmentId, PersonId, SkillId};
use crate::money::Money;
use crate::permission::{Relation, Subject};
use crate::person::Scope;
use crate::time::Zone;

mod calendar; // what is true on a date: planned changes, periods due, sessions
mod entry; // applied, quoted, accepted, active
mod finish; // all projects done: award or prove again
mod learned; // what a student brought
mod leave; // withdrawal and suspension
mod mentors; // who mentors when
mod seat; // the mentor's seat that it needs to begin
mod paying; // how its months are paid, and by whom
mod method; // the ways to pay
mod iban; // an account that is debited
mod pause; // stop for a while, and resume

#[cfg(test)]
mod model_test; // random acts against a reference model
#[cfg(test)]
pub(crate) mod scenario_test; // S1 and S3, to the date

pub use calendar::SessionRefused;
pub use entry::{
    AcceptRefused, ActivateRefused, Application, ApplyRefused, HOURS_PER_WEEK_MAX, Offer, QuoteRefused,
    Validity,
};
pub use finish::{NotAwardPending, NotStudying};
pub use iban::{Iban, InvalidIban};
pub use leave::{LiftRefused, SuspendRefused, SuspensionCause, WithdrawRefused, WithdrawalCause};
pub use mentors::{AssignRefused, MentorAssignment, MentorGap};
pub use method::PaymentMethod;
pub use pause::{Pause, PauseCause, PauseRefused, ResumeRefused};
pub use paying::{NamedBy, PayingRefused};
pub use seat::Waiting;

/// A student's place on an edition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrollment {
    /// Its id.
    pub id: EnrollmentId,
    /// Whose place it is.
    pub student: PersonId,
    /// The degree, of which a student has one live enrollment.
    pub degree: DegreeId,
    /// The degree's edition for one market.
    pub edition: EditionId,
    /// The market it is for, whose legal entity invoices: ISO 3166-1 code.
    pub market: String,
    /// The edition's version; it never changes once quoted.
    pub version: u32,
    /// BCP 47 code of the variant studied in.
    pub language: String,
    /// The zone whose calendar decides every date of this enrollment.
    pub time_zone: Zone,
    /// Hours of study the student plans for a week.
    pub hours_per_week: u32,
    /// The date the student wishes to start on.
    pub start_on: Date,
    /// When the price was quoted.
    pub quoted_at: Option<Timestamp>,
    /// Where it stands.
    #[serde(flatten)]
    pub state: State,
    /// The date on which a withdrawal that was asked for takes effect.
    pub leaves_on: Option<Date>,
    /// What a month costs.
    pub monthly_price: Money,
    /// The version of the contract that is offered.
    pub contract_version: u32,
    /// The contract, once accepted.
    pub contract: Option<Contract>,
    /// How invoices are paid, once said.
    pub payment_method: Option<PaymentMethod>,
    /// How often that was said: what was refused with an earlier method is tried again with this one.
    #[serde(default)]
    pub payment_method_number: u32,
    /// Who pays a month, and which part; nobody named is the student for all of it.
    #[serde(default)]
    pub payers: Vec<Payer>,
    /// The active time, in order: one segment, and one more for each new anchor.
    pub segments: Vec<Segment>,
    /// Its pauses in order, the last of which may lie ahead.
    pub pauses: Vec<Pause>,
    /// Every mentor it had, has, or is promised.
    pub mentors: Vec<MentorAssignment>,
    /// Its place in the line for a mentor's seat, while it has to wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<Waiting>,
    /// Who helps to find a job.
    pub coach: Option<PersonId>,
    /// Skills from earlier learning that need no proof.
    pub recognized_skills: BTreeSet<SkillId>,
}

/// Where an enrollment stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum State {
    /// Asked for, not yet priced.
    Applied,
    /// Priced; the contract and the first payment are awaited.
    Quoted {
        /// The first instant at which the quote no longer holds.
        expires_at: Timestamp,
    },
    /// Studying.
    Active,
    /// Stopped for a while; the last of `pauses` says since when.
    Paused,
    /// Stopped by staff or by an unpaid invoice.
    Suspended {
        /// Since when.
        suspended_at: Timestamp,
        /// Why.
        cause: SuspensionCause,
    },
    /// All projects are done; the award is being decided and nothing is owed.
    AwardPending {
        /// Since when.
        concluded_at: Timestamp,
    },
    /// The degree was earned.
    Completed {
        /// When it was decided.
        completed_at: Timestamp,
        /// The legal fact.
        award: AwardId,
    },
    /// Stopped for good, with all work kept.
    Withdrawn {
        /// The first date without a place.
        withdrawn_on: Date,
        /// Why.
        cause: WithdrawalCause,
    },
}

/// The accepted contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contract {
    /// Which text.
    pub version: u32,
    /// When.
    pub accepted_at: Timestamp,
}

impl State {
    /// The state's word.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Quoted { .. } => "quoted",
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Suspended { .. } => "suspended",
            Self::AwardPending { .. } => "award_pending",
            Self::Completed { .. } => "completed",
            Self::Withdrawn { .. } => "withdrawn",
        }
    }

    /// Whether it was stopped for this cause.
    pub fn is_suspended_for(&self, why: SuspensionCause) -> bool {
        matches!(self, Self::Suspended { cause, .. } if *cause == why)
    }

    /// Whether the student has a place, or is on the way to one: a student has one such enrollment
    /// per degree.
    pub const fn is_live(&self) -> bool {
        !matches!(self, Self::Completed { .. } | Self::Withdrawn { .. })
    }
}

impl Enrollment {
    /// The civil date in the enrollment's zone.
    pub fn date_at(&self, instant: Timestamp) -> Date {
        self.time_zone.date_at(instant)
    }

    /// Whether the student has a place, or is on the way to one.
    pub const fn is_live(&self) -> bool {
        self.state.is_live()
    }

    /// The legal fact that ended it, if it was earned.
    pub const fn award(&self) -> Option<AwardId> {
        match self.state {
            State::Completed { award, .. } => Some(award),
            _ => None,
        }
    }
}

impl Subject for Enrollment {
    fn relations(&self, person: PersonId, now: Timestamp) -> Vec<Relation> {
        let today = self.date_at(now);
        let relations = [
            (person == self.student, Relation::Owner),
            (self.is_mentor_on(person, today), Relation::CurrentMentor),
            (self.coach == Some(person), Relation::Coach),
        ];
        relations.into_iter().filter_map(|(stands, relation)| stands.then_some(relation)).collect()
    }

    fn scope(&self) -> Scope {
        Scope::Degree(self.degree.clone())
    }
}
