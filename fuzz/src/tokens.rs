//! Compact tokens, their headers and payloads, and the claims that tokens are minted from.

use std::sync::LazyLock;

use tokenmint::{
    Claims, Context, ErrorCode, Issuer, KeySet, Lifetime, Policy, REGISTERED, UnixTime, Verified, Verifier,
};

use crate::judge_error;
use crate::reference::{self, AUDIENCE, ISSUER, NOW, SECRET, signed};

const HEADER: &[u8] = br#"{"alg":"HS256","typ":"JWT","kid":"k1"}"#;
const PAYLOAD: &[u8] = br#"{"iss":"https://issuer.example","aud":"app","exp":1700003600}"#;

static MINTER: LazyLock<Issuer> = LazyLock::new(|| {
    let keys = KeySet::builder().hmac("k1", SECRET.as_slice()).and_then(|keys| keys.build());
    Issuer::new(keys.expect("a good key"), Policy::new(ISSUER).audience(AUDIENCE)).expect("a good policy")
});
static VERIFIER: LazyLock<Verifier> = LazyLock::new(|| MINTER.verifier());
/// The same key among more than are told by whole headers.
static ONE_OF_MANY: LazyLock<Verifier> = LazyLock::new(|| {
    let others = (2..=8_u8)
        .try_fold(KeySet::builder(), |keys, n| keys.hmac(&format!("k{n}"), [100 + n; 32].as_slice()));
    let keys = others.and_then(|keys| keys.hmac("k1", SECRET.as_slice())).and_then(|keys| keys.build());
    Verifier::new(keys.expect("good keys")).issuer(ISSUER).audience(AUDIENCE)
});

/// A whole token, as text. The dots are kept by the fuzzer or not.
pub fn token(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if verify(text).is_some() && !has_typed_members(text) {
        reference::jsonwebtoken(text);
    }
    // Never a panic either where nothing is checked but the signature.
    let lenient = MINTER.verifier().any_issuer().any_audience().any_token_type().without_expiry();
    let lenient = lenient.verify(text, UnixTime::from_seconds(NOW));
    assert!(lenient.is_ok() || verify(text).is_none(), "fewer checks refuse more: {text}");
}

/// A payload under a good header and a right signature.
pub fn payload(data: &[u8]) {
    let token = signed(HEADER, data);
    if let Some(verified) = verify(&token) {
        assert_eq!(verified.json().as_bytes(), data, "the payload came back changed");
        reference::jsonwebtoken(&token);
    }
}

/// A header over a good payload and a right signature.
pub fn header(data: &[u8]) {
    let token = signed(data, PAYLOAD);
    let verified = verify(&token);
    let one_of_many = ONE_OF_MANY.verify(&token, UnixTime::from_seconds(NOW));
    assert_eq!(verified.is_some(), one_of_many.is_ok(), "more keys, another verdict: {one_of_many:?}");
    if verified.is_none() {
        return;
    }
    // Raw members: serde_json gives up on numbers beyond a double, which are JSON all the same.
    let header =
        std::str::from_utf8(data).ok().and_then(reference::members).expect("an accepted header is JSON");
    let text = |name: &str| -> Option<String> {
        header.get(name).map(|value| serde_json::from_str(value.get()).expect("a string"))
    };
    assert_eq!(text("alg").as_deref(), Some("HS256"));
    for name in ["crit", "b64", "zip"] {
        assert!(!header.contains_key(name), "{name} was accepted: {header:?}");
    }
    assert!(text("kid").is_none_or(|kid| kid == "k1"), "another key's token: {header:?}");
    let typ = text("typ").expect("an accepted header has a type").to_ascii_lowercase();
    assert!(typ == "jwt" || typ == "application/jwt", "another type was accepted: {header:?}");
    if !has_typed_members(&token) {
        reference::jsonwebtoken(&token);
    }
}

/// The members that a token is minted with: what is minted verifies, and every claim comes back as it was written.
pub fn claims(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let context = Context::new(UnixTime::from_seconds(NOW), [1; 32]);
    match MINTER.mint_json(&Claims::new().subject("s"), text, Lifetime::HOUR, &context) {
        Ok(token) => {
            let verified = verify(&token).expect("what is minted verifies");
            reference::jsonwebtoken(&token);
            let given = reference::members(text).expect("minted from an object");
            for (name, value) in given {
                assert!(!REGISTERED.contains(&name.as_str()), "{name} was taken from custom claims");
                assert_eq!(verified.claim_json(&name), Some(value.get()), "{name} came back changed");
            }
        }
        Err(error) => judge_error(&error),
    }
    // The same object with registered claims in it.
    match MINTER.mint_claims(text, None, Lifetime::HOUR, &context) {
        Ok(token) => {
            let verified = VERIFIER.clone().any_audience().verify(&token, UnixTime::from_seconds(NOW));
            if verified.as_ref().is_err_and(|error| error.code() == ErrorCode::TokenNotYetValid) {
                return;
            }
            let verified = verified.expect("what is minted verifies");
            for (name, value) in reference::members(text).expect("minted from an object") {
                assert!(!["iss", "exp", "iat"].contains(&name.as_str()), "{name} was taken from the caller");
                let none = name == "aud" && value.get().starts_with('[') && !value.get().contains('"');
                assert!(none || verified.claim_json(&name) == Some(value.get()), "{name} came back changed");
            }
        }
        Err(error) => judge_error(&error),
    }
}

fn verify(token: &str) -> Option<Verified> {
    match VERIFIER.verify(token, UnixTime::from_seconds(NOW)) {
        Ok(verified) => {
            reference::times(verified.json());
            Some(verified)
        }
        Err(error) => {
            judge_error(&error);
            None
        }
    }
}

/// jsonwebtoken gives types to header members that nothing here reads (RFC 7515 section 4 lets a reader ignore them),
/// and refuses numbers that no double holds.
fn has_typed_members(token: &str) -> bool {
    let header = token.split('.').next().unwrap_or_default();
    let header = base64_simd::URL_SAFE_NO_PAD.decode_to_vec(header).unwrap_or_default();
    let Ok(header) = serde_json::from_slice::<serde_json::Value>(&header) else { return true };
    ["cty", "jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256", "enc", "url", "nonce"]
        .iter()
        .any(|name| header.get(name).is_some())
}
