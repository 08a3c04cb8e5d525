//! Billing runs: their shards and pages, and whose months begin on which day.

use std::collections::{HashMap, HashSet};

use aws_sdk_dynamodb::types::AttributeValue;
use domain::billing::BillingFacts;
use domain::billing::run::{ListedAt, PageInvoice, PageStage, RunPage, RunShard, foreseen_at};
use domain::enrollment::Enrollment;
use domain::id::{InvoiceId, RunId};
use domain::invoice::{Invoice, Paper, PaymentState};
use domain::job::Job;
use domain::ledger::{Entry, InvoiceRef};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::invoice::{InvoiceRefusal, locator, place};
use crate::item::{Attributes, Item, Stored, from_attributes};
use crate::key::{Key, PAGE_STAGES, Query};
use crate::numbers::Numbers;
use crate::store::{Order, Page, Store, StoreError};
use crate::transaction::Transaction;

mod packed; // as few parts as they are written in
mod drafts; // what of a look is drafted already, and how the rest is kept

pub use drafts::NotYetDrafted;

impl Stored for RunShard {
    const KIND: &'static str = "billing_run";
    const SCHEMA: u32 = 2;

    fn key(&self) -> Key {
        Key::RunShard(self.run, self.entity.clone(), self.shard)
    }
}

impl Stored for RunPage {
    const KIND: &'static str = "run_page";
    const SCHEMA: u32 = 2;

    fn key(&self) -> Key {
        Key::RunPage(self.run, self.shard, self.number)
    }

    fn pack(value: AttributeValue) -> AttributeValue {
        packed::pack_page(value)
    }

    fn unpack(_item: &Attributes, value: AttributeValue) -> AttributeValue {
        packed::unpack_page(value)
    }
}

/// How far a page of a run is: a small item beside it, which moves from range to range while the page stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunMark {
    /// The run.
    pub run: RunId,
    /// Which share of the enrollments.
    pub shard: u16,
    /// Which page of the shard.
    pub number: u64,
    /// How far its invoices are.
    #[serde(flatten)]
    pub stage: PageStage,
}

impl Stored for RunMark {
    const KIND: &'static str = "run_mark";

    fn key(&self) -> Key {
        Key::RunMark(self.run, word(&self.stage), self.shard, self.number)
    }
}

/// A page of a run with how far it is.
#[derive(Debug, Clone)]
pub struct KeptPage {
    /// The page.
    pub page: RunPage,
    /// How far it is.
    pub mark: Item<RunMark>,
}

const DRAFTED: &str = PAGE_STAGES[0];
const NUMBERED: &str = PAGE_STAGES[1];
const ISSUED: &str = PAGE_STAGES[2];
const COLLECTED: &str = PAGE_STAGES[3];

const fn word(stage: &PageStage) -> &'static str {
    match stage {
        PageStage::Drafted => DRAFTED,
        PageStage::Numbered { .. } => NUMBERED,
        PageStage::Issued => ISSUED,
        PageStage::Collected => COLLECTED,
    }
}

/// Which date all runs of an id are over, and of which legal entities: as finance asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunDate {
    /// The id that finance looks at.
    pub run: RunId,
    /// The date.
    pub on: Date,
    /// Whether it only counts.
    pub dry_run: bool,
    /// Whose invoices.
    pub entities: Vec<String>,
}

impl Stored for RunDate {
    const KIND: &'static str = "run_date";

    fn key(&self) -> Key {
        Key::RunDate(self.run)
    }
}

/// What a run knows of an enrollment whose months begin on a day; written with each enrollment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BillingDay {
    /// The legal entity that invoices.
    pub entity: String,
    /// The shard it stands in.
    pub shard: u16,
    /// The day of the month.
    pub day: i8,
    /// What is to be known. Kept as text: runs read very many.
    #[serde(with = "as_text")]
    pub facts: BillingFacts,
}

impl BillingDay {
    /// Its place in the list.
    pub fn at(&self) -> ListedAt {
        ListedAt { day: self.day, enrollment: self.facts.enrollment }
    }
}

impl Stored for BillingDay {
    const KIND: &'static str = "billing_day";
    const SCHEMA: u32 = 2;

    fn key(&self) -> Key {
        Key::BillingDay(self.entity.clone(), self.shard, self.at())
    }

    fn pack(value: AttributeValue) -> AttributeValue {
        packed::pack_day(value)
    }

    fn unpack(item: &Attributes, value: AttributeValue) -> AttributeValue {
        packed::unpack_day(item, value)
    }
}

