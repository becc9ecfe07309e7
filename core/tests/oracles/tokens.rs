//! PyJWT and npm jose judge what is minted here: they accept it, read the same claims, and refuse it when spoilt.

#![allow(clippy::disallowed_types, clippy::disallowed_methods)] // the judges are other programs

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tokenmint::*;

const NOW: i64 = 1_700_000_000;
const SECRET: &[u8; 64] = b"a test key of 64 bytes that protects nothing, only for this test";

/// Each algorithm's private key in PEM, made for these tests.
const RSA: &str = include_str!("../../tests-data/keys/rsa2048.pem");

fn key(alg: Algorithm) -> Key {
    let mut entropy = Entropy::new([3; 32]);
    match alg {
        Algorithm::RS256 => Key::from_pem(Some("k1"), Some(alg), RSA),
        Algorithm::ES256 | Algorithm::EdDSA => Key::generate(Some("k1"), alg, &mut entropy),
        _ => Key::hmac(Some("k1"), alg, SECRET.as_slice()),
    }
    .unwrap()
}

/// The key as the judges get it: the public half, or the secret of an HMAC key.
fn jwk(key: &Key) -> Value {
    match key.public_jwk() {
        Some(text) => serde_json::from_str(&text).unwrap(),
        None => json!({"kty": "oct", "k": base64_simd::URL_SAFE_NO_PAD.encode_to_string(SECRET)}),
    }
}

fn requests() -> Vec<(bool, Value)> {
    let mut requests = Vec::new();
    let context = Context::new(UnixTime::from_seconds(NOW), [5; 32]);
    for alg in [
        Algorithm::HS256,
        Algorithm::HS384,
        Algorithm::HS512,
        Algorithm::RS256,
        Algorithm::ES256,
        Algorithm::EdDSA,
    ] {
        let key = key(alg);
        let keys = KeySet::builder().key(key.clone()).unwrap().build().unwrap();
        let issuer = Issuer::new(keys, Policy::new("https://issuer.example").audience("app")).unwrap();
        let claims =
            Claims::new().subject("ent_1").set("text", "ü \"\\ \u{1} 😀").set("list", json!([1, -2.5, null]));
        let token =
            issuer.mint(&claims.set("whole", 9_007_199_254_740_991_i64), Lifetime::HOUR, &context).unwrap();
        let request = |token: &str, aud: &str, now: i64| json!({"token": token, "jwk": jwk(&key), "alg": alg.name(), "aud": aud, "iss": "https://issuer.example", "now": now});
        let claims: Value = issuer.verifier().verify(&token, context.now()).unwrap().claims().unwrap();
        let mut good = request(&token, "app", NOW);
        good["expect"] = claims;
        requests.push((true, good));
        requests.push((true, request(&token, "app", NOW + 3599)));
        requests.push((false, request(&token, "app", NOW + 3600)));
        requests.push((false, request(&token, "other", NOW)));
        let mut spoilt = token.clone();
        let middle = spoilt.rfind('.').unwrap() - 8;
        let other = if spoilt.as_bytes()[middle] == b'A' { "B" } else { "A" };
        spoilt.replace_range(middle..=middle, other);
        assert!(issuer.verifier().verify(&spoilt, context.now()).is_err());
        requests.push((false, request(&spoilt, "app", NOW)));
    }
    requests
}

fn judge(mut command: Command, requests: &[(bool, Value)]) -> Vec<Value> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    for (_, request) in requests {
        writeln!(input, "{request}").unwrap();
    }
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
#[ignore = "needs PyJWT and jose: run by `cargo xtask test`"]
fn other_libraries_agree() {
    let folder = std::env::var("TOKENMINT_ORACLES").unwrap();
    let mut pyjwt = Command::new(std::env::var("TOKENMINT_PYTHON").unwrap());
    pyjwt.arg(format!("{folder}/verify_pyjwt.py"));
    let mut jose = Command::new("node");
    jose.arg(format!("{folder}/verify_jose.mjs"));
    let requests = requests();
    for (name, command) in [("PyJWT", pyjwt), ("jose", jose)] {
        let answers = judge(command, &requests);
        assert_eq!(answers.len(), requests.len());
        for ((good, request), answer) in requests.iter().zip(&answers) {
            assert_eq!(answer["ok"], *good, "{name}: {} at {}: {answer}", request["alg"], request["now"]);
            if let Some(expected) = request.get("expect") {
                assert_eq!(&answer["claims"], expected, "{name}: {}", request["alg"]);
            }
        }
        println!("{name} agrees on {} tokens", answers.len());
    }
}
