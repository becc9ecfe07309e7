//! Ledger's dialect, every row of it with each of two keys.

#[cfg(any(feature = "aws-lc", feature = "rustcrypto"))]
mod held;
mod rows;

use tokenmint::KeySet;

fn keys() -> KeySet {
    KeySet::builder().hmac("k1", [7; 32].as_slice()).unwrap().build().unwrap()
}
