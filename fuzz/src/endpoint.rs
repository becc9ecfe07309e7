//! HTTP requests to a service of all four dialects.

use std::sync::LazyLock;

use http::{HeaderName, HeaderValue, Method, Request, Uri};
use serde_json::Value;
use tokenmint::config::{Config, InlineOnly, Service};
use tokenmint::{Context, MemoryStore, UnixTime};

const CONFIG: &str = include_str!("../../xtask/src/vectors/cases/endpoint.json");

static SERVICE: LazyLock<Service> = LazyLock::new(|| {
    Config::from_json(CONFIG).and_then(|config| config.build(&mut InlineOnly)).expect("a good configuration")
});
/// One request or several, one after the other: there is always a response, and it is well formed.
///
/// Requests are divided by a zero byte. Each is a line `METHOD target`, lines `name: value`, an empty line and the
/// body. As in the transcripts, `{{0.access_token}}` stands for that member of the response to request 0.
pub fn endpoint(data: &[u8]) {
    let store = MemoryStore::new();
    let before = Context::new(UnixTime::from_seconds(1_699_999_999), [0xee; 32]);
    SERVICE.prepare_store(&before).run(&store).result.expect("a good store");
    let mut answers: Vec<Value> = Vec::new();
    for (text, seed) in data.split(|byte| *byte == 0).take(8).zip(1..) {
        let Some(request) = request(&fill(text, &answers)) else { return };
        let context = Context::new(UnixTime::from_seconds(1_700_000_000 + i64::from(seed)), [seed; 32]);
        let outcome = SERVICE.endpoint.handle(request, &context).run(&store);
        let response = outcome.result.expect("whatever goes wrong is a response");
        assert!(response.status().as_u16() < 600);
        assert_ne!(response.status(), 500, "a fault of the library");
        let body = match response.headers().get("content-type").and_then(|value| value.to_str().ok()) {
            Some("application/json") => serde_json::from_slice(response.body()).expect("a JSON body"),
            // The page of a magic link.
            Some(page) if page.starts_with("text/html") => {
                std::str::from_utf8(response.body()).expect("a page in UTF-8");
                Value::Null
            }
            other => {
                assert!(response.body().is_empty(), "a body of type {other:?}");
                Value::Null
            }
        };
        answers.push(body);
    }
}

fn request(text: &[u8]) -> Option<Request<Vec<u8>>> {
    let (line, mut rest) = cut(text);
    let mut words = line.splitn(2, |byte| *byte == b' ');
    let mut request = Request::new(Vec::new());
    *request.method_mut() = Method::from_bytes(words.next()?).ok()?;
    *request.uri_mut() = Uri::try_from(words.next()?).ok()?;
    loop {
        let (line, after) = cut(rest);
        rest = after;
        if line.is_empty() {
            break;
        }
        let colon = line.iter().position(|byte| *byte == b':')?;
        let (name, value) = line.split_at(colon);
        let name = HeaderName::from_bytes(name).ok()?;
        request.headers_mut().append(name, HeaderValue::from_bytes(value[1..].trim_ascii()).ok()?);
    }
    *request.body_mut() = rest.to_vec();
    Some(request)
}

/// A line, and what follows it.
fn cut(text: &[u8]) -> (&[u8], &[u8]) {
    match text.iter().position(|byte| *byte == b'\n') {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, &[]),
    }
}

/// Puts members of earlier answers in the places that name them; what names nothing stays.
fn fill(text: &[u8], answers: &[Value]) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(text) else { return text.to_vec() };
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, name, after)) = rest
        .split_once("{{")
        .and_then(|(before, rest)| rest.split_once("}}").map(|(name, after)| (before, name, after)))
    {
        let (index, member) = name.split_once('.').unwrap_or((name, ""));
        let answer = index.parse::<usize>().ok().and_then(|index| answers.get(index));
        let found =
            answer.and_then(|body| if member.is_empty() { body.as_str() } else { body[member].as_str() });
        filled.push_str(before);
        filled.push_str(found.unwrap_or(name));
        rest = after;
    }
    filled.push_str(rest);
    filled.into_bytes()
}
