//! A mentor's seats: how many students they have, never more than they take (invariant 31).

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::availability::{LocalTime, Weekday};
use crate::id::{EnrollmentId, PersonId};

/// Who has a mentor's seats. A seat is taken from the moment a student is promised the mentor until the
/// mentor has handed over or the student has left; a pause keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seats {
    /// Whose.
    pub mentor: PersonId,
    /// By whom they are taken.
    pub taken: BTreeMap<EnrollmentId, Seat>,
    /// What the last run of the matching found one of them worth: whoever comes in between gets the mentor
    /// of the greatest benefit less this.
    pub price: i64,
}

/// A seat that is taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seat {
    /// Since when.
    pub since: Timestamp,
    /// The date by which it should be free again: when the student's path takes its longest.
    pub frees_by: Option<Date>,
    /// The hour of every week that was found for the two.
    pub hour: Option<WeeklyHour>,
}

/// A time of every week, on the mentor's wall.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct WeeklyHour {
    /// The day.
    pub weekday: Weekday,
    /// When it begins.
    pub local_time: LocalTime,
    /// How long it is.
    pub minutes: u16,
}

/// All of a mentor's seats are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("all {capacity} seats of this mentor are taken")]
pub struct SeatsTaken {
    /// How many there are.
    pub capacity: u32,
}

impl Seats {
    /// Seats that nobody has taken yet.
    pub const fn untaken(mentor: PersonId) -> Self {
        Self { mentor, taken: BTreeMap::new(), price: 0 }
    }

    /// How many are free, of so many.
    pub fn free(&self, capacity: u32) -> u32 {
        capacity.saturating_sub(u32::try_from(self.taken.len()).unwrap_or(u32::MAX))
    }

    /// With a seat taken for an enrollment, if one of so many is free. Who has one keeps it, on the new terms.
    pub fn take(mut self, enrollment: EnrollmentId, seat: Seat, capacity: u32) -> Result<Self, SeatsTaken> {
        if !self.taken.contains_key(&enrollment) && self.free(capacity) == 0 {
            return Err(SeatsTaken { capacity });
        }
        self.taken.insert(enrollment, seat);
        Ok(self)
    }

    /// With an enrollment's seat given back, if it had one.
    #[must_use]
    pub fn give_back(mut self, enrollment: EnrollmentId) -> Self {
        self.taken.remove(&enrollment);
        self
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn enrollment(number: u8) -> EnrollmentId {
        EnrollmentId::derived(&[&number.to_string()])
    }

    const SEAT: Seat = Seat { since: Timestamp::UNIX_EPOCH, frees_by: None, hour: None };

    proptest! {
        /// Whatever is taken and given back, in whatever order and however often.
        #[test]
        fn never_more_are_taken_than_there_are(acts in prop::collection::vec((any::<bool>(), 0_u8..9), 0..60), capacity in 0_u32..6) {
            let mut seats = Seats::untaken(PersonId::derived(&["ines"]));
            let mut model = std::collections::BTreeSet::new();
            for (takes, number) in acts {
                let student = enrollment(number);
                if takes {
                    let fits = model.contains(&number) || model.len() < capacity as usize;
                    let taken = seats.clone().take(student, SEAT, capacity);
                    prop_assert_eq!(taken.is_ok(), fits);
                    if let Ok(taken) = taken {
                        seats = taken;
                        model.insert(number);
                    }
                } else {
                    seats = seats.give_back(student);
                    model.remove(&number);
                }
                prop_assert_eq!(seats.taken.len(), model.len());
                prop_assert_eq!(seats.free(capacity) as usize, capacity as usize - model.len());
            }
        }
    }
}
