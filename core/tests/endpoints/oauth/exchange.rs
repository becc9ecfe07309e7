//! Token exchange (RFC 8693). What a narrower token can be is tested with the flow; here is how it is asked for.

use serde_json::json;

use super::*;

const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";

fn form(token: &str, more: &str) -> String {
    let grant = "grant_type=urn:ietf:params:oauth:grant-type:token-exchange";
    format!("{grant}&subject_token={token}&subject_token_type={ACCESS_TOKEN}{more}")
}

fn exchange(host: &Host, token: &str, more: &str) -> Answer {
    ask(host, &form(token, more))
}

#[test]
fn rfc_8693_section_2_2_1_the_answer() {
    for format in [AccessFormat::Jwt, AccessFormat::Opaque] {
        let policy = policy().access_format(format);
        let host = host_with(policy.clone());
        let pair = session(&host, policy.clone(), CLIENT);
        let answer = exchange(&host, &pair.access_token, "&scope=read");
        let token = answer.text("access_token");
        let expected = json!({
            "access_token": token, "token_type": "Bearer", "expires_in": 900, "scope": "read",
            "issued_token_type": ACCESS_TOKEN,
        });
        assert_eq!((answer.status, &answer.body), (200, &expected));
        assert!(stands(&host, policy.clone(), &token));
        // It ends with its parent.
        host.run(issuer(policy.clone()).revoke_session(&pair.session, &host.context()));
        assert!(!stands(&host, policy, &token));
    }
}

#[test]
fn rfc_8693_section_2_1_types_are_those_of_access_tokens() {
    let host = host();
    let pair = session(&host, policy(), CLIENT);
    let as_jwt = exchange(&host, &pair.access_token, &format!("&requested_token_type={JWT}"));
    assert_eq!((as_jwt.status, &as_jwt.body["issued_token_type"]), (200, &json!(JWT)));
    let refresh = "urn:ietf:params:oauth:token-type:refresh_token";
    let wrong = exchange(&host, &pair.access_token, &format!("&requested_token_type={refresh}"));
    refused_at(&wrong, "invalid_request", "requested_token_type");
    let wrong = form(&pair.refresh_token, "").replace(ACCESS_TOKEN, refresh);
    refused_at(&ask(&host, &wrong), "invalid_request", "subject_token_type");
    let opaque = policy().access_format(AccessFormat::Opaque);
    let host = host_with(opaque.clone());
    let token = session(&host, opaque, CLIENT).access_token;
    refused_at(
        &ask(&host, &form(&token, "").replace(ACCESS_TOKEN, JWT)),
        "invalid_request",
        "subject_token_type",
    );
}

#[test]
fn rfc_8693_section_2_1_what_is_required() {
    let host = host();
    let grant = "grant_type=urn:ietf:params:oauth:grant-type:token-exchange";
    refused_at(&ask(&host, grant), "invalid_request", "subject_token");
    refused_at(&ask(&host, &format!("{grant}&subject_token=x")), "invalid_request", "subject_token_type");
    refused_at(&exchange(&host, "x", "&actor_token=y"), "invalid_request", "actor_token_type");
    // Without an actor's token there is no type of it.
    let typed = format!("&actor_token_type={ACCESS_TOKEN}");
    refused_at(&exchange(&host, "x", &typed), "invalid_request", "actor_token");
}

#[test]
fn rfc_8693_section_2_2_2_a_token_that_is_not_valid() {
    let host = host();
    let pair = session(&host, policy(), CLIENT);
    for token in ["garbage", "a.b.c", &pair.refresh_token] {
        refused_at(&exchange(&host, token, ""), "invalid_request", "subject_token");
        let actor = format!("&actor_token={token}&actor_token_type={ACCESS_TOKEN}");
        refused_at(&exchange(&host, &pair.access_token, &actor), "invalid_request", "actor_token");
    }
    host.wait(900);
    refused_at(&exchange(&host, &pair.access_token, ""), "invalid_request", "subject_token");
    let pair = session(&host, policy(), CLIENT);
    for target in ["resource", "audience"] {
        let other = format!("&{target}=https://other.example.com");
        refused_at(&exchange(&host, &pair.access_token, &other), "invalid_target", target);
    }
    refused_at(&exchange(&host, &pair.access_token, "&scope=admin"), "invalid_scope", "scope");
}

#[test]
fn rfc_8693_section_4_1_the_actor_is_told() {
    let host = host();
    let pair = session(&host, policy(), CLIENT);
    let actor = ask(&host, "grant_type=client_credentials").text("access_token");
    let actor = format!("&actor_token={actor}&actor_token_type={JWT}");
    let answer = exchange(&host, &pair.access_token, &actor);
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    assert_eq!(claims(&answer.text("access_token"))["act"], json!({ "sub": CLIENT }));
}

#[test]
fn rfc_8693_section_2_1_another_client_may_ask_and_a_public_one_for_its_own() {
    let host = host();
    let pair = session(&host, policy(), CLIENT);
    let authorization = basic(OTHER, OTHER_SECRET);
    let theirs = post_as(&host, TOKEN, &authorization, &form(&pair.access_token, ""));
    assert_eq!(claims(&theirs.text("access_token"))["client_id"], OTHER);
    let public = format!("&client_id={PUBLIC}");
    refused_at(&post(&host, &form(&pair.access_token, &public)), "invalid_request", "subject_token");
    let own = session(&host, policy(), PUBLIC);
    assert_eq!(post(&host, &form(&own.access_token, &public)).status, 200);
    let idle = post_as(&host, TOKEN, &basic(IDLE, IDLE_SECRET), &form(&pair.access_token, ""));
    refused(&idle, 400, "unauthorized_client");
}
