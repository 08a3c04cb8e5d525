//! Billing runs: every invoice of one legal entity and civil date, in one shard of its enrollments.
//!
//! Drafts are written a page at a time together with the shard's cursor, so a run that is killed goes on
//! where it was. An enrollment that cannot be billed is parked with its reason and tried again on the next
//! look or when finance asks; the others do not wait for it. While a page is written the next ones are read.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use domain::billing::BillingFacts;
use domain::billing::run::{
    ListedAt, PAGE_INVOICES_MAX, Rated, RunMode, RunPage, RunShard, begins_anywhere_at, days_beginning_on,
    looks_again_at,
};
use domain::catalog::Prospectus;
use domain::id::{EditionId, EnrollmentId, InvoiceId, RunId};
use domain::invoice::Invoice;
use domain::job::Job;
use domain::ledger::InvoiceRef;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use storage::invoice::{InvoiceRefusal, NothingOwed};
use storage::queue::Claimed;
use storage::run::BillingDay;
use storage::{Clock, Item, Refused};
use tokio::sync::mpsc;

use super::finish;
use crate::Worker;
use crate::outcome::Unfinished;

/// Pages after which a run gives its place to other jobs and goes on as soon as it may: well within the
/// time that a job has.
const PAGES_MAX: usize = 200;

/// Drafts what has begun, and looks again until the date has begun everywhere.
pub async fn bill(
    worker: &Worker,
    claimed: &Claimed,
    entity: &str,
    on: Date,
    shard: u16,
) -> Result<(), Unfinished> {
    let (now, seen) = seen(worker).await?;
    let kept = worker.store.run_shard(RunId::of(entity, on), entity, shard).await?;
    let mut run = kept.unwrap_or(Item::new(RunShard::of_date(entity, on, shard)));
    if run.value.looked_at.is_none() && seen < begins_anywhere_at(on) {
        return foresee(worker, claimed, run, seen).await;
    }
    run.value = run.value.looking(seen);
    // A look that was interrupted is ended as of its own instant: what began since is the next one's.
    let looked_at = run.value.looked_at.unwrap_or(seen);
    let mut pages = Look::new(worker, looked_at).pages(run.value.clone());
    for _ in 0..PAGES_MAX {
        let page = pages.recv().await.unwrap_or_else(|| Err(Unfinished::Retry("reading stopped".into())))?;
        run.value = page.counted(run.value)?;
        run.value.after = page.next;
        if page.is_empty() && page.next.is_some() {
            // Nothing to write: whoever is killed meanwhile passes over it again.
            continue;
        }
        if page.next.is_none() {
            let next = looks_again_at(on, looked_at, page.next_begins_at).map(|at| at + (now - seen));
            run.value.done = next.is_none();
            return page.keep(worker, run, now, Then::LookAgain(claimed, next)).await.map(drop);
        }
        run = page.keep(worker, run, now, Then::GoOn(claimed)).await?;
    }
    let transaction = worker.store.transaction().save(&run, InvoiceRefusal::RunChanged);
    Ok(transaction.finish_until(claimed, now).commit().await?)
}

/// Counts what a date will bring, before it begins anywhere, and waits until it does.
async fn foresee(
    worker: &Worker,
    claimed: &Claimed,
    mut run: Item<RunShard>,
    seen: Timestamp,
) -> Result<(), Unfinished> {
    let sums = |error: domain::money::MoneyError| Unfinished::GiveUp(error.to_string());
    let mut look = Look::foreseeing(worker, seen);
    if run.value.after.is_none() {
        // Whoever asks again meanwhile lets it be counted anew.
        run.value.forecast = Some(BTreeMap::new());
    }
    let mut until = Some(seen);
    for _ in 0..PAGES_MAX {
        let page = look.foresee(&run.value).await?;
        for rated in page.rated {
            let Some(begins_at) = rated.begins_at else { continue };
            let totals = rated.drafts.iter().map(|draft| draft.total);
            run.value = run.value.foreseeing(begins_at, totals).map_err(sums)?;
        }
        run.value.after = page.next;
        if page.next.is_none() {
            until = None;
            break;
        }
    }
    let until = until.unwrap_or_else(|| begins_anywhere_at(run.value.on));
    let transaction = worker.store.transaction::<InvoiceRefusal>().save(&run, InvoiceRefusal::RunChanged);
    Ok(transaction.finish_until(claimed, until).commit().await?)
}

