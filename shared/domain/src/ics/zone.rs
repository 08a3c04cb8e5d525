//! Which zones a calendar defines, and whose clock an entry is written on.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::Entry;
use crate::time::{OffsetChange, Zone};

/// A zone is defined a year beyond what is shown, so that readers see both of its offsets.
const MARGIN: SignedDuration = SignedDuration::from_hours(366 * 24);

/// Where a zone's only offset is said to begin: a year that every reader can write.
const LONG_AGO: Timestamp = Timestamp::UNIX_EPOCH;

/// The zone on whose clock an entry is written, where that says exactly when it is.
///
/// Where the clocks go back they show an hour twice, and iCalendar means the first of both: what lies in
/// the second is written in UTC.
pub(super) fn wall(entry: &Entry) -> Option<&Zone> {
    let zone = &entry.time_zone;
    let reads_back = |at: &Timestamp| {
        zone.occurrence(zone.wall_time_at(*at)).is_ok_and(|occurrence| occurrence.starts_at == *at)
    };
    let exact = [entry.starts_at, entry.ends_at].iter().all(reads_back);
    (exact && *zone != Zone::utc()).then_some(zone)
}

/// The zones that entries are written in, by name, with how their offsets change around them.
pub(super) fn of(entries: &[Entry]) -> Vec<(Zone, Vec<OffsetChange>)> {
    let mut spans: BTreeMap<String, (Zone, Timestamp, Timestamp)> = BTreeMap::new();
    for entry in entries {
        let Some(zone) = wall(entry) else { continue };
        let (from, through) = (entry.starts_at, entry.ends_at);
        let span = spans.entry(zone.name().to_owned()).or_insert_with(|| (zone.clone(), from, through));
        (span.1, span.2) = (span.1.min(from), span.2.max(through));
    }
    let defined = |(zone, from, through): (Zone, Timestamp, Timestamp)| {
        let from = from.checked_sub(MARGIN).unwrap_or(Timestamp::MIN);
        let through = through.checked_add(MARGIN).unwrap_or(Timestamp::MAX);
        let mut changes = zone.offset_changes(from, through);
        for change in &mut changes {
            change.at = change.at.max(LONG_AGO);
        }
        (zone, changes)
    };
    spans.into_values().map(defined).collect()
}
