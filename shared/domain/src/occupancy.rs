//! A person's week in quarter hours: why nobody is booked twice.
//!
//! There is one [`Occupancy`] per person and ISO [`Week`] in UTC. A booking sets the bits of its
//! [`Slot`] in the weeks of everyone who takes part, in one transaction that is conditional on
//! each week's revision; a bit that is already set refuses it. The role does not matter.

use std::fmt;

use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

mod alternatives;
mod slot;

pub use alternatives::{ALTERNATIVES_MAX, Diary, alternatives, weeks_searched};
pub use slot::{InvalidSlot, InvalidWeek, Quarters, SLOT_MINUTES_MAX, Slot, Week};

/// Quarter hours in a week.
pub const QUARTERS_A_WEEK: u16 = 7 * 24 * 4;
/// Bytes of a week: a bit for each quarter hour.
pub const WEEK_BYTES: usize = QUARTERS_A_WEEK as usize / 8;

/// The quarter hours of one week in which a person is booked.
#[derive(Clone, PartialEq, Eq)]
pub struct Occupancy([u8; WEEK_BYTES]);

/// Somebody already has a booking in this stretch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the time is already taken")]
pub struct SlotTaken;

/// The stretch to be given back was not booked, or not all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the time was not booked")]
pub struct NotReserved;

/// The bytes are not a week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("expected {WEEK_BYTES} bytes, a bit for each quarter hour of a week")]
pub struct InvalidOccupancy;

impl Occupancy {
    /// A week without bookings, which is what a week without an item is.
    pub const FREE: Self = Self([0; WEEK_BYTES]);

    /// Whether nothing is booked in the stretch.
    pub fn is_free(&self, quarters: Quarters) -> bool {
        !quarters.bits().any(|bit| self.is_set(bit))
    }

    /// The week with the stretch booked, if all of it is free.
    pub fn reserve(mut self, quarters: Quarters) -> Result<Self, SlotTaken> {
        for bit in quarters.bits() {
            if self.is_set(bit) {
                return Err(SlotTaken);
            }
            self.0[bit / 8] |= 1 << (bit % 8);
        }
        Ok(self)
    }

    /// The week with the stretch given back, if all of it was booked.
    pub fn release(mut self, quarters: Quarters) -> Result<Self, NotReserved> {
        for bit in quarters.bits() {
            if !self.is_set(bit) {
                return Err(NotReserved);
            }
            self.0[bit / 8] &= !(1 << (bit % 8));
        }
        Ok(self)
    }

    /// Quarter hours booked.
    pub fn booked(&self) -> u32 {
        self.0.iter().map(|byte| byte.count_ones()).sum()
    }

    /// The bitmap; the first quarter hour of Monday is the lowest bit of the first byte.
    pub const fn to_bytes(&self) -> [u8; WEEK_BYTES] {
        self.0
    }

    /// The week that a bitmap stands for.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidOccupancy> {
        bytes.try_into().map(Self).map_err(|_| InvalidOccupancy)
    }

    const fn is_set(&self, bit: usize) -> bool {
        self.0[bit / 8] & (1 << (bit % 8)) != 0
    }
}

impl Default for Occupancy {
    fn default() -> Self {
        Self::FREE
    }
}

impl fmt::Debug for Occupancy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set = (0..usize::from(QUARTERS_A_WEEK)).filter(|bit| self.is_set(*bit));
        f.debug_set().entries(set).finish()
    }
}

impl Serialize for Occupancy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Occupancy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(Bytes)
    }
}

/// Takes bytes, or a list of numbers from formats that have no bytes.
struct Bytes;

