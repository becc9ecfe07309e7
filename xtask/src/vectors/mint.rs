//! `mint.json`: issuers and claims in, exact tokens out.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use tokenmint::config::IssuerConfig;
use tokenmint::{Algorithm, Context, Entropy, Error, Issuer, Key, KeySet, Lifetime, Secret};

use super::{Generated, case, context, pretty};

const CASES: &str = include_str!("cases/mint.json");
const RSA: &str = include_str!("../../../core/tests-data/keys/rsa2048.pem");
const ABOUT: &str = "Issuers mint tokens: the claims and a lifetime in, the exact token out. Keys are test keys. The \
    RSA key is core/tests-data/keys/rsa2048.pem. `members` is JSON text that is kept byte for byte. Where signatures are random by nature (ES*, PS*), `signing_input` is \
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
    let claims = entry["claims"].to_string();
    issuer.issuer.mint_claims(&claims, entry["members"].as_str(), lifetime, context)
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
        found.push(described(name, alg, Some("k1"), policy.clone())?);
    }
    found.push(described("no-kid", A::HS256, None, policy.clone())?);
    found.push(described("odd-kid", A::HS256, Some("a\"b\\c ü"), policy.clone())?);
    for (name, field, value) in [
        ("at-jwt", "token_type", json!("at+jwt")),
        ("no-audience", "audience", json!([])),
        ("one-day", "max_lifetime", json!("1d")),
        ("fixed", "fixed_claims", json!({ "typ": "Bearer" })),
    ] {
        let mut policy = policy.clone();
        policy[field] = value;
        found.push(described(name, A::HS256, Some("k1"), policy)?);
    }
    Ok(found)
}

fn described(
    name: &'static str,
    algorithm: Algorithm,
    kid: Option<&str>,
    mut described: Value,
) -> Result<Described> {
    let config = IssuerConfig::from_json(&described.to_string())?;
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
    let issuer = config.build(KeySet::builder().key(key)?.build()?)?;
    Ok(Described { name, described, algorithm, issuer })
}
