//! The catalog's editions as students hold them: a version, once loaded, never changes in what is learned.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use aws_sdk_dynamodb::types::AttributeValue;
use domain::catalog::{Prospectus, VersionHeld};
use domain::id::EditionId;
use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use crate::clock::machine_now;
use crate::item::{Item, Stored, number};
use crate::key::{Key, Query};
use crate::store::{Store, StoreError};
use crate::transaction::Refused;

/// Numbers of policy that stood in the code before schema 2, with the values they had.
const NUMBERS_BEFORE_2: [(&str, u64); 10] = [
    ("session_minutes_min", 15),
    ("session_minutes_max", 180),
    ("join_early_minutes", 15),
    ("report_hours", 24),
    ("defense_minutes_min", 15),
    ("defense_minutes_max", 180),
    ("defense_early_minutes", 10),
    ("defense_late_minutes", 60),
    ("defense_no_show_minutes", 15),
    ("recording_hours", 24),
];

impl Stored for Prospectus {
    const KIND: &'static str = "edition";
    const SCHEMA: u32 = 2;

    fn upcast(schema: u32, mut value: AttributeValue) -> AttributeValue {
        if schema == 1
            && let AttributeValue::M(edition) = &mut value
            && let Some(AttributeValue::L(policies)) = edition.get_mut("policies")
        {
            for policy in policies {
                let AttributeValue::M(policy) = policy else { continue };
                for (name, minutes_or_hours) in NUMBERS_BEFORE_2 {
                    let source = AttributeValue::S("School policy of January 2026".into());
                    let number = HashMap::from([
                        ("value".into(), number(minutes_or_hours)),
                        ("source".into(), source),
                    ]);
                    policy.entry(name.into()).or_insert(AttributeValue::M(number));
                }
            }
        }
        value
    }

    fn key(&self) -> Key {
        Key::Edition(self.edition.id.clone(), self.edition.version)
    }
}

/// The most versions of editions a catalog holds.
pub const VERSIONS_MAX: u16 = 1_000;

/// Why a version was not loaded.
#[derive(Debug, Error)]
pub enum LoadRefused {
    /// Students hold it otherwise.
    #[error(transparent)]
    Held(#[from] VersionHeld),
    /// Another process loads the catalog at the same moment.
    #[error("the catalog was loaded at the same moment: try again")]
    Changed,
    /// The store did not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How old a version that is kept in memory may be, by the machine's clock.
const EDITION_KEPT: SignedDuration = SignedDuration::from_secs(30);
/// The most versions kept in memory; more are read from the table each time.
const EDITIONS_KEPT: usize = 64;

/// Versions that this process has read, and when.
#[derive(Debug, Default)]
pub(crate) struct KeptEditions(RwLock<BTreeMap<(EditionId, u32), KeptEdition>>);

type KeptEdition = (Timestamp, Arc<Prospectus>);

impl Store {
    /// Loads an edition's version, or again with its dated lists as they are now. Nothing is
    /// written where nothing changed.
    pub async fn load_edition(&self, prospectus: &Prospectus) -> Result<(), LoadRefused> {
        let kept: Option<Item<Prospectus>> = self.get(&prospectus.key()).await?;
        let item = match kept {
            Some(kept) if kept.value == *prospectus => return Ok(()),
            Some(kept) => {
                kept.value.may_become(prospectus)?;
                kept.with(prospectus.clone())
            }
            None => Item::new(prospectus.clone()),
        };
        match self.transaction().save(&item, ()).commit().await {
            Ok(()) => Ok(()),
            Err(Refused::Store(error)) => Err(error.into()),
            Err(_) => Err(LoadRefused::Changed),
        }
    }

    /// Every version of every edition, by edition, oldest first.
    pub async fn editions(&self) -> Result<Vec<Prospectus>, StoreError> {
        let items = self.list::<Prospectus>(&Query::Editions, VERSIONS_MAX).await?;
        Ok(items.into_iter().map(|item| item.value).collect())
    }

    /// One version of an edition as it was a short while ago at most: for the policies that something is judged
    /// by, which hold from a date.
    pub async fn edition_lately(
        &self,
        id: &EditionId,
        version: u32,
    ) -> Result<Option<Arc<Prospectus>>, StoreError> {
        let (key, now) = ((id.clone(), version), machine_now());
        let kept = self.editions.0.read().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some((at, prospectus)) = kept
            && now < at + EDITION_KEPT
        {
            return Ok(Some(prospectus));
        }
        let Some(prospectus) = self.edition(id, version).await?.map(Arc::new) else { return Ok(None) };
        let mut editions = self.editions.0.write().unwrap_or_else(PoisonError::into_inner);
        if editions.len() < EDITIONS_KEPT || editions.contains_key(&key) {
            editions.insert(key, (now, prospectus.clone()));
        }
        Ok(Some(prospectus))
    }

    /// One version of an edition.
    pub async fn edition(&self, id: &EditionId, version: u32) -> Result<Option<Prospectus>, StoreError> {
        let item: Option<Item<Prospectus>> = self.get(&Key::Edition(id.clone(), version)).await?;
        Ok(item.map(|item| item.value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(names: &[&str]) -> AttributeValue {
        let numbers = names.iter().map(|name| ((*name).to_owned(), AttributeValue::Bool(true)));
        AttributeValue::M(numbers.collect())
    }

    #[test]
    fn a_policy_of_schema_1_gets_the_numbers_that_were_in_force() {
        let edition =
            HashMap::from([("policies".to_owned(), AttributeValue::L(vec![policy(&["quote_days"])]))]);
        let AttributeValue::M(edition) = Prospectus::upcast(1, AttributeValue::M(edition)) else {
            panic!("no edition");
        };
        let AttributeValue::L(policies) = &edition["policies"] else { panic!("no policies") };
        let AttributeValue::M(policy) = &policies[0] else { panic!("no policy") };
        assert_eq!(policy.len(), 1 + NUMBERS_BEFORE_2.len());
        assert_eq!(policy["quote_days"], AttributeValue::Bool(true), "what is there stays");
        let AttributeValue::M(hours) = &policy["report_hours"] else { panic!("no number") };
        assert_eq!(hours["value"], number(24));
    }
}
