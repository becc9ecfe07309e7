//! Another library judges the same tokens: whatever is accepted here, jsonwebtoken accepts.
//!
//! Good tokens of every algorithm are spoilt at random where a parser could be led astray: the members of header and
//! payload, the spelling of base64, the dots. jsonwebtoken reads the clock, so times lie far from any present.

use std::cell::Cell;

use jsonwebtoken::{DecodingKey, EncodingKey, Validation, decode};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{TestCaseError, TestRunner};
use serde::de::IgnoredAny;
use tokenmint::*;

const NOW: UnixTime = UnixTime::from_seconds(1_700_000_000);
const SECRET: &[u8; 64] = b"a test key of 64 bytes that protects nothing, only for this test";

struct Pair {
    ours: Verifier,
    alg: jsonwebtoken::Algorithm,
    signs: EncodingKey,
    verifies: DecodingKey,
}

fn pair(alg: Algorithm) -> Pair {
    use jsonwebtoken::Algorithm as Theirs;
    let pem = |name: &str| {
        let text = match name {
            "rsa2048" => include_str!("../../tests-data/keys/rsa2048.pem"),
            "rsa2048.pub" => include_str!("../../tests-data/keys/rsa2048.pub.pem"),
            "p256" => include_str!("../../tests-data/keys/p256.pem"),
            "p256.pub" => include_str!("../../tests-data/keys/p256.pub.pem"),
            "p384" => include_str!("../../tests-data/keys/p384.pem"),
            "p384.pub" => include_str!("../../tests-data/keys/p384.pub.pem"),
            "ed25519" => include_str!("../../tests-data/keys/ed25519.pem"),
            _ => include_str!("../../tests-data/keys/ed25519.pub.pem"),
        };
        text.as_bytes()
    };
    let rsa = |theirs| {
        (
            theirs,
            EncodingKey::from_rsa_pem(pem("rsa2048")),
            DecodingKey::from_rsa_pem(pem("rsa2048.pub")),
            "rsa2048.pub",
        )
    };
    let ec = |theirs, private, public| {
        (theirs, EncodingKey::from_ec_pem(pem(private)), DecodingKey::from_ec_pem(pem(public)), public)
    };
    let (theirs, signs, verifies, public) = match alg {
        Algorithm::RS256 => rsa(Theirs::RS256),
        Algorithm::RS384 => rsa(Theirs::RS384),
        Algorithm::RS512 => rsa(Theirs::RS512),
        Algorithm::PS256 => rsa(Theirs::PS256),
        Algorithm::PS384 => rsa(Theirs::PS384),
        Algorithm::PS512 => rsa(Theirs::PS512),
        Algorithm::ES256 => ec(Theirs::ES256, "p256", "p256.pub"),
        Algorithm::ES384 => ec(Theirs::ES384, "p384", "p384.pub"),
        Algorithm::EdDSA => (
            Theirs::EdDSA,
            EncodingKey::from_ed_pem(pem("ed25519")),
            DecodingKey::from_ed_pem(pem("ed25519.pub")),
            "ed25519.pub",
        ),
        hmac => {
            let theirs = match hmac {
                Algorithm::HS256 => Theirs::HS256,
                Algorithm::HS384 => Theirs::HS384,
                _ => Theirs::HS512,
            };
            (theirs, EncodingKey::from_secret(SECRET), DecodingKey::from_secret(SECRET), "")
        }
    };
    let key = if public.is_empty() {
        Key::hmac(Some("k1"), alg, SECRET.as_slice())
    } else {
        Key::from_pem(Some("k1"), Some(alg), std::str::from_utf8(pem(public)).unwrap())
    };
    let keys = KeySet::builder().key(key.unwrap()).unwrap().build().unwrap();
    let ours = Verifier::new(keys).issuer("https://issuer.example").audience("app");
    Pair { ours, alg: theirs, signs: signs.unwrap(), verifies: verifies.unwrap() }
}

impl Pair {
    /// The token with these parts, rightly signed by the other library.
    fn signed(&self, header: &str, payload: &str) -> String {
        let encode = |text: &str| base64_simd::URL_SAFE_NO_PAD.encode_to_string(text);
        let input = format!("{}.{}", encode(header), encode(payload));
        let signature = jsonwebtoken::crypto::sign(input.as_bytes(), &self.signs, self.alg).unwrap();
        format!("{input}.{signature}")
    }

    fn theirs(&self, token: &str) -> bool {
        let mut validation = Validation::new(self.alg);
        validation.leeway = 0;
        validation.validate_nbf = true;
        validation.set_issuer(&["https://issuer.example"]);
        validation.set_audience(&["app"]);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        decode::<IgnoredAny>(token, &self.verifies, &validation).is_ok()
    }
}

