//! The tariff of scenario S8, and the people it pays, for tests.

use jiff::civil::{Date, date};

use crate::catalog::fixture::word;
use crate::catalog::{Level, Share, Tariff, TariffLevel};
use crate::money::{Currency, Money};

pub(crate) fn level(number: u8) -> Level {
    Level::try_from(number).expect("a level")
}

/// A session of 45 minutes at level 2 is EUR 35.00.
pub(crate) fn tariff() -> Tariff {
    let half = Share { numerator: 1, denominator: 2 };
    let euros = |amount: i64| Money::minor(amount * 100, Currency::Eur);
    let amounts = |number, session, defense| TariffLevel {
        level: level(number),
        session: euros(session),
        defense: euros(defense),
    };
    Tariff {
        market: word("FR"),
        version: 1,
        since: date(2026, 1, 1),
        session_minutes: 45,
        no_show_share: half,
        late_cancel_share: half,
        levels: vec![amounts(1, 30, 45), amounts(2, 35, 55), amounts(3, 40, 65)],
        source: "School tariff".into(),
    }
}

/// The next tariff: EUR 40.00.
pub(crate) fn raised(since: Date) -> Tariff {
    let mut tariff = Tariff { version: 2, since, ..tariff() };
    tariff.levels[1].session = Money::minor(4_000, Currency::Eur);
    tariff
}
