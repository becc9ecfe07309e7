//! DPoP (RFC 9449): tokens that are bound to a key, and the proofs of it. Each test names the section that it holds.

mod key;
mod nonces;
mod proofs;
mod resource;

use serde_json::{Value, json};

use super::*;
use key::{ProofKey, ath};

/// The URL of the token endpoint, as clients know it.
const URL: &str = "https://id.example.com/oauth/token";

fn dpop() -> Policy {
    policy().dpop(DpopPolicy::new())
}

/// The claims of a proof for the token endpoint, made now. Each has its own id.
fn for_token(host: &Host, id: &str) -> Value {
    json!({ "jti": id, "htm": "POST", "htu": URL, "iat": host.now().seconds() })
}

/// A request at the token endpoint with these headers `DPoP`.
fn post_with(host: &Host, authorization: Option<&str>, form: &str, proofs: &[&str]) -> Answer {
    let mut headers = vec![FORM];
    headers.extend(authorization.map(|value| ("authorization", value)));
    headers.extend(proofs.iter().map(|proof| ("dpop", *proof)));
    host.send(request("POST", TOKEN, &headers, form))
}

/// The first client asks for a token of its own.
fn ask_with(host: &Host, proofs: &[&str]) -> Answer {
    post_with(host, Some(&basic(CLIENT, SECRET)), "grant_type=client_credentials", proofs)
}

fn refresh_public(host: &Host, token: &str, proofs: &[&str]) -> Answer {
    let form = format!("grant_type=refresh_token&client_id={PUBLIC}&refresh_token={token}");
    post_with(host, None, &form, proofs)
}

/// A session of the public client for a key, opened by the host.
fn bound_session(host: &Host, key: &ProofKey) -> TokenPair {
    let request = StartSession::new("user_1").client(PUBLIC).scope("read write").key(key.thumbprint());
    host.run(issuer(dpop()).start_session(request, &host.context()))
}

#[test]
fn rfc_9449_section_5_a_token_is_bound_to_the_key_of_the_proof() {
    let (host, key) = (host_with(dpop()), ProofKey::new(1));
    let answer = ask_with(&host, &[&key.proof(&for_token(&host, "1"))]);
    assert_eq!((answer.status, answer.text("token_type").as_str()), (200, "DPoP"), "{:?}", answer.body);
    // RFC 9449 section 6.1: the thumbprint, and nothing beside it.
    let claims = claims(&answer.text("access_token"));
    assert_eq!(claims["cnf"], json!({ "jkt": key.thumbprint() }));
    // Nobody is told of a nonce where none is asked for.
    assert_eq!(answer.header("dpop-nonce"), None);
}

#[test]
fn rfc_9449_section_5_whoever_sends_no_proof_gets_a_bearers_token() {
    let host = host_with(dpop());
    let answer = ask_with(&host, &[]);
    assert_eq!((answer.status, answer.text("token_type").as_str()), (200, "Bearer"));
    assert_eq!(claims(&answer.text("access_token"))["cnf"], Value::Null);
    // Without a policy the header is one of those that nobody knows.
    let (host, key) = (super::host(), ProofKey::new(1));
    let answer = ask_with(&host, &[&key.proof(&for_token(&host, "1")), "and another"]);
    assert_eq!((answer.status, answer.text("token_type").as_str()), (200, "Bearer"));
    assert_eq!(claims(&answer.text("access_token"))["cnf"], Value::Null);
}

