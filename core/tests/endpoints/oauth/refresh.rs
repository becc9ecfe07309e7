//! Refresh tokens (RFC 6749 section 6).

use serde_json::json;

use super::*;

fn refresh(host: &Host, token: &str) -> Answer {
    ask(host, &format!("grant_type=refresh_token&refresh_token={token}"))
}

#[test]
fn rfc_6749_section_6_the_next_pair() {
    let host = host();
    let first = session(&host, policy(), CLIENT);
    let answer = refresh(&host, &first.refresh_token);
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let (access, next) = (answer.text("access_token"), answer.text("refresh_token"));
    let expected = json!({
        "access_token": access, "token_type": "Bearer", "expires_in": 900, "scope": "read write",
        "refresh_token": next, "refresh_expires_in": 30 * 24 * 3600,
    });
    assert_eq!(answer.body, expected);
    assert_ne!(next, first.refresh_token);
    let claims = claims(&access);
    assert_eq!((&claims["sub"], &claims["client_id"]), (&json!("user_1"), &json!(CLIENT)));
    assert_eq!(claims["sid"], first.session);
    assert_eq!(refresh(&host, &next).status, 200);
}

#[test]
fn a_lost_answer_is_given_again_within_the_grace() {
    let host = host();
    let first = session(&host, policy(), CLIENT);
    let next = refresh(&host, &first.refresh_token).text("refresh_token");
    for _ in 0..20 {
        assert_eq!(refresh(&host, &first.refresh_token).text("refresh_token"), next);
    }
    assert_eq!(refresh(&host, &next).status, 200);
}

#[test]
fn rfc_9700_section_4_14_2_an_old_token_ends_the_session() {
    let host = host();
    let first = session(&host, policy(), CLIENT);
    let next = refresh(&host, &first.refresh_token).text("refresh_token");
    host.wait(11);
    let reused = refresh(&host, &first.refresh_token);
    refused(&reused, 400, "invalid_grant");
    assert_eq!(reused.kinds(), [EventKind::RefreshReuseDetected]);
    refused(&refresh(&host, &next), 400, "invalid_grant");
}

#[test]
fn a_store_that_has_lost_a_write_is_an_invalid_grant_and_told() {
    // Two that were the same: one of them has not seen the refresh.
    let (ahead, behind) = (host(), host());
    let [pair, same] = [&ahead, &behind].map(|host| session(host, policy(), CLIENT));
    assert_eq!(pair.refresh_token, same.refresh_token);
    let next = refresh(&ahead, &pair.refresh_token).text("refresh_token");
    let lost = refresh(&behind, &next);
    refused(&lost, 400, "invalid_grant");
    assert_eq!(lost.kinds(), [EventKind::StoreRegressed]);
}

#[test]
fn rfc_6749_section_6_a_token_is_bound_to_its_client() {
    let host = host();
    let pair = session(&host, policy(), CLIENT);
    let form = format!("grant_type=refresh_token&refresh_token={}", pair.refresh_token);
    refused(&post_as(&host, TOKEN, &basic(OTHER, OTHER_SECRET), &form), 400, "invalid_grant");
    // Who does not prove itself learns nothing of the token.
    for (id, secret) in [(CLIENT, "wrong"), (OTHER, "wrong"), ("unknown", SECRET)] {
        refused(&post_as(&host, TOKEN, &basic(id, secret), &form), 401, "invalid_client");
    }
    refused(&post(&host, &format!("{form}&client_id={CLIENT}")), 401, "invalid_client");
    assert_eq!(ask(&host, &form).status, 200);
    // A session of nobody's client is refreshed by the host that opened it.
    let request = StartSession::new("user_1");
    let pair = host.run(issuer(policy()).start_session(request, &host.context()));
    refused(&refresh(&host, &pair.refresh_token), 400, "invalid_grant");
}

#[test]
fn rfc_6749_section_6_the_scope_is_the_same_or_less() {
    let host = host();
    let pair = session(&host, policy(), CLIENT);
    let scoped = |token: &str, scope: &str| {
        ask(&host, &format!("grant_type=refresh_token&refresh_token={token}&scope={scope}"))
    };
    refused_at(&scoped(&pair.refresh_token, "read+admin"), "invalid_scope", "scope");
    let less = scoped(&pair.refresh_token, "read");
    assert_eq!((less.status, &less.body["scope"]), (200, &json!("read")));
    // It was for that access token only.
    assert_eq!(refresh(&host, &less.text("refresh_token")).body["scope"], "read write");
}

