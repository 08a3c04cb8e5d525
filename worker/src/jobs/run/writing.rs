//! Pages that are written one behind the other: while the store takes one, the next is made ready.

use std::collections::{BTreeSet, VecDeque};

use domain::billing::run::{Rated, RunPage, RunShard};
use domain::invoice::Invoice;
use domain::job::Job;
use jiff::Timestamp;
use jiff::civil::Date;
use storage::invoice::{InvoiceRefusal, NothingOwed};
use storage::queue::Claimed;
use storage::transaction::Transaction;
use storage::units::counted;
use storage::{Item, Refused, Store};
use tokio::sync::oneshot;
use tokio_util::task::AbortOnDropHandle;

use super::look::ReadPage;
use crate::outcome::Unfinished;

/// Pages that are on their way at once: one that the store takes, one that is made ready.
const AT_ONCE: usize = 2;

/// What comes after a page.
#[derive(Debug, Clone, Copy)]
pub(super) enum Then {
    /// The next one.
    GoOn,
    /// Another look at an instant, or the end.
    LookAgain(Option<Timestamp>),
}

/// The pages of one look on their way to the store. None is written whose page before was not.
pub(super) struct Writing {
    store: Store,
    claimed: Claimed,
    now: Timestamp,
    on_the_way: VecDeque<AbortOnDropHandle<Result<(), Unfinished>>>,
    /// Resolves when the last of them is written.
    last: Option<oneshot::Receiver<()>>,
    /// The dates whose runs were asked for.
    asked: BTreeSet<Date>,
}

impl Writing {
    pub(super) fn new(store: &Store, claimed: &Claimed, now: Timestamp) -> Self {
        let (on_the_way, last, asked) = (VecDeque::new(), None, BTreeSet::new());
        Self { store: store.clone(), claimed: claimed.clone(), now, on_the_way, last, asked }
    }

    /// Sends a page with its shard on its way, once there is room.
    pub(super) async fn write(
        &mut self,
        page: ReadPage,
        run: Item<RunShard>,
        then: Then,
    ) -> Result<(), Unfinished> {
        if self.on_the_way.len() >= AT_ONCE {
            self.first_ended().await?;
        }
        let next_on = page.rated.iter().filter_map(|rated| rated.next.map(|due| due.period.from));
        let next_on = BTreeSet::from_iter(next_on.filter(|on| !self.asked.contains(on)));
        self.asked.extend(&next_on);
        let (ended, last) = oneshot::channel();
        let before = self.last.replace(last);
        let (store, claimed, now) = (self.store.clone(), self.claimed.clone(), self.now);
        let writing = async move {
            let transaction = page.transaction(&store, &run, next_on);
            let transaction = then.finish(transaction, &run.value, &claimed, now);
            if let Some(before) = before
                && before.await.is_err()
            {
                return Err(Unfinished::Changed("the page before was not written".into()));
            }
            match transaction.commit().await {
                Ok(()) => {}
                Err(Refused::By(InvoiceRefusal::RunChanged)) => return Err(Unfinished::Fenced),
                Err(refused) => return Err(refused.into()),
            }
            // Nobody may wait for it.
            let _ = ended.send(());
            Ok(())
        };
        self.on_the_way.push_back(AbortOnDropHandle::new(tokio::spawn(counted(writing))));
        Ok(())
    }

    /// Waits until all of them are written.
    pub(super) async fn end(mut self) -> Result<(), Unfinished> {
        while !self.on_the_way.is_empty() {
            self.first_ended().await?;
        }
        Ok(())
    }

    async fn first_ended(&mut self) -> Result<(), Unfinished> {
        let Some(first) = self.on_the_way.pop_front() else { return Ok(()) };
        first.await.unwrap_or_else(|error| Err(Unfinished::Retry(error.to_string())))
    }
}

impl ReadPage {
    /// What keeps it, with its shard, and asks for the runs over the next dates.
    fn transaction<'store>(
        self,
        store: &'store Store,
        run: &Item<RunShard>,
        next_on: BTreeSet<Date>,
    ) -> Transaction<'store, InvoiceRefusal> {
        let page = RunPage {
            run: run.value.run,
            entity: run.value.entity.clone(),
            on: run.value.on,
            shard: run.value.shard,
            number: run.value.pages,
            invoices: self.rated.iter().flat_map(Rated::page_invoices).collect(),
        };
        let free = self.rated.iter().filter(|rated| rated.drafts.is_empty());
        let nothing = |rated: &Rated| NothingOwed { enrollment: rated.enrollment, key: rated.due.key };
        let nothing_owed = Vec::from_iter(free.map(nothing));
        let item = |draft: Invoice| {
            let revision = self.strays.get(&draft.id).copied().unwrap_or(0);
            Item { value: Invoice { page: Some(page.number), ..draft }, revision }
        };
        let drafts = Vec::from_iter(self.rated.into_iter().flat_map(|rated| rated.drafts).map(item));
        let transaction = store.draft_page(run, &page, &drafts, &nothing_owed);
        next_on
            .into_iter()
            .fold(transaction, |transaction, on| transaction.ask_run(&page.entity, on, page.shard))
    }
}

impl Then {
    fn finish<'store>(
        self,
        transaction: Transaction<'store, InvoiceRefusal>,
        run: &RunShard,
        claimed: &Claimed,
        now: Timestamp,
    ) -> Transaction<'store, InvoiceRefusal> {
        let Self::LookAgain(next) = self else { return transaction.checkpoint(claimed) };
        // Numbers are given once the whole look can be held against its forecast.
        let number = Job::NumberInvoices { entity: run.entity.clone(), on: run.on };
        let transaction = transaction.enqueue(&number, now);
        match next {
            Some(at) => transaction.finish_until(claimed, at),
            None => transaction.finish(claimed),
        }
    }
}
