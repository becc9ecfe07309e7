//! Delegation by token exchange (RFC 8693): never more than what was there, told who acts, and over with what it came of.

use serde_json::json;

use super::*;

const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const SERVICE: &str = "service";
const SERVICE_SECRET: &str = "the-secret-of-the-service";

/// A host with a service beside the clients, which may read.
fn host_with_service(policy: Policy) -> Host {
    let host = host_with(policy);
    let service = client(SERVICE, SERVICE_SECRET).scope("read").permission(Permission::TokenExchange);
    let service = service.permission(Permission::ClientCredentials);
    host.run(directory::create_client(service, &host.context()));
    host.keep_secret(SERVICE_SECRET);
    host
}

fn as_service(host: &Host, form: &str) -> Answer {
    post_as(host, TOKEN, &basic(SERVICE, SERVICE_SECRET), form)
}

fn subject(token: &str) -> String {
    let grant = "grant_type=urn:ietf:params:oauth:grant-type:token-exchange";
    format!("{grant}&subject_token={token}&subject_token_type={ACCESS_TOKEN}")
}

fn actor(token: &str) -> String {
    format!("&actor_token={token}&actor_token_type={ACCESS_TOKEN}")
}

fn is_active(host: &Host, token: &str) -> bool {
    let authorization = basic(SERVICE, SERVICE_SECRET);
    let answer = post_as(host, "/oauth/introspect", &authorization, &format!("token={token}"));
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    answer.body["active"].as_bool().unwrap()
}

#[test]
fn rfc_8693_section_1_never_more_than_the_subjects_token() {
    let policy = policy().audience("https://files.example.com");
    let host = host_with_service(policy.clone());
    let user = session(&host, policy, CLIENT).access_token;
    let asked = |token: &str, more: &str| as_service(&host, &format!("{}{more}", subject(token)));
    refused_at(&asked(&user, "&scope=read+admin"), "invalid_scope", "scope");
    // The token has it, and the service may not.
    refused_at(&asked(&user, "&scope=write"), "invalid_scope", "scope");
    // Section 2.2.1: the scope is told, since it is not the token's.
    let token = asked(&user, "");
    assert_eq!((token.status, token.text("scope")), (200, "read".to_owned()));
    let narrower = asked(&token.text("access_token"), &format!("&resource={API}")).text("access_token");
    assert_eq!(claims(&narrower)["aud"], API);
    refused_at(&asked(&narrower, "&resource=https://files.example.com"), "invalid_target", "resource");
    host.wait(600);
    let later = asked(&narrower, "");
    assert_eq!((later.status, &later.body["expires_in"]), (200, &json!(300)));
    assert_eq!(claims(&later.text("access_token"))["exp"], claims(&user)["exp"]);
}

#[test]
fn rfc_8693_section_4_1_actors_are_nested_eight_deep() {
    let host = host_with_service(policy());
    let mut token = session(&host, policy(), CLIENT).access_token;
    let own = as_service(&host, "grant_type=client_credentials").text("access_token");
    let mut act = Value::Null;
    for _ in 0..8 {
        let answer = as_service(&host, &(subject(&token) + &actor(&own)));
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        token = answer.text("access_token");
        act = if act.is_null() { json!({ "sub": SERVICE }) } else { json!({ "sub": SERVICE, "act": act }) };
        assert_eq!((&claims(&token)["act"], &claims(&token)["sub"]), (&act, &json!("user_1")));
    }
    refused_at(&as_service(&host, &(subject(&token) + &actor(&own))), "invalid_request", "subject_token");
    // A resource server that asks is told of all of them (section 4.1).
    let form = format!("token={token}");
    let answer = post_as(&host, "/oauth/introspect", &basic(SERVICE, SERVICE_SECRET), &form);
    assert_eq!(answer.body["act"], act);
    // Somebody acts with it: it names no actor of another token.
    let user = session(&host, policy(), CLIENT).access_token;
    refused_at(&as_service(&host, &(subject(&user) + &actor(&token))), "invalid_request", "actor_token");
}

#[test]
fn rfc_8693_section_4_4_only_whoever_may_act_does() {
    let host = host_with_service(policy());
    let started = |may_act: &Value| {
        let claims = [("may_act".to_owned(), JsonText::of(may_act).unwrap())].into();
        let request = StartSession::new("user_1").client(CLIENT).scope("read write").claims(claims);
        subject(&host.run(issuer(policy()).start_session(request, &host.context())).access_token)
    };
    let service = actor(&as_service(&host, "grant_type=client_credentials").text("access_token"));
    let other = actor(&ask(&host, "grant_type=client_credentials").text("access_token"));
    for may_act in [
        json!({ "sub": SERVICE }),
        json!({ "sub": SERVICE, "iss": ISSUER }),
        json!({ "client_id": SERVICE }),
        // These are not used.
        json!({ "sub": SERVICE, "aud": "x", "exp": 1, "nbf": 2 }),
    ] {
        let user = started(&may_act);
        assert_eq!(as_service(&host, &user).status, 200, "{may_act}");
        assert_eq!(as_service(&host, &format!("{user}{service}")).status, 200, "{may_act}");
        refused_at(&as_service(&host, &format!("{user}{other}")), "invalid_request", "actor_token");
    }
    for may_act in [
        json!({ "sub": CLIENT }),
        json!({ "sub": SERVICE, "iss": "https://elsewhere.example.com" }),
        json!({ "client_id": CLIENT, "sub": SERVICE }),
        json!({ "email": "service@example.com" }),
        json!({}),
        json!("service"),
    ] {
        let user = started(&may_act);
        refused(&as_service(&host, &user), 400, "invalid_request");
        refused_at(&as_service(&host, &format!("{user}{service}")), "invalid_request", "actor_token");
    }
}

