//! Making a session, and moving it: the same questions are asked of both.

use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use super::{Session, SessionKind, SessionPolicy, SessionState, Side};
use crate::availability::{Availability, LocalTime};
use crate::enrollment::{Enrollment, SessionRefused};
use crate::id::{CommitmentId, EnrollmentId, PersonId, SessionId};
use crate::occupancy::{InvalidSlot, Slot, SlotTaken};
use crate::time::{InvalidTime, Zone};

/// A time as a person chose it: a wall time in a zone, and which one where the clocks go back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChosenTime {
    /// The date on the wall.
    pub date: Date,
    /// The time on the wall.
    pub local_time: LocalTime,
    /// Whose wall.
    pub time_zone: Zone,
    /// Needed only where the wall shows the time twice.
    pub offset: Option<Offset>,
}

impl ChosenTime {
    /// What a clock on the wall shows then.
    pub fn local(&self) -> DateTime {
        self.date.to_datetime(self.local_time.time())
    }

    /// The instant that is meant, if there is exactly one.
    pub fn instant(&self) -> Result<Timestamp, InvalidTime> {
        self.time_zone.single(self.local(), self.offset)
    }
}

/// What somebody asks for who books a single session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booking {
    /// Made by the caller.
    pub id: SessionId,
    /// What it is for.
    pub kind: SessionKind,
    /// Whose place on an edition it serves.
    pub enrollment: EnrollmentId,
    /// Who learns.
    pub student: PersonId,
    /// The mentor or coach.
    pub with: PersonId,
    /// When.
    pub time: ChosenTime,
    /// How long.
    pub minutes: u16,
}

/// What a booking is judged by, besides the clock.
#[derive(Clone, Copy)]
pub struct BookingFacts<'a> {
    /// When the mentor or coach can meet.
    pub availability: &'a Availability,
    /// Who agreed to just this time, the asker included.
    pub accepted_by: &'a [PersonId],
    /// Whether the enrollment allows a session that starts then: active, and not paused.
    pub allowed: &'a dyn Fn(Timestamp) -> Result<(), SessionRefused>,
    /// The school's numbers.
    pub policy: &'a SessionPolicy,
}

