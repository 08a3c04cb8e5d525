//! How many defenses one juror judges in a day and in a week: whoever judges too many judges badly.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::occupancy::Week;
use crate::time::Zone;

/// The most defenses of one juror.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caps {
    /// On a day of their own calendar.
    pub per_day: u32,
    /// In an ISO week in UTC.
    pub per_week: u32,
}

/// What a juror judges already around a time; less comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Load {
    /// In its week.
    pub week: u32,
    /// On its day.
    pub day: u32,
}

/// The juror judges as many as anyone may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CapReached {
    /// That day.
    #[error("the juror judges {max} defenses that day already")]
    Day {
        /// How many are allowed.
        max: u32,
    },
    /// That week.
    #[error("the juror judges {max} defenses that week already")]
    Week {
        /// How many are allowed.
        max: u32,
    },
}

impl Load {
    /// What somebody in a zone judges around an instant, of the defenses that begin at these.
    pub fn at<'a>(at: Timestamp, judging: impl IntoIterator<Item = &'a Timestamp>, zone: &Zone) -> Self {
        let (date, week) = (zone.date_at(at), Week::of(at));
        judging.into_iter().fold(Self::default(), |load, begins| Self {
            week: load.week + u32::from(Week::of(*begins) == week),
            day: load.day + u32::from(zone.date_at(*begins) == date),
        })
    }
}

impl Caps {
    /// The weeks in which somebody in a zone judges what counts beside a defense that begins then: its own, and
    /// those of its day.
    pub fn weeks(at: Timestamp, zone: &Zone) -> BTreeSet<Week> {
        let date = zone.date_at(at);
        let edge = |date| zone.start_of(date).unwrap_or(at);
        let last = edge(date.tomorrow().unwrap_or(date)).checked_sub(SignedDuration::from_secs(1));
        [at, edge(date), last.unwrap_or(at)].map(Week::of).into()
    }

    /// Whether one more is allowed.
    pub fn check(&self, load: Load) -> Result<(), CapReached> {
        if load.day >= self.per_day {
            return Err(CapReached::Day { max: self.per_day });
        }
        if load.week >= self.per_week {
            return Err(CapReached::Week { max: self.per_week });
        }
        Ok(())
    }
}
