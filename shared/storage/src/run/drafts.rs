//! What of a look is drafted already, and how the rest is kept.

use std::collections::{BTreeSet, HashMap, HashSet};

use domain::billing::run::{PageStage, Rated, RunPage, RunShard};
use domain::id::{InvoiceId, RunId};
use domain::invoice::Invoice;
use domain::ledger::InvoiceRef;

use super::RunMark;
use crate::invoice::{InvoiceRefusal, NothingOwed};
use crate::item::{Item, from_attributes};
use crate::key::{Key, Query};
use crate::store::{Order, Page, Store, StoreError};
use crate::transaction::Transaction;

/// What is to be drafted.
#[derive(Debug, Clone, Default)]
pub struct NotYetDrafted {
    /// What was rated, without what was written before.
    pub rated: Vec<Rated>,
    /// Drafts among it that are there, with their revisions, though no page has them: whoever wrote them was
    /// killed before their page.
    pub strays: HashMap<InvoiceId, u64>,
}

impl Store {
    /// The invoices that the pages of a shard have.
    pub async fn billed(&self, run: RunId, shard: u16) -> Result<HashSet<InvoiceRef>, StoreError> {
        let (query, mut billed, mut after) = (Query::RunPages(run, shard), HashSet::new(), None);
        loop {
            let Page { items, next } =
                self.page(&query, Order::Ascending, after.as_deref(), PAGES_READ_AT_ONCE).await?;
            for item in items {
                let page = from_attributes::<RunPage>(item)?.value;
                billed.extend(page.invoices.iter().map(InvoiceRef::from));
            }
            after = next;
            if after.is_none() {
                return Ok(billed);
            }
        }
    }

    /// Leaves out of what was rated what was written before: invoices, and the word that nothing is owed.
    pub async fn not_yet_drafted(
        &self,
        run: RunId,
        shard: u16,
        rated: Vec<Rated>,
    ) -> Result<NotYetDrafted, StoreError> {
        let drafts = rated.iter().flat_map(|rated| &rated.drafts);
        let kept = self.invoices_at(&Vec::from_iter(drafts.map(InvoiceRef::of))).await?;
        let free = rated.iter().filter(|rated| rated.drafts.is_empty()).map(nothing_owed);
        let free = self.existing(&Vec::from_iter(free)).await?;
        let strays = self.strays(run, shard, &kept).await?;
        let kept = HashSet::<InvoiceId>::from_iter(kept.iter().map(|item| item.value.id));
        let rest = rated.into_iter().filter_map(|mut rated| {
            let is_new = if rated.drafts.is_empty() {
                !free.contains(&nothing_owed(&rated).parts())
            } else {
                rated.drafts.retain(|draft| !kept.contains(&draft.id) || strays.contains_key(&draft.id));
                !rated.drafts.is_empty()
            };
            is_new.then_some(rated)
        });
        Ok(NotYetDrafted { rated: rest.collect(), strays })
    }

    /// Drafts that their page does not have.
    async fn strays(
        &self,
        run: RunId,
        shard: u16,
        kept: &[Item<Invoice>],
    ) -> Result<HashMap<InvoiceId, u64>, StoreError> {
        let numbers = BTreeSet::from_iter(kept.iter().filter_map(|item| item.value.page));
        let pages = Vec::from_iter(numbers.into_iter().map(|number| Key::RunPage(run, shard, number)));
        let pages = self.get_many::<RunPage>(&pages).await?;
        let lines = pages.iter().flat_map(|page| &page.value.invoices);
        let listed = HashSet::<InvoiceRef>::from_iter(lines.map(InvoiceRef::from));
        let drafts = kept.iter().filter(|item| item.value.page.is_some());
        let strays = drafts.filter(|item| !listed.contains(&InvoiceRef::of(&item.value)));
        Ok(strays.map(|item| (item.value.id, item.revision)).collect())
    }

    /// Keeps a page of drafts with the shard's cursor. A draft that is kept ahead of them says which page it is
    /// for.
    pub fn draft_page(
        &self,
        run: &Item<RunShard>,
        page: &RunPage,
        drafts: &[Item<Invoice>],
        nothing_owed: &[NothingOwed],
    ) -> Transaction<'_, InvoiceRefusal> {
        let transaction = self.transaction().save(run, InvoiceRefusal::RunChanged);
        let mut transaction = transaction.ahead(|transaction| {
            drafts.iter().fold(transaction, |transaction, draft| {
                transaction.save(draft, InvoiceRefusal::AlreadyInvoiced)
            })
        });
        for nothing in nothing_owed {
            transaction = transaction.create(nothing, InvoiceRefusal::AlreadyInvoiced);
        }
        if page.invoices.is_empty() {
            return transaction;
        }
        let RunPage { run, shard, number, .. } = *page;
        let mark = RunMark { run, shard, number, stage: PageStage::Drafted };
        transaction.create(page, InvoiceRefusal::RunChanged).create(&mark, InvoiceRefusal::RunChanged)
    }
}

/// Pages of a run that are read at once: each has ten kilobytes, and an answer a megabyte.
const PAGES_READ_AT_ONCE: u16 = 100;

fn nothing_owed(rated: &Rated) -> Key {
    Key::NothingOwed(rated.enrollment, rated.due.key.segment, rated.due.key.k)
}
