//! A week in quarter hours: when somebody could meet in it.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan};

use crate::availability::{Availability, LocalTime};
use crate::occupancy::{Occupancy, QUARTERS_A_WEEK, Week};
use crate::seat::WeeklyHour;
use crate::time::Zone;

const WORDS: usize = 11;
const QUARTERS: usize = QUARTERS_A_WEEK as usize;
const QUARTER: SignedDuration = SignedDuration::from_mins(15);

/// The quarter hours of a week, from Monday 00:00Z, in which somebody could meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours([u64; WORDS]);

impl Hours {
    /// No hour at all.
    pub const NONE: Self = Self([0; WORDS]);

    /// The hours of a week that an availability leaves open. A quarter that is open in part is not.
    pub fn open(availability: &Availability, week: Week) -> Self {
        let zone = &availability.time_zone;
        let mut hours = Self::NONE;
        let mut date = week.monday().saturating_sub(1.day());
        // The week in UTC touches nine dates of any zone.
        for _ in 0..9 {
            hours.add_date(availability, zone, week, date);
            date = date.saturating_add(1.day());
        }
        hours
    }

    fn add_date(&mut self, availability: &Availability, zone: &Zone, week: Week, date: Date) {
        let instant = |time: Option<LocalTime>| match time {
            Some(time) => zone.occurrence(date.to_datetime(time.time())).map(|it| it.starts_at),
            None => zone.start_of(date.saturating_add(1.day())),
        };
        if availability.is_away(date) {
            return;
        }
        if let (Ok(begins), Ok(ends)) = (zone.start_of(date), instant(None))
            && zone.offset_at(begins) != zone.offset_at(ends)
        {
            return self.add_odd_date(availability, week, (begins, ends));
        }
        let weekday = date.weekday();
        for window in &availability.weekly {
            if jiff::civil::Weekday::from(window.weekday) != weekday {
                continue;
            }
            if let (Ok(from), Ok(to)) = (instant(Some(window.from)), instant(window.to.of_the_day())) {
                self.set(inner(week, from, to));
            }
        }
        for exception in availability.exceptions.iter().filter(|exception| exception.date == date) {
            let Some((from, to)) = exception.span(zone) else { continue };
            if exception.available {
                self.set(inner(week, from, to))
            } else {
                self.clear(outer(week, from, to))
            }
        }
    }

    /// A date on which the clocks change is asked quarter by quarter: its wall shows times twice, or never.
    fn add_odd_date(
        &mut self,
        availability: &Availability,
        week: Week,
        (begins, ends): (Timestamp, Timestamp),
    ) {
        let (first, behind) = outer(week, begins, ends);
        for quarter in first..behind {
            let begins = week.begins_at() + QUARTER * i32::try_from(quarter).unwrap_or(0);
            if availability.covers(begins, begins + QUARTER) {
                self.set((quarter, quarter + 1));
            }
        }
    }

    /// From early to late on every day, on the wall of a zone: of somebody who has said nothing.
    pub fn waking(zone: &Zone, week: Week, [from, to]: [LocalTime; 2]) -> Self {
        let mut hours = Self::NONE;
        let mut date = week.monday().saturating_sub(1.day());
        for _ in 0..9 {
            let instant = |time: LocalTime| zone.occurrence(date.to_datetime(time.time()));
            if let (Ok(from), Ok(to)) = (instant(from), instant(to)) {
                hours.set(inner(week, from.starts_at, to.starts_at));
            }
            date = date.saturating_add(1.day());
        }
        hours
    }

    /// Without what is booked in the week.
    #[must_use]
    pub fn without(mut self, booked: &Occupancy) -> Self {
        for (byte, bits) in booked.to_bytes().iter().enumerate() {
            self.0[byte / 8] &= !(u64::from(*bits) << (8 * (byte % 8)));
        }
        self
    }

    /// Without a time of every week.
    #[must_use]
    pub fn without_hour(mut self, hour: &WeeklyHour, zone: &Zone, week: Week) -> Self {
        let weekday = jiff::civil::Weekday::from(hour.weekday);
        let mut date = week.monday().saturating_sub(1.day());
        for _ in 0..9 {
            if date.weekday() == weekday
                && let Ok(begins) = zone.occurrence(date.to_datetime(hour.local_time.time()))
            {
                let ends = begins.starts_at + SignedDuration::from_mins(i64::from(hour.minutes));
                self.clear(outer(week, begins.starts_at, ends));
            }
            date = date.saturating_add(1.day());
        }
        self
    }

