//! `tokenmint serve` whose configuration changes while it runs.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::{Value, json};
use tokenmint::SecretHash;

use crate::config::Folder;
use crate::support::{Request, Server, until};

/// OAuth by a generated key, with an admin API and these clients; each has the secret `secret of NAME`.
fn config(clients: &[&str]) -> String {
    let hash = |text: &str| SecretHash::of(text.as_bytes()).to_string();
    let clients = clients.iter().map(|name| {
        format!(
            "[[clients]]\nid = \"{name}\"\norganization = \"o\"\nsecret_sha256 = \"{}\"\npermissions = [\"client_credentials\"]\n\n",
            hash(&format!("secret of {name}")),
        )
    });
    format!(
        "[server]\nport = 0\nkeep_alive = \"75s\"\n\n[[keys]]\nkid = \"k1\"\nalg = \"ES256\"\ngenerate = true\n\n\
         [oauth]\nissuer = \"https://id.example.com\"\naudience = \"api\"\nkey = \"k1\"\nlifetime = \"1h\"\n\n\
         [admin]\nlisten = \"127.0.0.1:0\"\n\n[[admin.keys]]\nid = \"root\"\nkey_sha256 = \"{}\"\n\n{}",
        hash("first-admin-key"),
        clients.collect::<String>(),
    )
}

fn token(server: &Server, client: &str) -> (u16, Value) {
    let form = format!("grant_type=client_credentials&client_id={client}&client_secret=secret+of+{client}");
    let answer = server.request("POST", "/oauth/token").form(&form).send();
    (answer.status, serde_json::from_str(&answer.body).unwrap())
}

fn admin(server: &Server, key: &str) -> u16 {
    let request = Request::to(&server.admin(), "POST", "/v1/list_sessions").bearer(key);
    request.json(&json!({ "subject": "u1" })).send().status
}

/// The lines of the log about the configuration.
fn told(server: &Server) -> Vec<Value> {
    let lines = server.told();
    let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line["target"] == "tokenmint::config").collect()
}

/// Waits for the next line about the configuration.
#[track_caller]
fn next(server: &Server, already: usize) -> Value {
    until("something is said of the configuration", || told(server).len() > already);
    told(server).swap_remove(already)
}

#[test]
fn what_is_added_to_the_file_works_without_a_restart() {
    let folder = Folder::new(&config(&["one"]));
    let server = Server::start(&["serve", "--config", folder.config().to_str().unwrap()]);
    assert_eq!((token(&server, "one").0, token(&server, "two").0), (200, 401));
    let before = server.get("/.well-known/jwks.json").body;

    let hash = SecretHash::of(b"second-admin-key").to_string();
    let changed = config(&["one", "two"]).replace("lifetime = \"1h\"", "lifetime = \"2h\"");
    let changed = changed.replace(
        "[[admin.keys]]",
        &format!("[[admin.keys]]\nid = \"second\"\nkey_sha256 = \"{hash}\"\n\n[[admin.keys]]"),
    );
    let changed =
        changed.replace("75s", "90s").replace("[server]", "[server]\ncors_origins = [\"https://a.example\"]");
    folder.write("tokenmint.toml", changed);
    let line = next(&server, 0);
    let changed = "admin.keys, clients, oauth.lifetime, server.keep_alive, server.cors_origins";
    assert_eq!((&line["level"], &line["changed"]), (&json!("info"), &json!(changed)), "{line}");
    let (status, answer) = token(&server, "two");
    assert_eq!((status, &answer["expires_in"]), (200, &json!(7200)));
    assert_eq!((admin(&server, "first-admin-key"), admin(&server, "second-admin-key")), (200, 200));
    let page = server.request("POST", "/oauth/token").header("Origin", "https://a.example").form("").send();
    assert_eq!(page.header("access-control-allow-origin"), Some("https://a.example"));
    // What was generated at the start stays.
    assert_eq!(server.get("/.well-known/jwks.json").body, before);

    // What is taken out is gone.
    folder.write("tokenmint.toml", config(&["two"]));
    assert_eq!(next(&server, 1)["level"], "info");
    assert_eq!((token(&server, "one").0, token(&server, "two").0), (401, 200));
    assert_eq!((admin(&server, "first-admin-key"), admin(&server, "second-admin-key")), (200, 401));
    assert!(!server.log().contains("secret"));
}

