//! When people can meet: weekly windows on the wall of their own zone, and the dates that differ;
//! and, of mentors, whom they take.

use std::collections::BTreeSet;

use jiff::civil::{Date, DateTime};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::id::PersonId;
use crate::permission::{Relation, Subject};
use crate::time::Zone;

mod check; // what can be kept
mod exception; // dates that differ, and holidays
mod spoken; // languages, and how well
mod wall; // weekdays and times of day

pub use check::{
    AvailabilityError, EXCEPTIONS_MAX, FIELDS_MAX, HOLIDAYS_MAX, LEVEL_MAX, SEATS_MAX, WINDOWS_MAX,
};
pub use exception::{Exception, Holiday};
pub use spoken::{Level, Spoken};
pub use wall::{EndTime, InvalidTimeOfDay, LocalTime, Weekday};

/// When a person can meet, and whom they take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Availability {
    /// Who.
    pub person: PersonId,
    /// The zone whose clocks the windows are read on.
    pub time_zone: Zone,
    /// Windows of every week.
    pub weekly: Vec<Window>,
    /// Dates that differ.
    pub exceptions: Vec<Exception>,
    /// Days on which the person is away.
    #[serde(default)]
    pub holidays: Vec<Holiday>,
    /// How many students the person takes at a time.
    pub seats: u32,
    /// How long the person has mentored.
    #[serde(default = "Experience::before_it_was_said")]
    pub experience: Experience,
    /// What the person works in, in the school's words.
    pub fields: Vec<String>,
    /// Levels of the projects that the person mentors; all of them, where none is said.
    #[serde(default)]
    pub project_levels: BTreeSet<u8>,
    /// What the person speaks, best first.
    pub languages: Vec<Spoken>,
    /// The person's own room, for whoever does not meet in the school's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub video_link: Option<String>,
}

/// How long somebody has mentored: whoever begins takes fewer students.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Experience {
    /// Begins.
    Novice,
    /// Has seen students through.
    Confirmed,
}

impl Experience {
    /// Whoever took students before it was asked has mentored.
    const fn before_it_was_said() -> Self {
        Self::Confirmed
    }
}

/// A stretch of one weekday, from a minute up to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// The day.
    pub weekday: Weekday,
    /// Its first minute.
    pub from: LocalTime,
    /// The first minute behind it.
    pub to: EndTime,
}

impl Window {
    fn holds(&self, wall: DateTime) -> bool {
        jiff::civil::Weekday::from(self.weekday) == wall.date().weekday()
            && (self.from.minute()..self.to.minute()).contains(&LocalTime::of(wall.time()).minute())
    }
}

impl Availability {
    /// What a person has who has not said anything yet: no time and no seats.
    pub fn undeclared(person: PersonId) -> Self {
        Self {
            person,
            time_zone: Zone::utc(),
            weekly: Vec::new(),
            exceptions: Vec::new(),
            holidays: Vec::new(),
            seats: 0,
            experience: Experience::Novice,
            fields: Vec::new(),
            project_levels: BTreeSet::new(),
            languages: Vec::new(),
            video_link: None,
        }
    }

    /// Whether every minute from `starts_at` up to `ends_at` is open on the person's own wall.
    ///
    /// Asked minute by minute, so that a clock change inside needs no rule of its own.
    pub fn covers(&self, starts_at: Timestamp, ends_at: Timestamp) -> bool {
        let minutes = starts_at.duration_until(ends_at).as_mins();
        minutes > 0 && (0..minutes).all(|minute| self.is_open(starts_at + SignedDuration::from_mins(minute)))
    }

    /// Whether the person can meet at a minute: not on holiday, else as the date says if it differs,
    /// else as the week.
    pub fn is_open(&self, instant: Timestamp) -> bool {
        let wall = self.time_zone.wall_time_at(instant);
        if self.is_away(wall.date()) {
            return false;
        }
        let mut own = self.exceptions.iter().filter(|exception| exception.date == wall.date());
        if let Some(exception) = own.find(|exception| exception.holds(instant, &self.time_zone)) {
            return exception.available;
        }
        self.weekly.iter().any(|window| window.holds(wall))
    }

    /// How many minutes the windows of an ordinary week are open.
    pub fn weekly_minutes(&self) -> u64 {
        let long = |window: &Window| u64::from(window.to.minute().saturating_sub(window.from.minute()));
        self.weekly.iter().map(long).sum()
    }

    /// Whether the person is on holiday on a date of their own calendar.
    pub fn is_away(&self, date: Date) -> bool {
        self.holidays.iter().any(|holiday| holiday.covers(date))
    }

    /// How well the person speaks a language, if at all: `en` is spoken by whoever speaks `en-GB`, and
    /// the other way round.
    pub fn speaks(&self, language: &str) -> Option<Level> {
        let primary = |tag: &str| tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
        let wanted = primary(language);
        let spoken = self.languages.iter().filter(|spoken| primary(&spoken.language) == wanted);
        spoken.map(|spoken| spoken.level).max()
    }

    /// Whether the person mentors projects of a level.
    pub fn takes_level(&self, level: u8) -> bool {
        self.project_levels.is_empty() || self.project_levels.contains(&level)
    }

    /// How many students the person may have at a time; `novice_seats_max` is the school's bound for
    /// whoever begins.
    pub fn capacity(&self, novice_seats_max: u32) -> u32 {
        match self.experience {
            Experience::Novice => self.seats.min(novice_seats_max),
            Experience::Confirmed => self.seats,
        }
    }
}

impl Subject for Availability {
    fn relations(&self, person: PersonId, _now: Timestamp) -> Vec<Relation> {
        if person == self.person { vec![Relation::Owner] } else { Vec::new() }
    }
}

#[cfg(test)]
mod tests;
