//! One look at a shard: what is due, page by page, a few pages ahead of who writes them.

use std::collections::{BTreeMap, HashMap, HashSet};

use domain::billing::BillingFacts;
use domain::billing::run::{ListedAt, PAGE_INVOICES_MAX, Rated, RunMode, RunShard, days_beginning_on};
use domain::catalog::Prospectus;
use domain::id::{EditionId, EnrollmentId, InvoiceId, RunId};
use domain::ledger::InvoiceRef;
use jiff::Timestamp;
use jiff::civil::Date;
use storage::run::BillingDay;
use tokio::sync::mpsc;

use crate::Worker;
use crate::jobs::bill;
use crate::outcome::Unfinished;

/// Pages that are read ahead of the one that is being written.
const READ_AHEAD: usize = 2;

/// Whether a page's invoices may be there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Existing {
    /// They may: they are read first.
    Read,
    /// What the run's pages have is there. Of the rest, only what is mostly billed apart from runs is read:
    /// the first month of an active time. Should another invoice be there all the same, nothing of its
    /// page is written, and the page is read again.
    AsPagesSay,
}

/// What one look at a shard has learned so far.
pub(super) struct Look {
    worker: Worker,
    /// The instant that it sees.
    seen: Timestamp,
    /// Whether everybody is looked at, whenever the date begins for them.
    everybody: bool,
    editions: HashMap<(EditionId, u32), Prospectus>,
    /// When the date begins for the first of those for whom it has not.
    next_begins_at: Option<Timestamp>,
    /// What the run's pages had when a look began that goes over them again.
    billed: HashSet<InvoiceRef>,
}

/// A page as it was read and rated.
#[derive(Default)]
pub(super) struct ReadPage {
    pub(super) rated: Vec<Rated>,
    /// Drafts that are there and in no page.
    pub(super) strays: HashMap<InvoiceId, u64>,
    pub(super) parked: BTreeMap<EnrollmentId, String>,
    /// The place behind which the next page begins; nothing where this is the last.
    pub(super) next: Option<ListedAt>,
    /// When the date begins for the first of those for whom it has not, as far as was read.
    pub(super) next_begins_at: Option<Timestamp>,
}

impl Look {
    pub(super) fn new(worker: &Worker, seen: Timestamp) -> Self {
        Self {
            worker: worker.clone(),
            seen,
            everybody: false,
            editions: HashMap::new(),
            next_begins_at: None,
            billed: HashSet::new(),
        }
    }

    /// A look at everybody, before the date begins.
    pub(super) fn foreseeing(worker: &Worker, seen: Timestamp) -> Self {
        Self { everybody: true, ..Self::new(worker, seen) }
    }

    /// Reads page after page, a few ahead of who writes them.
    pub(super) fn pages(mut self, mut run: RunShard) -> mpsc::Receiver<Result<ReadPage, Unfinished>> {
        let (sender, receiver) = mpsc::channel(READ_AHEAD);
        tokio::spawn(async move {
            if run.repeats {
                match self.worker.store.billed(run.run, run.shard).await {
                    Ok(billed) => self.billed = billed,
                    // Nobody listens any more once the job has ended.
                    Err(error) => return drop(sender.send(Err(error.into())).await),
                }
            }
            // Where it was interrupted somebody may have billed meanwhile: up to the first page that is written.
            let mut existing = Existing::Read;
            loop {
                let page = self.read(&run, existing).await;
                let (next, is_empty) =
                    page.as_ref().map_or((None, true), |page| (page.next, page.is_empty()));
                // Nobody listens any more once the job has ended.
                if sender.send(page).await.is_err() || next.is_none() {
                    return;
                }
                run.after = next;
                if !is_empty {
                    existing = Existing::AsPagesSay;
                }
            }
        });
        receiver
    }

    /// Reads the page behind a run's cursor: what is due and not drafted yet.
    async fn read(&mut self, run: &RunShard, existing: Existing) -> Result<ReadPage, Unfinished> {
        let mut page = self.foresee(run).await?;
        page.rated.retain_mut(|rated| {
            let was_free = rated.drafts.is_empty();
            rated.drafts.retain(|draft| !self.billed.contains(&InvoiceRef::of(draft)));
            was_free || !rated.drafts.is_empty()
        });
        let is_asked =
            |rated: &Rated| existing == Existing::Read || rated.drafts.is_empty() || rated.due.key.k == 0;
        let (asked, mut rated): (Vec<_>, Vec<_>) = page.rated.into_iter().partition(is_asked);
        if !asked.is_empty() {
            // A dry run looks at the same invoices.
            let bills = RunId::of(&run.entity, run.on);
            let asked = self.worker.store.not_yet_drafted(bills, run.shard, asked).await?;
            rated.extend(asked.rated);
            page.strays = asked.strays;
        }
        Ok(ReadPage { rated, ..page })
    }

