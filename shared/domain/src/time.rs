//! Zones and wall times: how a time that a person chose becomes an instant.
//!
//! Only jiff's bundled zone data is used, on every machine, so that all parts of the school and
//! all its machines agree about next year's clocks.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use thiserror::Error;

mod offset;

pub use offset::{InvalidOffset, UtcOffset};

/// An IANA time zone by name, such as `Europe/Paris`; aliases like `Asia/Calcutta` are accepted.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone(TimeZone);

/// The text names no zone of the IANA database.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("expected the name of an IANA time zone, such as Europe/London")]
pub struct UnknownZone;

/// Why a wall time has no single instant.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidTime {
    /// The clocks jump over it that day.
    #[error(
        "{local} does not exist in {zone}: the clocks go forward; the nearest times are {before} and {after}"
    )]
    Skipped {
        /// What was asked for.
        local: DateTime,
        /// Where.
        zone: Zone,
        /// The last valid wall minute before the gap.
        before: DateTime,
        /// The first valid wall time after it.
        after: DateTime,
    },
    /// The clocks show it twice that day, and no valid offset says which is meant.
    #[error("{local} happens twice in {zone}: say which by its offset, {first} or {second}")]
    Repeated {
        /// What was asked for.
        local: DateTime,
        /// Where.
        zone: Zone,
        /// Offset of the earlier one.
        first: Offset,
        /// Offset of the later one.
        second: Offset,
    },
    /// The given offset is not in force in the zone at that time.
    #[error("the offset {offset} is not in force in {zone} at {local}")]
    WrongOffset {
        /// What was asked for.
        local: DateTime,
        /// Where.
        zone: Zone,
        /// What was claimed.
        offset: Offset,
    },
    /// Before year -9999 or after 9999.
    #[error("the time is outside the calendar")]
    OutsideCalendar,
}

/// An occurrence of a weekly series, resolved for one date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occurrence {
    /// When it starts.
    pub starts_at: Timestamp,
    /// Whether the clocks jumped over the wall time, so that it starts at the first valid instant.
    pub shifted: bool,
}

/// An offset from UTC that comes into force in a zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OffsetChange {
    /// Since when; the beginning of time where the zone never had another.
    pub at: Timestamp,
    /// The offset before.
    pub before: Offset,
    /// The offset from then on.
    pub after: Offset,
    /// Whether it is summer time.
    pub is_summer: bool,
    /// What clocks call it, such as CET.
    pub name: String,
}

impl Zone {
    /// The zone with no offset and no clock changes.
    pub fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// The zone's name.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// The civil date that a calendar on the wall shows at an instant.
    pub fn date_at(&self, instant: Timestamp) -> Date {
        self.0.to_datetime(instant).date()
    }

    /// What the clock on the wall shows at an instant.
    pub fn wall_time_at(&self, instant: Timestamp) -> DateTime {
        self.0.to_datetime(instant)
    }

    /// The offset from UTC that is in force at an instant.
    pub fn offset_at(&self, instant: Timestamp) -> Offset {
        self.0.to_offset(instant)
    }

    /// How the offset changes from one instant through another, beginning with the change that made the
    /// offset in force at the first.
    pub fn offset_changes(&self, from: Timestamp, through: Timestamp) -> Vec<OffsetChange> {
        let just_after = from.checked_add(SignedDuration::from_secs(1)).unwrap_or(from);
        let current = self.0.preceding(just_after).next().map_or(Timestamp::MIN, |change| change.timestamp());
        let later = self.0.following(from).map(|change| change.timestamp());
        let instants = std::iter::once(current).chain(later.take_while(|at| *at <= through));
        let change = |at: Timestamp| {
            let just_before = at.checked_sub(SignedDuration::from_secs(1)).unwrap_or(at);
            let info = self.0.to_offset_info(at);
            OffsetChange {
                at,
                before: self.0.to_offset(just_before),
                after: info.offset(),
                is_summer: info.dst().is_dst(),
                name: info.abbreviation().to_owned(),
            }
        };
        instants.map(change).collect()
    }

