//! `tokenmint vectors --stdin`: verification cases as JSON lines, judged by the library as it is.
//!
//! A case says what a program would say: which keys, which algorithms, which claims. Here that becomes a [`Verifier`];
//! no check is added, left out or replaced.

use std::io::{BufRead, Write};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokenmint::{Algorithm, Error, ErrorCode, KeySet, Lifetime, UnixTime, Verifier, expires_in, unverified};

use crate::failure::{Failure, Result};

/// No token_rle is written out beyond this, in bytes.
const MAX_WRITTEN_OUT: usize = 256 * 1024 * 1024;

/// Answers every line of standard input with one line.
pub(crate) fn run() -> Result<()> {
    let mut input = std::io::stdin().lock();
    let mut output = std::io::BufWriter::new(std::io::stdout().lock());
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = input.read_until(b'\n', &mut line);
        if read.map_err(|error| Failure::runtime("standard input", error))? == 0 {
            return output.flush().map_err(|error| Failure::runtime("standard output", error));
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        let answer = answer(&line);
        // A program that waits for each answer before it asks again must get it now.
        writeln!(output, "{answer}")
            .and_then(|()| output.flush())
            .map_err(|error| Failure::runtime("standard output", error))?;
    }
}

#[derive(Deserialize)]
struct Request<'a> {
    op: String,
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    mode: Option<String>,
    token: Option<String>,
    token_b64: Option<String>,
    token_rle: Option<Vec<(String, usize)>>,
    #[serde(borrow)]
    token_utf16: Option<&'a RawValue>,
    #[serde(borrow)]
    key: Option<&'a RawValue>,
    #[serde(borrow)]
    jwks: Option<&'a RawValue>,
    #[serde(default)]
    allowed_algs: Vec<String>,
    #[serde(default)]
    opts: Options,
    #[serde(default)]
    want_claims: bool,
    #[serde(borrow)]
    input: Option<&'a RawValue>,
    iat: Option<i64>,
}

#[derive(Default, Deserialize)]
struct Options {
    now: Option<i64>,
    #[serde(default)]
    leeway: u64,
    iss: Option<OneOrMany>,
    aud: Option<OneOrMany>,
    sub: Option<String>,
    typ: Option<String>,
    #[serde(default)]
    required: Vec<String>,
    max_age: Option<u64>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    /// The values; an empty list is the empty expectation that a verifier refuses.
    fn values(self) -> Vec<String> {
        match self {
            OneOrMany::One(value) => vec![value],
            OneOrMany::Many(values) if values.is_empty() => vec![String::new()],
            OneOrMany::Many(values) => values,
        }
    }
}

#[derive(Serialize)]
struct Answer<'a> {
    id: Option<&'a RawValue>,
    result: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    claims: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
}

/// Why there is no verdict of "valid".
enum Refusal {
    /// The library refuses.
    Invalid(Error),
    /// The case needs what the library does not have.
    Unsupported(String),
    /// The request makes no sense.
    Request(String),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Refusal::Invalid(error)
    }
}

fn answer(line: &[u8]) -> String {
    let (id, result) = match serde_json::from_slice::<Request<'_>>(line) {
        Ok(request) => (request.id, judge(request)),
        Err(fault) => (None, Err(Refusal::Request(format!("no request from column {} on", fault.column())))),
    };
    let plain = Answer { id, result: "valid", reason: None, error: None, claims: None, exp: None };
    let answer = match result {
        Ok((claims, exp)) => Answer { claims, exp, ..plain },
        Err(Refusal::Invalid(error)) => Answer {
            result: "invalid",
            reason: Some(reason(error.code())),
            error: Some(format!("{}: {error}", error.code().name())),
            ..plain
        },
        Err(Refusal::Unsupported(text)) => {
            Answer { result: "unsupported", reason: Some("unsupported"), error: Some(text), ..plain }
        }
        Err(Refusal::Request(text)) => {
            Answer { result: "error", error: Some(format!("the request is not acceptable: {text}")), ..plain }
        }
    };
    serde_json::to_string(&answer)
        .unwrap_or_else(|error| format!("{{\"id\":null,\"result\":\"error\",\"error\":\"{error}\"}}"))
}

