//! The table: read an item, read a span of items, and count the round trips.

mod batch; // many items at once, each by its key
mod place; // where a store is: its names and endpoints

use std::cell::Cell;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{BuildError, DisplayErrorContext, SdkError};
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, Select};
use thiserror::Error;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use crate::bucket::Bucket;
use crate::item::{Attributes, Item, Stored, from_attributes, text, to_attributes};
pub use crate::key::Order;
use crate::key::{Key, Query, Span};

pub use self::place::{Endpoints, Names};

tokio::task_local! {
    static ROUND_TRIPS: Cell<Option<u32>>;
}

/// Runs a request's work and counts the calls to the table it made.
pub async fn count_round_trips<F: Future>(work: F) -> (F::Output, u32) {
    ROUND_TRIPS
        .scope(Cell::new(Some(0)), async {
            let output = work.await;
            (output, ROUND_TRIPS.with(Cell::get).unwrap_or(0))
        })
        .await
}

pub(crate) fn count_one() {
    // Outside a request nobody counts.
    let _ = ROUND_TRIPS.try_with(|count| count.set(count.get().map(|trips| trips + 1)));
}

/// The school's table and what wakes its worker.
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) client: Client,
    pub(crate) table: Arc<str>,
    pub(crate) queue: crate::queue::Settings,
    /// Where work that students hand in is kept.
    pub submissions: Bucket,
    /// Where recordings and other evidence are kept.
    pub evidence: Bucket,
    pub(crate) editions: Arc<crate::catalog::KeptEditions>,
    wake: Arc<Notify>,
    claims_begun: Arc<AtomicU64>,
    claims_ended: Arc<AtomicU64>,
    jobs_ended: Arc<AtomicU64>,
    /// When the held jobs were last looked at in vain, in milliseconds since 1970 by the machine's clock.
    pub(crate) held_looked: Arc<AtomicI64>,
}

/// A claim on its way.
pub(crate) struct Claiming(Arc<AtomicU64>);

