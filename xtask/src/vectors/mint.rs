//! `mint.json`: issuers and claims in, exact tokens out.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use tokenmint::{
    Algorithm, Claims, Context, Entropy, Error, Issuer, Key, KeySet, Lifetime, Policy, Secret, UnixTime,
};

use super::{Generated, case, context, pretty};

const CASES: &str = include_str!("cases/mint.json");
const RSA: &str = include_str!("../../../core/tests-data/keys/rsa2048.pem");
const ABOUT: &str = "Issuers mint tokens: the claims and a lifetime in, the exact token out. Keys are test keys. The \
    RSA key is core/tests-data/keys/rsa2048.pem. Where signatures are random by nature (ES*, PS*), `signing_input` is \
    the token up to its last dot.";

pub(super) fn generate() -> Result<Vec<Generated>> {
    let issuers = issuers()?;
    let cases: Value = serde_json::from_str(CASES)?;
    let mut written = Vec::new();
    for entry in cases["cases"].as_array().context("cases")? {
        let issuer = entry["issuer"].as_str().and_then(|name| find(&issuers, name)).context("an issuer")?;
        let result = mint(issuer, entry, &context(entry)?);
        written.push(case(entry, result.map(|token| output(issuer, token))));
    }
    let issuers: serde_json::Map<String, Value> =
        issuers.into_iter().map(|issuer| (issuer.name.to_owned(), issuer.described)).collect();
    let file = json!({ "about": ABOUT, "issuers": issuers, "cases": written });
    Ok(vec![Generated { path: "bindings-tests/vectors/mint.json", content: pretty(&file) }])
}

struct Described {
    name: &'static str,
    described: Value,
    algorithm: Algorithm,
    issuer: Issuer,
}

fn find<'a>(issuers: &'a [Described], name: &str) -> Option<&'a Described> {
    issuers.iter().find(|issuer| issuer.name == name)
}

fn mint(issuer: &Described, entry: &Value, context: &Context) -> Result<String, Error> {
    let lifetime: Lifetime = entry["expires_in"].as_str().unwrap_or_default().parse()?;
    let mut claims = Claims::new();
    let given = &entry["claims"];
    if let Some(subject) = given["subject"].as_str() {
        claims = claims.subject(subject);
    }
    for audience in given["audience"].as_array().into_iter().flatten() {
        claims = claims.audience(audience.as_str().unwrap_or_default());
    }
    if let Some(time) = given["not_before"].as_i64() {
        claims = claims.not_before(UnixTime::from_seconds(time));
    }
    if let Some(id) = given["id"].as_str() {
        claims = claims.id(id);
    }
    for (name, value) in entry["custom"].as_object().into_iter().flatten() {
        claims = claims.set(name.clone(), value);
    }
    match entry["members"].as_str() {
        Some(members) => issuer.issuer.mint_json(&claims, members, lifetime, context),
        None => issuer.issuer.mint(&claims, lifetime, context),
    }
}

fn output(issuer: &Described, token: String) -> Value {
    use Algorithm as A;
    let random = matches!(issuer.algorithm, A::ES256 | A::ES384 | A::ES512 | A::PS256 | A::PS384 | A::PS512);
    match token.rsplit_once('.') {
        Some((input, _)) if random => json!({ "signing_input": input }),
        _ => json!({ "token": token }),
    }
}

/// The issuers, by name, and how a file describes them.
fn issuers() -> Result<Vec<Described>> {
    use Algorithm as A;
    let plain = || Policy::new("https://issuer.example").audience("app");
    let policy = json!({ "issuer": "https://issuer.example", "audience": ["app"] });
    let mut found = Vec::new();
    for (name, alg) in [
        ("hs256", A::HS256),
        ("hs384", A::HS384),
        ("hs512", A::HS512),
        ("rs256", A::RS256),
        ("rs384", A::RS384),
        ("rs512", A::RS512),
        ("ps256", A::PS256),
        ("es256", A::ES256),
        ("es384", A::ES384),
        ("eddsa", A::EdDSA),
    ] {
        found.push(described(name, alg, Some("k1"), plain(), policy.clone())?);
    }
    let with = |name: &str, value: Value| {
        let mut policy = policy.clone();
        policy[name] = value;
        policy
    };
    found.push(described("no-kid", A::HS256, None, plain(), policy.clone())?);
    found.push(described("odd-kid", A::HS256, Some("a\"b\\c ü"), plain(), policy.clone())?);
    let typed = plain().token_type("at+jwt");
    found.push(described("at-jwt", A::HS256, Some("k1"), typed, with("token_type", json!("at+jwt")))?);
    let nameless = Policy::new("https://issuer.example");
    found.push(described("no-audience", A::HS256, Some("k1"), nameless, with("audience", json!([])))?);
    let day = plain().max_lifetime(Lifetime::DAY);
    found.push(described("one-day", A::HS256, Some("k1"), day, with("max_lifetime", json!("1d")))?);
    let fixed = plain().fixed_claim("typ", "\"Bearer\"");
    found.push(described(
        "fixed",
        A::HS256,
        Some("k1"),
        fixed,
        with("fixed_claims", json!({ "typ": "Bearer" })),
    )?);
    Ok(found)
}

fn described(
    name: &'static str,
    algorithm: Algorithm,
    kid: Option<&str>,
    policy: Policy,
    mut described: Value,
) -> Result<Described> {
    let is_rsa = matches!(algorithm.name().as_bytes(), [b'R' | b'P', b'S', ..]);
    let key = if is_rsa {
        described["key"] =
            json!({ "alg": algorithm.name(), "kid": kid, "pem": "core/tests-data/keys/rsa2048.pem" });
        Key::from_pem(kid, Some(algorithm), RSA)?
    } else {
        let jwk: Secret = Key::generate_jwk(kid, algorithm, &mut Entropy::new([1; 32]))?;
        let text = std::str::from_utf8(jwk.expose())?;
        described["key"] = serde_json::from_str(text)?;
        Key::from_jwk(text)?
    };
    let issuer = Issuer::new(KeySet::builder().key(key)?.build()?, policy)?;
    Ok(Described { name, described, algorithm, issuer })
}
