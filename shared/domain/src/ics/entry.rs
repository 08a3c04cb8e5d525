//! Meetings as they stand in somebody's calendar.

use jiff::Timestamp;

use crate::defense::{Defense, DefenseState};
use crate::language::Language;
use crate::session::{Appointment, Session};
use crate::time::Zone;

/// Whether a meeting takes place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It does, or did.
    Confirmed,
    /// It was called off.
    Cancelled,
}

impl Status {
    /// How a session stands in calendars.
    pub const fn of(session: &Session) -> Self {
        if session.state.is_cancelled() { Self::Cancelled } else { Self::Confirmed }
    }
}

/// A meeting in somebody's calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What calendars know it by, for good: the id of the session or the defense.
    pub id: String,
    /// What it is called, in a line, in the language of its reader.
    pub title: String,
    /// How often it was changed before.
    pub sequence: u32,
    /// First instant.
    pub starts_at: Timestamp,
    /// The first instant behind it.
    pub ends_at: Timestamp,
    /// The zone whose clocks it keeps to.
    pub time_zone: Zone,
    /// Whether it takes place.
    pub status: Status,
    /// Where to join it, if it can be said.
    pub join_url: Option<String>,
}

impl Entry {
    /// A session as one of its two people is told of it.
    pub fn session(appointment: Appointment, status: Status, language: Language) -> Self {
        let title = appointment.title(language);
        let Appointment { session, sequence, starts_at, ends_at, time_zone, .. } = appointment;
        Self {
            id: session.to_string(),
            title,
            sequence,
            starts_at,
            ends_at,
            time_zone,
            status,
            join_url: None,
        }
    }

    /// A defense, for the two who will be there; none before it has a time.
    ///
    /// It keeps to neither one's clock, so it is told in UTC.
    pub fn defense(defense: &Defense, language: Language) -> Option<Self> {
        let slot = defense.slot()?;
        let cancelled = matches!(defense.state(), DefenseState::Cancelled { .. });
        let status = if cancelled { Status::Cancelled } else { Status::Confirmed };
        Some(Self {
            id: defense.id().to_string(),
            title: defense_title(defense.request().project.as_str(), language),
            sequence: defense.sequence().saturating_add(u32::from(cancelled)),
            starts_at: slot.starts_at,
            ends_at: slot.ends_at,
            time_zone: Zone::utc(),
            status,
            join_url: None,
        })
    }

    /// How long it is, in whole minutes.
    pub(super) fn minutes(&self) -> i64 {
        self.starts_at.duration_until(self.ends_at).as_mins()
    }
}

fn defense_title(project: &str, language: Language) -> String {
    match language {
        Language::En => format!("Defense of the project {project}"),
        Language::Fr => format!("Soutenance du projet {project}"),
        Language::Es => format!("Defensa del proyecto {project}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::defense::example::{asked_at, assigned, scheduled, starts_at};

    #[test]
    fn a_defense_stands_in_calendars_once_it_has_a_time() {
        assert_eq!(Entry::defense(&assigned(), Language::En), None);
        let entry = Entry::defense(&scheduled(), Language::En).expect("a time");
        assert_eq!((entry.starts_at, entry.status, entry.sequence), (starts_at(), Status::Confirmed, 1));
        let cancelled = scheduled().cancelled("the juror is ill".into(), asked_at()).expect("to come");
        let entry = Entry::defense(&cancelled, Language::En).expect("a time");
        assert_eq!((entry.status, entry.sequence), (Status::Cancelled, 2));
    }
}
