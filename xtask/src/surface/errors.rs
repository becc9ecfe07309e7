//! The errors that the table lists are those that the vectors show.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;
use tokenmint::ErrorCode;
use tokenmint::operation::{Operation, tables};

/// Each operation with an error that a vector shows.
fn shown() -> BTreeSet<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let text = fs::read_to_string(root.join("bindings-tests/vectors/flows.json")).unwrap();
    let file: Value = serde_json::from_str(&text).unwrap();
    let steps = file["cases"].as_array().unwrap().iter().flat_map(|case| case["steps"].as_array().unwrap());
    let text = |value: &Value| value.as_str().map(ToOwned::to_owned);
    steps.filter_map(|step| Some((text(&step["op"])?, text(&step["error"]).unwrap_or_default()))).collect()
}

#[test]
fn every_error_of_a_vector_is_listed() {
    let tables = tables();
    let operations: Vec<&Operation> = tables.iter().flat_map(|table| table.operations).collect();
    for (name, error) in shown() {
        let operation = operations.iter().find(|operation| operation.name == name).unwrap();
        let code = ErrorCode::ALL.iter().find(|code| code.name() == error);
        assert!(code.is_none_or(|code| operation.codes().contains(code)), "{name} does not list {error}");
    }
}

#[test]
fn every_listed_error_has_a_vector_and_so_has_every_operation() {
    let shown = shown();
    let mut missing = Vec::new();
    for operation in tables().iter().flat_map(|table| table.operations) {
        let wanted = operation.errors.iter().map(|code| code.name()).chain([""]);
        missing.extend(
            wanted
                .map(|error| (operation.name, error))
                .filter(|(name, error)| !shown.contains(&((*name).to_owned(), (*error).to_owned()))),
        );
    }
    assert!(missing.is_empty(), "no vector shows {missing:?}");
}
