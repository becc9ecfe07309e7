//! Log-out of many sessions at once: while one begins, is listed or refreshed, and while another logs out all others.

use tokenmint::*;
use tokenmint_certify::explorer::{Answer, Unguarded, explore};

use crate::world::{NOW, context, is_unsure, issuer, refused_with, successes};
use crate::{Case, Request, World, assert_unbroken};

const CASES: &[Case] = &[
    ("session start x revoke sessions, up to 2 faults", || {
        explore(2, || start_and_revoke(1, MemoryStore::new))
    }),
    ("2 session starts x revoke sessions, up to 1 fault", || {
        explore(1, || start_and_revoke(2, MemoryStore::new))
    }),
    ("list x session start x revoke sessions, up to 1 fault", || {
        explore(1, || list_and_revoke(MemoryStore::new))
    }),
    ("2 refreshes x revoke sessions but one, up to 1 fault", || {
        explore(1, || refresh_and_revoke(MemoryStore::new))
    }),
    ("2 revoke sessions but one each, up to 2 faults", || explore(2, || each_but_one(2, MemoryStore::new))),
    ("3 revoke sessions but one each, no fault", || explore(0, || each_but_one(3, MemoryStore::new))),
];

#[test]
fn no_schedule_breaks_a_log_out() {
    assert_unbroken(CASES);
}

fn start(seed: u8) -> Task<TokenPair> {
    issuer().start_session(StartSession::new("u1"), &context(NOW, seed))
}

/// A store with `n` sessions of one subject.
fn with_sessions<S: Store>(n: u8, store: S) -> (S, Vec<TokenPair>) {
    let pairs = (1..=n).map(|seed| start(seed).run(&store).result.unwrap()).collect();
    (store, pairs)
}

fn revoke(except: Option<&str>, seed: u8) -> Request {
    let task = issuer().revoke_sessions("u1", except, &context(NOW + 1, seed));
    Request::of(task, |()| "revoked".into())
}

fn refresh(token: &str, seed: u8) -> Request {
    Request::of(issuer().refresh(token, &context(NOW + 1, seed)), |pair| pair.refresh_token)
}

fn is_good<S: Store>(store: &S, access_token: &str) -> bool {
    issuer().check(access_token, &context(NOW + 2, 90)).run(store).result.is_ok()
}

fn listed<S: Store>(store: &S) -> Vec<String> {
    let list = issuer().list_sessions("u1", &context(NOW + 2, 91)).run(store).result.unwrap();
    list.sessions.into_iter().map(|session| session.session).collect()
}

/// Whoever got no answer on the log-out asks again.
fn revoked_for_sure<S: Store>(answer: &Option<Answer>, store: &S) -> bool {
    !is_unsure(answer) || revoke(None, 80).run(store).is_ok()
}

/// Sessions begin while all are revoked: one from before ends, and a new one lives or not, but not in part.
fn start_and_revoke<S: Store + 'static>(n: u8, store: impl Fn() -> S) -> World<S> {
    let (store, before) = with_sessions(1, store());
    let show = |pair: TokenPair| format!("{} {} {}", pair.session, pair.access_token, pair.refresh_token);
    let mut requests = vec![revoke(None, 20)];
    requests.extend((0..n).map(|i| Request::of(start(10 + i), show)));
    let judge = move |store: &S, answers: &[Option<Answer>]| {
        let mut broken = Vec::new();
        if !revoked_for_sure(&answers[0], store) {
            broken.push("revocation refused");
        }
        if is_good(store, &before[0].access_token) || refresh(&before[0].refresh_token, 50).run(store).is_ok()
        {
            broken.push("alive after revocation");
        }
        let list = listed(store);
        if list.contains(&before[0].session) {
            broken.push("listed after revocation");
        }
        for pair in successes(&answers[1..]) {
            let [session, access, refresh_token] = pair.split(' ').collect::<Vec<_>>()[..] else {
                panic!("{pair}")
            };
            let parts = [
                is_good(store, access),
                list.iter().any(|listed| listed == session),
                refresh(refresh_token, 51).run(store).is_ok(),
            ];
            if parts.contains(&true) && parts.contains(&false) {
                broken.push("alive in part");
            }
        }
        // What begins now lives.
        if !start(60).run(store).result.is_ok_and(|pair| is_good(store, &pair.access_token)) {
            broken.push("log-in refused");
        }
        broken
    };
    World { store, requests, judge: Box::new(judge) }
}

