//! A store that was wiped or restored, and one that promises too little: nothing that was revoked comes back.

use tokenmint::config::{Config, InlineOnly, Service};
use tokenmint::dialect::ledger::ClientConditions;
use tokenmint::directory::{self, Client};
use tokenmint::*;

const SECRET: &str = "the secret of client_1";

fn at(now: i64) -> Context {
    Context::new(UnixTime::from_seconds(1_700_000_000 + now), [u8::try_from(now).unwrap(); 32])
}

fn issuer() -> Issuer {
    let keys = KeySet::builder().hmac("k1", [7; 32].as_slice()).unwrap().build().unwrap();
    let policy = Policy::new("https://api.example.com").audience("api").session_secret([9; 32].as_slice());
    Issuer::new(keys, policy).unwrap()
}

/// A store that serves the issuer, with one client.
fn adopted(issuer: &Issuer, now: i64) -> MemoryStore {
    let store = MemoryStore::new();
    let adoption = issuer.adopt_store(&at(now)).run(&store);
    adoption.result.unwrap();
    assert_eq!(adoption.events[0].kind, EventKind::WatermarkRaised);
    let client = Client::new("client_1", "org", SecretHash::of(SECRET.as_bytes()))
        .permission(Permission::ClientCredentials)
        .permission(Permission::Sessions);
    directory::create_client(client, &at(now)).run(&store).result.unwrap();
    store
}

fn token(issuer: &Issuer, store: &MemoryStore, now: i64) -> String {
    let proof = ClientProof::new("client_1", SECRET);
    issuer.client_credentials(proof, &at(now)).run(store).result.unwrap().access_token
}

fn check(issuer: &Issuer, store: &MemoryStore, token: &str, now: i64) -> Result<(), ErrorCode> {
    issuer.check(token, &at(now)).run(store).result.map(drop).map_err(|error| error.code())
}

#[test]
fn what_a_wiped_store_forgot_stays_revoked() {
    let issuer = issuer();
    let store = adopted(&issuer, 1);
    let (revoked, kept) = (token(&issuer, &store, 2), token(&issuer, &store, 3));
    issuer.revoke_token(&revoked, "client_1", &at(3)).run(&store).result.unwrap();
    assert_eq!(check(&issuer, &store, &revoked, 4), Err(ErrorCode::TokenRevoked));
    assert_eq!(check(&issuer, &store, &kept, 4), Ok(()));

    let wiped = MemoryStore::new();
    assert_eq!(check(&issuer, &wiped, &revoked, 5), Err(ErrorCode::StoreRegressed), "before anybody notices");
    let wiped = adopted(&issuer, 6);
    for old in [&revoked, &kept] {
        assert_eq!(check(&issuer, &wiped, old, 7), Err(ErrorCode::TokenRevoked));
    }
    assert_eq!(check(&issuer, &wiped, &token(&issuer, &wiped, 7), 8), Ok(()));
}

#[test]
fn a_store_that_is_known_keeps_its_tokens() {
    let issuer = issuer();
    let store = adopted(&issuer, 1);
    let kept = token(&issuer, &store, 2);
    let again = issuer.adopt_store(&at(3)).run(&store);
    again.result.unwrap();
    assert!(again.events.is_empty());
    assert_eq!(check(&issuer, &store, &kept, 4), Ok(()));
}

#[test]
fn after_a_backup_was_restored_nothing_from_before_goes_on() {
    let issuer = issuer();
    let store = adopted(&issuer, 1);
    let proof = ClientProof::new("client_1", SECRET);
    let session =
        issuer.exchange_api_key(proof, ClientConditions::default(), &at(2)).run(&store).result.unwrap();
    issuer.revoke_all(&at(3)).run(&store).result.unwrap();
    assert_eq!(check(&issuer, &store, &session.access_token, 4), Err(ErrorCode::TokenRevoked));
    let refresh = issuer.refresh(&session.refresh_token, &at(4)).run(&store);
    assert_eq!(refresh.result.unwrap_err().code(), ErrorCode::InvalidGrant);
}

fn service(store: &str) -> Service {
    let config = format!(
        r#"{{"store":{store},"keys":[{{"kid":"k1","secret":"a secret of at least thirty-two bytes"}}],
            "mercoa":{{"issuer":"https://a.example","key":"k1"}},
            "monite":{{"issuer":"https://b.example","key":"k1"}}}}"#
    );
    Config::from_json(&config).unwrap().build(&mut InlineOnly).unwrap()
}

#[test]
fn a_service_adopts_its_store_for_each_issuer() {
    let (service, store) = (service("{}"), MemoryStore::new());
    let raised = service.prepare_store(&at(1)).run(&store).events;
    assert_eq!(raised.iter().filter(|event| event.kind == EventKind::WatermarkRaised).count(), 2);
    assert!(service.prepare_store(&at(2)).run(&store).events.is_empty(), "the second start changes nothing");
    assert_eq!(service.revoke_all(&at(3)).run(&store).events.len(), 2);
}

#[test]
fn a_store_that_promises_less_than_the_policy_needs_is_refused() {
    let store = MemoryStore::new();
    for needs in ["disk", "replicated"] {
        let service = service(&format!(r#"{{"durability":"{needs}"}}"#));
        let error = service.prepare_store(&at(1)).run(&store).result.unwrap_err();
        assert_eq!((error.code(), error.field()), (ErrorCode::PolicyInvalid, Some("durability")));
        assert!(error.message().contains(needs) && error.message().contains("process"), "{error}");
        let request = http::Request::get("/.well-known/jwks.json").body(Vec::new()).unwrap();
        assert!(service.endpoint.handle(request, &at(1)).run(&store).result.is_err());
    }
    service(r#"{"durability":"process"}"#).prepare_store(&at(1)).run(&store).result.unwrap();
}
