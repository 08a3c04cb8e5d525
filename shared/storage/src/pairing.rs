//! Runs of the matching, as staff read them.

use std::collections::BTreeMap;

use domain::conflict::ConflictSet;
use domain::id::EnrollmentId;
use domain::pairing::{PairingReport, Unseated, Why};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::item::{Item, Stored, from_attributes};
use crate::key::{Key, Query};
use crate::store::{Order, Page, Store, StoreError};

/// What one run of the matching decided, and what of it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairingRun {
    /// When it ran.
    pub at: Timestamp,
    /// The numbers of the matching.
    pub report: PairingReport,
    /// Pairs that were written: whoever left meanwhile, or lost a seat to somebody else, is not among them.
    pub written: u64,
    /// How many were left without a mentor, by reason.
    pub reasons: BTreeMap<Why, u64>,
}

impl PairingRun {
    /// How many of those without a mentor have which reason.
    pub fn reasons(unseated: &[Unseated]) -> BTreeMap<Why, u64> {
        let mut reasons = BTreeMap::new();
        for Unseated { why, .. } in unseated {
            *reasons.entry(*why).or_default() += 1;
        }
        reasons
    }
}

impl Stored for PairingRun {
    const KIND: &'static str = "pairing_run";

    fn key(&self) -> Key {
        Key::PairingRun(self.at)
    }
}

impl Store {
    /// A page of the runs, newest first, and where the next one begins.
    pub async fn pairing_runs(
        &self,
        after: Option<&str>,
        items_max: u16,
    ) -> Result<(Vec<PairingRun>, Option<String>), StoreError> {
        let Page { items, next } =
            self.page(&Query::PairingRuns, Order::Descending, after, items_max).await?;
        let runs = items.into_iter().map(|item| Ok(from_attributes::<PairingRun>(item)?.value));
        Ok((runs.collect::<Result<_, StoreError>>()?, next))
    }

    /// Conflict sets of several enrollments, for the system's own jobs.
    pub async fn conflicts_for_job(&self, ids: &[EnrollmentId]) -> Result<Vec<ConflictSet>, StoreError> {
        let sets: Vec<Item<ConflictSet>> =
            self.get_many(&Vec::from_iter(ids.iter().copied().map(Key::Conflicts))).await?;
        Ok(sets.into_iter().map(|item| item.value).collect())
    }
}