#[test]
fn rfc_9449_section_5_whatever_the_grant() {
    let (host, key) = (host_with(dpop()), ProofKey::new(1));
    let bound_to = |answer: &Answer| {
        assert_eq!((answer.status, answer.text("token_type").as_str()), (200, "DPoP"), "{:?}", answer.body);
        claims(&answer.text("access_token"))["cnf"]["jkt"].as_str().unwrap().to_owned()
    };
    // A refresh of a client that proves itself: the access token is bound, the refresh token is not.
    let pair = session(&host, dpop(), CLIENT);
    let form = |token: &str| format!("grant_type=refresh_token&refresh_token={token}");
    let one = basic(CLIENT, SECRET);
    let proof = key.proof(&for_token(&host, "1"));
    let next = post_with(&host, Some(&one), &form(&pair.refresh_token), &[&proof]);
    assert_eq!(bound_to(&next), key.thumbprint());
    let other = ProofKey::new(2);
    let proof = other.proof(&for_token(&host, "2"));
    let next = post_with(&host, Some(&one), &form(&next.text("refresh_token")), &[&proof]);
    assert_eq!(bound_to(&next), other.thumbprint());
    let last = post_with(&host, Some(&one), &form(&next.text("refresh_token")), &[]);
    assert_eq!((last.status, last.text("token_type").as_str()), (200, "Bearer"));
    // An exchange of a bearer's token.
    let exchange = format!(
        "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token={}\
         &subject_token_type=urn:ietf:params:oauth:token-type:access_token",
        last.text("access_token")
    );
    let answer = post_with(&host, Some(&one), &exchange, &[&key.proof(&for_token(&host, "3"))]);
    assert_eq!(bound_to(&answer), key.thumbprint());
    // A trusted issuer's assertion, with no client.
    let signer = Issuer::new(
        KeySet::builder()
            .key(Key::generate(Some("ci"), Algorithm::EdDSA, &mut Entropy::new([3; 32])).unwrap())
            .unwrap()
            .build()
            .unwrap(),
        Policy::new("https://ci.example"),
    )
    .unwrap();
    let rule = AssertionRule::new("{sub}").claim("sub", "job").scope("read");
    let trusted = TrustedIssuer::new(KeySet::from_jwks(&signer.public_jwks()).unwrap());
    let host = host_with(dpop().trusted_issuer(trusted.issuer("https://ci.example").rule(rule)));
    let job = signer.mint(&Claims::new().subject("job").audience(ISSUER), Lifetime::MINUTE, &host.context());
    let form = format!("grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion={}", job.unwrap());
    // What is wrong with the proof does not use the assertion up.
    refused(&post_with(&host, None, &form, &["none"]), 400, "invalid_dpop_proof");
    assert_eq!(
        bound_to(&post_with(&host, None, &form, &[&key.proof(&for_token(&host, "4"))])),
        key.thumbprint()
    );
}

#[test]
fn rfc_9449_section_5_a_public_clients_refresh_tokens_are_bound_to_its_key() {
    let (host, key, other) = (host_with(dpop()), ProofKey::new(1), ProofKey::new(2));
    let first = bound_session(&host, &key);
    assert_eq!(first.token_type, AccessTokenType::Dpop);
    assert_eq!(claims(&first.access_token)["cnf"], json!({ "jkt": key.thumbprint() }));
    // A thief without the key gets nothing, whatever he sends.
    let none = refresh_public(&host, &first.refresh_token, &[]);
    refused(&none, 400, "invalid_dpop_proof");
    let others = refresh_public(&host, &first.refresh_token, &[&other.proof(&for_token(&host, "1"))]);
    refused(&others, 400, "invalid_grant");
    // And so with the next ones.
    let next = refresh_public(&host, &first.refresh_token, &[&key.proof(&for_token(&host, "1"))]);
    assert_eq!((next.status, next.text("token_type").as_str()), (200, "DPoP"), "{:?}", next.body);
    assert_eq!(claims(&next.text("access_token"))["cnf"], json!({ "jkt": key.thumbprint() }));
    let token = next.text("refresh_token");
    refused(&refresh_public(&host, &token, &[]), 400, "invalid_dpop_proof");
    // Within the grace the same successor again, to whoever has the key.
    let again = refresh_public(&host, &first.refresh_token, &[&key.proof(&for_token(&host, "2"))]);
    assert_eq!(again.text("refresh_token"), token);
    refused(&refresh_public(&host, &first.refresh_token, &[]), 400, "invalid_dpop_proof");
    // A copy is good for nothing, not even to end the session.
    host.wait(11);
    refused(&refresh_public(&host, &first.refresh_token, &[]), 400, "invalid_dpop_proof");
    let others = refresh_public(&host, &first.refresh_token, &[&other.proof(&for_token(&host, "2"))]);
    refused(&others, 400, "invalid_grant");
    let live = refresh_public(&host, &token, &[&key.proof(&for_token(&host, "3"))]);
    assert_eq!(live.status, 200, "{:?}", live.body);
    // Whoever has both ends it, as ever.
    host.wait(11);
    let reused = refresh_public(&host, &token, &[&key.proof(&for_token(&host, "4"))]);
    refused(&reused, 400, "invalid_grant");
    let ended = refresh_public(&host, &live.text("refresh_token"), &[&key.proof(&for_token(&host, "5"))]);
    refused(&ended, 400, "invalid_grant");
}

