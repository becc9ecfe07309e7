//! At the resource: bound tokens with their proofs (RFC 9449 section 7), and with certificates (RFC 8705).

use serde_json::{Value, json};

use super::super::*;
use super::key::{ProofKey, ath};
use super::{ask_with, dpop, for_token};

const URL: &str = "https://api.example.com/invoices";

fn for_api(host: &Host, id: &str, token: &str) -> Value {
    json!({ "jti": id, "htm": "GET", "htu": URL, "iat": host.now().seconds(), "ath": ath(token) })
}

fn bound_token(host: &Host, key: &ProofKey, id: &str) -> String {
    ask_with(host, &[&key.proof(&for_token(host, id))]).text("access_token")
}

#[test]
fn rfc_9449_section_7_1_a_bound_token_is_taken_with_the_proof_of_its_key() {
    let (host, key, other) = (host_with(dpop()), ProofKey::new(1), ProofKey::new(2));
    let (token, own) = (bound_token(&host, &key, "1"), bound_token(&host, &key, "2"));
    let verifier = issuer(dpop()).verifier();
    let now = host.now();
    let judge = |token: &str, proof: &str| {
        let judged = verifier.verify_bound(token, proof, "GET", URL, now);
        judged.map_err(|error| (error.code(), error.field().unwrap_or_default().to_owned()))
    };
    let good = judge(&token, &key.proof(&for_api(&host, "1", &token))).unwrap();
    assert_eq!(good.verified.subject().as_deref(), Some(CLIENT));
    assert_eq!(good.proof.thumbprint(), key.thumbprint());
    let wrong = |field: &str| Err((ErrorCode::InvalidDpopProof, field.to_owned()));
    let judged = |token: &str, claims: Value| judge(token, &key.proof(&claims)).map(drop);
    // RFC 9449 section 4.3: `ath` is there, and that of this token.
    assert_eq!(judged(&token, for_api(&host, "1", &own)), wrong("ath"));
    let mut none = for_api(&host, "1", &token);
    none.as_object_mut().unwrap().remove("ath");
    assert_eq!(judged(&token, none), wrong("ath"));
    // Method, URL and time are looked at, too.
    for (name, value) in
        [("htm", json!("POST")), ("htu", json!("https://api.example.com/")), ("iat", json!(0))]
    {
        let mut claims = for_api(&host, "1", &token);
        claims[name] = value;
        assert_eq!(judged(&token, claims), wrong(name));
    }
    assert_eq!(judge(&token, "").map(drop), wrong(""));
    // RFC 9449 section 6: the key is that of the token.
    let others = judge(&token, &other.proof(&for_api(&host, "1", &token))).map(drop);
    assert_eq!(others, Err((ErrorCode::BindingMismatch, "cnf".to_owned())));
    let bearer = ask_with(&host, &[]).text("access_token");
    let unbound = judge(&bearer, &key.proof(&for_api(&host, "1", &bearer))).map(drop);
    assert_eq!(unbound, Err((ErrorCode::BindingMismatch, "cnf".to_owned())));
    // The token is judged as ever.
    let expired = UnixTime::from_seconds(now.seconds() + 3600);
    let late = verifier.verify_bound(&token, &key.proof(&for_api(&host, "1", &token)), "GET", URL, expired);
    assert_eq!(late.unwrap_err().code(), ErrorCode::TokenExpired);
}

#[test]
fn rfc_9449_section_7_2_a_bound_token_is_no_bearers() {
    let (host, key) = (host_with(dpop()), ProofKey::new(1));
    let token = bound_token(&host, &key, "1");
    let bearer = ask_with(&host, &[]).text("access_token");
    let verifier = issuer(dpop()).verifier();
    let refused = verifier.verify(&token, host.now()).unwrap_err();
    assert_eq!((refused.code(), refused.field()), (ErrorCode::BindingMismatch, Some("cnf")));
    assert_eq!(refused.code().oauth_error(), "invalid_token");
    assert!(verifier.verify(&bearer, host.now()).is_ok());
    // What explains says so, too.
    let explained = verifier.explain(&token, host.now());
    assert_eq!(explained.error(), Some(&refused));
    assert!(verifier.explain(&bearer, host.now()).is_accepted());
    // So with the store.
    let check = |token: &str| issuer(dpop()).check(token, &host.context()).run(&host.store).result;
    assert_eq!(check(&token).unwrap_err().code(), ErrorCode::BindingMismatch);
    assert!(check(&bearer).is_ok());
    // Who has not been told of DPoP takes it, as RFC 9449 section 7.2 has it.
    let unaware =
        Verifier::new(issuer(policy()).keys().clone()).issuer(ISSUER).audience(API).token_type("at+jwt");
    assert!(unaware.verify(&token, host.now()).is_ok());
    assert_eq!(unaware.refuse_bound().verify(&token, host.now()).unwrap_err(), refused);
}

