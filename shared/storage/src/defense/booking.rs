//! The time that a step of a defense takes of its people, or gives back.

use domain::defense::{Booking, Judging, Settled};
use domain::jury::{CapReached, Caps};
use domain::occupancy::{Slot, SlotTaken, Week, alternatives, weeks_searched};
use domain::time::Zone;
use thiserror::Error;

use crate::occupancy::Diaries;
use crate::store::{Store, StoreError};

/// Why a time could not be booked.
#[derive(Debug, Error)]
pub enum BookingRefused {
    /// Somebody has something else then.
    #[error(transparent)]
    Taken(#[from] SlotTaken),
    /// The juror judges as many as anyone may.
    #[error(transparent)]
    Capped(#[from] CapReached),
    /// The weeks could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// The weeks that a step touches, with its times given back and taken, and with what its juror judges:
    /// nothing is read where it touches none.
    pub async fn rebooked(&self, settled: &Settled) -> Result<Diaries, BookingRefused> {
        let bookings = [settled.freed, settled.booked];
        let counts = [settled.uncounted, settled.counted];
        if bookings == [None, None] && counts == [None, None] {
            return Ok(Diaries::default());
        }
        let jurors = counts.iter().flatten().map(|judging| judging.juror);
        let mut people: Vec<_> =
            bookings.iter().flatten().flat_map(|booking| booking.people).chain(jurors).collect();
        people.sort_unstable();
        people.dedup();
        let zone = match settled.counted {
            Some(judging) => self.availability_for_booking(judging.juror).await?.time_zone,
            None => Zone::utc(),
        };
        let weeks = bookings.iter().flatten().flat_map(|booking| booking.slot.weeks()).map(|(week, _)| week);
        let counted = settled.counted.iter().flat_map(|judging| Caps::weeks(judging.starts_at, &zone));
        let uncounted = settled.uncounted.iter().map(|judging| Week::of(judging.starts_at));
        let diaries = self.diaries(&people, weeks.chain(counted).chain(uncounted)).await?;
        let diaries = given_back(diaries, settled.freed)?;
        let diaries = match settled.uncounted {
            Some(Judging { juror, starts_at }) => diaries.judges_no_more(juror, starts_at),
            None => diaries,
        };
        let diaries = match settled.counted {
            Some(Judging { juror, starts_at }) => {
                diaries.judges(juror, starts_at, &zone, settled.defense.policy().caps())?
            }
            None => diaries,
        };
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
