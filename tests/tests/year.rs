//! S1: a student's first year, as `cargo run -- demo` plays it, and what it leaves in the table.
//! Needs ffmpeg (`make tools`).

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;
use infra::demo::{self, BEGINS_AT, Year};
use infra::stack::{Options, Stack};
use storage::Store;
use storage::item::Attributes;
use storage::store::Names;

#[tokio::test]
async fn a_year_ends_with_twelve_invoices_six_recordings_and_a_credential() {
    let clips = demo::clips::make().await.expect("clips");
    let options = Options { port: 0, now: BEGINS_AT.parse().ok(), ..Options::default() };
    let stack = Stack::start(options).await.expect("the stack starts");
    let outcome = Year::new(&stack.url, clips).play().await.expect("the year comes to its end");
    assert_eq!(outcome.to_string(), demo::PROMISED);
    insta::assert_snapshot!("kept", shapes(&everything(&stack.store).await));
    stack.stop().await;
}

/// Every item of the table.
async fn everything(store: &Store) -> Vec<Attributes> {
    let (mut items, mut start) = (Vec::new(), None);
    loop {
        let scan = store.client().scan().table_name(Names::default().table).set_exclusive_start_key(start);
        let page = scan.send().await.expect("a page");
        items.extend(page.items.unwrap_or_default());
        start = page.last_evaluated_key;
        if start.is_none() {
            return items;
        }
    }
}

/// What items of each kind look like: a line per field and type. A change of a line that was kept
/// before needs a new schema and an upcast (`storage::item`), or a default.
fn shapes(items: &[Attributes]) -> String {
    let mut lines = BTreeSet::new();
    for item in items {
        let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok());
        let schema = item.get("schema").and_then(|value| value.as_n().ok()).map_or("0", String::as_str);
        let kind = format!("{} {schema}", text("kind").map_or("?", String::as_str));
        let (job, value) = (item.get("job"), item.get("value"));
        for (name, value) in [("job", job), ("value", value)] {
            if let Some(value) = value {
                shape(&format!("{kind}: {name}"), value, &mut lines);
            }
        }
    }
    Vec::from_iter(lines).join("\n")
}

fn shape(path: &str, value: &AttributeValue, lines: &mut BTreeSet<String>) {
    match value {
        AttributeValue::M(fields) => {
            for (name, value) in fields {
                // Entries of a map are told by their values: each has another id for its key.
                let id = name.split_once('_').is_some_and(|(_, hex)| hex.len() == 32);
                let name = if id { "*" } else { name };
                shape(&format!("{path}.{name}"), value, lines);
            }
        }
        AttributeValue::L(items) => {
            for item in items {
                shape(&format!("{path}[]"), item, lines);
            }
        }
        AttributeValue::S(_) => drop(lines.insert(format!("{path} text"))),
        AttributeValue::N(_) => drop(lines.insert(format!("{path} number"))),
        AttributeValue::Bool(_) => drop(lines.insert(format!("{path} bool"))),
        // What is not there has no shape.
        AttributeValue::Null(_) => {}
        other => drop(lines.insert(format!("{path} {other:?}"))),
    }
}