    /// The hours that both have.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        for (word, others) in self.0.iter_mut().zip(&other.0) {
            *word &= others;
        }
        self
    }

    /// Quarter hours at which a meeting of so many quarters can begin.
    pub fn starts(&self, quarters: usize) -> Self {
        let mut starts = *self;
        for shift in 1..quarters {
            let later = self.shifted(shift);
            starts = starts.and(&later);
        }
        starts
    }

    /// Each quarter as the one `shift` quarters later is.
    fn shifted(&self, shift: usize) -> Self {
        let (words, bits) = (shift / 64, shift % 64);
        let mut shifted = [0; WORDS];
        for (index, word) in shifted.iter_mut().enumerate() {
            let at = |index: usize| self.0.get(index).copied().unwrap_or(0);
            let low = at(index + words) >> bits;
            let high = if bits == 0 { 0 } else { at(index + words + 1) << (64 - bits) };
            *word = low | high;
        }
        Self(shifted)
    }

    /// Whether no quarter is left.
    pub fn is_empty(&self) -> bool {
        self.0 == [0; WORDS]
    }

    /// Whether a meeting of so many quarters can be held from a quarter on.
    pub fn holds(&self, start: usize, quarters: usize) -> bool {
        (start..start + quarters).all(|quarter| self.is_set(quarter))
    }

    /// Without some quarters.
    pub fn take(&mut self, start: usize, quarters: usize) {
        self.clear((start, (start + quarters).min(QUARTERS)));
    }

    /// The quarters, in order.
    pub fn quarters(&self) -> impl Iterator<Item = usize> + '_ {
        (0..QUARTERS).filter(|quarter| self.is_set(*quarter))
    }

    /// Times, one behind the other, at which meetings of so many quarters could be held.
    pub fn slots(&self, quarters: usize) -> Vec<usize> {
        let mut slots = Vec::new();
        let mut next = 0;
        for start in self.starts(quarters).quarters() {
            if next <= start {
                slots.push(start);
                next = start + quarters;
            }
        }
        slots
    }

    fn is_set(&self, quarter: usize) -> bool {
        quarter < QUARTERS && self.0[quarter / 64] & (1 << (quarter % 64)) != 0
    }

    fn set(&mut self, (from, to): (usize, usize)) {
        for quarter in from..to {
            self.0[quarter / 64] |= 1 << (quarter % 64);
        }
    }

    fn clear(&mut self, (from, to): (usize, usize)) {
        for quarter in from..to {
            self.0[quarter / 64] &= !(1 << (quarter % 64));
        }
    }
}

/// The quarters of a week that lie in a span as a whole.
fn inner(week: Week, from: Timestamp, to: Timestamp) -> (usize, usize) {
    let begin = seconds(week, from);
    (
        clamp((begin + QUARTER.as_secs() - 1).div_euclid(QUARTER.as_secs())),
        clamp(seconds(week, to).div_euclid(QUARTER.as_secs())),
    )
}

/// The quarters of a week that a span touches.
fn outer(week: Week, from: Timestamp, to: Timestamp) -> (usize, usize) {
    let end = seconds(week, to);
    (
        clamp(seconds(week, from).div_euclid(QUARTER.as_secs())),
        clamp((end + QUARTER.as_secs() - 1).div_euclid(QUARTER.as_secs())),
    )
}

fn seconds(week: Week, instant: Timestamp) -> i64 {
    week.begins_at().duration_until(instant).as_secs()
}

fn clamp(quarter: i64) -> usize {
    usize::try_from(quarter.max(0)).unwrap_or(0).min(QUARTERS)
}

/// The time of every week that a quarter of one week stands for, on the wall of a zone.
pub fn weekly_hour(quarter: usize, minutes: u16, zone: &Zone, week: Week) -> WeeklyHour {
    let begins = week.begins_at() + QUARTER * i32::try_from(quarter).unwrap_or(0);
    let wall = zone.wall_time_at(begins);
    WeeklyHour { weekday: wall.date().weekday().into(), local_time: LocalTime::of(wall.time()), minutes }
}