/// A list while a session begins and all but one are revoked: it always has that one, and nothing that was over before.
fn list_and_revoke<S: Store + 'static>(store: impl Fn() -> S) -> World<S> {
    let (store, pairs) = with_sessions(3, store());
    issuer().revoke_session(&pairs[2].session, &context(NOW, 5)).run(&store).result.unwrap();
    let list = issuer().list_sessions("u1", &context(NOW + 1, 11));
    let show = |list: SessionList| list.sessions.into_iter().map(|view| view.session + " ").collect();
    let kept = pairs[0].session.clone();
    let requests =
        vec![revoke(Some(&kept), 20), Request::of(list, show), Request::of(start(10), |pair| pair.session)];
    let judge = move |store: &S, answers: &[Option<Answer>]| {
        let mut broken = Vec::new();
        if let Some(Ok(list)) = &answers[1] {
            if !list.contains(&kept) {
                broken.push("a living session is not listed");
            }
            if list.contains(&pairs[2].session) {
                broken.push("a session that is over is listed");
            }
        }
        if is_unsure(&answers[0]) && revoke(Some(&kept), 80).run(store).is_err() {
            broken.push("revocation refused");
        }
        let list = listed(store);
        if list.contains(&pairs[1].session) || list.contains(&pairs[2].session) {
            broken.push("listed after revocation");
        }
        if !list.contains(&kept) {
            broken.push("a living session is not listed");
        }
        broken
    };
    World { store, requests, judge: Box::new(judge) }
}

/// Two sessions are refreshed while all but one of them are revoked.
fn refresh_and_revoke<S: Store + 'static>(store: impl Fn() -> S) -> World<S> {
    let (store, pairs) = with_sessions(2, store());
    let kept = pairs[0].session.clone();
    let requests = vec![
        revoke(Some(&kept), 20),
        refresh(&pairs[0].refresh_token, 10),
        refresh(&pairs[1].refresh_token, 11),
    ];
    let judge = move |store: &S, answers: &[Option<Answer>]| {
        let mut broken = Vec::new();
        if is_unsure(&answers[0]) && revoke(Some(&kept), 80).run(store).is_err() {
            broken.push("revocation refused");
        }
        let mut ended = successes(&answers[2..]);
        ended.push(pairs[1].refresh_token.clone());
        if is_good(store, &pairs[1].access_token)
            || ended.iter().any(|token| refresh(token, 50).run(store).is_ok())
        {
            broken.push("alive after revocation");
        }
        let mut chain = successes(&answers[1..2]);
        chain.extend(refresh(&pairs[0].refresh_token, 51).run(store).ok());
        chain.dedup();
        if chain.len() != 1 || refused_with(&answers[1..2], ErrorCode::InvalidGrant) {
            broken.push("false log-out");
        }
        if !is_good(store, &pairs[0].access_token) {
            broken.push("false log-out");
        }
        broken
    };
    World { store, requests, judge: Box::new(judge) }
}

/// Some log each other out at once: one of them stays, and only that one is told so.
fn each_but_one<S: Store + 'static>(n: u8, store: impl Fn() -> S) -> World<S> {
    let (store, pairs) = with_sessions(n, store());
    let but = |pair: &TokenPair, seed| revoke(Some(&pair.session), seed);
    let requests = pairs.iter().zip(20..).map(|(pair, seed)| but(pair, seed)).collect();
    let judge = move |store: &S, answers: &[Option<Answer>]| {
        let mut broken = Vec::new();
        let mut told: usize = answers.iter().flatten().filter(|answer| answer.is_ok()).count();
        for ((answer, pair), seed) in answers.iter().zip(&pairs).zip(80..) {
            if is_unsure(answer) {
                told += usize::from(but(pair, seed).run(store).is_ok());
            }
        }
        if told != 1 {
            broken.push(if told == 0 { "nobody is told" } else { "two are told" });
        }
        let alive = pairs.iter().filter(|pair| is_good(store, &pair.access_token)).count();
        if alive != 1 {
            broken.push(if alive == 0 { "nobody stays" } else { "two stay" });
        }
        broken
    };
    World { store, requests, judge: Box::new(judge) }
}

#[test]
fn a_log_out_in_a_store_without_its_guard_is_found_out() {
    let findings = explore(0, || each_but_one(2, || Unguarded(MemoryStore::new())));
    assert!(findings.broken.contains_key("two are told"), "{findings:?}");
}