    /// Reads the page behind a run's cursor: what is due, drafted or not.
    pub(super) async fn foresee(&mut self, run: &RunShard) -> Result<ReadPage, Unfinished> {
        let store = self.worker.store.clone();
        let items_max = u16::try_from(PAGE_INVOICES_MAX).unwrap_or(u16::MAX);
        let days = days_beginning_on(run.on);
        let (listed, more) = store.billing_days(&run.entity, run.shard, days, run.after, items_max).await?;
        let next = listed.last().filter(|_| more).map(BillingDay::at);
        let mut page = ReadPage { next, ..ReadPage::default() };
        let (mut writes, mut place) = (0, run.after);
        for listed in &listed {
            if !self.is_looked_at(run, &listed.facts) {
                continue;
            }
            match self.rate(run.on, &listed.facts).await {
                Ok(Some(rated)) if writes + rated.drafts.len().max(1) > PAGE_INVOICES_MAX => {
                    // Several payers: what does not fit is the next page's.
                    page.next = place;
                    break;
                }
                Ok(Some(rated)) => {
                    writes += rated.drafts.len().max(1);
                    page.rated.push(rated);
                }
                Ok(None) => {}
                Err(Unfinished::GiveUp(reason)) => {
                    let enrollment = listed.facts.enrollment;
                    tracing::error!(%enrollment, reason, "parked");
                    page.parked.insert(enrollment, reason);
                }
                Err(unfinished) => return Err(unfinished),
            }
            place = Some(listed.at());
        }
        page.next_begins_at = self.next_begins_at;
        Ok(page)
    }

    /// A dry run with its next page counted.
    pub(super) async fn count_page(&mut self, run: RunShard) -> Result<RunShard, Unfinished> {
        let page = self.read(&run, Existing::Read).await?;
        let run = page.counted(run)?;
        Ok(RunShard { after: page.next, done: page.next.is_none(), ..run })
    }

    /// Whether the date has begun for somebody since the look before.
    fn is_looked_at(&mut self, run: &RunShard, facts: &BillingFacts) -> bool {
        let Ok(begins_at) = facts.time_zone.start_of(run.on) else { return true };
        if self.seen < begins_at && run.mode == RunMode::Bill {
            let next = self.next_begins_at.map_or(begins_at, |next| begins_at.min(next));
            self.next_begins_at = Some(next);
        }
        self.everybody || run.mode == RunMode::DryRun || run.is_for_this_look(begins_at)
    }

    async fn rate(&mut self, on: Date, facts: &BillingFacts) -> Result<Option<Rated>, Unfinished> {
        let key = (facts.edition.clone(), facts.version);
        if facts.due_on(on).is_none() {
            return Ok(None);
        }
        if !self.editions.contains_key(&key) {
            let edition = bill::edition(&self.worker, &facts.edition, facts.version).await?;
            self.editions.insert(key.clone(), edition);
        }
        let rated = Rated::of(facts, on, &self.editions[&key]);
        rated.map_err(|error| Unfinished::GiveUp(error.to_string()))
    }
}

impl ReadPage {
    /// Whether nothing of it is to be written down.
    pub(super) fn is_empty(&self) -> bool {
        self.rated.is_empty() && self.parked.is_empty()
    }

    /// A shard with this page counted.
    pub(super) fn counted(&self, run: RunShard) -> Result<RunShard, Unfinished> {
        let totals = self.rated.iter().flat_map(|rated| &rated.drafts).map(|draft| draft.total);
        let run = run.counted(totals).map_err(|error| Unfinished::GiveUp(error.to_string()))?;
        let pages = run.pages + u64::from(!self.rated.is_empty());
        let parked = self.parked.iter();
        let run = parked.fold(run, |run, (enrollment, reason)| run.parking(*enrollment, reason.clone()));
        Ok(RunShard { pages, ..run })
    }
}
