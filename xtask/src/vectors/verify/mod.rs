//! `verify.json`: tokens in, verdicts out.
//!
//! Tokens are written here byte for byte and signed by AWS-LC, not by an issuer, so that they can be wrong in every way.
//! The verdict of each case is written by hand from its rule. The verifier is asked only whether it agrees; where it
//! does not, nothing is generated.

mod claims;
mod framing;
mod header;
mod keys;
mod payload;
pub(super) mod rfc;
mod signatures;
mod times;
pub(super) mod tokens;

use std::collections::BTreeSet;

use anyhow::{Result, bail, ensure};
use serde_json::{Value, json};

use super::{Generated, pretty};

// The one mapping from a case to a verifier.
#[path = "../../../../core/tests/vectors/adapter.rs"]
mod adapter;

const ABOUT: &str = "Verification: a token, the keys and what is expected of it in; valid, or invalid with the error \
    code, out. Fields as in a corpus of JWS cases: `mode` is jwt (signature and claims) or jws (signature only, the \
    payload is any bytes); `key` or `jwks`, none where no key is configured; `allowed_algs` is the allow list; `opts` \
    says what is expected, and what it leaves out is not; `token`, or `token_rle`: texts and how often each is \
    repeated. Verdicts are written by hand from the rules. Keys are test keys.";

/// The time of all cases that do not say another.
const NOW: i64 = 1_700_000_000;

pub(super) fn generate() -> Result<Vec<Generated>> {
    let mut cases = Cases::default();
    framing::add(&mut cases);
    header::add(&mut cases);
    payload::add(&mut cases);
    times::add(&mut cases);
    claims::add(&mut cases);
    keys::add(&mut cases)?;
    signatures::add(&mut cases)?;
    rfc::add(&mut cases)?;
    let mut ids = BTreeSet::new();
    let mut wrong = Vec::new();
    for case in &cases.0 {
        ensure!(ids.insert(case["id"].to_string()), "{} stands twice", case["id"]);
        let verdict = adapter::run(case);
        let found = match &verdict {
            Ok(_) => "valid",
            Err(error) => error.code().name(),
        };
        let expected = case["code"].as_str().unwrap_or("valid");
        if found != expected {
            wrong.push(format!("{}: {found} instead of {expected}: {:?}", case["id"], verdict.err()));
        } else if let (Ok(Some(verified)), Value::Object(_)) = (&verdict, &case["claims"]) {
            ensure!(verified.claims::<Value>()? == case["claims"], "{}: other claims", case["id"]);
        }
    }
    if !wrong.is_empty() {
        bail!("the verifier disagrees with {} cases:\n{}", wrong.len(), wrong.join("\n"));
    }
    let file = json!({ "about": ABOUT, "cases": cases.0 });
    Ok(vec![Generated { path: "bindings-tests/vectors/verify.json", content: pretty(&file) }])
}

#[derive(Default)]
struct Cases(Vec<Value>);

impl Cases {
    /// A token that must be accepted.
    fn valid(&mut self, id: &str, rule: &str, given: Given) {
        let mut case = given.case(id, rule, "valid");
        if case["mode"] == "jwt"
            && let Some(claims) = claims_of(&case)
        {
            case["claims"] = claims;
        }
        self.0.push(case);
    }

    /// A token that must be refused with this code.
    fn invalid(&mut self, id: &str, rule: &str, code: &str, given: Given) {
        let mut case = given.case(id, rule, "invalid");
        case["code"] = code.into();
        self.0.push(case);
    }

    /// As [`Cases::judge`], for claims with numbers that not every language's JSON hands out as they stand.
    fn verdict(&mut self, id: &str, rule: &str, code: &str, given: Given) {
        self.judge(id, rule, code, given);
        if let Some(case) = self.0.last_mut().and_then(Value::as_object_mut) {
            case.shift_remove("claims");
        }
    }

    /// One or the other: `code` is empty where the token must be accepted.
    fn judge(&mut self, id: &str, rule: &str, code: &str, given: Given) {
        if code.is_empty() { self.valid(id, rule, given) } else { self.invalid(id, rule, code, given) }
    }
}

/// A token and its verifier: HS256, one issuer, one audience, unless said otherwise.
#[derive(Clone)]
struct Given {
    mode: &'static str,
    keys: Option<(&'static str, Value)>,
    allowed: Value,
    opts: Value,
    token: Value,
}

impl Given {
    fn new(token: impl Into<Value>) -> Self {
        Given {
            mode: "jwt",
            keys: Some(("key", tokens::oct("HS256"))),
            allowed: json!(["HS256"]),
            opts: json!({ "now": NOW, "leeway": 0, "iss": tokens::ISSUER, "aud": "app", "typ": "JWT", "required": ["exp"] }),
            token: token.into(),
        }
    }

    fn jws(mut self) -> Self {
        self.mode = "jws";
        self.opts = json!({ "now": NOW, "leeway": 0 });
        self
    }

    fn key(mut self, key: Value) -> Self {
        self.keys = Some(("key", key));
        self
    }

    fn jwks(mut self, keys: Value) -> Self {
        self.keys = Some(("jwks", json!({ "keys": keys })));
        self
    }

    fn no_key(mut self) -> Self {
        self.keys = None;
        self
    }

    fn allow(mut self, algorithms: Value) -> Self {
        self.allowed = algorithms;
        self
    }

    /// Sets an option; `null` drops it.
    fn opt(mut self, name: &str, value: Value) -> Self {
        if value.is_null() {
            self.opts.as_object_mut().map(|opts| opts.shift_remove(name));
        } else {
            self.opts[name] = value;
        }
        self
    }

    fn case(self, id: &str, rule: &str, expect: &str) -> Value {
        let mut case = json!({ "id": id, "rule": rule, "mode": self.mode });
        if let Some((name, keys)) = self.keys {
            case[name] = keys;
        }
        case["allowed_algs"] = self.allowed;
        case["opts"] = self.opts;
        let name = if self.token.is_string() { "token" } else { "token_rle" };
        case[name] = self.token;
        case["expect"] = expect.into();
        case
    }
}

/// The payload of a token as it was written, where it is short.
fn claims_of(case: &Value) -> Option<Value> {
    let payload = case["token"].as_str()?.split('.').nth(1)?;
    serde_json::from_slice(&base64_simd::URL_SAFE_NO_PAD.decode_to_vec(payload).ok()?).ok()
}
