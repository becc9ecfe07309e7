//! Status lists at their URLs, as whoever verifies tokens fetches them (draft-ietf-oauth-status-list section 8).

use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering::Relaxed};

use http::header::{self, HeaderMap};
use serde_json::Value;
use tokenmint::config::{Config, InlineOnly};
use tokenmint::endpoint::{Endpoint, Response};
use tokenmint::*;

use crate::host::request;

const NOW: i64 = 1_700_000_000;

fn config(more: &str) -> Value {
    serde_json::from_str(&format!(
        r#"{{
            "server": {{ "public_url": "https://as.example" }},
            "keys": [{{ "kid": "k1", "secret": "a secret of at least thirty-two bytes" }}],
            "oauth": {{ "key": "k1", "audience": "api", "status_lists": {{ {more} }} }},
            "clients": [{{ "id": "c1", "organization": "o", "permissions": ["client_credentials"],
                           "secret_sha256": "{}" }}]
        }}"#,
        SecretHash::of(b"s")
    ))
    .unwrap()
}

fn build(config: &Value) -> Result<Endpoint> {
    Ok(Config::from_json(&config.to_string())?.build(&mut InlineOnly)?.endpoint)
}

/// A machine, and the store that it may share.
struct Host<'a> {
    endpoint: Endpoint,
    store: &'a MemoryStore,
    now: AtomicI64,
    seed: AtomicU64,
    commands: AtomicUsize,
}

impl Store for Host<'_> {
    fn execute(&self, command: Command) -> Result<Reply, StoreError> {
        self.commands.fetch_add(1, Relaxed);
        self.store.execute(command)
    }
}

impl<'a> Host<'a> {
    fn new(endpoint: &Endpoint, store: &'a MemoryStore) -> Self {
        let host = Host {
            endpoint: endpoint.clone(),
            store,
            now: AtomicI64::new(NOW),
            seed: AtomicU64::new(1),
            commands: AtomicUsize::default(),
        };
        host.issuer().adopt_store(&host.context()).run(store).result.unwrap();
        host
    }

    fn issuer(&self) -> Issuer {
        self.endpoint.issuer(None).unwrap()
    }

    fn context(&self) -> Context {
        let seed = self.seed.fetch_add(1, Relaxed);
        let mut bytes = [7; 32];
        bytes[..8].copy_from_slice(&seed.to_be_bytes());
        Context::new(UnixTime::from_seconds(self.now.load(Relaxed)), bytes)
    }

    fn wait(&self, seconds: i64) {
        self.now.fetch_add(seconds, Relaxed);
    }

    fn send(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Response {
        self.endpoint.handle(request(method, path, headers, ""), &self.context()).run(self).result.unwrap()
    }

    fn get(&self, path: &str) -> Response {
        self.send("GET", path, &[])
    }

    fn token(&self) -> String {
        let proof = ClientProof::new("c1", "s");
        self.issuer().client_credentials(proof, &self.context()).run(self.store).result.unwrap().access_token
    }

    fn revoke(&self, token: &str) {
        self.issuer().revoke_token(token, "c1", &self.context()).run(self.store).result.unwrap();
    }

    /// What the list that a token names says of it, as it is served now.
    fn status(&self, token: &str) -> u8 {
        let (path, index) = place(token);
        let response = self.get(&path);
        assert_eq!(response.status(), 200);
        let list = claims(std::str::from_utf8(response.body()).unwrap());
        assert_eq!(list["sub"], format!("https://as.example{path}"));
        let array = array(&list);
        array[index / 8] >> (index % 8) & 1
    }

    fn commands(&self) -> usize {
        self.commands.swap(0, Relaxed)
    }
}

/// The path of the list that a token names, and its index there.
fn place(token: &str) -> (String, usize) {
    let status = &claims(token)["status"]["status_list"];
    let uri = status["uri"].as_str().unwrap();
    let index = usize::try_from(status["idx"].as_u64().unwrap()).unwrap();
    (uri.strip_prefix("https://as.example").unwrap().to_owned(), index)
}

fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&base64_simd::URL_SAFE_NO_PAD.decode_to_vec(payload).unwrap()).unwrap()
}