/// Why a session cannot be at the time asked for.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BookingError {
    /// The wall time has no single instant.
    #[error(transparent)]
    InvalidTime(#[from] InvalidTime),
    /// Not on a quarter hour, or outside the calendar.
    #[error(transparent)]
    InvalidSlot(#[from] InvalidSlot),
    /// Too short or too long.
    #[error("expected {min} to {max} minutes")]
    Length {
        /// The shortest.
        min: u16,
        /// The longest.
        max: u16,
    },
    /// Nobody meets in the past.
    #[error("the time lies in the past")]
    Past,
    /// The same person on both sides.
    #[error("nobody has a session with themselves")]
    Alone,
    /// They hold no role that this kind of session asks for.
    #[error("this person holds no {kind} sessions with this student")]
    NotAHost {
        /// What it would be for.
        kind: SessionKind,
    },
    /// The enrollment is paused then, or not active (invariant 16).
    #[error(transparent)]
    NotAllowed(#[from] SessionRefused),
    /// One of the two has something else then (invariant 14).
    #[error(transparent)]
    Taken(#[from] SlotTaken),
    /// Not in declared availability, and not accepted by both sides (invariant 15).
    #[error("the time lies outside the declared availability")]
    OutsideAvailability,
    /// Only a booked session moves.
    #[error("only a booked session can be moved")]
    NotBooked,
    /// From its start on, it is held or missed.
    #[error("the session started at {starts_at}")]
    Started {
        /// When.
        starts_at: Timestamp,
    },
}

impl BookingFacts<'_> {
    /// Decides by what an enrollment, an availability and the school's numbers say.
    pub fn with<T>(
        enrollment: &Enrollment,
        availability: &Availability,
        accepted_by: &[PersonId],
        policy: &SessionPolicy,
        decide: impl FnOnce(BookingFacts<'_>) -> T,
    ) -> T {
        let allowed = |instant| enrollment.session_allowed_at(instant);
        decide(BookingFacts { availability, accepted_by, allowed: &allowed, policy })
    }

    /// Whether these two may meet in the slot.
    pub fn judge(
        &self,
        slot: Slot,
        student: PersonId,
        with: PersonId,
        now: Timestamp,
    ) -> Result<(), BookingError> {
        if student == with {
            return Err(BookingError::Alone);
        }
        if slot.starts_at() <= now {
            return Err(BookingError::Past);
        }
        (self.allowed)(slot.starts_at())?;
        let accepted = [student, with].iter().all(|person| self.accepted_by.contains(person));
        if !accepted && !self.availability.covers(slot.starts_at(), slot.ends_at()) {
            return Err(BookingError::OutsideAvailability);
        }
        Ok(())
    }
}

/// Who meets whom, and what for.
pub(crate) struct Parties {
    pub id: SessionId,
    pub kind: SessionKind,
    pub enrollment: EnrollmentId,
    pub student: PersonId,
    pub with: PersonId,
    pub commitment: Option<CommitmentId>,
}

impl Parties {
    /// Their session as it is booked: so many minutes from an instant, which is a time on a zone's wall.
    pub fn booked(
        self,
        (starts_at, minutes): (Timestamp, u16),
        (local, time_zone): (DateTime, Zone),
        policy: &SessionPolicy,
    ) -> Session {
        let Self { id, kind, enrollment, student, with, commitment } = self;
        Session {
            id,
            kind,
            enrollment,
            student,
            with,
            commitment,
            starts_at,
            ends_at: starts_at + SignedDuration::from_mins(i64::from(minutes)),
            local,
            time_zone,
            shifted: false,
            sequence: 0,
            free_until: policy.free_until(starts_at),
            policy: *policy,
            state: SessionState::Booked,
            attendance: Vec::new(),
            report: None,
            claims: Vec::new(),
            makes_up: None,
            made_up_by: None,
        }
    }
}

impl Session {
    /// The session that was asked for, if it may be; whether both are free is the store's to say.
    pub fn book(booking: Booking, facts: BookingFacts<'_>, now: Timestamp) -> Result<Self, BookingError> {
        let Booking { id, kind, enrollment, student, with, time, minutes } = booking;
        let (min, max) = (facts.policy.minutes_min, facts.policy.minutes_max);
        if !(min..=max).contains(&minutes) {
            return Err(BookingError::Length { min, max });
        }
        let starts_at = time.instant()?;
        let slot = Slot::new(starts_at, minutes)?;
        facts.judge(slot, student, with, now)?;
        let parties = Parties { id, kind, enrollment, student, with, commitment: None };
        Ok(parties.booked((starts_at, minutes), (time.local(), time.time_zone), facts.policy))
    }

    /// The session at another time, as long as before, with the next sequence number.
    ///
    /// A student who moves it after [`free_until`](Self::free_until) keeps that instant: a late
    /// cancellation does not become an early one by way of a move.
    pub fn move_to(
        self,
        time: ChosenTime,
        by: Side,
        facts: BookingFacts<'_>,
        now: Timestamp,
    ) -> Result<Self, BookingError> {
        if self.state != SessionState::Booked {
            return Err(BookingError::NotBooked);
        }
        if now >= self.starts_at {
            return Err(BookingError::Started { starts_at: self.starts_at });
        }
        let starts_at = time.instant()?;
        let ends_at = starts_at.checked_add(self.length()).map_err(|_| InvalidTime::OutsideCalendar)?;
        facts.judge(Slot::between(starts_at, ends_at)?, self.student, self.with, now)?;
        let late = by == Side::Student && now > self.free_until;
        let free_until = if late { self.free_until } else { facts.policy.free_until(starts_at) };
        Ok(Self {
            starts_at,
            ends_at,
            local: time.local(),
            time_zone: time.time_zone,
            shifted: false,
            sequence: self.sequence.saturating_add(1),
            free_until,
            ..self
        })
    }
}