/// A value as JSON in one text.
mod as_text {
    use serde::de::{DeserializeOwned, Error as _};
    use serde::ser::Error as _;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<T: Serialize, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
        serde_json::to_string(value).map_err(S::Error::custom)?.serialize(serializer)
    }

    pub fn deserialize<'de, T: DeserializeOwned, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<T, D::Error> {
        serde_json::from_str(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// The most shards of a run, over all legal entities.
const SHARDS_MAX: u16 = 10_000;

impl Store {
    /// How many shards each legal entity's billing run is split into.
    pub fn billing_shards(&self) -> u16 {
        self.queue.shards.clamp(1, 1_000)
    }

    /// The shards of a run that have begun.
    pub async fn run(&self, id: RunId) -> Result<Vec<Item<RunShard>>, StoreError> {
        self.list(&Query::RunShards(id), SHARDS_MAX).await
    }

    /// Which date a run is over.
    pub async fn run_date(&self, id: RunId) -> Result<Option<Item<RunDate>>, StoreError> {
        self.get(&Key::RunDate(id)).await
    }

    /// One shard of a run.
    pub async fn run_shard(
        &self,
        id: RunId,
        entity: &str,
        shard: u16,
    ) -> Result<Option<Item<RunShard>>, StoreError> {
        self.get(&Key::RunShard(id, entity.to_owned(), shard)).await
    }

    /// A page of those whose months begin on some days, behind a place, and whether there are more.
    pub async fn billing_days(
        &self,
        entity: &str,
        shard: u16,
        days: std::ops::RangeInclusive<i8>,
        after: Option<ListedAt>,
        items_max: u16,
    ) -> Result<(Vec<BillingDay>, bool), StoreError> {
        let after = after.map(|at| Key::BillingDay(entity.to_owned(), shard, at).parts().1);
        let query =
            Query::BillingDays { entity: entity.to_owned(), shard, first: *days.start(), last: *days.end() };
        let Page { items, next } = self.page(&query, Order::Ascending, after.as_deref(), items_max).await?;
        let listed = items.into_iter().map(|item| Ok(from_attributes::<BillingDay>(item)?.value));
        Ok((listed.collect::<Result<_, StoreError>>()?, next.is_some()))
    }

    /// Those of a page's invoices that are there.
    pub async fn page_invoices(&self, invoices: &[PageInvoice]) -> Result<Vec<Item<Invoice>>, StoreError> {
        self.invoices_at(&Vec::from_iter(invoices.iter().map(InvoiceRef::from))).await
    }

    /// How many there are whose months begin on some days.
    pub async fn count_billing_days(
        &self,
        entity: &str,
        shard: u16,
        days: std::ops::RangeInclusive<i8>,
    ) -> Result<u64, StoreError> {
        let (first, last) = (*days.start(), *days.end());
        self.count(&Query::BillingDays { entity: entity.to_owned(), shard, first, last }).await
    }

    /// Invoices, where they are there.
    pub async fn invoices_at(&self, invoices: &[InvoiceRef]) -> Result<Vec<Item<Invoice>>, StoreError> {
        let key = |invoice: &InvoiceRef| Key::Invoice(invoice.enrollment, place(invoice.key, invoice.payer));
        self.get_many(&Vec::from_iter(invoices.iter().map(key))).await
    }

    /// Those of a page's invoices that no provider has paid.
    pub async fn not_yet_charged(&self, page: &RunPage) -> Result<Vec<PageInvoice>, StoreError> {
        let invoices = self.page_invoices(&page.invoices).await?;
        let charges = invoices.into_iter().filter_map(|item| item.value.charge);
        let paid = charges.filter(|charge| matches!(charge.state, PaymentState::Paid { .. }));
        let paid = HashSet::<InvoiceId>::from_iter(paid.map(|charge| charge.invoice));
        Ok(page.invoices.iter().filter(|line| !paid.contains(&line.id())).copied().collect())
    }

    /// Those of a page's invoices whose documents are not made.
    pub async fn not_yet_printed(&self, page: &RunPage) -> Result<Vec<PageInvoice>, StoreError> {
        let key = |line: &PageInvoice| Key::Paper(line.enrollment, line.id(), None);
        let papers = self.get_many::<Paper>(&Vec::from_iter(page.invoices.iter().map(key))).await?;
        let made = papers.into_iter().filter(|paper| paper.value.file.is_some());
        let made = HashSet::<InvoiceId>::from_iter(made.map(|paper| paper.value.invoice));
        Ok(page.invoices.iter().filter(|line| !made.contains(&line.id())).copied().collect())
    }

    /// Pages of a run whose invoices wait for numbers, in their order.
    pub async fn drafted_pages(&self, run: RunId, pages_max: u16) -> Result<Vec<KeptPage>, StoreError> {
        self.first_pages(&Query::RunMarks(run, DRAFTED), pages_max).await
    }

    /// Pages of a run whose invoices have numbers that may not be written on all of them.
    pub async fn numbered_pages(&self, run: RunId, pages_max: u16) -> Result<Vec<KeptPage>, StoreError> {
        self.first_pages(&Query::RunMarks(run, NUMBERED), pages_max).await
    }

    /// Pages of a run's shard whose invoices are to be paid.
    pub async fn issued_pages(
        &self,
        run: RunId,
        shard: u16,
        pages_max: u16,
    ) -> Result<Vec<KeptPage>, StoreError> {
        self.first_pages(&Query::RunMarksOf(run, ISSUED, shard), pages_max).await
    }

    /// Pages of a run's shard whose invoices' documents are to be made.
    pub async fn collected_pages(
        &self,
        run: RunId,
        shard: u16,
        pages_max: u16,
    ) -> Result<Vec<KeptPage>, StoreError> {
        self.first_pages(&Query::RunMarksOf(run, COLLECTED, shard), pages_max).await
    }

    async fn first_pages(&self, query: &Query, pages_max: u16) -> Result<Vec<KeptPage>, StoreError> {
        let marks = self.page(query, Order::Ascending, None, pages_max).await?;
        let marks = marks.items.into_iter().map(from_attributes::<RunMark>).collect::<Result<Vec<_>, _>>()?;
        let key = |mark: &Item<RunMark>| Key::RunPage(mark.value.run, mark.value.shard, mark.value.number);
        let pages = self.get_many::<RunPage>(&Vec::from_iter(marks.iter().map(key))).await?;
        let mut pages: HashMap<_, _> =
            pages.into_iter().map(|page| ((page.value.shard, page.value.number), page.value)).collect();
        let kept = marks.into_iter().filter_map(|mark| {
            let page = pages.remove(&(mark.value.shard, mark.value.number))?;
            Some(KeptPage { page, mark })
        });
        Ok(kept.collect())
    }

    /// Claims the next numbers of a series for pages, each from its `first` on: no other run can have them,
    /// and whoever goes on with the pages gives the same invoices the same numbers.
    pub fn claim_numbers(
        &self,
        pages: &[(KeptPage, u64)],
        numbers: &Item<Numbers>,
        now: Timestamp,
    ) -> Transaction<'_, InvoiceRefusal> {
        let count = pages.iter().map(|(page, _)| page.page.invoices.len()).sum();
        let mut transaction = self.transaction().take_numbers(numbers, count, InvoiceRefusal::NumberTaken);
        for (page, first) in pages {
            transaction = transaction.move_page(page, PageStage::Numbered { first: *first, at: now });
        }
        transaction
    }

    /// Keeps invoices with the numbers that are theirs.
    pub fn keep_issued(&self, invoices: &[Item<Invoice>]) -> Transaction<'_, InvoiceRefusal> {
        // Whoever comes after a kill goes on with those that are drafts: what is issued has to be found.
        let transaction = self.transaction().ahead(|transaction| {
            invoices
                .iter()
                .fold(transaction, |transaction, invoice| transaction.set(&locator(&invoice.value)))
        });
        transaction.ahead(|transaction| {
            invoices
                .iter()
                .fold(transaction, |transaction, invoice| transaction.save(invoice, InvoiceRefusal::Changed))
        })
    }
}