    /// The first instant of a civil date.
    pub fn start_of(&self, date: Date) -> Result<Timestamp, InvalidTime> {
        self.occurrence(date.at(0, 0, 0, 0)).map(|occurrence| occurrence.starts_at)
    }

    /// The instant of an occurrence of a series: in a gap the first valid instant, in an overlap
    /// the first of both.
    pub fn occurrence(&self, local: DateTime) -> Result<Occurrence, InvalidTime> {
        let ambiguous = self.0.to_ambiguous_timestamp(local);
        if let AmbiguousOffset::Gap { .. } = ambiguous.offset() {
            return Ok(Occurrence { starts_at: self.end_of_gap(local)?, shifted: true });
        }
        let starts_at = ambiguous.earlier().map_err(|_| InvalidTime::OutsideCalendar)?;
        Ok(Occurrence { starts_at, shifted: false })
    }

    /// The instant of a single booking, which must be unambiguous: in an overlap `offset` says
    /// which one is meant.
    pub fn single(&self, local: DateTime, offset: Option<Offset>) -> Result<Timestamp, InvalidTime> {
        let zone = self.clone();
        let valid = match (self.0.to_ambiguous_timestamp(local).offset(), offset) {
            (AmbiguousOffset::Gap { .. }, _) => {
                let after = self.end_of_gap(local)?;
                let before = self.wall_time_at(after - SignedDuration::from_mins(1));
                return Err(InvalidTime::Skipped { local, zone, before, after: self.wall_time_at(after) });
            }
            (AmbiguousOffset::Fold { before, after }, None) => {
                return Err(InvalidTime::Repeated { local, zone, first: before, second: after });
            }
            (AmbiguousOffset::Fold { before, after }, Some(given)) if given == before || given == after => {
                given
            }
            (AmbiguousOffset::Unambiguous { offset: valid }, given)
                if given.is_none_or(|given| given == valid) =>
            {
                valid
            }
            (_, given) => {
                return Err(InvalidTime::WrongOffset { local, zone, offset: given.unwrap_or(Offset::UTC) });
            }
        };
        valid.to_timestamp(local).map_err(|_| InvalidTime::OutsideCalendar)
    }

