//! The outbox: letters that wait to be sent, written with what they tell.

use domain::id::EnrollmentId;
use domain::job::Job;
use domain::letter::Letter;
use jiff::Timestamp;

use crate::item::{Item, Stored, from_attributes};
use crate::key::{Key, Query};
use crate::store::{Order, Store, StoreError};
use crate::transaction::Transaction;

impl Stored for Letter {
    const KIND: &'static str = "letter";

    fn key(&self) -> Key {
        Key::Letter(self.enrollment, self.at, self.about.rank(), self.id())
    }
}

impl Store {
    /// The first letters about an enrollment that wait, in the order they were written.
    pub async fn letters(&self, id: EnrollmentId, letters_max: u16) -> Result<Vec<Item<Letter>>, StoreError> {
        let page = self.page(&Query::Letters(id), Order::Ascending, None, letters_max).await?;
        page.items.into_iter().map(from_attributes).collect()
    }
}

impl<R> Transaction<'_, R> {
    /// Writes a letter, and asks for it to be sent.
    pub fn write_letter(self, letter: &Letter, now: Timestamp) -> Self {
        self.set(letter).enqueue(&Job::SendLetters { enrollment: letter.enrollment }, now)
    }
}
