//! The end of study: all projects are done, then the award, or more to prove.

use jiff::Timestamp;
use thiserror::Error;

use super::{Enrollment, State};
use crate::billing::{UnusedCause, days_after};
use crate::id::AwardId;
use crate::job::Job;

/// Why study cannot be concluded: nobody is studying.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the enrollment is {state}")]
pub struct NotStudying {
    /// The state's word.
    pub state: &'static str,
}

/// Why no award can be decided: none is pending.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the enrollment is {state}")]
pub struct NotAwardPending {
    /// The state's word.
    pub state: &'static str,
}

impl Enrollment {
    /// All projects are validated or exempted: invoicing stops, and the award is to be decided.
    ///
    /// A verdict may be sealed, or a claim recognized, while the enrollment is paused or suspended,
    /// so both may be concluded too. A pause or withdrawal still ahead goes.
    pub fn conclude(self, now: Timestamp) -> Result<Self, NotStudying> {
        let mut enrollment = self.as_of(now);
        let today = enrollment.date_at(now);
        match enrollment.state {
            State::Active => {
                enrollment.stop_segment(today);
                enrollment.leave_unused(days_after(today, 1), UnusedCause::Completed);
            }
            // Their segment has ended.
            State::Paused | State::Suspended { .. } => {}
            _ => return Err(NotStudying { state: enrollment.state.word() }),
        }
        enrollment.close_pause(today);
        let state = State::AwardPending { concluded_at: now };
        Ok(Self { state, leaves_on: None, waiting: None, ..enrollment })
    }

    /// What a conclusion asks the system for: its sessions are looked at now, and what of the month is not
    /// used once that is final.
    pub fn after_conclusion(&self, now: Timestamp) -> impl Iterator<Item = (Job, Timestamp)> + use<> {
        let enrollment = self.id;
        let arrange = (Job::ArrangeSessions { enrollment }, now);
        let credit = self.gives_back_at(now).map(|at| (Job::CreditUnused { enrollment }, at));
        [arrange].into_iter().chain(credit)
    }

    /// The degree is earned.
    pub fn complete(mut self, award: AwardId, now: Timestamp) -> Result<Self, NotAwardPending> {
        self.award_pending()?;
        self.end_assignments(self.date_at(now));
        Ok(Self { state: State::Completed { completed_at: now, award }, waiting: None, ..self })
    }

    /// More is to be proved: study goes on, and a new segment begins today.
    pub fn prove_again(mut self, now: Timestamp) -> Result<Self, NotAwardPending> {
        self.award_pending()?;
        self.anchor_again(self.date_at(now));
        Ok(Self { state: State::Active, ..self })
    }

    fn award_pending(&self) -> Result<(), NotAwardPending> {
        match self.state {
            State::AwardPending { .. } => Ok(()),
            _ => Err(NotAwardPending { state: self.state.word() }),
        }
    }
}
