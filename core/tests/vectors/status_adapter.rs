//! The one mapping from a case of `status_lists.json` to the public interface.

use serde_json::Value;
use tokenmint::config::StatusListsConfig;
use tokenmint::{Error, ErrorCode, KeySet, StatusLists, StatusResolution, UnixTime, Verifier};

/// What each step of a case came to, where it is not what stands there.
pub(crate) fn faults(file: &Value, case: &Value) -> Vec<String> {
    let lists = StatusListsConfig::from_json(&case["options"].to_string()).and_then(StatusListsConfig::build);
    let lists = lists.expect("options");
    let keys = KeySet::from_jwks(&format!(r#"{{"keys":[{}]}}"#, file["key"])).expect("a key");
    let text = |name: &str| file[name].as_str().expect("a text").to_owned();
    let verifier = Verifier::new(keys.clone()).issuer(text("issuer")).audience(text("audience"));
    let steps = case["steps"].as_array().expect("steps");
    let found = steps.iter().enumerate().filter_map(|(at, step)| {
        let fault = fault(&lists, &keys, &verifier, step)?;
        Some(format!("{} step {at}: {fault}", case["id"]))
    });
    found.collect()
}

fn fault(lists: &StatusLists, keys: &KeySet, verifier: &Verifier, step: &Value) -> Option<String> {
    let now = UnixTime::from_seconds(step["now"].as_i64().expect("a time"));
    let (found, output) = match (step["token"].as_str(), step["url"].as_str()) {
        (None, Some(url)) => {
            let outage = Error::new(ErrorCode::StatusUnavailable);
            let body = step["body"].as_str().map(str::as_bytes).ok_or(outage);
            (lists.fetched(url, body, keys, now), "taken")
        }
        (Some(token), url) => {
            let verified = verifier.verify(token, now).expect("a good token");
            let resolution = lists.resolve(&verified, now);
            let again = lists.check(&verified, now);
            match resolution {
                StatusResolution::Valid if again.is_ok() => (Ok(()), "valid"),
                StatusResolution::Fetch { url: named } if Some(&*named) == url => (Ok(()), "fetch"),
                StatusResolution::Wait { url: named } if Some(&*named) == url => (Ok(()), "wait"),
                StatusResolution::Refuse(error) if again.as_ref() == Err(&error) => (Err(error), ""),
                other => return Some(format!("{other:?}, then {again:?}")),
            }
        }
        (None, None) => return Some("neither a token nor a URL".to_owned()),
    };
    let expected = match &step["error"] {
        Value::String(code) => (code.as_str(), step["field"].as_str()),
        _ => (step["output"].as_str().unwrap_or_default(), None),
    };
    let seen = match &found {
        Ok(()) => (output, None),
        Err(error) => (error.code().name(), error.field()),
    };
    (seen != expected).then(|| format!("{seen:?} instead of {expected:?}: {found:?}"))
}
