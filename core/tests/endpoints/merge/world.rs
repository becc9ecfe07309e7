//! A host with a store, a clock that a test moves, and one organization's key.

use std::cell::Cell;

use http::{HeaderMap, Method, Request};
use serde_json::{Value, json};
use tokenmint::dialect::merge::{Merge, MergeOptions};
use tokenmint::directory::{BearerKey, create_bearer_key};
use tokenmint::endpoint::Endpoint;
use tokenmint::*;
use uuid::Uuid;

pub(crate) const NOW: i64 = 1_700_000_000;
pub(crate) const KEY: &str = "key-of-organization-1";
pub(crate) const OTHER_KEY: &str = "key-of-organization-2";
pub(crate) const DESTINATION: Uuid = Uuid::from_u128(0x1111_1111_1111_4111_8111_1111_1111_1111);
pub(crate) const CREDENTIAL: Uuid = Uuid::from_u128(0x2222_2222_2222_4222_8222_2222_2222_2222);
pub(crate) const LINK_TOKEN: &str = "/api/hris/v1/link-token";

pub(crate) struct World {
    pub(crate) store: MemoryStore,
    pub(crate) endpoint: Endpoint,
    now: Cell<i64>,
    requests: Cell<u64>,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    pub(crate) fn text_of(&self, name: &str) -> String {
        self.json()[name].as_str().unwrap_or_else(|| panic!("no {name}: {}", self.text)).to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// The names of the answer's members, sorted: whether a JSON object keeps its order is a feature of its parser.
    pub(crate) fn members(&self) -> Vec<String> {
        let mut names: Vec<String> = self.json().as_object().unwrap().keys().cloned().collect();
        names.sort_unstable();
        names
    }

    /// The names of the wrong fields of a 400, sorted.
    pub(crate) fn wrong(&self) -> Vec<String> {
        assert_eq!(self.status, 400, "{}", self.text);
        self.members()
    }

    /// Asserts an error of the whole request, and that it speaks of expiry only where that is the cause.
    pub(crate) fn assert_detail(&self, status: u16) {
        assert_eq!(self.status, status, "{}", self.text);
        let json = self.json();
        assert_eq!(json.as_object().unwrap().len(), 1, "{json}");
        assert!(json["detail"].as_str().is_some_and(|text| !text.is_empty()), "{json}");
        assert!(!self.text.contains("expired"), "{json}");
    }
}

pub(crate) fn policy() -> Policy {
    let integration = |slug: &str, name: &str, categories: &[&str]| Integration {
        slug: slug.into(),
        name: name.into(),
        categories: categories.iter().map(ToString::to_string).collect(),
    };
    Policy::new("https://issuer.example")
        .audience("api")
        .session_secret([9; 32].as_slice())
        .integration(integration("bamboohr", "BambooHR", &["hris"]))
        .integration(integration("lever", "Lever <&\"'>", &["ats", "hris"]))
        .integration(integration("slack", "Slack", &["chat", "ticketing"]))
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(policy())
    }

    pub(crate) fn with(policy: Policy) -> Self {
        let keys = KeySet::builder().hmac("k1", [7; 32].as_slice()).unwrap().build().unwrap();
        let options = MergeOptions {
            magic_link_base: "https://link.example.com/".into(),
            linked_destinations: vec![DESTINATION],
            credentials: vec![CREDENTIAL],
        };
        let endpoint = Endpoint::builder()
            .dialect(Merge::new(Issuer::new(keys, policy).unwrap(), options))
            .build()
            .unwrap();
        let world =
            World { store: MemoryStore::new(), endpoint, now: Cell::new(NOW), requests: Cell::new(0) };
        for (key, organization) in [(KEY, "org_1"), (OTHER_KEY, "org_2")] {
            world.add_key(key, organization, Permission::Links);
        }
        world
    }

    pub(crate) fn add_key(&self, key: &str, organization: &str, permission: Permission) {
        let record =
            BearerKey { organization: organization.into(), permissions: vec![permission], disabled: false };
        create_bearer_key(&Secret::from(key), record, &self.context()).run(&self.store).result.unwrap();
    }

    /// Moves the clock to so many seconds after the beginning.
    pub(crate) fn at(&self, seconds: i64) -> &Self {
        self.now.set(NOW + seconds);
        self
    }

    /// The time, and randomness that no other request has.
    pub(crate) fn context(&self) -> Context {
        self.requests.set(self.requests.get() + 1);
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&self.requests.get().to_be_bytes());
        Context::new(UnixTime::from_seconds(self.now.get()), seed)
    }

    pub(crate) fn call_on<S: Store>(
        &self,
        store: &S,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.to_vec()).unwrap();
        let response = self.endpoint.handle(request, &self.context()).run(store).result.unwrap();
        let (parts, body) = response.into_parts();
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            text: String::from_utf8(body).unwrap(),
        }
    }

    pub(crate) fn call(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.call_on(&self.store, method, path, headers, body)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.post_text(path, &body.to_string())
    }

    pub(crate) fn post_text(&self, path: &str, body: &str) -> Answer {
        let bearer = format!("Bearer {KEY}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        self.call(Method::POST, path, &headers, body.as_bytes())
    }

    /// Asks for a link with the four required fields and these.
    pub(crate) fn create(&self, extra: Value) -> Answer {
        self.post(LINK_TOKEN, &with(extra))
    }

    /// A link with these fields.
    pub(crate) fn link(&self, extra: Value) -> String {
        let answer = self.create(extra);
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.text_of("link_token")
    }

    pub(crate) fn redeem(&self, link_token: &str, integration: Option<&str>, key: Option<&str>) -> Answer {
        let body = match integration {
            Some(integration) => json!({ "link_token": link_token, "integration": integration }),
            None => json!({ "link_token": link_token }),
        };
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(key.map(|key| ("idempotency-key", key)));
        self.call(Method::POST, "/api/link-token/redeem", &headers, body.to_string().as_bytes())
    }

    /// The public token of a new link for an end user.
    pub(crate) fn public_token(&self, origin_id: &str, integration: &str) -> String {
        let extra = json!({ "end_user_origin_id": origin_id, "integration": integration });
        let answer = self.redeem(&self.link(extra), None, None);
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.text_of("public_token")
    }

    pub(crate) fn exchange(&self, category: &str, public_token: &str, key: Option<&str>) -> Answer {
        self.exchange_by(KEY, category, public_token, key)
    }

    pub(crate) fn exchange_by(&self, bearer: &str, category: &str, token: &str, key: Option<&str>) -> Answer {
        let bearer = format!("Bearer {bearer}");
        let mut headers = vec![("authorization", bearer.as_str())];
        headers.extend(key.map(|key| ("idempotency-key", key)));
        self.call(Method::GET, &format!("/api/{category}/v1/account-token/{token}"), &headers, b"")
    }
}

/// The four required fields, and others over them. A member `"-name": null` takes one away.
pub(crate) fn with(extra: Value) -> Value {
    let mut body = json!({
        "end_user_email_address": "example@gmail.com",
        "end_user_organization_name": "Test Organization",
        "end_user_origin_id": "12345",
        "categories": ["hris", "ats"],
    });
    let members = body.as_object_mut().unwrap();
    for (name, value) in extra.as_object().unwrap() {
        match name.strip_prefix('-') {
            Some(name) => drop(members.remove(name)),
            None => drop(members.insert(name.clone(), value.clone())),
        }
    }
    body
}
