//! Every operation of the four vendors over real HTTP, with the credentials and ids of their documentation.

mod ledger;
mod mercoa;
mod merge;
mod monite;
#[path = "../cli/support.rs"]
mod support;

use serde_json::{Value, json};
use support::{Answer, Request, Server};

const ENTITY: &str = "ent_a0f6ea94-0761-4a5e-a416-3c453cb7eced";
const USER: &str = "user_a0f6ea94-0761-4a5e-a416-3c453cb7eced";
const GROUP: &str = "entg_a0f6ea94-0761-4a5e-a416-3c453cb7eced";
const FOREIGN_USER: &str = "MY-DB-ID-12345";
const MERCOA_KEY: &str = "demo-mercoa-key";
const MERGE_KEY: &str = "demo-merge-key";
const CLIENT: &str = "eb959578-a74d-4ac3-8b25-bf0910027857";
const CLIENT_SECRET: &str = "14c84a34-282b-4fd8-8af6-86b5b5f2c212";
const ENTITY_USER: &str = "7abd8744-507c-40e6-a5ca-34aa480b3991";
const API_KEY: &str = "2khK02ZRc_TE9nYJyGIfIQ";
const API_KEY_SECRET: &str = "jI0X2n55EHnNaZasmzfOL36wXx6b4D7Wmw-riZCeGWE";

fn post(server: &Server, path: &str, body: &Value) -> Request {
    server.request("POST", path).json(body)
}

/// The payload of a JWT, unverified: the demonstration's HS256 keys are its own.
fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap_or_else(|| panic!("no JWT: {token}"));
    serde_json::from_slice(&base64_simd::URL_SAFE_NO_PAD.decode_to_vec(payload).unwrap()).unwrap()
}

fn header(token: &str) -> Value {
    let header = token.split('.').next().unwrap();
    serde_json::from_slice(&base64_simd::URL_SAFE_NO_PAD.decode_to_vec(header).unwrap()).unwrap()
}

fn lives(claims: &Value) -> i64 {
    claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap()
}

#[track_caller]
fn text(value: &Value) -> String {
    value.as_str().filter(|text| !text.is_empty()).unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

/// What introspection says of a token.
fn is_active(server: &Server, key: &str, token: &str) -> bool {
    let answer = server.request("POST", "/introspect").bearer(key).form(&format!("token={token}")).send();
    answer.json(200)["active"].as_bool().unwrap()
}

#[test]
fn no_token_and_no_secret_is_in_the_log() {
    let server = Server::demo();
    let entity =
        post(&server, &format!("/entity/{ENTITY}/token"), &json!({})).bearer(MERCOA_KEY).send().json(200);
    let credentials = json!({ "api_key_id": API_KEY, "api_key_secret": API_KEY_SECRET });
    let pair = post(&server, "/auth/token", &credentials).send().json(200);
    let link = json!({
        "end_user_email_address": "person@example.com", "end_user_organization_name": "o",
        "end_user_origin_id": "1", "categories": ["hris"], "integration": "lever",
    });
    let link = post(&server, "/api/hris/v1/link-token", &link).bearer(MERGE_KEY).send().json(200);
    let redeem = json!({ "link_token": link["link_token"] });
    let public = post(&server, "/api/link-token/redeem", &redeem).send().json(200);
    server.get(&format!("/magic-link/{}", text(&link["link_token"])));
    let path = format!("/api/hris/v1/account-token/{}", text(&public["public_token"]));
    let account = server.request("GET", &path).bearer(MERGE_KEY).send().json(200);
    let secrets = [
        &entity,
        &pair["access_token"],
        &pair["refresh_token"],
        &link["link_token"],
        &public["public_token"],
        &account["account_token"],
    ];
    let log = server.log();
    for secret in
        secrets.into_iter().map(text).chain([MERCOA_KEY, MERGE_KEY, API_KEY_SECRET].map(str::to_owned))
    {
        assert!(!log.contains(&secret), "{secret} in {log}");
    }
    for event in ["token_issued", "session_opened", "link_issued", "link_redeemed", "account_token_issued"] {
        assert!(log.contains(&format!("\"event\":\"{event}\"")), "no {event} in {log}");
    }
}

/// The lines that `--demo` prints do what they say when they are pasted into a shell in their order.
#[test]
fn the_printed_lines_work() {
    let has_curl = std::process::Command::new("curl").arg("--version").output().is_ok();
    assert!(has_curl, "the lines are for curl, which is not installed");
    let printed = Server::demo();
    let (base, admin) = (printed.base.clone(), printed.admin());
    let lines = printed.output();
    let lines = lines.strip_prefix(&format!("admin http://{admin}\n")).unwrap();
    assert!(lines.contains(&base) && lines.contains(&admin));
    // Against another server: the first one had to end before its output did.
    let server = Server::demo();
    let lines = lines.replace(&base, &server.base).replace(&admin, &server.admin());
    let folder = tempfile::tempdir().unwrap();
    // Any other status than a success ends the script.
    std::fs::write(folder.path().join(".curlrc"), "fail-with-body\n").unwrap();
    let output = std::process::Command::new("bash")
        .args(["-euo", "pipefail", "-c", &lines])
        .env("CURL_HOME", folder.path())
        .env("HOME", folder.path())
        .output()
        .unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    assert_eq!(out.matches("\"active\":true").count(), 3, "{out}");
    assert!(out.contains("linked_account_id") && out.contains("<form"), "{out}");
}

/// The calls of the README's first page work as they stand there, but for the ports.
#[test]
fn the_calls_of_the_readme_work() {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md")).unwrap();
    let calls: Vec<&str> = readme.lines().filter(|line| line.starts_with("curl ")).collect();
    let server = Server::demo();
    let answer = |call: &str| {
        let call =
            call.replace("127.0.0.1:8081", &server.admin()).replace("127.0.0.1:8080", server.address());
        let output = std::process::Command::new("sh").args(["-c", &call]).output().unwrap();
        serde_json::from_slice::<Value>(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {call}: {output:?}"))
    };
    let [session, client] = calls.as_slice() else { panic!("{calls:?}") };
    let (session, client) = (answer(session), answer(client));
    assert!(session["refresh_token"].is_string() && session["scope"] == "read", "{session}");
    assert!(client["access_token"].is_string() && client["token_type"] == "Bearer", "{client}");
}
