//! What must hold for a write to happen.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodb::types::builders::{ConditionCheckBuilder, DeleteBuilder, PutBuilder, UpdateBuilder};
use jiff::Timestamp;

use crate::item::number;

/// A condition expression with its names and values.
#[derive(Debug, Clone, Default)]
pub(crate) struct Guard {
    expression: Option<String>,
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
}

impl Guard {
    /// Nothing is asked.
    pub(crate) fn none() -> Self {
        Self::default()
    }

    /// An expression over plain names and values.
    pub(crate) fn that(expression: &str) -> Self {
        Self { expression: Some(expression.to_owned()), ..Self::default() }
    }

    /// With a value for a placeholder such as `:epoch`.
    pub(crate) fn value(mut self, placeholder: &str, value: AttributeValue) -> Self {
        self.values.insert(placeholder.to_owned(), value);
        self
    }

    /// With an attribute's name for a placeholder such as `#state`.
    pub(crate) fn name(mut self, placeholder: &str, name: &str) -> Self {
        self.names.insert(placeholder.to_owned(), name.to_owned());
        self
    }

    /// Nothing stands at the key.
    pub(crate) fn absent() -> Self {
        Self::that("attribute_not_exists(pk)")
    }

    /// Something stands at the key.
    pub(crate) fn present() -> Self {
        Self::that("attribute_exists(pk)")
    }

    /// Nothing stands there, or only a record whose time has passed and which nobody removed yet.
    pub(crate) fn absent_or_expired(machine_now: Timestamp) -> Self {
        let now = AttributeValue::N(machine_now.as_second().to_string());
        Self::that("attribute_not_exists(pk) OR expires <= :now").value(":now", now)
    }

    /// The item is as it was read; 0 is not yet written.
    pub(crate) fn at_revision(revision: u64) -> Self {
        if revision == 0 {
            return Self::absent();
        }
        Self::that("revision = :revision").value(":revision", number(revision))
    }

    /// A map inside the value has no such entry.
    pub(crate) fn no_entry(map: &str, entry: &str) -> Self {
        let guard = Self::that("attribute_not_exists(#value.#map.#entry)");
        guard.name("#value", "value").name("#map", map).name("#entry", entry)
    }

    /// The write, conditional on this.
    pub(crate) fn on<B: Guarded>(self, write: B) -> B {
        let names = Some(self.names).filter(|names| !names.is_empty());
        let values = Some(self.values).filter(|values| !values.is_empty());
        write.guarded(self.expression, names, values)
    }
}

type Names = Option<HashMap<String, String>>;
type Values = Option<HashMap<String, AttributeValue>>;

/// A write that can be conditional.
pub(crate) trait Guarded {
    /// The same write under a condition.
    fn guarded(self, expression: Option<String>, names: Names, values: Values) -> Self;
}

macro_rules! guarded {
    ($($builder:ty),*) => {$(
        impl Guarded for $builder {
            fn guarded(self, expression: Option<String>, names: Names, values: Values) -> Self {
                let write = self.set_condition_expression(expression);
                write.set_expression_attribute_names(names).set_expression_attribute_values(values)
            }
        }
    )*};
}

guarded!(PutBuilder, DeleteBuilder, ConditionCheckBuilder, UpdateBuilder, UpdateItemFluentBuilder);
