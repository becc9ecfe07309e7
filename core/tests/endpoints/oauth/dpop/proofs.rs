//! What a proof must be (RFC 9449 sections 4.2 and 4.3), at the token endpoint.

use serde_json::{Value, json};

use super::super::*;
use super::key::{ProofKey, ath};
use super::{ask_with, dpop, for_token};

/// A change of a proof's header or claims.
fn with(of: &Value, changes: Value) -> Value {
    let mut changed = of.clone();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(changed.as_object_mut().unwrap().remove(name)),
            value => changed[name] = value.clone(),
        }
    }
    changed
}

#[track_caller]
fn refused_for(answer: &Answer, field: &str) {
    refused_at(answer, "invalid_dpop_proof", field);
}

#[test]
fn rfc_9449_section_4_3_there_is_one_header() {
    let (host, key) = (host_with(dpop()), ProofKey::new(1));
    let [one, two] = ["1", "2"].map(|id| key.proof(&for_token(&host, id)));
    refused_for(&ask_with(&host, &[&one, &two]), "DPoP");
    refused_for(&ask_with(&host, &[&one, &one]), "DPoP");
    refused(&ask_with(&host, &[&format!("{one}, {two}")]), 400, "invalid_dpop_proof");
    // Neither was used up by that.
    assert_eq!(ask_with(&host, &[&one]).status, 200);
}

#[test]
fn rfc_9449_section_4_3_it_is_a_well_formed_jwt() {
    let (host, key) = (host_with(dpop()), ProofKey::new(1));
    let good = key.proof(&for_token(&host, "1"));
    let payloads = ["", "{}", "[]", "7", "{\"jti\":\"1\",\"jti\":\"1\"}", "{\"jti\":", "\u{e9}"];
    let payloads = payloads.map(|payload| key.sign(&key.header(), payload));
    let texts =
        ["", "no", "a.b", "a.b.c", "....", &format!("{good}."), &format!("{good}="), &good[..good.len() - 1]];
    for wrong in texts.iter().map(|text| (*text).to_owned()).chain(payloads) {
        refused(&ask_with(&host, &[&wrong]), 400, "invalid_dpop_proof");
    }
    refused(&ask_with(&host, &[&"a".repeat(20_000)]), 400, "invalid_dpop_proof");
}

#[test]
fn rfc_9449_section_4_2_each_claim_is_there_and_of_its_type() {
    let (host, key) = (host_with(dpop()), ProofKey::new(1));
    let good = for_token(&host, "1");
    for name in ["jti", "htm", "htu", "iat"] {
        refused_for(&ask_with(&host, &[&key.proof(&with(&good, json!({ name: null })))]), name);
        for wrong in [json!({}), json!([1]), json!(true), json!("")] {
            refused_for(&ask_with(&host, &[&key.proof(&with(&good, json!({ name: wrong })))]), name);
        }
    }
    refused_for(&ask_with(&host, &[&key.proof(&with(&good, json!({ "jti": 7 })))]), "jti");
    // What is not known is nobody's business; what `ath` and `nonce` say is none here.
    let more = with(
        &good,
        json!({ "x": { "y": [1] }, "ath": "a", "nonce": "n", "exp": 1, "nbf": 9_999_999_999_u64 }),
    );
    assert_eq!(ask_with(&host, &[&key.proof(&more)]).status, 200);
}

#[test]
fn rfc_9449_section_4_3_typ_is_that_of_a_proof() {
    let (host, key) = (host_with(dpop()), ProofKey::new(1));
    for wrong in [json!(null), json!("JWT"), json!("at+jwt"), json!("dpop"), json!(7)] {
        let header = with(&key.header(), json!({ "typ": wrong }));
        refused_for(&ask_with(&host, &[&key.sign(&header, &for_token(&host, "1").to_string())]), "typ");
    }
}

