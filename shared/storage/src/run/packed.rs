//! Items that runs read very many of, as they are written: what has a hundred parts as one text.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::item::{Attributes, key_of, number};
use crate::key::Key;

/// A page with its invoices as lines of one text.
pub(super) fn pack_page(mut value: AttributeValue) -> AttributeValue {
    if let AttributeValue::M(page) = &mut value
        && let Some(AttributeValue::L(invoices)) = page.get("invoices")
    {
        let lines = Vec::from_iter(invoices.iter().filter_map(|line| line.as_s().ok()).map(String::as_str));
        let text = AttributeValue::S(lines.join("\n"));
        page.insert("invoices".into(), text);
    }
    value
}

/// A page with its invoices as a list again.
pub(super) fn unpack_page(mut value: AttributeValue) -> AttributeValue {
    if let AttributeValue::M(page) = &mut value
        && let Some(AttributeValue::S(text)) = page.get("invoices")
    {
        let lines = text.lines().map(|line| AttributeValue::S(line.to_owned())).collect();
        page.insert("invoices".into(), AttributeValue::L(lines));
    }
    value
}

/// What billing knows of an enrollment, alone: the key says the rest.
pub(super) fn pack_day(value: AttributeValue) -> AttributeValue {
    match value {
        AttributeValue::M(mut day) => day.remove("facts").unwrap_or(AttributeValue::M(day)),
        value => value,
    }
}

/// That with what the key says.
pub(super) fn unpack_day(item: &Attributes, value: AttributeValue) -> AttributeValue {
    match (key_of(item), value) {
        (Ok(Key::BillingDay(entity, shard, at)), facts @ AttributeValue::S(_)) => {
            let day = [
                ("entity".into(), AttributeValue::S(entity)),
                ("shard".into(), number(shard.into())),
                ("day".into(), AttributeValue::N(at.day.to_string())),
                ("facts".into(), facts),
            ];
            AttributeValue::M(HashMap::from(day))
        }
        (_, value) => value,
    }
}
