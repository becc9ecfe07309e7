//! Sessions: refreshes of one token at once, and its revocation between them.

use tokenmint::*;
use tokenmint_certify::explorer::{Answer, Turn, Unguarded, explore};

use crate::world::{NOW, context, issuer, refused_with, successes};
use crate::{Case, Request, World, assert_unbroken};

const CASES: &[Case] = &[
    ("2 refreshes, up to 2 faults", || explore(2, || refreshes(2, MemoryStore::new))),
    ("3 refreshes, up to 1 fault", || explore(1, || refreshes(3, MemoryStore::new))),
    ("2 refreshes x revoke, up to 1 fault", || explore(1, || refreshes_and_revoke(MemoryStore::new))),
];

#[test]
fn no_schedule_breaks_a_session() {
    assert_unbroken(CASES);
}

/// A store with one open session, and its tokens.
fn with_session<S: Store>(store: S) -> (S, TokenPair) {
    let client = directory::Client::new("c1", "org", SecretHash::of(b"secret"));
    directory::create_client(client, &context(NOW, 1)).run(&store).result.unwrap();
    let start = StartSession::new("u1").client("c1");
    let pair = issuer().start_session(start, &context(NOW, 2)).run(&store).result.unwrap();
    (store, pair)
}

fn refresh(token: &str, seed: u8) -> Request {
    Request::of(issuer().refresh(token, &context(NOW + 1, seed)), |pair| pair.refresh_token)
}

/// `n` refreshes of one token at once. Whoever got no answer asks again.
fn refreshes<S: Store + 'static>(n: u8, store: impl Fn() -> S) -> World<S> {
    let (store, pair) = with_session(store());
    refreshes_by(n, store, pair.refresh_token, refresh)
}

fn refreshes_by<S: Store + 'static>(
    n: u8,
    store: S,
    token: String,
    flow: impl Fn(&str, u8) -> Request + 'static,
) -> World<S> {
    let requests = (0..n).map(|i| flow(&token, 10 + i)).collect();
    let judge = move |store: &S, answers: &[Option<Answer>]| {
        let mut broken = Vec::new();
        let mut successors = successes(answers);
        match flow(&token, 50).run(store) {
            Ok(successor) => successors.push(successor),
            Err(_) => broken.push("lost session"),
        }
        successors.dedup();
        if successors.len() > 1 {
            broken.push("fork");
        }
        if refused_with(answers, ErrorCode::InvalidGrant) {
            broken.push("false log-out");
        }
        // The chain goes on from whatever successor was given.
        if !successors.iter().all(|successor| flow(successor, 60).run(store).is_ok()) {
            broken.push("lost session");
        }
        broken
    };
    World { store, requests, judge: Box::new(judge) }
}

/// Two refreshes while the session is revoked.
fn refreshes_and_revoke<S: Store + 'static>(store: impl Fn() -> S) -> World<S> {
    let (store, TokenPair { refresh_token: token, session, .. }) = with_session(store());
    let revoke = move |seed| {
        Request::of(issuer().revoke_session(&session, &context(NOW + 1, seed)), |()| "revoked".into())
    };
    let requests = vec![refresh(&token, 10), refresh(&token, 11), revoke(20)];
    let judge = move |store: &S, answers: &[Option<Answer>]| {
        let mut broken = Vec::new();
        // A revocation that was not confirmed is asked for again, as an operator would.
        if !matches!(answers[2], Some(Ok(_))) && revoke(21).run(store).is_err() {
            broken.push("revocation refused");
        }
        let mut tokens = successes(&answers[..2]);
        tokens.push(token.clone());
        if tokens.iter().any(|token| refresh(token, 50).run(store).is_ok()) {
            broken.push("alive after revocation");
        }
        broken
    };
    World { store, requests, judge: Box::new(judge) }
}

#[test]
fn no_schedule_breaks_a_flow_that_asks_for_signatures() {
    let keys = || KeySet::builder().hmac("k1", [7; 32].as_slice()).unwrap().build().unwrap();
    let refresh = |token: &str, seed| {
        let held = Key::held_by_host("k1", Algorithm::HS256, None).unwrap();
        let keys = KeySet::builder().key(held).unwrap().build().unwrap();
        let issuer = Issuer::new(keys, issuer().policy().clone()).unwrap();
        Request::of(issuer.refresh(token, &context(NOW + 1, seed)), |pair| pair.refresh_token)
    };
    let findings = explore(2, || {
        let (store, pair) = with_session(WithSigner::new(MemoryStore::new(), keys()));
        refreshes_by(2, store, pair.refresh_token, refresh)
    });
    println!("explorer: 2 signed refreshes, up to 2 faults: {} schedules", findings.schedules);
    assert!(findings.schedules > 1000 && findings.broken.is_empty(), "{findings:?}");
}