#[test]
fn rfc_9449_section_4_3_the_algorithm_is_asymmetric_and_allowed() {
    let (host, key) = (host_with(dpop()), ProofKey::new(1));
    let claims = for_token(&host, "1").to_string();
    for wrong in ["none", "HS256", "HS512", "ES256K", "Ed448", "eddsa", ""] {
        refused_for(
            &ask_with(&host, &[&key.sign(&with(&key.header(), json!({ "alg": wrong })), &claims)]),
            "alg",
        );
    }
    // One that is supported, and that this issuer does not take.
    let host = host_with(policy().dpop(DpopPolicy::new().algorithms(&[Algorithm::ES256])));
    refused_for(&ask_with(&host, &[&key.sign(&key.header(), &claims)]), "alg");
    // Both names of the same one.
    let named = with(&key.header(), json!({ "alg": "Ed25519" }));
    assert_eq!(ask_with(&host_with(dpop()), &[&key.sign(&named, &claims)]).status, 200);
}

#[test]
fn rfc_9449_section_4_3_the_signature_is_that_of_the_key_in_it() {
    let (host, key, other) = (host_with(dpop()), ProofKey::new(1), ProofKey::new(2));
    let claims = for_token(&host, "1").to_string();
    refused_for(&ask_with(&host, &[&other.sign(&key.header(), &claims)]), "signature");
    let good = key.sign(&key.header(), &claims);
    let (signed, _) = good.rsplit_once('.').unwrap();
    refused_for(&ask_with(&host, &[&format!("{signed}.")]), "signature");
    // A key that is named elsewhere is no key.
    for header in [
        json!({ "typ": "dpop+jwt", "alg": "EdDSA" }),
        json!({ "typ": "dpop+jwt", "alg": "EdDSA", "kid": "k1" }),
        json!({ "typ": "dpop+jwt", "alg": "EdDSA", "jku": "https://evil.example/jwks" }),
        with(&key.header(), json!({ "jwk": "a text" })),
        with(&key.header(), json!({ "jwk": {} })),
        with(&key.header(), json!({ "jwk": { "kty": "OKP", "crv": "Ed25519" } })),
    ] {
        refused_for(&ask_with(&host, &[&key.sign(&header, &claims)]), "jwk");
    }
    // A key for another use, or for another algorithm.
    for more in [json!({ "use": "enc" }), json!({ "key_ops": ["encrypt"] }), json!({ "alg": "ES256" })] {
        let jwk = with(&key.header()["jwk"], more);
        refused_for(
            &ask_with(&host, &[&key.sign(&with(&key.header(), json!({ "jwk": jwk })), &claims)]),
            "jwk",
        );
    }
    // As a browser exports one.
    let jwk = with(&key.header()["jwk"], json!({ "key_ops": ["verify"], "ext": true }));
    assert_eq!(
        ask_with(&host, &[&key.sign(&with(&key.header(), json!({ "jwk": jwk })), &claims)]).status,
        200
    );
}

#[test]
fn rfc_9449_section_4_2_no_private_key_is_in_it() {
    let (host, key) = (host_with(dpop()), ProofKey::new(1));
    for private in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
        let jwk =
            with(&key.header()["jwk"], json!({ private: "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE" }));
        let header = with(&key.header(), json!({ "jwk": jwk }));
        let answer = ask_with(&host, &[&key.sign(&header, &for_token(&host, "1").to_string())]);
        refused_for(&answer, "jwk");
    }
    let oct = json!({ "kty": "oct", "k": "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc" });
    let header = with(&key.header(), json!({ "jwk": oct }));
    refused_for(&ask_with(&host, &[&key.sign(&header, &for_token(&host, "1").to_string())]), "jwk");
}

#[test]
fn rfc_9449_section_4_3_it_is_for_this_method_and_this_url() {
    let (host, key) = (host_with(dpop()), ProofKey::new(1));
    let good = for_token(&host, "1");
    for wrong in ["GET", "post", "POST "] {
        refused_for(&ask_with(&host, &[&key.proof(&with(&good, json!({ "htm": wrong })))]), "htm");
    }
    for wrong in [
        "https://id.example.com/oauth/revoke",
        "https://id.example.com/oauth/token/",
        "http://id.example.com/oauth/token",
        "https://evil.example.com/oauth/token",
        "https://id.example.com:8443/oauth/token",
        "/oauth/token",
    ] {
        refused_for(&ask_with(&host, &[&key.proof(&with(&good, json!({ "htu": wrong })))]), "htu");
    }
    // RFC 3986 sections 6.2.2 and 6.2.3.
    for (at, same) in [
        "HTTPS://ID.example.com:443/oauth/token",
        "https://id.example.com/x/../oauth/%74oken",
        "https://id.example.com/oauth/token?a=b#c",
    ]
    .iter()
    .enumerate()
    {
        let claims = with(&good, json!({ "htu": same, "jti": format!("same {at}") }));
        assert_eq!(ask_with(&host, &[&key.proof(&claims)]).status, 200, "{same}");
    }
}

