//! Who may read a person's sessions as a feed.

use domain::ics::CalendarFeed;
use domain::id::PersonId;
use domain::permission::Loaded;

use crate::item::{Item, Stored};
use crate::key::Key;
use crate::store::{Store, StoreError};
use crate::transaction::Transaction;

impl Stored for CalendarFeed {
    const KIND: &'static str = "calendar_feed";

    fn key(&self) -> Key {
        Key::CalendarFeed(self.person)
    }
}

impl Store {
    /// A person's feed, closed where it was never opened.
    pub async fn calendar_feed(&self, person: PersonId) -> Result<Loaded<Item<CalendarFeed>>, StoreError> {
        let kept = self.get(&Key::CalendarFeed(person)).await?;
        Ok(self.loaded(kept.unwrap_or(Item::new(CalendarFeed::closed(person)))))
    }

    /// Opens or closes a feed.
    pub fn keep_calendar_feed<R>(&self, feed: &Item<CalendarFeed>, changed: R) -> Transaction<'_, R> {
        self.transaction().save(feed, changed)
    }
}
