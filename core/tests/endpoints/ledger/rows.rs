//! Ledger's dialect, row by row: the numbers are those of the list of edge cases (sections 0 and 3).

use serde_json::{Value, json};
use tokenmint::dialect::ledger::{Ledger, LedgerOptions, ledger_policy};
use tokenmint::directory::{self, Client};
use tokenmint::endpoint::Endpoint;
use tokenmint::*;

use super::keys;
use crate::host::{Answer, Host, request};

// The pair of the published example.
const ID: &str = "2khK02ZRc_TE9nYJyGIfIQ";
const SECRET: &str = "jI0X2n55EHnNaZasmzfOL36wXx6b4D7Wmw-riZCeGWE";
const NAMED: &str = "c2Vjb25kIGFwaSBrZXkgaQ";
const NAMED_SECRET: &str = "c2Vjb25kIGFwaSBrZXkgc2VjcmV0IHdpdGggMzIgYnl0ZXM";
const TOKEN: &str = "/auth/token";
const REFRESH: &str = "/auth/token/refresh";
const JSON: (&str, &str) = ("content-type", "application/json");
const LAM_KEY: &str = "the key that was set up for the LAM";

fn policy() -> Policy {
    ledger_policy(
        Policy::new("https://vault.example.com")
            .audience("vault")
            .lifetime(Lifetime::from_seconds(300).unwrap())
            .session_secret([9; 32].as_slice()),
    )
}

fn issuer(policy: Policy) -> Issuer {
    Issuer::new(keys(), policy).unwrap()
}

fn host_with(policy: Policy, options: LedgerOptions) -> Host {
    let host = Host::new(Endpoint::builder().dialect(Ledger::new(issuer(policy), options)).build().unwrap());
    for (id, secret, name) in [(ID, SECRET, None), (NAMED, NAMED_SECRET, Some("payments-bot"))] {
        host.keep_secret(secret);
        let mut client =
            Client::new(id, "acme", SecretHash::of(secret.as_bytes())).permission(Permission::Sessions);
        client.subject = Some(format!("user of {id}"));
        client.name = name.map(str::to_owned);
        client.claims.insert("workspace".into(), JsonText::of("acme").unwrap());
        host.run(directory::create_client(client, &host.context()));
    }
    host.keep_secret(LAM_KEY);
    host
}

fn host() -> Host {
    host_with(policy(), LedgerOptions::default())
}

fn strict() -> Host {
    let api_key = Some(SecretHash::of(LAM_KEY.as_bytes()));
    host_with(policy(), LedgerOptions { api_key, workspace: Some("acme".into()) })
}

fn good() -> Value {
    json!({ "api_key_id": ID, "api_key_secret": SECRET })
}

fn token(host: &Host, body: &Value) -> Answer {
    host.send(request("POST", TOKEN, &[JSON], body.to_string()))
}

fn token_with(host: &Host, headers: &[(&str, &str)], body: &Value) -> Answer {
    host.send(request("POST", TOKEN, headers, body.to_string()))
}

fn refresh(host: &Host, token: &str) -> Answer {
    host.send(request("POST", REFRESH, &[JSON], json!({ "refresh_token": token }).to_string()))
}

fn issue(host: &Host) -> Answer {
    let answer = token(host, &good());
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    answer
}

/// `{"name", "message", "status_code"}`, all three and nothing else.
fn refused(answer: &Answer, status: u16) -> String {
    assert_eq!(answer.status, status, "{:?}", answer.body);
    let (name, message) = (answer.text("name"), answer.text("message"));
    assert_eq!(answer.body, json!({ "name": name, "message": message, "status_code": status }));
    assert!(!name.is_empty() && !message.is_empty() && !message.contains("expired"), "{message}");
    message
}

/// Every 401 is the same 401.
fn unauthorized(answer: &Answer) {
    refused(answer, 401);
    let expected = json!({
        "name": "Unauthorized", "message": "the credentials are not valid", "status_code": 401
    });
    assert_eq!(answer.body, expected);
}

/// The claims of an access token of `host`, verified.
fn claims(host: &Host, answer: &Answer) -> Verified {
    issuer(policy()).verifier().verify(&answer.text("access_token"), host.now()).unwrap()
}

