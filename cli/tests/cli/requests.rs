//! Which request a line of the log is about, and who sent it.

use serde_json::{Value, json};

use crate::admin::KEY;
use crate::config::{Folder, small};
use crate::support::{Request, Server};

pub(crate) const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
pub(crate) const PARENT: &str = "b7ad6b7169203331";

pub(crate) fn lines(log: &str) -> Vec<Value> {
    log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect()
}

/// The lines that are about one request, by their targets.
fn about<'a>(lines: &'a [Value], id: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["request_id"] == id).collect()
}

#[test]
fn every_line_of_a_request_has_its_id_and_its_trace() {
    let server = Server::demo();
    let traced = |request: Request, id: &str| {
        let traceparent = format!("00-{TRACE}-{PARENT}-01");
        request.header("X-Request-Id", id).header("traceparent", &traceparent).send()
    };
    let refused = server.request("POST", "/introspect").bearer("wrong").form("token=x");
    assert_eq!(traced(refused, "req/1").header("x-request-id"), Some("req/1"));
    let started = Request::to(&server.admin(), "POST", "/v1/start_session").bearer(KEY);
    assert_eq!(
        traced(started.json(&json!({ "subject": "u" })), "req/2").header("x-request-id"),
        Some("req/2")
    );
    let unnamed = server.request("POST", "/introspect").bearer("wrong").form("token=x").send();
    let made = unnamed.header("x-request-id").unwrap().to_owned();
    let other = server.get("/openapi.json");
    assert!(made.len() == 32 && other.header("x-request-id") != Some(&made));

    let lines = lines(&server.log());
    let targets = |id: &str| -> Vec<String> {
        let told = |line: &Value| format!("{} {}", line["target"], line["event"]).replace('"', "");
        about(&lines, id).into_iter().map(told).collect()
    };
    assert_eq!(targets("req/1"), ["tokenmint::event token_refused", "tokenmint::access null"]);
    assert_eq!(targets(&made), targets("req/1"));
    assert_eq!(
        targets("req/2"),
        [
            "tokenmint::event session_opened",
            "tokenmint::event token_issued",
            "tokenmint::event admin_call",
            "tokenmint::access null"
        ]
    );
    for line in [about(&lines, "req/1"), about(&lines, "req/2")].concat() {
        assert_eq!((&line["trace_id"], &line["parent_id"]), (&json!(TRACE), &json!(PARENT)), "{line}");
    }
    let traces: Vec<&Value> = about(&lines, &made).iter().map(|line| &line["trace_id"]).collect();
    assert!(traces[0] == traces[1] && traces[0].as_str().unwrap().len() == 32, "{traces:?}");
    assert!(about(&lines, &made).iter().all(|line| line.get("parent_id").is_none()));
    // What is about no request has none of it.
    assert!(
        lines
            .iter()
            .filter(|line| line["target"] == "tokenmint::serve")
            .all(|line| line.get("trace_id").is_none())
    );
}

#[test]
fn what_is_no_id_is_not_repeated() {
    let server = Server::demo();
    for wrong in ["with blank", "quo\"te\\ and \u{e9}", &"long-id".repeat(30)] {
        let answer = server.request("GET", "/openapi.json").header("X-Request-Id", wrong).send();
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("x-request-id").unwrap().len(), 32);
    }
    let answer = server.request("GET", "/openapi.json").header("X-Request-Id", "quo\"te").send();
    assert_eq!(answer.header("x-request-id"), Some("quo\"te"));
    server.request("GET", "/openapi.json").header("traceparent", "00-secret-trace-01").send();
    let log = server.log();
    assert!(lines(&log).iter().any(|line| line["request_id"] == "quo\"te"), "{log}");
    for wrong in ["with blank", "long-id", "secret-trace"] {
        assert!(!log.contains(wrong), "{log}");
    }
}

#[test]
fn the_client_behind_a_named_proxy_is_told() {
    let told = |server: &str, forwarded: &[&str]| {
        let text = small(&format!("\n[server]\n{server}\n"));
        let folder = Folder::new(&text);
        let server = Server::with_config(&folder.config());
        let request = server.request("GET", "/openapi.json").header("Forwarded", "for=192.0.2.60");
        forwarded.iter().fold(request, |request, value| request.header("X-Forwarded-For", value)).send();
        let lines = lines(&server.log());
        lines.iter().find(|line| line["target"] == "tokenmint::access").unwrap().clone()
    };
    let header = ["1.1.1.1, 203.0.113.9", "10.1.2.3"];
    let named = told(r#"trusted_proxies = ["10.0.0.0/8", "127.0.0.1"]"#, &header);
    assert_eq!(named["address"], "203.0.113.9");
    // Its own peer is no proxy.
    assert_eq!(told(r#"trusted_proxies = ["10.0.0.0/8"]"#, &header)["address"], "127.0.0.1");
    assert_eq!(told("", &header).get("address"), None);
}

#[test]
fn a_proxy_that_is_no_address_is_told_with_its_place() {
    let text = small("\n[server]\ntrusted_proxies = [\"10.0.0.0/8\", \"proxy.internal\"]\n");
    let folder = Folder::new(&text);
    let config = folder.config();
    let refused = crate::support::run(&["serve", "--config", config.to_str().unwrap(), "--port", "0"]);
    assert_eq!(refused.code, 3);
    assert!(
        refused.err.contains("line 10: server.trusted_proxies[1]: it is neither an address nor a network"),
        "{refused:?}"
    );
}
