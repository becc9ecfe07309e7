//! Narrower tokens: over chains of them, none is wider or longer than its parent, and none outlives it.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::subsequence;
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

/// What a narrower token is asked for.
#[derive(Clone, Debug)]
struct Asked {
    after_seconds: i64,
    scope: Option<Vec<&'static str>>,
    audience: Vec<&'static str>,
    claims: Vec<(&'static str, Value)>,
    lifetime: Option<u64>,
}

fn asked() -> impl Strategy<Value = Asked> {
    let claim = prop_oneof![
        subsequence(vec!["a", "b", "c", "d"], 0..=3).prop_map(|pages| ("pages", json!(pages))),
        any::<bool>().prop_map(|admin| ("admin", json!(admin))),
        (0..3_i32).prop_map(|most| ("limits", json!({ "most": most }))),
        Just(("limits", json!({}))),
        prop_oneof![Just("pro"), Just("free")].prop_map(|plan| ("plan", json!(plan))),
        Just(("more", json!(true))),
    ];
    (
        0..600_i64,
        proptest::option::of(subsequence(vec!["read", "write", "admin"], 0..=3)),
        subsequence(vec!["api", "app", "widget", "other"], 0..=2),
        proptest::collection::vec(claim, 0..=2),
        proptest::option::of(1..7200_u64),
    )
        .prop_map(|(after_seconds, scope, audience, claims, lifetime)| Asked {
            after_seconds,
            scope,
            audience,
            claims,
            lifetime,
        })
}

fn words(scope: Option<&str>) -> Vec<&str> {
    scope.unwrap_or_default().split(' ').filter(|word| !word.is_empty()).collect()
}

/// Whether a claim of a token is within its parent's, said once more and in another way.
fn within(name: &str, child: &Value, parent: &Value) -> bool {
    match (name, child, parent) {
        ("pages", Value::Array(child), Value::Array(parent)) => child.iter().all(|one| parent.contains(one)),
        ("limits", Value::Object(child), Value::Object(parent)) => {
            child.iter().all(|(name, value)| parent.get(name) == Some(value))
        }
        ("admin", Value::Bool(child), Value::Bool(parent)) => !child || *parent,
        _ => child == parent,
    }
}

fn check_narrower(child: &ActiveToken, parent: &ActiveToken) {
    assert!(words(child.scope.as_deref()).iter().all(|word| words(parent.scope.as_deref()).contains(word)));
    assert!(child.audience.iter().all(|one| parent.audience.contains(one)) && !child.audience.is_empty());
    assert!(child.expires_at <= parent.expires_at);
    assert_eq!((&child.subject, &child.client), (&parent.subject, &parent.client));
    let claims =
        |token: &ActiveToken| -> BTreeMap<String, Value> { serde_json::from_str(&token.claims).unwrap() };
    let (child, parent) = (claims(child), claims(parent));
    for (name, value) in &child {
        let own = ["aud", "exp", "iat", "jti", "scope", "narrowed_from"].contains(&&**name);
        assert!(own || parent.get(name).is_some_and(|known| within(name, value, known)), "{name}: {value}");
    }
    assert!(
        ["sid", "epoch", "plan", "pages", "admin", "limits"].iter().all(|name| child.contains_key(*name))
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_token_of_a_chain_is_wider_or_longer_than_its_parent(
        chain in proptest::collection::vec(asked(), 1..=5),
        opaque in any::<bool>(),
        revoked in 0..5_usize,
    ) {
        let issuer = issuer(if opaque { AccessFormat::Opaque } else { AccessFormat::Jwt });
        let store = MemoryStore::new();
        let claims = members(json!({ "plan": "pro", "pages": ["a", "b", "c"], "admin": true, "limits": { "most": 2 } }));
        let client = directory::Client::new("c1", "org", SecretHash::of(b"s"));
        directory::create_client(client, &context(NOW, 1)).run(&store).result.unwrap();
        let request = StartSession::new("u1").client("c1").scope("read write").claims(claims);
        let pair = issuer.start_session(request, &context(NOW, 2)).run(&store).result.unwrap();
        let mut tokens = vec![pair.access_token];
        let mut now = NOW;
        for (seed, asked) in (3..).zip(chain) {
            now += asked.after_seconds;
            let parent_token = tokens.last().unwrap().clone();
            let mut request = Narrow::new(&parent_token);
            request = asked.scope.iter().fold(request, |request, scope| request.scope(scope.join(" ")));
            request = asked.audience.iter().fold(request, |request, one| request.audience(*one));
            request = request.claims(asked.claims.iter().map(|(name, value)| {
                ((*name).to_owned(), JsonText::of(value).unwrap())
            }).collect());
            request = asked.lifetime.iter().fold(request, |request, seconds| {
                request.lifetime(Lifetime::from_seconds(*seconds).unwrap())
            });
            let parent = issuer.check(&parent_token, &context(now, 100)).run(&store).result;
            let child = issuer.narrow(request, &context(now, seed)).run(&store).result;
            let (Ok(parent), Ok(child)) = (parent, child) else { continue };
            let checked = issuer.check(&child.access_token, &context(now, 101)).run(&store).result.unwrap();
            check_narrower(&checked, &parent);
            tokens.push(child.access_token);
        }
        // Whichever of them is revoked, those that come from it end, and no other.
        let stands = |token: &String| issuer.check(token, &context(now, 102)).run(&store).result.is_ok();
        let before: Vec<bool> = tokens.iter().map(stands).collect();
        let at = revoked % tokens.len();
        issuer.revoke_token(&tokens[at], "c1", &context(now, 103)).run(&store).result.unwrap();
        for (index, token) in tokens.iter().enumerate() {
            // What is over by time cannot be revoked, and its children are over, too.
            prop_assert_eq!(stands(token), before[index] && index < at);
        }
    }
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
