//! The catalog's editions as students hold them: a version, once loaded, never changes in what is learned.

use domain::catalog::{Prospectus, VersionHeld};
use domain::id::EditionId;
use thiserror::Error;

use crate::item::{Item, Stored};
use crate::key::{Key, Query};
use crate::store::{Store, StoreError};
use crate::transaction::Refused;

impl Stored for Prospectus {
    const KIND: &'static str = "edition";

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

    /// One version of an edition.
    pub async fn edition(&self, id: &EditionId, version: u32) -> Result<Option<Prospectus>, StoreError> {
        let item: Option<Item<Prospectus>> = self.get(&Key::Edition(id.clone(), version)).await?;
        Ok(item.map(|item| item.value))
    }
}
