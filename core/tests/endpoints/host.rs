//! A host for the endpoint tests: a store, a clock that stands until it is moved, and what every answer must keep to.

use std::cell::{Cell, RefCell};

use serde_json::Value;
use tokenmint::endpoint::Endpoint;
use tokenmint::{
    Algorithm, Command, Context, Event, EventKind, Key, KeySet, MemoryStore, Outcome, Reply, Store,
    StoreError, Task, UnixTime, WithSigner,
};

/// 2023-11-14T22:13:20Z.
pub(crate) const START: i64 = 1_700_000_000;

pub(crate) struct Host {
    pub(crate) store: MemoryStore,
    /// Its own keys, for issuers that have only the public halves.
    vault: KeySet,
    endpoint: Endpoint,
    now: Cell<i64>,
    seed: Cell<u64>,
    /// What must not be told to anybody else: secrets, and tokens that were issued.
    secrets: RefCell<Vec<String>>,
}

/// The id of the one key that every host here holds.
pub(crate) const HELD: &str = "held";

/// An RS256 key (RFC 7515 appendix A.2); none in a build without RSA.
pub(crate) fn vault() -> KeySet {
    let key = Key::from_jwk_as(Algorithm::RS256, include_str!("../../tests-data/keys/rfc7515_a2.json"));
    match key {
        Ok(key) => KeySet::builder().key(key.with_kid(Some(HELD))).unwrap().build().unwrap(),
        Err(_) => KeySet::from_jwks(r#"{"keys":[]}"#).unwrap(),
    }
}

/// A response with its body read.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Value,
    pub(crate) events: Vec<Event>,
}

impl Host {
    pub(crate) fn new(endpoint: Endpoint) -> Self {
        Host {
            store: MemoryStore::new(),
            vault: vault(),
            endpoint,
            now: Cell::new(START),
            seed: Cell::new(1),
            secrets: RefCell::default(),
        }
    }

    /// The time as it stands, and a seed that was never used.
    pub(crate) fn context(&self) -> Context {
        let seed = self.seed.replace(self.seed.get() + 1);
        let mut bytes = [7; 32];
        bytes[..8].copy_from_slice(&seed.to_be_bytes());
        Context::new(self.now(), bytes)
    }

    pub(crate) fn now(&self) -> UnixTime {
        UnixTime::from_seconds(self.now.get())
    }

    pub(crate) fn wait(&self, seconds: i64) {
        self.now.set(self.now.get() + seconds);
    }

    /// Says that no event, and no error, may hold this.
    pub(crate) fn keep_secret(&self, secret: &str) {
        self.secrets.borrow_mut().push(secret.to_owned());
    }

    /// Carries out a command of a task that is driven by hand.
    pub(crate) fn execute(&self, command: Command) -> Result<Reply, StoreError> {
        self.storage().execute(command)
    }

    fn storage(&self) -> WithSigner<&MemoryStore, &KeySet> {
        WithSigner::new(&self.store, &self.vault)
    }

    pub(crate) fn run<T: 'static>(&self, task: Task<T>) -> T {
        let Outcome { result, events } = task.run(&self.storage());
        self.check_events(&events);
        result.unwrap()
    }

    pub(crate) fn send(&self, request: http::Request<Vec<u8>>) -> Answer {
        let path = request.uri().path().to_owned();
        let authorization = request.headers().contains_key("authorization");
        let Outcome { result, events } = self.endpoint.handle(request, &self.context()).run(&self.storage());
        let (parts, body) = result.unwrap().into_parts();
        self.check_events(&events);
        let text = String::from_utf8(body).unwrap();
        let body: Value = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() };
        let answer = Answer { status: parts.status.as_u16(), headers: parts.headers, body, events };
        // Edge case 0.16.
        assert_eq!(answer.header("content-type"), (answer.status != 304).then_some("application/json"));
        if answer.status >= 400 {
            assert_eq!(answer.header("cache-control"), Some("no-store"));
            for secret in self.secrets.borrow().iter() {
                assert!(!text.contains(secret), "a refusal tells a secret: {text}");
            }
        }
        // RFC 9110 sections 15.5.2 and 15.5.6. OAuth challenges those only who tried the header (RFC 6749 section 5.2).
        let asks_for_header = !path.starts_with("/oauth/") || path == "/oauth/events";
        let challenged = answer.status == 401 && (authorization || asks_for_header);
        assert_eq!(challenged, answer.header("www-authenticate").is_some());
        assert_eq!(answer.status == 405, answer.header("allow").is_some());
        for name in ["access_token", "refresh_token"] {
            if let Some(token) = answer.body[name].as_str() {
                self.keep_secret(token);
            }
        }
        answer
    }

    fn check_events(&self, events: &[Event]) {
        for event in events {
            let texts = [format!("{event:?}"), serde_json::to_string(event).unwrap()];
            for secret in self.secrets.borrow().iter() {
                assert!(
                    !texts.iter().any(|text| text.contains(secret)),
                    "an event tells a secret: {event:?}"
                );
            }
        }
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn text(&self, name: &str) -> String {
        self.body[name].as_str().unwrap_or_else(|| panic!("no {name} in {:?}", self.body)).to_owned()
    }

    pub(crate) fn kinds(&self) -> Vec<EventKind> {
        self.events.iter().map(|event| event.kind).collect()
    }
}

/// A request with headers; a value that a test spells wrongly is a mistake of the test.
pub(crate) fn request(
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Vec<u8>>,
) -> http::Request<Vec<u8>> {
    let mut builder = http::Request::builder().method(method).uri(path);
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    builder.body(body.into()).unwrap()
}