impl Drop for Claiming {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Why the table did not answer, or not with what was expected.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The store could not be reached or kept refusing; the caller may try again later.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// The store does not take what was to be written, however often: it is too large, or against its rules.
    #[error("the store does not take it: {0}")]
    Invalid(String),
    /// A value does not have the shape its kind promises.
    #[error("an item has an unexpected shape")]
    Shape(#[source] serde_dynamo::Error),
    /// An attribute that every item has is not there.
    #[error("an item has no {0}")]
    Missing(&'static str),
    /// Another kind of item stands at the key.
    #[error("expected an item of kind {expected}, found {found}")]
    Kind {
        /// What the reader wants.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// Written by a newer version of this program.
    #[error("{kind} has schema {found}, which this version cannot read")]
    Schema {
        /// The kind of item.
        kind: &'static str,
        /// Its schema.
        found: u32,
    },
}

impl From<BuildError> for StoreError {
    fn from(error: BuildError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl StoreError {
    pub(crate) fn call<E, R>(error: &SdkError<E, R>) -> Self
    where
        SdkError<E, R>: std::error::Error,
    {
        Self::Unavailable(DisplayErrorContext(error).to_string())
    }
}

/// A page of a span, and where the next one begins.
#[derive(Debug, Clone)]
pub struct Page {
    /// The items, in order.
    pub items: Vec<Attributes>,
    /// Sort key of the last item when there are more.
    pub next: Option<String>,
}

/// Items that one call counts.
const COUNTED_AT_ONCE: i32 = 1_000;

impl Store {
    /// A table and two buckets by name, through clients that know their endpoints.
    pub fn new(
        client: Client,
        objects: &aws_sdk_s3::Client,
        names: &Names,
        queue: crate::queue::Settings,
    ) -> Self {
        Self {
            client,
            table: names.table.as_str().into(),
            queue,
            submissions: Bucket::new(objects.clone(), &names.submissions),
            evidence: Bucket::new(objects.clone(), &names.evidence),
            editions: Arc::default(),
            wake: Arc::new(Notify::new()),
            claims_begun: Arc::default(),
            claims_ended: Arc::default(),
            held_looked: Arc::new(AtomicI64::new(i64::MIN)),
            jobs_ended: Arc::default(),
        }
    }

    /// The same store through another client of its table, such as one that watches what is sent.
    pub fn through(self, client: Client) -> Self {
        Self { client, ..self }
    }

    /// The table's client, for making and describing the table itself.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Resolves when a transaction of this process asks for a job, from the moment of this call on.
    pub fn woken(&self) -> Notified<'_> {
        self.wake.notified()
    }

    /// Wakes whoever waits for jobs in this process.
    pub fn wake(&self) {
        self.wake.notify_waiters();
    }

    /// Counts a claim that is on its way, until what this answers is dropped.
    pub(crate) fn claiming(&self) -> Claiming {
        self.claims_begun.fetch_add(1, Ordering::SeqCst);
        Claiming(self.claims_ended.clone())
    }

    /// How many claims this process has made; nothing while one is on its way. Two equal answers mean
    /// that no job was taken between them.
    pub fn claims_at_rest(&self) -> Option<u64> {
        let ended = self.claims_ended.load(Ordering::SeqCst);
        Some(self.claims_begun.load(Ordering::SeqCst)).filter(|begun| *begun == ended)
    }

    /// Counts a job that a worker of this process ended, and wakes whoever waits for that.
    pub fn job_ended(&self) {
        self.jobs_ended.fetch_add(1, Ordering::Relaxed);
        self.wake();
    }

    /// How many jobs the workers of this process have ended.
    pub fn jobs_ended(&self) -> u64 {
        self.jobs_ended.load(Ordering::Relaxed)
    }

    /// Runs a call that a request's count of round trips leaves out: only the simulated clock's.
    pub(crate) async fn uncounted<F: Future>(&self, call: F) -> F::Output {
        ROUND_TRIPS.scope(Cell::new(None), call).await
    }

    /// Resolves when the table and both buckets have answered.
    pub async fn answers(&self) -> Result<(), StoreError> {
        self.get_attributes(&Key::Clock).await?;
        for bucket in [&self.submissions, &self.evidence] {
            // Nothing is ever kept under this key; that it is not there is an answer.
            bucket.head("ready").await?;
        }
        Ok(())
    }

    /// Wraps what was read, so that it is looked into only after `permit`. The one place that may.
    #[allow(clippy::disallowed_methods)]
    pub fn loaded<T>(&self, value: T) -> domain::permission::Loaded<T> {
        domain::permission::Loaded::from_store(value)
    }

    /// One item, or nothing.
    pub async fn get<T: Stored>(&self, key: &Key) -> Result<Option<Item<T>>, StoreError> {
        self.get_attributes(key).await?.map(from_attributes).transpose()
    }

    /// One item as attributes.
    pub(crate) async fn get_attributes(&self, key: &Key) -> Result<Option<Attributes>, StoreError> {
        count_one();
        let call = self.client.get_item().table_name(&*self.table).set_key(Some(key.attributes()));
        let answer = call.consistent_read(true).send().await.map_err(|error| StoreError::call(&error))?;
        Ok(answer.item)
    }

    /// A page of a query, beginning behind `after` (a sort key that an earlier page ended with).
    pub async fn page(
        &self,
        query: &Query,
        order: Order,
        after: Option<&str>,
        items_max: u16,
    ) -> Result<Page, StoreError> {
        count_one();
        let Some((span, start)) = query.span().behind(after, order) else {
            return Ok(Page { items: Vec::new(), next: None });
        };
        let start = start.map(|sk| {
            let parts = [("pk", span.pk.clone()), ("sk", sk)];
            parts.into_iter().map(|(name, value)| (name.to_owned(), AttributeValue::S(value))).collect()
        });
        let call = self.asking(span).consistent_read(true);
        let call = call.scan_index_forward(order == Order::Ascending).limit(i32::from(items_max));
        let answer =
            call.set_exclusive_start_key(start).send().await.map_err(|error| StoreError::call(&error))?;
        let next = answer.last_evaluated_key.and_then(|key| key.get("sk")?.as_s().ok().cloned());
        Ok(Page { items: answer.items.unwrap_or_default(), next })
    }

    fn asking(&self, span: Span) -> QueryFluentBuilder {
        let call = self.client.query().table_name(&*self.table);
        let call = call.key_condition_expression("pk = :pk AND sk BETWEEN :first AND :last");
        let call = call.expression_attribute_values(":pk", AttributeValue::S(span.pk));
        let call = call.expression_attribute_values(":first", AttributeValue::S(span.first));
        call.expression_attribute_values(":last", AttributeValue::S(span.last))
    }

    /// Every item of a query, up to `items_max`; a longer answer is an error, never cut silently.
    pub async fn all(&self, query: &Query, items_max: u16) -> Result<Vec<Attributes>, StoreError> {
        let mut items = Vec::new();
        let mut after = None;
        loop {
            let page = self.page(query, Order::Ascending, after.as_deref(), items_max).await?;
            items.extend(page.items);
            if items.len() > usize::from(items_max) {
                return Err(StoreError::Unavailable(format!("more than {items_max} items in {query:?}")));
            }
            after = page.next;
            if after.is_none() {
                return Ok(items);
            }
        }
    }

    /// How many items a query has.
    pub async fn count(&self, query: &Query) -> Result<u64, StoreError> {
        let (mut span, mut count, mut start) = (query.span(), 0, None);
        loop {
            count_one();
            let call = self.asking(span.clone()).select(Select::Count).limit(COUNTED_AT_ONCE);
            let answer = call.set_exclusive_start_key(start).send().await;
            let answer = answer.map_err(|error| StoreError::call(&error))?;
            count += u64::try_from(answer.count).unwrap_or(0);
            let Some(last) = answer.last_evaluated_key else { return Ok(count) };
            span.first = text(&last, "sk")?;
            start = Some(last);
        }
    }

    /// Every item of a query, of one kind.
    pub async fn list<T: Stored>(&self, query: &Query, items_max: u16) -> Result<Vec<Item<T>>, StoreError> {
        self.all(query, items_max).await?.into_iter().map(from_attributes).collect()
    }

    /// Writes an item over whatever stood there: only for what has one writer.
    pub async fn put<T: Stored>(&self, value: &T) -> Result<(), StoreError> {
        count_one();
        let call = self.client.put_item().table_name(&*self.table);
        let call = call.set_item(Some(to_attributes(value, 1)?));
        call.send().await.map(drop).map_err(|error| StoreError::call(&error))
    }
}
