//! Since when somebody judges unlike the others: a cumulative sum that knows which work was judged.
//!
//! Each defense makes the drift that is looked for likelier or less likely against the others' rate on the
//! same work (Page's cumulative sum, risk-adjusted as by Steiner and others). At 1 there is nothing to say
//! and it begins anew; above the threshold it alarms, and what it alarms about began after it last was at 1.
//! It is read as it stands at the last defense: who judges like the others again comes down by itself.

use jiff::civil::Date;

use super::chance::{Watch, Way};
use super::compare::Compared;

/// The defenses since a drift that stands now; they are given in order, each with its day, whether it was
/// passed, and how many of a million of such the others pass.
pub(super) fn drift(defenses: &[(Date, bool, u64)]) -> Option<Compared> {
    [Way::Stricter, Way::Milder].into_iter().find_map(|way| watched(defenses, way))
}

fn watched(defenses: &[(Date, bool, u64)], way: Way) -> Option<Compared> {
    let mut watch = Watch::new(way);
    let mut since: Option<Compared> = None;
    for (on, passed, expected_per_million) in defenses {
        watch.see(*passed, *expected_per_million);
        if watch.is_calm() {
            since = None;
            continue;
        }
        since.get_or_insert(Compared::new(*on)).count(*passed, *expected_per_million);
    }
    since.filter(|_| watch.alarms())
}
