//! `tokenmint expires-in`, `tokenmint credentials`, and what all commands have in common.

use tokenmint::SecretHash;

use crate::support::{Request, Server, run};

#[test]
fn lifetimes() {
    // The ms grammar: a year has 365.25 days, digits alone are seconds.
    for (text, line) in [("1.5h", "5400 90m"), ("3600", "3600 1h"), ("7 days", "604800 7d")] {
        let finished = run(&["expires-in", text]);
        assert_eq!((finished.code, finished.out.trim_end()), (0, line), "{finished:?}");
    }
    let json = run(&["expires-in", "1y", "--json"]).json();
    assert_eq!(json["seconds"], 31_557_600);
    assert_eq!(run(&["expires-in", json["text"].as_str().unwrap(), "--json"]).json(), json);
}

#[test]
fn a_lifetime_that_is_refused_is_a_1_with_the_code() {
    for (text, code) in [
        ("soon", "lifetime_syntax"),
        ("1 fortnight", "lifetime_unit"),
        ("-1h", "lifetime_not_positive"),
        ("0", "lifetime_not_positive"),
        ("500ms", "lifetime_under_one_second"),
        ("", "lifetime_empty"),
    ] {
        let finished = run(&["expires-in", text]);
        assert_eq!((finished.code, finished.out.as_str()), (1, ""), "{finished:?}");
        assert!(finished.err.starts_with(&format!("tokenmint: {code}: ")), "{finished:?}");
    }
}

#[test]
fn lifetimes_as_node_jsonwebtoken_reads_them() {
    // There, digits alone are milliseconds.
    let node = |text: &str| run(&["expires-in", text, "--node", "--iat", "1700000000"]);
    assert_eq!(node("3600").out.trim_end(), "1700000003");
    assert_eq!(node("1h").out.trim_end(), "1700003600");
    assert_eq!(
        run(&["expires-in", "1h", "--node", "--iat", "1700000000", "--json"]).json()["exp"],
        1_700_003_600
    );
    assert_eq!(run(&["expires-in", "1h", "--node"]).code, 2);
    assert_eq!(run(&["expires-in", "1h", "--iat", "1"]).code, 2);
}

#[test]
fn new_credentials_fit_into_a_configuration() {
    let mut sections = String::new();
    let mut made = Vec::new();
    for kind in ["client", "session", "bearer", "admin"] {
        let one =
            run(&["credentials", "create", "--kind", kind, "--organization", "o\"1\"", "--json"]).json();
        let secret = one["secret"].as_str().unwrap();
        assert_eq!(secret.len(), 43);
        assert_eq!(one["secret_sha256"], SecretHash::of(secret.as_bytes()).to_string());
        assert!(!one["toml"].as_str().unwrap().contains(secret), "the configuration holds no secret");
        assert_eq!(one["kind"], kind);
        sections.push_str(one["toml"].as_str().unwrap());
        made.push(one);
    }
    assert_eq!(made[0]["id"].as_str().unwrap().len(), 36);
    assert_eq!(made[1]["id"].as_str().unwrap().len(), 22);
    assert!(made[2]["id"].is_null());

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokenmint.toml");
    let rest = "[[keys]]\nkid = \"k\"\nalg = \"HS256\"\ngenerate = true\n[monite]\nissuer = \"i\"\nkey = \"k\"\n[admin]\nlisten = \"127.0.0.1:0\"\n";
    std::fs::write(&path, format!("{rest}{sections}")).unwrap();
    let server = Server::with_config(&path);
    let ask = || server.request("POST", "/introspect").form("token=x");
    ask().bearer(made[2]["secret"].as_str().unwrap()).send().json(200);
    let call = Request::to(&server.admin(), "POST", "/v1/list_sessions")
        .json(&serde_json::json!({ "subject": "u1" }));
    call.bearer(made[3]["secret"].as_str().unwrap()).send().json(200);
    for client in &made[..2] {
        let (id, secret) = (client["id"].as_str().unwrap(), client["secret"].as_str().unwrap());
        let basic = base64_simd::STANDARD.encode_to_string(format!("{id}:{secret}"));
        ask().header("Authorization", &format!("Basic {basic}")).send().json(200);
    }
}

#[test]
fn credentials_as_text_show_the_secret_once() {
    let finished = run(&["credentials", "create"]);
    assert_eq!(finished.code, 0);
    let secret = finished.out.lines().find_map(|line| line.strip_prefix("client_secret  ")).unwrap();
    assert_eq!(finished.out.matches(secret).count(), 1);
    assert!(finished.out.contains(&format!("secret_sha256 = [\"{}\"]", SecretHash::of(secret.as_bytes()))));
    assert_ne!(run(&["credentials", "create"]).out, finished.out);
}

#[test]
fn wrong_arguments_are_a_2() {
    for arguments in [
        ["serve"].as_slice(),
        &["serve", "--demo", "--config", "x"],
        &["serve", "--demo", "--port", "65536"],
        &["mint", "--issuer", "i"],
        &["verify", "x", "--any-issuer", "--any-audience"],
        &["verify", "x", "--secret-file", "x", "--any-issuer"],
        &["credentials"],
        &["credentials", "create", "--kind", "password"],
        &["nope"],
        &[],
    ] {
        let finished = run(arguments);
        assert_eq!((finished.code, finished.out.as_str()), (2, ""), "{arguments:?}: {finished:?}");
    }
}

#[test]
fn help_has_examples() {
    for command in ["serve", "mint", "verify", "expires-in"] {
        let finished = run(&[command, "--help"]);
        assert_eq!(finished.code, 0);
        assert!(finished.out.contains(&format!("  tokenmint {command} ")), "{}", finished.out);
    }
    assert!(run(&["credentials", "create", "--help"]).out.contains("  tokenmint credentials create "));
    assert!(run(&["--version"]).out.starts_with("tokenmint "));
}
