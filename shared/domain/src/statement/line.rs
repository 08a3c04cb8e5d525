//! A line of a statement: an event, what was paid for it, and all that is needed to say it again.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{JuryDuty, Kind, Outcome, PayError, Work, pay};
use crate::attempt::Attempt;
use crate::catalog::{Level, Project, Tariff};
use crate::id::{DefenseId, EnrollmentId, PersonId, ProjectId, SessionId, StatementId};
use crate::invoice::LegalEntity;
use crate::money::Money;
use crate::session::Session;

/// What somebody is paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A meeting.
    Session(SessionId),
    /// One time of a defense.
    Defense(DefenseId),
}

/// An event as it is paid: what the amount is worked out from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worked {
    /// Which event.
    pub event: Event,
    /// Whose place on an edition it was for.
    pub enrollment: EnrollmentId,
    /// When it began, or was to begin.
    pub starts_at: Timestamp,
    /// On which date of who pays: the one whose tariff counts.
    pub date: Date,
    /// How it ended.
    pub outcome: Outcome,
    /// The project the student was on; none where study had not begun.
    pub project: Option<ProjectId>,
    /// The project's level when this was written: a project that is made harder later pays no more for it.
    pub level: Level,
    /// As booked.
    pub minutes: u32,
    /// The version of the tariff of who pays.
    pub tariff: u32,
}

/// A line and its amount. Every amount but one that finance decided is worked out from the rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementLine {
    /// Its number in its statement, from 1.
    pub number: u32,
    /// What it is for.
    #[serde(flatten)]
    pub reason: LineReason,
    /// What is paid, or taken back.
    pub amount: Money,
}

/// What a line is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "reason")]
pub enum LineReason {
    /// An event of the month.
    Worked(Worked),
    /// An event whose outcome was settled otherwise after its line was closed: the difference.
    Adjusted {
        /// The event as it counts now.
        #[serde(flatten)]
        worked: Worked,
        /// How it was said to have ended before.
        was: Outcome,
        /// The line it corrects.
        adjusts: LineRef,
    },
    /// What finance decided.
    Decided {
        /// Why.
        text: String,
        /// Who.
        by: PersonId,
        /// When.
        at: Timestamp,
        /// The statement it corrects, if that is another one.
        adjusts: Option<StatementId>,
    },
}

/// A line of another statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineRef {
    /// Which statement.
    pub statement: StatementId,
    /// Which line of it.
    pub number: u32,
}

/// Why an event cannot be stated.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StateError {
    /// It is not over.
    #[error("the event is not over")]
    NotOver,
    /// No tariff pays its date.
    #[error("no tariff of {entity} pays work on {date}")]
    NoTariff {
        /// Of whom.
        entity: String,
        /// Which date.
        date: Date,
    },
    /// The tariff cannot pay it.
    #[error(transparent)]
    Pay(#[from] PayError),
}

/// What a student's path says about an event, and who pays for it how.
#[derive(Debug, Clone, Copy)]
pub struct PayFacts<'a> {
    /// Who pays.
    pub entity: &'a LegalEntity,
    /// The tariffs of who pays.
    pub tariffs: &'a [Tariff],
    /// The student's attempts.
    pub attempts: &'a [Attempt],
    /// The projects of the student's edition.
    pub projects: &'a [Project],
}

