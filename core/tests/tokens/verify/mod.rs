//! Verification beside `verify`: several issuers, opaque payloads, explanations, what nobody has verified.

mod claims;
mod explain;
mod issuers;
mod shared_ids;
mod unverified;

use tokenmint::*;

use crate::signed::signed;

const NOW: UnixTime = UnixTime::from_seconds(1_700_000_000);
const ISSUER: &str = "https://issuer.example";

fn keys(byte: u8) -> KeySet {
    KeySet::builder().hmac("k1", [byte; 32].as_slice()).unwrap().build().unwrap()
}

/// A token by the key of this byte, in this issuer's name.
fn mint(byte: u8, issuer: &str) -> String {
    let issuer = Issuer::new(keys(byte), Policy::new(issuer).audience("app")).unwrap();
    issuer.mint(&Claims::new(), Lifetime::HOUR, &Context::new(NOW, [1; 32])).unwrap()
}
