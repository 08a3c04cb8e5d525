//! What is true on a date: planned changes that have come due, periods owed, sessions allowed.

use jiff::Timestamp;
use jiff::civil::Date;
use thiserror::Error;

use super::{Enrollment, Pause, State, WithdrawalCause};
use crate::billing::{
    Due, Period, PeriodKey, Segment, Unused, UnusedCause, days_after, due_on, months_after, periods_after,
};
use crate::time::InvalidTime;

/// Why no session can be held at an instant.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SessionRefused {
    /// The date lies in a pause.
    #[error("the enrollment is paused on {date}")]
    MonthPaused {
        /// The date in the enrollment's zone.
        date: Date,
    },
    /// The date lies before the start, after the end, or the enrollment is stopped.
    #[error("the enrollment is not active on {date}")]
    NotActive {
        /// The date in the enrollment's zone.
        date: Date,
    },
}

impl Enrollment {
    /// The enrollment with every change that was planned for `now` or before: the quote's end, the
    /// pause's begin, the withdrawal, the end of a pause that lasted too long.
    pub fn as_of(self, now: Timestamp) -> Self {
        let today = self.date_at(now);
        match self.state {
            State::Quoted { expires_at } if expires_at <= now && self.waiting.is_none() => {
                let expired_on = self.date_at(expires_at);
                self.leave(expired_on, WithdrawalCause::QuoteExpired)
            }
            State::Active | State::Suspended { .. } if self.leaves_on.is_some_and(|on| on <= today) => {
                let leaves_on = self.leaves_on.unwrap_or(today);
                let cancelled = self.unused().is_some_and(|unused| unused.cause == UnusedCause::Cancelled);
                let cause = if cancelled { WithdrawalCause::Cancelled } else { WithdrawalCause::Asked };
                self.leave(leaves_on, cause)
            }
            State::Active if self.open_pause().is_some_and(|pause| pause.from <= today) => {
                Self { state: State::Paused, ..self }.as_of(now)
            }
            State::Paused => match self.open_pause().map(|pause| pause.lapses_on) {
                Some(lapses_on) if lapses_on <= today && self.waiting.is_none() => {
                    self.leave(lapses_on, WithdrawalCause::PauseLapsed)
                }
                _ => self,
            },
            _ => self,
        }
    }

    /// When [`Enrollment::as_of`] will next answer something else: when its job is due.
    pub fn next_change_at(&self) -> Option<Result<Timestamp, InvalidTime>> {
        let pause = self.open_pause();
        let date = match self.state {
            State::Quoted { expires_at } if self.waiting.is_none() => return Some(Ok(expires_at)),
            State::Active => self.leaves_on.or(pause.map(|pause| pause.from)),
            State::Paused if self.waiting.is_none() => {
                pause.map(|pause| pause.lapses_on).filter(|lapses_on| *lapses_on < Date::MAX)
            }
            State::Suspended { .. } => self.leaves_on,
            _ => None,
        };
        date.map(|date| self.time_zone.start_of(date))
    }

    /// The periods owed after one that is in the ledger (all, if none is), in order, endlessly
    /// while no end is known.
    pub fn periods_after(&self, billed: Option<PeriodKey>) -> impl Iterator<Item = Due> {
        periods_after(&self.segments, billed)
    }

    /// The periods that begin on or before a date and come after the last one in the ledger: what
    /// a billing run over that date has to bill. Never one that begins in a pause or a suspension,
    /// while the award is decided, or after the end.
    pub fn periods_due(&self, billed: Option<PeriodKey>, up_to: Date) -> impl Iterator<Item = Due> {
        self.periods_after(billed).take_while(move |due| due.period.from <= up_to)
    }

    /// The period that begins on a date, if it is owed.
    pub fn due_on(&self, date: Date) -> Option<Due> {
        due_on(&self.segments, date)
    }

