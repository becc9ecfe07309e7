//! Revocation (RFC 7009).

use super::*;

const REVOKE: &str = "/oauth/revoke";

fn revoke(host: &Host, form: &str) -> Answer {
    post_as(host, REVOKE, &basic(CLIENT, SECRET), form)
}

fn own_token(host: &Host) -> String {
    ask(host, "grant_type=client_credentials").text("access_token")
}

#[test]
fn rfc_7009_section_2_1_an_access_token_ends_by_itself() {
    for format in [AccessFormat::Jwt, AccessFormat::Opaque] {
        let policy = policy().access_format(format);
        let policy = policy.audience("https://files.example.com");
        let host = host_with(policy.clone());
        let pair = session(&host, policy.clone(), CLIENT);
        let answer = revoke(&host, &format!("token={}", pair.access_token));
        assert_eq!((answer.status, answer.kinds()), (200, vec![EventKind::TokenRevoked]));
        assert!(!stands(&host, policy.clone(), &pair.access_token));
        // Its session goes on.
        let form = format!("grant_type=refresh_token&refresh_token={}", pair.refresh_token);
        assert_eq!(ask(&host, &form).status, 200);
    }
}

#[test]
fn rfc_7009_section_2_1_a_refresh_token_ends_its_session() {
    let host = host();
    let pair = session(&host, policy(), CLIENT);
    let next = ask(&host, &format!("grant_type=refresh_token&refresh_token={}", pair.refresh_token));
    // Any that the session has made: it may be the one before that a client kept.
    for hint in ["", "&token_type_hint=access_token", "&token_type_hint=unknown"] {
        let answer = revoke(&host, &format!("token={}{hint}", pair.refresh_token));
        assert_eq!(answer.status, 200);
        assert_eq!(answer.kinds().len(), usize::from(hint.is_empty()));
    }
    for token in [&pair.access_token, &next.text("access_token")] {
        assert!(!stands(&host, policy(), token));
    }
    let form = format!("grant_type=refresh_token&refresh_token={}", next.text("refresh_token"));
    refused(&ask(&host, &form), 400, "invalid_grant");
}

#[test]
fn rfc_7009_section_2_2_an_unknown_token_is_a_200() {
    let host = host();
    let token = own_token(&host);
    for unknown in ["garbage", "a.b.c", &"a".repeat(41), &token[..token.len() - 1]] {
        let answer = revoke(&host, &format!("token={unknown}"));
        assert_eq!((answer.status, answer.kinds()), (200, vec![]), "{unknown}");
    }
    let again = format!("token={token}");
    assert_eq!(revoke(&host, &again).kinds(), [EventKind::TokenRevoked]);
    assert_eq!((revoke(&host, &again).status, revoke(&host, &again).kinds()), (200, vec![]));
}

#[test]
fn rfc_7009_section_2_1_a_token_of_another_client_stays() {
    let host = host();
    let pair = session(&host, policy(), OTHER);
    for token in [&pair.access_token, &pair.refresh_token] {
        let answer = revoke(&host, &format!("token={token}"));
        assert_eq!((answer.status, answer.kinds()), (200, vec![]));
    }
    assert!(stands(&host, policy(), &pair.access_token));
}

#[test]
fn rfc_7009_section_2_1_the_client_proves_itself() {
    let host = host();
    let form = format!("token={}", own_token(&host));
    refused(&post_as(&host, REVOKE, &basic(CLIENT, "wrong"), &form), 401, "invalid_client");
    refused(&host.send(request("POST", REVOKE, &[FORM], form.clone())), 401, "invalid_client");
    refused_at(&revoke(&host, ""), "invalid_request", "token");
    refused_at(&revoke(&host, &format!("{form}&{form}")), "invalid_request", "token");
    let json = [("content-type", "application/json")];
    refused(&host.send(request("POST", REVOKE, &json, "{}")), 400, "invalid_request");
    refused(&host.send(request("GET", REVOKE, &[], "")), 405, "invalid_request");
    // Whatever a client may do, it may give up: in the body as well, and a public one too.
    let pair = session(&host, policy(), PUBLIC);
    let form = format!("client_id={PUBLIC}&token={}", pair.refresh_token);
    assert_eq!(host.send(request("POST", REVOKE, &[FORM], form)).kinds(), [EventKind::SessionRevoked]);
    let form = format!("client_id={IDLE}&client_secret={IDLE_SECRET}&token=x");
    assert_eq!(host.send(request("POST", REVOKE, &[FORM], form)).status, 200);
}
