//! An enrollment's next sessions at a glance, so that a progress read needs no second query.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::{EnrollmentId, PersonId, SessionId};
use crate::session::SessionKind;

/// The booked sessions that lie ahead, earliest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agenda {
    /// Whose.
    pub enrollment: EnrollmentId,
    /// At most a few weeks of them: what is over is dropped with the next change.
    pub sessions: Vec<Meeting>,
}

/// A booked session, as far as an agenda shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meeting {
    /// Which.
    pub session: SessionId,
    /// What it is for.
    pub kind: SessionKind,
    /// Who the student meets.
    pub with: PersonId,
    /// When it begins.
    pub starts_at: Timestamp,
    /// When it ends.
    pub ends_at: Timestamp,
}

impl Agenda {
    /// Nothing booked yet.
    pub const fn empty(enrollment: EnrollmentId) -> Self {
        Self { enrollment, sessions: Vec::new() }
    }

    /// With a session that was booked or moved; what ended before `now` is dropped.
    #[must_use]
    pub fn with(mut self, meeting: Meeting, now: Timestamp) -> Self {
        self = self.without(meeting.session, now);
        let place = self.sessions.partition_point(|other| other.starts_at <= meeting.starts_at);
        self.sessions.insert(place, meeting);
        self
    }

    /// Without a session that was cancelled; what ended before `now` is dropped.
    #[must_use]
    pub fn without(mut self, session: SessionId, now: Timestamp) -> Self {
        self.sessions.retain(|meeting| meeting.session != session && meeting.ends_at > now);
        self
    }

    /// The next session that has not ended.
    pub fn next(&self, now: Timestamp) -> Option<&Meeting> {
        self.sessions.iter().find(|meeting| meeting.ends_at > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    fn meeting(name: &str, day: u32) -> Meeting {
        Meeting {
            session: SessionId::derived(&[name]),
            kind: SessionKind::Mentoring,
            with: PersonId::derived(&["mentor"]),
            starts_at: at(&format!("2027-03-{day:02}T17:00:00Z")),
            ends_at: at(&format!("2027-03-{day:02}T17:45:00Z")),
        }
    }

    #[test]
    fn the_next_session_is_the_earliest_that_has_not_ended() {
        let now = at("2027-03-01T00:00:00Z");
        let agenda = Agenda::empty(EnrollmentId::derived(&["e"]));
        let agenda = agenda.with(meeting("b", 16), now).with(meeting("a", 9), now);
        assert_eq!(agenda.next(now), Some(&meeting("a", 9)));
        assert_eq!(agenda.next(at("2027-03-09T17:45:00Z")), Some(&meeting("b", 16)));
    }

    #[test]
    fn a_moved_session_stands_once_and_past_ones_go() {
        let now = at("2027-03-10T00:00:00Z");
        let agenda = Agenda::empty(EnrollmentId::derived(&["e"]));
        let agenda = agenda.with(meeting("a", 9), at("2027-03-01T00:00:00Z"));
        let agenda = agenda.with(meeting("b", 16), now).with(meeting("b", 17), now);
        assert_eq!(agenda.sessions, [meeting("b", 17)]);
    }
}
