//! Functions that need no object, and what all of them read.

use tokenmint::{Error, ErrorCode, UnixTime, unverified};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::error::Result;
#[cfg(feature = "flows")]
use crate::texts::together;

/// Header and claims of a token that nobody has verified, as JSON.
#[wasm_bindgen]
pub fn decode_unverified(token: &str) -> Result<String> {
    let seen = unverified::decode(token)?;
    // Both were read: they are JSON.
    Ok(format!(r#"{{"header":{},"claims":{}}}"#, seen.header().json(), seen.json()))
}

/// A new secret of 256 bits, and its hash.
#[cfg(feature = "flows")]
#[wasm_bindgen]
pub fn generate_secret(seed: &[u8]) -> Result<String> {
    let (secret, hash) = tokenmint::SecretHash::generate(&mut tokenmint::Entropy::new(seed_of(seed)?));
    Ok(together(&[Some(&text(&secret)?), Some(&hash.to_string())]))
}

/// The hash of a generated secret.
#[cfg(feature = "flows")]
#[wasm_bindgen]
pub fn hash_secret(secret: &[u8]) -> String {
    tokenmint::SecretHash::of(secret).to_string()
}

/// Whether a hash is that of the secret, in constant time.
#[cfg(feature = "flows")]
#[wasm_bindgen]
pub fn secret_matches(secret: &[u8], sha256: &str) -> Result<bool> {
    Ok(tokenmint::SecretHash::parse(sha256)?.matches(secret))
}

/// A step of a token source by its name, with JSON in and out.
#[cfg(feature = "flows")]
#[wasm_bindgen]
pub fn source_operation(name: &str, input: &str, now_us: f64, seed: &[u8]) -> Result<crate::task::Task> {
    let step = tokenmint::source::operation(name, input, &crate::lifetime::context(now_us, seed)?);
    Ok(crate::task::Task::new(step.map(|output| Ok(output.into_bytes()))))
}

/// A time in seconds since 1970; a fraction is dropped.
pub(crate) fn time(seconds: f64) -> Result<UnixTime> {
    if !(0.0..=UnixTime::MAX.seconds() as f64).contains(&seconds) {
        return Err(Error::new(ErrorCode::TimeInvalid).at("now").into());
    }
    Ok(UnixTime::from_seconds(seconds as i64))
}

/// What minting needs: seconds since 1970, with the fraction that they have.
#[cfg(feature = "mint")]
pub(crate) fn context_of_seconds(seconds: f64, seed: [u8; 32]) -> Result<tokenmint::Context> {
    time(seconds)?;
    Ok(tokenmint::Context::at_micros((seconds * 1e6).round() as u64, seed))
}

/// 32 bytes of randomness.
#[cfg(feature = "mint")]
pub(crate) fn seed_of(seed: &[u8]) -> Result<[u8; 32]> {
    let found = seed.len();
    seed.try_into().map_err(|_| {
        Error::new(ErrorCode::FieldInvalid).at("seed").because(format!("32 bytes, found {found}")).into()
    })
}

#[cfg(feature = "flows")]
fn text(secret: &tokenmint::Secret) -> Result<String> {
    String::from_utf8(secret.expose().to_vec())
        .map_err(|_| crate::error::internal("a secret is a text").into())
}