type Judged = (Option<Box<RawValue>>, Option<i64>);

fn judge(request: Request<'_>) -> Result<Judged, Refusal> {
    match request.op.as_str() {
        "verify" => verify(request).map(|claims| (claims, None)),
        "expires_in" => {
            let iat = request.iat.ok_or_else(|| lacks("iat"))?;
            let input = request.input.ok_or_else(|| lacks("input"))?.get();
            // node-jsonwebtoken tells a text from a number; here both are texts, and a number's is in seconds.
            let text: String = serde_json::from_str(input)
                .map_err(|_| Refusal::Unsupported("`input` is a text here".to_owned()))?;
            let exp = expires_in::node_jsonwebtoken(&text, UnixTime::from_seconds(iat))?;
            Ok((None, Some(exp.seconds())))
        }
        other => Err(Refusal::Unsupported(format!("the operation {other:?} is not known"))),
    }
}

fn verify(request: Request<'_>) -> Result<Option<Box<RawValue>>, Refusal> {
    let token = token(&request)?;
    let algorithms = algorithms(&request.allowed_algs, &token)?;
    let keys = keys(request.key, request.jwks, &algorithms)?;
    let now = request.opts.now;
    let verifier = verifier(request.opts, keys, &algorithms)?;
    match request.mode.as_deref() {
        Some("jws") => {
            verifier.verify_jws(&token)?;
            Ok(None)
        }
        None | Some("jwt") => {
            let now = UnixTime::from_seconds(now.ok_or_else(|| lacks("opts.now"))?);
            let verified = verifier.verify(&token, now)?;
            if !request.want_claims {
                return Ok(None);
            }
            // The text itself, so every number keeps its digits; without line breaks, as this is a line.
            let claims = RawValue::from_string(one_line(verified.json()));
            claims.map(Some).map_err(|_| ErrorCode::Internal.into()).map_err(Refusal::Invalid)
        }
        Some(other) => Err(Refusal::Unsupported(format!("the mode {other:?} is not known"))),
    }
}

fn token(request: &Request<'_>) -> Result<String, Refusal> {
    if request.token_utf16.is_some() {
        return Err(Refusal::Unsupported("a text of Rust holds no lone surrogate".to_owned()));
    }
    if let Some(parts) = &request.token_rle {
        let length = parts.iter().map(|(text, times)| text.len().saturating_mul(*times));
        if length.fold(0_usize, usize::saturating_add) > MAX_WRITTEN_OUT {
            return Err(Refusal::Request("`token_rle` is over 256 MiB".to_owned()));
        }
        return Ok(parts.iter().map(|(text, times)| text.repeat(*times)).collect());
    }
    if let Some(base64) = &request.token_b64 {
        let bytes = base64_simd::STANDARD
            .decode_to_vec(base64)
            .map_err(|_| Refusal::Request("`token_b64` is not base64".to_owned()))?;
        // A verifier takes text; bytes that are none are no base64url.
        return String::from_utf8(bytes).map_err(|_| Error::new(ErrorCode::TokenEncoding).into());
    }
    request.token.clone().ok_or_else(|| lacks("token"))
}

/// The allow list. The algorithm that the token names stands first where the list has it, so that a JWK which names
/// none, and could serve several, is taken for that one.
fn algorithms(allowed: &[String], token: &str) -> Result<Vec<Algorithm>, Refusal> {
    let mut known: Vec<Algorithm> = allowed.iter().filter_map(|name| name.parse().ok()).collect();
    if known.is_empty() && !allowed.is_empty() {
        if allowed.iter().any(|name| foreign(name)) {
            return Err(Refusal::Unsupported(format!("{} is not supported", allowed.join(", "))));
        }
        return Err(Error::new(ErrorCode::AlgorithmNotAllowed)
            .at("alg")
            .because("none of the allowed names is a signature algorithm")
            .into());
    }
    let named = unverified::decode_header(token).ok().and_then(|header| header.algorithm());
    known.sort_by_key(|alg| Some(alg.name()) != named.as_deref());
    Ok(known)
}