#[test]
fn a_proof_is_taken_once_by_the_memory_of_a_process_and_by_the_store() {
    let (host, key) = (host_with(dpop()), ProofKey::new(1));
    let token = bound_token(&host, &key, "1");
    let verifier = issuer(dpop()).verifier();
    let proof = |id: &str| {
        let proof = key.proof(&for_api(&host, id, &token));
        verifier.verify_bound(&token, &proof, "GET", URL, host.now()).unwrap().proof
    };
    let window = ProofWindow::new(2);
    window.admit(&proof("a"), host.now()).unwrap();
    let again = window.admit(&proof("a"), host.now()).unwrap_err();
    assert_eq!((again.code(), again.field()), (ErrorCode::InvalidDpopProof, Some("jti")));
    window.admit(&proof("b"), host.now()).unwrap();
    // It is bounded, and forgets nothing that could come again.
    let full = window.admit(&proof("c"), host.now()).unwrap_err();
    assert_eq!((full.code(), full.retry_after().unwrap().after_seconds), (ErrorCode::RateLimited, 61));
    assert_eq!(window.admit(&proof("a"), host.now()).unwrap_err().code(), ErrorCode::InvalidDpopProof);
    let old = proof("a");
    let at = |seconds: i64| UnixTime::from_seconds(host.now().seconds() + seconds);
    assert_eq!(window.admit(&old, at(60)).unwrap_err().code(), ErrorCode::InvalidDpopProof);
    host.wait(61);
    window.admit(&proof("c"), host.now()).unwrap();
    // By the store: the flow that checks the token as well, and the proof alone.
    let proof = key.proof(&for_api(&host, "d", &token));
    let check =
        || issuer(dpop()).check_bound(&token, &proof, "GET", URL, &host.context()).run(&host.store).result;
    assert_eq!(check().unwrap().client.as_deref(), Some(CLIENT));
    let again = check().unwrap_err();
    assert_eq!((again.code(), again.field()), (ErrorCode::InvalidDpopProof, Some("jti")));
    let proof = verifier.verify_bound(&token, &proof, "GET", URL, host.now()).unwrap().proof;
    assert_eq!(proof.once(&host.context()).run(&host.store).result.unwrap_err(), again);
}

#[test]
fn a_bound_token_that_was_revoked_is_refused_with_its_proof() {
    let (host, key) = (host_with(dpop()), ProofKey::new(1));
    let token = bound_token(&host, &key, "1");
    let _ = post_as(&host, "/oauth/revoke", &basic(CLIENT, SECRET), &format!("token={token}"));
    let proof = key.proof(&for_api(&host, "1", &token));
    let checked = issuer(dpop()).check_bound(&token, &proof, "GET", URL, &host.context()).run(&host.store);
    assert_eq!(checked.result.unwrap_err().code(), ErrorCode::TokenRevoked);
}

