//! The poll endpoint for security events (RFC 8936).

use serde_json::json;

use super::*;

const EVENTS: &str = "/oauth/events";
const JSON: (&str, &str) = ("content-type", "application/json");
const RECEIVER: &str = "https://rp.example.com";

fn receiving() -> Policy {
    policy().event_receiver(EventReceiver::new(RECEIVER).client(CLIENT))
}

fn poll_as(host: &Host, authorization: &str, body: Value) -> Answer {
    host.send(request("POST", EVENTS, &[JSON, ("authorization", authorization)], body.to_string()))
}

fn poll(host: &Host, body: Value) -> Answer {
    poll_as(host, &basic(CLIENT, SECRET), body)
}

/// A host on which so many subjects were revoked.
fn host_with_events(count: usize) -> Host {
    let host = host_with(receiving());
    for at in 0..count {
        host.run(issuer(receiving()).revoke_subject(&format!("u{at}"), &host.context()));
    }
    host
}

fn ids(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let sets = answer.body["sets"].as_object().unwrap();
    for (id, set) in sets {
        let set = set.as_str().unwrap();
        assert_eq!((&claims(set)["jti"], &claims(set)["aud"]), (&json!(id), &json!(RECEIVER)));
        assert_eq!(unverified::decode_header(set).unwrap().token_type().as_deref(), Some("secevent+jwt"));
    }
    sets.keys().cloned().collect()
}

#[test]
fn rfc_8936_section_2_4_sets_are_given_out_until_they_are_acknowledged() {
    let host = host_with_events(3);
    let all = ids(&poll(&host, json!({ "returnImmediately": true })));
    assert_eq!(all.len(), 3);
    assert_eq!(ids(&poll(&host, json!({}))), all, "poll only");
    assert_eq!(ids(&poll(&host, json!({ "ack": [all[0]], "maxEvents": 0 }))).len(), 0, "acknowledge only");
    let rest = poll(&host, json!({ "ack": [all[1]] }));
    assert_eq!(
        (ids(&rest), &rest.body["moreAvailable"]),
        (vec![all[2].clone()], &json!(false)),
        "both at once"
    );
    let none = poll(&host, json!({ "ack": [all[2], all[0], "unknown"] }));
    assert_eq!(none.body, json!({ "sets": {}, "moreAvailable": false }));
}

#[test]
fn rfc_8936_section_2_2_at_most_max_events() {
    let host = host_with_events(5);
    let answer = poll(&host, json!({ "maxEvents": 2 }));
    assert_eq!((ids(&answer).len(), &answer.body["moreAvailable"]), (2, &json!(true)));
    let more_than_any = poll(&host, json!({ "maxEvents": 99_999_999_999_u64 }));
    assert_eq!((ids(&more_than_any).len(), &more_than_any.body["moreAvailable"]), (5, &json!(false)));
}

#[test]
fn rfc_8936_section_2_6_errors_are_told_to_the_host_and_end_the_set() {
    let host = host_with_events(2);
    let all = ids(&poll(&host, json!({})));
    let errors = json!({ all[0].as_str(): { "err": "invalid_key", "description": "who are you?" }, "unknown": { "err": "x" } });
    let answer = poll(&host, json!({ "setErrs": errors }));
    assert_eq!(ids(&answer), [all[1].clone()]);
    assert_eq!(answer.kinds(), [EventKind::SecurityEventRefused]);
    assert_eq!(
        (answer.events[0].id.as_ref(), answer.events[0].err.as_deref()),
        (Some(&all[0]), Some("invalid_key"))
    );
}

#[test]
fn rfc_8936_section_3_the_receiver_proves_itself() {
    let host = host_with_events(1);
    let nobody = host.send(request("POST", EVENTS, &[JSON], "{}"));
    refused(&nobody, 401, "invalid_token");
    refused(&poll_as(&host, &basic(CLIENT, "wrong"), json!({})), 401, "invalid_client");
    refused(&poll_as(&host, "Bearer nothing", json!({})), 401, "invalid_token");
    // Another client receives nothing, and does not learn who does.
    refused(&poll_as(&host, &basic(OTHER, OTHER_SECRET), json!({})), 403, "access_denied");
}

#[test]
fn rfc_8936_section_3_by_a_token_of_its_own_that_is_for_this_server() {
    let host = host_with_events(1);
    let ours = directory::ChangeClient::new().audience([API.to_owned(), ISSUER.to_owned()]);
    host.run(directory::change_client(CLIENT, ours, &host.context()));
    let bearer = |token: &str| poll_as(&host, &format!("Bearer {token}"), json!({}));
    let token = ask(&host, &format!("grant_type=client_credentials&resource={ISSUER}")).text("access_token");
    assert_eq!(ids(&bearer(&token)).len(), 1);
    // A resource server has seen this one, and that one is a user's.
    let elsewhere = ask(&host, &format!("grant_type=client_credentials&resource={API}")).text("access_token");
    refused(&bearer(&elsewhere), 401, "invalid_token");
    let start = StartSession::new("u9").client(CLIENT).audience(ISSUER);
    let users = host.run(issuer(receiving()).start_session(start, &host.context())).access_token;
    refused(&bearer(&users), 401, "invalid_token");
    // And this one is no bearer's.
    let ask = ClientCredentials::new(ClientProof::new(CLIENT, SECRET)).audience(ISSUER).certificate([7; 32]);
    let bound = host.run(issuer(receiving()).client_credentials(ask, &host.context())).access_token;
    refused(&bearer(&bound), 401, "invalid_token");
    host.run(issuer(receiving()).revoke_token(&token, CLIENT, &host.context()));
    refused(&bearer(&token), 401, "invalid_token");
}

#[test]
fn what_is_no_poll_is_told_by_its_field() {
    let host = host_with_events(1);
    for (body, field) in [
        (json!({ "maxEvents": -1 }), "maxEvents"),
        (json!({ "maxEvents": "1" }), "maxEvents"),
        (json!({ "returnImmediately": 1 }), "returnImmediately"),
        (json!({ "ack": "one" }), "ack"),
        (json!({ "ack": [1] }), "ack"),
        (json!({ "setErrs": ["one"] }), "setErrs"),
        (json!({ "setErrs": { "one": "two" } }), "setErrs"),
        (json!({ "setErrs": { "one": { "err": 1 } } }), "setErrs"),
    ] {
        refused_at(&poll(&host, body.clone()), "invalid_request", field);
        assert_eq!(ids(&poll(&host, json!({}))).len(), 1, "nothing is lost by {body}");
    }
    let form =
        host.send(request("POST", EVENTS, &[FORM, ("authorization", &basic(CLIENT, SECRET))], "maxEvents=1"));
    refused(&form, 400, "invalid_request");
    let get = host.send(request("GET", EVENTS, &[], ""));
    refused(&get, 405, "invalid_request");
}

#[test]
fn there_is_no_such_endpoint_without_a_receiver_that_asks() {
    for policy in [policy(), policy().event_receiver(EventReceiver::new(RECEIVER))] {
        let answer = poll(&host_with(policy), json!({}));
        assert_eq!(answer.status, 404);
    }
}
