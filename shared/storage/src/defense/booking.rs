//! The time that a step of a defense takes of its people, or gives back.

use domain::defense::{Booking, Settled};
use domain::occupancy::{Slot, SlotTaken, alternatives, weeks_searched};
use thiserror::Error;

use crate::occupancy::Diaries;
use crate::store::{Store, StoreError};

/// Why a time could not be booked.
#[derive(Debug, Error)]
pub enum BookingRefused {
    /// Somebody has something else then.
    #[error(transparent)]
    Taken(#[from] SlotTaken),
    /// The weeks could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// The weeks that a step touches, with its times given back and taken: nothing is read where
    /// it touches none.
    pub async fn rebooked(&self, settled: &Settled) -> Result<Diaries, BookingRefused> {
        let bookings = [settled.freed, settled.booked];
        if bookings == [None, None] {
            return Ok(Diaries::default());
        }
        let mut people: Vec<_> = bookings.iter().flatten().flat_map(|booking| booking.people).collect();
        people.sort_unstable();
        people.dedup();
        let weeks = bookings.iter().flatten().flat_map(|booking| booking.slot.weeks());
        let diaries = self.diaries(&people, weeks.map(|(week, _)| week)).await?;
        let diaries = given_back(diaries, settled.freed)?;
        match settled.booked {
            Some(Booking { slot, people }) => Ok(diaries.reserve(&people, slot)?),
            None => Ok(diaries),
        }
    }

    /// The next times that are free for everyone where a step's time is taken, and that `suits` allows.
    pub async fn other_times(
        &self,
        settled: &Settled,
        suits: impl Fn(Slot) -> bool,
    ) -> Result<Vec<Slot>, StoreError> {
        let Some(Booking { slot, people }) = settled.booked else { return Ok(Vec::new()) };
        let diaries = self.diaries(&people, weeks_searched(slot)).await?;
        let diaries = people.map(|person| diaries.of(person));
        Ok(alternatives(slot, &diaries, suits))
    }
}

fn given_back(diaries: Diaries, freed: Option<Booking>) -> Result<Diaries, StoreError> {
    let Some(Booking { slot, people }) = freed else { return Ok(diaries) };
    diaries.release(&people, slot).map_err(|_| StoreError::Missing("a booked time"))
}