#[test]
fn what_came_of_a_token_is_over_with_it_at_introspection() {
    for format in [AccessFormat::Jwt, AccessFormat::Opaque] {
        for end in ["token", "session", "subject", "client", "disabled"] {
            let policy = policy().access_format(format);
            let (host, issuer) = (host_with_service(policy.clone()), issuer(policy.clone()));
            let exchanged = |token: &str| as_service(&host, &subject(token)).text("access_token");
            let (user, other) =
                (session(&host, policy.clone(), CLIENT), session(&host, policy.clone(), CLIENT));
            let first = exchanged(&user.access_token);
            let (second, unrelated) = (exchanged(&first), exchanged(&other.access_token));
            let own = as_service(&host, "grant_type=client_credentials").text("access_token");
            assert!([&first, &second, &unrelated, &own].iter().all(|token| is_active(&host, token)));
            let revoke = |token: &str| {
                let form = format!("token={token}");
                assert_eq!(post_as(&host, "/oauth/revoke", &basic(CLIENT, SECRET), &form).status, 200);
            };
            match end {
                "token" => revoke(&user.access_token),
                "session" => revoke(&user.refresh_token),
                "subject" => host.run(issuer.revoke_subject("user_1", &host.context())),
                "client" => host.run(issuer.revoke_client(CLIENT, &host.context())),
                _ => host.run(directory::disable_client(CLIENT, &host.context())),
            }
            assert!(!is_active(&host, &first) && !is_active(&host, &second), "{end}");
            assert!(is_active(&host, &own), "{end}");
            assert_eq!(is_active(&host, &unrelated), matches!(end, "token" | "session"), "{end}");
        }
    }
}

#[test]
fn rfc_8693_section_2_1_a_trusted_issuers_token_in_either_place() {
    let Ok(key) = Key::generate(Some("ci-1"), Algorithm::ES256, &mut Entropy::new([3; 32])) else { return };
    let ci =
        Issuer::new(KeySet::builder().key(key).unwrap().build().unwrap(), Policy::new("https://ci.example"));
    let ci = ci.unwrap();
    let rule = AssertionRule::new("ci:{repository_id}").claim("sub", "repo:org/name:*").scope("read deploy");
    let public = KeySet::from_jwks(&ci.public_jwks()).unwrap();
    let policy = policy().trusted_issuer(TrustedIssuer::new(public).issuer("https://ci.example").rule(rule));
    let host = host_with_service(policy.clone());
    let job = |sub: &str| {
        let claims = Claims::new().subject(sub).audience(ISSUER).set("repository_id", "1234");
        let token = ci.mint(&claims, Lifetime::MINUTE, &host.context()).unwrap();
        host.keep_secret(&token);
        token
    };
    let main = "repo:org/name:ref:refs/heads/main";

    // Whom it is about: what its rule gives and the service may have, for as long as it lives, once.
    let first = job(main);
    let answer = as_service(&host, &subject(&first));
    let (scope, expires_in) = (answer.text("scope"), &answer.body["expires_in"]);
    assert_eq!((answer.status, scope.as_str(), expires_in), (200, "read", &json!(60)));
    let given = claims(&answer.text("access_token"));
    assert_eq!((&given["sub"], &given["client_id"]), (&json!("ci:1234"), &json!(SERVICE)));
    refused_at(&as_service(&host, &subject(&first)), "invalid_request", "subject_token");

    // Who acts: by the names that it has there (section 4.1).
    let user = session(&host, policy, CLIENT).access_token;
    let second = actor(&job(main));
    let answer = as_service(&host, &(subject(&user) + &second));
    let act = json!({ "sub": main, "iss": "https://ci.example" });
    assert_eq!(claims(&answer.text("access_token"))["act"], act);
    refused_at(&as_service(&host, &(subject(&user) + &second)), "invalid_request", "actor_token");
    let other = job("repo:org/other:ref:refs/heads/main");
    refused_at(&as_service(&host, &subject(&other)), "invalid_request", "subject_token");
    refused_at(&as_service(&host, &(subject(&user) + &actor(&other))), "invalid_request", "actor_token");
}