impl Transaction<'_, InvoiceRefusal> {
    /// Moves a page to its next stage.
    fn move_page(self, page: &KeptPage, stage: PageStage) -> Self {
        let next = RunMark { stage, ..page.mark.value.clone() };
        self.remove(&page.mark, InvoiceRefusal::RunChanged).create(&next, InvoiceRefusal::RunChanged)
    }

    /// Hands a page whose invoices are issued on to whoever asks for their money, with what the ledger says
    /// of them.
    pub fn issue_page(self, page: &KeptPage, entry: &Entry, now: Timestamp) -> Self {
        let entries = std::slice::from_ref(entry);
        let RunPage { entity, on, shard, .. } = &page.page;
        let collect = Job::CollectInvoices { entity: entity.clone(), on: *on, shard: *shard };
        let transaction = self.move_page(page, PageStage::Issued).post(entries, InvoiceRefusal::RunChanged);
        transaction.ask_closing(entries).enqueue(&collect, now)
    }

    /// Hands a page whose invoices' money has been asked for on to whoever makes their documents, with what the
    /// ledger says of what came.
    pub fn collect_page(self, page: &KeptPage, entries: &[Entry], now: Timestamp) -> Self {
        let RunPage { entity, on, shard, .. } = &page.page;
        let make = Job::MakeDocuments { entity: entity.clone(), on: *on, shard: *shard };
        let transaction = self.move_page(page, PageStage::Collected);
        transaction.post(entries, InvoiceRefusal::RunChanged).enqueue(&make, now)
    }

    /// Ends a page whose invoices have their documents. The page itself stays: it says what the run has billed.
    pub fn end_page(self, page: &KeptPage) -> Self {
        self.remove(&page.mark, InvoiceRefusal::RunChanged)
    }
}

impl<R> Transaction<'_, R> {
    /// Asks for the run that an enrollment's period belongs to.
    pub(crate) fn ask_run_for(self, enrollment: &Enrollment, on: Date) -> Self {
        let shard = self.shard_of(enrollment.id);
        self.ask_run(&enrollment.market, on, shard)
    }

    /// Asks for a shard of the run over a date: to be foreseen, and to begin with the first of all zones.
    pub fn ask_run(self, entity: &str, on: Date, shard: u16) -> Self {
        let run = Job::BillingRun { entity: entity.to_owned(), on, shard };
        self.enqueue(&run, foreseen_at(on))
    }
}
