//! What `tokenmint serve` does with requests that are cut off, or that two readers could read in two ways.

use std::io::{Read, Write};
use std::net::Shutdown;

use crate::support::{Answer, Server, connect, read_answer};

const ENTITY: &str = "/entity/ent_a0f6ea94-0761-4a5e-a416-3c453cb7eced/token";
const MERCOA: &str = "Authorization: Bearer demo-mercoa-key\r\n";

/// Sends these bytes and no more, and reads to the end.
fn send(server: &Server, bytes: &str) -> String {
    let mut stream = connect(server);
    stream.write_all(bytes.as_bytes()).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// The statuses of all that the server answered.
fn statuses(answer: &str) -> Vec<&str> {
    answer.split("HTTP/1.").skip(1).map(|answer| &answer[2..5]).collect()
}

fn get(head: &str) -> String {
    format!("GET /.well-known/jwks.json HTTP/1.1\r\n{head}\r\n")
}

fn mint(server: &Server, bearer: &str) -> Answer {
    server.request("POST", ENTITY).bearer(bearer).send()
}

#[test]
fn a_request_names_one_host() {
    let server = Server::demo();
    for (head, status) in [
        ("Host: api.example.com\r\n", "200"),
        ("Host: [::1]:8080\r\n", "200"),
        ("", "400"),
        ("Host: x\r\nHost: x\r\n", "400"),
        ("Host: x\r\nhost: y\r\n", "400"),
        ("Host: x, y\r\n", "400"),
        ("Host: user@x\r\n", "400"),
        ("Host: http://x/\r\n", "400"),
    ] {
        // The connection ends, so that what a proxy took for a part of it is no next request.
        let answer = send(&server, &format!("{}{}", get(head), get("Host: x\r\n")));
        let expected: &[&str] = if status == "200" { &["200", "200"] } else { &["400"] };
        assert_eq!(statuses(&answer), expected, "{head:?}: {answer}");
    }
    assert_eq!(statuses(&send(&server, "GET /.well-known/jwks.json HTTP/1.0\r\n\r\n")), ["200"]);
}

#[test]
fn a_coding_that_is_not_understood_is_refused() {
    let server = Server::demo();
    let post = |version: &str, codings: &str, body: &str| {
        let next = get("Host: x\r\n");
        let head = format!("POST {ENTITY} HTTP/{version}\r\nHost: x\r\n{MERCOA}{codings}\r\n");
        send(&server, &format!("{head}{body}{next}"))
    };
    let chunks = "2\r\n{}\r\n0\r\n\r\n";
    assert_eq!(statuses(&post("1.1", "Transfer-Encoding: chunked\r\n", chunks)), ["200", "200"]);
    // RFC 9112 section 6.3: with a length beside it, the connection ends behind the answer.
    for both in [
        "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n",
    ] {
        assert_eq!(statuses(&post("1.1", both, chunks)), ["200"], "{both}");
    }
    for wrong in [
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: chunked, gzip\r\n",
        "Transfer-Encoding: chunked, chunked\r\n",
        "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding:\r\n",
        "Content-Length: 2\r\nTransfer-Encoding: xchunked\r\n",
        "Content-Length: 2\r\nContent-Length: 3\r\n",
        "Content-Length: +2\r\n",
    ] {
        let answer = post("1.1", wrong, chunks);
        assert_eq!(statuses(&answer), ["400"], "{wrong}: {answer}");
    }
    assert_eq!(statuses(&post("1.0", "Transfer-Encoding: chunked\r\n", chunks)), ["400"]);
}

#[test]
fn a_body_that_is_cut_off_is_refused_in_the_dialects_shape() {
    let server = Server::demo();
    // Where, and the member that tells why.
    for (path, member) in [
        (ENTITY, "/content"),
        ("/v1/auth/token", "/error/message"),
        ("/auth/token", "/message"),
        ("/api/hris/v1/link-token", "/detail"),
        ("/introspect", "/error_description"),
    ] {
        for (framing, body) in [
            ("Content-Length: 9", "{}"),
            ("Content-Length: 9", ""),
            ("Transfer-Encoding: chunked", "2\r\n{}\r\n"),
            ("Transfer-Encoding: chunked", "9\r\n{}"),
            ("Transfer-Encoding: chunked", ""),
            ("Transfer-Encoding: chunked", "x\r\n{}\r\n0\r\n\r\n"),
        ] {
            let mut stream = connect(&server);
            let head = format!("POST {path} HTTP/1.1\r\nHost: x\r\n{MERCOA}{framing}\r\n\r\n");
            stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
            stream.shutdown(Shutdown::Write).unwrap();
            let answer = read_answer(&mut stream).json(400);
            let reason = answer.pointer(member).and_then(|reason| reason.as_str()).unwrap_or_default();
            assert!(reason.contains("nothing was done"), "{path} {framing} {body:?}: {answer}");
        }
    }
}

/// Without a body, the same request ends every token of the organization.
#[test]
fn nothing_is_done_for_a_body_that_is_cut_off() {
    let server = Server::demo();
    let token = mint(&server, "demo-mercoa-key").json(200).as_str().unwrap().to_owned();
    let head = format!("POST /organization/invalidateTokens HTTP/1.1\r\nHost: x\r\n{MERCOA}");
    for rest in [
        "Content-Length: 27\r\n\r\n",
        "Content-Length: 27\r\n\r\n{\"sessionId\":",
        "Transfer-Encoding: chunked\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n1b\r\n{\"sessionId\":",
        "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    ] {
        assert_eq!(statuses(&send(&server, &format!("{head}{rest}"))), ["400"], "{rest:?}");
        assert_eq!(mint(&server, &token).status, 200, "{rest:?}");
    }
    assert_eq!(statuses(&send(&server, &format!("{head}Content-Length: 0\r\n\r\n"))), ["200"]);
    assert_eq!(mint(&server, &token).status, 401);
}

/// Of a body that comes a byte at a time, the whole has to come in time.
#[test]
fn a_body_that_trickles_is_refused_in_the_dialects_shape() {
    let server = Server::demo();
    let mut stream = connect(&server);
    let head = format!("POST {ENTITY} HTTP/1.1\r\nHost: x\r\n{MERCOA}Transfer-Encoding: chunked\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut trickle = stream.try_clone().unwrap();
    std::thread::spawn(move || {
        while trickle.write_all(b"1\r\n \r\n").is_ok() {
            std::thread::sleep(std::time::Duration::from_millis(200));
        }
    });
    let mut answer = Vec::new();
    // The server closes while the client is still sending.
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8(answer).unwrap();
    assert_eq!(statuses(&answer), ["408"], "{answer}");
    assert!(answer.contains("\"errorName\"") && answer.contains("nothing was done"), "{answer}");
}

#[test]
fn a_body_that_is_too_large_is_told_by_its_length() {
    let server = Server::demo();
    let mut stream = connect(&server);
    let head = format!(
        "POST {ENTITY} HTTP/1.1\r\nHost: x\r\n{MERCOA}Expect: 100-continue\r\nContent-Length: 1000000000\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let answer = read_answer(&mut stream).json(413);
    assert!(answer["content"].as_str().unwrap().contains("1000000000 bytes"), "{answer}");
}

/// One bound for what is minted and what is taken.
#[test]
fn a_token_of_any_size_that_is_minted_comes_back() {
    let server = Server::demo();
    let ask = |statuses: usize| {
        let options = serde_json::json!({ "invoice": { "status": vec!["APPROVED"; statuses] } });
        server.request("POST", ENTITY).bearer("demo-mercoa-key").json(&options).send()
    };
    // Where a token ends to fit its bound, or its request's body ends to fit that.
    let mut fits = 0;
    for step in (0..13).rev().map(|power| 1 << power) {
        if ask(fits + step).status == 200 {
            fits += step;
        }
    }
    let token = ask(fits).json(200).as_str().unwrap().to_owned();
    assert!(token.len() > 48 * 1024, "{fits} statuses, {} bytes", token.len());
    // Renewed, in the company of what browsers and proxies send.
    let request = server.request("POST", ENTITY).bearer(&token).header("Cookie", &"c".repeat(8192));
    assert_eq!(request.send().status, 200);

    let of = |length: usize| server.request("POST", ENTITY).bearer(&"a".repeat(length)).send().status;
    assert_eq!([of(tokenmint::MAX_TOKEN), of(tokenmint::MAX_TOKEN + 20_000)], [401, 431]);
}
