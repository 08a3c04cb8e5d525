//! What the mentor writes after a session.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Session, SessionState, Side};
use crate::id::PersonId;

/// The four things a weekly session is for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportText {
    /// What they looked at.
    #[serde(default)]
    pub reviewed: String,
    /// What the mentor advised.
    #[serde(default)]
    pub tips: String,
    /// What the student does until the next session.
    #[serde(default)]
    pub goals: String,
    /// What stands in the way.
    #[serde(default)]
    pub blockers: String,
}

/// A report as it is kept: written once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// What the mentor wrote.
    #[serde(flatten)]
    pub text: ReportText,
    /// Who.
    pub by: PersonId,
    /// When, by the school's clock.
    pub at: Timestamp,
    /// Whether it came after the report's day.
    pub late: bool,
}

/// The most characters in each part of a report.
pub const REPORT_CHARS_MAX: usize = 4000;

/// Why a report cannot be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ReportError {
    /// The mentor or coach of the session reports, nobody else.
    #[error("only the mentor or coach of the session reports on it")]
    NotTheMentor,
    /// It has not begun.
    #[error("the session starts at {starts_at}")]
    NotStarted {
        /// When.
        starts_at: Timestamp,
    },
    /// It was called off or missed; who sees it otherwise disputes the outcome.
    #[error("the session was not held")]
    NotHeld,
    /// There is one.
    #[error("the session already has a report")]
    AlreadyReported,
    /// All four parts are blank.
    #[error("the report says nothing")]
    Empty,
    /// A part is a book.
    #[error("expected at most {REPORT_CHARS_MAX} characters")]
    TooLong {
        /// JSON pointer to the part.
        pointer: &'static str,
    },
}

impl ReportText {
    fn check(&self) -> Result<(), ReportError> {
        let parts = [
            ("/reviewed", &self.reviewed),
            ("/tips", &self.tips),
            ("/goals", &self.goals),
            ("/blockers", &self.blockers),
        ];
        if parts.iter().all(|(_, text)| text.trim().is_empty()) {
            return Err(ReportError::Empty);
        }
        match parts.iter().find(|(_, text)| text.chars().count() > REPORT_CHARS_MAX) {
            Some((pointer, _)) => Err(ReportError::TooLong { pointer }),
            None => Ok(()),
        }
    }
}

impl Session {
    /// The last instant at which a report about it is on time.
    pub fn report_until(&self) -> Timestamp {
        self.policy.report_until(self.ends_at)
    }

    /// The session completed and reported.
    ///
    /// Where nothing is known of who came (booked, or judged "nobody came" for want of any
    /// attendance), the report is the mentor's word that both met, which the student may dispute.
    /// Against attendance that was recorded it has no force: a no-show stays one. After the
    /// report's day it is accepted and marked late.
    pub fn report(self, text: ReportText, by: PersonId, now: Timestamp) -> Result<Self, ReportError> {
        if self.side_of(by) != Side::Mentor {
            return Err(ReportError::NotTheMentor);
        }
        if now < self.starts_at {
            return Err(ReportError::NotStarted { starts_at: self.starts_at });
        }
        if self.report.is_some() {
            return Err(ReportError::AlreadyReported);
        }
        text.check()?;
        let session = match self.state {
            // The job that judges may not have run yet: the same answer before and after it.
            SessionState::Booked if now >= self.ends_at => {
                self.conclude(now).map_err(|_| ReportError::NotHeld)?
            }
            _ => self,
        };
        if !session.may_have_been_held() {
            return Err(ReportError::NotHeld);
        }
        let report = Report { text, by, at: now, late: now > session.report_until() };
        Ok(Self { state: SessionState::Completed, report: Some(report), ..session })
    }

    /// Whether a report is missing of a session that is over: it was held, or the report would be the
    /// only word of that.
    pub fn awaits_report(&self, now: Timestamp) -> bool {
        now >= self.ends_at && self.report.is_none() && self.clone().as_of(now).may_have_been_held()
    }

    /// Whether it was held, as far as anything is known of who came.
    fn may_have_been_held(&self) -> bool {
        match self.state {
            SessionState::InProgress | SessionState::Completed => true,
            SessionState::Booked | SessionState::NobodyCame => {
                self.attendance.is_empty() && self.claims.is_empty()
            }
            _ => false,
        }
    }
}
