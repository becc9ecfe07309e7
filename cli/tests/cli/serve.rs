//! `tokenmint serve`: what the host itself promises.

use std::io::{Read, Write};
use std::time::Duration;

use crate::support::{Server, connect, read_answer, run};

const CLIENT: &str = "eb959578-a74d-4ac3-8b25-bf0910027857";
const CLIENT_SECRET: &str = "14c84a34-282b-4fd8-8af6-86b5b5f2c212";

#[test]
fn the_first_line_is_the_address() {
    let server = Server::demo();
    let port: u16 = server.base.strip_prefix("http://127.0.0.1:").unwrap().parse().unwrap();
    assert_ne!(port, 0);
    server.get("/.well-known/jwks.json").json(200);
}

#[test]
fn the_public_keys_are_there_and_no_secret_ones() {
    let server = Server::demo();
    let answer = server.get("/.well-known/jwks.json");
    let keys = answer.json(200)["keys"].as_array().unwrap().clone();
    // OAuth's key and Ledger's; the other dialects have shared secrets, which are never published.
    let algorithms: Vec<_> = keys.iter().map(|key| (key["kty"].as_str(), key["alg"].as_str())).collect();
    assert_eq!(algorithms, [(Some("EC"), Some("ES256")), (Some("RSA"), Some("RS256"))]);
    for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
        assert!(keys.iter().all(|key| key.get(private).is_none()), "{private}");
    }
    assert!(answer.header("cache-control").unwrap().contains("max-age="));
}

#[test]
fn head_is_get_without_the_body() {
    let server = Server::demo();
    let (get, head) =
        (server.get("/.well-known/jwks.json"), server.request("HEAD", "/.well-known/jwks.json").send());
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    assert_eq!(head.header("content-length").unwrap(), get.body.len().to_string());
}

#[test]
fn an_unknown_path_is_a_404_in_json() {
    let server = Server::demo();
    for path in ["/", "/nope", "/.well-known", "/%ff", "/.well-known/jwks.json/"] {
        let body = server.get(path).json(404);
        assert!(body["error"].is_string() && body["error_description"].is_string(), "{path}: {body}");
    }
    let answer = server.request("DELETE", "/introspect").send();
    answer.json(405);
}

#[test]
fn introspection_asks_who_asks() {
    let server = Server::demo();
    let ask = || server.request("POST", "/introspect").form("token=nope");
    ask().send().json(401);
    ask().bearer("wrong").send().json(401);
    assert_eq!(ask().bearer("demo-mercoa-key").send().json(200), serde_json::json!({ "active": false }));

    let basic = |text: &str| format!("Basic {}", base64_simd::STANDARD.encode_to_string(text));
    let right = basic(&format!("{CLIENT}:{CLIENT_SECRET}"));
    assert_eq!(
        ask().header("Authorization", &right).send().json(200),
        serde_json::json!({ "active": false })
    );
    let wrong = basic(&format!("{CLIENT}:{CLIENT_SECRET}x"));
    assert_eq!(ask().header("Authorization", &wrong).send().json(401)["error"], "invalid_client");
}

#[test]
fn a_body_over_64_kib_is_a_413() {
    let server = Server::demo();
    let post = |length: usize| {
        let body = format!("token={}", "x".repeat(length - 6));
        server.request("POST", "/introspect").bearer("demo-mercoa-key").form(&body).send()
    };
    post(64 * 1024).json(200);
    post(64 * 1024 + 1).json(413);
    post(900_000).json(413);
    // A client that asks first need not send at all.
    let mut stream = connect(&server);
    let head =
        "POST /introspect HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 10000000\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    read_answer(&mut stream).json(413);
}

