//! Mercoa's endpoint, as its SDKs and its front end meet it. Numbers are rows of `docs/endpoints.md`.

mod access;
mod options;
mod sessions;
mod shared;

use std::cell::Cell;

use jsonwebtoken::{DecodingKey, Validation};
use serde_json::Value;
use tokenmint::dialect::entities::{self, Entity, Group, User};
use tokenmint::dialect::mercoa::*;
use tokenmint::directory::{self, BearerKey};
use tokenmint::endpoint::{Endpoint, Response};
use tokenmint::*;

const KEY: &str = "org_1-api-key-0123456789";
const OTHER_KEY: &str = "org_2-api-key-0123456789";
const START: i64 = 1_700_000_000;
const SECRET: [u8; 32] = [7; 32];

/// A host: a clock that the test moves, fresh randomness for each request, and a store.
struct Host {
    endpoint: Endpoint,
    issuer: Issuer,
    store: MemoryStore,
    now: Cell<i64>,
    seeds: Cell<u64>,
}

impl Host {
    fn new() -> Self {
        Self::with(|policy| policy)
    }

    /// Two organizations. The first has entities, their users, and a group.
    fn with(policy: impl FnOnce(Policy) -> Policy) -> Self {
        let keys = KeySet::builder().hmac("k1", SECRET.as_slice()).unwrap().build().unwrap();
        let issuer = Issuer::new(keys, policy(Policy::new("https://api.example.com"))).unwrap();
        let endpoint = Endpoint::builder().dialect(Mercoa::new(issuer.clone())).build().unwrap();
        let host =
            Host { endpoint, issuer, store: MemoryStore::new(), now: Cell::new(START), seeds: Cell::new(0) };
        for (key, organization) in [(KEY, "org_1"), (OTHER_KEY, "org_2")] {
            let permissions = vec![Permission::EntityTokens];
            let record = BearerKey { organization: organization.into(), permissions, disabled: false };
            host.run(directory::create_bearer_key(&Secret::from(key), record, &host.context()));
        }
        host.entity("org_1", "ent_1", Some("MY-DB-ID-12345"));
        host.entity("org_1", "ent_2", Some("acme/42 é"));
        host.entity("org_2", "ent_9", None);
        host.run(entities::create_group(entity("org_1", "entg_1", Some("GROUP-7")), &host.context()));
        host.user("user_1", "USER-1", Some("ent_1"), None);
        host.user("user_2", "USER-2", Some("ent_2"), None);
        host.user("user_3", "USER-3", None, Some("entg_1"));
        host
    }

    fn context(&self) -> Context {
        self.seeds.set(self.seeds.get() + 1);
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&self.seeds.get().to_be_bytes());
        Context::new(UnixTime::from_seconds(self.now.get()), seed)
    }

    fn at(&self, seconds_after_start: i64) {
        self.now.set(START + seconds_after_start);
    }

    fn run<T: 'static>(&self, task: Task<T>) -> T {
        task.run(&self.store).result.unwrap()
    }

    fn entity(&self, organization: &str, id: &str, foreign_id: Option<&str>) {
        self.run(entities::create_entity(entity(organization, id, foreign_id), &self.context()));
    }

    fn user(&self, id: &str, foreign_id: &str, entity: Option<&str>, group: Option<&str>) {
        let user = User {
            id: id.into(),
            foreign_id: Some(foreign_id.into()),
            organization: "org_1".into(),
            entity: entity.map(Into::into),
            group: group.map(Into::into),
            disabled: false,
        };
        self.run(entities::create_user(user, &self.context()));
    }

    /// Sends a request. Row 0.16 and the shape of an error hold for every answer.
    fn send(&self, request: http::request::Builder, body: impl AsRef<[u8]>) -> Response {
        let request = request.body(body.as_ref().to_vec()).unwrap();
        let response = self.run(self.endpoint.handle(request, &self.context()));
        assert_shape(&response);
        response
    }

    /// As the SDKs send it.
    fn post(&self, path: &str, bearer: &str, body: impl AsRef<[u8]>) -> Response {
        self.send(post(path, bearer).header("Content-Type", "application/json"), body)
    }

    /// The token of entity `ent_1` for these options.
    fn token(&self, body: &str) -> String {
        token(&self.post("/entity/ent_1/token", KEY, body))
    }

    /// The claims of the token of entity `ent_1` for these options.
    fn claims(&self, body: &str) -> Value {
        claims(&self.token(body))
    }

    /// Whether a token stands. Asking changes nothing: it keeps no session alive.
    fn stands(&self, token: &str) -> bool {
        self.issuer.check(token, &self.context()).run(&self.store).result.is_ok()
    }
}

fn entity(organization: &str, id: &str, foreign_id: Option<&str>) -> Group {
    Entity {
        id: id.into(),
        foreign_id: foreign_id.map(Into::into),
        organization: organization.into(),
        disabled: false,
    }
}

fn post(path: &str, bearer: &str) -> http::request::Builder {
    http::Request::post(path).header("Authorization", format!("Bearer {bearer}"))
}

/// Row 0.16; contract 1.5: an error has exactly two members, both texts.
fn assert_shape(response: &Response) {
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(response.headers()["cache-control"], "no-store");
    if !response.status().is_success() {
        let body: Value = serde_json::from_slice(response.body()).unwrap();
        let members = body.as_object().unwrap();
        assert_eq!(members.len(), 2, "{body}");
        assert!(members["errorName"].is_string() && members["content"].is_string(), "{body}");
    }
}

/// The token of an answer: the body is one JSON string (row 1.41).
fn token(response: &Response) -> String {
    let text = String::from_utf8_lossy(response.body());
    assert_eq!(response.status(), 200, "{text}");
    assert!(text.starts_with('"') && text.ends_with('"'), "{text}");
    serde_json::from_str(&text).unwrap()
}

/// The claims of a token as another library reads them, its signature checked.
fn claims(token: &str) -> Value {
    let header = jsonwebtoken::decode_header(token).unwrap();
    assert_eq!(header.alg, jsonwebtoken::Algorithm::HS256);
    assert_eq!(header.typ.as_deref(), Some("JWT"));
    let mut validation = Validation::new(jsonwebtoken::Algorithm::HS256);
    validation.validate_exp = false; // its clock is the machine's
    jsonwebtoken::decode(token, &DecodingKey::from_secret(&SECRET).unwrap(), &validation).unwrap().claims
}

/// How long the token of some claims lives.
fn life(claims: &Value) -> i64 {
    claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap()
}

/// Asserts a refusal, and that its text names `about`.
#[track_caller]
fn refused(response: &Response, status: u16, error_name: &str, about: &str) {
    let text = String::from_utf8_lossy(response.body());
    assert_eq!(response.status(), status, "{text}");
    let body: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(body["errorName"], error_name);
    assert!(body["content"].as_str().unwrap().contains(about), "{about:?} is not in {text}");
}
