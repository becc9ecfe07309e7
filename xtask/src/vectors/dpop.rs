//! `dpop.json`: bound tokens and proofs of their keys in, verdicts out; and the proofs of other files.
//!
//! Proofs are written here byte for byte and signed by AWS-LC, so that they can be wrong in every way. The verdict of each
//! case is written by hand from its rule; where the verifier does not agree, nothing is generated.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};
use tokenmint::config::{IssuerConfig, VerifierConfig};
use tokenmint::{Claims, Context, KeySet, Lifetime, UnixTime};

use super::verify::rfc;
use super::verify::tokens::{encode, rs};
use super::{Generated, pretty};

const ABOUT: &str = "Bound tokens (RFC 9449): a token of `issuer`, a proof, and the request that they came with in; the key's \
    thumbprint and by what the proof is known again, or the error and its field, out. The verifier expects what `verifier` \
    says, and what the case's own `dpop` says in place of that. Verdicts are written by hand from the rules. Keys are test keys.";
const NOW: i64 = 1_700_000_000;
const URL: &str = "https://api.example.com/invoices";
const KEY: &[u8; 32] = b"a test key that protects nothing";

/// The key of a client, from a seed.
fn pair(seed: u8) -> Result<Ed25519KeyPair> {
    Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).map_err(|error| anyhow!("{error}"))
}

/// Its public half as a JWK.
fn jwk(seed: u8) -> Result<Value> {
    Ok(json!({ "kty": "OKP", "crv": "Ed25519", "x": encode(pair(seed)?.public_key()) }))
}

