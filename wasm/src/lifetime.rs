//! Lifetimes, and the time and seed of a flow.

use tokenmint::{Error, ErrorCode, Lifetime, UnixTime, expires_in};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::error::Result;

/// Whole seconds of a lifetime text.
#[wasm_bindgen]
pub fn parse_expires_in(text: &str) -> Result<f64> {
    Ok(text.parse::<Lifetime>()?.seconds() as f64)
}

/// Whole seconds of a lifetime that is the text of a JSON value.
#[wasm_bindgen]
pub fn expires_in_from_json(json: &str) -> Result<f64> {
    Ok(expires_in::from_json(json)?.seconds() as f64)
}

/// The shortest text of so many seconds.
#[wasm_bindgen]
pub fn format_expires_in(seconds: f64) -> Result<String> {
    Ok(lifetime(seconds)?.to_string())
}

/// The `exp` that node-jsonwebtoken 9 gives.
#[wasm_bindgen]
pub fn node_jsonwebtoken(text: &str, iat: f64) -> Result<f64> {
    let iat = whole(iat).ok_or_else(|| Error::new(ErrorCode::TimeInvalid).at("iat"))?;
    Ok(expires_in::node_jsonwebtoken(text, UnixTime::from_seconds(iat))?.seconds() as f64)
}

/// A lifetime of whole seconds, as [`parse_expires_in`] gives them.
pub(crate) fn lifetime(seconds: f64) -> Result<Lifetime> {
    match whole(seconds) {
        Some(seconds) => Ok(Lifetime::from_seconds(u64::try_from(seconds).unwrap_or_default())?),
        // Out of range, or not whole: the core says which.
        None => Ok(expires_in::from_json(&seconds.to_string())?),
    }
}

/// What a flow needs.
#[cfg(feature = "flows")]
pub(crate) fn context(now_us: f64, seed: &[u8]) -> Result<tokenmint::Context> {
    let now = whole(now_us).and_then(|now| u64::try_from(now).ok());
    let now = now.ok_or_else(|| Error::new(ErrorCode::TimeInvalid).at("now"))?;
    Ok(tokenmint::Context::at_micros(now, crate::functions::seed_of(seed)?))
}

/// A whole number that a double holds exactly.
fn whole(number: f64) -> Option<i64> {
    const MAX: f64 = 9_007_199_254_740_991.0;
    (number.fract() == 0.0 && (-MAX..=MAX).contains(&number)).then_some(number as i64)
}
