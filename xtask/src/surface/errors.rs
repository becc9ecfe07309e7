//! The errors that the table lists, and those that the vectors show.

use tokenmint::ErrorCode;

/// What any operation says of an input that it cannot read.
pub(super) const INPUT: [ErrorCode; 3] =
    [ErrorCode::InvalidRequest, ErrorCode::FieldRequired, ErrorCode::FieldInvalid];

/// What any operation says where the store, or whoever holds the key, fails. A store in memory shows none of them.
pub(super) const STORE: [ErrorCode; 7] = [
    ErrorCode::StoreUnavailable,
    ErrorCode::StoreUnknown,
    ErrorCode::StoreCorrupt,
    ErrorCode::StoreTooLarge,
    ErrorCode::StoreBusy,
    ErrorCode::StoreRegressed,
    ErrorCode::Internal,
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use serde_json::Value;
    use tokenmint::operation::{Operation, tables};

    use super::*;

    /// Whether an error is one of verification: the vectors of verifiers show those.
    fn is_verdict(code: ErrorCode) -> bool {
        (300..320).contains(&code.number())
    }

    /// Whether an operation can give an error by what the table says.
    fn is_listed(operation: &Operation, code: ErrorCode) -> bool {
        let own = operation.errors.contains(&code);
        own || INPUT.contains(&code) || STORE.contains(&code) || operation.verifies && is_verdict(code)
    }

    /// Each operation with an error that a vector shows.
    fn shown() -> BTreeSet<(String, String)> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let text = fs::read_to_string(root.join("bindings-tests/vectors/flows.json")).unwrap();
        let file: Value = serde_json::from_str(&text).unwrap();
        let steps =
            file["cases"].as_array().unwrap().iter().flat_map(|case| case["steps"].as_array().unwrap());
        let text = |value: &Value| value.as_str().map(ToOwned::to_owned);
        steps
            .filter_map(|step| Some((text(&step["op"])?, text(&step["error"]).unwrap_or_default())))
            .collect()
    }

    #[test]
    fn every_error_of_a_vector_is_listed() {
        let tables = tables();
        let operations: Vec<&Operation> = tables.iter().flat_map(|table| table.operations).collect();
        for (name, error) in shown() {
            let operation = operations.iter().find(|operation| operation.name == name).unwrap();
            let code = ErrorCode::ALL.iter().find(|code| code.name() == error);
            assert!(code.is_none_or(|code| is_listed(operation, *code)), "{name} does not list {error}");
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
}
