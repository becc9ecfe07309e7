//! The meaning that node-jsonwebtoken 9 gives to a string `expiresIn`, for those who migrate from it.

use super::grammar;
use crate::error::{Error, ErrorCode, Result};
use crate::time::UnixTime;

/// The `exp` that node-jsonwebtoken 9 writes for a **string** `expiresIn`: its `lib/timespan.js` over npm `ms` 2.1.3.
///
/// This is not [`parse`](super::parse): digits without a unit are **milliseconds** here, `exp` may lie before `iat`,
/// and the sum is made in binary floating point as JavaScript makes it, `floor(iat + milliseconds / 1000)`. New code
/// wants [`parse`](super::parse).
///
/// `iat` is the one the token carries. A result beyond 2^53 is the integer that JavaScript's number stands for.
///
/// # Errors
/// What node-jsonwebtoken refuses: `lifetime_empty`, `lifetime_too_much_text`, `lifetime_syntax`, `lifetime_unit`.
/// And two inputs that it accepts but whose result cannot be given: `lifetime_overflow` for an `exp` outside
/// 64 bits (no text reaches infinity or NaN there), and `time_invalid` for an `iat` of 0, which node-jsonwebtoken
/// replaces by its clock.
///
/// ```
/// use tokenmint::{UnixTime, expires_in};
/// let iat = UnixTime::from_seconds(1_700_000_000);
/// assert_eq!(expires_in::node_jsonwebtoken("1h", iat)?.seconds(), 1_700_003_600);
/// assert_eq!(expires_in::node_jsonwebtoken("3600", iat)?.seconds(), 1_700_000_003); // 3.6 seconds
/// assert_eq!(expires_in::node_jsonwebtoken("-1h", iat)?.seconds(), 1_699_996_400);
/// # Ok::<(), tokenmint::Error>(())
/// ```
pub fn node_jsonwebtoken(text: &str, iat: UnixTime) -> Result<UnixTime> {
    let parts = grammar::split(text)?;
    if iat.seconds() == 0 {
        return Err(Error::new(ErrorCode::TimeInvalid)
            .at("iat")
            .because("node-jsonwebtoken takes its clock instead of an iat of 0; give that time"));
    }
    // Both round to the nearest double, so they read a decimal text alike.
    let number: f64 = parts.number.parse().map_err(|_| Error::new(ErrorCode::LifetimeSyntax))?;
    let unit = parts.unit.map_or(1.0, |unit| unit.milliseconds as f64);
    let milliseconds = number * unit;
    let exp = (iat.seconds() as f64 + milliseconds / 1000.0).floor();
    // 2^63 itself is the first that does not fit, and a double.
    let limit = i64::MIN as f64;
    if exp < limit || exp >= -limit {
        return Err(Error::new(ErrorCode::LifetimeOverflow)
            .because(format!("the exp of {} does not fit 64 bits", grammar::quoted(text))));
    }
    Ok(UnixTime::from_seconds(exp as i64))
}
