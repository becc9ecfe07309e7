//! Security events that `serve` sends to their receivers (RFC 8935).

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::json;
use tokenmint::{SecretHash, unverified};

use crate::keys::http;
use crate::support::{Request, Server, run, until};

const AUTHORIZATION: &str = "Bearer the-secret-of-the-receiver";

/// What a receiver was sent: the head, and the body.
type Sent = Arc<Mutex<Vec<(String, String)>>>;

/// A receiver that answers with the first of these first, and with the last from then on.
fn receiver(answers: Vec<Vec<u8>>) -> (String, Sent) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/events", listener.local_addr().unwrap());
    let sent = Sent::default();
    let seen = Arc::clone(&sent);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut head, mut length) = (String::new(), 0);
            while reader.read_line(&mut head).unwrap() > 2 {
                let line = head.lines().last().unwrap().to_ascii_lowercase();
                length = line.strip_prefix("content-length: ").map_or(length, |told| told.parse().unwrap());
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let count = {
                let mut seen = seen.lock().unwrap();
                seen.push((head, String::from_utf8(body).unwrap()));
                seen.len()
            };
            // Whoever sends may be gone.
            let _ = stream.write_all(&answers[count.min(answers.len()) - 1]);
        }
    });
    (url, sent)
}

fn config(folder: &Path, more: &str) -> std::path::PathBuf {
    let path = folder.join("tokenmint.toml");
    let text = format!(
        r#"
        keys = [{{ kid = "k1", secret = "a secret of at least thirty-two bytes" }}]
        [store]
        url = "sqlite:{}"
        [oauth]
        issuer = "https://tokens.example"
        key = "k1"
        audience = "api"
        session_secret = "another secret of at least 32 bytes"
        [admin]
        listen = "127.0.0.1:0"
        keys = [{{ id = "root", key_sha256 = "{}" }}]
        {more}
        "#,
        folder.join("tokens.db").display(),
        SecretHash::of(b"demo-admin-key")
    );
    std::fs::write(&path, text).unwrap();
    path
}

fn section(url: &str) -> String {
    format!(
        "[[oauth.event_receivers]]\naudience = \"https://rp.example\"\npush_url = \"{url}\"\nauthorization_file = \"authorization\"\n"
    )
}

fn revoke(server: &Server, subject: &str) {
    let call = Request::to(&server.admin(), "POST", "/v1/revoke_subject").bearer("demo-admin-key");
    assert_eq!(call.json(&json!({ "subject": subject })).send().status, 200);
}

/// The `jti` and the subject of what was sent.
fn told(sent: &Sent) -> Vec<(String, String)> {
    let sent = sent.lock().unwrap();
    let read = |(_, token): &(String, String)| {
        let claims: serde_json::Value = unverified::decode(token).unwrap().claims().unwrap();
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        (text(&claims["jti"]), text(&claims["sub_id"]["sub"]))
    };
    sent.iter().map(read).collect()
}

#[test]
fn rfc_8935_section_2_an_event_is_sent_until_it_is_taken() {
    let (url, sent) = receiver(vec![http("503 Service Unavailable", ""), http("202 Accepted", "")]);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("authorization"), format!("{AUTHORIZATION}\n")).unwrap();
    let server = Server::with_config(&config(folder.path(), &section(&url)));
    revoke(&server, "u1");
    until("it is sent again", || told(&sent).len() == 2);
    revoke(&server, "u2");
    until("the next one is sent", || told(&sent).len() >= 3);
    let found = told(&sent);
    assert_eq!((&found[0], &*found[0].1), (&found[1], "u1"), "the same event");
    assert_eq!(found[2].1, "u2", "what was taken is not sent again");
    let head = sent.lock().unwrap()[0].0.to_ascii_lowercase();
    assert!(head.starts_with("post /events http/1.1\r\n"), "{head}");
    for line in [
        "content-type: application/secevent+jwt",
        "accept: application/json",
        &format!("authorization: {}", AUTHORIZATION.to_ascii_lowercase()),
    ] {
        assert!(head.lines().any(|found| found == line), "{line} is not in {head}");
    }
    let log = server.log();
    assert!(log.contains("a security event is sent again later"), "{log}");
    assert!(!log.contains("the-secret-of-the-receiver"), "{log}");
}

#[test]
fn rfc_8935_section_2_3_an_event_that_is_refused_is_told_and_not_sent_again() {
    let refusal = r#"{"err":"invalid_key","description":"who are you?"}"#;
    let (url, sent) = receiver(vec![http("400 Bad Request", refusal), http("202 Accepted", "")]);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("authorization"), AUTHORIZATION).unwrap();
    let server = Server::with_config(&config(folder.path(), &section(&url)));
    revoke(&server, "u1");
    until("the refusal is told", || server.told().contains("security_event_refused"));
    revoke(&server, "u2");
    until("the next one is sent", || told(&sent).len() >= 2);
    let found = told(&sent);
    assert_eq!([&*found[0].1, &*found[1].1], ["u1", "u2"]);
    let log = server.log();
    let line = log.lines().find(|line| line.contains("security_event_refused")).unwrap();
    assert!(line.contains(&found[0].0) && line.contains(r#""err":"invalid_key""#), "{line}");
}

#[test]
fn what_happened_before_a_crash_is_sent_behind_it() {
    let (url, sent) = receiver(vec![http("202 Accepted", "")]);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("authorization"), AUTHORIZATION).unwrap();
    // Nobody listens there.
    let away = section("http://127.0.0.1:1/events");
    let server = Server::with_config(&config(folder.path(), &away));
    revoke(&server, "u1");
    server.signal("KILL");
    drop(server);
    let server = Server::with_config(&config(folder.path(), &section(&url)));
    until("it is sent", || !told(&sent).is_empty());
    assert_eq!(told(&sent)[0].1, "u1");
    drop(server);
}

#[test]
fn a_receiver_that_cannot_be_is_named_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("empty"), "\n").unwrap();
    let begin = "[[oauth.event_receivers]]\naudience = \"r\"\n";
    for (more, said) in [
        ("push_url = \"http://rp.example/events\"", "push_url: plain http tells whoever is on the way"),
        ("push_url = \"rp.example\"", "push_url: not an absolute URL"),
        ("authorization = \"Bearer x\"", "push_url: an authorization goes with a URL"),
        ("push_url = \"https://rp.example\"\nauthorization_file = \"missing\"", "authorization_file"),
        ("push_url = \"https://rp.example\"\nauthorization_env = \"NOT_THERE_AT_ALL\"", "authorization_env"),
        (
            "push_url = \"https://rp.example\"\nauthorization_file = \"empty\"",
            "authorization: it is no value of a header",
        ),
        (
            "push_url = \"https://rp.example\"\nclient_id = \"c\"",
            "push_url: a receiver asks for its events or is sent them",
        ),
        ("events = [\"session-ended\"]", "events"),
        ("client_id = \"\"", "client_id: the client's id is empty"),
        (
            "[[oauth.event_receivers]]\naudience = \"r\"",
            "oauth.event_receivers[1].audience: the receiver is there twice",
        ),
    ] {
        let path = config(folder.path(), &format!("{begin}{more}\n"));
        let failed = run(&["serve", "--config", path.to_str().unwrap(), "--port", "0"]);
        assert!(failed.code != 0 && failed.err.contains(said), "{more}: {failed:?}");
    }
}