#[test]
fn rfc_9449_section_7_1_the_challenge() {
    let verifier =
        issuer(policy().dpop(DpopPolicy::new().algorithms(&[Algorithm::ES256, Algorithm::PS256]))).verifier();
    assert_eq!(verifier.dpop_challenge(None), r#"DPoP algs="ES256 PS256""#);
    let proof =
        DpopProof::verify("a", &DpopPolicy::new(), "GET", URL, UnixTime::from_seconds(0)).unwrap_err();
    let challenge = verifier.dpop_challenge(Some(&proof));
    assert!(challenge.starts_with(r#"DPoP error="invalid_dpop_proof", error_description=""#), "{challenge}");
    let odd = Error::new(ErrorCode::BindingMismatch).at("cnf").because("\"a\\b\"\n");
    let expected = r#"DPoP error="invalid_token", error_description="cnf: 'a?b'?", algs="ES256 PS256""#;
    assert_eq!(verifier.dpop_challenge(Some(&odd)), expected);
}

#[test]
fn rfc_9449_section_8_pages_can_read_the_nonce_and_send_the_proof() {
    let page = "https://app.example.com";
    let endpoint = |policy: Policy| {
        let origins: [config::Origin; 1] = [page.parse().unwrap()];
        Endpoint::builder().dialect(OAuth::new(issuer(policy))).cors_origins(&origins).build().unwrap()
    };
    let exposed = |policy: Policy| {
        let answer = Host::new(endpoint(policy)).send(request("POST", TOKEN, &[FORM, ("origin", page)], ""));
        answer.header("access-control-expose-headers").unwrap().to_owned()
    };
    assert_eq!(exposed(policy()), "Retry-After");
    assert_eq!(exposed(dpop()), "Retry-After, DPoP-Nonce");
    let asked = http::Request::options(TOKEN)
        .header("origin", page)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "dpop,content-type");
    let context = Context::new(UnixTime::from_seconds(1_700_000_000), [1; 32]);
    let preflight = endpoint(dpop()).handle(asked.body(Vec::new()).unwrap(), &context);
    let preflight = preflight.run(&MemoryStore::new()).result.unwrap();
    assert_eq!(preflight.headers()["access-control-allow-headers"], "dpop,content-type");
}

#[test]
fn rfc_8705_section_3_tokens_are_bound_to_the_certificate_that_the_host_saw() {
    let host = host();
    let proof = ClientProof::new(CLIENT, SECRET);
    let request = ClientCredentials::new(proof.clone()).certificate([5; 32]);
    let token = host.run(issuer(policy()).client_credentials(request, &host.context()));
    // RFC 8705 section 3: sent as a bearer's.
    assert_eq!(token.token_type, AccessTokenType::Bearer);
    let hash = "BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU";
    assert_eq!(claims(&token.access_token)["cnf"], json!({ "x5t#S256": hash }));
    let told =
        post_as(&host, "/oauth/introspect", &basic(CLIENT, SECRET), &format!("token={}", token.access_token));
    assert_eq!((&told.body["token_type"], &told.body["cnf"]["x5t#S256"]), (&json!("Bearer"), &json!(hash)));

    let verifier = issuer(policy()).verifier();
    assert!(verifier.verify_with_certificate(&token.access_token, &[5; 32], host.now()).is_ok());
    let stolen = verifier.verify_with_certificate(&token.access_token, &[6; 32], host.now()).unwrap_err();
    assert_eq!((stolen.code(), stolen.field()), (ErrorCode::BindingMismatch, Some("cnf")));
    let check = |hash: [u8; 32]| {
        let task = issuer(policy()).check_with_certificate(&token.access_token, hash, &host.context());
        task.run(&host.store).result.map(drop).map_err(|error| error.code())
    };
    assert_eq!((check([5; 32]), check([6; 32])), (Ok(()), Err(ErrorCode::BindingMismatch)));
    let bearer = host.run(issuer(policy()).client_credentials(proof, &host.context())).access_token;
    let unbound = verifier.verify_with_certificate(&bearer, &[5; 32], host.now()).unwrap_err();
    assert_eq!(unbound.code(), ErrorCode::BindingMismatch);
}

#[test]
fn rfc_8705_section_4_refresh_tokens_of_a_public_client_are_bound_to_its_certificate() {
    let host = host();
    let issuer = || issuer(policy());
    let start = |client: &str| {
        let request = StartSession::new("user_1").client(client).certificate([5; 32]);
        host.run(issuer().start_session(request, &host.context()))
    };
    let refresh = |request: Refresh| {
        let result = issuer().refresh(request, &host.context()).run(&host.store).result;
        result.map_err(|error| error.code())
    };
    let bound_to = |pair: &TokenPair| claims(&pair.access_token)["cnf"]["x5t#S256"].clone();
    let hash = json!("BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU");
    let public = start(PUBLIC);
    assert_eq!(bound_to(&public), hash);
    let token = || Refresh::new(&public.refresh_token);
    assert_eq!(refresh(token()), Err(ErrorCode::InvalidGrant));
    assert_eq!(refresh(token().certificate([6; 32])), Err(ErrorCode::InvalidGrant));
    let form = format!("grant_type=refresh_token&client_id={PUBLIC}&refresh_token={}", public.refresh_token);
    refused(&post(&host, &form), 400, "invalid_grant");
    assert_eq!(bound_to(&refresh(token().certificate([5; 32])).unwrap()), hash);
    // A client that proves itself keeps its tokens bound, and may have a new certificate.
    let own = start(CLIENT);
    let next = refresh(Refresh::new(&own.refresh_token)).unwrap();
    assert_eq!(bound_to(&next), hash);
    let renewed = refresh(Refresh::new(&next.refresh_token).certificate([6; 32])).unwrap();
    assert_ne!(bound_to(&renewed), hash);
}
