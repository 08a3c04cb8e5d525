//! How a value becomes an item: its key, its kind, the schema of its shape, its revision, and the
//! value itself under one attribute.
//!
//! A reader accepts every schema ever shipped and upcasts ([`Stored::upcast`]). The revision counts
//! writes; it is the ETag, and what a replacement is conditional on.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_dynamo::{from_attribute_value, to_attribute_value};

use crate::key::{Key, KeyError};
use crate::queue;
use crate::store::StoreError;

/// An item as the SDK has it.
pub type Attributes = HashMap<String, AttributeValue>;

/// A value that is kept as an item of its own.
pub trait Stored: Serialize + DeserializeOwned {
    /// The word for this kind of item.
    const KIND: &'static str;
    /// The shape it is written in now. Raised when a field changes its meaning or a new one cannot default.
    const SCHEMA: u32 = 1;

    /// Where it stands.
    fn key(&self) -> Key;

    /// When the table may drop it by itself, in seconds since 1970 by the machine's clock.
    fn expires(&self) -> Option<i64> {
        None
    }

    /// What is written and removed together with it: its entries in lists by which it is found.
    fn entries(&self, _queue: &queue::Settings) -> Result<Entries, StoreError> {
        Ok(Entries::default())
    }

    /// Leaves out of what is written what its key, or another part of it, says already.
    fn pack(value: AttributeValue) -> AttributeValue {
        value
    }

    /// Puts that back into what stands in an item.
    fn unpack(_item: &Attributes, value: AttributeValue) -> AttributeValue {
        value
    }

    /// Turns an older shape into today's, one schema at a time.
    fn upcast(_schema: u32, value: AttributeValue) -> AttributeValue {
        value
    }
}

/// Entries of lists, as they stand once a value is written.
#[derive(Debug, Default)]
pub struct Entries {
    /// Items to be written.
    pub there: Vec<Attributes>,
    /// Keys at which nothing stands any more.
    pub gone: Vec<Key>,
}

/// A value as it was read: with the revision that a change of it must still find.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item<T> {
    /// The value.
    pub value: T,
    /// How often it has been written; 0 is not yet.
    pub revision: u64,
}

impl<T> Item<T> {
    /// A value that has not been written yet.
    pub const fn new(value: T) -> Self {
        Self { value, revision: 0 }
    }

    /// The same item with what the value became.
    pub fn with<U>(self, value: U) -> Item<U> {
        Item { value, revision: self.revision }
    }

    /// The value changed by a rule, or the rule's refusal.
    pub fn try_map<U, E>(self, rule: impl FnOnce(T) -> Result<U, E>) -> Result<Item<U>, E> {
        Ok(Item { value: rule(self.value)?, revision: self.revision })
    }
}

/// Who stands how to an item is decided by its value.
impl<T: domain::permission::Subject> domain::permission::Subject for Item<T> {
    fn relations(
        &self,
        person: domain::id::PersonId,
        now: jiff::Timestamp,
    ) -> Vec<domain::permission::Relation> {
        self.value.relations(person, now)
    }

    fn scope(&self) -> domain::person::Scope {
        self.value.scope()
    }
}

/// The item's attributes, at the given revision.
pub fn to_attributes<T: Stored>(value: &T, revision: u64) -> Result<Attributes, StoreError> {
    let mut attributes = value.key().attributes();
    attributes.insert("kind".into(), AttributeValue::S(T::KIND.into()));
    attributes.insert("schema".into(), number(T::SCHEMA.into()));
    attributes.insert("revision".into(), number(revision));
    attributes.insert("value".into(), T::pack(to_attribute_value(value).map_err(StoreError::Shape)?));
    Ok(attributes)
}

/// The value of an item, upcast to today's shape.
pub fn from_attributes<T: Stored>(mut attributes: Attributes) -> Result<Item<T>, StoreError> {
    let kind = text(&attributes, "kind")?;
    if kind != T::KIND {
        return Err(StoreError::Kind { expected: T::KIND, found: kind });
    }
    let schema = u32::try_from(read_number(&attributes, "schema")?).unwrap_or(u32::MAX);
    if schema > T::SCHEMA {
        return Err(StoreError::Schema { kind: T::KIND, found: schema });
    }
    let revision = read_number(&attributes, "revision")?;
    let value = attributes.remove("value").ok_or(StoreError::Missing("value"))?;
    let value = T::unpack(&attributes, value);
    let value = (schema..T::SCHEMA).fold(value, |value, schema| T::upcast(schema, value));
    Ok(Item { value: from_attribute_value(value).map_err(StoreError::Shape)?, revision })
}

/// Where an item stands.
pub fn key_of(attributes: &Attributes) -> Result<Key, StoreError> {
    let (pk, sk) = (text(attributes, "pk")?, text(attributes, "sk")?);
    Key::parse(&pk, &sk).map_err(|KeyError| StoreError::Missing("a known key"))
}

/// What kind of item it is.
pub fn kind_of(attributes: &Attributes) -> Option<&str> {
    attributes.get("kind").and_then(|kind| kind.as_s().ok()).map(String::as_str)
}

pub(crate) fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub(crate) fn text(attributes: &Attributes, name: &'static str) -> Result<String, StoreError> {
    attributes.get(name).and_then(|value| value.as_s().ok()).cloned().ok_or(StoreError::Missing(name))
}

pub(crate) fn read_number(attributes: &Attributes, name: &'static str) -> Result<u64, StoreError> {
    let digits = attributes.get(name).and_then(|value| value.as_n().ok()).ok_or(StoreError::Missing(name))?;
    digits.parse().map_err(|_| StoreError::Missing(name))
}
