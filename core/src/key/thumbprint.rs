//! What a JWK says of a public key, and the thumbprint of that (RFC 7638).

use super::material::Public;
use crate::encoding::{base64url, sha256};
use crate::json;

/// RFC 7638 section 3: the required members in the order of their names, without blanks.
pub(super) fn canonical(public: &Public) -> String {
    let mut members = members(public);
    if let Public::Rsa { .. } = public {
        members.reverse();
    }
    // Between `crv` and `x`, and between `e` and `n`.
    members.insert(1, ("kty", kty(public).to_owned()));
    let mut json = Writer::default();
    for (name, value) in members {
        json.member(name, &value);
    }
    json.finish()
}

/// RFC 7638 section 3.
pub(super) fn thumbprint(public: &Public) -> String {
    base64url(&sha256(canonical(public).as_bytes()))
}

/// The kind of key, as a JWK names it.
pub(super) fn kty(public: &Public) -> &'static str {
    match public {
        Public::Rsa { .. } => "RSA",
        Public::Ec { .. } => "EC",
        Public::Ed25519 { .. } => "OKP",
    }
}

/// The members that say which public key it is.
pub(super) fn members(public: &Public) -> Vec<(&'static str, String)> {
    match public {
        Public::Rsa { n, e } => vec![("n", base64url(n)), ("e", base64url(e))],
        Public::Ec { curve, point } => {
            let coordinates = point.get(1..).unwrap_or_default();
            let (x, y) = coordinates.split_at_checked(curve.field_len()).unwrap_or_default();
            vec![("crv", curve.name().to_owned()), ("x", base64url(x)), ("y", base64url(y))]
        }
        Public::Ed25519 { point } => vec![("crv", "Ed25519".to_owned()), ("x", base64url(point))],
    }
}

/// Writes an object of strings.
#[derive(Default)]
pub(super) struct Writer {
    json: Vec<u8>,
}

impl Writer {
    pub(super) fn member(&mut self, name: &str, value: &str) {
        self.json.push(if self.json.is_empty() { b'{' } else { b',' });
        json::push_string(&mut self.json, name);
        self.json.push(b':');
        json::push_string(&mut self.json, value);
    }

    pub(super) fn finish(mut self) -> String {
        self.json.push(b'}');
        String::from_utf8(self.json).unwrap_or_default()
    }
}
