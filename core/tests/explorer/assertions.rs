//! Assertions: the same one presented several times at once, by whoever has it.

use std::sync::OnceLock;

use tokenmint::directory::{Client, Permission, create_client};
use tokenmint::*;
use tokenmint_certify::explorer::{Answer, Unguarded, explore};

use crate::world::{NOW, context, is_unsure, successes};
use crate::{Case, Request, World, assert_unbroken};

const CASES: &[Case] = &[
    ("3 x one assertion of a trusted issuer, up to 2 faults", || explore(2, || jobs(MemoryStore::new))),
    ("3 x one assertion of a client, up to 1 fault", || explore(1, || clients(MemoryStore::new))),
];

#[test]
fn no_schedule_takes_an_assertion_twice() {
    assert_unbroken(CASES);
}

#[test]
fn assertions_in_a_store_without_its_guard_are_found_out() {
    let unguarded = || Unguarded(MemoryStore::new());
    for findings in [explore(0, || jobs(unguarded)), explore(0, || clients(unguarded))] {
        assert!(findings.broken.contains_key("taken twice"), "{findings:?}");
    }
}

const ISSUER: &str = "https://issuer.example";

/// Whoever signs assertions: a trusted issuer, or a client, by its name.
fn signer(name: &str) -> Issuer {
    let key = Key::generate(Some("own"), Algorithm::EdDSA, &mut Entropy::new([3; 32])).unwrap();
    Issuer::new(KeySet::builder().key(key).unwrap().build().unwrap(), Policy::new(name)).unwrap()
}

fn assertion(of: &str, subject: &str) -> String {
    let claims = Claims::new().subject(subject).audience(ISSUER);
    signer(of).mint(&claims, Lifetime::MINUTE, &context(NOW, 2)).unwrap()
}

fn issuer() -> &'static Issuer {
    static MADE: OnceLock<Issuer> = OnceLock::new();
    MADE.get_or_init(made)
}

fn made() -> Issuer {
    let keys = KeySet::builder().hmac("k1", [7; 32].as_slice()).unwrap().build().unwrap();
    let public = KeySet::from_jwks(&signer("ci").public_jwks()).unwrap();
    let rule = AssertionRule::new("{sub}").claim("sub", "job");
    let trusted = TrustedIssuer::new(public).issuer("ci").rule(rule);
    Issuer::new(keys, Policy::new(ISSUER).trusted_issuer(trusted)).unwrap()
}

fn jobs<S: Store + 'static>(store: impl Fn() -> S) -> World<S> {
    static JOB: OnceLock<String> = OnceLock::new();
    let job = JOB.get_or_init(|| assertion("ci", "job"));
    let accept = move |seed: u8| {
        let task = issuer().accept_assertion(AcceptAssertion::new(job.clone()), &context(NOW, seed));
        Request::of(task, |token| token.access_token)
    };
    once(store(), accept, ErrorCode::InvalidGrant)
}

fn clients<S: Store + 'static>(store: impl Fn() -> S) -> World<S> {
    let store = store();
    static JWKS: OnceLock<String> = OnceLock::new();
    static OWN: OnceLock<String> = OnceLock::new();
    let jwks = JWKS.get_or_init(|| signer("c1").public_jwks());
    let jwks = serde_json::from_str(jwks).unwrap();
    let client = Client::without_secret("c1", "org_1").jwks(jwks).permission(Permission::ClientCredentials);
    create_client(client, &context(NOW, 1)).run(&store).result.unwrap();
    let proof = ClientProof::assertion(OWN.get_or_init(|| assertion("c1", "c1")));
    let authenticate = move |seed: u8| {
        Request::of(issuer().client_credentials(proof.clone(), &context(NOW, seed)), |token| {
            token.access_token
        })
    };
    once(store, authenticate, ErrorCode::InvalidClient)
}

/// Three present it, and somebody once more when they have their answers.
fn once<S: Store + 'static>(
    store: S,
    present: impl Fn(u8) -> Request + 'static,
    used: ErrorCode,
) -> World<S> {
    let requests = [10, 20, 30].map(&present).into();
    let judge = move |store: &S, answers: &[Option<Answer>]| {
        let taken = successes(answers).len();
        let lost = answers.iter().any(is_unsure);
        let again = present(40).run(store);
        let mut broken = Vec::new();
        if taken + usize::from(again.is_ok()) > 1 {
            broken.push("taken twice");
        }
        // Whoever got no answer may have been the first.
        if taken == 0 && !lost && again.is_err() {
            broken.push("used up by nobody");
        }
        if again.is_err_and(|code| code != used) {
            broken.push("the store cannot say whether it was used");
        }
        broken
    };
    World { store, requests, judge: Box::new(judge) }
}
