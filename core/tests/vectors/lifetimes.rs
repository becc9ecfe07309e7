//! Runs the cases of `bindings-tests/vectors/lifetimes.json` through the core.

use std::collections::BTreeSet;

use serde::Deserialize;
use tokenmint::{Lifetime, UnixTime, expires_in};

const FILE: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../bindings-tests/vectors/lifetimes.json"));

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: String,
    #[serde(rename = "about")]
    _about: String,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    id: String,
    rule: String,
    function: String,
    input: Input,
    iat: Option<i64>,
    expect: Outcome,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Input {
    Seconds(u64),
    Text(String),
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Seconds(u64),
    Text(String),
    Exp(i64),
    Error(String),
}

fn outcome(case: &Case) -> Outcome {
    let seconds = |lifetime: Lifetime| Outcome::Seconds(lifetime.seconds());
    let found = match (case.function.as_str(), &case.input, case.iat) {
        ("parse", Input::Text(text), None) => {
            assert_eq!(text.parse::<Lifetime>(), expires_in::parse(text), "{}", case.id);
            expires_in::parse(text).map(seconds)
        }
        ("from_json", Input::Text(value), None) => expires_in::from_json(value).map(seconds),
        ("format", Input::Seconds(count), None) => {
            Lifetime::from_seconds(*count).map(|lifetime| Outcome::Text(lifetime.to_string()))
        }
        ("node_jsonwebtoken", Input::Text(text), Some(iat)) => {
            expires_in::node_jsonwebtoken(text, UnixTime::from_seconds(iat))
                .map(|exp| Outcome::Exp(exp.seconds()))
        }
        _ => panic!("{}: no such function, or not its input", case.id),
    };
    found.unwrap_or_else(|error| Outcome::Error(error.code().name().to_owned()))
}

#[test]
fn every_case_comes_out_as_expected() {
    let file: File = serde_json::from_str(FILE).unwrap();
    assert_eq!(file.format, "tokenmint-lifetimes/1");

    let mut ids = BTreeSet::new();
    let mut wrong = Vec::new();
    for case in &file.cases {
        assert!(ids.insert(&case.id), "two cases are called {}", case.id);
        let found = outcome(case);
        if found != case.expect {
            wrong.push(format!("{} ({}): expected {:?}, found {found:?}", case.id, case.rule, case.expect));
        }
    }
    println!("lifetimes: {} cases", file.cases.len());
    assert!(file.cases.len() >= 200, "the file was cut short");
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}
