//! Security events: what was acknowledged is told to each receiver, whoever crashes, and nothing else is.

use std::collections::BTreeSet;

use tokenmint::*;
use tokenmint_certify::explorer::{Answer, Unguarded, explore};

use crate::world::{NOW, context, is_unsure};
use crate::{Case, Request, World, assert_unbroken};

const CASES: &[Case] = &[
    ("revoke session x poll of events, up to 2 faults", || {
        explore(2, || revoked_while_polled(session, 1, MemoryStore::new))
    }),
    ("revoke subject x poll of events, up to 2 faults", || {
        explore(2, || revoked_while_polled(subject, 1, MemoryStore::new))
    }),
    ("2 revoke subject, then events, up to 1 fault", || explore(1, || both_revoked(MemoryStore::new))),
    ("revoke session x poll that acknowledges, up to 1 fault", || {
        explore(1, || acknowledged(1, MemoryStore::new))
    }),
    ("revoke session x 2 polls that acknowledge, no fault", || {
        explore(0, || acknowledged(2, MemoryStore::new))
    }),
];

const RECEIVERS: [&str; 2] = ["one", "two"];

#[test]
fn no_schedule_loses_a_security_event_or_makes_one_up() {
    assert_unbroken(CASES);
}

#[test]
fn events_in_a_store_without_its_guard_are_found_out() {
    let findings = explore(0, || both_revoked(|| Unguarded(MemoryStore::new())));
    assert!(findings.broken.contains_key("not told"), "{findings:?}");
}

fn issuer() -> Issuer {
    let keys = KeySet::builder().hmac("k1", [7; 32].as_slice()).unwrap().build().unwrap();
    let policy = Policy::new("https://issuer.example").audience("api").session_secret([9; 32].as_slice());
    let policy = RECEIVERS.into_iter().map(EventReceiver::new).fold(policy, Policy::event_receiver);
    Issuer::new(keys, policy).unwrap()
}

/// A store that the issuer knows, with a session.
fn with_session<S: Store>(store: S) -> (S, TokenPair) {
    issuer().adopt_store(&context(NOW, 1)).run(&store).result.unwrap();
    let pair = issuer().start_session(StartSession::new("u1"), &context(NOW, 2)).run(&store).result.unwrap();
    (store, pair)
}

fn session(pair: &TokenPair, seed: u8) -> Request {
    Request::of(issuer().revoke_session(&pair.session, &context(NOW + 1, seed)), |()| "revoked".into())
}

fn subject(_: &TokenPair, seed: u8) -> Request {
    Request::of(issuer().revoke_subject("u1", &context(NOW + 1, seed)), |()| "revoked".into())
}

fn ids(polled: PolledEvents) -> String {
    polled.sets.into_iter().map(|set| set.id + " ").collect()
}

fn poll(ask: PollEvents, seed: u8) -> Request {
    Request::of(issuer().poll_events(ask, &context(NOW + 2, seed)), ids)
}

/// What a receiver is told until it has acknowledged all.
fn told<S: Store>(store: &S, receiver: &str) -> Vec<String> {
    let (mut ask, mut found) = (PollEvents::new(receiver), Vec::new());
    for seed in 100.. {
        let polled = issuer().poll_events(ask, &context(NOW + 3, seed)).run(store).result.unwrap();
        if polled.sets.is_empty() {
            break;
        }
        ask = PollEvents::new(receiver);
        for set in polled.sets {
            ask = ask.ack(&set.id);
            found.push(set.id);
        }
    }
    found
}

fn is_good<S: Store>(store: &S, pair: &TokenPair) -> bool {
    issuer().check(&pair.access_token, &context(NOW + 3, 90)).run(store).result.is_ok()
}

/// Something is revoked while a receiver asks; nobody has asked for the other.
fn revoked_while_polled<S: Store + 'static>(
    revoke: fn(&TokenPair, u8) -> Request,
    polls: u8,
    store: impl Fn() -> S,
) -> World<S> {
    let (store, pair) = with_session(store());
    let mut requests = vec![revoke(&pair, 10)];
    requests.extend((0..polls).map(|at| poll(PollEvents::new("one"), 20 + at)));
    let judge = move |store: &S, answers: &[Option<Answer>]| {
        let mut broken = Vec::new();
        let ended = !is_good(store, &pair);
        let each = RECEIVERS.map(|receiver| told(store, receiver));
        for found in &each {
            match (ended, found.len()) {
                (true, 0) => broken.push("not told"),
                (false, 1..) => broken.push("told of what did not happen"),
                (_, 2..) => broken.push("told twice"),
                _ => {}
            }
        }
        // What was given out before is the same event.
        let early: BTreeSet<&str> =
            answers[1..].iter().flatten().flatten().flat_map(|ids| ids.split_whitespace()).collect();
        if early.iter().any(|id| !each[0].iter().any(|told| told == id)) {
            broken.push("told of what did not happen");
        }
        // Whoever has lost the answer asks again, and it is no other event where it was done.
        if is_unsure(&answers[0]) {
            if revoke(&pair, 30).run(store).is_err() {
                broken.push("revocation refused");
            }
            if !ended && told(store, "one").len() != 1 {
                broken.push("not told");
            }
        }
        broken
    };
    World { store, requests, judge: Box::new(judge) }
}

/// Two raise the same mark: each that was done is an event, and a crash between is none or the same.
fn both_revoked<S: Store + 'static>(store: impl Fn() -> S) -> World<S> {
    let (store, pair) = with_session(store());
    let requests = vec![subject(&pair, 10), subject(&pair, 11)];
    let judge = move |store: &S, answers: &[Option<Answer>]| {
        let mut broken = Vec::new();
        let done = answers.iter().flatten().filter(|answer| answer.is_ok()).count();
        let unsure = answers.iter().filter(|answer| is_unsure(answer)).count();
        for receiver in RECEIVERS {
            let found = told(store, receiver);
            if found.len() < done {
                broken.push("not told");
            }
            if found.len() > done + unsure || (found.is_empty() && !is_good(store, &pair)) {
                broken.push("told of what did not happen");
            }
        }
        broken
    };
    World { store, requests, judge: Box::new(judge) }
}

/// An event is acknowledged, twice at once perhaps, while another happens: that one is not lost, and the first does not come again.
fn acknowledged<S: Store + 'static>(polls: u8, store: impl Fn() -> S) -> World<S> {
    let (store, pair) = with_session(store());
    subject(&pair, 3).run(&store).unwrap();
    let first = poll(PollEvents::new("one"), 4).run(&store).unwrap().trim_end().to_owned();
    let ack = |seed| poll(PollEvents::new("one").ack(&first), seed);
    let mut requests = vec![session(&pair, 10)];
    requests.extend((0..polls).map(|at| ack(20 + at)));
    let judge = move |store: &S, answers: &[Option<Answer>]| {
        let mut broken = Vec::new();
        let acked = answers[1..].iter().flatten().any(Result::is_ok);
        let found = told(store, "one");
        if acked && found.contains(&first) {
            broken.push("told again after it was acknowledged");
        }
        let others = found.iter().filter(|id| **id != first).count();
        if matches!(answers[0], Some(Ok(_))) && others != 1 {
            broken.push("not told");
        }
        broken
    };
    World { store, requests, judge: Box::new(judge) }
}
