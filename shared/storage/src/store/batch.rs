//! Many items at once, each by its key.

use std::collections::{HashMap, HashSet};

use aws_sdk_dynamodb::types::KeysAndAttributes;

use super::{Store, StoreError, count_one};
use crate::item::{Attributes, Item, Stored, from_attributes, text};
use crate::key::Key;
use crate::transaction::pause;

/// The most items one batch call reads.
const BATCH_ITEMS_MAX: usize = 100;
/// Numbers read at once of what is numbered without a gap; most things have fewer.
const NUMBERS_A_READ: u32 = 10;
/// Rounds of a batch read before it counts as unavailable.
const BATCH_ROUNDS_MAX: u32 = 8;

/// Items by where they stand.
pub(crate) struct Found(HashMap<(String, String), Attributes>);

impl Found {
    /// Those of one kind at these keys, in their order; what is not there is left out.
    pub(crate) fn take<T: Stored>(&mut self, keys: &[Key]) -> Result<Vec<Item<T>>, StoreError> {
        keys.iter().filter_map(|key| self.0.remove(&key.parts())).map(from_attributes).collect()
    }
}

impl Store {
    /// The items of one kind at these keys, in their order; what is not there is left out.
    pub async fn get_many<T: Stored>(&self, keys: &[Key]) -> Result<Vec<Item<T>>, StoreError> {
        self.find(keys).await?.take(keys)
    }

    /// The items at these keys, of any kind.
    pub(crate) async fn find(&self, keys: &[Key]) -> Result<Found, StoreError> {
        let place = |item: Attributes| Some(((text(&item, "pk").ok()?, text(&item, "sk").ok()?), item));
        let mut found = HashMap::with_capacity(keys.len());
        for batch in keys.chunks(BATCH_ITEMS_MAX) {
            found.extend(self.batch_of(batch, None).await?.into_iter().filter_map(place));
        }
        Ok(Found(found))
    }

    /// The items of one kind at the keys of the numbers from 1 on, until one is not there.
    pub(crate) async fn numbered<T: Stored>(
        &self,
        key: impl Fn(u32) -> Key,
    ) -> Result<Vec<Item<T>>, StoreError> {
        let mut found = Vec::new();
        for first in (1..).step_by(NUMBERS_A_READ as usize) {
            let keys = Vec::from_iter((first..first + NUMBERS_A_READ).map(&key));
            let page = self.get_many(&keys).await?;
            let is_last = page.len() < keys.len();
            found.extend(page);
            if is_last {
                break;
            }
        }
        Ok(found)
    }

    /// Which of these keys something stands at, without reading what.
    pub(crate) async fn existing(&self, keys: &[Key]) -> Result<HashSet<(String, String)>, StoreError> {
        let mut found = HashSet::with_capacity(keys.len());
        for batch in keys.chunks(BATCH_ITEMS_MAX) {
            for item in self.batch_of(batch, Some("pk, sk")).await? {
                found.insert((text(&item, "pk")?, text(&item, "sk")?));
            }
        }
        Ok(found)
    }

    async fn batch_of(&self, keys: &[Key], projection: Option<&str>) -> Result<Vec<Attributes>, StoreError> {
        let mut items = Vec::new();
        let mut rest: Vec<Attributes> = keys.iter().map(Key::attributes).collect();
        for round in 0..BATCH_ROUNDS_MAX {
            if rest.is_empty() {
                return Ok(items);
            }
            if round > 0 {
                // What was left unread was throttled: full jitter, as for a transaction.
                tokio::time::sleep(pause(round)).await;
            }
            count_one();
            let wanted = KeysAndAttributes::builder().set_keys(Some(rest)).consistent_read(true);
            let wanted = wanted.set_projection_expression(projection.map(str::to_owned)).build();
            let call = self.client.batch_get_item().request_items(&*self.table, wanted?);
            let answer = call.send().await.map_err(|error| StoreError::call(&error))?;
            items.extend(
                answer.responses.into_iter().flat_map(|mut tables| tables.remove(&*self.table)).flatten(),
            );
            let unread = answer.unprocessed_keys.and_then(|mut tables| tables.remove(&*self.table));
            rest = unread.map(|unread| unread.keys).unwrap_or_default();
        }
        Err(StoreError::Unavailable("a batch was not read whole".into()))
    }
}
