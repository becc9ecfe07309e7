//! `flows.json`: sequences of operations on one store; each with its time and seed, its exact result and its events.

use anyhow::{Context as _, Result, bail};
use serde_json::{Map, Value, json};
use tokenmint::config::IssuerConfig;
use tokenmint::{Issuer, KeySet, MemoryStore, Outcome};

use super::{Generated, context, dpop, pretty};

/// What the flows do, and each error that an operation lists.
const CASES: [&str; 3] =
    [include_str!("cases/flows.json"), include_str!("cases/errors.json"), include_str!("cases/bound.json")];
const ABOUT: &str = "Operations on one empty store, one after the other: each with its time and seed, its exact result, \
    and what happened as events. The issuer signs with HS256; keys and secrets are test keys.";
/// Signs the tokens of these cases; also the session secret.
const KEY: [u8; 32] = *b"a test key that protects nothing";

pub(super) fn generate() -> Result<Vec<Generated>> {
    let mut written = Vec::new();
    for cases in CASES {
        let cases: Value = serde_json::from_str(cases)?;
        for case in cases["cases"].as_array().context("cases")? {
            let id = case["id"].as_str().context("`id`")?;
            written.push(run(case).with_context(|| id.to_owned())?);
        }
    }
    let mut issuer = described();
    issuer["key"] = json!({ "kty": "oct", "alg": "HS256", "kid": "k1", "k": "YSB0ZXN0IGtleSB0aGF0IHByb3RlY3RzIG5vdGhpbmc" });
    let file = json!({ "about": ABOUT, "issuer": issuer, "cases": written });
    Ok(vec![Generated { path: "bindings-tests/vectors/flows.json", content: pretty(&file) }])
}

/// Runs the steps of a case and writes down what each gave.
fn run(case: &Value) -> Result<Value> {
    let issuer = issuer(&case["policy"])?;
    let store = MemoryStore::new();
    let mut steps: Vec<Value> = Vec::new();
    let (mut now, mut seed) = (1_700_000_000, 0_u8);
    for step in case["steps"].as_array().context("steps")? {
        let (op, input) = step.as_object().and_then(|step| step.iter().next()).context("a step")?;
        if op == "wait" {
            now += input.as_i64().context("seconds")?;
            continue;
        }
        seed += 1;
        let mut given = json!({ "op": op, "now": now, "seed": format!("{seed:02x}").repeat(32) });
        given["input"] = resolve(input, &steps, now)?;
        let input = given["input"].to_string();
        let Outcome { result, events } = issuer.operation(op, &input, &context(&given)?).run(&store);
        match result {
            Ok(output) => given["output"] = serde_json::from_str(&output)?,
            Err(error) => given["error"] = error.code().name().into(),
        }
        given["events"] = serde_json::to_value(events)?;
        steps.push(given);
    }
    let mut written = json!({ "id": case["id"], "rule": case["rule"] });
    if !case["policy"].is_null() {
        written["policy"] = case["policy"].clone();
    }
    written["steps"] = steps.into();
    Ok(written)
}

/// Replaces `"$2.refresh_token"` by what step 2 (from 0) gave, and `{"$proof": ...}` by a DPoP proof of what it says.
fn resolve(value: &Value, steps: &[Value], now: i64) -> Result<Value> {
    Ok(match value {
        Value::String(text) if text.starts_with('$') => {
            let (step, path) = text[1..].split_once('.').context("$step.member")?;
            let output = &steps.get(step.parse::<usize>()?).context("an earlier step")?["output"];
            let found = if path == "." { output } else { &output[path] };
            if found.is_null() {
                bail!("{text}: the step has no such output");
            }
            found.clone()
        }
        Value::Object(members) if members.contains_key("$proof") => {
            let of = value.get("$proof").unwrap_or(value);
            dpop::proof(&resolve(of, steps, now)?, now)?.into()
        }
        Value::Object(members) => {
            let resolved = |(name, value): (&String, &Value)| Ok((name.clone(), resolve(value, steps, now)?));
            Value::Object(members.iter().map(resolved).collect::<Result<Map<String, Value>>>()?)
        }
        Value::Array(items) => items.iter().map(|item| resolve(item, steps, now)).collect::<Result<_>>()?,
        other => other.clone(),
    })
}

/// The issuer of a case: what all have, and the policy of this one.
fn issuer(policy: &Value) -> Result<Issuer> {
    let keys = KeySet::builder().hmac("k1", KEY.as_slice())?.build()?;
    let mut config = described();
    for (name, value) in policy.as_object().into_iter().flatten() {
        config[name] = value.clone();
    }
    Ok(IssuerConfig::from_json(&config.to_string())?.build(keys)?)
}

/// The configuration of the issuer of all cases.
fn described() -> Value {
    json!({
        "issuer": "https://issuer.example",
        "audience": ["api"],
        "session_secret": String::from_utf8_lossy(&KEY),
        "session_idle": "30m",
        "session_absolute": "1d",
        "integrations": [{ "slug": "lever", "name": "Lever", "categories": ["ats", "hris"] }],
    })
}
