//! Tokens of trusted issuers (RFC 7521, RFC 7523). What an assertion must be is tested with the flow; here is how it is asked for.

use serde_json::json;

use super::*;

const CI: &str = "https://ci.example.com";

fn grant(assertion: &str) -> String {
    format!("grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion={assertion}")
}

fn exchange(assertion: &str) -> String {
    let grant = "grant_type=urn:ietf:params:oauth:grant-type:token-exchange";
    let kind = "urn:ietf:params:oauth:token-type:jwt";
    format!("{grant}&subject_token={assertion}&subject_token_type={kind}")
}

/// A host that trusts a CI, and the CI; none in a build without such keys.
fn with_ci() -> Option<(Host, Issuer)> {
    let key = Key::generate(Some("ci-1"), Algorithm::ES256, &mut Entropy::new([5; 32])).ok()?;
    let ci = KeySet::builder().key(key).unwrap().build().unwrap();
    let rule = AssertionRule::new("ci:{repository_id}").claim("sub", "repo:org/name:*");
    let rule = rule.scope("deploy read").audience(API).audience("https://files.example.com");
    let trusted = TrustedIssuer::new(KeySet::from_jwks(&ci.public_jwks()).unwrap()).issuer(CI).rule(rule);
    Some((host_with(policy().trusted_issuer(trusted)), Issuer::new(ci, Policy::new(CI)).unwrap()))
}

fn job(host: &Host, ci: &Issuer) -> String {
    let claims = Claims::new().subject("repo:org/name:ref:refs/heads/main").audience(ISSUER);
    let job = ci.mint(&claims.set("repository_id", "1234"), Lifetime::MINUTE, &host.context()).unwrap();
    host.keep_secret(&job);
    job
}

#[test]
fn rfc_7523_section_2_1_an_assertion_for_what_its_rule_gives() {
    let Some((host, ci)) = with_ci() else { return };
    let answer = post(&host, &grant(&job(&host, &ci)));
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let token = answer.text("access_token");
    // RFC 7521 section 4.1: no refresh token.
    let expected = json!({
        "access_token": token, "token_type": "Bearer", "expires_in": 3600, "scope": "deploy read",
    });
    assert_eq!(answer.body, expected);
    let claims = claims(&token);
    assert_eq!((&claims["sub"], &claims["client_id"]), (&json!("ci:1234"), &json!("ci:1234")));
    assert_eq!(claims["aud"], json!([API, "https://files.example.com"]));
    let less = post(&host, &format!("{}&scope=read&resource={API}", grant(&job(&host, &ci))));
    assert_eq!((&less.body["scope"], less.status), (&json!("read"), 200));
    let grants = host.send(request("GET", "/.well-known/oauth-authorization-server", &[], ""));
    assert!(grants.body["grant_types_supported"].to_string().contains("jwt-bearer"));
}

#[test]
fn rfc_7523_section_3_1_whatever_is_wrong_with_it_is_invalid_grant() {
    let Some((host, ci)) = with_ci() else { return };
    let used = job(&host, &ci);
    assert_eq!(post(&host, &grant(&used)).status, 200);
    let own = ask(&host, "grant_type=client_credentials").text("access_token");
    for wrong in [&used, "garbage", "a.b.c", &own, &used[..used.len() - 4]] {
        refused_at(&post(&host, &grant(wrong)), "invalid_grant", "assertion");
    }
    refused_at(&post(&host, &grant("")), "invalid_request", "assertion");
    // What is asked for in vain does not use it up.
    let job = job(&host, &ci);
    refused_at(&post(&host, &format!("{}&scope=admin", grant(&job))), "invalid_scope", "scope");
    let other = format!("{}&resource=https://other.example.com", grant(&job));
    refused_at(&post(&host, &other), "invalid_target", "resource");
    assert_eq!(post(&host, &grant(&job)).status, 200);
}

#[test]
fn rfc_7521_section_4_1_credentials_that_are_sent_are_right() {
    let Some((host, ci)) = with_ci() else { return };
    let job = job(&host, &ci);
    let as_client = |id, secret| post_as(&host, TOKEN, &basic(id, secret), &grant(&job));
    refused(&as_client(CLIENT, "wrong"), 401, "invalid_client");
    refused(&post(&host, &format!("{}&client_id={CLIENT}", grant(&job))), 401, "invalid_client");
    // It gets the token as its own, and no more scope than it has.
    let answer = as_client(CLIENT, SECRET);
    assert_eq!((answer.status, &answer.body["scope"]), (200, &json!("read")));
    assert_eq!(claims(&answer.text("access_token"))["client_id"], CLIENT);
}

#[test]
fn rfc_8693_section_2_1_a_trusted_issuers_token_is_exchanged_once() {
    let Some((host, ci)) = with_ci() else { return };
    let job = job(&host, &ci);
    // The client proves itself here, and may do this.
    refused(&post(&host, &exchange(&job)), 401, "invalid_client");
    refused(&post_as(&host, TOKEN, &basic(IDLE, IDLE_SECRET), &exchange(&job)), 400, "unauthorized_client");
    let actor = "urn:ietf:params:oauth:token-type:access_token";
    let acting = format!("{}&actor_token=x&actor_token_type={actor}", exchange(&job));
    refused_at(&ask(&host, &acting), "invalid_request", "actor_token");
    let answer = ask(&host, &exchange(&job));
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    assert_eq!(claims(&answer.text("access_token"))["sub"], "ci:1234");
    refused_at(&ask(&host, &exchange(&job)), "invalid_request", "subject_token");
    refused_at(&post(&host, &grant(&job)), "invalid_grant", "assertion");
}

#[test]
fn without_trusted_issuers_there_is_no_such_grant() {
    refused_at(&post(&host(), &grant("a.b.c")), "unsupported_grant_type", "grant_type");
}
