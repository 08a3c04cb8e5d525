//! Sessions that nobody came to, for staff.

use std::collections::BTreeSet;

use domain::id::SessionId;
use domain::job::Job;
use domain::session::Session;
use domain::statement::Month;
use domain::time::Zone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use crate::clock::machine_now;
use crate::item::{Item, Stored, from_attributes};
use crate::key::{Key, Query};
use crate::store::{Order, Store, StoreError};
use crate::transaction::Transaction;

/// How long staff has a session before it, by the machine's clock.
const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);
/// The most sessions that are put before staff at once, far below a transaction's bound.
const LISTED_AT_ONCE: usize = 40;

/// That nobody came to a session that began then.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Unattended {
    shard: u16,
    starts_at: Timestamp,
    session: SessionId,
}

impl Stored for Unattended {
    const KIND: &'static str = "unattended";

    fn key(&self) -> Key {
        Key::Unattended(self.shard, self.starts_at, self.session)
    }

    fn expires(&self) -> Option<i64> {
        Some((machine_now() + KEPT).as_second())
    }
}

impl Store {
    /// Puts sessions before staff that were not before, and says whether others are left for the next look.
    pub async fn list_unattended(
        &self,
        sessions: &[Session],
        now: Timestamp,
    ) -> Result<(Transaction<'_, ()>, bool), StoreError> {
        let entry = |session: &Session| Unattended {
            shard: self.queue.shard(session.id.uuid()),
            starts_at: session.starts_at,
            session: session.id,
        };
        let entries = Vec::from_iter(sessions.iter().map(entry));
        let known = self.existing(&Vec::from_iter(entries.iter().map(Stored::key))).await?;
        let new = entries.iter().filter(|entry| !known.contains(&entry.key().parts()));
        let new = Vec::from_iter(new);
        let listed = new.iter().take(LISTED_AT_ONCE);
        let transaction = listed.fold(self.transaction(), |transaction, entry| {
            transaction.set(*entry).audit(&Key::Session(entry.session), "find_unattended", "worker", now)
        });
        Ok((transaction, new.len() > LISTED_AT_ONCE))
    }

    /// A page of a shard of the sessions that were put before staff, the latest first, as they stand now, and
    /// where the next one begins.
    pub async fn unattended(
        &self,
        shard: u16,
        after: Option<&str>,
        items_max: u16,
    ) -> Result<(Vec<Item<Session>>, Option<String>), StoreError> {
        let page = self.page(&Query::Unattended(shard), Order::Descending, after, items_max).await?;
        let of = |item| Ok(Key::Session(from_attributes::<Unattended>(item)?.value.session));
        let keys: Vec<Key> = page.items.into_iter().map(of).collect::<Result<_, StoreError>>()?;
        Ok((self.get_many(&keys).await?, page.next))
    }
}

impl<R> Transaction<'_, R> {
    /// Asks for a look at the sessions that are to be held at a new time, once they are over: one for each
    /// person and month, from its second day on, whichever session was booked first.
    pub(crate) fn finds_unattended<'a>(self, sessions: impl Iterator<Item = &'a Session>) -> Self {
        let month = |session: &Session| Month::of(Zone::utc().date_at(session.starts_at));
        let looks = sessions.map(|session| (session.with, month(session)));
        // A transaction touches a job once.
        let looks = BTreeSet::from_iter(looks);
        looks.into_iter().fold(self, |transaction, (person, month)| {
            let begins = Zone::utc().start_of(month.first().saturating_add(1.day()));
            transaction.enqueue(&Job::FindUnattended { person, month }, begins.unwrap_or(Timestamp::MIN))
        })
    }
}