fn array(list: &Value) -> Vec<u8> {
    let lst = list["status_list"]["lst"].as_str().unwrap();
    let zlib = base64_simd::URL_SAFE_NO_PAD.decode_to_vec(lst).unwrap();
    miniz_oxide::inflate::decompress_to_vec_zlib(&zlib).unwrap()
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    Some(headers.get(name)?.to_str().unwrap())
}

#[test]
fn a_list_is_served_as_the_draft_says() {
    let (endpoint, store) = (build(&config("")).unwrap(), MemoryStore::new());
    let host = Host::new(&endpoint, &store);
    let (path, _) = place(&host.token());
    assert!(path.starts_with("/status/") && path.ends_with("-0"), "{path}");
    let response = host.get(&path);
    let headers = response.headers();
    assert_eq!(response.status(), 200);
    assert_eq!(text(headers, header::CONTENT_TYPE), Some("application/statuslist+jwt"));
    assert_eq!(text(headers, header::CACHE_CONTROL), Some("public, max-age=10"));
    assert_eq!(text(headers, header::VARY), Some("Accept-Encoding"));
    // Section 8.1: pages of any origin may read it.
    assert_eq!(text(headers, header::ACCESS_CONTROL_ALLOW_ORIGIN), Some("*"));
    assert_eq!(text(headers, header::CONTENT_LENGTH), Some(&*response.body().len().to_string()));
    let etag = text(headers, header::ETAG).unwrap().to_owned();

    // Caches keep it as long as a verifier would.
    host.wait(4);
    assert_eq!(text(host.get(&path).headers(), header::CACHE_CONTROL), Some("public, max-age=6"));
    let head = host.send("HEAD", &path, &[]);
    assert_eq!((head.status().as_u16(), head.body().len()), (200, 0));
    assert_eq!(head.headers()[header::CONTENT_LENGTH], headers[header::CONTENT_LENGTH]);
    for known in [&*etag, &format!("\"another\", {etag}"), "*", etag.strip_prefix("W/").unwrap()] {
        let response = host.send("GET", &path, &[("if-none-match", known)]);
        assert_eq!((response.status().as_u16(), response.body().len()), (304, 0), "{known}");
        assert_eq!(text(response.headers(), header::ETAG), Some(&*etag));
    }
    // The next list says when it was made, so it is another.
    host.wait(6);
    let next = host.send("GET", &path, &[("if-none-match", &etag)]);
    assert_eq!(next.status(), 200);
    assert_ne!(text(next.headers(), header::ETAG), Some(&*etag));
}

#[test]
fn a_list_is_compressed_for_whoever_takes_that() {
    let (endpoint, store) = (build(&config("")).unwrap(), MemoryStore::new());
    let host = Host::new(&endpoint, &store);
    let token = host.token();
    host.revoke(&token);
    let (path, _) = place(&token);
    let plain = host.get(&path).into_body();
    for taken in ["gzip", "br, gzip;q=0.5", "*", "X-GZIP"] {
        let response = host.send("GET", &path, &[("accept-encoding", taken)]);
        assert_eq!(text(response.headers(), header::CONTENT_ENCODING), Some("gzip"), "{taken}");
        // RFC 1952 section 2.3: ten bytes, DEFLATE, the CRC and the length.
        let body = response.body();
        assert_eq!(body[..4], [0x1f, 0x8b, 8, 0]);
        let (deflated, end) = body[10..].split_at(body.len() - 18);
        assert_eq!(miniz_oxide::inflate::decompress_to_vec(deflated).unwrap(), plain);
        assert_eq!(u32::from_le_bytes(end[4..].try_into().unwrap()) as usize, plain.len());
    }
    for not_taken in ["br", "gzip;q=0", "identity", ""] {
        let response = host.send("GET", &path, &[("accept-encoding", not_taken)]);
        assert_eq!(text(response.headers(), header::CONTENT_ENCODING), None, "{not_taken}");
        assert_eq!(*response.body(), plain);
    }
}

