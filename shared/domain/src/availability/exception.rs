//! Dates that differ from the week: opened, closed, or away for days.

use jiff::civil::{Date, DateTime};
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use super::{EndTime, LocalTime};
use crate::time::{InvalidTime, UtcOffset, Zone};

/// A date, or a part of it, on which the person can meet although the week says no, or the
/// other way round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// The date on the wall of the person's zone.
    pub date: Date,
    /// Whether the person can meet then.
    pub available: bool,
    /// First minute; without it and `to`, the whole day.
    #[serde(default)]
    pub from: Option<LocalTime>,
    /// Needed only where the wall shows `from` twice that day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_offset: Option<UtcOffset>,
    /// First minute behind it.
    #[serde(default)]
    pub to: Option<EndTime>,
    /// Needed only where the wall shows `to` twice that day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_offset: Option<UtcOffset>,
}

/// Days on which a person is away; sessions that lie in them need a cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holiday {
    /// The first day.
    pub first_on: Date,
    /// The last day.
    pub last_on: Date,
}

impl Holiday {
    /// Whether a date lies in it.
    pub fn covers(&self, date: Date) -> bool {
        (self.first_on..=self.last_on).contains(&date)
    }
}

/// Which end of an exception has no single instant, and why.
pub(super) type InvalidEnd = (&'static str, InvalidTime);

impl Exception {
    /// Whether an instant of its date lies in it.
    pub(super) fn holds(&self, instant: Timestamp, zone: &Zone) -> bool {
        self.span(zone).is_some_and(|(from, to)| (from..to).contains(&instant))
    }

    /// The instants from which and up to which it lasts, if it has been checked.
    pub(crate) fn span(&self, zone: &Zone) -> Option<(Timestamp, Timestamp)> {
        self.bounds(zone).ok()
    }

    /// The instants from which and up to which it lasts. A time that the clocks jump over, or show twice,
    /// is none unless an offset says which is meant.
    pub(super) fn bounds(&self, zone: &Zone) -> Result<(Timestamp, Timestamp), InvalidEnd> {
        let next_day = self.date.saturating_add(1.day());
        let from = match self.from {
            None | Some(LocalTime::MIDNIGHT) => zone.start_of(self.date),
            Some(from) => single(zone, self.date.to_datetime(from.time()), self.from_offset),
        };
        let to = match self.to.map(EndTime::of_the_day) {
            // The end of a day is where the next one begins, also where its clocks jump over midnight.
            None | Some(None) => zone.start_of(next_day),
            Some(Some(to)) => single(zone, self.date.to_datetime(to.time()), self.to_offset),
        };
        Ok((from.map_err(|reason| ("from", reason))?, to.map_err(|reason| ("to", reason))?))
    }
}

fn single(zone: &Zone, local: DateTime, offset: Option<UtcOffset>) -> Result<Timestamp, InvalidTime> {
    zone.single(local, offset.map(Into::into))
}
