//! Whom a student may meet, and what the meeting makes of them.

use jiff::civil::Date;

use super::{BookingError, SessionKind};
use crate::conflict::Reason;
use crate::enrollment::Enrollment;
use crate::id::PersonId;
use crate::permission::{Role, Subject};
use crate::person::Grant;

impl SessionKind {
    /// What the one who meets the student has to be.
    pub const fn role(self) -> Role {
        match self {
            Self::Discovery | Self::Mentoring | Self::Handover => Role::Mentor,
            Self::Coaching => Role::Coach,
        }
    }

    /// Why somebody who met a student like this may no longer judge them; a first talk binds nobody.
    pub const fn ties(self) -> Option<Reason> {
        match self {
            Self::Discovery => None,
            Self::Mentoring | Self::Handover => Some(Reason::CoverMentor),
            Self::Coaching => Some(Reason::Coach),
        }
    }
}

impl Enrollment {
    /// Whether a person meets the student on a date without being asked who they are: as mentor, as
    /// cover, or as coach.
    pub fn is_met_by(&self, person: PersonId, kind: SessionKind, date: Date) -> bool {
        match kind.role() {
            Role::Coach => self.coach == Some(person),
            _ => self.is_mentor_on(person, date),
        }
    }

    /// Whether a person of these grants may meet the student on a date, and why they may not judge
    /// the student afterwards.
    pub fn host(
        &self,
        person: PersonId,
        kind: SessionKind,
        date: Date,
        grants: &[Grant],
        now: jiff::Timestamp,
    ) -> Result<Option<Reason>, BookingError> {
        if self.is_met_by(person, kind, date) {
            return Ok(None); // its assignment has said so
        }
        let scope = self.scope();
        let granted = |grant: &Grant| grant.person == person && grant.allows(&[kind.role()], &scope, now);
        if grants.iter().any(granted) { Ok(kind.ties()) } else { Err(BookingError::NotAHost { kind }) }
    }
}