#[test]
fn rfc_9449_section_4_3_it_was_made_a_short_time_ago() {
    let (host, key) = (host_with(dpop()), ProofKey::new(1));
    let now = host.now().seconds();
    let made = |at: f64, id: &str| key.proof(&with(&for_token(&host, id), json!({ "iat": at })));
    #[allow(clippy::cast_precision_loss)]
    let now = now as f64;
    for wrong in [now - 61.0, now + 61.0, now - 60.5, 0.0, -1e18, 1e18, now * 1000.0] {
        refused_for(&ask_with(&host, &[&made(wrong, "1")]), "iat");
    }
    for (good, id) in [(now - 60.0, "a"), (now + 60.0, "b"), (now - 0.5, "c"), (now, "d")] {
        assert_eq!(ask_with(&host, &[&made(good, id)]).status, 200, "{good}");
    }
}

#[test]
fn rfc_9449_section_11_1_each_is_taken_once_for_each_key() {
    let (host, key) = (host_with(dpop()), ProofKey::new(1));
    let proof = key.proof(&for_token(&host, "1"));
    assert_eq!(ask_with(&host, &[&proof]).status, 200);
    refused_for(&ask_with(&host, &[&proof]), "jti");
    // Another text with the same id is the same; the id of another key is another.
    let again = key.proof(&with(&for_token(&host, "1"), json!({ "iat": host.now().seconds() - 1 })));
    refused_for(&ask_with(&host, &[&again]), "jti");
    assert_eq!(ask_with(&host, &[&ProofKey::new(2).proof(&for_token(&host, "1"))]).status, 200);
    // As long as it is recent, it is known.
    let early = key.proof(&with(&for_token(&host, "2"), json!({ "iat": host.now().seconds() + 60 })));
    assert_eq!(ask_with(&host, &[&early]).status, 200);
    host.wait(120);
    let expire =
        Command::Sweep { before_ms: u64::try_from(host.now().seconds()).unwrap() * 1000, limit: 1000 };
    host.execute(expire).unwrap();
    refused_for(&ask_with(&host, &[&early]), "jti");
    host.wait(1);
    refused_for(&ask_with(&host, &[&early]), "iat");
}

#[test]
fn a_proof_that_a_request_could_not_use_is_not_used_up() {
    let (host, key) = (host_with(dpop()), ProofKey::new(1));
    let proof = key.proof(&for_token(&host, "1"));
    let ask = |authorization: &str, more: &str| {
        let form = format!("grant_type=client_credentials{more}");
        super::post_with(&host, Some(authorization), &form, &[&proof])
    };
    refused(&ask(&basic(CLIENT, "wrong"), ""), 401, "invalid_client");
    refused(&ask(&basic(CLIENT, SECRET), "&scope=admin"), 400, "invalid_scope");
    refused(&ask(&basic(IDLE, IDLE_SECRET), ""), 400, "unauthorized_client");
    assert_eq!(ask(&basic(CLIENT, SECRET), "").status, 200);
}

#[test]
fn rfc_9449_section_4_1_the_example_is_read() {
    // The proof of section 4.1, for https://server.example.com/token at 1562262616.
    let proof = concat!(
        "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0Rs",
        "cEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2",
        "In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2Vu",
        "IiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZ",
        "T3Lg",
    );
    let at = |seconds: i64| {
        let now = UnixTime::from_seconds(seconds);
        DpopProof::verify(proof, &DpopPolicy::new(), "POST", "https://server.example.com/token", now)
    };
    let good = at(1_562_262_616).unwrap();
    // The thumbprint of section 6.1.
    assert_eq!(good.thumbprint(), "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
    assert_eq!(good.nonce(), None);
    assert_eq!(good.replayable_until().seconds(), 1_562_262_676);
    assert_eq!(at(1_562_262_677).unwrap_err().field(), Some("iat"));
    assert_eq!(
        ath("Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"),
        "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"
    );
}