    /// The period that is or was owed for a date's month; before the start, the first one.
    pub fn period_on(&self, date: Date) -> Option<Period> {
        let segment = self.segments.iter().rev().find(|segment| segment.anchor <= date);
        let segment = segment.or(self.segments.first())?;
        segment.period_containing(date).or(Some(segment.period(0)))
    }

    /// The date on which so many months of active time are over, as things stand: pauses push it
    /// back, one that goes on until the date it is planned to end.
    pub fn months_end_on(&self, months: u32) -> Date {
        let mut left = months;
        for segment in &self.segments {
            let begun = segment.periods_from(0).take(usize::try_from(left).unwrap_or(usize::MAX)).count();
            let begun = u32::try_from(begun).unwrap_or(u32::MAX);
            if begun >= left {
                return months_after(segment.anchor, left);
            }
            left -= begun;
        }
        let goes_on = self.open_pause().map_or(self.start_on, Pause::goes_on);
        months_after(goes_on, left)
    }

    /// Whether a session may be held at an instant: on a date of active time, and not in a pause.
    pub fn session_allowed_at(&self, instant: Timestamp) -> Result<(), SessionRefused> {
        let date = self.date_at(instant);
        if self.pauses.iter().any(|pause| pause.covers(date)) {
            return Err(SessionRefused::MonthPaused { date });
        }
        let stopped = match self.state {
            State::Suspended { suspended_at: since, .. } | State::AwardPending { concluded_at: since } => {
                since <= instant
            }
            State::Completed { completed_at, .. } => completed_at <= instant,
            State::Withdrawn { withdrawn_on, .. } => withdrawn_on <= date,
            _ => false,
        };
        if stopped || !self.segments.iter().any(|segment| segment.covers(date)) {
            return Err(SessionRefused::NotActive { date });
        }
        Ok(())
    }

    /// The rest of a period that is to be given back under some terms: of the last segment where
    /// study stopped inside one.
    pub fn unused(&self) -> Option<Unused> {
        self.segments.last().and_then(|last| last.unused)
    }

    /// The same of one of its segments.
    pub fn unused_of(&self, segment: u32) -> Option<Unused> {
        self.segments.iter().find(|it| it.number == segment).and_then(|it| it.unused)
    }

    /// When what an enrollment gets back is final: at once for a contract that was taken back, else when
    /// the first unused day begins.
    pub fn gives_back_at(&self, now: Timestamp) -> Option<Timestamp> {
        let unused = self.unused()?;
        match unused.cause {
            UnusedCause::Cancelled => Some(now),
            UnusedCause::Completed | UnusedCause::Paused => self.time_zone.start_of(unused.from).ok(),
        }
    }

    /// Says from which date on the last segment's period is unused.
    pub(super) fn leave_unused(&mut self, from: Date, cause: UnusedCause) {
        if let Some(last) = self.segments.last_mut() {
            last.unused = Some(Unused { from, cause });
        }
    }

    /// Ends the last segment by a date.
    pub(super) fn end_segment(&mut self, date: Date) {
        if let Some(last) = self.segments.pop() {
            self.segments.push(last.ended_by(date));
        }
    }

    /// Ends the last segment today: a period that began today or before is owed, a later one is
    /// not. The first period of a segment that lies ahead was paid to begin it, and stays owed.
    pub(super) fn stop_segment(&mut self, today: Date) {
        let last_day = self.segments.last().map_or(today, |last| last.anchor.max(today));
        self.end_segment(days_after(last_day, 1));
    }

    /// Begins a new segment today, unless the last one lies ahead or one of its own periods begins
    /// today: that one is owed already, so its segment goes on.
    pub(super) fn anchor_again(&mut self, today: Date) {
        let owed_today = self.due_on(today).is_some();
        let number = self.segments.last().map_or(0, |last| last.number);
        match self.segments.last_mut() {
            Some(last) if owed_today || today < last.anchor => last.go_on(),
            _ => self.segments.push(Segment::new(number + 1, today)),
        }
    }
}
