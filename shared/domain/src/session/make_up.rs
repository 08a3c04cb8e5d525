//! The session that a student gets in place of one they lost through no fault of theirs.

use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use super::{Session, SessionState};
use crate::id::SessionId;

/// Why a session cannot be made up for by another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MakeUpRefused {
    /// It took place, is still to come, or was the student's to lose.
    #[error("this session owes no other")]
    NotOwed,
    /// It is somebody else's, or of another kind.
    #[error("this enrollment has no such session of this kind")]
    NotTheirs,
    /// There is one.
    #[error("the session is made up for already, by {by}")]
    AlreadyMadeUp {
        /// By which one.
        by: SessionId,
    },
    /// So long ago that nobody has to remember it.
    #[error("the session could be made up for until {until}")]
    TooLate {
        /// The last instant.
        until: Timestamp,
    },
}

impl Session {
    /// The last instant at which another one can be booked in its place.
    pub fn made_up_until(&self) -> Timestamp {
        let days = SignedDuration::from_hours(i64::from(self.policy.make_up_days) * 24);
        self.ends_at.checked_add(days).unwrap_or(Timestamp::MAX)
    }

    /// Whether it still owes another one at `now`. `made_up_by` is the one that was booked in its place, if
    /// any: called off free of charge, it is owed again.
    pub fn owed(&self, made_up_by: Option<&Self>, now: Timestamp) -> Result<(), MakeUpRefused> {
        let ended = self.clone().as_of(now).state;
        // Nobody was seen: a report that is still on time may say that they met.
        let may_have_met =
            ended == SessionState::NobodyCame && self.report.is_none() && now <= self.report_until();
        if !ended.owes_another() || may_have_met {
            return Err(MakeUpRefused::NotOwed);
        }
        if let Some(by) = self.made_up_by {
            let given_back = |other: &Self| matches!(other.state, SessionState::CancelledEarly(_));
            if !made_up_by.is_some_and(|other| other.id == by && given_back(other)) {
                return Err(MakeUpRefused::AlreadyMadeUp { by });
            }
        }
        let until = self.made_up_until();
        if now > until { Err(MakeUpRefused::TooLate { until }) } else { Ok(()) }
    }

    /// The session with another one in its place; both know of each other. How it ended stands from
    /// then on, as far as nobody disputes it.
    pub fn make_up(
        self,
        other: &mut Self,
        made_up_by: Option<&Self>,
        now: Timestamp,
    ) -> Result<Self, MakeUpRefused> {
        if (self.enrollment, self.kind) != (other.enrollment, other.kind) || self.id == other.id {
            return Err(MakeUpRefused::NotTheirs);
        }
        self.owed(made_up_by, now)?;
        other.makes_up = Some(self.id);
        Ok(Self { made_up_by: Some(other.id), ..self.as_of(now) })
    }
}
