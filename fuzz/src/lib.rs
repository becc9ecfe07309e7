//! What is fuzzed: one function for each parser. Each takes any bytes, and panics where the library breaks a promise.
//!
//! libFuzzer calls these functions (`fuzz_targets/`), and so does a test that replays the corpus on stable Rust.

mod config;
mod endpoint;
mod keys;
mod lifetimes;
mod names;
mod proofs;
mod reference;
mod status_lists;
mod tokens;

pub use config::config;
pub use endpoint::endpoint;
pub use keys::{jwk, jwks, pem};
pub use lifetimes::lifetimes;
pub use names::names;
pub use proofs::proof;
pub use status_lists::{status_claim, status_list};
pub use tokens::{claims, header, payload, token};

/// Every target, by the name of its folder in the corpus.
pub const TARGETS: [(&str, fn(&[u8])); 14] = [
    ("token", token),
    ("payload", payload),
    ("header", header),
    ("claims", claims),
    ("jwk", jwk),
    ("jwks", jwks),
    ("pem", pem),
    ("lifetimes", lifetimes),
    ("endpoint", endpoint),
    ("config", config),
    ("names", names),
    ("status_list", status_list),
    ("status_claim", status_claim),
    ("proof", proof),
];

/// Errors are for people: whatever came in, the text stays short and on one line.
pub(crate) fn judge_error(error: &tokenmint::Error) {
    let text = error.to_string();
    assert!(text.len() < 1000, "{} bytes of error text: {text:.200}", text.len());
    assert!(!text.contains('\n'), "a line break in an error: {text}");
}
