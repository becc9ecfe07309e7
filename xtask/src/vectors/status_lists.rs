//! `status_lists.json`: status list tokens and what they say of others.
//!
//! The lists of the draft are its own; the others are written here and signed by AWS-LC. What is expected is written by
//! hand from the rules; where the library disagrees, nothing is generated.

use anyhow::{Context as _, Result, ensure};
use miniz_oxide::deflate::compress_to_vec_zlib;
use serde_json::{Value, json};

use super::verify::tokens::{ISSUER, encode, hs256, oct, seal_with};
use super::{Generated, pretty};

// The one mapping from a case to the library.
#[path = "../../../core/tests/vectors/status_adapter.rs"]
mod adapter;

/// Appendix C and section 4.1 of the draft: `lst`, and the states that are not 0, by their places.
const DRAFT: &str = include_str!("cases/status_lists.json");
const ABOUT: &str = "Status lists (draft-ietf-oauth-status-list): a token's status by the list that it names. `key` \
    signs tokens and lists; tokens are verified for `issuer` and `audience` first, and are good. `options` are those of \
    the status lists, which begin with none. The steps of a case are taken in order, on the same lists. A step with a \
    `token` asks for its status: `output` is valid; or fetch, where this caller is told to fetch `url`; or wait, where \
    another was. A step without one hands in what a fetch of `url` brought: `body`, or null where it could not be \
    fetched, for which the error is status_unavailable; `output` is taken. `field` is that of the error, where it has \
    one. Right behind a step with a token that is valid or refused, a check without a fetch comes to the same.";

const NOW: i64 = 1_700_000_000;
const URL: &str = "https://issuer.example/status/1";
const HEADER: &str = r#"{"alg":"HS256","typ":"statuslist+jwt"}"#;

pub(super) fn generate() -> Result<Vec<Generated>> {
    let mut cases = drafts()?;
    cases.extend(fetches());
    cases.extend(tokens());
    cases.extend(lists());
    let mut key = oct("HS256");
    key["alg"] = "HS256".into();
    let file = json!({ "about": ABOUT, "key": key, "issuer": ISSUER, "audience": "app", "cases": cases });
    let faults: Vec<String> = cases.iter().flat_map(|case| adapter::faults(&file, case)).collect();
    ensure!(faults.is_empty(), "the library disagrees:\n{}", faults.join("\n"));
    Ok(vec![Generated { path: "bindings-tests/vectors/status_lists.json", content: pretty(&file) }])
}

fn case(id: &str, rule: &str, options: Value, steps: Vec<Value>) -> Value {
    json!({ "id": id, "rule": rule, "options": options, "steps": steps })
}

