//! A person's private feed: an address that only they know, under which calendars read their sessions.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::digest::Sha256Hex;
use crate::id::PersonId;
use crate::permission::{Relation, Subject};

/// Whether, and to whom, a person's feed is open. The secret itself is not kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalendarFeed {
    /// Whose sessions.
    pub person: PersonId,
    /// The sum of the secret that opens it; nothing opens it without one.
    pub secret: Option<Sha256Hex>,
}

/// How long a session stays in a feed after it began.
const SHOWN_DAYS: i64 = 30;

/// The most sessions in a feed, the earliest first: more than anybody holds in twelve weeks.
pub const FEED_SESSIONS_MAX: u16 = 500;

/// The most pages of them that a feed shows: a full week of half-hours, from a month back to eight weeks ahead, with
/// what was called off.
pub const FEED_PAGES_MAX: usize = 4;

/// The defenses that were asked for last that are looked at for a feed: more than the caps let anybody judge from a
/// month back on, asked for weeks before.
pub const FEED_DEFENSES_MAX: u16 = 200;

impl CalendarFeed {
    /// A feed that nothing opens.
    pub const fn closed(person: PersonId) -> Self {
        Self { person, secret: None }
    }

    /// The feed that this secret opens, and no earlier one.
    pub fn opened_by(self, secret: &str) -> Self {
        Self { secret: Some(Sha256Hex::of(secret.as_bytes())), ..self }
    }

    /// Whether a secret opens it.
    pub fn opens_with(&self, secret: &str) -> bool {
        self.secret == Some(Sha256Hex::of(secret.as_bytes()))
    }

    /// The begin of the earliest session that it shows at `now`; all that are booked ahead follow.
    pub fn shows_from(now: Timestamp) -> Timestamp {
        now.checked_sub(SignedDuration::from_hours(24 * SHOWN_DAYS)).unwrap_or(Timestamp::MIN)
    }
}

impl Subject for CalendarFeed {
    fn relations(&self, person: PersonId, _now: Timestamp) -> Vec<Relation> {
        if person == self.person { vec![Relation::Owner] } else { Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_secret_opens_a_feed() {
        let feed = CalendarFeed::closed(PersonId::derived(&["ana"]));
        assert!(!feed.opens_with("") && !feed.opens_with("one"));
        let feed = feed.opened_by("one");
        assert!(feed.opens_with("one") && !feed.opens_with("two"));
        let feed = feed.opened_by("two");
        assert!(feed.opens_with("two") && !feed.opens_with("one"));
    }
}
