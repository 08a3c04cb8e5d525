//! The outbox: letters that wait to be sent, written with what they tell, and those that could not be.

use domain::id::EnrollmentId;
use domain::job::Job;
use domain::letter::Letter;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::clock::machine_now;
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

/// How long a letter that was given up is shown to staff, by the machine's clock.
const SHOWN: SignedDuration = SignedDuration::from_hours(90 * 24);
/// The most letters of a shard that are shown.
const LETTERS_SHOWN_MAX: u16 = 20;

/// A letter that was given up: it cannot be written down, or its mail server refuses it for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndeliveredLetter {
    /// The letter.
    pub letter: Letter,
    /// Why nobody got it.
    pub reason: String,
    /// When it was given up, by the school's clock.
    pub given_up_at: Timestamp,
    /// Spreads them over partitions: the shard of its enrollment.
    pub shard: u16,
    /// When the record ends, in seconds since 1970 by the machine's clock.
    pub expires: i64,
}

impl Stored for UndeliveredLetter {
    const KIND: &'static str = "undelivered_letter";

    fn key(&self) -> Key {
        Key::UndeliveredLetter(self.shard, self.given_up_at, self.letter.id())
    }

    fn expires(&self) -> Option<i64> {
        Some(self.expires)
    }
}

impl Store {
    /// The newest letters of each shard that were given up, newest first.
    pub async fn undelivered_letters(&self) -> Result<Vec<UndeliveredLetter>, StoreError> {
        let mut undelivered = Vec::new();
        for shard in 0..self.billing_shards() {
            let query = Query::UndeliveredLetters(shard);
            let page = self.page(&query, Order::Descending, None, LETTERS_SHOWN_MAX).await?;
            for item in page.items {
                undelivered.push(from_attributes::<UndeliveredLetter>(item)?.value);
            }
        }
        undelivered.sort_by_key(|letter| std::cmp::Reverse(letter.given_up_at));
        Ok(undelivered)
    }

    /// The first letters about an enrollment that wait, in the order they were written.
    pub async fn letters(&self, id: EnrollmentId, letters_max: u16) -> Result<Vec<Item<Letter>>, StoreError> {
        let page = self.page(&Query::Letters(id), Order::Ascending, None, letters_max).await?;
        page.items.into_iter().map(from_attributes).collect()
    }
}

impl<R> Transaction<'_, R> {
    /// Writes a letter, and asks for it to be sent.
    pub fn write_letter(self, letter: &Letter, now: Timestamp) -> Self {
        self.write_letters(std::slice::from_ref(letter), now)
    }

    /// Writes letters about one enrollment, and asks for them to be sent.
    pub fn write_letters(self, letters: &[Letter], now: Timestamp) -> Self {
        let Some(Letter { enrollment, .. }) = letters.first() else { return self };
        let transaction = self.enqueue(&Job::SendLetters { enrollment: *enrollment }, now);
        letters.iter().fold(transaction, Transaction::set)
    }

    /// Takes a letter out that nobody can have, and keeps it for staff to look at.
    pub fn give_up_letter(self, letter: &Item<Letter>, gone: R, reason: &str, now: Timestamp) -> Self {
        let undelivered = UndeliveredLetter {
            letter: letter.value.clone(),
            reason: reason.to_owned(),
            given_up_at: now,
            shard: self.shard_of(letter.value.enrollment),
            expires: (machine_now() + SHOWN).as_second(),
        };
        self.remove(letter, gone).set(&undelivered)
    }
}