/// Whether the header names the algorithm as RFC 9864 does, which jsonwebtoken does not know.
fn names_ed25519(token: &str) -> bool {
    let header = token.split('.').next().unwrap_or_default();
    let header = base64_simd::URL_SAFE_NO_PAD.decode_to_vec(header).unwrap_or_default();
    serde_json::from_slice::<serde_json::Value>(&header).is_ok_and(|header| header["alg"] == "Ed25519")
}

/// Whether a time is a number that jsonwebtoken, which holds times in 64 bits, does not read.
fn has_far_time(token: &str) -> bool {
    let payload = token.split('.').nth(1).unwrap_or_default();
    let payload = base64_simd::URL_SAFE_NO_PAD.decode_to_vec(payload).unwrap_or_default();
    // As text: another member may hold a number that no tree of values can.
    type Members = std::collections::BTreeMap<String, Box<serde_json::value::RawValue>>;
    let Ok(payload) = serde_json::from_slice::<Members>(&payload) else { return false };
    let far = |seconds: f64| !(0.0..18_446_744_073_709_551_616.0).contains(&seconds);
    let time = |name: &&str| payload.get(*name).and_then(|text| text.get().parse().ok());
    ["exp", "nbf"].iter().filter_map(time).any(far)
}

/// One change to the list of an object's members.
#[derive(Clone, Debug)]
enum Change {
    Remove(Index),
    Repeat(Index),
    Rename(Index, &'static str),
    Replace(Index, &'static str),
    Add(&'static str, &'static str),
}

fn change(names: &'static [&'static str], values: &'static [&'static str]) -> impl Strategy<Value = Change> {
    prop_oneof![
        1 => any::<Index>().prop_map(Change::Remove),
        1 => any::<Index>().prop_map(Change::Repeat),
        1 => (any::<Index>(), select(names)).prop_map(|(at, name)| Change::Rename(at, name)),
        4 => (any::<Index>(), select(values)).prop_map(|(at, value)| Change::Replace(at, value)),
        2 => (select(names), select(values)).prop_map(|(name, value)| Change::Add(name, value)),
    ]
}

fn object(members: &[(&str, String)], changes: &[Change]) -> String {
    let mut members: Vec<(String, String)> =
        members.iter().map(|(name, value)| (format!("\"{name}\""), value.clone())).collect();
    for change in changes {
        match change {
            Change::Add(name, value) => members.push(((*name).to_owned(), (*value).to_owned())),
            _ if members.is_empty() => {}
            Change::Remove(at) => drop(members.remove(at.index(members.len()))),
            Change::Repeat(at) => members.push(members[at.index(members.len())].clone()),
            Change::Rename(at, name) => {
                let at = at.index(members.len());
                members[at].0 = (*name).to_owned();
            }
            Change::Replace(at, value) => {
                let at = at.index(members.len());
                members[at].1 = (*value).to_owned();
            }
        }
    }
    let members: Vec<_> = members.iter().map(|(name, value)| format!("{name}:{value}")).collect();
    format!("{{{}}}", members.join(","))
}

/// As they stand in the JSON text. `cty`, `jwk` and their like are left out: jsonwebtoken gives them types, while
/// RFC 7515 section 4 lets a reader ignore them.
const HEADER_NAMES: &[&str] = &[
    r#""alg""#,
    r#""\u0061lg""#,
    r#""ALG""#,
    r#""typ""#,
    r#""kid""#,
    r#""crit""#,
    r#""b64""#,
    r#""zip""#,
    r#""x""#,
];
const HEADER_VALUES: &[&str] = &[
    r#""none""#,
    r#""HS256""#,
    r#""HS512""#,
    r#""RS256""#,
    r#""PS256""#,
    r#""ES256""#,
    r#""EdDSA""#,
    r#""Ed25519""#,
    r#""hs256""#,
    r#""JWT""#,
    r#""jwt""#,
    r#""at+jwt""#,
    r#""application/jwt""#,
    r#""k1""#,
    r#""k2""#,
    r#""""#,
    "null",
    "7",
    "true",
    "[]",
    "{}",
    r#"["exp"]"#,
    r#""DEF""#,
    r#""\ud800""#,
    r#""a" ,"b":1"#,
];
const CLAIM_NAMES: &[&str] = &[
    r#""exp""#,
    r#""\u0065xp""#,
    r#""EXP""#,
    r#""nbf""#,
    r#""iat""#,
    r#""iss""#,
    r#""aud""#,
    r#""sub""#,
    r#""jti""#,
    r#""x""#,
];
const CLAIM_VALUES: &[&str] = &[
    "4000000000",
    "4000000000.5",
    "4e9",
    "1000000000",
    "0",
    "-1",
    "-0",
    "1e300",
    "1e999",
    "18446744073709551616",
    r#""4000000000""#,
    "true",
    "null",
    "[]",
    "{}",
    r#""https://issuer.example""#,
    r#""https://issuer.example/""#,
    r#""https:\/\/issuer.example""#,
    r#"["https://issuer.example"]"#,
    r#""app""#,
    r#"["app"]"#,
    r#"["x","app"]"#,
    r#"["x"]"#,
    r#"["app",7]"#,
    r#""APP""#,
    r#""\u0061pp""#,
    "[[[[[[[[]]]]]]]]",
    r#""\ud83d\ude00""#,
    r#""\ud800""#,
];

