//! The revocation.

use super::*;

#[test]
fn row_0_01_to_0_04_bearers_of_the_revocation() {
    let host = host();
    let bearer = issue(&host);
    let send = |value: Option<&str>| {
        let mut headers = vec![VERSION, JSON];
        headers.extend(value.map(|value| ("authorization", value)));
        host.send(request("POST", REVOKE, &headers, revocation("unknown").to_string()))
    };
    refused(&send(None), 401); // 0.1
    for value in ["Basic YTpi", "Bearer", "Bearer ", "Bearer  ", &bearer] {
        refused(&send(Some(value)), 401); // 0.2
    }
    for value in [format!("Bearer {bearer}"), format!("bearer {bearer}"), format!("BEARER {bearer}")] {
        assert_eq!(send(Some(&value)).status, 200); // 0.3
    }
    let upper = request(
        "POST",
        REVOKE,
        &[("AUTHORIZATION", &format!("Bearer {bearer}")), VERSION],
        revocation("x").to_string(),
    );
    assert_eq!(host.send(upper).status, 200); // 0.3
    let cut = &bearer[..bearer.len() - 1];
    let last = if bearer.ends_with('A') { "B" } else { "A" };
    for wrong in [format!("{cut}{last}"), cut.to_owned(), format!("{bearer} "), format!("{bearer}A")] {
        refused(&send(Some(&format!("Bearer {wrong}"))), 401); // 0.4
    }
}

#[test]
fn row_2_30_and_2_33_and_2_36_a_revoked_token_is_dead_at_once() {
    for format in [AccessFormat::Opaque, AccessFormat::Jwt] {
        let host = host_with(policy().access_format(format), MoniteOptions::default());
        let (bearer, victim) = (issue(&host), issue(&host));
        let answer = revoke(&host, &bearer, &revocation(&victim)); // 2.30
        assert_eq!(answer.status, 200);
        assert_eq!(answer.kinds(), [EventKind::TokenRevoked]);
        assert_eq!(answer.body.as_object().unwrap().len(), 1);
        assert!(!answer.text("message").is_empty());
        refused(&revoke(&host, &victim, &revocation(&bearer)), 401); // 2.36: refused() looks for the word
        assert_eq!(revoke(&host, &bearer, &revocation(&bearer)).status, 200); // 2.33
        refused(&revoke(&host, &bearer, &revocation(&bearer)), 401); // 2.36
    }
}

#[test]
fn row_2_31_bearers_that_do_not_stand() {
    let host = host();
    refused(&revoke(&host, "garbage", &revocation("x")), 401);
    // The bearer of another client does not help, whatever the body proves.
    let theirs = token(&host, &with(json!({ "client_id": OTHER, "client_secret": OTHER_SECRET })))
        .text("access_token");
    refused(&revoke(&host, &theirs, &revocation("x")), 401);
    // The bearer is judged before version and fields.
    let headers = [("authorization", "Bearer garbage"), JSON];
    refused(&host.send(request("POST", REVOKE, &headers, "{")), 401);
    // Expiry is the one cause that is named, so that the official kit fetches a new token.
    let bearer = issue(&host);
    host.wait(86_399);
    assert_eq!(revoke(&host, &bearer, &revocation("x")).status, 200);
    host.wait(1);
    let answer = revoke(&host, &bearer, &revocation("x"));
    assert_eq!(answer.status, 401);
    assert!(answer.body["error"]["message"].as_str().unwrap().contains("expired"));
}

#[test]
fn row_2_32_fields_of_the_revocation() {
    let host = host();
    let bearer = issue(&host);
    let ask = |value: Value| {
        let mut body = revocation("x");
        body["token"] = value;
        revoke(&host, &bearer, &body)
    };
    one_problem(&ask(Value::Null), json!(["body", "token"]), "string_type");
    one_problem(&ask(json!(1)), json!(["body", "token"]), "string_type");
    let none = revoke(&host, &bearer, &json!({ "client_id": "z", "client_secret": null }));
    let expected = [
        (json!(["body", "client_id"]), "uuid_parsing".to_owned()),
        (json!(["body", "client_secret"]), "string_type".to_owned()),
        (json!(["body", "token"]), "missing".to_owned()),
    ];
    assert_eq!(problems(&none), expected);
    let authorization = format!("Bearer {bearer}");
    let answer = host.send(request(
        "POST",
        REVOKE,
        &[("authorization", &authorization), JSON],
        revocation("x").to_string(),
    ));
    one_problem(&answer, json!(["header", "x-monite-version"]), "missing");
}

#[test]
fn row_2_34_what_cannot_be_revoked_is_not_told_apart() {
    for format in [AccessFormat::Opaque, AccessFormat::Jwt] {
        let host = host_with(policy().access_format(format), MoniteOptions::default());
        let bearer = issue(&host);
        let twice = issue(&host);
        let others = with(json!({ "client_id": OTHER, "client_secret": OTHER_SECRET }));
        let theirs = token(&host, &others).text("access_token");
        let good = revoke(&host, &bearer, &revocation(&twice)).body;
        for token in ["", "garbage", &"a".repeat(41), "a.b.c", &twice, &theirs] {
            let answer = revoke(&host, &bearer, &revocation(token));
            assert_eq!((answer.status, &answer.body), (200, &good), "{token}");
            assert_eq!(answer.kinds(), [], "nothing happened: {token}");
        }
        let body = json!({ "client_id": OTHER, "client_secret": OTHER_SECRET, "token": "x" });
        assert_eq!(revoke(&host, &theirs, &body).status, 200, "another client's token lives on");
    }
}

#[test]
fn row_2_35_wrong_credentials_of_the_revocation() {
    let host = host();
    let (bearer, victim) = (issue(&host), issue(&host));
    let mut texts = Vec::new();
    for (id, secret) in [(CLIENT, "wrong"), (CLIENT, ""), ("00000000-0000-4000-8000-000000000000", SECRET)] {
        let body = json!({ "client_id": id, "client_secret": secret, "token": victim });
        texts.push(refused(&revoke(&host, &bearer, &body), 401));
    }
    assert!(texts.iter().all(|text| *text == texts[0]));
    assert_eq!(revoke(&host, &victim, &revocation("x")).status, 200, "the token was not revoked");
}
