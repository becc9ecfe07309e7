//! `bindings-tests/vectors/status_lists.json` through the public interface.

use serde_json::Value;

use crate::status_adapter::faults;

#[test]
fn every_step_comes_to_what_stands_there() {
    let text = include_str!("../../../bindings-tests/vectors/status_lists.json");
    let file: Value = serde_json::from_str(text).unwrap();
    let cases = file["cases"].as_array().unwrap();
    assert!(cases.len() >= 40, "{}", cases.len());
    let faults: Vec<String> = cases.iter().flat_map(|case| faults(&file, case)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
