//! Stopping for a while: from the end of the paid period until the student resumes; or from one day to the
//! next, where the school has no mentor.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Enrollment, State};
use crate::billing::{PauseBegins, Terms, UnusedCause, days_after, days_before, months_after};

/// A time without study, sessions or bills.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// Its first date: the end of the period that was running when it was asked for or, where the
    /// terms let a pause begin at once, the next day.
    pub from: Date,
    /// When the student means to come back. Nothing begins by itself that day.
    pub planned_to: Date,
    /// The date on which, if nobody resumed, the enrollment is withdrawn.
    pub lapses_on: Date,
    /// The first date after it, once it ended.
    pub to: Option<Date>,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// Who wanted it.
    #[serde(default)]
    pub cause: PauseCause,
}

/// Why there is a pause.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PauseCause {
    /// The student asked for it.
    #[default]
    Asked,
    /// The school has no mentor for the student: nothing is owed from its first day, and it never lapses.
    NoMentor,
}

impl Pause {
    /// Whether a date lies in it. One that is not ended lasts until it lapses.
    pub fn covers(&self, date: Date) -> bool {
        self.from <= date && date < self.to.unwrap_or(self.lapses_on)
    }

    /// The dates on which the student is reminded that the pause ends.
    pub fn reminders(&self, terms: &Terms) -> [Date; 2] {
        terms.pause_reminder_days.map(|days| days_before(self.planned_to, days).max(self.from))
    }

    /// A pause from a date on because the school has no mentor.
    pub(super) fn without_mentor(from: Date, now: Timestamp) -> Self {
        let cause = PauseCause::NoMentor;
        Self { from, planned_to: Date::MAX, lapses_on: Date::MAX, to: None, asked_at: now, cause }
    }

    /// The date on which a forecast has study go on: as planned or, where that is up to the school, at once.
    pub(super) fn goes_on(&self) -> Date {
        if self.is_ours() { self.from } else { self.planned_to }
    }

    /// Whether it is the school's doing.
    pub fn is_ours(&self) -> bool {
        self.cause == PauseCause::NoMentor
    }
}

/// Why there can be no pause.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PauseRefused {
    /// There is one already, now or ahead.
    #[error("a pause from {from} is there already")]
    PauseOverlaps {
        /// Its first date.
        from: Date,
    },
    /// Too short or too long.
    #[error("a pause lasts 1 to {months_max} months")]
    Length {
        /// The longest there is.
        months_max: u32,
    },
    /// The student leaves when the period ends.
    #[error("the enrollment ends on {leaves_on}")]
    Leaving {
        /// The first date without a place.
        leaves_on: Date,
    },
    /// Only studying can be paused.
    #[error("the enrollment is {state}")]
    NotActive {
        /// The state's word.
        state: &'static str,
    },
}

/// Why nothing can be resumed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ResumeRefused {
    /// The school has no mentor for the student yet.
    #[error("no mentor has been found yet: you are told as soon as there is one")]
    NoMentor,
    /// There is no pause, now or ahead.
    #[error("the enrollment is {state}")]
    NotPaused {
        /// The state's word.
        state: &'static str,
    },
}

impl Enrollment {
    /// The pause that has not ended: the one running, or the one ahead.
    pub fn open_pause(&self) -> Option<&Pause> {
        self.pauses.last().filter(|pause| pause.to.is_none())
    }

