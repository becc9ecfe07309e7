//! Published examples, and signatures that are random by nature: inputs that were made once.

use std::sync::LazyLock;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::{Cases, Given};

static INPUTS: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../cases/verify.json")).unwrap_or_default());

/// A public key of core/tests-data/keys, without `alg`.
pub(in crate::vectors) fn key(name: &str) -> Result<Value> {
    INPUTS["keys"].get(name).cloned().with_context(|| format!("the key {name}"))
}

/// A token that was signed once.
pub(super) fn signed(name: &str) -> Result<String> {
    INPUTS["signed"][name].as_str().map(str::to_owned).with_context(|| format!("the token {name}"))
}

pub(super) fn add(cases: &mut Cases) -> Result<()> {
    for example in INPUTS["rfc"].as_array().context("the examples")? {
        let text = |name: &str| example[name].as_str().with_context(|| format!("`{name}` of {example}"));
        let mut given = Given::new(text("token")?).key(example["key"].clone());
        given.mode = if text("mode")? == "jws" { "jws" } else { "jwt" };
        given.allowed = json!([example["alg"]]);
        given.opts = json!({ "now": example["now"], "leeway": 0 });
        cases.judge(text("id")?, text("rule")?, example["error"].as_str().unwrap_or_default(), given);
    }
    Ok(())
}
