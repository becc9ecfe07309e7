//! Refusals at the token endpoint (RFC 6749 section 5.2).

use super::*;

const GRANT: &str = "grant_type=client_credentials";

#[test]
fn rfc_6749_section_5_2_invalid_request_names_the_parameter() {
    let host = host();
    let credentials = format!("client_id={CLIENT}&client_secret={SECRET}");
    for (form, parameter) in [
        // One that is missing, or without a value (section 3.2).
        (credentials.clone(), "grant_type"),
        (format!("grant_type=&{credentials}"), "grant_type"),
        (format!("{GRANT}&client_secret={SECRET}"), "client_id"),
        // One that is there twice (section 3.2).
        (format!("{GRANT}&{GRANT}&{credentials}"), "grant_type"),
        (format!("{GRANT}&{credentials}&client_id={CLIENT}"), "client_id"),
        (format!("{GRANT}&{credentials}&client_secret={SECRET}"), "client_secret"),
        (format!("{GRANT}&{credentials}&scope=read&scope=read"), "scope"),
    ] {
        refused_at(&post(&host, &form), "invalid_request", parameter);
    }
    // Section 3.2: what is not known is ignored.
    assert_eq!(post(&host, &format!("{GRANT}&{credentials}&unknown=1&unknown=2")).status, 200);
}

#[test]
fn rfc_6749_section_5_2_a_body_that_is_no_form_is_a_400() {
    let host = host();
    let authorization = basic(CLIENT, SECRET);
    for media in ["application/json", "text/plain", "multipart/form-data; boundary=x", "", "form"] {
        let headers = [("content-type", media), ("authorization", &*authorization)];
        refused(&host.send(request("POST", TOKEN, &headers, GRANT)), 400, "invalid_request");
    }
    let none = request("POST", TOKEN, &[("authorization", &*authorization)], GRANT);
    refused(&host.send(none), 400, "invalid_request");
    for body in [&b"grant_type=\xff"[..], b"grant_type=%zz", b"scope=%ff&grant_type=client_credentials"] {
        let headers = [FORM, ("authorization", &*authorization)];
        refused(&host.send(request("POST", TOKEN, &headers, body)), 400, "invalid_request");
    }
    for media in ["application/x-www-form-urlencoded;charset=UTF-8", "APPLICATION/X-WWW-FORM-URLENCODED"] {
        let headers = [("content-type", media), ("authorization", &*authorization)];
        assert_eq!(host.send(request("POST", TOKEN, &headers, GRANT)).status, 200, "{media}");
    }
}

#[test]
fn rfc_6749_section_3_2_only_post() {
    let host = host();
    for method in ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"] {
        let path = format!("{TOKEN}?{GRANT}&client_id={CLIENT}&client_secret={SECRET}");
        let answer = host.send(request(method, &path, &[], ""));
        refused(&answer, 405, "invalid_request");
        assert_eq!(answer.header("allow"), Some("POST"), "{method}");
    }
}

#[test]
fn rfc_6749_section_5_2_invalid_client_is_a_401() {
    let host = host();
    // With a challenge of the scheme that was tried, and none for credentials in the body: the host looks at that.
    for authorization in [
        basic(CLIENT, "wrong"),
        basic("unknown", SECRET),
        basic(CLIENT, ""),
        basic("", ""),
        "Basic".to_owned(),
        "Basic !".to_owned(),
        format!("Bearer {SECRET}"),
    ] {
        let answer = post_as(&host, TOKEN, &authorization, GRANT);
        refused(&answer, 401, "invalid_client");
        assert!(answer.header("www-authenticate").unwrap().starts_with("Basic realm="));
    }
    for form in [
        format!("{GRANT}&client_id={CLIENT}&client_secret=wrong"),
        format!("{GRANT}&client_id=unknown&client_secret={SECRET}"),
        // No way to prove itself at all, and one that is none for this client.
        GRANT.to_owned(),
        format!("{GRANT}&client_id={CLIENT}"),
        format!("{GRANT}&client_id={CLIENT}&client_secret="),
    ] {
        refused(&post(&host, &form), 401, "invalid_client");
    }
    host.run(directory::disable_client(CLIENT, &host.context()));
    refused(&ask(&host, GRANT), 401, "invalid_client");
}

