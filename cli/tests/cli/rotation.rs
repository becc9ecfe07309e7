//! `tokenmint serve` with a key ring that `tokenmint keys` changes beside it.

use std::time::Duration;

use serde_json::Value;

use crate::keys::Ring;
use crate::support::{Finished, Server, run, until};

const ISSUER: &str = "https://api.example.com";

/// The key of the demonstration's API key: `demo-mercoa-key`.
const CONFIG: &str = r#"
[[keys]]
kid = "ring"
ring_file = "ring.json"

[mercoa]
issuer = "https://api.example.com"
audience = "app"
key = "ring"
lifetime = "30m"

[[api_keys]]
key_sha256 = "UHaA1Gr841RM0e51xKLSZvOCQ3La05rKF3jfY6TgOCo"
organization = "org_1"
permissions = ["entity_tokens"]

[[entities]]
id = "ent_1"
organization = "org_1"
"#;

/// A ring of one key, `a`, and a configuration beside it.
fn ring() -> Ring {
    let ring = Ring::new();
    ring.json("generate", &["--kid", "a", "--token-lifetime", "1h", "--active-for", "30d"]);
    std::fs::write(ring.beside("tokenmint.toml"), CONFIG).unwrap();
    ring
}

fn mint(server: &Server, body: &Value) -> (u16, Value) {
    let answer = server.request("POST", "/entity/ent_1/token").bearer("demo-mercoa-key").json(body).send();
    (answer.status, serde_json::from_str(&answer.body).unwrap())
}

fn token(server: &Server) -> String {
    let (status, token) = mint(server, &serde_json::json!({}));
    assert_eq!(status, 200, "{token}");
    token.as_str().unwrap().to_owned()
}

fn verify(server: &Server, token: &str) -> Finished {
    let url = format!("{}/.well-known/jwks.json", server.base);
    run(&["verify", token, "--jwks-url", &url, "--issuer", ISSUER, "--audience", "app", "--json"])
}

/// The id of the key that a token was signed with, as a verifier with the served keys sees it.
#[track_caller]
fn kid(server: &Server, token: &str) -> String {
    let verified = verify(server, token);
    assert_eq!(verified.code, 0, "{verified:?}");
    verified.json()["kid"].as_str().unwrap().to_owned()
}

