//! Who was there: what decides between a session held and a session missed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Outcome, Session, SessionState, Side};
use crate::id::{PersonId, StayId};

/// One stay of one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attendance {
    /// Who.
    pub person: PersonId,
    /// When they came.
    pub joined_at: Timestamp,
    /// When they left, once they did.
    #[serde(default)]
    pub left_at: Option<Timestamp>,
    /// Which stay it is, where the provider of the room told of it: what it says of one comes in any order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stay: Option<StayId>,
}

impl Attendance {
    /// Whether both speak of one stay.
    fn is_same(&self, other: &Self) -> bool {
        let began = |stay: &Self| (stay.stay.is_none()).then_some(stay.joined_at);
        (self.person, self.stay, began(self)) == (other.person, other.stay, began(other))
    }

    /// What is known of one stay from two who speak of it.
    fn and(self, other: Self) -> Self {
        let joined_at = self.joined_at.min(other.joined_at);
        Self { joined_at, left_at: self.left_at.max(other.left_at), ..self }
    }
}

/// The most stays kept of one session: a bad link reconnects, but not without end.
pub const ATTENDANCES_MAX: usize = 50;

/// Why a stay, or an outcome, cannot be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AttendanceError {
    /// It says what nobody can know yet.
    #[error("attendance is never in the future")]
    Future,
    /// A student speaks for nobody else; who met is the mentor's word, or the provider's.
    #[error("a student says only when they came themselves")]
    NotTheirs,
    /// Only the two of them take part.
    #[error("the person does not take part in this session")]
    NotAParticipant,
    /// They left before they came.
    #[error("`left_at` lies before `joined_at`")]
    Backwards,
    /// Not while the join link was open.
    #[error("the session can be joined from {from} until {until}")]
    OutsideSession {
        /// When the link opens.
        from: Timestamp,
        /// When the session ends.
        until: Timestamp,
    },
    /// Called off, or already judged: now only a dispute changes it.
    #[error("the session is already over")]
    Over,
    /// More stays than anyone has.
    #[error("expected at most {ATTENDANCES_MAX} stays")]
    TooMany,
    /// Judged before its end.
    #[error("the session ends at {ends_at}")]
    NotOver {
        /// When.
        ends_at: Timestamp,
    },
    /// Not before the start, and not by the student, who disputes the outcome instead.
    #[error("a technical failure is said by the mentor or the school, from the start on")]
    NotFailed,
}

impl Session {
    /// The session with one more stay; the same stay said again only tells when it ended.
    ///
    /// Once both sides are there in time it is in progress. What a provider tells of a stay may come late, twice
    /// and out of order: word that somebody left is word that they were there.
    pub fn attend(mut self, stay: Attendance, by: Side, now: Timestamp) -> Result<Self, AttendanceError> {
        if !self.state.is_live() {
            return Err(AttendanceError::Over);
        }
        if self.side_of(stay.person) == Side::School {
            return Err(AttendanceError::NotAParticipant);
        }
        if by == Side::Student && stay.person != self.student {
            return Err(AttendanceError::NotTheirs);
        }
        let known = self.attendance.iter().position(|known| known.is_same(&stay));
        let stay = known.map_or(stay, |index| self.attendance[index].and(stay));
        if stay.joined_at > now || stay.left_at.is_some_and(|left_at| left_at > now) {
            return Err(AttendanceError::Future);
        }
        if stay.left_at.is_some_and(|left_at| left_at < stay.joined_at) {
            return Err(AttendanceError::Backwards);
        }
        let (from, until) = (self.policy.join_from(self.starts_at), self.ends_at);
        if !(from..until).contains(&stay.joined_at) {
            return Err(AttendanceError::OutsideSession { from, until });
        }
        match known {
            Some(index) => self.attendance[index] = stay,
            None if self.attendance.len() == ATTENDANCES_MAX => return Err(AttendanceError::TooMany),
            None => self.attendance.push(stay),
        }
        let met = self.seen() == Outcome::Completed;
        let state = if met { SessionState::InProgress } else { SessionState::Booked };
        Ok(Self { state, ..self })
    }

    /// The session as time alone has made it: from its end on it is judged by who came, whether or
    /// not anybody wrote that down. A stay, or a report where nothing is known of who came, may
    /// still tell more; what was disputed or reported stands.
    pub fn as_of(self, now: Timestamp) -> Self {
        let judged = if now < self.ends_at { Err(()) } else { self.clone().conclude(now).map_err(drop) };
        judged.unwrap_or(self)
    }

    /// The session judged by who came; from its end on.
    ///
    /// Asked of a session that is over already it refuses, so that a job may run twice.
    pub fn conclude(self, now: Timestamp) -> Result<Self, AttendanceError> {
        if !self.state.is_live() {
            return Err(AttendanceError::Over);
        }
        if now < self.ends_at {
            return Err(AttendanceError::NotOver { ends_at: self.ends_at });
        }
        let state = self.seen().into();
        Ok(Self { state, ..self })
    }

    /// The session that the link failed.
    pub fn fail(self, by: Side, now: Timestamp) -> Result<Self, AttendanceError> {
        if !self.state.is_live() {
            return Err(AttendanceError::Over);
        }
        if by == Side::Student || now < self.starts_at {
            return Err(AttendanceError::NotFailed);
        }
        Ok(Self { state: SessionState::TechnicalFailure, ..self })
    }

    /// What attendance alone says. The rule is the same for both sides: nobody waits longer than
    /// one third of the length for the other.
    fn seen(&self) -> Outcome {
        match (self.came(self.student), self.came(self.with)) {
            (true, true) => Outcome::Completed,
            (false, true) => Outcome::StudentNoShow,
            (true, false) => Outcome::MentorNoShow,
            (false, false) => Outcome::NobodyCame,
        }
    }

    /// Whether the person joined in time, and did not leave before the start.
    fn came(&self, person: PersonId) -> bool {
        let until = self.policy.present_until(self.starts_at, self.ends_at);
        self.attendance.iter().any(|stay| {
            stay.person == person
                && stay.joined_at <= until
                && stay.left_at.is_none_or(|left_at| left_at > self.starts_at)
        })
    }
}
