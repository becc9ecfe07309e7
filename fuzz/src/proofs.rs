//! DPoP proofs: whole ones, and claims under a good header and a right signature.

use std::sync::LazyLock;

use jsonwebtoken::EncodingKey;
use serde_json::Value;
use tokenmint::{DpopPolicy, DpopProof, UnixTime};

use crate::judge_error;
use crate::reference::{self, NOW};

/// The claims of a proof for this request are what is fuzzed.
const METHOD: &str = "POST";
const URL: &str = "https://server.example.com/token";

static POLICY: LazyLock<DpopPolicy> = LazyLock::new(DpopPolicy::new);
/// The test key of `core/tests-data/keys`.
static KEY: LazyLock<EncodingKey> = LazyLock::new(|| {
    let pem = include_bytes!("../../core/tests-data/keys/ed25519.pem");
    EncodingKey::from_ed_pem(pem).expect("a good key")
});
const HEADER: &str = r#"{"typ":"dpop+jwt","alg":"EdDSA","jwk":{"kty":"OKP","crv":"Ed25519",
    "x":"panz-gEYrwSasPSgIswiO_gsq-V2ky6nnhPa1CQnvz4"}}"#;

fn verify(proof: &str) -> Option<DpopProof> {
    let verified = DpopProof::verify(proof, &POLICY, METHOD, URL, UnixTime::from_seconds(NOW));
    verified.inspect_err(judge_error).ok()
}

/// A whole proof as text; and claims that are rightly signed.
pub fn proof(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        verify(text);
    }
    let encode = |bytes: &[u8]| base64_simd::URL_SAFE_NO_PAD.encode_to_string(bytes);
    let input = format!("{}.{}", encode(HEADER.as_bytes()), encode(data));
    let signature = jsonwebtoken::crypto::sign(input.as_bytes(), &KEY, jsonwebtoken::Algorithm::EdDSA);
    let Some(proof) = verify(&format!("{input}.{}", signature.expect("a signature"))) else { return };

    let members = std::str::from_utf8(data).ok().and_then(reference::members);
    let members = members.expect("accepted claims are an object");
    let claim = |name: &str| -> Value {
        members.get(name).map_or(Value::Null, |value| serde_json::from_str(value.get()).unwrap_or_default())
    };
    let text = |name: &str| claim(name).as_str().map(str::to_owned);
    assert!(text("jti").is_some_and(|jti| !jti.is_empty()), "accepted without an id");
    assert_eq!(text("htm").as_deref(), Some(METHOD));
    let iat = claim("iat").as_f64().expect("a time is a number");
    assert!((iat - NOW as f64).abs() <= 60.0, "accepted of another time: {iat}");
    assert!((NOW..=NOW + 121).contains(&proof.replayable_until().seconds()), "remembered for another time");
    assert_eq!(proof.nonce().map(str::to_owned), text("nonce"));
    assert_eq!(proof.thumbprint().len() + proof.replay_key().len(), 86);
    // Another reader of URLs finds the same host, where it takes the spelling.
    let htu = text("htu").expect("accepted for no URL");
    if let Ok(uri) = htu.parse::<http::Uri>() {
        let host = uri.host().unwrap_or_default().to_ascii_lowercase();
        assert!(host == "server.example.com" || host.contains('%'), "accepted for {host}: {htu}");
        assert!(uri.port_u16().is_none_or(|port| port == 443), "accepted for another port: {htu}");
        assert_eq!(uri.scheme_str(), Some("https"), "{htu}");
    }
}