impl<'de> Visitor<'de> for Bytes {
    type Value = Occupancy;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{WEEK_BYTES} bytes")
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Occupancy, E> {
        Occupancy::from_bytes(bytes).map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Occupancy, A::Error> {
        let mut bytes = Vec::with_capacity(WEEK_BYTES);
        while let Some(byte) = list.next_element()? {
            if bytes.len() == WEEK_BYTES {
                return Err(de::Error::custom(InvalidOccupancy));
            }
            bytes.push(byte);
        }
        self.visit_bytes(&bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::{SignedDuration, Timestamp};
    use proptest::prelude::*;

    use super::*;

    fn slot(starts_at: &str, minutes: u16) -> Slot {
        Slot::new(starts_at.parse().expect("an instant"), minutes).expect("a slot")
    }

    /// The weeks of one person, each with what is booked in it.
    type Weeks = BTreeMap<Week, Occupancy>;

    fn book(weeks: &Weeks, slot: Slot) -> Result<Weeks, SlotTaken> {
        let mut next = weeks.clone();
        for (week, quarters) in slot.weeks() {
            let booked = next.remove(&week).unwrap_or_default().reserve(quarters)?;
            next.insert(week, booked);
        }
        Ok(next)
    }

    fn give_back(weeks: &Weeks, slot: Slot) -> Result<Weeks, NotReserved> {
        let mut next = weeks.clone();
        for (week, quarters) in slot.weeks() {
            let freed = next.remove(&week).unwrap_or_default().release(quarters)?;
            next.insert(week, freed);
        }
        Ok(next)
    }

    #[test]
    fn a_slot_over_the_weeks_edge_blocks_both_weeks() {
        let edge = slot("2027-03-14T23:45:00Z", 45); // a Sunday
        let weeks = Vec::from_iter(edge.weeks().map(|(week, quarters)| (week.to_string(), quarters.bits())));
        assert_eq!(weeks, [("2027-W10".into(), 671..672), ("2027-W11".into(), 0..2)]);

        let booked = book(&Weeks::new(), edge).expect("free");
        for (taken, minutes) in
            [("2027-03-14T23:30:00Z", 30), ("2027-03-15T00:00:00Z", 15), ("2027-03-15T00:15:00Z", 15)]
        {
            assert_eq!(book(&booked, slot(taken, minutes)), Err(SlotTaken), "{taken}");
        }
        for (free, minutes) in [("2027-03-14T23:30:00Z", 15), ("2027-03-15T00:30:00Z", 60)] {
            assert!(book(&booked, slot(free, minutes)).is_ok(), "{free}");
        }
    }

    #[test]
    fn slots_that_touch_do_not_collide() {
        let weeks = book(&Weeks::new(), slot("2027-03-09T17:00:00Z", 45)).expect("free");
        assert!(book(&weeks, slot("2027-03-09T17:45:00Z", 45)).is_ok());
        assert_eq!(book(&weeks, slot("2027-03-09T17:30:00Z", 45)), Err(SlotTaken));
    }

    #[test]
    fn a_length_rounds_up_to_quarter_hours() {
        let weeks = book(&Weeks::new(), slot("2027-03-09T17:00:00Z", 50)).expect("free");
        assert_eq!(book(&weeks, slot("2027-03-09T17:45:00Z", 15)), Err(SlotTaken));
        assert!(book(&weeks, slot("2027-03-09T18:00:00Z", 15)).is_ok());
    }

    #[test]
    fn what_was_not_booked_cannot_be_given_back() {
        let weeks = book(&Weeks::new(), slot("2027-03-09T17:00:00Z", 45)).expect("free");
        assert_eq!(give_back(&weeks, slot("2027-03-09T17:00:00Z", 60)), Err(NotReserved));
    }

    #[test]
    fn a_week_reads_back_from_bytes_and_from_json() {
        let week = book(&Weeks::new(), slot("2027-03-09T17:00:00Z", 45)).expect("free").into_values().next();
        let week = week.expect("one week");
        assert_eq!(Occupancy::from_bytes(&week.to_bytes()), Ok(week.clone()));
        let json = serde_json::to_string(&week).expect("a list of numbers");
        assert_eq!(serde_json::from_str::<Occupancy>(&json).expect("a week"), week);
        assert_eq!(Occupancy::from_bytes(&[0; 83]), Err(InvalidOccupancy));
        assert!(serde_json::from_str::<Occupancy>("[0, 0]").is_err());
    }

    fn overlap(a: Slot, b: Slot) -> bool {
        a.starts_at() < b.ends_at() && b.starts_at() < a.ends_at()
    }

    proptest! {
        /// Against a list of what is booked: a booking goes through exactly when it meets no other.
        #[test]
        fn nobody_is_booked_twice(acts in prop::collection::vec((any::<bool>(), 0_i64..1400, 1_u16..200), 1..60)) {
            let origin: Timestamp = "2027-03-08T00:00:00Z".parse().expect("an instant");
            let mut weeks = Weeks::new();
            let mut live: Vec<Slot> = Vec::new();
            for (reserve, quarter, minutes) in acts {
                let wanted = Slot::new(origin + SignedDuration::from_mins(15 * quarter), minutes).expect("a slot");
                if reserve {
                    let booked = book(&weeks, wanted);
                    prop_assert_eq!(booked.is_ok(), !live.iter().any(|other| overlap(*other, wanted)));
                    if let Ok(booked) = booked {
                        weeks = booked;
                        live.push(wanted);
                    }
                } else if !live.is_empty() {
                    let given_back = live.swap_remove(usize::from(minutes) % live.len());
                    weeks = give_back(&weeks, given_back).expect("it was booked");
                }
                let booked: u32 = weeks.values().map(Occupancy::booked).sum();
                prop_assert_eq!(booked, live.iter().map(|slot| u32::from(slot.quarters())).sum::<u32>());
            }
        }

        #[test]
        fn giving_back_undoes_booking(quarter in 0_i64..700, minutes in 1_u16..=SLOT_MINUTES_MAX) {
            let origin: Timestamp = "2027-03-08T00:00:00Z".parse().expect("an instant");
            let slot = Slot::new(origin + SignedDuration::from_mins(15 * quarter), minutes).expect("a slot");
            let weeks = give_back(&book(&Weeks::new(), slot).expect("free"), slot).expect("booked");
            prop_assert!(weeks.values().all(|week| *week == Occupancy::FREE));
        }
    }
}