fn published(server: &Server) -> Vec<String> {
    let jwks = server.get("/.well-known/jwks.json").json(200);
    jwks["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_running_server_rotates_without_a_change_of_its_configuration() {
    let ring = ring();
    let server = Server::with_config(&ring.beside("tokenmint.toml"));
    let old = token(&server);
    assert_eq!((kid(&server, &old), published(&server)), ("a".into(), vec!["a".into()]));

    let next = ring.json("rotate", &["--early"])["kid"].as_str().unwrap().to_owned();
    until("the announced key is published", || published(&server).len() == 2);
    assert_eq!(published(&server), ["a", next.as_str()]);
    assert_eq!(kid(&server, &token(&server)), "a", "an announced key does not sign");

    ring.age(600);
    assert_eq!(ring.json("rotate", &["--early"])["action"], "activate");
    until("the new key signs", || kid(&server, &token(&server)) == next);
    assert_eq!(kid(&server, &old), "a", "a retired key verifies");
    assert_eq!(published(&server), [next.as_str(), "a"]);
    // The server itself takes both, too.
    for token in [&old, &token(&server)] {
        let form = format!("token={token}");
        let answer = server.request("POST", "/introspect").bearer("demo-mercoa-key").form(&form).send();
        assert_eq!(answer.json(200)["active"], true);
    }

    ring.age(3600 + 600);
    assert_eq!(ring.json("rotate", &[])["action"], "remove");
    until("the key that is gone is not published", || published(&server) == [next.as_str()]);
    assert_eq!(verify(&server, &old).code, 1);
}

#[test]
fn a_ring_that_breaks_changes_nothing_until_it_is_whole() {
    let ring = ring();
    let server = Server::with_config(&ring.beside("tokenmint.toml"));
    let whole = std::fs::read_to_string(ring.path()).unwrap();
    // As a whole: a server may look at any moment.
    let write = |text: &str| {
        let beside = ring.beside("ring.new");
        std::fs::write(&beside, text).unwrap();
        std::fs::rename(&beside, ring.path()).unwrap();
    };
    write(&whole.replacen("rules", "rule", 1));
    until("the broken ring is noticed", || server.told().contains("\"warn\""));
    // It looks again meanwhile, and does not tell the same twice.
    std::thread::sleep(Duration::from_millis(2200));
    assert_eq!(kid(&server, &token(&server)), "a");
    write(&whole);
    ring.json("rotate", &["--early"]);
    until("the ring is followed again", || published(&server).len() == 2);
    let log = server.log();
    let warnings = log.lines().filter(|line| line.contains("\"warn\"")).count();
    assert_eq!(warnings, 1, "{log}");
    assert!(
        log.contains("keys[0].ring_file.rule: this field is not known") && !log.contains("\\\"d\\\""),
        "{log}"
    );
}

#[test]
fn a_token_does_not_outlive_its_key() {
    let ring = ring();
    let server = Server::with_config(&ring.beside("tokenmint.toml"));
    assert_eq!(mint(&server, &serde_json::json!({ "expiresIn": "1h" })).0, 200);
    assert_eq!(mint(&server, &serde_json::json!({ "expiresIn": "61m" })).0, 400);
}

#[test]
fn a_ring_that_cannot_be_served_is_refused_at_the_start() {
    let ring = ring();
    let config = ring.beside("tokenmint.toml");
    let path = config.to_str().unwrap();
    for (old, new, expected) in [
        ("\"ring.json\"", "\"none.json\"", "line 4: keys[0].ring_file: "),
        (
            "ring_file = ",
            "alg = \"ES256\"\nring_file = ",
            "keys[0].ring_file: the keys of a ring have algorithms",
        ),
        (
            "lifetime = ",
            "max_lifetime = \"2h\"\nlifetime = ",
            "line 10: mercoa.max_lifetime: the ring \"ring\" drops",
        ),
    ] {
        std::fs::write(&config, CONFIG.replace(old, new)).unwrap();
        let refused = run(&["serve", "--config", path, "--port", "0"]);
        assert_eq!(refused.code, 3, "{refused:?}");
        assert!(refused.err.contains(expected), "{refused:?}");
    }
    let short = Ring::new();
    short.json("generate", &["--jwks-max-age", "1m"]);
    std::fs::write(short.beside("tokenmint.toml"), CONFIG).unwrap();
    let refused = run(&["serve", "--config", short.beside("tokenmint.toml").to_str().unwrap()]);
    assert!(refused.code == 3 && refused.err.contains("jwks_max_age_seconds is 60"), "{refused:?}");
}

#[test]
fn what_was_generated_at_the_start_stays() {
    let ring = ring();
    let config = format!(
        "{CONFIG}\n[[keys]]\nkid = \"own\"\nalg = \"ES256\"\ngenerate = true\n\
         [ledger]\nissuer = \"i\"\nkey = \"own\"\nsession_secret_generate = true\n"
    );
    std::fs::write(ring.beside("tokenmint.toml"), config).unwrap();
    let server = Server::with_config(&ring.beside("tokenmint.toml"));
    let before = server.get("/.well-known/jwks.json").json(200);
    ring.json("rotate", &["--early"]);
    until("the announced key is published", || published(&server).len() == 3);
    let after = server.get("/.well-known/jwks.json").json(200);
    assert_eq!((&before["keys"][1], &before["keys"][1]["kid"]), (&after["keys"][2], &"own".into()));
}

#[test]
fn a_key_that_leaked_ends_at_the_next_look_even_beside_a_broken_configuration() {
    let ring = ring();
    let server = Server::with_config(&ring.beside("tokenmint.toml"));
    let active = |token: &str| {
        let form = format!("token={token}");
        let answer = server.request("POST", "/introspect").bearer("demo-mercoa-key").form(&form).send();
        answer.json(200)["active"].clone()
    };
    let old = token(&server);
    assert_eq!(active(&old), true);
    std::fs::write(ring.beside("tokenmint.toml"), "[mercoa").unwrap();
    until("the broken configuration is noticed", || server.told().contains("not valid TOML"));

    let revoked = ring.json("revoke", &["a"]);
    let next = revoked["active"].as_str().unwrap().to_owned();
    assert_eq!((&revoked["revoked"], &revoked["changed"]), (&"a".into(), &true.into()));
    until("the key is not published", || published(&server) == [next.as_str()]);
    assert_eq!(active(&old), false);
    assert_eq!(verify(&server, &old).code, 1);
    let new = token(&server);
    assert_eq!((kid(&server, &new), active(&new)), (next.clone(), true.into()));

    // An announced key takes over, and the id does not come back.
    let third = ring.json("generate", &["--kid", "third"])["kid"].as_str().unwrap().to_owned();
    let told = run(&["keys", "revoke", "--ring", &ring.path(), &next]);
    assert!(
        told.out.starts_with(&format!("revoked: {next}; {third} signs from now on; let verifiers")),
        "{told:?}"
    );
    assert_eq!(told.out.lines().count(), 1);
    for (command, arguments) in [
        ("revoke", &["--ring", &ring.path(), &next][..]),
        ("generate", &["--ring", &ring.path(), "--kid", "a"]),
    ] {
        let refused = run(&[&["keys", command], arguments].concat());
        assert_eq!(refused.code, 3, "{refused:?}");
    }
    until("the announced key is alone", || published(&server) == [third.as_str()]);
    assert_eq!(kid(&server, &token(&server)), third);
}