#[test]
fn a_connection_serves_many_requests() {
    let server = Server::demo();
    let mut stream = connect(&server);
    for _ in 0..3 {
        stream.write_all(b"GET /nope HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let mut seen = Vec::new();
        // The body of this 404 ends with the only closing brace.
        while seen.last() != Some(&b'}') {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            seen.push(byte[0]);
        }
        assert!(seen.starts_with(b"HTTP/1.1 404"));
    }
}

#[test]
fn a_head_that_is_too_large_is_refused() {
    let server = Server::demo();
    let answer = server.request("GET", "/").header("X-Long", &"x".repeat(90_000)).send();
    assert_eq!(answer.status, 431);
    let many =
        (0..100).fold(server.request("GET", "/"), |request, at| request.header(&format!("X-{at}"), "x"));
    assert_eq!(many.send().status, 431);
    // And the next request finds everything as before.
    server.get("/.well-known/jwks.json").json(200);
}

#[test]
fn a_body_that_does_not_come_is_not_waited_for() {
    let server = Server::demo();
    let mut stream = connect(&server);
    stream.write_all(b"POST /introspect HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc").unwrap();
    assert_eq!(read_answer(&mut stream).status, 408);
}

#[test]
fn sigterm_and_sigint_let_requests_finish() {
    for signal in ["TERM", "INT"] {
        let server = Server::demo();
        // A request whose body is still on its way when the signal comes; its head was read.
        let mut stream = connect(&server);
        let head = "POST /introspect HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\
                    Authorization: Bearer demo-mercoa-key\r\n\
                    Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 10\r\n\r\n";
        stream.write_all(head.as_bytes()).unwrap();
        let mut interim = [0; 25];
        stream.read_exact(&mut interim).unwrap();
        assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
        server.signal(signal);
        // From now on nobody else gets in.
        while std::net::TcpStream::connect(server.address()).is_ok() {
            std::thread::sleep(Duration::from_millis(10));
        }
        stream.write_all(b"token=nope").unwrap();
        assert_eq!(read_answer(&mut stream).json(200), serde_json::json!({ "active": false }));
        let (status, _, log) = server.finish();
        assert_eq!(status.code(), Some(0), "{signal}: {log}");
        assert!(log.contains("\"stopped\""), "{log}");
    }
}

#[test]
fn idle_connections_do_not_hold_up_the_end() {
    let server = Server::demo();
    let _silent = connect(&server);
    let mut idle = connect(&server);
    idle.write_all(b"GET /nope HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    idle.read_exact(&mut [0; 12]).unwrap();
    server.get("/nope");
    server.terminate();
    let (status, _, log) = server.finish();
    assert_eq!(status.code(), Some(0));
    assert!(!log.contains("did not finish in time"), "{log}");
}

#[test]
fn the_log_is_json_lines_without_secrets() {
    let server = Server::demo();
    let secrets =
        ["demo-mercoa-key", CLIENT_SECRET, "wrong-bearer-7", "magic-8", "public-9", "query-10", "body-11"];
    server.request("POST", "/introspect").bearer("demo-mercoa-key").form("token=body-11").send();
    server.request("POST", "/introspect").bearer("wrong-bearer-7").form("token=body-11").send();
    let pair = base64_simd::STANDARD.encode_to_string(format!("{CLIENT}:{CLIENT_SECRET}"));
    server.request("POST", "/introspect").header("Authorization", &format!("Basic {pair}")).send();
    server.get("/magic-link/magic-8");
    server.get("/api/hris/v1/account-token/public-9");
    server.get("/nope/public-9?token=query-10");
    server.request("query-10", "/").send();
    let log = server.log();
    for secret in secrets.into_iter().chain([pair.as_str()]) {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
    let lines: Vec<serde_json::Value> =
        log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect();
    assert!(lines.iter().all(|line| line["ts"].is_string() && line["level"].is_string()));
    let access = lines.iter().filter(|line| line["target"] == "tokenmint::access").count();
    assert_eq!(access, 7, "{log}");
    let magic = lines.iter().find(|line| line["route"] == "/magic-link/{token}").unwrap();
    assert!(magic["method"] == "GET" && magic["status"].is_u64() && magic["micros"].is_u64());
    // The refused bearer is an event of the core, with its own fields.
    assert!(lines.iter().any(|line| line["event"] == "token_refused" && line["reason"] == "unauthenticated"));
}

#[test]
fn quiet_is_quiet() {
    let server = Server::start(&["serve", "--demo", "--port", "0", "--quiet"]);
    server.get("/nope");
    assert_eq!(server.log(), "");
}

#[test]
fn a_port_that_is_taken_is_told() {
    let server = Server::demo();
    let port = server.base.rsplit(':').next().unwrap();
    let second = run(&["serve", "--demo", "--port", port]);
    assert_eq!(second.code, 4, "{second:?}");
    assert!(second.err.contains(&format!("listen at 127.0.0.1:{port}")), "{second:?}");
    assert_eq!(second.out, "");
}