#[test]
fn a_revocation_is_in_the_list_that_is_made_when_the_last_is_old() {
    let (endpoint, store) = (build(&config(r#""every": "7s", "ttl": "30s""#)).unwrap(), MemoryStore::new());
    let host = Host::new(&endpoint, &store);
    let (token, other) = (host.token(), host.token());
    assert_eq!((host.status(&token), host.status(&other)), (0, 0));
    host.revoke(&token);
    host.wait(6);
    assert_eq!(host.status(&token), 0);
    host.wait(1);
    assert_eq!((host.status(&token), host.status(&other)), (1, 0));
}

#[test]
fn requests_are_answered_from_memory() {
    let (endpoint, store) = (build(&config("")).unwrap(), MemoryStore::new());
    let host = Host::new(&endpoint, &store);
    let token = host.token();
    host.status(&token);
    assert!(host.commands() > 0);
    for _ in 0..100 {
        assert_eq!(host.status(&token), 0);
    }
    assert_eq!(host.commands(), 0);
    // What the host makes by itself is found by requests.
    host.revoke(&token);
    host.wait(10);
    let every = host.endpoint.make_status_lists(&host.context()).run(&host).result.unwrap();
    assert_eq!(every.map(Lifetime::seconds), Some(10));
    host.commands();
    assert_eq!(host.status(&token), 1);
    assert_eq!(host.commands(), 0);
}

/// Whoever asks while the lists are being made has the last ones, and does not make them as well.
#[test]
fn of_many_requests_one_makes_the_lists() {
    let (endpoint, store) = (build(&config("")).unwrap(), MemoryStore::new());
    let host = Host::new(&endpoint, &store);
    let token = host.token();
    let (path, _) = place(&token);
    host.status(&token);
    host.revoke(&token);
    host.wait(10);
    let mut slow = endpoint.handle(request("GET", &path, &[], ""), &host.context());
    let Step::Need(command) = slow.step(None) else { panic!("the lists are old") };
    host.commands();
    assert_eq!((host.status(&token), host.commands()), (0, 0));
    // One that was given up is not waited for, nor one that never ends.
    let mut given_up = Some(endpoint.handle(request("GET", &path, &[], ""), &host.context()));
    assert!(matches!(given_up.as_mut().unwrap().step(None), Step::Done(_)), "another is at it");
    host.wait(30);
    given_up = Some(endpoint.handle(request("GET", &path, &[], ""), &host.context()));
    assert!(matches!(given_up.as_mut().unwrap().step(None), Step::Need(_)));
    assert_eq!(host.status(&token), 0);
    drop(given_up);
    assert_eq!(host.status(&token), 1);
    let mut reply = Some(store.execute(command));
    let done = loop {
        match slow.step(reply.take()) {
            Step::Need(command) => reply = Some(store.execute(command)),
            Step::Done(outcome) => break outcome.result.unwrap(),
            Step::Spent => unreachable!(),
        }
    };
    assert_eq!(done.status(), 200);
    assert_eq!(host.status(&token), 1);

    // A host that makes them by itself does so whoever else is at it.
    let token = host.token();
    host.revoke(&token);
    host.wait(10);
    let mut slow = endpoint.handle(request("GET", &path, &[], ""), &host.context());
    assert!(matches!(slow.step(None), Step::Need(_)));
    endpoint.make_status_lists(&host.context()).run(&host).result.unwrap();
    assert_eq!(host.status(&token), 1);
}

#[test]
fn two_machines_serve_the_same_lists() {
    let store = MemoryStore::new();
    let hosts = [0, 1].map(|_| Host::new(&build(&config("")).unwrap(), &store));
    let [one, other] = &hosts;
    let (token, kept) = (one.token(), one.token());
    one.revoke(&token);
    assert_eq!((one.status(&token), other.status(&token), other.status(&kept)), (1, 1, 0));
    let (path, _) = place(&token);
    let etags = hosts.each_ref().map(|host| host.get(&path).headers()[header::ETAG].clone());
    assert_eq!(etags[0], etags[1]);
    for host in &hosts {
        host.wait(10);
    }
    one.revoke(&kept);
    // The first makes them, and the second reads what it made.
    one.status(&kept);
    assert!(one.commands() > 2);
    assert_eq!(other.status(&kept), 1);
    assert_eq!(other.commands(), 2);
}

#[test]
fn of_another_generation_nothing_is_valid() {
    let (endpoint, store) = (build(&config("")).unwrap(), MemoryStore::new());
    let host = Host::new(&endpoint, &store);
    let token = host.token();
    let (path, _) = place(&token);
    host.issuer().revoke_all(&host.context()).run(&store).result.unwrap();
    assert_eq!(host.status(&token), 1);
    let list = claims(std::str::from_utf8(host.get(&path).body()).unwrap());
    assert!(array(&list).iter().all(|byte| *byte == 0xff));
    // A store that was wiped knows of no generation before, and says so of each.
    let wiped = MemoryStore::new();
    let host = Host::new(&build(&config("")).unwrap(), &wiped);
    host.wait(1);
    host.issuer().revoke_all(&host.context()).run(&wiped).result.unwrap();
    assert_eq!(host.status(&token), 1);
    // One that lost a write, or is behind, does not say that a token is valid.
    let later = "/status/99999999999999999-0";
    let response = host.get(later);
    assert_eq!(response.status(), 503);
    assert_eq!(text(response.headers(), header::RETRY_AFTER), Some("1"));
    assert_eq!(text(response.headers(), header::CACHE_CONTROL), Some("no-store"));
    // And nobody has the server sign whatever they think of.
    let statuses: Vec<u16> =
        (0..70).map(|number| host.get(&format!("/status/{number}-0")).status().as_u16()).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 503).count(), 7, "{statuses:?}");
    host.wait(10);
    assert_eq!(host.get("/status/77-0").status(), 200);
}

#[test]
fn what_is_no_list_is_refused() {
    let (endpoint, store) = (build(&config("")).unwrap(), MemoryStore::new());
    let host = Host::new(&endpoint, &store);
    let (path, _) = place(&host.token());
    let generation = path.strip_prefix("/status/").and_then(|id| id.strip_suffix("-0")).unwrap();
    for wrong in [
        "/status".to_owned(),
        "/status/".to_owned(),
        format!("{path}/x"),
        format!("/status/{generation}"),
        format!("/status/{generation}-64"),
        format!("/status/{generation}-00"),
        format!("/status/0{generation}-0"),
        format!("/status/+{generation}-0"),
        "/status/x-0".to_owned(),
    ] {
        assert_eq!(host.get(&wrong).status(), 404, "{wrong}");
    }
    let posted = host.send("POST", &path, &[]);
    assert_eq!((posted.status().as_u16(), text(posted.headers(), header::ALLOW)), (405, Some("GET, HEAD")));
    // Section 8.4.
    assert_eq!(host.get(&format!("{path}?time=1686925000")).status(), 501);
    assert_eq!(host.get(&format!("{path}?x=1")).status(), 200);
    // A page of any origin may ask, with whatever headers.
    let asked = [("origin", "https://app.example"), ("access-control-request-method", "GET")];
    let preflight = host.send("OPTIONS", &path, &asked);
    assert_eq!(text(preflight.headers(), header::ACCESS_CONTROL_ALLOW_ORIGIN), Some("*"));
}

#[test]
fn the_document_of_the_endpoint_has_the_path() {
    let endpoint = build(&config(r#""uri": "https://as.example/tenants/1/status""#)).unwrap();
    let store = MemoryStore::new();
    let host = Host::new(&endpoint, &store);
    assert!(place(&host.token()).0.starts_with("/tenants/1/status/"));
    let document: Value = serde_json::from_slice(host.get("/openapi.json").body()).unwrap();
    let list = &document["paths"]["/tenants/1/status/{list}"]["get"]["responses"]["200"]["content"];
    assert!(list["application/statuslist+jwt"].is_object());
    let without = build(&serde_json::json!({
        "keys": [{ "kid": "k1", "secret": "a secret of at least thirty-two bytes" }],
        "oauth": { "issuer": "https://as.example", "key": "k1", "audience": "api" },
    }))
    .unwrap();
    let host = Host::new(&without, &store);
    assert!(!String::from_utf8_lossy(host.get("/openapi.json").body()).contains("statuslist"));
    assert_eq!(host.get("/status/0-0").status(), 404);
}

#[test]
fn lists_that_would_be_mixed_up_are_refused_at_the_start() {
    let two = |oauth: Value, mercoa: Value| {
        let mut config = config("");
        config["oauth"]["status_lists"] = oauth;
        config["mercoa"] =
            serde_json::json!({ "issuer": "https://other.example", "key": "k1", "status_lists": mercoa });
        config
    };
    let at = |uri: &str| serde_json::json!({ "uri": uri });
    let refused = |config: &Value| {
        let error = build(config).unwrap_err();
        assert_eq!(error.code(), ErrorCode::PolicyInvalid);
        error.to_string()
    };
    let same = two(at("https://as.example/s"), at("https://as.example/s"));
    assert!(refused(&same).starts_with("status_lists: two issuers"));
    let below = two(at("https://as.example/s"), at("https://as.example/s/t"));
    assert!(refused(&below).starts_with("paths: "));
    assert!(refused(&two(at("https://as.example/oauth/token"), Value::Null)).starts_with("paths: "));
    assert!(
        refused(&two(at("https://as.example/s"), serde_json::json!({ "bits": 3 })))
            .starts_with("mercoa.status_lists.bits: ")
    );
    // Two dialects of one issuer have the same ones.
    let mut one = two(at("https://as.example/s"), at("https://as.example/s"));
    one["mercoa"]["issuer"] = "https://as.example".into();
    assert!(build(&one).is_ok());
    one["mercoa"]["status_lists"]["bits"] = 2.into();
    assert!(refused(&one).starts_with("status_lists: two dialects"));
}

/// What ends by a dialect's own endpoint, and not by a flow's name.
#[test]
fn the_tokens_of_a_named_session_end_in_the_list() {
    let config = serde_json::json!({
        "keys": [{ "kid": "k1", "secret": "a secret of at least thirty-two bytes" }],
        "mercoa": { "issuer": "https://as.example", "key": "k1", "status_lists": {} },
        "api_keys": [{ "key_sha256": SecretHash::of(b"key").to_string(), "organization": "o",
                       "permissions": ["entity_tokens"] }],
        "entities": [{ "id": "ent_1", "organization": "o" }],
    });
    let (endpoint, store) = (build(&config).unwrap(), MemoryStore::new());
    let host = Host::new(&endpoint, &store);
    let post = |path: &str, body: &str| {
        let headers = [
            ("authorization", "Bearer key"),
            ("content-type", "application/json"),
            ("content-length", &*body.len().to_string()),
        ];
        let response = endpoint.handle(request("POST", path, &headers, body), &host.context()).run(&store);
        let response = response.result.unwrap();
        assert_eq!(response.status(), 200, "{}", String::from_utf8_lossy(response.body()));
        serde_json::from_slice::<Value>(response.body()).unwrap()
    };
    let token = |session: &str| {
        let body = format!(r#"{{"sessionId":"{session}"}}"#);
        post("/entity/ent_1/token", &body).as_str().unwrap().to_owned()
    };
    let [first, again, other] = ["s1", "s1", "s2"].map(token);
    let statuses = || {
        host.wait(10);
        [&first, &again, &other].map(|token| host.status(token))
    };
    assert_eq!(statuses(), [0, 0, 0]);
    post("/organization/invalidateTokens", r#"{"sessionId":["s1"]}"#);
    assert_eq!(statuses(), [1, 1, 0]);
    // A session of the same name begins anew.
    let new = token("s1");
    assert_eq!((statuses(), host.status(&new)), ([1, 1, 0], 0));
    post("/organization/invalidateTokens", "{}");
    assert_eq!((statuses(), host.status(&new)), ([1, 1, 1], 1));
}