/// A token whose claim `status` has this text.
fn token(status: &str) -> String {
    let payload = format!(r#"{{"iss":"{ISSUER}","aud":"app","exp":4102444800,"status":{status}}}"#);
    hs256(r#"{"alg":"HS256","typ":"JWT"}"#, payload)
}

fn at(index: u64, url: &str) -> String {
    token(&format!(r#"{{"status_list":{{"idx":{index},"uri":"{url}"}}}}"#))
}

/// Asks for the status at a place of the usual list: `valid`, `fetch`, `wait`, or the code of an error at `status`.
fn ask(seconds: i64, index: u64, output: &str) -> Value {
    let step = json!({ "now": NOW + seconds, "token": at(index, URL) });
    match output {
        "valid" => output_of(step, output),
        "fetch" | "wait" => output_of(step, output).with("url", URL),
        "status_unavailable" => step.with("error", output),
        "claim_invalid" => error(step, output, "status.status_list.idx"),
        _ => error(step, output, "status"),
    }
}

fn give(seconds: i64, body: &str) -> Value {
    output_of(json!({ "now": NOW + seconds, "url": URL, "body": body }), "taken")
}

fn refuse(body: impl Into<Value>, code: &str, field: &str) -> Value {
    error(json!({ "now": NOW, "url": URL, "body": body.into() }), code, field)
}

fn fail(seconds: i64) -> Value {
    json!({ "now": NOW + seconds, "url": URL, "body": null, "error": "status_unavailable" })
}

fn output_of(step: Value, output: &str) -> Value {
    step.with("output", output)
}

fn error(step: Value, code: &str, field: &str) -> Value {
    let step = step.with("error", code);
    if field.is_empty() { step } else { step.with("field", field) }
}

trait With {
    fn with(self, name: &str, value: &str) -> Self;
}

impl With for Value {
    fn with(mut self, name: &str, value: &str) -> Self {
        self[name] = value.into();
        self
    }
}

/// The payload of a list's token; `extra` are more members.
fn payload(iat: i64, bits: u8, lst: &str, extra: &str) -> String {
    format!(r#"{{"sub":"{URL}","iat":{},"status_list":{{"bits":{bits},"lst":"{lst}"}}{extra}}}"#, NOW + iat)
}

fn list(iat: i64, bits: u8, bytes: &[u8], extra: &str) -> String {
    hs256(HEADER, payload(iat, bits, &encode(compress_to_vec_zlib(bytes, 9)), extra))
}

/// Eight tokens of one bit, of which one is INVALID; fresh for 10 seconds, good for a minute.
fn usual(iat: i64, invalid: u8) -> String {
    list(iat, 1, &[1 << invalid], &format!(r#","ttl":10,"exp":{}"#, NOW + iat + 60))
}

fn drafts() -> Result<Vec<Value>> {
    let drafts: Value = serde_json::from_str(DRAFT)?;
    let mut cases = Vec::new();
    for draft in drafts.as_array().context("a list")? {
        let bits = u8::try_from(draft["bits"].as_u64().context("bits")?)?;
        let lst = draft["lst"].as_str().context("lst")?;
        let states: Vec<(u64, u64)> = serde_json::from_value(draft["states"].clone())?;
        let small = lst.len() < 20;
        let mut steps = vec![give(0, &hs256(HEADER, payload(0, bits, lst, "")))];
        for (index, state) in states.iter().filter(|(_, state)| *state < 4 || state % 32 == 0 || bits < 8) {
            steps.push(ask(0, *index, verdict(*state)));
            // What is not named is VALID.
            let next = index + 1;
            if !small && !states.iter().any(|(other, _)| *other == next) {
                steps.push(ask(0, next, "valid"));
            }
        }
        let len = if small { states.len() as u64 } else { 1 << 20 };
        steps.push(ask(0, len - 1, if small { "token_revoked" } else { "valid" }));
        steps.push(ask(0, len, "claim_invalid"));
        let (id, section) = if small { ("section 4.1", "4.1") } else { ("appendix C", "appendix C") };
        let id = format!("draft/{id}, {bits} {}", if bits == 1 { "bit" } else { "bits" });
        cases.push(case(&id, &format!("{section}: the draft's own list"), json!({}), steps));
    }
    Ok(cases)
}

/// Section 7.1: only VALID is good, and only SUSPENDED may become so again.
fn verdict(state: u64) -> &'static str {
    match state {
        0 => "valid",
        2 => "token_suspended",
        _ => "token_revoked",
    }
}

/// When a list is fetched, and what serves meanwhile.
fn fetches() -> Vec<Value> {
    let none = || json!({});
    vec![
        case(
            "fetch/once",
            "one caller is told to fetch, others wait; then the list answers for all its tokens",
            none(),
            vec![
                ask(0, 1, "fetch"),
                ask(0, 1, "wait"),
                ask(4, 2, "wait"),
                give(4, &usual(0, 2)),
                ask(4, 1, "valid"),
                ask(13, 2, "token_revoked"),
            ],
        ),
        case(
            "fetch/unreported",
            "who never reports is waited for one cooldown",
            none(),
            vec![ask(0, 1, "fetch"), ask(4, 1, "wait"), ask(5, 1, "fetch")],
        ),
        case(
            "fetch/ttl",
            "8.3, 4d: a fresh copy is fetched when ttl is over; until exp the last one serves",
            none(),
            vec![
                give(0, &usual(0, 2)),
                ask(9, 1, "valid"),
                ask(10, 1, "fetch"),
                ask(10, 1, "valid"),
                ask(10, 2, "token_revoked"),
                give(11, &usual(10, 1)),
                ask(11, 1, "token_revoked"),
                ask(11, 2, "valid"),
            ],
        ),
        case(
            "fetch/ttl above the policy's",
            "11.5: a bound of the verifier's own is before a longer ttl",
            json!({ "time_to_live": "10s" }),
            vec![give(0, &list(0, 1, &[0], r#","ttl":43200"#)), ask(9, 1, "valid"), ask(10, 1, "fetch")],
        ),
        case(
            "fetch/unreachable",
            "8.3, 4c: no list serves beyond its exp",
            none(),
            vec![
                give(0, &usual(0, 2)),
                ask(59, 1, "fetch"),
                fail(59),
                ask(59, 1, "valid"),
                ask(60, 1, "status_unavailable"),
                ask(64, 1, "fetch"),
                fail(64),
                ask(64, 1, "status_unavailable"),
            ],
        ),
        case(
            "fetch/unreachable and accepted",
            "the policy names how long tokens are taken without a list that holds",
            json!({ "accept_unreachable_for": "100s" }),
            vec![
                give(0, &usual(0, 2)),
                ask(60, 1, "fetch"),
                fail(60),
                ask(60, 1, "valid"),
                ask(60, 2, "token_revoked"),
                ask(159, 1, "fetch"),
                fail(159),
                ask(159, 1, "valid"),
                ask(160, 1, "status_unavailable"),
            ],
        ),
        case(
            "fetch/never reached and accepted",
            "where there never was a list, the time runs from the first failure on",
            json!({ "accept_unreachable_for": "100s" }),
            vec![
                ask(0, 1, "fetch"),
                ask(0, 1, "wait"),
                fail(1),
                ask(1, 1, "valid"),
                ask(99, 1, "fetch"),
                fail(99),
                ask(100, 1, "valid"),
                ask(101, 1, "status_unavailable"),
            ],
        ),
        case(
            "fetch/older",
            "a list never replaces one that was issued later",
            none(),
            vec![
                give(5, &usual(5, 2)),
                error(json!({ "now": NOW + 5, "url": URL, "body": usual(4, 1) }), "token_too_old", "iat"),
                ask(5, 1, "valid"),
                ask(5, 2, "token_revoked"),
            ],
        ),
    ]
}

/// What tokens say of where their status stands.
fn tokens() -> Vec<Value> {
    let asked = |id: &str, rule: &str, options: Value, status: &str, step: &dyn Fn(Value) -> Value| {
        let given = json!({ "now": NOW, "token": token(status) });
        case(&format!("token/{id}"), rule, options, vec![step(given)])
    };
    let named = |url: &str| format!(r#"{{"status_list":{{"idx":1,"uri":"{url}"}}}}"#);
    let invalid = |field: &'static str| move |step| error(step, "claim_invalid", field);
    let uri = "status.status_list.uri";
    let shape = "6.2: `status_list` has `idx`, a whole number, and `uri`, a text";
    let other = r#"{"other":{"idx":1}}"#;
    let mut cases = vec![
        asked("another mechanism", "6.1: other mechanisms are not looked at", json!({}), other, &|step| {
            output_of(step, "valid")
        }),
        asked(
            "required",
            "the policy may ask for a place in a list",
            json!({ "required": true }),
            other,
            &|step| error(step, "claim_missing", "status"),
        ),
        asked(
            "spelled otherwise",
            shape,
            json!({}),
            r#" { "status_list" : { "uri" : "https:\/\/issuer.example/status\/1", "more" : [] , "idx" : 1 } } "#,
            &|step| output_of(step, "fetch").with("url", URL),
        ),
        asked(
            "plain http",
            "another machine's list comes over https",
            json!({}),
            &named("http://issuer.example/status/1"),
            &invalid(uri),
        ),
        asked(
            "plain http allowed",
            "the policy may allow it",
            json!({ "allow_plain_http": true }),
            &named("http://issuer.example/status/1"),
            &|step| output_of(step, "fetch").with("url", "http://issuer.example/status/1"),
        ),
        asked(
            "within a prefix",
            "the policy may say where lists come from",
            json!({ "prefixes": ["https://issuer.example/status"] }),
            &named(URL),
            &|step| output_of(step, "fetch").with("url", URL),
        ),
    ];
    for (id, url) in [
        ("beside a prefix", "https://issuer.example/statuses/1"),
        ("out of a prefix", "https://issuer.example/status/../1"),
        ("out of a prefix, encoded", "https://issuer.example/status/%2e%2E/1"),
        ("of another host", "https://issuer.example.org/status/1"),
    ] {
        let options = json!({ "prefixes": ["https://issuer.example/status"] });
        cases.push(asked(
            id,
            "the policy may say where lists come from",
            options,
            &named(url),
            &invalid(uri),
        ));
    }
    for (id, status, field) in [
        ("null", "null", "status"),
        ("a text", "\"x\"", "status"),
        ("a list of null", r#"{"status_list":null}"#, "status.status_list"),
        (
            "no index",
            r#"{"status_list":{"uri":"https://issuer.example/status/1"}}"#,
            "status.status_list.idx",
        ),
        (
            "a negative index",
            r#"{"status_list":{"idx":-1,"uri":"https://issuer.example/status/1"}}"#,
            "status.status_list.idx",
        ),
        (
            "a broken index",
            r#"{"status_list":{"idx":1.5,"uri":"https://issuer.example/status/1"}}"#,
            "status.status_list.idx",
        ),
        (
            "an index in quotes",
            r#"{"status_list":{"idx":"1","uri":"https://issuer.example/status/1"}}"#,
            "status.status_list.idx",
        ),
        ("no uri", r#"{"status_list":{"idx":1}}"#, "status.status_list.uri"),
        ("no url", r#"{"status_list":{"idx":1,"uri":"urn:list:1"}}"#, "status.status_list.uri"),
    ] {
        cases.push(asked(id, shape, json!({}), status, &invalid(field)));
    }
    let index = 1_u64 << 53;
    cases.push(case(
        "token/a place outside",
        "8.3, 6: of a place outside of the list nothing is known, so the token is refused",
        json!({}),
        vec![
            give(0, &usual(0, 2)),
            ask(0, 7, "valid"),
            ask(0, 8, "claim_invalid"),
            ask(0, index, "claim_invalid"),
        ],
    ));
    cases
}

/// Lists that are not taken.
fn lists() -> Vec<Value> {
    let lst = |bytes: &[u8]| encode(compress_to_vec_zlib(bytes, 9));
    let good = compress_to_vec_zlib(&[0xb9, 0xa3], 9);
    let mut wrong_sum = good.clone();
    if let Some(last) = wrong_sum.last_mut() {
        *last ^= 1;
    }
    let zlib = |bytes: &[u8]| hs256(HEADER, payload(0, 1, &encode(bytes), ""));
    let plain = |extra: &str| list(0, 1, &[0], extra);
    let typed =
        |typ: &str| hs256(format!(r#"{{"alg":"HS256","typ":"{typ}"}}"#), payload(0, 1, &lst(&[0]), ""));
    let with_sub = |sub: &str| {
        let members = format!(r#"{{{sub}"iat":{NOW},"status_list":{{"bits":1,"lst":"{}"}}}}"#, lst(&[0]));
        hs256(HEADER, members)
    };
    let bare = |members: &str| hs256(HEADER, format!(r#"{{"sub":"{URL}"{members}}}"#));
    let signature = seal_with("HS256", &[8; 32], &encode(HEADER), &encode(payload(0, 1, &lst(&[0]), "")));
    let malformed = "status_list_malformed";
    let (in_list, in_lst, in_bits) = ("status_list", "status_list.lst", "status_list.bits");
    let mut cases = Vec::new();
    for (id, rule, body, code, field) in [
        (
            "signature",
            "5.1: one with a wrong signature is refused",
            signature,
            "signature_invalid",
            "signature",
        ),
        ("typ", "5.1: typ is statuslist+jwt", typed("JWT"), "type_mismatch", "typ"),
        (
            "sub",
            "8.3, 4a: sub is the URL",
            with_sub(r#""sub":"https://issuer.example/status/2","#),
            "subject_mismatch",
            "sub",
        ),
        ("no sub", "5.1: sub is required", with_sub(""), "claim_missing", "sub"),
        (
            "no iat",
            "5.1: iat is required",
            bare(&format!(r#","status_list":{{"bits":1,"lst":"{}"}}"#, lst(&[0]))),
            "claim_missing",
            "iat",
        ),
        (
            "iat ahead",
            "one of the future could not be replaced",
            list(61, 1, &[0], ""),
            "token_not_yet_valid",
            "iat",
        ),
        ("expired", "8.3, 4c: exp is checked", plain(&format!(r#","exp":{NOW}"#)), "token_expired", "exp"),
        ("ttl 0", "5.1: ttl is positive", plain(r#","ttl":0"#), malformed, "ttl"),
        ("ttl as a text", "5.1: ttl is a number", plain(r#","ttl":"10""#), malformed, "ttl"),
        ("no list", "5.1: status_list is required", bare(&format!(r#","iat":{NOW}"#)), malformed, in_list),
        ("3 bits", "4.2: bits are 1, 2, 4 or 8", list(0, 3, &[0], ""), malformed, in_bits),
        (
            "no bits",
            "4.2: bits are required",
            bare(&format!(r#","iat":{NOW},"status_list":{{"lst":"{}"}}"#, lst(&[0]))),
            malformed,
            in_bits,
        ),
        (
            "no lst",
            "4.2: lst is required",
            bare(&format!(r#","iat":{NOW},"status_list":{{"bits":1}}"#)),
            malformed,
            in_lst,
        ),
        (
            "padding",
            "3: base64url has no padding",
            hs256(HEADER, payload(0, 1, "eNrbuRgAAhcBXQ==", "")),
            malformed,
            in_lst,
        ),
        (
            "cut off",
            "4.1: the compressed list is whole",
            zlib(good.get(..good.len() - 5).unwrap_or_default()),
            malformed,
            in_lst,
        ),
        (
            "no checksum",
            "RFC 1950 section 2.2: a checksum ends it",
            zlib(good.get(..good.len() - 4).unwrap_or_default()),
            malformed,
            in_lst,
        ),
        (
            "checksum",
            "RFC 1950 section 2.2: the checksum is that of the list",
            zlib(&wrong_sum),
            malformed,
            in_lst,
        ),
        (
            "trailing bytes",
            "nothing stands behind the compressed list",
            zlib(&[&good[..], &[0]].concat()),
            malformed,
            in_lst,
        ),
        (
            "raw DEFLATE",
            "4.1: DEFLATE in the ZLIB format",
            zlib(good.get(2..good.len() - 4).unwrap_or_default()),
            malformed,
            in_lst,
        ),
        (
            "too large",
            "a list has at most 2^20 bytes",
            list(0, 8, &vec![0; (1 << 20) + 1], ""),
            malformed,
            in_lst,
        ),
        ("bomb", "what is inflated is bounded", list(0, 1, &vec![0; 8 << 20], ""), malformed, in_lst),
    ] {
        // The token is not good by a list that was refused.
        let steps = vec![ask(0, 0, "fetch"), refuse(body, code, field), ask(0, 0, "status_unavailable")];
        cases.push(case(&format!("list/{id}"), rule, json!({}), steps));
    }
    let steps = vec![refuse(plain(""), "body_too_large", "")];
    cases.push(case("list/body", "the host's bound on a body", json!({ "max_body": 100 }), steps));
    let elsewhere = json!({ "now": NOW, "url": "https://other.example/1", "body": plain("") });
    let options = json!({ "prefixes": ["https://issuer.example/status/"] });
    let steps = vec![error(elsewhere, "policy_invalid", "url")];
    cases.push(case("list/elsewhere", "no list is taken from where none may come from", options, steps));
    cases.push(case(
        "list/largest",
        "2^20 states of 8 bits are taken",
        json!({}),
        vec![
            give(0, &list(0, 8, &vec![0; 1 << 20], "")),
            ask(0, (1 << 20) - 1, "valid"),
            ask(0, 1 << 20, "claim_invalid"),
        ],
    ));
    cases.push(case(
        "list/empty",
        "a list of nothing says nothing",
        json!({}),
        vec![give(0, &list(0, 1, &[], "")), ask(0, 0, "claim_invalid")],
    ));
    cases
}
