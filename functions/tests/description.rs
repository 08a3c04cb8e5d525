//! The API's description: current, complete, and covered by the permission table.

use std::collections::BTreeSet;

use functions::{api, permissions};
use serde_json::Value;

fn described() -> Value {
    serde_json::to_value(api::description()).expect("a description is JSON")
}

/// Every operation: its id, its path, and what is said of it.
fn operations(description: &Value) -> Vec<(String, String, Value)> {
    let paths = description["paths"].as_object().expect("paths");
    let each = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().expect("methods").values();
        methods.map(move |operation| (path.clone(), operation))
    });
    each.map(|(path, operation)| {
        let id = operation["operationId"].as_str().expect("an id").to_owned();
        (id, path, operation.clone())
    })
    .collect()
}

/// `UPDATE_OPENAPI=1 cargo test` writes the file anew.
#[test]
fn the_committed_description_is_current() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
    let current = format!("{}\n", serde_json::to_string_pretty(&described()).expect("JSON"));
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(file, &current).expect("the file is written");
    }
    let committed = std::fs::read_to_string(file).unwrap_or_default();
    assert!(committed == current, "functions/openapi.json is not current: run UPDATE_OPENAPI=1 cargo test");
}

/// Operations whose address holds a capability have that as their permission.
#[test]
fn every_operation_has_a_row_in_the_permission_table() {
    let rows: BTreeSet<&str> = permissions::TABLE.iter().map(|action| action.name).collect();
    for (id, path, _) in operations(&described()) {
        let by_capability = path.contains("{capability}");
        assert!(by_capability || rows.contains(id.as_str()), "{id} has no row in permissions.rs");
    }
}

#[test]
fn every_operation_declares_its_refusals() {
    for (id, _, operation) in operations(&described()) {
        let responses = operation["responses"].as_object().expect("responses");
        for status in ["404", "500", "503"] {
            assert!(responses.contains_key(status), "{id} does not declare {status}");
        }
        assert!(responses.keys().any(|status| status.starts_with('2')), "{id} declares no success");
    }
}