fn keys(
    key: Option<&RawValue>,
    jwks: Option<&RawValue>,
    algorithms: &[Algorithm],
) -> Result<KeySet, Refusal> {
    let set = match (key, jwks) {
        // Nothing is allowed, so there is nothing that a key could be for: the verifier says so.
        _ if algorithms.is_empty() => r#"{"keys":[]}"#.to_owned(),
        (Some(key), _) => format!(r#"{{"keys":[{}]}}"#, key.get()),
        (None, Some(jwks)) => jwks.get().to_owned(),
        (None, None) => r#"{"keys":[]}"#.to_owned(),
    };
    let keys = KeySet::from_jwks_as(algorithms, &set)?;
    // Where no key is left, why the first was not taken says more than that there is none.
    match keys.skipped().first() {
        Some((_, reason)) if keys.keys().len() == 0 => {
            let unknown = reason.code() == ErrorCode::KeyUnsupported;
            let text = reason.to_string();
            if unknown && text.split('"').any(foreign) {
                return Err(Refusal::Unsupported(text));
            }
            Err(reason.clone().into())
        }
        _ => Ok(keys),
    }
}

/// Whether a name is of a registered algorithm or curve that this library leaves out on purpose.
fn foreign(name: &str) -> bool {
    matches!(name, "ES256K" | "secp256k1" | "Ed448")
}

fn verifier(opts: Options, keys: KeySet, algorithms: &[Algorithm]) -> Result<Verifier, Refusal> {
    let mut verifier = Verifier::new(keys).algorithms(algorithms).leeway_seconds(opts.leeway);
    verifier = match opts.iss {
        Some(issuers) => issuers.values().into_iter().fold(verifier, Verifier::issuer),
        None => verifier.any_issuer(),
    };
    verifier = match opts.aud {
        Some(audiences) => audiences.values().into_iter().fold(verifier, Verifier::audience),
        None => verifier.any_audience(),
    };
    verifier = match opts.typ {
        Some(typ) => verifier.token_type(typ),
        None => verifier.any_token_type(),
    };
    if let Some(subject) = opts.sub {
        verifier = verifier.subject(subject);
    }
    if !opts.required.iter().any(|name| name == "exp") {
        verifier = verifier.without_expiry();
    }
    verifier = opts.required.into_iter().fold(verifier, Verifier::require);
    match opts.max_age {
        Some(seconds) => Ok(verifier.max_age(Lifetime::from_seconds(seconds)?)),
        None => Ok(verifier),
    }
}

/// The class of a refusal, in the words of the corpus.
fn reason(code: ErrorCode) -> &'static str {
    use ErrorCode as E;
    match code {
        lifetime if lifetime.number() < 120 => "malformed",
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

/// JSON text without the blanks between its parts.
fn one_line(json: &str) -> String {
    let (mut quoted, mut escaped) = (false, false);
    json.chars()
        .filter(|character| {
            if quoted {
                quoted = escaped || *character != '"';
                escaped = !escaped && *character == '\\';
                return true;
            }
            quoted = *character == '"';
            !character.is_ascii_whitespace()
        })
        .collect()
}

fn lacks(field: &str) -> Refusal {
    Refusal::Request(format!("`{field}` is missing"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_blanks_between_parts_go() {
        assert_eq!(one_line("{ \"a b\" :\r\n 1,\"c\\\\\" : \" \\\" \" }"), r#"{"a b":1,"c\\":" \" "}"#);
    }
}
