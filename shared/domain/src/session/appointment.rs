//! A session as one of its two people is told of it: in letters and in calendars.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Session, SessionKind};
use crate::id::SessionId;
use crate::language::Language;
use crate::time::Zone;

/// What somebody is told of a session, as it was when they were.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Appointment {
    /// Which.
    pub session: SessionId,
    /// What it is for.
    pub kind: SessionKind,
    /// How often it was changed before.
    pub sequence: u32,
    /// First instant.
    pub starts_at: Timestamp,
    /// The first instant behind it.
    pub ends_at: Timestamp,
    /// The zone whose clocks it keeps to.
    pub time_zone: Zone,
    /// What the other person is called, if known.
    pub with: Option<String>,
}

impl Session {
    /// The session as it is told to one of its two people, who meets somebody of this name.
    pub fn appointment(&self, with: Option<String>) -> Appointment {
        let Self { id: session, kind, sequence, starts_at, ends_at, time_zone, .. } = self.clone();
        Appointment { session, kind, sequence, starts_at, ends_at, time_zone, with }
    }
}

impl Appointment {
    /// What it is called, in a line.
    pub fn title(&self, language: Language) -> String {
        self.kind.title(self.with.as_deref(), language)
    }

    /// How long it is, in whole minutes.
    pub fn minutes(&self) -> i64 {
        self.starts_at.duration_until(self.ends_at).as_mins()
    }
}

impl SessionKind {
    /// What a meeting with somebody is called, in a line.
    pub fn title(self, with: Option<&str>, language: Language) -> String {
        let (what, joint) = match language {
            Language::En => (english(self), "with"),
            Language::Fr => (french(self), "avec"),
            Language::Es => (spanish(self), "con"),
        };
        match with {
            Some(name) => format!("{what} {joint} {name}"),
            None => what.to_owned(),
        }
    }
}

const fn english(kind: SessionKind) -> &'static str {
    match kind {
        SessionKind::Discovery => "First talk",
        SessionKind::Mentoring => "Mentoring session",
        SessionKind::Coaching => "Coaching session",
        SessionKind::Handover => "Hand-over session",
    }
}

const fn french(kind: SessionKind) -> &'static str {
    match kind {
        SessionKind::Discovery => "Entretien découverte",
        SessionKind::Mentoring => "Séance de mentorat",
        SessionKind::Coaching => "Séance de coaching",
        SessionKind::Handover => "Séance de passation",
    }
}

const fn spanish(kind: SessionKind) -> &'static str {
    match kind {
        SessionKind::Discovery => "Primera conversación",
        SessionKind::Mentoring => "Sesión de mentoría",
        SessionKind::Coaching => "Sesión de orientación profesional",
        SessionKind::Handover => "Sesión de traspaso",
    }
}
