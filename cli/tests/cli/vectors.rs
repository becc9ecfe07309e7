//! `vectors --stdin` and `explain`.

use serde_json::{Value, json};

use crate::support::{run, run_with};

#[test]
fn every_line_gets_an_answer_and_cases_their_verdicts() {
    let file: Value =
        serde_json::from_str(include_str!("../../../bindings-tests/vectors/verify.json")).unwrap();
    let cases = file["cases"].as_array().unwrap();
    let mut input = String::new();
    for case in cases {
        let mut request = case.clone();
        request["op"] = "verify".into();
        request["want_claims"] = true.into();
        input += &format!("{request}\n");
    }
    input += "not json\n\n{\"op\":\"verify\",\"id\":1}\n{\"op\":\"other\",\"id\":2}\n";
    input += "{\"op\":\"expires_in\",\"id\":\"e\",\"input\":\"1h\",\"iat\":1700000000}\n";
    let done = run_with(&["vectors", "--stdin"], &input, &[]);
    assert_eq!(done.code, 0, "{}", done.err);
    let answers: Vec<Value> = done.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), cases.len() + 4);
    for (case, answer) in cases.iter().zip(&answers) {
        assert_eq!(answer["id"], case["id"]);
        assert_eq!(answer["result"], case["expect"], "{answer}");
        let error = answer["error"].as_str().unwrap_or_default();
        assert!(error.starts_with(case["code"].as_str().unwrap_or_default()), "{answer}");
        if case["claims"].is_object() {
            assert_eq!(answer["claims"], case["claims"], "{answer}");
        }
    }
    let results: Vec<_> = answers[cases.len()..].iter().map(|answer| answer["result"].clone()).collect();
    assert_eq!(results, ["error", "error", "unsupported", "valid"]);
    assert_eq!(answers.last().unwrap()["exp"], 1_700_003_600);
}

#[test]
fn an_explanation_has_the_verdict_of_verify() {
    let env = [("SECRET", "a secret of at least thirty-two bytes")];
    let with = |arguments: &[&str]| run_with(arguments, "", &env);
    let issuer = ["--secret-env", "SECRET", "--issuer", "https://i.example", "--audience", "app"];
    let minted = with(&[&["mint"][..], &issuer].concat());
    let token = minted.out.trim();
    let good = with(&[&["explain"][..], &issuer, &[token]].concat());
    assert_eq!((good.code, good.out.lines().next()), (0, Some("accepted")), "{}", good.err);
    let late = with(&[&["explain", "--json", "--now", "9999999999"][..], &issuer, &[token]].concat());
    assert_eq!(late.code, 1);
    let seen = late.json();
    assert_eq!((&seen["accepted"], &seen["error"]), (&json!(false), &json!("token_expired")));
    assert!(!late.out.contains(token.rsplit('.').next().unwrap()));
    let bare = run(&["explain", token]);
    assert_eq!(bare.code, 0, "{}", bare.err);
    assert!(bare.out.starts_with("not verified"), "{}", bare.out);
    assert_eq!(run(&["explain", "--json", token]).json()["claims"]["iss"], "https://i.example");
}
