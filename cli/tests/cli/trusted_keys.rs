//! Trusted issuers whose keys stand at a URL: `serve` fetches them before it answers.

use std::sync::atomic::Ordering;

use tokenmint::*;

use crate::keys::{http, serve};
use crate::support::{Answer, Request, Server};

const CI: &str = "https://ci.example";
const NAME: &str = "https://tokens.example";

/// The CI system: its jobs, and its public keys.
fn ci() -> (Issuer, String) {
    let key = Key::generate(Some("ci-1"), Algorithm::ES256, &mut Entropy::new([7; 32])).unwrap();
    let issuer = Issuer::new(KeySet::builder().key(key).unwrap().build().unwrap(), Policy::new(CI)).unwrap();
    let jwks = issuer.public_jwks();
    (issuer, jwks)
}

fn job(ci: &Issuer, seed: u8) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let context = Context::new(UnixTime::from_seconds(i64::try_from(now).unwrap()), [seed; 32]);
    let claims = Claims::new().subject("repo:org/name:ref:refs/heads/main").audience(NAME);
    ci.mint(&claims, Lifetime::HOUR, &context).unwrap()
}

/// A server that trusts the CI system, whose keys stand at this URL.
fn trusting(url: &str) -> Server {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokenmint.toml");
    let config = format!(
        r#"
        keys = [{{ kid = "k1", secret = "a secret of at least thirty-two bytes" }}]
        [oauth]
        issuer = "{NAME}"
        key = "k1"
        audience = "api"
        [[oauth.trusted_issuers]]
        issuer = "{CI}"
        jwks_url = "{url}"
        [[oauth.trusted_issuers.rules]]
        claims = {{ sub = "repo:org/name:*" }}
        subject = "ci:{{sub}}"
        [admin]
        listen = "127.0.0.1:0"
        keys = [{{ id = "root", key_sha256 = "{}" }}]
        "#,
        SecretHash::of(b"demo-admin-key")
    );
    std::fs::write(&path, config).unwrap();
    // It has read its configuration when it tells its address.
    Server::with_config(&path)
}

fn present(server: &Server, job: &str) -> Answer {
    let form = format!("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={job}");
    server.request("POST", "/oauth/token").form(&form).send()
}

#[test]
fn the_keys_of_a_trusted_issuer_are_fetched_once_for_all_who_ask() {
    let (ci, jwks) = ci();
    // Without a max-age they are fresh for ten minutes.
    let answer = http("200 OK", &jwks);
    let answer = String::from_utf8(answer).unwrap().replace("Cache-Control: public, max-age=60\r\n", "");
    let (url, fetches) = serve(answer.into_bytes());
    let server = trusting(&url);
    std::thread::scope(|scope| {
        for seed in 0..16 {
            let (server, ci) = (&server, &ci);
            scope.spawn(move || {
                let job = job(ci, seed);
                assert!(present(server, &job).json(200)["access_token"].is_string());
                assert_eq!(present(server, &job).json(400)["error"], "invalid_grant");
            });
        }
    });
    assert_eq!(fetches.load(Ordering::SeqCst), 1);
    // What names nobody who is trusted is nobody's to fetch for.
    let key = Key::generate(Some("x"), Algorithm::ES256, &mut Entropy::new([8; 32])).unwrap();
    let keys = KeySet::builder().key(key).unwrap().build().unwrap();
    let stranger = Issuer::new(keys, Policy::new("https://stranger.example")).unwrap();
    assert_eq!(present(&server, &job(&stranger, 1)).json(400)["error"], "invalid_grant");
    assert_eq!(fetches.load(Ordering::SeqCst), 1);
}

#[test]
fn keys_that_cannot_be_fetched_are_no_fault_of_the_job() {
    let (url, fetches) = serve(http("500 Internal Server Error", "{}"));
    let server = trusting(&url);
    for _ in 0..2 {
        let answer = present(&server, &job(&ci().0, 1));
        assert_eq!(answer.json(503)["error"], "temporarily_unavailable");
        assert!(answer.header("retry-after").is_some());
    }
    assert!(fetches.load(Ordering::SeqCst) >= 1);
}

#[test]
fn they_are_fetched_for_a_call_of_the_admin_api_as_well() {
    let (ci, jwks) = ci();
    let (url, fetches) = serve(http("200 OK", &jwks));
    let server = trusting(&url);
    let call = Request::to(&server.admin(), "POST", "/v1/accept_assertion").bearer("demo-admin-key");
    let taken = call.json(&serde_json::json!({ "assertion": job(&ci, 1) })).send().json(200);
    assert_eq!(taken["token_type"], "Bearer");
    assert_eq!(fetches.load(Ordering::SeqCst), 1);
}
