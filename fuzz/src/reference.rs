//! Other readers of the same bytes: what tokenmint accepts, they must accept.

use std::collections::BTreeMap;

use hmac::{Hmac, KeyInit, Mac};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

pub(crate) const SECRET: [u8; 32] = [7; 32];
pub(crate) const ISSUER: &str = "https://issuer.example";
pub(crate) const AUDIENCE: &str = "app";
pub(crate) const NOW: i64 = 1_700_000_000;

/// A token with any header and payload, rightly signed.
pub(crate) fn signed(header: &[u8], payload: &[u8]) -> String {
    let encode = |bytes: &[u8]| base64_simd::URL_SAFE_NO_PAD.encode_to_string(bytes);
    let input = format!("{}.{}", encode(header), encode(payload));
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&SECRET).expect("HMAC takes any key");
    mac.update(input.as_bytes());
    format!("{input}.{}", encode(&mac.finalize().into_bytes()))
}

/// jsonwebtoken accepts the token. It reads the clock, so times are judged by [`times`].
pub(crate) fn jsonwebtoken(token: &str) {
    if has_far_time(token) {
        return;
    }
    let mut validation = Validation::new(Algorithm::HS256);
    validation.validate_exp = false;
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["exp", "iss", "aud"]);
    let key = DecodingKey::from_secret(&SECRET).expect("the secret is not empty");
    let read = decode::<IgnoredAny>(token, &key, &validation);
    assert!(read.is_ok(), "accepted here, refused by jsonwebtoken: {:?}: {token}", read.err());
}

/// Whether a time is a number that jsonwebtoken, which holds times in 64 bits, does not read.
fn has_far_time(token: &str) -> bool {
    let payload = token.split('.').nth(1).unwrap_or_default();
    let payload = base64_simd::URL_SAFE_NO_PAD.decode_to_vec(payload).unwrap_or_default();
    let Some(members) = std::str::from_utf8(&payload).ok().and_then(members) else { return false };
    let far = |text: &RawValue| {
        text.get().parse::<f64>().is_ok_and(|seconds| !(0.0..18_446_744_073_709_551_616.0).contains(&seconds))
    };
    ["exp", "nbf"].iter().any(|name| members.get(*name).is_some_and(|text| far(text)))
}

/// The times in the payload allow `NOW`, read in the plainest way.
pub(crate) fn times(payload: &str) {
    let members = members(payload).expect("an accepted payload is an object");
    let time =
        |name: &str| members.get(name).map(|text| text.get().parse::<f64>().expect("a time is a number"));
    let now = NOW as f64;
    assert!(time("exp").is_some_and(|exp| exp > now), "accepted after its end: {payload}");
    assert!(time("nbf").is_none_or(|nbf| nbf.floor() <= now), "accepted before its time: {payload}");
}

/// The members of an object as serde_json reads them.
pub(crate) fn members(text: &str) -> Option<BTreeMap<String, Box<RawValue>>> {
    serde_json::from_str(text).ok()
}