/// Now, and the instant that a run sees: as long before as whatever was decided by then may take to be
/// written.
async fn seen(worker: &Worker) -> Result<(Timestamp, Timestamp), Unfinished> {
    let now = worker.clock.now(&worker.store).await?;
    let delay = match worker.clock {
        Clock::Machine => worker.settings.run_delay,
        Clock::Simulated => SignedDuration::ZERO,
    };
    Ok((now, now - delay))
}

/// Pages that are read ahead of the one that is being written.
const READ_AHEAD: usize = 2;

/// What comes after a page.
#[derive(Debug, Clone, Copy)]
enum Then<'a> {
    /// The next one.
    GoOn(&'a Claimed),
    /// Another look at an instant, or the end.
    LookAgain(&'a Claimed, Option<Timestamp>),
}

/// Whether a page's invoices may be there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Existing {
    /// They may: they are read first.
    Read,
    /// What the run's pages have is there. Of the rest, only what may have been billed apart from runs is
    /// read: the first month of an active time. Should another invoice be there all the same, nothing of its
    /// page is written, and the page is read again.
    AsPagesSay,
}

/// What one look at a shard has learned so far.
struct Look {
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
struct ReadPage {
    rated: Vec<Rated>,
    /// Drafts that are there and in no page.
    strays: HashMap<InvoiceId, u64>,
    parked: BTreeMap<EnrollmentId, String>,
    /// The place behind which the next page begins; nothing where this is the last.
    next: Option<ListedAt>,
    /// When the date begins for the first of those for whom it has not, as far as was read.
    next_begins_at: Option<Timestamp>,
}

impl Look {
    fn new(worker: &Worker, seen: Timestamp) -> Self {
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
    fn foreseeing(worker: &Worker, seen: Timestamp) -> Self {
        Self { everybody: true, ..Self::new(worker, seen) }
    }

    /// Reads page after page, a few ahead of who writes them.
    fn pages(mut self, mut run: RunShard) -> mpsc::Receiver<Result<ReadPage, Unfinished>> {
        let (sender, receiver) = mpsc::channel(READ_AHEAD);
        tokio::spawn(async move {
            if run.repeats {
                match self.worker.store.billed(run.run, run.shard).await {
                    Ok(billed) => self.billed = billed,
                    // Nobody listens any more once the job has ended.
                    Err(error) => return drop(sender.send(Err(error.into())).await),
                }
            }
            // Where it was interrupted somebody may have billed meanwhile.
            let mut existing = Existing::Read;
            loop {
                let page = self.read(&run, existing).await;
                let next = page.as_ref().map_or(None, |page| page.next);
                // Nobody listens any more once the job has ended.
                if sender.send(page).await.is_err() || next.is_none() {
                    return;
                }
                run.after = next;
                existing = Existing::AsPagesSay;
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
            let asked = self.worker.store.not_yet_drafted(run.run, run.shard, asked).await?;
            rated.extend(asked.rated);
            page.strays = asked.strays;
        }
        Ok(ReadPage { rated, ..page })
    }

    /// Reads the page behind a run's cursor: what is due, drafted or not.
    async fn foresee(&mut self, run: &RunShard) -> Result<ReadPage, Unfinished> {
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
    async fn count_page(&mut self, run: RunShard) -> Result<RunShard, Unfinished> {
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
            let edition = super::bill::edition(&self.worker, &facts.edition, facts.version).await?;
            self.editions.insert(key.clone(), edition);
        }
        let rated = Rated::of(facts, on, &self.editions[&key]);
        rated.map_err(|error| Unfinished::GiveUp(error.to_string()))
    }
}

impl ReadPage {
    /// Whether nothing of it is to be written down.
    fn is_empty(&self) -> bool {
        self.rated.is_empty() && self.parked.is_empty()
    }

    /// A shard with this page counted.
    fn counted(&self, run: RunShard) -> Result<RunShard, Unfinished> {
        let totals = self.rated.iter().flat_map(|rated| &rated.drafts).map(|draft| draft.total);
        let run = run.counted(totals).map_err(|error| Unfinished::GiveUp(error.to_string()))?;
        let pages = run.pages + u64::from(!self.rated.is_empty());
        let parked = self.parked.iter();
        let run = parked.fold(run, |run, (enrollment, reason)| run.parking(*enrollment, reason.clone()));
        Ok(RunShard { pages, ..run })
    }

    /// Writes the page with the shard, and answers the shard as it was written.
    async fn keep(
        self,
        worker: &Worker,
        run: Item<RunShard>,
        now: Timestamp,
        then: Then<'_>,
    ) -> Result<Item<RunShard>, Unfinished> {
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
        let next_on = self.rated.iter().filter_map(|rated| rated.next.map(|due| due.period.from));
        let next_on = BTreeSet::from_iter(next_on);
        let item = |draft: Invoice| {
            let revision = self.strays.get(&draft.id).copied().unwrap_or(0);
            Item { value: Invoice { page: Some(page.number), ..draft }, revision }
        };
        let drafts = Vec::from_iter(self.rated.into_iter().flat_map(|rated| rated.drafts).map(item));
        let mut transaction = worker.store.draft_page(&run, &page, &drafts, &nothing_owed);
        for on in next_on {
            transaction = transaction.ask_run(&page.entity, on, page.shard);
        }
        let transaction = match then {
            Then::GoOn(claimed) => transaction.checkpoint(claimed),
            Then::LookAgain(claimed, next) => {
                // Numbers are given once the whole look can be held against its forecast.
                let number = Job::NumberInvoices { entity: page.entity.clone(), on: page.on };
                let transaction = transaction.enqueue(&number, now);
                match next {
                    Some(at) => transaction.finish_until(claimed, at),
                    None => transaction.finish(claimed),
                }
            }
        };
        match transaction.commit().await {
            Ok(()) => Ok(Item { revision: run.revision + 1, ..run }),
            Err(Refused::By(InvoiceRefusal::RunChanged)) => Err(Unfinished::Fenced),
            Err(refused) => Err(refused.into()),
        }
    }
}

/// Counts what a run over a date would draft, page by page.
pub async fn count(
    worker: &Worker,
    claimed: &Claimed,
    run: RunId,
    entity: &str,
    shard: u16,
) -> Result<(), Unfinished> {
    let Some(mut kept) = worker.store.run_shard(run, entity, shard).await? else {
        return finish(worker, claimed).await;
    };
    let mut look = Look::new(worker, seen(worker).await?.1);
    loop {
        kept.value = look.count_page(kept.value).await?;
        let transaction = worker.store.transaction::<&str>().save(&kept, "the run changed");
        if kept.value.done {
            return Ok(transaction.finish(claimed).commit().await?);
        }
        transaction.checkpoint(claimed).commit().await?;
        kept.revision += 1;
    }
}

/// Counts what a shard of a run would draft and writes nothing; whoever asks is told how far it is.
pub async fn dry_run(
    worker: &Worker,
    mut run: RunShard,
    mut seen_so_far: impl FnMut(&RunShard),
) -> Result<RunShard, Unfinished> {
    let mut look = Look::new(worker, seen(worker).await?.1);
    while !run.done {
        run = look.count_page(run).await?;
        seen_so_far(&run);
    }
    Ok(run)
}
