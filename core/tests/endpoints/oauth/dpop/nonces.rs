//! Nonces of the token endpoint (RFC 9449 section 8).

use serde_json::json;

use super::super::*;
use super::key::ProofKey;
use super::{ask_with, for_token, post_with};

fn policy() -> Policy {
    super::policy().dpop(DpopPolicy::new().nonce())
}

fn proof(host: &Host, key: &ProofKey, id: &str, nonce: &str) -> String {
    let mut claims = for_token(host, id);
    claims["nonce"] = json!(nonce);
    key.proof(&claims)
}

fn nonce_of(answer: &Answer) -> String {
    // RFC 9449 section 8: there MUST NOT be more than one.
    assert_eq!(answer.headers.get_all("dpop-nonce").iter().count(), 1);
    answer.header("dpop-nonce").unwrap().to_owned()
}

#[test]
fn rfc_9449_section_8_a_proof_without_the_nonce_is_told_of_it() {
    let (host, key) = (host_with(policy()), ProofKey::new(1));
    let challenged = ask_with(&host, &[&key.proof(&for_token(&host, "1"))]);
    refused(&challenged, 400, "use_dpop_nonce");
    let nonce = nonce_of(&challenged);
    assert!(
        !nonce.is_empty() && nonce.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    );
    let answer = ask_with(&host, &[&proof(&host, &key, "1", &nonce)]);
    assert_eq!((answer.status, answer.text("token_type").as_str()), (200, "DPoP"), "{:?}", answer.body);
}

#[test]
fn rfc_9449_section_8_a_nonce_that_was_not_given_is_refused() {
    let (host, key) = (host_with(policy()), ProofKey::new(1));
    let nonce = nonce_of(&ask_with(&host, &[]));
    for wrong in ["", "other", &nonce[1..], &format!("{nonce}x"), &nonce.to_uppercase()] {
        let answer = ask_with(&host, &[&proof(&host, &key, "1", wrong)]);
        refused(&answer, 400, "use_dpop_nonce");
        assert_eq!(nonce_of(&answer), nonce);
    }
    let mut claims = for_token(&host, "1");
    claims["nonce"] = json!(7);
    refused(&ask_with(&host, &[&key.proof(&claims)]), 400, "invalid_dpop_proof");
    // Of another issuer with the same secret.
    let other = oauth_policy(
        Policy::new("https://other.example.com").audience(API).session_secret([9; 32].as_slice()),
    );
    let other = other.token_endpoint("https://id.example.com/oauth/token").dpop(DpopPolicy::new().nonce());
    let foreign = host_with(other);
    assert_ne!(nonce_of(&ask_with(&foreign, &[])), nonce);
    refused(&ask_with(&foreign, &[&proof(&foreign, &key, "1", &nonce)]), 400, "use_dpop_nonce");
}

#[test]
fn rfc_9449_section_8_2_the_next_nonce_comes_with_any_answer_and_the_last_is_good_for_a_while() {
    let (host, key) = (host_with(policy()), ProofKey::new(1));
    // To the beginning of a time of one nonce.
    host.wait(60 - host.now().seconds() % 60);
    let first = nonce_of(&ask_with(&host, &[]));
    host.wait(59);
    assert_eq!(nonce_of(&ask_with(&host, &[])), first);
    host.wait(1);
    let answer = ask_with(&host, &[&proof(&host, &key, "1", &first)]);
    let second = nonce_of(&answer);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_ne!(first, second);
    host.wait(60);
    refused(&ask_with(&host, &[&proof(&host, &key, "2", &first)]), 400, "use_dpop_nonce");
    assert_eq!(ask_with(&host, &[&proof(&host, &key, "2", &second)]).status, 200);
    // Another machine, whose clock is a little behind.
    let behind = host_with(policy());
    behind.wait(host.now().seconds() - behind.now().seconds() - 1);
    let ahead = nonce_of(&ask_with(&host, &[]));
    assert_ne!(nonce_of(&ask_with(&behind, &[])), ahead);
    assert_eq!(ask_with(&behind, &[&proof(&behind, &key, "3", &ahead)]).status, 200);
}

#[test]
fn rfc_9449_section_4_3_with_a_nonce_the_clock_of_the_client_does_not_count_and_a_proof_is_taken_once() {
    let (host, key) = (host_with(policy()), ProofKey::new(1));
    host.wait(60 - host.now().seconds() % 60);
    let nonce = nonce_of(&ask_with(&host, &[]));
    let claims = json!({
        "jti": "1", "htm": "POST", "htu": super::URL, "iat": host.now().seconds() - 86_400, "nonce": nonce
    });
    assert_eq!(ask_with(&host, &[&key.proof(&claims)]).status, 200);
    // It is known as long as its nonce is.
    host.wait(119);
    let before_ms = u64::try_from(host.now().seconds()).unwrap() * 1000;
    host.execute(Command::Sweep { before_ms, limit: 1000 }).unwrap();
    refused_at(&ask_with(&host, &[&key.proof(&claims)]), "invalid_dpop_proof", "jti");
    host.wait(1);
    refused(&ask_with(&host, &[&key.proof(&claims)]), 400, "use_dpop_nonce");
}

#[test]
fn rfc_9449_section_11_3_no_grant_is_given_for_a_proof_without_its_nonce() {
    let (host, key) = (host_with(policy()), ProofKey::new(1));
    let request = StartSession::new("user_1").client(PUBLIC).key(key.thumbprint());
    let pair = host.run(issuer(policy()).start_session(request, &host.context()));
    let form = format!("grant_type=refresh_token&client_id={PUBLIC}&refresh_token={}", pair.refresh_token);
    let without = post_with(&host, None, &form, &[&key.proof(&for_token(&host, "1"))]);
    refused(&without, 400, "use_dpop_nonce");
    let with = proof(&host, &key, "1", &nonce_of(&without));
    assert_eq!(post_with(&host, None, &form, &[&with]).status, 200);
    // The other endpoints know of none.
    let path = "/oauth/introspect";
    assert_eq!(post_as(&host, path, &basic(CLIENT, SECRET), "token=x").header("dpop-nonce"), None);
}

#[test]
fn nonces_are_made_from_the_session_secret() {
    let keys = KeySet::builder().hmac("k1", [7; 32].as_slice()).unwrap().build().unwrap();
    let policy = Policy::new(ISSUER).dpop(DpopPolicy::new().nonce());
    let error = Issuer::new(keys, policy).unwrap_err();
    assert_eq!((error.code(), error.field()), (ErrorCode::PolicyInvalid, Some("dpop.nonce")));
}