#[test]
fn row_0_01_to_0_04_the_body_alone_proves_the_caller() {
    let host = host();
    // 0.1 to 0.3: this system reads no Authorization header.
    for value in ["Basic YTpi", "Bearer", "Bearer  ", "bearer k"] {
        assert_eq!(token_with(&host, &[JSON, ("authorization", value)], &good()).status, 200);
    }
    // 0.4
    let cut = &SECRET[..42];
    for wrong in
        [format!("{cut}F"), cut.to_owned(), format!("{SECRET} "), format!(" {SECRET}"), format!("{SECRET}=")]
    {
        unauthorized(&token(&host, &json!({ "api_key_id": ID, "api_key_secret": wrong })));
    }
    for wrong in [&ID[..21], "2khK02ZRc_TE9nYJyGIfIR", "2khK02ZRc_TE9nYJyGIfIQ ", "2KHK02ZRC_TE9NYJYGIFIQ"] {
        unauthorized(&token(&host, &json!({ "api_key_id": wrong, "api_key_secret": SECRET })));
    }
}

#[test]
fn row_0_05_and_0_06_bodies_that_are_no_json_object() {
    let host = host();
    for path in [TOKEN, REFRESH] {
        for body in ["{", "no", r#"{"api_key_id""#, "[]", "\"x\"", "null", "7", "{}{}", "", " \n"] {
            refused(&host.send(request("POST", path, &[JSON], body)), 400);
        }
        refused(&host.send(request("POST", path, &[], "")), 400); // 0.7
    }
}

#[test]
fn row_0_08_to_0_10_media_types_and_extra_fields() {
    let host = host();
    for value in ["application/json; charset=utf-8", "APPLICATION/JSON"] {
        assert_eq!(token_with(&host, &[("content-type", value)], &good()).status, 200); // 0.8
    }
    assert_eq!(token_with(&host, &[], &good()).status, 200, "a body without a type is taken for JSON");
    for value in ["text/plain", "application/x-www-form-urlencoded"] {
        refused(&token_with(&host, &[("content-type", value)], &good()), 415); // 0.9
    }
    let extra = json!({ "zzz": [{}], "api_key_secret": SECRET, "workspace": "acme", "api_key_id": ID });
    assert_eq!(token(&host, &extra).status, 200); // 0.10
}

#[test]
fn row_0_11_a_field_that_is_there_twice() {
    let body = format!(r#"{{"api_key_id":"{ID}","api_key_secret":"x","api_key_secret":"{SECRET}"}}"#);
    refused(&host().send(request("POST", TOKEN, &[JSON], body)), 400);
}

#[test]
fn row_0_12_and_0_13_methods_and_paths() {
    let host = host();
    for path in [TOKEN, REFRESH] {
        for method in ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"] {
            let answer = host.send(request(method, path, &[], ""));
            refused(&answer, 405);
            assert_eq!(answer.header("allow"), Some("POST")); // 0.12
        }
    }
    for path in
        ["/auth/token/", "/auth/token/refresh/", "/auth", "/auth//token", "/auth/tokens", "/auth/token/x"]
    {
        refused(&host.send(request("POST", path, &[JSON], good().to_string())), 404); // 0.13
    }
}

