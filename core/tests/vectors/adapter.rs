//! One verification case in the form of the corpus, run through the public interface. The command `tokenmint vectors`
//! maps its requests the same way.

use serde_json::Value;
use tokenmint::{Algorithm, Error, ErrorCode, KeySet, Lifetime, UnixTime, Verified, Verifier, unverified};

/// What became of a case: the claims' JSON text where it was valid and has claims.
pub(crate) fn run(case: &Value) -> Result<Option<Verified>, Error> {
    let (verifier, token) = prepare(case)?;
    if case["mode"] == "jws" {
        return verifier.verify_jws(&token).map(|_| None);
    }
    let now = UnixTime::from_seconds(case["opts"]["now"].as_i64().unwrap());
    verifier.verify(&token, now).map(Some)
}

/// The verifier and the token of a case.
pub(crate) fn prepare(case: &Value) -> Result<(Verifier, String), Error> {
    let token = token(case)?;
    Ok((verifier(case, &token)?, token))
}

/// The reason classes of the corpus.
#[allow(dead_code, reason = "who compares codes needs no classes")]
pub(crate) fn reason(code: ErrorCode) -> &'static str {
    use ErrorCode as E;
    match code {
        E::TokenTooLarge => "too_large",
        E::TokenMalformed | E::TokenEncoding | E::HeaderMalformed | E::PayloadMalformed => "malformed",
        E::HeaderCritical => "crit",
        E::HeaderUnsupported => "unsupported",
        E::AlgorithmNotAllowed => "alg_not_allowed",
        E::KeyNotFound => "key_not_found",
        E::KeyMismatch | E::KeyUsage => "key_mismatch",
        E::KeyMalformed | E::KeyDuplicate | E::KeyUnsupported => "bad_key",
        E::KeyWeak => "weak_key",
        E::SignatureInvalid => "bad_signature",
        E::ClaimMissing => "missing_claim",
        E::ClaimInvalid => "invalid_claim",
        E::TokenExpired => "expired",
        E::TokenNotYetValid => "not_yet_valid",
        E::TokenTooOld => "too_old",
        E::IssuerMismatch => "iss_mismatch",
        E::AudienceMismatch => "aud_mismatch",
        E::SubjectMismatch => "sub_mismatch",
        E::TypeMismatch => "typ_mismatch",
        _ => "config",
    }
}

fn token(case: &Value) -> Result<String, Error> {
    if let Some(parts) = case["token_rle"].as_array() {
        let piece = |part: &Value| part[0].as_str().unwrap().repeat(part[1].as_u64().unwrap() as usize);
        return Ok(parts.iter().map(piece).collect());
    }
    if let Some(text) = case["token_b64"].as_str() {
        let bytes = base64_simd::STANDARD.decode_to_vec(text).unwrap();
        return String::from_utf8(bytes).map_err(|_| Error::new(ErrorCode::TokenEncoding));
    }
    Ok(case["token"].as_str().unwrap().to_owned())
}

fn verifier(case: &Value, token: &str) -> Result<Verifier, Error> {
    let algorithms = algorithms(&case["allowed_algs"], token)?;
    let opts = &case["opts"];
    let mut verifier = Verifier::new(keys(case, &algorithms)?)
        .algorithms(&algorithms)
        .leeway_seconds(opts["leeway"].as_u64().unwrap_or(0));
    verifier = match opts["iss"].as_str() {
        Some(issuer) => verifier.issuer(issuer),
        None => verifier.any_issuer(),
    };
    verifier = match &opts["aud"] {
        Value::String(audience) => verifier.audience(audience),
        Value::Array(list) => list.iter().fold(verifier, |v, aud| v.audience(aud.as_str().unwrap())),
        _ => verifier.any_audience(),
    };
    if let Some(subject) = opts["sub"].as_str() {
        verifier = verifier.subject(subject);
    }
    verifier = match opts["typ"].as_str() {
        Some(typ) => verifier.token_type(typ),
        None => verifier.any_token_type(),
    };
    let required = opts["required"].as_array().into_iter().flatten().map(|name| name.as_str().unwrap());
    if !required.clone().any(|name| name == "exp") {
        verifier = verifier.without_expiry();
    }
    verifier = required.fold(verifier, |verifier, name| verifier.require(name.to_owned()));
    match opts["max_age"].as_u64() {
        Some(seconds) => Ok(verifier.max_age(Lifetime::from_seconds(seconds)?)),
        None => Ok(verifier),
    }
}

/// The allow list. The algorithm that the token names stands first where the list has it, so that a JWK which names
/// none, and could serve several, is taken for that one.
fn algorithms(allowed: &Value, token: &str) -> Result<Vec<Algorithm>, Error> {
    let names: Vec<&str> = allowed.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    let mut known: Vec<Algorithm> = names.iter().filter_map(|name| name.parse().ok()).collect();
    if known.is_empty() && !names.is_empty() {
        return Err(Error::new(ErrorCode::AlgorithmNotAllowed).at("alg"));
    }
    let named = unverified::decode_header(token).ok().and_then(|header| header.algorithm());
    known.sort_by_key(|alg| Some(alg.name()) != named.as_deref());
    Ok(known)
}

fn keys(case: &Value, algorithms: &[Algorithm]) -> Result<KeySet, Error> {
    let set = match (&case["key"], &case["jwks"]) {
        // Nothing is allowed, so there is nothing that a key could be for: the verifier says so.
        _ if algorithms.is_empty() => r#"{"keys":[]}"#.to_owned(),
        (Value::Null, Value::Null) => r#"{"keys":[]}"#.to_owned(),
        (Value::Null, jwks) => jwks.to_string(),
        (key, _) => format!(r#"{{"keys":[{key}]}}"#),
    };
    let keys = KeySet::from_jwks_as(algorithms, &set)?;
    match keys.skipped().first() {
        // Where no key is left, why the first was not taken says more than that there is none.
        Some((_, reason)) if keys.keys().len() == 0 => Err(reason.clone()),
        _ => Ok(keys),
    }
}