impl PayFacts<'_> {
    /// The project that a student was on at an instant: of those that were unlocked by then the last;
    /// before study began, the first.
    fn worked_on(&self, at: Timestamp) -> Option<&ProjectId> {
        let unlocked = |attempt: &&Attempt| attempt.unlocked_at.is_some_and(|unlocked_at| unlocked_at <= at);
        let last = self.attempts.iter().filter(unlocked).max_by_key(|it| (it.unlocked_at, it.ordinal));
        let first = || self.attempts.iter().min_by_key(|it| (it.unlocked_at.is_none(), it.ordinal));
        last.or_else(first).map(|attempt| &attempt.project)
    }

    fn level_of(&self, project: Option<&ProjectId>) -> Level {
        let of = |project: &ProjectId| self.projects.iter().find(|known| known.id == *project);
        project.and_then(of).map(|project| project.level).unwrap_or_default()
    }

    /// The line of a session as it counts at `now`.
    pub fn session(&self, session: &Session, now: Timestamp) -> Result<StatementLine, StateError> {
        let state = session.clone().as_of(now).state;
        let outcome = Outcome::of_session(&state).ok_or(StateError::NotOver)?;
        let project = self.worked_on(session.starts_at);
        self.line(Worked {
            event: Event::Session(session.id),
            enrollment: session.enrollment,
            starts_at: session.starts_at,
            date: self.entity.zone.date_at(session.starts_at),
            outcome,
            level: self.level_of(project),
            project: project.cloned(),
            minutes: u32::try_from(session.length().as_mins()).unwrap_or(0),
            tariff: 0,
        })
    }

    /// The line of a juror's time.
    pub fn duty(&self, duty: &JuryDuty) -> Result<StatementLine, StateError> {
        self.line(Worked {
            event: Event::Defense(duty.defense),
            enrollment: duty.enrollment,
            starts_at: duty.starts_at,
            date: self.entity.zone.date_at(duty.starts_at),
            outcome: duty.outcome,
            level: self.level_of(Some(&duty.project)),
            project: Some(duty.project.clone()),
            minutes: duty.minutes,
            tariff: 0,
        })
    }

    fn line(&self, worked: Worked) -> Result<StatementLine, StateError> {
        let no_tariff = || StateError::NoTariff { entity: self.entity.code.clone(), date: worked.date };
        let tariff = Tariff::on(self.tariffs, worked.date).ok_or_else(no_tariff)?;
        let worked = Worked { tariff: tariff.version, ..worked };
        let amount = pay(worked.work(worked.outcome), tariff)?;
        Ok(StatementLine { number: 0, reason: LineReason::Worked(worked), amount })
    }
}

impl Worked {
    /// The work that is paid if it ended so.
    pub const fn work(&self, outcome: Outcome) -> Work {
        let kind = match self.event {
            Event::Session(_) => Kind::Session,
            Event::Defense(_) => Kind::Defense,
        };
        Work { kind, outcome, level: self.level, minutes: self.minutes }
    }
}

impl StatementLine {
    /// The event it is for; none where finance decided.
    pub const fn worked(&self) -> Option<&Worked> {
        match &self.reason {
            LineReason::Worked(worked) | LineReason::Adjusted { worked, .. } => Some(worked),
            LineReason::Decided { .. } => None,
        }
    }

    /// The line that corrects an event's, once it is settled to have ended otherwise; none where that
    /// changes nothing. `tariff` is the one that the event's line names.
    pub fn adjustment(
        worked: &Worked,
        tariff: &Tariff,
        becomes: Outcome,
        adjusts: LineRef,
    ) -> Result<Option<Self>, PayError> {
        let was = worked.outcome;
        let worked = Worked { outcome: becomes, ..worked.clone() };
        let amount = difference(&worked, was, tariff)?;
        let line = Self { number: 0, reason: LineReason::Adjusted { worked, was, adjusts }, amount };
        Ok(Some(line).filter(|line| !line.amount.is_zero()))
    }
}

fn difference(worked: &Worked, was: Outcome, tariff: &Tariff) -> Result<Money, PayError> {
    let (before, after) = (pay(worked.work(was), tariff)?, pay(worked.work(worked.outcome), tariff)?);
    Ok(after.minus(before)?)
}

/// Why a line cannot be worked out again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RecomputeError {
    /// The tariff it names is not among those given.
    #[error("there is no version {version} of the tariff")]
    NoTariff {
        /// Which version.
        version: u32,
    },
    /// That tariff does not pay the line's date.
    #[error("version {version} of the tariff does not pay work on {date}")]
    OtherTariff {
        /// Which version.
        version: u32,
        /// Which date.
        date: Date,
    },
    /// The tariff cannot pay it.
    #[error(transparent)]
    Pay(#[from] PayError),
}

/// What a line comes to by the tariffs of who pays: the way for a mentor to check a statement. What
/// finance decided is what it is.
pub fn recompute(line: &StatementLine, tariffs: &[Tariff]) -> Result<Money, RecomputeError> {
    let Some(worked) = line.worked() else { return Ok(line.amount) };
    let (version, date) = (worked.tariff, worked.date);
    let tariff = tariffs.iter().find(|tariff| tariff.version == version);
    let tariff = tariff.ok_or(RecomputeError::NoTariff { version })?;
    if Tariff::on(tariffs, date).is_none_or(|on| on.version != version) {
        return Err(RecomputeError::OtherTariff { version, date });
    }
    Ok(match line.reason {
        LineReason::Adjusted { was, .. } => difference(worked, was, tariff)?,
        _ => pay(worked.work(worked.outcome), tariff)?,
    })
}
