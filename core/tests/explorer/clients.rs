//! Clients: authenticated while their secret is replaced.

use tokenmint::directory::{Client, Permission, create_client, rotate_client_secret};
use tokenmint::*;
use tokenmint_certify::explorer::{Answer, Unguarded, explore};

use crate::world::{NOW, context, is_unsure, issuer, successes};
use crate::{Case, Request, World, assert_unbroken};

const CASES: &[Case] = &[("2 rotations of a client's secret x client credentials, up to 2 faults", || {
    explore(2, || rotations(MemoryStore::new))
})];

const OLD: &str = "first";

#[test]
fn no_schedule_breaks_a_client() {
    assert_unbroken(CASES);
}

#[test]
fn clients_in_a_store_without_its_guard_are_found_out() {
    let findings = explore(0, || rotations(|| Unguarded(MemoryStore::new())));
    assert!(findings.broken.contains_key("a secret that was given is not good"), "{findings:?}");
}

/// A client is rotated one second from now, and its secrets before are good for an hour then.
fn rotate(seed: u8) -> Request {
    let task = rotate_client_secret("c1", Some(Lifetime::HOUR), &context(NOW + 1, seed));
    Request::of(task, |new| std::str::from_utf8(new.secret.expose()).unwrap().to_owned())
}

fn authenticate(secret: &str, now: i64, seed: u8) -> Request {
    let proof = ClientProof::new("c1", Secret::from(secret));
    Request::of(issuer().client_credentials(proof, &context(now, seed)), |_| "a token".into())
}

/// The client works with its secret while that is replaced, and again by whoever has lost the answer.
fn rotations<S: Store + 'static>(store: impl Fn() -> S) -> World<S> {
    let store = store();
    let client = Client::new("c1", "org_1", SecretHash::of(OLD.as_bytes()));
    let client = client.permission(Permission::ClientCredentials);
    create_client(client, &context(NOW, 1)).run(&store).result.unwrap();
    let requests = vec![rotate(10), rotate(20), authenticate(OLD, NOW + 1, 30)];
    let judge = move |store: &S, answers: &[Option<Answer>]| {
        let (rotations, authenticated) = answers.split_at(2);
        let mut given = successes(rotations);
        if rotations.iter().any(is_unsure) {
            given.push(rotate(40).run(store).unwrap());
        }
        let mut broken = Vec::new();
        if matches!(authenticated, [Some(Err(code))] if *code != ErrorCode::StoreUnknown) {
            broken.push("the client was refused");
        }
        let (last, over) = (NOW + 3600, NOW + 3601);
        if authenticate(OLD, last, 50).run(store).is_err() {
            broken.push("the secret in use was ended");
        }
        if authenticate(OLD, over, 51).run(store).is_ok() {
            broken.push("a secret outlives its time");
        }
        if given.iter().any(|secret| authenticate(secret, last, 52).run(store).is_err()) {
            broken.push("a secret that was given is not good");
        }
        broken
    };
    World { store, requests, judge: Box::new(judge) }
}