/// A change to the spelling of a whole token.
#[derive(Clone, Debug)]
enum Spelling {
    AsItIs,
    Insert(Index, &'static str),
    Delete(Index),
    Swap(Index, char),
}

fn spelling() -> impl Strategy<Value = Spelling> {
    const PIECES: &[&str] = &[".", "=", "==", " ", "\n", "A", "+", "/", "-", "_", "\0", "ü", "e30.", ".e30"];
    const LETTERS: &[char] = &['A', 'B', 'Q', 'g', 'w', '-', '_', '.', '='];
    prop_oneof![
        3 => Just(Spelling::AsItIs),
        1 => (any::<Index>(), select(PIECES)).prop_map(|(at, piece)| Spelling::Insert(at, piece)),
        1 => any::<Index>().prop_map(Spelling::Delete),
        // Also the last letter alone: its spare bits are where two spellings of one signature could hide.
        1 => (any::<Index>(), select(LETTERS)).prop_map(|(at, letter)| Spelling::Swap(at, letter)),
    ]
}

fn spelt(token: &str, spelling: &Spelling) -> String {
    let mut text = token.to_owned();
    match spelling {
        Spelling::AsItIs => {}
        Spelling::Insert(at, piece) => text.insert_str(at.index(text.len() + 1), piece),
        Spelling::Delete(at) => drop(text.remove(at.index(text.len()))),
        Spelling::Swap(at, letter) => {
            let at = (at.index(text.len() + 8)).min(text.len() - 1);
            text.replace_range(at..=at, letter.encode_utf8(&mut [0; 4]));
        }
    }
    text
}

#[test]
fn what_is_accepted_here_jsonwebtoken_accepts() {
    let (mut all, both, theirs_only) = (0, Cell::new(0), Cell::new(0));
    for alg in [
        Algorithm::HS256,
        Algorithm::HS384,
        Algorithm::HS512,
        Algorithm::RS256,
        Algorithm::RS384,
        Algorithm::RS512,
        Algorithm::PS256,
        Algorithm::PS384,
        Algorithm::PS512,
        Algorithm::ES256,
        Algorithm::ES384,
        Algorithm::EdDSA,
    ] {
        let pair = pair(alg);
        let cases = if alg.name().starts_with("HS") { 1500 } else { 150 };
        all += cases;
        let text = |text: &str| format!("\"{text}\"");
        let header = [("alg", text(alg.name())), ("typ", text("JWT")), ("kid", text("k1"))];
        let payload = [
            ("iss", text("https://issuer.example")),
            ("aud", text("app")),
            ("exp", "4000000000".to_owned()),
            ("nbf", "1000000000".to_owned()),
        ];
        let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
        let strategy = (
            prop::collection::vec(change(HEADER_NAMES, HEADER_VALUES), 0..2),
            prop::collection::vec(change(CLAIM_NAMES, CLAIM_VALUES), 0..3),
            spelling(),
        );
        let judged = TestRunner::new(config).run(&strategy, |(in_header, in_payload, spelling)| {
            let token = pair.signed(&object(&header, &in_header), &object(&payload, &in_payload));
            let token = spelt(&token, &spelling);
            match (pair.ours.verify(&token, NOW).is_ok(), pair.theirs(&token)) {
                (true, true) => both.set(both.get() + 1),
                (false, true) => theirs_only.set(theirs_only.get() + 1),
                (true, false) if names_ed25519(&token) || has_far_time(&token) => {}
                (true, false) => return Err(TestCaseError::fail(format!("only accepted here: {token}"))),
                (false, false) => {}
            }
            Ok(())
        });
        if let Err(error) = judged {
            panic!("{alg}: {error}");
        }
    }
    println!("{all} tokens: {} accepted by both, {} by jsonwebtoken alone", both.get(), theirs_only.get());
    assert!(both.get() > all / 20, "too few good tokens prove nothing");
}
