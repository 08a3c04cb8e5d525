//! Editions through a bounded cache: the list and each version are read again after a while, for what is
//! dated (recognitions, accreditations, prices) may have been added to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};

use domain::catalog::{EditionState, Prospectus};
use domain::id::EditionId;
use jiff::{SignedDuration, Timestamp};

use crate::call::Call;
use crate::problem::{Code, Problem};

/// How old the list may be, by the machine's clock.
const LIST_KEPT: SignedDuration = SignedDuration::from_secs(30);
/// How old a version may be, by the machine's clock.
const VERSION_KEPT: SignedDuration = SignedDuration::from_mins(5);
/// The most versions kept in memory; more are read from the table each time.
const VERSIONS_KEPT: usize = 64;

/// The editions that this process has read.
#[derive(Debug, Default)]
pub struct Editions {
    listed: RwLock<Option<Listed>>,
    versions: RwLock<BTreeMap<(EditionId, u32), Kept>>,
}

/// A version, and when it was read.
#[derive(Debug, Clone)]
struct Kept {
    at: Timestamp,
    prospectus: Arc<Prospectus>,
}

#[derive(Debug, Clone)]
struct Listed {
    at: Timestamp,
    /// The newest published version of each edition.
    published: Arc<Vec<Arc<Prospectus>>>,
    /// The markets of all editions, whatever their state.
    markets: Arc<Vec<String>>,
}

impl Editions {
    /// The newest published version of every edition.
    pub async fn published(&self, call: &Call) -> Result<Arc<Vec<Arc<Prospectus>>>, Problem> {
        Ok(self.listed(call).await?.published)
    }

    /// The markets that have editions, whose legal entities invoice.
    pub async fn markets(&self, call: &Call) -> Result<Vec<String>, Problem> {
        Ok(self.listed(call).await?.markets.to_vec())
    }

    async fn listed(&self, call: &Call) -> Result<Listed, Problem> {
        let listed = self.listed.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(listed) = listed.filter(|listed| call.machine_now < listed.at + LIST_KEPT) {
            return Ok(listed);
        }
        let (mut newest, mut markets) = (BTreeMap::new(), BTreeSet::new());
        for prospectus in call.store().editions().await? {
            markets.insert(prospectus.edition.market.as_str().to_owned());
            if prospectus.edition.state == EditionState::Published {
                newest.insert(prospectus.edition.id.clone(), Arc::new(prospectus));
            }
        }
        let published = Arc::new(Vec::from_iter(newest.into_values()));
        let listed = Listed { at: call.machine_now, published, markets: Arc::new(Vec::from_iter(markets)) };
        *self.listed.write().unwrap_or_else(PoisonError::into_inner) = Some(listed.clone());
        Ok(listed)
    }

    /// The newest published version of an edition.
    pub async fn latest(&self, call: &Call, id: &EditionId) -> Result<Option<Arc<Prospectus>>, Problem> {
        Ok(self.published(call).await?.iter().find(|prospectus| prospectus.edition.id == *id).cloned())
    }

    /// The version that somebody enrolled on.
    pub async fn version(
        &self,
        call: &Call,
        id: &EditionId,
        version: u32,
    ) -> Result<Arc<Prospectus>, Problem> {
        let key = (id.clone(), version);
        let kept = self.versions.read().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(Kept { at, prospectus }) = kept
            && call.machine_now < at + VERSION_KEPT
        {
            return Ok(prospectus);
        }
        self.fresh(call, id, version).await
    }

    /// The version as the table has it now: for what is decided once and kept.
    pub async fn fresh(&self, call: &Call, id: &EditionId, version: u32) -> Result<Arc<Prospectus>, Problem> {
        let key = (id.clone(), version);
        let missing =
            || Problem::new(Code::Internal, "The edition of this enrollment is not in the catalog.");
        let prospectus = Arc::new(call.store().edition(id, version).await?.ok_or_else(missing)?);
        let mut versions = self.versions.write().unwrap_or_else(PoisonError::into_inner);
        if versions.len() < VERSIONS_KEPT || versions.contains_key(&key) {
            versions.insert(key, Kept { at: call.machine_now, prospectus: prospectus.clone() });
        }
        Ok(prospectus)
    }
}
