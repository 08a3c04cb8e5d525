//! A mentor who leaves: with notice, and with a date by which every student has another one.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::id::PersonId;
use crate::permission::{Relation, Subject};
use crate::time::Zone;

/// That a mentor leaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Departure {
    /// Who.
    pub mentor: PersonId,
    /// The first date without them, on their own calendar.
    pub leaves_on: Date,
    /// When it was said.
    pub said_at: Timestamp,
    /// Students who had no other mentor when it was last looked.
    pub unplaced: u64,
}

/// The longest notice: a year.
pub const NOTICE_DAYS_MAX: i64 = 366;

/// Why a date of leaving cannot be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DepartureRefused {
    /// Today or before: nobody can be found in time.
    #[error("expected a date after today, {today}, and within a year")]
    Date {
        /// The date on the mentor's own calendar.
        today: Date,
    },
}

impl Departure {
    /// The departure of a mentor who gives notice, or gives another date.
    pub fn announced(
        mentor: PersonId,
        leaves_on: Date,
        zone: &Zone,
        now: Timestamp,
    ) -> Result<Self, DepartureRefused> {
        let today = zone.date_at(now);
        let last = today.saturating_add(jiff::ToSpan::days(NOTICE_DAYS_MAX));
        if leaves_on <= today || last < leaves_on {
            return Err(DepartureRefused::Date { today });
        }
        Ok(Self { mentor, leaves_on, said_at: now, unplaced: 0 })
    }
}

impl Subject for Departure {
    fn relations(&self, person: PersonId, _now: Timestamp) -> Vec<Relation> {
        if person == self.mentor { vec![Relation::Owner] } else { Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn notice_is_given_before_the_day() {
        let now = "2027-03-01T09:00:00Z".parse().expect("an instant");
        let announced =
            |on| Departure::announced(PersonId::derived(&["ines"]), on, &Zone::utc(), now).is_ok();
        assert!(!announced(date(2027, 3, 1)));
        assert!(announced(date(2027, 3, 2)));
        assert!(announced(date(2028, 3, 1)));
        assert!(!announced(date(2028, 3, 2)));
    }
}