    /// Plans a pause for so many months, or as many as there may be: from the end of the running
    /// period or, where the terms say so, from tomorrow, and then the rest of the period is given back.
    pub fn pause(self, months: Option<u32>, terms: &Terms, now: Timestamp) -> Result<Self, PauseRefused> {
        let mut enrollment = self.as_of(now);
        if let Some(pause) = enrollment.open_pause() {
            return Err(PauseRefused::PauseOverlaps { from: pause.from });
        }
        let months_max = terms.pause_months_max;
        let months = months.unwrap_or(months_max);
        let period = enrollment.period_on(enrollment.date_at(now));
        let (State::Active, Some(period)) = (&enrollment.state, period) else {
            return Err(PauseRefused::NotActive { state: enrollment.state.word() });
        };
        if let Some(leaves_on) = enrollment.leaves_on {
            return Err(PauseRefused::Leaving { leaves_on });
        }
        if !(1..=months_max).contains(&months) {
            return Err(PauseRefused::Length { months_max });
        }
        let today = enrollment.date_at(now);
        let from = match terms.pause_begins {
            // A period that lies ahead cannot be left at once: it was paid to begin with.
            PauseBegins::ImmediateWithCredit if period.contains(today) => days_after(today, 1),
            _ => period.to,
        };
        enrollment.pauses.push(Pause {
            from,
            planned_to: months_after(from, months),
            lapses_on: months_after(from, months_max),
            to: None,
            asked_at: now,
            cause: PauseCause::Asked,
        });
        enrollment.end_segment(from);
        if from < period.to {
            enrollment.leave_unused(from, UnusedCause::Paused);
        }
        Ok(enrollment)
    }

    /// Goes on without a mentor from today on. Whoever studies is paused by it: what is paid of the period from
    /// today on is given back, a pause that was planned goes, and this one lasts until the student resumes
    /// with a new mentor. Whoever leaves anyway gets the rest of the period back; the others stay as they are.
    pub fn without_mentor(self, now: Timestamp) -> Result<Self, PauseRefused> {
        let mut enrollment = self.as_of(now);
        let today = enrollment.date_at(now);
        if !enrollment.is_live() {
            return Err(PauseRefused::NotActive { state: enrollment.state.word() });
        }
        enrollment.end_assignments(today);
        if enrollment.state != State::Active {
            return Ok(enrollment);
        }
        let inside = enrollment.period_on(today).is_some_and(|period| period.contains(today));
        enrollment.end_segment(today);
        if inside {
            enrollment.leave_unused(today, UnusedCause::Paused);
        }
        if enrollment.leaves_on.is_some() {
            return Ok(enrollment);
        }
        enrollment.close_pause(today);
        enrollment.pauses.push(Pause::without_mentor(today, now));
        Ok(Self { state: State::Paused, ..enrollment })
    }

    /// Ends the pause today: a new segment begins, and its first period is owed today. A pause that
    /// has not lasted a day is taken back instead, and the anchor is kept.
    pub fn resume(self, now: Timestamp) -> Result<Self, ResumeRefused> {
        let mut enrollment = self.as_of(now);
        let today = enrollment.date_at(now);
        let not_paused = ResumeRefused::NotPaused { state: enrollment.state.word() };
        let (State::Active | State::Paused, Some(pause)) = (&enrollment.state, enrollment.pauses.last())
        else {
            return Err(not_paused);
        };
        if pause.to.is_some() {
            return Err(not_paused);
        }
        if enrollment.waiting.is_some() {
            return Err(ResumeRefused::NoMentor);
        }
        let (from, credited) = (pause.from, enrollment.unused().is_some_and(|unused| unused.from <= today));
        if today <= from && !credited {
            enrollment.take_back_pause();
        } else {
            enrollment.close_pause(today);
            enrollment.anchor_again(today);
        }
        Ok(Self { state: State::Active, ..enrollment })
    }

    /// Removes a pause that has not lasted a day, as if it had not been asked for.
    fn take_back_pause(&mut self) {
        self.pauses.pop();
        if let Some(segment) = self.segments.last_mut() {
            segment.go_on();
        }
    }

    /// Ends the open pause on a date, for a reason other than coming back; one still ahead goes.
    pub(super) fn close_pause(&mut self, on: Date) {
        let Some(mut pause) = self.pauses.pop_if(|pause| pause.to.is_none()) else { return };
        if pause.from < on {
            pause.to = Some(on);
            self.pauses.push(pause);
        }
    }
}
