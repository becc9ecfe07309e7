//! Sessions that a caller names: tokens for one and the same at once, while it begins, lives, or is ended.

use tokenmint::dialect::entities::{self, Entity};
use tokenmint::dialect::mercoa::{EntityOptions, EntityTarget, EntityTokenRequest};
use tokenmint::directory::{self, BearerKey};
use tokenmint::*;
use tokenmint_certify::explorer::{Answer, Unguarded, explore};

use crate::world::{NOW, context, is_unsure, issuer, refused_with, successes};
use crate::{Case, Request, World, assert_unbroken};

const KEY: &str = "the-key-of-an-organization";
const DAY: i64 = 86_400;

const CASES: &[Case] = &[
    ("2 tokens of a named session that begins, up to 2 faults", || {
        explore(2, || tokens(NOW, MemoryStore::new))
    }),
    ("2 tokens of one that was touched just now x its end, up to 1 fault", || {
        explore(1, || tokens_and_end(NOW + 59, MemoryStore::new))
    }),
    ("2 tokens of one that was touched before x its end, up to 1 fault", || {
        explore(1, || tokens_and_end(NOW + 60, MemoryStore::new))
    }),
];

#[test]
fn no_schedule_breaks_a_named_session() {
    assert_unbroken(CASES);
}

fn with_entity<S: Store>(store: S) -> S {
    let permissions = vec![Permission::EntityTokens];
    let key = BearerKey { organization: "org".into(), permissions, disabled: false };
    directory::create_bearer_key(&KEY.into(), key, &context(NOW, 1)).run(&store).result.unwrap();
    let entity = Entity { id: "ent_1".into(), foreign_id: None, organization: "org".into(), disabled: false };
    entities::create_entity(entity, &context(NOW, 2)).run(&store).result.unwrap();
    store
}

fn token(now: i64, seed: u8) -> Task<String> {
    let options = EntityOptions { session_id: Some("s1".into()), ..EntityOptions::default() };
    let (bearer, target) = (KEY.into(), EntityTarget::Entity("ent_1".into()));
    let expires_in = Some(Lifetime::from_seconds(259_200).unwrap());
    issuer().entity_token(EntityTokenRequest { bearer, target, expires_in, options }, &context(now, seed))
}

fn asked(now: i64, seed: u8) -> Request {
    Request::of(token(now, seed), |token| token)
}

fn stands<S: Store>(store: &S, token: &str, now: i64) -> bool {
    issuer().check(token, &context(now, 90)).run(store).result.is_ok()
}

/// Two tokens of a session that is not there yet. Whoever got no answer asks again.
fn tokens<S: Store + 'static>(now: i64, store: impl Fn() -> S) -> World<S> {
    let store = with_entity(store());
    let requests = vec![asked(now, 10), asked(now, 11)];
    let judge = move |store: &S, answers: &[Option<Answer>]| {
        let mut broken = Vec::new();
        let mut given = successes(answers);
        match token(now, 50).run(store).result {
            Ok(token) => given.push(token),
            Err(_) => broken.push("no token"),
        }
        // A day after the last of them is a day after all of them.
        if !given.iter().all(|token| stands(store, token, now + DAY)) {
            broken.push("a token that was given does not stand");
        }
        if refused_with(answers, ErrorCode::Unauthenticated) {
            broken.push("false refusal");
        }
        broken
    };
    World { store, requests, judge: Box::new(judge) }
}

/// Two tokens of a session that lives, while it is ended.
fn tokens_and_end<S: Store + 'static>(now: i64, store: impl Fn() -> S) -> World<S> {
    let store = with_entity(store());
    let before = token(NOW, 3).run(&store).result.unwrap();
    let end = move |seed| {
        let names = Some(vec!["s1".to_owned()]);
        Request::of(issuer().invalidate_tokens(KEY.into(), names, &context(now, seed)), |()| "ended".into())
    };
    let requests = vec![end(20), asked(now, 10), asked(now, 11)];
    let judge = move |store: &S, answers: &[Option<Answer>]| {
        let mut broken = Vec::new();
        // An end that was not confirmed is asked for again; one that was is not, and is decisive.
        let confirmed = !is_unsure(&answers[0]);
        if !confirmed && end(21).run(store).is_err() {
            broken.push("end refused");
        }
        if stands(store, &before, now) {
            broken.push("alive after the end");
        }
        // A session of the same name begins, and is none of those that ended.
        match token(now, 50).run(store).result {
            Ok(token) if stands(store, &token, now + DAY) && !stands(store, &before, now) => {}
            _ => broken.push("no new session"),
        }
        broken
    };
    World { store, requests, judge: Box::new(judge) }
}

#[test]
fn a_named_session_in_a_store_without_its_guard_is_found_out() {
    let findings = explore(0, || tokens(NOW, || Unguarded(MemoryStore::new())));
    assert!(findings.broken.contains_key("a token that was given does not stand"), "{findings:?}");
}
