//! Withdrawal, which is for good, and suspension, which is imposed.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Enrollment, Pause, State};
use crate::billing::{Terms, UnusedCause, days_after};

/// Why an enrollment was withdrawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WithdrawalCause {
    /// The student asked for it.
    Asked,
    /// Nobody resumed a pause in time.
    PauseLapsed,
    /// The quote was not taken up in time.
    QuoteExpired,
    /// The contract was taken back within the days of cooling off.
    Cancelled,
}

/// Why an enrollment was suspended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SuspensionCause {
    /// An invoice was still unpaid after its grace.
    Unpaid,
    /// Staff decided so.
    Staff,
}

/// Why a student cannot withdraw.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum WithdrawRefused {
    /// It was asked for before.
    #[error("the enrollment ends on {leaves_on} already")]
    AlreadyLeaving {
        /// The first date without a place.
        leaves_on: Date,
    },
    /// It has ended.
    #[error("the enrollment is {state}")]
    NotLive {
        /// The state's word.
        state: &'static str,
    },
}

/// Why an enrollment cannot be suspended.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SuspendRefused {
    /// Only studying can be stopped.
    #[error("the enrollment is {state}")]
    NotActive {
        /// The state's word.
        state: &'static str,
    },
}

/// Why a suspension cannot be lifted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LiftRefused {
    /// There is none.
    #[error("the enrollment is {state}")]
    NotSuspended {
        /// The state's word.
        state: &'static str,
    },
}

impl Enrollment {
    /// Withdraws at the end of the running period, or at once where no period runs. A pause that
    /// was planned for the same date goes.
    ///
    /// Within the days of cooling off, the last of which is `start + cooling_off_days`, the contract
    /// is taken back instead: today is the last day, and what was not used is given back.
    pub fn withdraw(self, terms: &Terms, now: Timestamp) -> Result<Self, WithdrawRefused> {
        let mut enrollment = self.as_of(now);
        let today = enrollment.date_at(now);
        if !enrollment.is_live() {
            return Err(WithdrawRefused::NotLive { state: enrollment.state.word() });
        }
        if let Some(leaves_on) = enrollment.leaves_on {
            return Err(WithdrawRefused::AlreadyLeaving { leaves_on });
        }
        if enrollment.is_cooling_off(today, terms) {
            let tomorrow = days_after(today, 1);
            enrollment.close_pause(today);
            enrollment.stop_segment(today);
            // Who was suspended stopped studying then.
            let ended = enrollment.segments.last().and_then(|last| last.ends);
            let from = ended.map_or(tomorrow, |ended| ended.min(tomorrow));
            enrollment.leave_unused(from, UnusedCause::Cancelled);
            return Ok(Self { leaves_on: Some(tomorrow), ..enrollment });
        }
        let (State::Active, Some(period)) = (&enrollment.state, enrollment.period_on(today)) else {
            return Ok(enrollment.leave(today, WithdrawalCause::Asked));
        };
        enrollment.close_pause(today);
        enrollment.end_segment(period.to);
        Ok(Self { leaves_on: Some(period.to), ..enrollment })
    }

    fn is_cooling_off(&self, today: Date, terms: &Terms) -> bool {
        if !matches!(self.state, State::Active | State::Suspended { .. }) {
            return false;
        }
        let start = self.segments.first().map(|first| first.anchor);
        start.is_some_and(|start| today <= days_after(start, terms.cooling_off_days))
    }

    /// Stops the enrollment now. A period that began today or before is owed, a later one is not.
    pub fn suspend(self, cause: SuspensionCause, now: Timestamp) -> Result<Self, SuspendRefused> {
        let mut enrollment = self.as_of(now);
        if enrollment.state != State::Active {
            return Err(SuspendRefused::NotActive { state: enrollment.state.word() });
        }
        enrollment.stop_segment(enrollment.date_at(now));
        Ok(Self { state: State::Suspended { suspended_at: now, cause }, ..enrollment })
    }

    /// Lifts the suspension. Within the period it began in, everything goes on as before; later a
    /// new segment begins today, and nothing between is owed. A pause that was planned for the end
    /// of that period has begun by then, and goes on.
    pub fn lift(self, now: Timestamp) -> Result<Self, LiftRefused> {
        let mut enrollment = self.as_of(now);
        let State::Suspended { suspended_at, .. } = enrollment.state else {
            return Err(LiftRefused::NotSuspended { state: enrollment.state.word() });
        };
        let today = enrollment.date_at(now);
        if enrollment.waiting.is_some() && enrollment.leaves_on.is_none() {
            // The mentor left meanwhile: nothing is owed before there is another one.
            enrollment.close_pause(today);
            enrollment.pauses.push(Pause::without_mentor(today, now));
            return Ok(Self { state: State::Paused, ..enrollment });
        }
        let period = enrollment.period_on(enrollment.date_at(suspended_at));
        let planned_end = enrollment.leaves_on.or(enrollment.open_pause().map(|pause| pause.from));
        if period.is_some_and(|period| today < period.to) || planned_end.is_some() {
            if let Some(segment) = enrollment.segments.last_mut() {
                segment.ends = planned_end;
            }
        } else {
            enrollment.anchor_again(today);
        }
        Ok(Self { state: State::Active, ..enrollment }.as_of(now))
    }

    /// Ends the enrollment for good on a date.
    pub(super) fn leave(mut self, on: Date, cause: WithdrawalCause) -> Self {
        // Its segment has an end by now: whatever leads here gave it one.
        self.close_pause(on);
        self.end_assignments(on);
        Self { state: State::Withdrawn { withdrawn_on: on, cause }, leaves_on: None, waiting: None, ..self }
    }
}
