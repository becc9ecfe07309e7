//! DPoP proofs: the same one presented at several machines at once, by whoever has it.

use std::sync::OnceLock;

use tokenmint::dialect::oauth::{OAuth, oauth_policy};
use tokenmint::directory::{Client, create_client};
use tokenmint::endpoint::Endpoint;
use tokenmint::*;
use tokenmint_certify::explorer::{Answer, Turn, Unguarded, explore};

use crate::world::{NOW, context, is_unsure, successes};
use crate::{Case, Request, World, assert_unbroken};

const CASES: &[Case] = &[
    ("3 x one proof at the token endpoint, up to 1 fault", || explore(1, || tokens(MemoryStore::new))),
    ("3 x one proof of a log-in, up to 2 faults", || explore(2, || log_ins(MemoryStore::new))),
];

#[test]
fn no_schedule_takes_a_proof_twice() {
    assert_unbroken(CASES);
}

#[test]
fn proofs_in_a_store_without_its_guard_are_found_out() {
    let unguarded = || Unguarded(MemoryStore::new());
    for findings in [explore(0, || tokens(unguarded)), explore(0, || log_ins(unguarded))] {
        assert!(findings.broken.contains_key("taken twice"), "{findings:?}");
    }
}

/// A proof for the token endpoint at [`NOW`], by the key of 32 bytes of 1.
const PROOF: &str = concat!(
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVkRFNBIiwiandrIjp7Imt0eSI6Ik9LUCIsImNydiI6IkVkMjU1MTkiLCJ4IjoiaW9qajNY",
    "UUo4Wlg5VXRzdFBMcGRjc3BuQ2I4ZGxCSWI4M1NJQWJRUGIxdyJ9fQ.eyJqdGkiOiIxIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzO",
    "i8vaXNzdWVyLmV4YW1wbGUvb2F1dGgvdG9rZW4iLCJpYXQiOjE3MDAwMDAwMDB9.2WSBNavN5oYQckEUQsNrojO0Ac3fHvtgdowtEJiG",
    "T4D8k28DUxLtd0YRDjMIypCsHHJBqywYjUbnN0zU_yupBQ",
);
const URL: &str = "https://issuer.example/oauth/token";

fn issuer() -> &'static Issuer {
    static MADE: OnceLock<Issuer> = OnceLock::new();
    MADE.get_or_init(|| {
        let keys = KeySet::builder().hmac("k1", [7; 32].as_slice()).unwrap().build().unwrap();
        let policy = Policy::new("https://issuer.example").audience("api").session_secret([9; 32].as_slice());
        Issuer::new(keys, oauth_policy(policy).dpop(DpopPolicy::new())).unwrap()
    })
}

/// A client asks for a token at one of several machines.
fn ask(seed: u8) -> Request {
    static MADE: OnceLock<Endpoint> = OnceLock::new();
    let endpoint =
        MADE.get_or_init(|| Endpoint::builder().dialect(OAuth::new(issuer().clone())).build().unwrap());
    let form = b"grant_type=client_credentials&client_id=c1&client_secret=s1".to_vec();
    let request = http::Request::post("/oauth/token")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("dpop", PROOF)
        .body(form)
        .unwrap();
    let task = endpoint.handle(request, &context(NOW, seed));
    Request::new(|store: Turn| async move {
        let response = task.run_async(&store).await.result.map_err(|error| error.code())?;
        let body: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
        let token = body["access_token"].as_str().map(str::to_owned);
        token.ok_or(match (body["error"].as_str(), response.status().as_u16()) {
            (Some("invalid_dpop_proof"), _) => ErrorCode::InvalidDpopProof,
            (_, 503) => ErrorCode::StoreUnknown,
            _ => ErrorCode::Internal,
        })
    })
}

fn tokens<S: Store + 'static>(store: impl Fn() -> S) -> World<S> {
    let store = store();
    let client = Client::new("c1", "org_1", SecretHash::of(b"s1")).permission(Permission::ClientCredentials);
    create_client(client, &context(NOW, 1)).run(&store).result.unwrap();
    once(store, ask)
}

fn log_ins<S: Store + 'static>(store: impl Fn() -> S) -> World<S> {
    let log_in = |seed: u8| {
        let task = issuer().check_proof(PROOF, "POST", URL, &context(NOW, seed));
        Request::of(task, move |proof| format!("{seed} {}", proof.thumbprint()))
    };
    once(store(), log_in)
}

/// Three present it, and somebody once more when they have their answers.
fn once<S: Store + 'static>(store: S, present: impl Fn(u8) -> Request + 'static) -> World<S> {
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
        if again.is_err_and(|code| code != ErrorCode::InvalidDpopProof) {
            broken.push("the store cannot say whether it was used");
        }
        broken
    };
    World { store, requests, judge: Box::new(judge) }
}