/// The thumbprint of that (RFC 7638).
fn thumbprint(seed: u8) -> Result<String> {
    let x = encode(pair(seed)?.public_key());
    Ok(encode(digest(&SHA256, format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#).as_bytes())))
}

fn header(seed: u8) -> Result<Value> {
    Ok(json!({ "typ": "dpop+jwt", "alg": "EdDSA", "jwk": jwk(seed)? }))
}

fn sign(seed: u8, header: &str, payload: &str) -> Result<String> {
    let input = format!("{}.{}", encode(header), encode(payload));
    let signature = pair(seed)?.sign(input.as_bytes());
    Ok(format!("{input}.{}", encode(signature)))
}

/// The hash of a token, as `ath` has it.
fn ath(token: &str) -> String {
    encode(digest(&SHA256, token.as_bytes()))
}

/// A proof for a step of `flows.json`: what `of` says (`key`, `id`, `method`, `url`, `token`), made at `now`.
pub(super) fn proof(of: &Value, now: i64) -> Result<String> {
    let seed = u8::try_from(of["key"].as_u64().unwrap_or(1))?;
    let mut claims = json!({ "jti": of["id"], "htm": of["method"], "htu": of["url"], "iat": now });
    if let Some(token) = of["token"].as_str() {
        claims["ath"] = ath(token).into();
    }
    sign(seed, &header(seed)?.to_string(), &claims.to_string())
}

/// A JSON object with some members changed; those that are null are left out.
fn with(of: &Value, changes: &Value) -> Value {
    let mut changed = of.clone();
    for (name, value) in changes.as_object().into_iter().flatten() {
        match (value, changed.as_object_mut()) {
            (Value::Null, Some(members)) => drop(members.remove(name)),
            (value, Some(members)) => drop(members.insert(name.clone(), value.clone())),
            _ => {}
        }
    }
    changed
}

struct Cases {
    token: String,
    issuer: Value,
    verifier: Value,
    written: Vec<Value>,
}

impl Cases {
    /// A case with the usual token, request and time.
    fn case(&mut self, id: &str, rule: &str, proof: String, expected: Expected<'_>) -> &mut Value {
        let mut case = json!({ "id": id, "rule": rule, "now": NOW, "token": self.token, "proof": proof,
            "method": "GET", "url": URL });
        match expected {
            Expected::Good => {}
            Expected::Error(code, field) => {
                case["error"] = code.into();
                case["field"] = field.into();
            }
        }
        self.written.push(case);
        let last = self.written.len() - 1;
        &mut self.written[last]
    }

    /// A case with these claims changed, in a proof of the token's key.
    fn claims(&mut self, id: &str, rule: &str, changes: Value, expected: Expected<'_>) -> Result<&mut Value> {
        let claims = with(&self.good(), &changes);
        let proof = sign(1, &header(1)?.to_string(), &claims.to_string())?;
        Ok(self.case(id, rule, proof, expected))
    }

    /// A case with this header changed.
    fn header(&mut self, id: &str, rule: &str, changes: Value, expected: Expected<'_>) -> Result<()> {
        let proof = sign(1, &with(&header(1)?, &changes).to_string(), &self.good().to_string())?;
        self.case(id, rule, proof, expected);
        Ok(())
    }

    fn good(&self) -> Value {
        json!({ "jti": "proof-1", "htm": "GET", "htu": URL, "iat": NOW, "ath": ath(&self.token) })
    }

    fn mint(&self, cnf: &Value) -> Result<String> {
        let keys = KeySet::builder().hmac("k1", KEY.as_slice())?.build()?;
        let issuer = IssuerConfig::from_json(&self.issuer.to_string())?.build(keys)?;
        let claims = Claims::new().subject("u1").id("token-1");
        let claims = if cnf.is_null() { claims } else { claims.set("cnf", cnf) };
        Ok(issuer.mint(&claims, Lifetime::HOUR, &Context::new(UnixTime::from_seconds(NOW), [1; 32]))?)
    }
}

#[derive(Clone, Copy)]
enum Expected<'a> {
    Good,
    Error(&'a str, &'a str),
}

pub(super) fn generate() -> Result<Vec<Generated>> {
    let issuer = json!({ "issuer": "https://issuer.example", "audience": ["api"] });
    let verifier = with(&issuer, &json!({ "dpop": { "max_age": "1m" } }));
    let mut cases = Cases { token: String::new(), issuer, verifier, written: Vec::new() };
    cases.token = cases.mint(&json!({ "jkt": thumbprint(1)? }))?;
    add_claims(&mut cases)?;
    add_headers(&mut cases)?;
    add_tokens(&mut cases)?;
    let mut ids = BTreeSet::new();
    for case in &mut cases.written {
        ensure!(ids.insert(case["id"].to_string()), "{} stands twice", case["id"]);
        judge(&cases.verifier, case).with_context(|| case["id"].to_string())?;
    }
    let mut issuer = cases.issuer;
    issuer["key"] = json!({ "kty": "oct", "alg": "HS256", "kid": "k1", "k": encode(KEY) });
    let file =
        json!({ "about": ABOUT, "issuer": issuer, "verifier": cases.verifier, "cases": cases.written });
    Ok(vec![Generated { path: "bindings-tests/vectors/dpop.json", content: pretty(&file) }])
}

/// Whether the verifier agrees; what it gives for a good one is written down.
fn judge(verifier: &Value, case: &mut Value) -> Result<()> {
    let verifier = match &case["dpop"] {
        Value::Null => verifier.clone(),
        dpop => with(verifier, &json!({ "dpop": dpop })),
    };
    let keys = KeySet::builder().hmac("k1", KEY.as_slice())?.build()?;
    let verifier = VerifierConfig::from_json(&verifier.to_string())?.build(keys)?;
    let text = |name: &str| case[name].as_str().unwrap_or_default();
    let now = UnixTime::from_seconds(case["now"].as_i64().context("`now`")?);
    let judged = verifier.verify_bound(text("token"), text("proof"), text("method"), text("url"), now);
    match (judged, case["error"].as_str()) {
        (Ok(bound), None) => {
            let proof = bound.proof;
            let until = proof.replayable_until().seconds();
            let output = json!({ "jkt": proof.thumbprint(), "replay_key": proof.replay_key(), "replayable_until": until });
            case["output"] = match proof.nonce() {
                Some(nonce) => with(&output, &json!({ "nonce": nonce })),
                None => output,
            };
            Ok(())
        }
        (Err(error), Some(code)) => {
            ensure!(error.code().name() == code, "{error:?} instead of {code}");
            ensure!(error.field().unwrap_or_default() == text("field"), "{error:?} at another field");
            Ok(())
        }
        (Ok(_), Some(code)) => bail!("accepted instead of {code}"),
        (Err(error), None) => bail!("refused: {error:?}"),
    }
}

const BAD: &str = "invalid_dpop_proof";

fn add_claims(cases: &mut Cases) -> Result<()> {
    let wrong = |field| Expected::Error(BAD, field);
    let good = Expected::Good;
    cases.claims("good/plain", "RFC 9449 section 7.1: a token with the proof of its key", json!({}), good)?;
    cases.claims(
        "good/more-claims",
        "RFC 9449 section 4.2: other claims may be there",
        json!({ "x": [1], "nonce": "n" }),
        good,
    )?;
    let rule = "RFC 9449 section 4.3 (9), RFC 3986 sections 6.2.2 and 6.2.3";
    for (id, htu) in [
        ("case", "HTTPS://API.Example.com/invoices"),
        ("port", "https://api.example.com:443/invoices"),
        ("percent", "https://api.example.com/%69nvoices"),
        ("dots", "https://api.example.com/a/../invoices"),
        ("query", "https://api.example.com/invoices?page=2#top"),
    ] {
        cases.claims(&format!("htu/{id}"), rule, json!({ "htu": htu }), good)?;
    }
    cases.claims("htu/query-of-request", rule, json!({}), good)?["url"] = format!("{URL}?page=2").into();
    for (id, htu) in [
        ("other-path", "https://api.example.com/invoice"),
        ("other-case", "https://api.example.com/Invoices"),
        ("slash", "https://api.example.com/invoices/"),
        ("escaped-slash", "https://api.example.com%2Finvoices"),
        ("other-host", "https://api.example.org/invoices"),
        ("longer-host", "https://api.example.com.evil.example/invoices"),
        ("other-port", "https://api.example.com:8443/invoices"),
        ("http", "http://api.example.com/invoices"),
        ("user", "https://me@api.example.com/invoices"),
        ("relative", "/invoices"),
        ("empty", ""),
    ] {
        cases.claims(&format!("htu/{id}"), rule, json!({ "htu": htu }), wrong("htu"))?;
    }
    let rule = "RFC 9449 section 4.3 (8), RFC 9110 section 9.1: the method, case and all";
    for (id, htm) in [("other", "POST"), ("case", "get"), ("empty", "")] {
        cases.claims(&format!("htm/{id}"), rule, json!({ "htm": htm }), wrong("htm"))?;
    }
    cases.claims("htm/of-request", rule, json!({}), wrong("htm"))?["method"] = "PUT".into();
    let rule = "RFC 9449 sections 4.3 (11) and 11.1: a short time";
    for (id, iat) in
        [("oldest", json!(NOW - 60)), ("newest", json!(NOW + 60)), ("fraction", json!(1_699_999_999.5))]
    {
        cases.claims(&format!("iat/{id}"), rule, json!({ "iat": iat }), good)?;
    }
    for (id, iat) in [
        ("too-old", json!(NOW - 61)),
        ("too-new", json!(NOW + 61)),
        ("fraction-too-old", json!(1_699_999_939.5)),
        ("milliseconds", json!(NOW * 1000)),
        ("text", json!(NOW.to_string())),
    ] {
        cases.claims(&format!("iat/{id}"), rule, json!({ "iat": iat }), wrong("iat"))?;
    }
    let older = cases.claims("iat/own-age", rule, json!({ "iat": NOW - 61 }), good)?;
    older["dpop"] = json!({ "max_age": "2m" });
    let rule = "RFC 9449 section 4.2: these claims are there, and have their types";
    for name in ["jti", "htm", "htu", "iat", "ath"] {
        cases.claims(&format!("missing/{name}"), rule, json!({ name: null }), wrong(name))?;
        cases.claims(&format!("object/{name}"), rule, json!({ name: {} }), wrong(name))?;
    }
    cases.claims("jti/empty", rule, json!({ "jti": "" }), wrong("jti"))?;
    cases.claims("nonce/number", rule, json!({ "nonce": 7 }), wrong("nonce"))?;
    let rule = "RFC 9449 section 4.3 (12): `ath` is the hash of this token";
    let token = cases.token.clone();
    for (id, hash) in
        [("other", ath("other")), ("padded", ath(&token) + "="), ("cut", ath(&token)[1..].to_owned())]
    {
        cases.claims(&format!("ath/{id}"), rule, json!({ "ath": hash }), wrong("ath"))?;
    }
    Ok(())
}

fn add_headers(cases: &mut Cases) -> Result<()> {
    let wrong = |field| Expected::Error(BAD, field);
    let rule = "RFC 9449 section 4.3 (4) and 11.5: `typ` is dpop+jwt";
    for (id, typ) in [("none", json!(null)), ("jwt", json!("JWT")), ("access-token", json!("at+jwt"))] {
        cases.header(&format!("typ/{id}"), rule, json!({ "typ": typ }), wrong("typ"))?;
    }
    let rule = "RFC 9449 sections 4.3 (5) and 11.6: an asymmetric algorithm that is allowed";
    for alg in ["none", "HS256", "ES256K", ""] {
        let id = if alg.is_empty() { "empty" } else { alg };
        cases.header(&format!("alg/{id}"), rule, json!({ "alg": alg }), wrong("alg"))?;
    }
    let good = cases.good().to_string();
    let own = sign(1, &header(1)?.to_string(), &good)?;
    cases.case("alg/not-allowed", rule, own.clone(), wrong("alg"))["dpop"] =
        json!({ "algorithms": ["ES256"] });
    cases.case("alg/allowed", rule, own.clone(), Expected::Good)["dpop"] =
        json!({ "algorithms": ["ES256", "EdDSA"] });
    cases.header("alg/other-name", rule, json!({ "alg": "Ed25519" }), Expected::Good)?;
    let rule = "RFC 9449 section 4.3 (6): signed by the key in the header";
    cases.case("signature/other-key", rule, sign(2, &header(1)?.to_string(), &good)?, wrong("signature"));
    let (signed, _) = own.rsplit_once('.').context("a signature")?;
    cases.case("signature/empty", rule, format!("{signed}."), wrong("signature"));
    cases.header("jwk/none", rule, json!({ "jwk": null, "kid": "k1" }), wrong("jwk"))?;
    cases.header("jwk/text", rule, json!({ "jwk": "k1" }), wrong("jwk"))?;
    cases.header("jwk/empty", rule, json!({ "jwk": {} }), wrong("jwk"))?;
    let exported = with(&jwk(1)?, &json!({ "key_ops": ["verify"], "ext": true, "kid": "k1" }));
    cases.header("jwk/of-a-browser", rule, json!({ "jwk": exported }), Expected::Good)?;
    for (id, more) in [("encryption", json!({ "use": "enc" })), ("other-alg", json!({ "alg": "ES256" }))] {
        cases.header(&format!("jwk/{id}"), rule, json!({ "jwk": with(&jwk(1)?, &more) }), wrong("jwk"))?;
    }
    let rule = "RFC 9449 section 4.3 (7): no private key in the header";
    for private in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
        let jwk = with(&jwk(1)?, &json!({ private: encode([1; 32]) }));
        cases.header(&format!("jwk/private-{private}"), rule, json!({ "jwk": jwk }), wrong("jwk"))?;
    }
    let rule = "RFC 9449 section 4.3 (3), RFC 7515 section 7.1: a well-formed JWT";
    cases.case("form/empty", rule, String::new(), wrong(""));
    cases.case("form/one-dot", rule, "a.b".to_owned(), wrong(""));
    cases.case("form/two-in-one", rule, format!("{own}, {own}"), wrong(""));
    cases.case("form/blank", rule, format!(" {own}"), wrong("header"));
    cases.case("form/padded", rule, format!("{own}=="), wrong("signature"));
    for (id, payload) in [("empty", ""), ("array", "[]"), ("twice", r#"{"jti":"1","jti":"2"}"#)] {
        let proof = sign(1, &header(1)?.to_string(), payload)?;
        cases.case(&format!("form/payload-{id}"), rule, proof, wrong("payload"));
    }
    cases.header(
        "form/critical",
        "RFC 7515 section 4.1.11",
        json!({ "crit": ["x"], "x": 1 }),
        wrong("crit"),
    )?;
    Ok(())
}

fn add_tokens(cases: &mut Cases) -> Result<()> {
    let rule = "RFC 9449 section 6: the key is that of the token";
    let mismatch = Expected::Error("binding_mismatch", "cnf");
    let other = sign(2, &header(2)?.to_string(), &cases.good().to_string())?;
    cases.case("bound/other-key", rule, other, mismatch);
    for (id, cnf, expected) in [
        ("nothing", Value::Null, mismatch),
        ("a-certificate", json!({ "x5t#S256": encode([5; 32]) }), mismatch),
        ("a-number", json!({ "jkt": 7 }), Expected::Error("claim_invalid", "cnf")),
        ("both", json!({ "jkt": thumbprint(1)?, "x5t#S256": encode([5; 32]) }), Expected::Good),
    ] {
        let token = cases.mint(&cnf)?;
        let claims = with(&cases.good(), &json!({ "ath": ath(&token) }));
        let proof = sign(1, &header(1)?.to_string(), &claims.to_string())?;
        cases.case(&format!("bound/to-{id}"), rule, proof, expected)["token"] = token.into();
    }
    // RFC 7638 section 3.2: the members of an RSA key.
    let key = rfc::key("rsa2048")?;
    let public = json!({ "kty": "RSA", "n": key["n"], "e": key["e"] });
    let canonical = json!({ "e": key["e"], "kty": "RSA", "n": key["n"] });
    let canonical = format!(r#"{{"e":{},"kty":"RSA","n":{}}}"#, canonical["e"], canonical["n"]);
    let token = cases.mint(&json!({ "jkt": encode(digest(&SHA256, canonical.as_bytes())) }))?;
    let claims = with(&cases.good(), &json!({ "ath": ath(&token) })).to_string();
    let header = json!({ "typ": "dpop+jwt", "alg": "RS256", "jwk": public }).to_string();
    let proof = rs("RS256", &header, &claims)?;
    cases.case("bound/rsa", "RFC 7638 section 3.2", proof, Expected::Good)["token"] = token.into();
    let late = Expected::Error("token_expired", "exp");
    let proof =
        cases.claims("token/late", "the token is judged first", json!({ "iat": NOW + 3600 }), late)?;
    proof["now"] = (NOW + 3600).into();
    Ok(())
}
