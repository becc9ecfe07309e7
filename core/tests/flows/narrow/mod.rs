//! Narrower tokens: what is given, to whom, and until when.

mod chains;
#[cfg(feature = "aws-lc")]
mod trusted;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tokenmint::*;

const NOW: i64 = 1_700_000_000;

fn issuer(format: AccessFormat) -> Issuer {
    let keys = KeySet::builder().hmac("k1", [7; 32].as_slice()).unwrap().build().unwrap();
    let policy = Policy::new("https://api.example.com")
        .session_secret([9; 32].as_slice())
        .access_format(format)
        .lifetime(Lifetime::HOUR)
        .narrowing("pages", Narrowing::Subset)
        .narrowing("limits", Narrowing::Subset)
        .narrowing("admin", Narrowing::And);
    let policy = ["api", "app", "widget"].into_iter().fold(policy, Policy::audience);
    Issuer::new(keys, policy).unwrap()
}

fn context(now: i64, seed: u8) -> Context {
    Context::new(UnixTime::from_seconds(now), [seed; 32])
}

fn members(value: Value) -> BTreeMap<String, JsonText> {
    let Value::Object(members) = value else { panic!("no object") };
    members.into_iter().map(|(name, value)| (name, JsonText::of(&value).unwrap())).collect()
}

#[test]
fn what_is_within_is_given() {
    let (issuer, store) = (issuer(AccessFormat::Jwt), MemoryStore::new());
    let claims =
        members(json!({ "plan": "pro", "pages": ["a", "b"], "admin": true, "limits": { "x": 1, "y": [2] } }));
    let request = StartSession::new("u1").scope("read write").claims(claims);
    let pair = issuer.start_session(request, &context(NOW, 1)).run(&store).result.unwrap();
    let claims = members(json!({ "plan": "pro", "pages": ["b"], "admin": false, "limits": { "y": [2] } }));
    let request =
        Narrow::new(&pair.access_token).scope("write").audience("widget").claims(claims).actor("job-1");
    let child = issuer.narrow(request, &context(NOW, 2)).run(&store).result.unwrap();
    assert_eq!((child.expires_in, child.scope.as_deref()), (Lifetime::HOUR, Some("write")));
    let request = Narrow::new(&child.access_token).actor("job-2");
    let child = issuer.narrow(request, &context(NOW, 3)).run(&store).result.unwrap();
    let active = issuer.check(&child.access_token, &context(NOW, 4)).run(&store).result.unwrap();
    let claims: Value = serde_json::from_str(&active.claims).unwrap();
    assert_eq!(claims["act"], json!({ "sub": "job-2", "act": { "sub": "job-1" } }));
    assert_eq!((&claims["pages"], &claims["admin"]), (&json!(["b"]), &json!(false)));
    assert_eq!((&claims["limits"], &claims["aud"]), (&json!({ "y": [2] }), &json!("widget")));
    issuer.revoke_sessions("u1", None, &context(NOW, 5)).run(&store).result.unwrap();
    let error = issuer.check(&child.access_token, &context(NOW, 6)).run(&store).result.unwrap_err();
    assert_eq!(error.code(), ErrorCode::TokenRevoked);
}

#[test]
fn a_token_that_was_minted_without_the_store_is_narrowed_and_revoked_with_it() {
    let (issuer, store) = (issuer(AccessFormat::Jwt), MemoryStore::new());
    let token = issuer.mint(&Claims::new().subject("u1"), Lifetime::HOUR, &context(NOW, 1)).unwrap();
    let child = issuer.narrow(Narrow::new(&token), &context(NOW + 100, 2)).run(&store).result.unwrap();
    // The child is younger than the watermark's time, but its parent is not.
    issuer.revoke_subject("u1", &context(NOW + 50, 3)).run(&store).result.unwrap();
    let error = issuer.check(&child.access_token, &context(NOW + 101, 4)).run(&store).result.unwrap_err();
    assert_eq!(error.code(), ErrorCode::TokenRevoked);
}

