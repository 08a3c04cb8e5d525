//! What the two people of a session are told of it, and when: each version once, reminders before it
//! starts, and the mentor of a report that is missing.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Session, Side};
use crate::id::SessionId;

/// What was told of a session so far, kept beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionNotice {
    /// Of which.
    pub session: SessionId,
    /// The version that both people know.
    pub told: Option<Told>,
    /// Whether the mentor was reminded of the report.
    pub report_asked: bool,
}

/// A version of a session that both people were told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// The session's number then.
    pub sequence: u32,
    /// When it starts.
    pub starts_at: Timestamp,
    /// Whether they were told that it is called off.
    pub cancelled: bool,
    /// When they were told.
    pub at: Timestamp,
    /// The last instant that a reminder was due and sent at.
    pub reminded: Option<Timestamp>,
}

/// Something to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tell {
    /// It will take place.
    Booked,
    /// It will take place at another time.
    Moved {
        /// When it was to start.
        was: Timestamp,
    },
    /// It will not take place.
    Cancelled,
    /// It will take place soon.
    Reminder,
    /// Its report is missing.
    ReportMissing,
}

/// What is due of a session at some instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// What was told once it is.
    pub notice: SessionNotice,
    /// To whom it is told, and what.
    pub tell: Vec<(Side, Tell)>,
    /// When to look again, if ever: a change of the session asks for a look by itself.
    pub next_at: Option<Timestamp>,
}

impl SessionNotice {
    /// Nothing told yet.
    pub const fn new(session: SessionId) -> Self {
        Self { session, told: None, report_asked: false }
    }

    /// What is to be told of the session now.
    ///
    /// A version is told once, by the first look at it; one that came and went between two looks is
    /// never told. A reminder that was due before its version was told, or while nobody looked and a
    /// later one is due too, is left out. What starts or is over needs no reminder, and what nobody
    /// heard of is not called off.
    pub fn due(mut self, session: &Session, now: Timestamp) -> Due {
        let mut tell = Vec::new();
        let both = |told| [(Side::Student, told), (Side::Mentor, told)];
        if let Some(news) = self.news(session, now) {
            tell.extend(both(news));
            let cancelled = news == Tell::Cancelled;
            let (sequence, starts_at) = (session.sequence, session.starts_at);
            self.told = Some(Told { sequence, starts_at, cancelled, at: now, reminded: None });
        }
        let reminders = self.reminders(session);
        let passed = reminders.iter().copied().filter(|at| *at <= now).max();
        if let (Some(told), Some(at)) = (&mut self.told, passed) {
            told.reminded = Some(at);
            if now < session.starts_at {
                tell.extend(both(Tell::Reminder));
            }
        }
        let report_at = session.policy.report_remind_at(session.ends_at);
        if !self.report_asked && report_at <= now && session.awaits_report(now) {
            self.report_asked = true;
            tell.push((Side::Mentor, Tell::ReportMissing));
        }
        let reported = session.report.is_some() || session.state.is_cancelled();
        let report_at = Some(report_at).filter(|_| !reported);
        let next_at = reminders.into_iter().chain(report_at).filter(|at| *at > now).min();
        Due { notice: self, tell, next_at }
    }

    /// What is new about the session since people were told of it.
    fn news(&self, session: &Session, now: Timestamp) -> Option<Tell> {
        let known = self.told.filter(|told| !told.cancelled);
        if session.state.is_cancelled() {
            return known.map(|_| Tell::Cancelled);
        }
        if !session.state.is_live() || session.ends_at <= now {
            return None;
        }
        match (self.told, known) {
            (Some(told), _) if told.sequence >= session.sequence => None,
            (_, Some(known)) if known.starts_at != session.starts_at => {
                Some(Tell::Moved { was: known.starts_at })
            }
            _ => Some(Tell::Booked),
        }
    }

    /// The reminders of the version that people know which were not sent yet, the earlier first.
    fn reminders(&self, session: &Session) -> Vec<Timestamp> {
        let Some(told) = self.told.filter(|_| session.state.is_live()) else { return Vec::new() };
        let since = told.reminded.map_or(told.at, |reminded| reminded.max(told.at));
        session.policy.remind_at(session.starts_at).into_iter().filter(|at| *at > since).collect()
    }
}
