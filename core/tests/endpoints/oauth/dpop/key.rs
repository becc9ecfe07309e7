//! Keys of clients, and the proofs that they sign: by AWS-LC, so that they can be wrong in every way.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};

use crate::common::base64;

/// A key of Ed25519.
pub(crate) struct ProofKey(Ed25519KeyPair);

fn base64url(bytes: &[u8]) -> String {
    base64(bytes).replace('+', "-").replace('/', "_").replace('=', "")
}

fn sha256(bytes: &[u8]) -> String {
    base64url(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes).as_ref())
}

impl ProofKey {
    pub(crate) fn new(seed: u8) -> Self {
        ProofKey(Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap())
    }

    fn x(&self) -> String {
        base64url(self.0.public_key().as_ref())
    }

    /// RFC 7638 section 3.2, written out.
    pub(crate) fn thumbprint(&self) -> String {
        sha256(format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, self.x()).as_bytes())
    }

    pub(crate) fn header(&self) -> Value {
        json!({ "typ": "dpop+jwt", "alg": "EdDSA", "jwk": { "kty": "OKP", "crv": "Ed25519", "x": self.x() } })
    }

    pub(crate) fn sign(&self, header: &Value, payload: &str) -> String {
        let signed =
            format!("{}.{}", base64url(header.to_string().as_bytes()), base64url(payload.as_bytes()));
        let signature = self.0.sign(signed.as_bytes());
        format!("{signed}.{}", base64url(signature.as_ref()))
    }

    /// A proof that says this.
    pub(crate) fn proof(&self, claims: &Value) -> String {
        self.sign(&self.header(), &claims.to_string())
    }
}

/// `ath` (RFC 9449 section 4.2).
pub(crate) fn ath(token: &str) -> String {
    sha256(token.as_bytes())
}