#[test]
fn nobody_renews_an_entity_token_with_a_narrower_one() {
    use tokenmint::dialect::mercoa::{EntityOptions, EntityTarget, EntityTokenRequest};
    let (issuer, store) = (issuer(AccessFormat::Jwt), MemoryStore::new());
    let permissions = vec![Permission::EntityTokens];
    let key = directory::BearerKey { organization: "org".into(), permissions, disabled: false };
    let bearer = Secret::from("a-bearer-key");
    directory::create_bearer_key(&bearer, key, &context(NOW, 1)).run(&store).result.unwrap();
    let entity = dialect::entities::Entity {
        id: "ent_1".into(),
        foreign_id: None,
        organization: "org".into(),
        disabled: false,
    };
    dialect::entities::create_entity(entity, &context(NOW, 2)).run(&store).result.unwrap();
    let token = |bearer: Secret, seed| {
        let target = EntityTarget::Entity("ent_1".into());
        let request =
            EntityTokenRequest { bearer, target, expires_in: None, options: EntityOptions::default() };
        issuer.entity_token(request, &context(NOW, seed)).run(&store).result
    };
    let first = token(bearer, 3).unwrap();
    assert!(token(first.as_str().into(), 4).is_ok());
    let narrow = Narrow::new(&first).lifetime(Lifetime::MINUTE);
    let narrower = issuer.narrow(narrow, &context(NOW, 5)).run(&store).result.unwrap().access_token;
    assert_eq!(token(narrower.as_str().into(), 6).unwrap_err().code(), ErrorCode::Unauthenticated);
}

#[test]
fn whoever_acts_is_named_before_those_who_acted_before_eight_at_most() {
    let (issuer, store) = (issuer(AccessFormat::Jwt), MemoryStore::new());
    // Eight narrowings, and an actor at each.
    let mut token = issuer.mint(&Claims::new().subject("u1"), Lifetime::HOUR, &context(NOW, 1)).unwrap();
    for (level, seed) in (1..=8).zip(2..) {
        let request = Narrow::new(&token).actor(format!("job-{level}"));
        token = issuer.narrow(request, &context(NOW, seed)).run(&store).result.unwrap().access_token;
    }
    let active = issuer.check(&token, &context(NOW, 20)).run(&store).result.unwrap();
    let claims: Value = serde_json::from_str(&active.claims).unwrap();
    let act = (1..=8).fold(Value::Null, |act, level| match act {
        Value::Null => json!({ "sub": format!("job-{level}") }),
        act => json!({ "sub": format!("job-{level}"), "act": act }),
    });
    assert_eq!(claims["act"], act);

    // A token that the host has minted with eight actors: it is narrowed, and nobody else acts with it.
    let claims = Claims::new().subject("u1").set("act", &act);
    let token = issuer.mint(&claims, Lifetime::HOUR, &context(NOW, 21)).unwrap();
    assert!(issuer.narrow(Narrow::new(&token), &context(NOW, 22)).run(&store).result.is_ok());
    let ninth = Narrow::new(&token).actor("job-9");
    let error = issuer.narrow(ninth, &context(NOW, 23)).run(&store).result.unwrap_err();
    assert_eq!((error.code(), error.field()), (ErrorCode::FieldInvalid, Some("token")));
}

#[test]
fn a_token_for_another_audience_is_narrowed_within_that() {
    let (issuer, store) = (issuer(AccessFormat::Jwt), MemoryStore::new());
    let claims = Claims::new().subject("u1").audience("elsewhere").audience("there");
    let token = issuer.mint(&claims, Lifetime::HOUR, &context(NOW, 1)).unwrap();
    let request = Narrow::new(&token).audience("there");
    let child = issuer.narrow(request, &context(NOW, 2)).run(&store).result.unwrap().access_token;
    let verified = issuer.verifier().audience("there").verify(&child, context(NOW, 3).now()).unwrap();
    assert_eq!(verified.claim::<String>("aud").unwrap().as_deref(), Some("there"));
    let ours = issuer.narrow(Narrow::new(&token).audience("api"), &context(NOW, 4)).run(&store).result;
    assert_eq!(ours.unwrap_err().code(), ErrorCode::InvalidTarget);
}

#[test]
fn a_token_without_a_client_ends_with_all_that_have_none() {
    let (issuer, store) = (issuer(AccessFormat::Jwt), MemoryStore::new());
    let client = directory::Client::new("c1", "org", SecretHash::of(b"s"));
    directory::create_client(client, &context(NOW, 1)).run(&store).result.unwrap();
    issuer.revoke_client("", &context(NOW, 2)).run(&store).result.unwrap();
    let pair = issuer.start_session(StartSession::new("u1"), &context(NOW, 3)).run(&store).result.unwrap();
    let request = Narrow::new(&pair.access_token).client("c1");
    let child = issuer.narrow(request, &context(NOW, 4)).run(&store).result.unwrap().access_token;
    let check =
        |token: &str| issuer.check(token, &context(NOW, 5)).run(&store).result.map(|active| active.client);
    assert_eq!(check(&child), Ok(Some("c1".to_owned())));
    issuer.revoke_client("", &context(NOW, 6)).run(&store).result.unwrap();
    assert_eq!(check(&child).unwrap_err().code(), ErrorCode::TokenRevoked);
}
