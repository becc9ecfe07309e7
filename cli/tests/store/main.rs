//! `tokenmint serve` on stores that last, and the commands about them, with the real servers.

mod certified;
mod cluster;
mod commands;
mod outages;
#[allow(dead_code, reason = "the tests of the drivers use more of it")]
#[path = "../../../store/tests/servers/postgres.rs"]
mod postgres_server;
#[path = "../../../store/tests/servers/proxy.rs"]
mod proxy;
mod readiness;
#[allow(dead_code, reason = "the tests of the drivers use more of it")]
#[path = "../../../store/tests/servers/redis.rs"]
mod redis_server;
mod restart;
mod servers_together;
#[path = "../cli/support.rs"]
mod support;
mod token_sources;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use support::{Answer, Server};

/// The demonstration's public credentials, and keys that outlive a restart. No grace and no window: each token counts
/// once.
const CONFIG: &str = r#"
[[keys]]
kid = "k1"
secret = "a secret of at least thirty-two bytes"

[ledger]
issuer = "https://ledger.example"
key = "k1"
session_secret = "another secret of at least thirty-two bytes"
refresh_grace_seconds = 0

[merge]
issuer = "https://merge.example"
key = "k1"
session_secret = "another secret of at least thirty-two bytes"
redeem_window_seconds = 0
magic_link_base = "https://merge.example"

[[clients]]
id = "2khK02ZRc_TE9nYJyGIfIQ"
organization = "org_1"
secret_sha256 = "LEDGER"
permissions = ["sessions"]

[[api_keys]]
key_sha256 = "MERGE"
organization = "org_1"
permissions = ["links"]

[[integrations]]
slug = "bamboohr"
name = "BambooHR"
categories = ["hris"]
"#;

const SECRET: &str = "jI0X2n55EHnNaZasmzfOL36wXx6b4D7Wmw-riZCeGWE";

/// A folder with a configuration.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self::with(CONFIG)
    }

    fn with(config: &str) -> Self {
        let hash = |secret: &str| tokenmint::SecretHash::of(secret.as_bytes()).to_string();
        let config = config.replace("LEDGER", &hash(SECRET)).replace("MERGE", &hash("demo-merge-key"));
        let place = Place { folder: tempfile::tempdir().unwrap() };
        std::fs::write(place.config(), config).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn config(&self) -> PathBuf {
        self.path("tokenmint.toml")
    }

    /// The URL of a file in the folder.
    fn sqlite(&self, name: &str) -> String {
        patient(&format!("sqlite:{}", self.path(name).display()))
    }

    fn serve(&self, more: &[&str]) -> Server {
        let config = text(&self.config());
        let head = ["serve", "--config", &config, "--port", "0"];
        Server::start(&[&head, more].concat())
    }
}

/// The URL with patience for a slow machine. What is about time says its own.
fn patient(url: &str) -> String {
    format!("{url}{}timeout_ms=60000", if url.contains('?') { '&' } else { '?' })
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

fn post(server: &Server, path: &str, body: &Value) -> Answer {
    server.request("POST", path).json(body).send()
}

fn credentials() -> Value {
    json!({ "api_key_id": "2khK02ZRc_TE9nYJyGIfIQ", "api_key_secret": SECRET })
}

/// The refresh token of a new session.
fn sign_in(server: &Server) -> String {
    member(&post(server, "/auth/token", &credentials()), "refresh_token")
}

fn refresh(server: &Server, token: &str) -> Answer {
    post(server, "/auth/token/refresh", &json!({ "refresh_token": token }))
}

/// A new link token.
fn link(server: &Server) -> String {
    let body = json!({
        "end_user_email_address": "example@example.com",
        "end_user_organization_name": "Test Organization",
        "end_user_origin_id": "12345",
        "categories": ["hris"],
        "integration": "bamboohr",
    });
    let request = server.request("POST", "/api/hris/v1/link-token").bearer("demo-merge-key").json(&body);
    member(&request.send(), "link_token")
}

fn redeem(server: &Server, token: &str) -> Answer {
    post(server, "/api/link-token/redeem", &json!({ "link_token": token }))
}

#[track_caller]
fn member(answer: &Answer, name: &str) -> String {
    answer.json(200)[name].as_str().unwrap_or_else(|| panic!("no {name}: {answer:?}")).to_owned()
}
