//! What a market's legal entity pays mentors, coaches and jurors, from a date on.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Country, Level, Share};
use crate::money::Money;

/// What is paid for sessions and defenses from a date on, until the market's next tariff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tariff {
    /// The market whose legal entity pays.
    pub market: Country,
    /// 1 for the market's first, then 2, 3, ...; what a line of a statement names.
    pub version: u32,
    /// The first date whose work it pays.
    pub since: Date,
    /// The length, in minutes, that the amounts for a session are for.
    pub session_minutes: u32,
    /// Share that is paid when the student does not come.
    pub no_show_share: Share,
    /// Share that is paid when the student calls a session off too late.
    pub late_cancel_share: Share,
    /// The amounts, one entry for each level.
    pub levels: Vec<TariffLevel>,
    /// The contract or decision behind it.
    pub source: String,
}

/// What is paid for work on projects of a level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TariffLevel {
    /// Of which level.
    pub level: Level,
    /// For a session of [`Tariff::session_minutes`]; other lengths are paid by the minute.
    pub session: Money,
    /// For a defense, however long.
    pub defense: Money,
}

impl Tariff {
    /// The tariff that pays the work of a date: the latest that began by then.
    pub fn on(tariffs: &[Self], date: Date) -> Option<&Self> {
        tariffs.iter().filter(|tariff| tariff.since <= date).max_by_key(|tariff| tariff.since)
    }

    /// The amounts for a level.
    pub fn level(&self, level: Level) -> Option<&TariffLevel> {
        self.levels.iter().find(|amounts| amounts.level == level)
    }
}

impl Share {
    /// Whether it is a part of a whole: none of it, some, or all.
    pub const fn is_part(self) -> bool {
        self.denominator > 0 && self.numerator <= self.denominator
    }
}
