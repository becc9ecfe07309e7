//! API keys: verified and revoked while their secret is replaced.

use tokenmint::*;
use tokenmint_certify::explorer::{Answer, Unguarded, explore};

use crate::world::{NOW, context, is_unsure, issuer, successes};
use crate::{Case, Request, World, assert_unbroken};

const CASES: &[Case] = &[
    ("2 rotations of an API key x verify, up to 2 faults", || explore(2, || rotations(MemoryStore::new))),
    ("2 rotations of an API key x revoke, up to 1 fault", || explore(1, || revocation(MemoryStore::new))),
];

#[test]
fn no_schedule_breaks_an_api_key() {
    assert_unbroken(CASES);
}

#[test]
fn api_keys_in_a_store_without_its_guard_are_found_out() {
    let unguarded = || Unguarded(MemoryStore::new());
    for (findings, broken) in [
        (explore(0, || rotations(unguarded)), "a secret that was given is not good"),
        (explore(0, || revocation(unguarded)), "alive after revocation"),
    ] {
        assert!(findings.broken.contains_key(broken), "{broken}: {findings:?}");
    }
}

/// A store with a key.
fn with_key<S: Store>(store: S) -> (S, NewApiKey) {
    let made = issuer().create_api_key(CreateApiKey::new("customer"), &context(NOW, 1)).run(&store).result;
    (store, made.unwrap())
}

fn rotate(id: &str, seed: u8) -> Request {
    let task = issuer().rotate_api_key(id, Some(Lifetime::HOUR), &context(NOW + 1, seed));
    Request::of(task, |key| key.api_key)
}

fn verify(key: &str, seed: u8) -> Request {
    Request::of(issuer().verify_api_key(&key.into(), &context(NOW + 1, seed)), |key| key.owner)
}

/// The key of the customer is verified while its secret is replaced, and once more after a lost answer.
fn rotations<S: Store + 'static>(store: impl Fn() -> S) -> World<S> {
    let (store, old) = with_key(store());
    let requests = vec![rotate(&old.id, 10), rotate(&old.id, 20), verify(&old.api_key, 30)];
    let judge = move |store: &S, answers: &[Option<Answer>]| {
        let (rotations, verified) = answers.split_at(2);
        let mut broken = Vec::new();
        if matches!(verified, [Some(Err(code))] if *code != ErrorCode::StoreUnknown) {
            broken.push("the customer's key was refused");
        }
        if verify(&old.api_key, 40).run(store).is_err() {
            broken.push("the customer's key was ended");
        }
        if successes(rotations).iter().any(|key| verify(key, 41).run(store).is_err()) {
            broken.push("a secret that was given is not good");
        }
        broken
    };
    World { store, requests, judge: Box::new(judge) }
}

/// The key is revoked while its secret is replaced.
fn revocation<S: Store + 'static>(store: impl Fn() -> S) -> World<S> {
    let (store, old) = with_key(store());
    let id = old.id.clone();
    let revoke =
        move |seed| Request::of(issuer().revoke_api_key(&id, &context(NOW + 1, seed)), |()| "revoked".into());
    let requests = vec![rotate(&old.id, 10), rotate(&old.id, 20), revoke(30)];
    let judge = move |store: &S, answers: &[Option<Answer>]| {
        let (rotations, revoked) = answers.split_at(2);
        if is_unsure(&revoked[0]) {
            revoke(40).run(store).unwrap();
        }
        let mut keys = successes(rotations);
        keys.push(old.api_key.clone());
        let alive = keys.iter().any(|key| verify(key, 41).run(store).is_ok());
        if alive { vec!["alive after revocation"] } else { Vec::new() }
    };
    World { store, requests, judge: Box::new(judge) }
}
