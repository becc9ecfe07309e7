//! `tokenmint admin`: by the API of a running server, and on a store itself.

use serde_json::{Value, json};
use tokenmint::OPERATIONS;

use crate::admin::{KEY, server};
use crate::support::{Finished, Request, Server, run, run_with};

const SECOND: &str = "https://second.example.com";

/// An operation by the API of a server, with the key in the environment.
fn ask(server: &Server, arguments: &[&str]) -> Finished {
    let url = format!("http://{}", server.admin());
    let arguments = [&["admin"], arguments, &["--url", &url]].concat();
    run_with(&arguments, "", &[("TOKENMINT_ADMIN_KEY", KEY)])
}

/// The same by the second issuer, which has sessions.
fn second(server: &Server, operation: &str, input: &Value, more: &[&str]) -> Finished {
    let input = input.to_string();
    ask(server, &[&[operation, "--issuer", SECOND, "--input", &input], more].concat())
}

#[test]
fn a_session_from_its_start_to_its_end() {
    let (_folder, server) = server();
    let details = json!({ "subject": "u1", "scope": "read", "details": { "device": "phone" } });
    let started = second(&server, "start_session", &details, &["--json"]).json();
    let session = started["session"].as_str().unwrap();
    let listed = second(&server, "list_sessions", &json!({ "subject": "u1" }), &[]);
    let lines: Vec<Vec<&str>> = listed.out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(
        lines[0],
        ["SESSION", "SCOPE", "DETAILS", "CREATED_AT", "LAST_USED_AT", "EXPIRES_AT"],
        "{listed:?}"
    );
    assert_eq!(lines[1][..3], [session, "read", r#"{"device":"phone"}"#]);
    assert!(lines[1][3].starts_with("20") && lines[1][3].ends_with('Z') && lines.len() == 2, "{listed:?}");

    let ended = second(&server, "revoke_session", &json!({ "session": session }), &[]);
    assert_eq!((ended.code, ended.out.as_str()), (0, "done\n"));
    let listed = second(&server, "list_sessions", &json!({ "subject": "u1" }), &[]);
    assert_eq!(listed.out, "no sessions\n");
}

#[test]
fn a_field_a_line_where_it_is_no_list() {
    let (_folder, server) = server();
    let made = ask(&server, &["create_api_key", "--input", r#"{"owner":"c1","lifetime":"30d"}"#]);
    let lines: Vec<Vec<&str>> = made.out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines.iter().map(|line| line[0]).collect::<Vec<_>>(), ["api_key", "id", "expires_at"]);
    let verified =
        ask(&server, &["verify_api_key", "--input", &json!({ "api_key": lines[0][1] }).to_string()]);
    assert!(verified.out.lines().any(|line| line.split_whitespace().eq(["owner", "c1"])), "{verified:?}");
}

#[test]
fn a_refusal_is_told_as_by_every_command() {
    let (_folder, server) = server();
    let refused = ask(&server, &["rotate_client_secret", "--input", r#"{"id":"nobody"}"#]);
    assert_eq!((refused.code, refused.out.as_str()), (1, ""));
    assert!(refused.err.starts_with("tokenmint: not_found: "), "{refused:?}");
    let refused = ask(&server, &["list_sessions", "--json"]);
    let error: Value = serde_json::from_str(&refused.err).unwrap();
    assert_eq!(
        (refused.code, &error["error"], &error["field"]),
        (1, &json!("field_required"), &json!("subject"))
    );

    let unknown = run(&["admin", "mint"]);
    assert!(unknown.code == 2 && unknown.err.contains("client_credentials, "), "{unknown:?}");
    for (url, code) in [("http://tokens.example.com", 2), ("ftp://127.0.0.1", 2), ("http://127.0.0.1:1", 4)] {
        let arguments = ["admin", "list_clients", "--url", url];
        let failed = run_with(&arguments, "", &[("TOKENMINT_ADMIN_KEY", KEY)]);
        assert_eq!(failed.code, code, "{failed:?}");
        assert!(!failed.err.contains(KEY), "{failed:?}");
    }
    // An option is nearer than the environment.
    let env = [("TOKENMINT_ADMIN_KEY", KEY), ("TOKENMINT_ADMIN_URL", "http://tokens.example.com")];
    let failed = run_with(&["admin", "list_clients"], "", &env);
    assert!(failed.code == 2 && failed.err.contains("http://tokens.example.com: "), "{failed:?}");
    let url = format!("http://{}", server.admin());
    assert_eq!(run_with(&["admin", "list_clients", "--url", &url], "", &env).code, 0);
    // The endpoints are no admin API.
    let elsewhere = ["admin", "list_clients", "--url", &server.base];
    let failed = run_with(&elsewhere, "", &[("TOKENMINT_ADMIN_KEY", KEY)]);
    assert!(failed.code == 4 && failed.err.contains("no admin API"), "{failed:?}");
}

#[test]
fn the_key_comes_from_a_variable_or_a_file() {
    let (_folder, server) = server();
    let url = format!("http://{}", server.admin());
    let listed = |more: &[&str], input: &str, env: &[(&str, &str)]| {
        run_with(&[&["admin", "list_clients", "--url", &url], more].concat(), input, env)
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    std::fs::write(&file, format!("{KEY}\n")).unwrap();
    assert_eq!(listed(&["--key-file", file.to_str().unwrap()], "", &[]).code, 0);
    assert_eq!(listed(&["--key-file", "-"], KEY, &[]).code, 0);
    assert_eq!(listed(&["--key-env", "MINE"], "", &[("MINE", KEY)]).code, 0);
    let without = listed(&[], "", &[]);
    assert!(without.code == 3 && without.err.contains("TOKENMINT_ADMIN_KEY"), "{without:?}");
    let wrong = listed(&[], "", &[("TOKENMINT_ADMIN_KEY", "wrong-12")]);
    assert!(
        wrong.code == 1 && wrong.err.contains("unauthenticated") && !wrong.err.contains("wrong-12"),
        "{wrong:?}"
    );
}

#[test]
fn an_input_comes_from_a_file_or_standard_input_as_well() {
    let (_folder, server) = server();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("client.json");
    let client =
        json!({ "id": "c1", "organization": "o", "secret": "s1", "permissions": ["client_credentials"] });
    std::fs::write(&file, client.to_string()).unwrap();
    let made = ask(&server, &["create_client", "--input", &format!("@{}", file.display())]);
    assert_eq!((made.code, made.out.as_str()), (0, "done\n"), "{made:?}");
    let url = format!("http://{}", server.admin());
    let proof = r#"{"client_id":"c1","client_secret":"s1"}"#;
    let arguments = ["admin", "client_credentials", "--input", "-", "--json", "--url", &url];
    let token = run_with(&arguments, proof, &[("TOKENMINT_ADMIN_KEY", KEY)]).json();
    assert_eq!(token["token_type"], "Bearer");
}

#[test]
fn a_store_itself_is_changed_without_a_server() {
    let (folder, _) = server();
    let data = tempfile::tempdir().unwrap();
    let config = folder.config();
    let (config, data) = (config.to_str().unwrap(), data.path().to_str().unwrap());
    let here = |operation: &str, input: Value, more: &[&str]| {
        let input = input.to_string();
        let arguments = ["admin", operation, "--input", &input, "--config", config, "--data-dir", data];
        run(&[&arguments, more].concat())
    };
    let client =
        json!({ "id": "c1", "organization": "o", "secret": "s1", "permissions": ["client_credentials"] });
    assert_eq!(here("create_client", client, &[]).out, "done\n");
    let started = here("start_session", json!({ "subject": "u1" }), &["--issuer", SECOND, "--json"]).json();

    let server = Server::start(&["serve", "--config", config, "--data-dir", data, "--port", "0"]);
    let post = |operation: &str, input: Value| {
        let path = format!("/v1/{operation}?issuer={SECOND}");
        Request::to(&server.admin(), "POST", &path).bearer(KEY).json(&input).send().json(200)
    };
    assert_eq!(post("list_clients", json!({}))["clients"][0]["id"], "c1");
    assert_eq!(post("check", json!({ "token": started["access_token"] }))["subject"], "u1");
    // A client of the configuration is there as well; and the other way round what the server did.
    assert_eq!(
        here(
            "client_credentials",
            json!({ "client_id": "of-the-configuration", "client_secret": "s1" }),
            &[]
        )
        .code,
        1
    );
    post("revoke_sessions", json!({ "subject": "u1" }));
    let listed = here("list_sessions", json!({ "subject": "u1" }), &["--issuer", SECOND]);
    assert_eq!(listed.out, "no sessions\n", "{listed:?}");

    let lost = run(&["admin", "list_clients", "--config", config]);
    assert!(lost.code == 2 && lost.err.contains("in memory"), "{lost:?}");
}

#[test]
fn every_operation_of_the_table_is_there() {
    let (folder, _) = server();
    let config = folder.config();
    for operation in OPERATIONS {
        let input = r#"{"no such member":1}"#;
        let arguments = [
            "admin",
            operation,
            "--input",
            input,
            "--config",
            config.to_str().unwrap(),
            "--store",
            "memory:",
        ];
        let refused = run(&arguments);
        assert_eq!(refused.code, 1, "{refused:?}");
        assert!(refused.err.contains("field_invalid: no such member: "), "{refused:?}");
    }
}