#[test]
fn row_0_14_and_0_15_large_deep_and_broken_bodies() {
    let host = host();
    let large = json!({ "api_key_id": ID, "api_key_secret": "a".repeat(endpoint::MAX_BODY) });
    refused(&token(&host, &large), 413);
    let deep =
        good().to_string().replacen('{', &format!(r#"{{"x":{}{},"#, "[".repeat(9999), "]".repeat(9999)), 1);
    refused(&host.send(request("POST", TOKEN, &[JSON], deep)), 400);
    refused(&host.send(request("POST", TOKEN, &[JSON], b"{\"api_key_id\":\"\xff\"}".as_slice())), 400); // 0.15
}

#[test]
fn row_0_16_and_3_01_a_good_pair() {
    let host = host();
    let answer = issue(&host);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let mut names: Vec<&String> = answer.body.as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(names, ["access_token", "expires_in", "refresh_token", "session_state", "token_type"]);
    assert_eq!((&answer.body["expires_in"], &answer.body["token_type"]), (&json!(300), &json!("Bearer")));
    for name in ["access_token", "refresh_token"] {
        assert_eq!(answer.text(name).split('.').count(), 3, "{name} is a JWT");
    }
    assert_eq!(answer.kinds(), [EventKind::SessionOpened, EventKind::TokenIssued]);
    let second = issue(&host);
    assert_ne!(second.text("session_state"), answer.text("session_state"), "each exchange opens a session");
}

#[test]
fn row_3_02_fields() {
    let host = host();
    for name in ["api_key_id", "api_key_secret"] {
        let mut body = good();
        for value in [Value::Null, json!(5), json!(true), json!([ID]), json!({})] {
            body[name] = value;
            assert!(refused(&token(&host, &body), 400).contains(name));
        }
        body.as_object_mut().unwrap().remove(name);
        assert!(refused(&token(&host, &body), 400).contains(name));
    }
    refused(&token(&host, &json!({})), 400);
}

#[test]
fn row_3_03_empty_texts() {
    let host = host();
    for (id, secret) in [("", SECRET), (ID, ""), ("", "")] {
        unauthorized(&token(&host, &json!({ "api_key_id": id, "api_key_secret": secret })));
    }
}

#[test]
fn row_3_04_unknown_wrong_and_revoked_are_one_answer() {
    let host = host();
    unauthorized(&token(&host, &json!({ "api_key_id": "AAAAAAAAAAAAAAAAAAAAAA", "api_key_secret": SECRET })));
    unauthorized(&token(&host, &json!({ "api_key_id": ID, "api_key_secret": NAMED_SECRET })));
    host.run(directory::disable_client(ID, &host.context()));
    let answer = token(&host, &good());
    unauthorized(&answer);
    assert_eq!(answer.kinds(), [EventKind::TokenRefused]);
}

#[test]
fn row_3_05_no_ledger_headers() {
    assert_eq!(token(&host(), &good()).status, 200);
    // Where no key is configured, a header for it is not looked at, whatever it holds.
    for name in ["x-ledger-api-key", "X-Ledger-Workspace", "X-Ledger-Store-Auth-Token", "X-Ledger-API-User"] {
        assert_eq!(token_with(&host(), &[JSON, (name, "whatever")], &good()).status, 200, "{name}");
    }
}

#[test]
fn row_3_06_the_api_key_header() {
    let host = strict();
    let ok = token_with(&host, &[JSON, ("X-Ledger-API-Key", LAM_KEY)], &good());
    assert_eq!(ok.status, 200);
    let refresh_with = |headers: &[(&str, &str)]| {
        let body = json!({ "refresh_token": ok.text("refresh_token") }).to_string();
        host.send(request("POST", REFRESH, headers, body))
    };
    let wrong: [&[(&str, &str)]; 4] = [
        &[JSON],
        &[JSON, ("X-Ledger-API-Key", "wrong")],
        &[JSON, ("X-Ledger-API-Key", "")],
        &[JSON, ("X-Ledger-API-Key", LAM_KEY), ("X-Ledger-API-Key", LAM_KEY)],
    ];
    for headers in wrong {
        unauthorized(&token_with(&host, headers, &good()));
        unauthorized(&refresh_with(headers));
    }
    assert_eq!(refresh_with(&[("x-ledger-api-key", LAM_KEY)]).status, 200);
}

#[test]
fn row_3_07_the_workspace_header() {
    let host = strict();
    let ask = |workspace: &str| {
        token_with(&host, &[JSON, ("X-Ledger-API-Key", LAM_KEY), ("X-Ledger-Workspace", workspace)], &good())
    };
    let ok = ask("acme");
    assert_eq!(ok.status, 200);
    for wrong in ["minivault", "ACME", "acme2", ""] {
        unauthorized(&ask(wrong));
        let headers = [JSON, ("X-Ledger-API-Key", LAM_KEY), ("X-Ledger-Workspace", wrong)];
        let body = json!({ "refresh_token": ok.text("refresh_token") }).to_string();
        unauthorized(&host.send(request("POST", REFRESH, &headers, body)));
    }
}

#[test]
fn the_api_user_header_must_be_the_keys_own_name() {
    let host = host();
    let named = json!({ "api_key_id": NAMED, "api_key_secret": NAMED_SECRET });
    let ask = |user: &str| token_with(&host, &[JSON, ("X-Ledger-API-User", user)], &named);
    let ok = ask("payments-bot");
    assert_eq!((ok.status, token(&host, &named).status), (200, 200));
    let refresh_as = |user: &str| {
        let body = json!({ "refresh_token": ok.text("refresh_token") }).to_string();
        host.send(request("POST", REFRESH, &[JSON, ("X-Ledger-API-User", user)], body))
    };
    for wrong in ["Payments-Bot", "", "somebody"] {
        unauthorized(&ask(wrong));
        unauthorized(&refresh_as(wrong));
    }
    let twice = [("X-Ledger-API-User", "payments-bot"), ("X-Ledger-API-User", "payments-bot")];
    unauthorized(&token_with(&host, &twice, &named));
    assert_eq!(refresh_as("payments-bot").status, 200);
}

#[test]
fn headers_are_refused_at_the_cost_of_a_wrong_secret() {
    let rate = Rate::new(1, Lifetime::HOUR, 5).unwrap();
    let api_key = Some(SecretHash::of(LAM_KEY.as_bytes()));
    let options = LedgerOptions { api_key, workspace: None };
    let commands = |headers: &[(&str, &str)], secret: &str| {
        let host = host_with(policy().client_rate(rate).failure_rate(rate), options.clone());
        let endpoint = Endpoint::builder()
            .dialect(Ledger::new(issuer(policy().client_rate(rate).failure_rate(rate)), options.clone()))
            .build()
            .unwrap();
        let body = json!({ "api_key_id": NAMED, "api_key_secret": secret }).to_string();
        let mut task = endpoint.handle(request("POST", TOKEN, headers, body), &host.context());
        let (mut reply, mut found) = (None, Vec::new());
        loop {
            match task.step(reply.take()) {
                Step::Need(command) => {
                    found.push(format!("{command:?}"));
                    reply = Some(host.execute(command));
                }
                Step::Done(outcome) => {
                    let response = outcome.result.unwrap();
                    return (found, response.status().as_u16(), response.into_body());
                }
                Step::Spent => panic!("stepped beyond the end"),
            }
        }
    };
    let key = ("x-ledger-api-key", LAM_KEY);
    let wrong_secret = commands(&[key], "wrong");
    assert_eq!(wrong_secret.1, 401);
    assert_eq!(commands(&[], NAMED_SECRET), wrong_secret);
    assert_eq!(commands(&[("x-ledger-api-key", "wrong")], NAMED_SECRET), wrong_secret);
    assert_eq!(commands(&[key, ("x-ledger-api-user", "somebody")], NAMED_SECRET), wrong_secret);
    assert_eq!(commands(&[key], NAMED_SECRET).1, 200);
}

#[test]
fn row_3_08_camel_case_is_another_version() {
    let answer = token(&host(), &json!({ "workspace": "acme", "apiKeyId": ID, "apiKeySecret": SECRET }));
    assert!(refused(&answer, 400).contains("api_key_id"));
}

#[test]
fn row_3_09_a_refresh() {
    let host = host();
    let first = issue(&host);
    host.wait(60);
    let second = refresh(&host, &first.text("refresh_token"));
    assert_eq!(second.status, 200);
    assert_eq!(second.body.as_object().unwrap().len(), 5);
    assert_eq!(second.text("session_state"), first.text("session_state"));
    assert_ne!(second.text("access_token"), first.text("access_token"));
    assert_ne!(second.text("refresh_token"), first.text("refresh_token"));
    assert_eq!(second.body["expires_in"], 300);
    assert_eq!(second.kinds(), [EventKind::RefreshRotated, EventKind::TokenIssued]);
    host.wait(1790);
    assert_eq!(
        refresh(&host, &second.text("refresh_token")).status,
        200,
        "each refresh keeps the session alive"
    );
}

#[test]
fn row_3_10_refresh_tokens_that_are_none() {
    let host = host();
    let answer = issue(&host);
    for body in [
        json!({}),
        json!({ "refresh_token": null }),
        json!({ "refresh_token": 1 }),
        json!({ "refreshToken": "x" }),
    ] {
        let answer = host.send(request("POST", REFRESH, &[JSON], body.to_string()));
        assert!(refused(&answer, 400).contains("refresh_token"));
    }
    let good = answer.text("refresh_token");
    let (head, signature) = good.rsplit_once('.').unwrap();
    let flipped = format!("{head}.{}{}", if signature.starts_with('A') { "B" } else { "A" }, &signature[1..]);
    let blank = format!("{good} ");
    for token in
        ["", "garbage", "a.b.c", &answer.text("access_token"), &flipped, head, &blank, &"a".repeat(40_000)]
    {
        unauthorized(&refresh(&host, token));
    }
    // Of another issuer, with the same session secret even.
    let other = Policy::new("https://other.example.com").session_secret([9; 32].as_slice());
    let other = host_with(other, LedgerOptions::default());
    unauthorized(&refresh(&host, &issue(&other).text("refresh_token")));
    // Of a revoked session.
    let ended = issue(&host);
    host.run(issuer(policy()).revoke_session(&ended.text("session_state"), &host.context()));
    unauthorized(&refresh(&host, &ended.text("refresh_token")));
    // Past its idle end, to the second.
    host.wait(30 * 60);
    unauthorized(&refresh(&host, &good));
    // Of a revoked key.
    let last = issue(&host).text("refresh_token");
    host.run(directory::disable_client(ID, &host.context()));
    unauthorized(&refresh(&host, &last));
}

#[test]
fn row_3_11_a_refresh_token_that_is_used_twice() {
    let host = host();
    let first = issue(&host).text("refresh_token");
    let successor = refresh(&host, &first).text("refresh_token");
    host.wait(10);
    let again = refresh(&host, &first);
    assert_eq!(again.text("refresh_token"), successor, "within the grace period: the same successor");
    assert_eq!(again.kinds(), [EventKind::RefreshReplayed, EventKind::TokenIssued]);
    host.wait(1);
    let reuse = refresh(&host, &first);
    unauthorized(&reuse);
    assert_eq!(reuse.kinds(), [EventKind::RefreshReuseDetected]);
    unauthorized(&refresh(&host, &successor)); // somebody had a copy: the session is over for both
}

#[test]
fn row_3_12_a_rate_limit_is_a_420() {
    let rate = Rate::new(1, Lifetime::MINUTE, 3).unwrap();
    let host = host_with(policy().client_rate(rate), LedgerOptions::default());
    let first = issue(&host);
    assert_eq!(refresh(&host, &first.text("refresh_token")).status, 200, "both operations count");
    issue(&host);
    host.wait(1);
    for answer in [token(&host, &good()), refresh(&host, &first.text("refresh_token"))] {
        refused(&answer, 420);
        let names = ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "retry-after"];
        assert_eq!(names.map(|name| answer.header(name)), [Some("3"), Some("0"), Some("59"), Some("59")]);
        assert_eq!(answer.kinds(), [EventKind::LimitHit]);
    }
    host.wait(58);
    refused(&token(&host, &good()), 420);
    host.wait(1);
    issue(&host);
    // A limit is told of where it was hit only.
    assert_eq!(token(&host, &json!({})).header("x-ratelimit-limit"), None);
}

#[test]
fn row_3_13_claims_of_the_access_token() {
    let host = host();
    let answer = issue(&host);
    let session = answer.text("session_state");
    let claims = claims(&host, &answer);
    let text = |name: &str| claims.claim::<String>(name).unwrap();
    assert_eq!(claims.expires_at().unwrap().seconds() - claims.issued_at().unwrap().seconds(), 300);
    assert_eq!((text("sid"), text("session_state")), (Some(session.clone()), Some(session.clone())));
    assert_eq!((text("typ").as_deref(), text("scope").as_deref()), (Some("Bearer"), Some("")));
    assert_eq!(claims.subject(), Some(format!("user of {ID}")));
    assert_eq!(text("client_id").as_deref(), Some(ID));
    assert_eq!(text("workspace").as_deref(), Some("acme"));
    assert_eq!((claims.id().unwrap().len(), session.len()), (36, 36), "uuids");
}

#[test]
fn row_3_13_expires_in_is_exact_where_the_session_ends_first() {
    let short = policy()
        .session_lifetimes(Lifetime::from_seconds(300).unwrap(), Lifetime::from_seconds(400).unwrap());
    let host = host_with(short, LedgerOptions::default());
    let mut answer = issue(&host);
    assert_eq!(answer.body["expires_in"], 300);
    for left in [300, 240, 160, 80] {
        host.wait(80);
        answer = refresh(&host, &answer.text("refresh_token"));
        assert_eq!(answer.body["expires_in"], left.min(300));
        let claims = claims(&host, &answer);
        assert_eq!(
            claims.expires_at().unwrap().seconds() - claims.issued_at().unwrap().seconds(),
            left.min(300)
        );
    }
}

#[test]
fn opaque_access_tokens_are_refused_when_the_endpoint_is_built() {
    let opaque = issuer(policy().access_format(AccessFormat::Opaque));
    let error =
        Endpoint::builder().dialect(Ledger::new(opaque, LedgerOptions::default())).build().unwrap_err();
    assert_eq!((error.code(), error.field()), (ErrorCode::PolicyInvalid, Some("access_format")));
}
