//! The console, as far as it is no page: its files, what it is told of the server, and the events as they happen.

use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::admin::{KEY, server};
use crate::config::{Folder, small};
use crate::support::{Answer, Request, Server};

fn get(server: &Server, path: &str, key: &str) -> Answer {
    Request::to(&server.admin(), "GET", path).bearer(key).send()
}

fn events(server: &Server, after: Option<u64>) -> Value {
    let query = after.map(|after| format!("?after={after}")).unwrap_or_default();
    get(server, &format!("/v1/events{query}"), KEY).json(200)
}

fn start_session(server: &Server, subject: &str) -> Value {
    let path = "/v1/start_session?issuer=https://second.example.com";
    let input = json!({ "subject": subject });
    Request::to(&server.admin(), "POST", path).bearer(KEY).json(&input).send().json(200)
}

#[test]
fn the_page_may_do_nothing_but_call_its_own_address() {
    let (_folder, server) = server();
    let fetch = |path: &str| Request::to(&server.admin(), "GET", path).send();
    let page = fetch("/");
    let names: Vec<&str> = page.body.split(['"']).filter(|part| part.starts_with("console/")).collect();
    assert!(names.contains(&"console/main.js") && names.contains(&"console/style.css"), "{names:?}");
    let mut paths: Vec<String> = names.iter().map(|name| format!("/{name}")).collect();
    // Every module that one of them needs is there.
    let mut at = 0;
    while at < paths.len() {
        let file = fetch(&paths[at]);
        for part in file.body.split('"').filter(|part| part.starts_with("./") && part.ends_with(".js")) {
            let path = part.replacen('.', "/console", 1);
            if !paths.contains(&path) {
                paths.push(path);
            }
        }
        at += 1;
    }
    assert!(paths.len() > 15, "{paths:?}");
    for answer in paths.iter().map(|path| fetch(path)).chain([page]) {
        assert_eq!(answer.status, 200);
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
        assert!(!policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        for elsewhere in ["http://", "https://", "localStorage", "sessionStorage", "innerHTML", "eval("] {
            let rest = answer.body.replace("http://www.w3.org/2000/svg", "");
            assert!(!rest.contains(elsewhere), "{elsewhere}");
        }
    }
    // The dialects' listener has none of it, nor has a path that no file has.
    assert_eq!(server.get("/console/main.js").status, 404);
    assert_eq!(fetch("/console/mod.rs").status, 404);
    assert_eq!(Request::to(&server.admin(), "POST", "/").send().json(405)["error"], "method_not_allowed");
}

#[test]
fn events_come_as_they_happen_and_are_the_log() {
    let (_folder, server) = server();
    start_session(&server, "user-1");
    let before = events(&server, None);
    let names: Vec<&str> =
        before["events"].as_array().unwrap().iter().filter_map(|event| event["event"].as_str()).collect();
    assert!(names.ends_with(&["session_opened", "token_issued", "admin_call"]), "{names:?}");
    let next = before["next"].as_u64().unwrap();
    let started = Instant::now();
    let opened = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| events(&server, Some(next)));
        sleep(Duration::from_millis(300));
        assert!(!waiting.is_finished());
        start_session(&server, "user-2");
        waiting.join().unwrap()
    });
    assert!(started.elapsed() < Duration::from_secs(20));
    let opened = opened["events"].as_array().unwrap()[0].clone();
    assert_eq!((&opened["event"], &opened["subject"]), (&json!("session_opened"), &json!("user-2")));
    assert!(opened["number"].as_u64().unwrap() > next);

    // Line by line what the log has, and no more.
    let told = events(&server, None)["events"].as_array().unwrap().clone();
    let log = server.log();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let logged: Vec<_> = lines.into_iter().filter(|line| line["target"] == "tokenmint::event").collect();
    let told: Vec<Value> = told
        .into_iter()
        .map(|mut event| {
            event.as_object_mut().unwrap().remove("number");
            event
        })
        .collect();
    assert_eq!(told, logged);
}

#[test]
fn events_are_for_those_whose_key_is_for_them() {
    let hash = |key: &str| tokenmint::SecretHash::of(key.as_bytes()).to_string();
    let folder = Folder::new(&small(&format!(
        "[admin]\nlisten = \"127.0.0.1:0\"\n\
         keys = [{{ id = \"looks\", key_sha256 = \"{}\", operations = [\"events\"] }},\n\
                 {{ id = \"lists\", key_sha256 = \"{}\", operations = [\"list_sessions\"] }}]\n",
        hash("key-of-one"),
        hash("key-of-another"),
    )));
    let server = Server::with_config(&folder.config());
    get(&server, "/v1/events", "key-of-one").json(200);
    assert_eq!(get(&server, "/v1/events", "key-of-another").json(403)["error"], "forbidden");
    assert_eq!(get(&server, "/v1/events", "wrong").json(401)["field"], "Authorization");
    let post = Request::to(&server.admin(), "POST", "/v1/list_sessions").bearer("key-of-one");
    assert_eq!(post.json(&json!({ "subject": "u" })).send().json(403)["error"], "forbidden");
    for (query, field) in [
        ("after=x", "after"),
        ("after=1&after=2", "after"),
        ("since=1", "since"),
        ("after=-1", "after"),
        ("after=9007199254740992", "after"),
    ] {
        let refused = get(&server, &format!("/v1/events?{query}"), "key-of-one").json(400);
        assert_eq!((&refused["error"], &refused["field"]), (&json!("invalid_request"), &json!(field)));
    }
    let told = get(&server, "/v1/server", "key-of-another").json(200);
    assert_eq!(told["key"], json!({ "id": "lists", "operations": ["list_sessions"] }));
    assert_eq!(get(&server, "/v1/server", "wrong").json(401)["error"], "unauthenticated");
}

#[test]
fn the_server_tells_its_issuers_and_their_keys_but_no_secret() {
    let (_folder, server) = server();
    let answer = get(&server, "/v1/server", KEY);
    let told = answer.json(200);
    assert_eq!(told["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(told["key"], json!({ "id": "root", "operations": null }));
    assert_eq!(told["issuers"].as_array().unwrap().len(), 2);
    let key = json!({ "kid": "k1", "alg": "HS256", "signs": true });
    let second = json!({ "issuer": "https://second.example.com", "keys": [key] });
    assert_eq!(told["issuers"][1], second);
    assert!(!answer.body.contains("secret"), "{}", answer.body);
}

#[test]
fn whoever_waits_for_events_does_not_hold_up_the_end() {
    let (_folder, server) = server();
    let next = events(&server, None)["next"].as_u64().unwrap();
    let admin = server.admin();
    let waiting = std::thread::spawn(move || {
        Request::to(&admin, "GET", &format!("/v1/events?after={next}")).bearer(KEY).send().json(200)
    });
    sleep(Duration::from_millis(300));
    let start = Instant::now();
    let log = server.log();
    assert!(start.elapsed() < Duration::from_secs(5), "{log}");
    assert!(!log.contains("did not finish in time"), "{log}");
    assert_eq!(waiting.join().unwrap()["events"], json!([]));
}

#[test]
fn what_the_log_leaves_out_is_not_told() {
    let folder = server().0;
    let config = folder.config();
    let server = Server::start(&["serve", "--config", config.to_str().unwrap(), "--port", "0", "--quiet"]);
    start_session(&server, "user-1");
    assert_eq!(events(&server, None)["events"], json!([]));
}
