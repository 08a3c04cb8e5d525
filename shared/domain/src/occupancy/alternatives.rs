//! What to offer someone whose wished time is gone.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use super::{Occupancy, Slot, Week};

/// How many other times the loser of a race is offered (scenario S7).
pub const ALTERNATIVES_MAX: usize = 3;

/// How far behind the wished time is looked: so that one window a week still gives three.
const SEARCH_DAYS: i64 = 28;

/// One person's weeks, as far as they were read; a week that is not here counts as free.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diary(BTreeMap<Week, Occupancy>);

impl Diary {
    /// What is booked of a week, as far as it was read.
    pub fn in_week(&self, week: Week) -> Option<&Occupancy> {
        self.0.get(&week)
    }

    /// Whether the person has nothing else in the slot.
    pub fn is_free(&self, slot: Slot) -> bool {
        slot.weeks().all(|(week, quarters)| self.0.get(&week).is_none_or(|booked| booked.is_free(quarters)))
    }
}

impl FromIterator<(Week, Occupancy)> for Diary {
    fn from_iter<I: IntoIterator<Item = (Week, Occupancy)>>(weeks: I) -> Self {
        Self(weeks.into_iter().collect())
    }
}

/// The weeks to read of each person before [`alternatives`] is asked.
pub fn weeks_searched(wished: Slot) -> impl Iterator<Item = Week> {
    let days = (0..=SEARCH_DAYS / 7 + 1).map(|weeks| SignedDuration::from_hours(24 * 7 * weeks));
    days.filter_map(move |later| wished.starts_at().checked_add(later).ok()).map(Week::of)
}

/// The first few slots after the wished one that are free for everyone and that `suits` allows;
/// they do not overlap each other.
///
/// `suits` holds what occupancy does not know: declared availability, pauses, the clock. It is
/// an offer, not a promise: booking one of them may still be refused.
pub fn alternatives(wished: Slot, diaries: &[Diary], suits: impl Fn(Slot) -> bool) -> Vec<Slot> {
    let mut offers: Vec<Slot> = Vec::with_capacity(ALTERNATIVES_MAX);
    for quarter in 1..=SEARCH_DAYS * 24 * 4 {
        let later = wished.starts_at().checked_add(SignedDuration::from_mins(15 * quarter));
        let Some(slot) = later.ok().and_then(|starts_at| wished.at(starts_at).ok()) else { break };
        let apart = offers.last().is_none_or(|offer| offer.ends_at() <= slot.starts_at());
        if apart && diaries.iter().all(|diary| diary.is_free(slot)) && suits(slot) {
            offers.push(slot);
        }
        if offers.len() == ALTERNATIVES_MAX {
            break;
        }
    }
    offers
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    use super::*;

    fn slot(starts_at: &str, minutes: u16) -> Slot {
        Slot::new(starts_at.parse().expect("an instant"), minutes).expect("a slot")
    }

    fn diary(booked: &[Slot]) -> Diary {
        let mut weeks: BTreeMap<Week, Occupancy> = BTreeMap::new();
        for (week, quarters) in booked.iter().flat_map(Slot::weeks) {
            let occupancy = weeks.remove(&week).unwrap_or_default().reserve(quarters).expect("free");
            weeks.insert(week, occupancy);
        }
        Diary(weeks)
    }

    fn starts(offers: Vec<Slot>) -> Vec<String> {
        Vec::from_iter(offers.iter().map(|offer| offer.starts_at().to_string()))
    }

    #[test]
    fn offers_are_free_for_both_and_apart() {
        let wished = slot("2027-03-09T17:00:00Z", 45);
        let mentor = diary(&[wished]);
        let student = diary(&[slot("2027-03-09T18:30:00Z", 30)]);
        assert_eq!(
            starts(alternatives(wished, &[mentor, student], |_| true)),
            ["2027-03-09T17:45:00Z", "2027-03-09T19:00:00Z", "2027-03-09T19:45:00Z"]
        );
    }

    #[test]
    fn one_window_a_week_still_gives_three() {
        let wished = slot("2027-03-09T17:00:00Z", 45);
        let same_time = |slot: Slot| {
            let wall = TimeZone::UTC.to_datetime(slot.starts_at());
            wall.date().weekday() == jiff::civil::Weekday::Tuesday && (wall.hour(), wall.minute()) == (17, 0)
        };
        assert_eq!(
            starts(alternatives(wished, &[diary(&[wished])], same_time)),
            ["2027-03-16T17:00:00Z", "2027-03-23T17:00:00Z", "2027-03-30T17:00:00Z"]
        );
    }

    #[test]
    fn nothing_is_offered_where_nothing_suits() {
        assert_eq!(alternatives(slot("2027-03-09T17:00:00Z", 45), &[], |_| false), []);
    }

    proptest! {
        #[test]
        fn the_weeks_read_are_the_weeks_searched(quarter in 0_i64..672, minutes in 1_u16..=1440) {
            let origin: Timestamp = "2027-03-08T00:00:00Z".parse().expect("an instant");
            let wished = Slot::new(origin + SignedDuration::from_mins(15 * quarter), minutes).expect("a slot");
            let read = Vec::from_iter(weeks_searched(wished));
            let suits = |slot: Slot| { assert!(slot.weeks().all(|(week, _)| read.contains(&week))); false };
            alternatives(wished, &[], suits);
        }
    }
}