#[test]
fn a_signal_asks_for_a_look_at_once_and_ends_nothing() {
    let folder = Folder::new(&config(&["one"]));
    let server = Server::start(&["serve", "--config", folder.config().to_str().unwrap()]);
    server.signal("HUP");
    assert_eq!(next(&server, 0)["message"], "there is nothing new to take");
    folder.write("tokenmint.toml", config(&["one", "two"]));
    server.signal("HUP");
    assert_eq!(next(&server, 1)["changed"], "clients");
    assert_eq!(token(&server, "two").0, 200);

    let demo = Server::demo();
    demo.signal("HUP");
    assert_eq!(next(&demo, 0)["message"], "there is nothing new to take");
    assert_eq!(demo.get("/.well-known/jwks.json").status, 200);
}

#[test]
fn what_cannot_be_used_changes_nothing_and_is_told_once() {
    let folder = Folder::new(&config(&["one"]));
    let server = Server::start(&["serve", "--config", folder.config().to_str().unwrap()]);
    let good = config(&["one", "two"]);
    let cases = [
        // With what could be done in the same text: whole or not at all.
        (
            good.replace("lifetime = \"1h\"", "lifetme = \"1h\""),
            "line 14: oauth.lifetme: this field is not known",
        ),
        (good.replace("lifetime = \"1h\"", "lifetime = 1h"), "line 14: not valid TOML"),
        (good.replace("key = \"k1\"", "key = \"k2\""), "line 13: oauth.key: [[keys]] has no key \"k2\""),
        (good.replace("generate = true", "pem_file = \"none.pem\""), "line 8: keys[0].pem_file: "),
        (good.replace("port = 0", "port = 9"), "line 2: server.port: this changes with a restart only"),
        (good.replace("port = 0", "port = 0\nhost = \"127.0.0.2\""), "line 3: server.host: this changes"),
        (good.replace("127.0.0.1:0", "127.0.0.1:1"), "line 17: admin.listen: this changes"),
        (
            good.replace(
                "[admin]\nlisten = \"127.0.0.1:0\"\n\n[[admin.keys]]\nid = \"root\"\nkey_sha256",
                "[oauth.claims]\nx",
            ),
            "admin: this changes",
        ),
        (format!("[store]\nurl = \"sqlite:x.db\"\n{good}"), "line 2: store.url: this changes"),
        (format!("[store]\ndurability = \"disk\"\n{good}"), "line 2: store.durability: "),
    ];
    for (at, (text, expected)) in cases.iter().enumerate() {
        folder.write("tokenmint.toml", text);
        let line = next(&server, at);
        assert_eq!(line["level"], "warn", "{line}");
        assert!(line["error"].as_str().unwrap().contains(expected), "{expected}: {line}");
        assert_eq!((token(&server, "one").0, token(&server, "two").0), (200, 401));
        assert_eq!(admin(&server, "first-admin-key"), 200);
    }
    // It is told again to whoever asks.
    server.signal("HUP");
    assert!(next(&server, cases.len())["error"].as_str().unwrap().contains("store.durability"));
    // A file that is not there is no other configuration.
    std::fs::remove_file(folder.config()).unwrap();
    assert!(next(&server, cases.len() + 1)["error"].as_str().unwrap().contains("tokenmint.toml"));
    folder.write("tokenmint.toml", &good);
    assert_eq!(next(&server, cases.len() + 2)["changed"], "clients");
    assert_eq!(token(&server, "two").0, 200);
}

#[test]
fn no_request_fails_while_the_configuration_changes() {
    let folder = Folder::new(&config(&["one"]));
    let server = Server::start(&["serve", "--config", folder.config().to_str().unwrap(), "--quiet"]);
    let (done, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    assert_eq!(token(&server, "one").0, 200);
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for round in 0..20 {
            let name = format!("more-{round}");
            folder.write("tokenmint.toml", config(&["one", &name]));
            server.signal("HUP");
            until("the new client is known", || token(&server, &name).0 == 200);
        }
        done.store(true, Ordering::Relaxed);
    });
    assert!(answered.load(Ordering::Relaxed) > 20);
}