    /// The first valid instant after the gap that a wall time falls into.
    fn end_of_gap(&self, local: DateTime) -> Result<Timestamp, InvalidTime> {
        // Read with the offset from before the gap, the wall time lies behind the transition.
        let ambiguous = self.0.to_ambiguous_timestamp(local);
        let behind = ambiguous.later().map_err(|_| InvalidTime::OutsideCalendar)?;
        // Or on it, where the wall time is the gap's first: `preceding` is strictly earlier.
        let after = behind.checked_add(SignedDuration::from_secs(1));
        let after = after.map_err(|_| InvalidTime::OutsideCalendar)?;
        Ok(self.0.preceding(after).next().map_or(behind, |transition| transition.timestamp()))
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Zone {
    type Err = UnknownZone;

    fn from_str(text: &str) -> Result<Self, UnknownZone> {
        let named = text == "UTC" || text.contains('/');
        let zone = if named { TimeZone::get(text).ok() } else { None };
        zone.filter(|zone| zone.iana_name().is_some()).map(Self).ok_or(UnknownZone)
    }
}

impl TryFrom<String> for Zone {
    type Error = UnknownZone;

    fn try_from(text: String) -> Result<Self, UnknownZone> {
        text.parse()
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.name().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;
    use proptest::prelude::*;

    use super::*;

    fn zone(name: &str) -> Zone {
        name.parse().expect("a zone")
    }

    fn local(text: &str) -> DateTime {
        text.parse().expect("a wall time")
    }

    /// Zone data older than 2026 puts this an hour off (British Columbia stopped changing clocks).
    #[test]
    fn vancouver_keeps_summer_time_in_january_2027() {
        let starts = zone("America/Vancouver").single(local("2027-01-12T17:00"), None).expect("valid");
        assert_eq!(starts.to_string(), "2027-01-13T00:00:00Z");
    }

    #[test]
    fn a_series_in_a_gap_starts_at_the_first_valid_instant() {
        let moved = zone("Europe/Paris").occurrence(local("2027-03-28T02:30")).expect("valid");
        assert_eq!((moved.starts_at.to_string().as_str(), moved.shifted), ("2027-03-28T01:00:00Z", true));
    }

    /// Where the wall time is the gap's first or last, or the gap begins a date.
    #[test]
    fn the_edges_of_a_gap_lie_in_it() {
        let check = |name: &str, text: &str, starts_at: &str| {
            let moved = zone(name).occurrence(local(text)).expect("valid");
            assert_eq!(moved.starts_at.to_string(), starts_at, "{text} in {name}");
        };
        check("Europe/Paris", "2027-03-28T02:00", "2027-03-28T01:00:00Z");
        check("Europe/Paris", "2027-03-28T02:59", "2027-03-28T01:00:00Z");
        check("Africa/Cairo", "2027-04-30T00:00", "2027-04-29T22:00:00Z");
        check("Asia/Beirut", "2027-03-28T00:00", "2027-03-27T22:00:00Z");
        check("America/Santiago", "2027-09-05T00:00", "2027-09-05T04:00:00Z");
    }

    proptest! {
        #[test]
        fn a_date_starts_at_its_first_instant(days in 0_i32..27_000, index in 0_usize..ZONES.len()) {
            let zone = zone(ZONES[index]);
            let date = Date::constant(2026, 1, 1).saturating_add(days.days());
            let starts_at = zone.start_of(date).expect("in the calendar");
            prop_assert_eq!(zone.date_at(starts_at), date);
            prop_assert!(zone.date_at(starts_at - SignedDuration::from_secs(1)) < date);
        }
    }

    const ZONES: [&str; 9] = [
        "Africa/Cairo",
        "America/Asuncion",
        "America/Havana",
        "America/Santiago",
        "Asia/Beirut",
        "Asia/Tehran",
        "Atlantic/Azores",
        "Australia/Lord_Howe",
        "Europe/London",
    ];

    #[test]
    fn a_series_in_an_overlap_takes_the_first() {
        let first = zone("Europe/Paris").occurrence(local("2027-10-31T02:30")).expect("valid");
        assert_eq!((first.starts_at.to_string().as_str(), first.shifted), ("2027-10-31T00:30:00Z", false));
    }

    #[test]
    fn a_booking_in_a_gap_is_refused_with_the_nearest_times() {
        let refused = zone("Europe/Paris").single(local("2027-03-28T02:30"), None);
        let Err(InvalidTime::Skipped { before, after, .. }) = refused else { panic!("{refused:?}") };
        assert_eq!((before, after), (local("2027-03-28T01:59"), local("2027-03-28T03:00")));
    }

    #[test]
    fn a_booking_in_an_overlap_needs_an_offset() {
        let paris = zone("Europe/Paris");
        let twice = local("2027-10-31T02:30");
        assert!(matches!(paris.single(twice, None), Err(InvalidTime::Repeated { .. })));
        let second = paris.single(twice, Some(Offset::constant(1))).expect("valid");
        assert_eq!(second.to_string(), "2027-10-31T01:30:00Z");
        assert!(matches!(
            paris.single(twice, Some(Offset::constant(5))),
            Err(InvalidTime::WrongOffset { .. })
        ));
    }

    #[test]
    fn only_iana_names_are_zones() {
        for name in ["Europe/London", "Asia/Calcutta", "UTC", "America/Argentina/Buenos_Aires"] {
            assert!(name.parse::<Zone>().is_ok(), "{name}");
        }
        for name in ["", "CET+1", "Mars/Olympus", "+02:00", "../etc/passwd", "EST5EDT,M3.2.0,M11.1.0"] {
            assert_eq!(name.parse::<Zone>(), Err(UnknownZone), "{name}");
        }
    }
}