#[test]
fn rfc_9449_section_5_1_the_metadata_names_the_algorithms() {
    let metadata = |policy: Policy| {
        let path = "/.well-known/oauth-authorization-server";
        host_with(policy).send(request("GET", path, &[], "")).body["dpop_signing_alg_values_supported"]
            .clone()
    };
    assert_eq!(metadata(policy()), Value::Null);
    let some = DpopPolicy::new().algorithms(&[Algorithm::ES256, Algorithm::EdDSA]);
    assert_eq!(metadata(policy().dpop(some)), json!(["ES256", "EdDSA"]));
    let all = metadata(dpop());
    assert!(all.as_array().unwrap().iter().all(|name| !name.as_str().unwrap().starts_with("HS")));
    assert!(all.as_array().unwrap().contains(&json!("ES256")));
}

#[test]
fn rfc_9449_section_5_2_a_client_that_always_uses_dpop_gets_nothing_without() {
    let (host, key) = (host_with(dpop()), ProofKey::new(1));
    let strict = may_do_all(client("strict", "the-secret-of-the-strict")).dpop_bound_access_tokens();
    host.run(directory::create_client(strict, &host.context()));
    let strict = basic("strict", "the-secret-of-the-strict");
    let request = StartSession::new("user_1").client("strict").scope("read write");
    let without = issuer(dpop()).start_session(request.clone(), &host.context()).run(&host.store);
    assert_eq!(without.result.unwrap_err().code(), ErrorCode::InvalidDpopProof);
    let pair = host.run(issuer(dpop()).start_session(request.key(key.thumbprint()), &host.context()));
    let bearer = ask_with(&host, &[]).text("access_token");
    for (at, form) in [
        "grant_type=client_credentials".to_owned(),
        format!("grant_type=refresh_token&refresh_token={}", pair.refresh_token),
        format!(
            "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token={bearer}\
             &subject_token_type=urn:ietf:params:oauth:token-type:access_token"
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let without = post_with(&host, Some(&strict), &form, &[]);
        refused(&without, 400, "invalid_dpop_proof");
        assert!(without.text("error_description").starts_with("DPoP: "), "{:?}", without.body);
        let with = post_with(&host, Some(&strict), &form, &[&key.proof(&for_token(&host, &at.to_string()))]);
        assert_eq!((with.status, with.text("token_type").as_str()), (200, "DPoP"), "{form}: {:?}", with.body);
    }
    // Who does not prove to be the client learns nothing of that.
    let wrong = post_with(&host, Some(&basic("strict", "wrong")), "grant_type=client_credentials", &[]);
    refused(&wrong, 401, "invalid_client");
}

#[test]
fn an_issuer_that_requires_keys_gives_no_token_without() {
    let policy = || policy().dpop(DpopPolicy::new().required());
    let (host, key) = (host_with(policy()), ProofKey::new(1));
    refused(&ask_with(&host, &[]), 400, "invalid_dpop_proof");
    assert_eq!(ask_with(&host, &[&key.proof(&for_token(&host, "1"))]).status, 200);
    let start =
        |request: StartSession| issuer(policy()).start_session(request, &host.context()).run(&host.store);
    let without = start(StartSession::new("user_1")).result.unwrap_err();
    assert_eq!((without.code(), without.field()), (ErrorCode::InvalidDpopProof, Some("DPoP")));
    assert!(start(StartSession::new("user_1").key(key.thumbprint())).result.is_ok());
}

#[test]
fn rfc_9449_section_6_2_introspection_tells_of_the_key() {
    let (host, key) = (host_with(dpop()), ProofKey::new(1));
    let token = ask_with(&host, &[&key.proof(&for_token(&host, "1"))]).text("access_token");
    // No proof is asked for: the resource server has none.
    for path in ["/oauth/introspect", "/introspect"] {
        let told = post_as(&host, path, &basic(CLIENT, SECRET), &format!("token={token}"));
        assert_eq!(told.body["active"], true);
        assert_eq!(told.body["token_type"], "DPoP");
        assert_eq!(told.body["cnf"], json!({ "jkt": key.thumbprint() }));
    }
    // Nor does its revocation need one.
    let revoked = post_as(&host, "/oauth/revoke", &basic(CLIENT, SECRET), &format!("token={token}"));
    assert_eq!(revoked.status, 200);
    let told = post_as(&host, "/oauth/introspect", &basic(CLIENT, SECRET), &format!("token={token}"));
    assert_eq!(told.body, json!({ "active": false }));
}

#[test]
fn an_opaque_token_is_bound_as_a_jwt_is() {
    let policy = || dpop().access_format(AccessFormat::Opaque);
    let (host, key) = (host_with(policy()), ProofKey::new(1));
    let answer = ask_with(&host, &[&key.proof(&for_token(&host, "1"))]);
    assert_eq!(answer.text("token_type"), "DPoP");
    let token = answer.text("access_token");
    let told = post_as(&host, "/oauth/introspect", &basic(CLIENT, SECRET), &format!("token={token}"));
    assert_eq!(
        (&told.body["token_type"], &told.body["cnf"]["jkt"]),
        (&json!("DPoP"), &json!(key.thumbprint()))
    );
    let bearer = issuer(policy()).check(&token, &host.context()).run(&host.store).result.unwrap_err();
    assert_eq!((bearer.code(), bearer.field()), (ErrorCode::BindingMismatch, Some("cnf")));
    let api = "https://api.example.com/";
    let claims =
        json!({ "jti": "2", "htm": "GET", "htu": api, "iat": host.now().seconds(), "ath": ath(&token) });
    let bound = issuer(policy()).check_bound(&token, &key.proof(&claims), "GET", api, &host.context());
    assert_eq!(host.run(bound).client.as_deref(), Some(CLIENT));
}

#[test]
fn a_bound_token_is_exchanged_by_whoever_has_its_key_and_stays_bound() {
    let (host, key, other) = (host_with(dpop()), ProofKey::new(1), ProofKey::new(2));
    let subject = ask_with(&host, &[&key.proof(&for_token(&host, "1"))]).text("access_token");
    let kind = "urn:ietf:params:oauth:token-type:access_token";
    let form = format!(
        "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token={subject}&subject_token_type={kind}"
    );
    let one = basic(CLIENT, SECRET);
    // RFC 8693 section 2.2.2: a subject token that is not acceptable.
    refused_at(&post_with(&host, Some(&one), &form, &[]), "invalid_request", "subject_token");
    let others = post_with(&host, Some(&one), &form, &[&other.proof(&for_token(&host, "2"))]);
    refused_at(&others, "invalid_request", "subject_token");
    let own = post_with(&host, Some(&one), &form, &[&key.proof(&for_token(&host, "3"))]);
    assert_eq!((own.status, own.text("token_type").as_str()), (200, "DPoP"), "{:?}", own.body);
    assert_eq!(claims(&own.text("access_token"))["cnf"], json!({ "jkt": key.thumbprint() }));
    // An actor's token is one, too.
    let bearer = ask_with(&host, &[]).text("access_token");
    let form = format!(
        "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token={bearer}&subject_token_type={kind}\
         &actor_token={subject}&actor_token_type={kind}"
    );
    refused_at(&post_with(&host, Some(&one), &form, &[]), "invalid_request", "actor_token");
    let own = post_with(&host, Some(&one), &form, &[&key.proof(&for_token(&host, "4"))]);
    assert_eq!((own.status, own.text("token_type").as_str()), (200, "DPoP"), "{:?}", own.body);
    // The host answers for what it narrows: it stays bound to the same key, whatever rule the policy has.
    let policy = dpop().narrowing("cnf", Narrowing::Subset);
    let narrower = Narrow::new(&subject).scope("read");
    let narrowed = host.run(issuer(policy.clone()).narrow(narrower.clone(), &host.context()));
    assert_eq!(narrowed.token_type, AccessTokenType::Dpop);
    assert_eq!(claims(&narrowed.access_token)["cnf"], json!({ "jkt": key.thumbprint() }));
    let loose = narrower.claims(serde_json::from_str(r#"{"cnf":{}}"#).unwrap());
    let loose = issuer(policy).narrow(loose, &host.context()).run(&host.store).result.unwrap_err();
    assert_eq!((loose.code(), loose.field()), (ErrorCode::FieldInvalid, Some("claims")));
}

#[test]
fn what_a_host_answers_for_is_a_thumbprint_and_a_policy_speaks_of_it() {
    let host = host_with(dpop());
    let start = |policy: Policy, request: StartSession| {
        let error =
            issuer(policy).start_session(request, &host.context()).run(&host.store).result.unwrap_err();
        (error.code(), error.field().unwrap_or_default().to_owned())
    };
    let thumbprint = ProofKey::new(1).thumbprint();
    let at_jkt = (ErrorCode::FieldInvalid, "jkt".to_owned());
    assert_eq!(start(policy(), StartSession::new("u").key(&*thumbprint)), at_jkt);
    for wrong in ["", "short", &format!("{thumbprint}="), &thumbprint[1..]] {
        assert_eq!(start(dpop(), StartSession::new("u").key(wrong)), at_jkt, "{wrong}");
    }
}
