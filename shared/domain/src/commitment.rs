//! A weekly series: a wall time in a zone that holds through every clock change.
//!
//! A series is a rule, not a list. Its sessions are made some weeks ahead, each with an id derived
//! from the series and the local date, so that making them twice makes them once.

use jiff::civil::{Date, Time};
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::availability::{LocalTime, Weekday};
use crate::id::{CommitmentId, EnrollmentId, PersonId, SessionId};
use crate::occupancy::Slot;
use crate::permission::{Relation, Subject};
use crate::session::{BookingError, BookingFacts, Parties, Session, SessionKind, SessionPolicy};
use crate::time::{Occurrence, Zone};

/// A weekly series of meetings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commitment {
    /// Its id.
    pub id: CommitmentId,
    /// Whose place on an edition it serves.
    pub enrollment: EnrollmentId,
    /// Who learns.
    pub student: PersonId,
    /// The mentor or coach.
    pub with: PersonId,
    /// What the meetings are for.
    pub kind: SessionKind,
    /// The zone whose clocks the series keeps to.
    pub time_zone: Zone,
    /// The day of every week.
    pub weekday: Weekday,
    /// The time on the wall of that zone.
    pub local_time: LocalTime,
    /// How long each meeting is.
    pub minutes: u16,
    /// No meeting before this date.
    pub first_on: Date,
    /// No meeting after this date.
    pub ends_on: Option<Date>,
    /// The last date up to which sessions were made.
    pub materialized_through: Option<Date>,
    /// The last date up to which both people were told of wall changes.
    #[serde(default)]
    pub told_through: Option<Date>,
}

/// How far ahead sessions are made: far enough to plan a month, near enough to change one's mind.
pub const HORIZON_DAYS: i64 = 42;

/// How far ahead a new series is held against others: a year, so that both changes of the clocks lie in it.
pub const LOOK_AHEAD_DAYS: i64 = 371;
/// How far ahead people are told that a series is at another time on their wall: with a look every two weeks, a
/// week to three before the first session at that time.
pub const WALL_NOTICE_DAYS: i64 = 20;

/// How often further sessions are made: two of each series at once, which is less to read for each.
pub const EXTEND_EVERY: SignedDuration = SignedDuration::from_hours(14 * 24);

/// Why a series cannot begin.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CommitmentError {
    /// Sessions start at :00, :15, :30 or :45.
    #[error("expected a time on a quarter hour")]
    OffQuarter,
    /// Too short or too long.
    #[error("expected {min} to {max} minutes")]
    Length {
        /// The shortest.
        min: u16,
        /// The longest.
        max: u16,
    },
    /// The first date is over.
    #[error("the first date lies before today, {today}")]
    Past {
        /// The date in the series' zone.
        today: Date,
    },
    /// It would end before it begins.
    #[error("the series ends before its first session")]
    EndsFirst,
    /// Its first session could not be.
    #[error("on {date}: {reason}")]
    First {
        /// The date of the first session.
        date: Date,
        /// Why it cannot be.
        #[source]
        reason: BookingError,
    },
}

impl CommitmentError {
    /// JSON pointer to the field at fault.
    pub const fn pointer(&self) -> &'static str {
        match self {
            Self::OffQuarter => "/local_time",
            Self::Length { .. } => "/minutes",
            Self::Past { .. } | Self::First { .. } => "/first_on",
            Self::EndsFirst => "/ends_on",
        }
    }
}

/// What there is to make of a series now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Due {
    /// Sessions to be booked, in order.
    pub sessions: Vec<Session>,
    /// Dates without one, and why.
    pub left_out: Vec<(Date, BookingError)>,
}

/// A date on which a series is at another wall time for somebody than the week before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WallChange {
    /// The date in the series' own zone.
    pub date: Date,
    /// When the session of that date starts.
    pub starts_at: Timestamp,
    /// What their clock showed the week before.
    pub before: Time,
    /// What it shows on this date.
    pub after: Time,
}

