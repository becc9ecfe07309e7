//! Tokens that no issuer mints.

/// A token with any header and payload, rightly signed by the key of bytes 7.
pub(crate) fn signed(header: &str, payload: &[u8]) -> String {
    use hmac::{Hmac, KeyInit, Mac};
    let encode = |bytes: &[u8]| base64_simd::URL_SAFE_NO_PAD.encode_to_string(bytes);
    let input = format!("{}.{}", encode(header.as_bytes()), encode(payload));
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&[7; 32]).unwrap();
    mac.update(input.as_bytes());
    format!("{input}.{}", encode(&mac.finalize().into_bytes()))
}
