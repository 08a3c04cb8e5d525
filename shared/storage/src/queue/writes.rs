//! The writes that move a job, to stand in transactions or alone.

use aws_sdk_dynamodb::types::builders::{TransactWriteItemBuilder, UpdateBuilder};
use aws_sdk_dynamodb::types::{AttributeValue, Delete, Put, TransactWriteItem, Update};
use domain::job::{Asking, Job};
use jiff::{SignedDuration, Timestamp};

use super::{Claimed, Range, Settings, sortable};
use crate::clock::machine_now;
use crate::item::{Attributes, number};
use crate::key::Key;
use crate::store::StoreError;
use crate::transaction::Guard;

/// How long the tombstone of a job that is done once keeps it from being asked for again.
const TOMBSTONE_KEPT: SignedDuration = SignedDuration::from_hours(400 * 24);

fn string(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

impl Settings {
    /// Sets what is missing and counts the asking.
    pub(crate) fn ask(&self, table: &str, job: &Job, due_at: Timestamp) -> Result<Update, StoreError> {
        let update = Update::builder().table_name(table).set_key(Some(Key::Job(job.id()).attributes()));
        let mut update = update.expression_attribute_values(":one", number(1));
        let mut sets = Vec::new();
        for (name, value) in self.first(job, due_at)? {
            if name != "asked" {
                sets.push(format!("#{name} = if_not_exists(#{name}, :{name})"));
                update = update.expression_attribute_names(format!("#{name}"), &name);
                update = update.expression_attribute_values(format!(":{name}"), value);
            }
        }
        sets.sort();
        Ok(update.update_expression(format!("SET {} ADD asked :one", sets.join(", "))).build()?)
    }

    /// A job where none was ever asked for under its id.
    pub(crate) fn ask_once(&self, table: &str, job: &Job, due_at: Timestamp) -> Result<Put, StoreError> {
        let mut attributes = Key::Job(job.id()).attributes();
        attributes.extend(self.first(job, due_at)?);
        Ok(Guard::absent().on(Put::builder().table_name(table).set_item(Some(attributes))).build()?)
    }

    fn first(&self, job: &Job, due_at: Timestamp) -> Result<Attributes, StoreError> {
        let id = job.id();
        Ok(Attributes::from([
            ("kind".into(), string("job")),
            ("schema".into(), number(1)),
            ("job".into(), serde_dynamo::to_attribute_value(job).map_err(StoreError::Shape)?),
            ("asked".into(), number(1)),
            // Higher than any that an earlier job of this id had: whoever held that one holds nothing.
            ("epoch".into(), number(u64::try_from(machine_now().as_millisecond()).unwrap_or(0))),
            ("claims".into(), number(0)),
            ("due_at".into(), string(due_at.to_string())),
            ("queue_pk".into(), string(self.partition_of(Range::Waiting, id))),
            ("queue_sk".into(), string(sortable(due_at))),
        ]))
    }

    /// Ends a job: a wake-up goes, a job that is done once leaves a tombstone outside the index.
    pub(crate) fn finish(
        &self,
        table: &str,
        claimed: &Claimed,
    ) -> Result<TransactWriteItemBuilder, StoreError> {
        let key = Some(Key::Job(claimed.id).attributes());
        let write = TransactWriteItem::builder();
        match claimed.job.asking() {
            Asking::WakeUp => {
                let delete = Delete::builder().table_name(table).set_key(key);
                Ok(write.delete(self.unasked(claimed).on(delete).build()?))
            }
            Asking::Once => {
                let expires = (machine_now() + TOMBSTONE_KEPT).as_second();
                let guard = self.held(claimed).value(":expires", AttributeValue::N(expires.to_string()));
                let update = Update::builder().table_name(table).set_key(key);
                let update = update.update_expression("SET expires = :expires REMOVE queue_pk, queue_sk");
                Ok(write.update(guard.on(update).build()?))
            }
        }
    }

    /// Makes a job due at another time, its claims forgotten.
    pub(crate) fn again(
        &self,
        table: &str,
        claimed: &Claimed,
        due_at: Timestamp,
    ) -> Result<Update, StoreError> {
        let guard =
            self.unasked(claimed).value(":due_at", string(due_at.to_string())).value(":zero", number(0));
        let set = "SET due_at = :due_at, claims = :zero, ";
        Ok(self.moved(table, claimed, guard, set, Range::Waiting, due_at).build()?)
    }

    /// Forgets a held job's claims: it has come further.
    pub(crate) fn checkpoint(&self, table: &str, claimed: &Claimed) -> Result<Update, StoreError> {
        let guard = self.held(claimed).value(":zero", number(0));
        let update = Update::builder().table_name(table).set_key(Some(Key::Job(claimed.id).attributes()));
        Ok(guard.on(update).update_expression("SET claims = :zero").build()?)
    }

    /// Makes a job that was asked for while it ran due again at once.
    pub(crate) fn due_again(&self, table: &str, claimed: &Claimed) -> Result<TransactWriteItem, StoreError> {
        let update = self.again(table, claimed, claimed.due_at)?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    /// The job is still this claimer's: claimed by nobody since, and not ended or put off either.
    pub(crate) fn held(&self, claimed: &Claimed) -> Guard {
        self.holding(claimed, "epoch = :epoch AND queue_pk = :held")
    }

    /// It is, and nobody asked for it since.
    fn unasked(&self, claimed: &Claimed) -> Guard {
        self.holding(claimed, "epoch = :epoch AND queue_pk = :held AND asked = :asked")
            .value(":asked", number(claimed.asked))
    }

    fn holding(&self, claimed: &Claimed, expression: &str) -> Guard {
        Guard::that(expression)
            .value(":epoch", number(claimed.epoch))
            .value(":held", string(self.partition_of(Range::Held, claimed.id)))
    }

    /// Moves a held job to a range of the index.
    pub(crate) fn moved(
        &self,
        table: &str,
        claimed: &Claimed,
        guard: Guard,
        set: &str,
        range: Range,
        at: Timestamp,
    ) -> UpdateBuilder {
        let guard = guard
            .value(":queue_pk", string(self.partition_of(range, claimed.id)))
            .value(":queue_sk", string(sortable(at)));
        let update = Update::builder().table_name(table).set_key(Some(Key::Job(claimed.id).attributes()));
        guard.on(update).update_expression(format!("{set}queue_pk = :queue_pk, queue_sk = :queue_sk"))
    }
}