#[test]
fn rfc_6749_section_2_3_one_way_to_prove_itself() {
    let host = host();
    let both = ask(&host, &format!("{GRANT}&client_id={CLIENT}&client_secret={SECRET}"));
    refused(&both, 400, "invalid_request");
    let authorization = basic(CLIENT, SECRET);
    let twice = [FORM, ("authorization", &*authorization), ("authorization", &*authorization)];
    refused(&host.send(request("POST", TOKEN, &twice, GRANT)), 401, "invalid_client");
}

#[test]
fn rfc_6749_section_5_2_unauthorized_client_is_told_to_whom_it_is() {
    let host = host();
    refused(&post_as(&host, TOKEN, &basic(IDLE, IDLE_SECRET), GRANT), 400, "unauthorized_client");
    refused(&post_as(&host, TOKEN, &basic(IDLE, "wrong"), GRANT), 401, "invalid_client");
}

#[test]
fn rfc_6749_section_5_2_unsupported_grant_type() {
    let host = host();
    for grant in ["password", "authorization_code", "CLIENT_CREDENTIALS", "urn:example:unknown", "%22"] {
        refused_at(&ask(&host, &format!("grant_type={grant}")), "unsupported_grant_type", "grant_type");
    }
}

#[test]
fn temporarily_unavailable_says_when_to_come_back() {
    let rate = Rate::new(1, Lifetime::MINUTE, 1).unwrap();
    let host = host_with(policy().client_rate(rate).failure_rate(rate));
    assert_eq!(ask(&host, GRANT).status, 200);
    let limited = ask(&host, GRANT);
    refused(&limited, 429, "temporarily_unavailable");
    assert_eq!(limited.header("retry-after"), Some("60"));
    refused(&post_as(&host, TOKEN, &basic(CLIENT, "wrong"), GRANT), 401, "invalid_client");
    refused(&post_as(&host, TOKEN, &basic(CLIENT, "wrong"), GRANT), 429, "temporarily_unavailable");
}

#[test]
fn rfc_7009_section_2_2_1_a_store_that_is_away_is_a_503() {
    struct Away;
    impl Store for Away {
        fn execute(&self, _: Command) -> std::result::Result<Reply, StoreError> {
            Err(StoreError::Unavailable)
        }
    }
    let oauth = OAuth::new(issuer(policy()));
    let endpoint = Endpoint::builder().dialect(oauth).build().unwrap();
    let context = Context::new(UnixTime::from_seconds(1_700_000_000), [1; 32]);
    // Nobody takes a token for ended, or for unknown, that may be neither.
    for path in [TOKEN, "/oauth/revoke", "/oauth/introspect"] {
        let form = format!("{GRANT}&token=x&client_id={CLIENT}&client_secret={SECRET}");
        let request = request("POST", path, &[FORM], form);
        let response = endpoint.handle(request, &context).run(&Away).result.unwrap();
        let retry = &response.headers()["retry-after"];
        assert_eq!((response.status().as_u16(), retry.to_str().unwrap()), (503, "1"), "{path}");
        let body: Value = serde_json::from_slice(response.body()).unwrap();
        assert_eq!(body["error"], "temporarily_unavailable");
    }
}

#[test]
fn what_did_not_arrive_whole_is_refused_in_the_same_words() {
    let host = host();
    let headers = [FORM, ("content-length", "1000")];
    refused(&host.send(request("POST", TOKEN, &headers, GRANT)), 400, "invalid_request");
    refused(&host.send(request("POST", TOKEN, &[FORM], vec![b'a'; 65537])), 413, "invalid_request");
    refused(&host.send(request("POST", "/oauth/unknown", &[FORM], "")), 404, "invalid_request");
    refused(&host.send(request("POST", "/oauth", &[FORM], "")), 404, "invalid_request");
}
