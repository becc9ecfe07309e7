//! Spans of requests and of the store's commands, as a collector of OTLP gets them: their bytes are read as protobuf here.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::admin::KEY;
use crate::requests::{PARENT, TRACE, lines};
use crate::support::{Request, Server};

/// What was sent to `/v1/traces`, whole bodies.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<Vec<u8>>>>);

impl Collector {
    /// Listens until the test ends; gives its URL, too.
    fn start() -> (Self, String) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let collector = Collector::default();
        let taking = collector.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (mut stream, taking) = (BufReader::new(stream.unwrap()), taking.clone());
                std::thread::spawn(move || while let Some(()) = taking.take(&mut stream) {});
            }
        });
        (collector, url)
    }

    /// Takes one request, and answers it with an empty message.
    fn take(&self, stream: &mut BufReader<std::net::TcpStream>) -> Option<()> {
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).ok()? == 0 {
                return None;
            }
            match line.trim_end() {
                "" => break,
                line => head.push(line.to_ascii_lowercase()),
            }
        }
        assert!(head[0].starts_with("post /v1/traces "), "{head:?}");
        assert!(head.contains(&"content-type: application/x-protobuf".to_owned()), "{head:?}");
        let length = head.iter().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        let mut body = vec![0; length.parse().unwrap()];
        stream.read_exact(&mut body).unwrap();
        self.0.lock().unwrap().push(body);
        let answer = "HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n";
        stream.get_mut().write_all(answer.as_bytes()).ok()
    }
}

/// A field of a protobuf message.
enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// The fields of a message, each with its number.
fn fields(mut message: &[u8]) -> Vec<(u64, Field<'_>)> {
    fn number(message: &mut &[u8]) -> u64 {
        let mut number = 0;
        for shift in (0..).step_by(7) {
            let byte = message[0];
            *message = &message[1..];
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        number
    }
    let mut found = Vec::new();
    while !message.is_empty() {
        let tag = number(&mut message);
        let length = match tag & 7 {
            0 => {
                found.push((tag >> 3, Field::Number(number(&mut message))));
                continue;
            }
            1 => 8,
            2 => usize::try_from(number(&mut message)).unwrap(),
            5 => 4,
            other => panic!("a field of type {other}"),
        };
        let (bytes, rest) = message.split_at(length);
        message = rest;
        found.push((tag >> 3, Field::Bytes(bytes)));
    }
    found
}

/// What a field of a message holds, each time that it is there.
fn each(message: &[u8], wanted: u64) -> impl Iterator<Item = &[u8]> {
    fields(message).into_iter().filter_map(move |(found, field)| match field {
        Field::Bytes(bytes) if found == wanted => Some(bytes),
        _ => None,
    })
}

fn text(message: &[u8], wanted: u64) -> String {
    String::from_utf8(each(message, wanted).next().unwrap_or_default().to_vec()).unwrap()
}

fn number(message: &[u8], wanted: u64) -> u64 {
    let found = fields(message).into_iter().find_map(|(found, field)| match field {
        Field::Number(number) if found == wanted => Some(number),
        _ => None,
    });
    found.unwrap_or_default()
}

fn hex(message: &[u8], wanted: u64) -> String {
    let bytes = each(message, wanted).next().unwrap_or_default();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The attributes of a message: texts and whole numbers.
fn attributes(message: &[u8], wanted: u64) -> BTreeMap<String, Value> {
    let pair = |pair: &[u8]| {
        let value = each(pair, 2).next().unwrap_or_default();
        let said =
            if each(value, 1).next().is_some() { json!(text(value, 1)) } else { json!(number(value, 3)) };
        (text(pair, 1), said)
    };
    each(message, wanted).map(pair).collect()
}

#[derive(Debug)]
struct Span {
    service: Value,
    trace: String,
    id: String,
    parent: String,
    name: String,
    kind: u64,
    attributes: BTreeMap<String, Value>,
}

/// The spans of an `ExportTraceServiceRequest`.
fn spans(request: &[u8]) -> Vec<Span> {
    let mut all = Vec::new();
    for of_resource in each(request, 1) {
        let resource = attributes(each(of_resource, 1).next().unwrap(), 1);
        for span in each(of_resource, 2).flat_map(|of_scope| each(of_scope, 2)) {
            all.push(Span {
                service: resource["service.name"].clone(),
                trace: hex(span, 1),
                id: hex(span, 2),
                parent: hex(span, 4),
                name: text(span, 5),
                kind: number(span, 6),
                attributes: attributes(span, 9),
            });
        }
    }
    all
}

#[test]
fn spans_are_sent_to_the_collector_that_the_environment_names() {
    let (collector, url) = Collector::start();
    let demo = ["serve", "--demo", "--port", "0"];
    let server = Server::start_with(&demo, &[("OTEL_EXPORTER_OTLP_ENDPOINT", &url)]);
    let introspect = |parent: &str| {
        let request = server.request("POST", "/introspect").bearer("secret-1").form("token=secret-2");
        assert_eq!(request.header("traceparent", parent).send().status, 401);
    };
    introspect(&format!("00-{TRACE}-{PARENT}-01"));
    // Whoever sent this one records nothing.
    introspect(&format!("00-{}-{PARENT}-00", "5".repeat(32)));
    let start = Request::to(&server.admin(), "POST", "/v1/start_session").bearer(KEY);
    start.json(&json!({ "subject": "secret-3" })).send().json(200);
    let log = server.log();

    let bodies = collector.0.lock().unwrap();
    let spans: Vec<Span> = bodies.iter().flat_map(|body| spans(body)).collect();
    let named =
        |name: &str| spans.iter().find(|span| span.name == name).unwrap_or_else(|| panic!("{spans:#?}"));
    let asked = named("POST /introspect");
    assert_eq!((asked.trace.as_str(), asked.parent.as_str(), asked.kind), (TRACE, PARENT, 2));
    assert_eq!(asked.service, "tokenmint");
    let said = json!({ "http.request.method": "POST", "http.route": "/introspect", "http.response.status_code": 401 });
    assert_eq!(json!(asked.attributes), said);
    assert_eq!(spans.iter().filter(|span| span.name == asked.name).count(), 1, "{spans:#?}");

    // The log and the trace are about the same.
    let started = named("POST /v1/{operation}");
    let lines = lines(&log);
    let line = lines.iter().find(|line| line["route"] == "/v1/{operation}").unwrap();
    assert_eq!((line["trace_id"].as_str(), started.parent.as_str()), (Some(started.trace.as_str()), ""));
    let written = named("store cas");
    assert_eq!((&written.trace, &written.parent, written.kind), (&started.trace, &started.id, 3));
    let said = json!({ "db.operation.name": "cas", "tokenmint.result": "done" });
    assert_eq!(json!(written.attributes), said);

    for body in &*bodies {
        let body = String::from_utf8_lossy(body);
        assert!(!body.contains("secret") && !body.contains(KEY), "{body}");
    }
    assert!(!log.contains("\"error\""), "{log}");
}

#[test]
fn a_collector_that_is_away_is_told_and_holds_up_nobody() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{nobody}");
    let server =
        Server::start_with(&["serve", "--demo", "--port", "0"], &[("OTEL_EXPORTER_OTLP_ENDPOINT", &url)]);
    assert_eq!(server.get("/openapi.json").status, 200);
    server.terminate();
    let (status, _, log) = server.finish();
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(
        lines(&log).iter().any(|line| line["target"].as_str().unwrap().starts_with("opentelemetry")),
        "{log}"
    );
}