#[test]
fn rfc_8707_section_2_2_resources_are_the_same_or_fewer() {
    let host = host();
    let (api, files) = (json!(API), json!("https://files.example.com"));
    let first = session(&host, policy(), CLIENT);
    assert_eq!(claims(&first.access_token)["aud"], json!([api, files]));
    let named = |token: &str, more: &str| {
        ask(&host, &format!("grant_type=refresh_token&refresh_token={token}{more}"))
    };
    for (target, parameter) in [
        ("&resource=https://other.example.com", "resource"),
        ("&resource=https://api.example.com&resource=https://other.example.com", "resource"),
        ("&audience=other", "audience"),
        ("&resource=api", "resource"),
    ] {
        refused_at(&named(&first.refresh_token, target), "invalid_target", parameter);
    }
    let less = named(&first.refresh_token, "&resource=https://files.example.com");
    assert_eq!(claims(&less.text("access_token"))["aud"], files);
    // It was for that access token only.
    let all = named(&less.text("refresh_token"), "");
    assert_eq!(claims(&all.text("access_token"))["aud"], json!([api, files]));
    // A session that was started for fewer stays so, whatever its client may have.
    let request = StartSession::new("user_1").client(CLIENT).audience(API);
    let pair = host.run(issuer(policy()).start_session(request, &host.context()));
    assert_eq!(claims(&named(&pair.refresh_token, "").text("access_token"))["aud"], api);
    let more = named(&pair.refresh_token, "&resource=https://files.example.com");
    refused_at(&more, "invalid_target", "resource");
}

#[test]
fn rfc_6749_section_5_2_whatever_is_wrong_with_the_token_is_invalid_grant() {
    let host = host();
    let pair = session(&host, policy(), CLIENT);
    for token in ["garbage", "a.b.c", &pair.access_token, &pair.refresh_token[..pair.refresh_token.len() - 1]]
    {
        refused(&refresh(&host, token), 400, "invalid_grant");
    }
    refused_at(&ask(&host, "grant_type=refresh_token"), "invalid_request", "refresh_token");
    host.run(issuer(policy()).revoke_session(&pair.session, &host.context()));
    refused(&refresh(&host, &pair.refresh_token), 400, "invalid_grant");
    let late = session(&host, policy(), CLIENT);
    host.wait(31 * 24 * 3600);
    refused(&refresh(&host, &late.refresh_token), 400, "invalid_grant");
}

#[test]
fn rfc_6749_section_2_1_a_public_client_says_who_it_is() {
    let host = host();
    let pair = session(&host, policy(), PUBLIC);
    let form = format!("grant_type=refresh_token&refresh_token={}", pair.refresh_token);
    assert_eq!(post(&host, &format!("{form}&client_id={PUBLIC}")).status, 200);
    refused(&post(&host, &format!("{form}&client_id={PUBLIC}&client_secret=any")), 401, "invalid_client");
    refused(&post(&host, &form), 401, "invalid_client");
    // RFC 6749 section 4.4: not for a public client.
    let own = post(&host, &format!("grant_type=client_credentials&client_id={PUBLIC}"));
    refused(&own, 400, "unauthorized_client");
}

#[test]
fn nobody_uses_up_the_limit_of_a_public_client_by_its_name() {
    let rate = Rate::new(1, Lifetime::MINUTE, 1).unwrap();
    let policy = policy().client_rate(rate);
    let host = host_with(policy.clone());
    let request = StartSession::new("user_1").client(PUBLIC);
    let pair = host.run(issuer(policy).start_session(request, &host.context()));
    host.wait(60);
    let send = |token: &str| {
        post(&host, &format!("grant_type=refresh_token&client_id={PUBLIC}&refresh_token={token}"))
    };
    for _ in 0..5 {
        refused(&send("garbage"), 400, "invalid_grant");
    }
    let answer = send(&pair.refresh_token);
    assert_eq!(answer.status, 200);
    refused(&send(&answer.text("refresh_token")), 429, "temporarily_unavailable");
}

#[test]
fn a_client_is_counted_once_for_each_request() {
    let rate = Rate::new(1, Lifetime::MINUTE, 2).unwrap();
    let policy = policy().client_rate(rate);
    let host = host_with(policy.clone());
    let pair = session(&host, policy, CLIENT);
    let answer = refresh(&host, &pair.refresh_token);
    assert_eq!(answer.status, 200);
    refused(&refresh(&host, &answer.text("refresh_token")), 429, "temporarily_unavailable");
}

#[test]
fn a_client_without_the_permission_is_told_so() {
    let host = host();
    let form = "grant_type=refresh_token&refresh_token=x";
    refused(&post_as(&host, TOKEN, &basic(IDLE, IDLE_SECRET), form), 400, "unauthorized_client");
    let pair = session(&host, policy(), IDLE);
    let form = format!("grant_type=refresh_token&refresh_token={}", pair.refresh_token);
    refused(&post_as(&host, TOKEN, &basic(IDLE, IDLE_SECRET), &form), 400, "unauthorized_client");
}

#[test]
fn without_a_session_secret_there_is_no_such_grant() {
    let host = host_with(oauth_policy(Policy::new(ISSUER).audience(API)));
    refused_at(&refresh(&host, "x"), "unsupported_grant_type", "grant_type");
}

#[test]
fn opaque_access_tokens_of_a_session() {
    let policy = policy().access_format(AccessFormat::Opaque);
    let host = host_with(policy.clone());
    let pair = session(&host, policy.clone(), CLIENT);
    let answer = refresh(&host, &pair.refresh_token);
    let token = answer.text("access_token");
    assert!(!token.contains('.') && stands(&host, policy, &token));
}