#[test]
fn a_session_in_a_store_without_its_guard_is_found_out() {
    // Two blind refreshes write the same, since a successor is derived: it takes a revocation between to see the fault.
    let revoke = explore(0, || refreshes_and_revoke(|| Unguarded(MemoryStore::new())));
    assert!(revoke.broken.contains_key("alive after revocation"), "{revoke:?}");
}

/// The record of the naive refresh: which token of the session is good, counted from 0.
fn naive_entry(generation: u8, seed: u8) -> Entry {
    let version = Version::new(&[seed; 16]).unwrap();
    Entry { version, value: vec![generation], expires_at_ms: u64::MAX, index: Index::default() }
}

/// The refresh of many systems: find, check, consume, and give the next. A token is its generation.
fn naive_refresh(token: &str, seed: u8) -> Request {
    let presented: u8 = token.parse().unwrap();
    let flow = move |store: Turn| async move {
        let key = RecordKey::of("naive", &["u1"]);
        let Ok(Reply::Loaded { entries, .. }) =
            store.execute(Command::Load { keys: vec![key.clone()] }).await
        else {
            return Err(ErrorCode::StoreUnknown);
        };
        let found = entries.into_iter().next().flatten().ok_or(ErrorCode::InvalidGrant)?;
        if found.value != [presented] {
            return Err(ErrorCode::InvalidGrant);
        }
        let (expect, next) = (Expect::Version(found.version), presented + 1);
        let write = Write::Put(naive_entry(next, seed));
        match store.execute(Command::Cas { key, expect, write }).await {
            Ok(Reply::Done) => Ok(next.to_string()),
            Ok(_) => Err(ErrorCode::InvalidGrant),
            Err(_) => Err(ErrorCode::StoreUnknown),
        }
    };
    Request::new(flow)
}

#[test]
fn a_flow_without_its_second_thought_is_found_out() {
    // Without deciding anew after a conflict, and without a grace, a double click logs the user out.
    let naive = explore(1, || {
        let store = MemoryStore::new();
        let (key, write) = (RecordKey::of("naive", &["u1"]), Write::Put(naive_entry(0, 1)));
        store.execute(Command::Cas { key, expect: Expect::Absent, write }).unwrap();
        refreshes_by(2, store, "0".into(), naive_refresh)
    });
    assert!(naive.broken.contains_key("false log-out"), "{naive:?}");
    assert!(naive.broken.contains_key("lost session"), "{naive:?}");
}

#[test]
fn a_thief_is_caught_within_the_grace_and_one_refresh() {
    let (store, TokenPair { refresh_token: stolen, .. }) = with_session(MemoryStore::new());
    let at = |token: &str, now: i64| issuer().refresh(token, &context(now, 30)).run(&store);
    let victim = at(&stolen, NOW + 100).result.unwrap();
    // Later than the grace the thief presents the old one: both lose the session, and the event says why.
    let thief = at(&stolen, NOW + 111);
    assert_eq!(thief.result.unwrap_err().code(), ErrorCode::InvalidGrant);
    assert!(thief.events.iter().any(|event| event.kind == EventKind::RefreshReuseDetected));
    assert_eq!(at(&victim.refresh_token, NOW + 112).result.unwrap_err().code(), ErrorCode::InvalidGrant);
}

#[test]
fn the_grace_is_exact() {
    let (store, TokenPair { refresh_token: token, .. }) = with_session(MemoryStore::new());
    let at = |after_us: u64| {
        let now = u64::try_from(NOW + 100).unwrap() * 1_000_000 + 700_000 + after_us;
        issuer().refresh(&token, &Context::at_micros(now, [30; 32])).run(&store)
    };
    let first = at(0).result.unwrap();
    assert_eq!(at(10_000_000).result.unwrap().refresh_token, first.refresh_token);
    assert!(at(10_000_001).result.is_err());
}

#[test]
fn a_store_that_lost_a_write_is_reported_and_not_believed() {
    let (store, pair) = with_session(MemoryStore::new());
    let next = issuer().refresh(&pair.refresh_token, &context(NOW + 1, 10)).run(&store).result.unwrap();
    // The same session in a store that has not seen the refresh: a restore from a backup.
    let (restored, _) = with_session(MemoryStore::new());
    let outcome = issuer().refresh(&next.refresh_token, &context(NOW + 1, 11)).run(&restored);
    assert_eq!(outcome.result.unwrap_err().code(), ErrorCode::StoreRegressed);
    assert!(outcome.events.iter().any(|event| event.kind == EventKind::StoreRegressed));
}