impl Commitment {
    /// The series, if it can begin: its first session must be possible.
    pub fn begin(self, facts: BookingFacts<'_>, now: Timestamp) -> Result<Self, CommitmentError> {
        let SessionPolicy { minutes_min: min, minutes_max: max, .. } = *facts.policy;
        if !(min..=max).contains(&self.minutes) {
            return Err(CommitmentError::Length { min, max });
        }
        if !self.local_time.minute().is_multiple_of(15) {
            return Err(CommitmentError::OffQuarter);
        }
        let today = self.time_zone.date_at(now);
        if self.first_on < today {
            return Err(CommitmentError::Past { today });
        }
        let (date, first) =
            self.occurrences(self.first_on, Date::MAX).next().ok_or(CommitmentError::EndsFirst)?;
        match self.session(date, first, facts, now) {
            Ok(_) => Ok(self),
            Err(reason) => Err(CommitmentError::First { date, reason }),
        }
    }

    /// The meetings from one date through another, each with its instant.
    pub fn occurrences(&self, from: Date, through: Date) -> impl Iterator<Item = (Date, Occurrence)> + '_ {
        let from = from.max(self.first_on);
        let through = self.ends_on.map_or(through, |ends_on| through.min(ends_on));
        let days = from.weekday().until(self.weekday.into());
        let first = from.checked_add(i64::from(days).days()).ok();
        first
            .into_iter()
            .flat_map(|first| first.series(7.days()))
            .take_while(move |date| *date <= through)
            // The calendar's end is the only reason why a wall time has no instant here.
            .map_while(|date| {
                let local = date.to_datetime(self.local_time.time());
                self.time_zone.occurrence(local).ok().map(|occurrence| (date, occurrence))
            })
    }

    /// The last date for which there are sessions at `now`, whenever that is.
    pub fn horizon(&self, now: Timestamp) -> Date {
        self.time_zone.date_at(now).saturating_add(HORIZON_DAYS.days())
    }

    /// The last date for which sessions are made by a look at `now`: so far that they reach the horizon until the
    /// next one.
    pub fn extended_through(&self, now: Timestamp) -> Date {
        self.horizon(now + EXTEND_EVERY)
    }

    /// The sessions up to a date that were not made yet.
    ///
    /// Once they are, [`materialized`](Self::materialized) remembers it, and the same question has
    /// an empty answer. Dates that may not be (paused, away, over) are left out for good, unless
    /// the series is [`rewound`](Self::rewound).
    pub fn sessions_due(&self, facts: BookingFacts<'_>, through: Date, now: Timestamp) -> Due {
        let from = self.materialized_through.map_or(self.first_on, |through| through.saturating_add(1.day()));
        let mut due = Due::default();
        for (date, occurrence) in self.occurrences(from, through) {
            match self.session(date, occurrence, facts, now) {
                Ok(session) => due.sessions.push(session),
                Err(reason) => due.left_out.push((date, reason)),
            }
        }
        due
    }

    /// The series whose sessions up to a date are made.
    pub fn materialized(self, through: Date) -> Self {
        let through = self.materialized_through.max(Some(through));
        Self { materialized_through: through, ..self }
    }

    /// The series whose sessions from a date on are to be made again, such as after a pause that
    /// ended early; those that exist have the same ids and stay as they are.
    pub fn rewound(self, from: Date) -> Self {
        let made = self.materialized_through.map(|through| through.min(from.saturating_sub(1.day())));
        Self { materialized_through: made, ..self }
    }

    /// The series with its last possible date, such as at a change of mentor.
    pub fn end(self, ends_on: Date) -> Self {
        let sooner = self.ends_on.map_or(ends_on, |known| known.min(ends_on));
        Self { ends_on: Some(sooner), ..self }
    }

    /// The id of the session on a local date, the same whenever it is made.
    pub fn session_id(&self, date: Date) -> SessionId {
        SessionId::derived(&[&self.id.to_string(), &date.to_string()])
    }

    /// The dates, in this series' zone, on which it and another one ask for the same time: series that are apart
    /// in one season may meet in another, where their zones change clocks on different days.
    pub fn clashes(&self, other: &Self, through: Date) -> Vec<Date> {
        let length = |series: &Self| SignedDuration::from_mins(15 * i64::from(series.minutes.div_ceil(15)));
        let mut others =
            other.occurrences(self.first_on.saturating_sub(2.days()), through.saturating_add(2.days()));
        let mut next = others.next();
        let mut dates = Vec::new();
        for (date, occurrence) in self.occurrences(self.first_on, through) {
            let (begins, ends) = (occurrence.starts_at, occurrence.starts_at + length(self));
            while next
                .is_some_and(|(_, other_occurrence)| other_occurrence.starts_at + length(other) <= begins)
            {
                next = others.next();
            }
            if next.is_some_and(|(_, other_occurrence)| other_occurrence.starts_at < ends) {
                dates.push(date);
            }
        }
        dates
    }

    /// Whether it may still have meetings on a date or after it.
    pub fn lasts_until(&self, date: Date) -> bool {
        self.ends_on.is_none_or(|ends_on| date <= ends_on)
    }

    /// The dates on which somebody in another zone finds the series at another time than the week
    /// before: what they are told of in advance.
    pub fn wall_changes(&self, reader: &Zone, from: Date, through: Date) -> Vec<WallChange> {
        let occurrences = self.occurrences(from.saturating_sub(7.days()), through);
        let walls = Vec::from_iter(occurrences.map(|(date, Occurrence { starts_at, .. })| {
            (date, starts_at, reader.wall_time_at(starts_at).time())
        }));
        let changed = |pair: &[(Date, Timestamp, Time)]| match *pair {
            [(.., before), (date, starts_at, after)] if before != after => {
                Some(WallChange { date, starts_at, before, after })
            }
            _ => None,
        };
        walls.windows(2).filter_map(changed).collect()
    }

    /// The wall changes that somebody in a zone is to be told of at `now`: those ahead that are near, and
    /// that nobody was [`told`](Self::told) of.
    pub fn wall_changes_due(&self, reader: &Zone, now: Timestamp) -> Vec<WallChange> {
        let from = self.told_through.map(|through| through.saturating_add(1.day()));
        let from = from.max(Some(self.time_zone.date_at(now))).unwrap_or(self.first_on).max(self.first_on);
        self.wall_changes(reader, from, self.told_at(now))
    }

    /// The series whose wall changes that are due were told.
    pub fn told(self, now: Timestamp) -> Self {
        let through = self.told_through.max(Some(self.told_at(now)));
        Self { told_through: through, ..self }
    }

    fn told_at(&self, now: Timestamp) -> Date {
        self.time_zone.date_at(now).saturating_add(WALL_NOTICE_DAYS.days())
    }

    fn session(
        &self,
        date: Date,
        occurrence: Occurrence,
        facts: BookingFacts<'_>,
        now: Timestamp,
    ) -> Result<Session, BookingError> {
        let starts_at = occurrence.starts_at;
        facts.judge(Slot::new(starts_at, self.minutes)?, self.student, self.with, now)?;
        let parties = Parties {
            id: self.session_id(date),
            kind: self.kind,
            enrollment: self.enrollment,
            student: self.student,
            with: self.with,
            commitment: Some(self.id),
        };
        let wall = (date.to_datetime(self.local_time.time()), self.time_zone.clone());
        let session = parties.booked((starts_at, self.minutes), wall, facts.policy);
        Ok(Session { shifted: occurrence.shifted, ..session })
    }
}

impl Subject for Commitment {
    fn relations(&self, person: PersonId, _now: Timestamp) -> Vec<Relation> {
        if person == self.student {
            vec![Relation::Owner, Relation::Participant]
        } else if person == self.with {
            vec![Relation::Participant]
        } else {
            Vec::new()
        }
    }
}

#[cfg(test)]
mod tests;
