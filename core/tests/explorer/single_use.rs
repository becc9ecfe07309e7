//! Single-use tokens: a code that is guessed at, a slot that is taken over, and a token that is cancelled, each while it is
//! redeemed.

use tokenmint::*;
use tokenmint_certify::explorer::{Answer, Unguarded, explore};

use crate::world::{NOW, context, is_unsure, issuer, refused_with};
use crate::{Case, Request, World, assert_unbroken};

const CASES: &[Case] = &[
    ("fifth wrong code x 2 redeemers, up to 1 fault", || explore(1, || guesses(MemoryStore::new))),
    ("2 wrong codes x redeemer, up to 1 fault", || explore(1, || last_two_guesses(MemoryStore::new))),
    ("newer token of a slot x 2 redeemers, up to 1 fault", || explore(1, || takeover(MemoryStore::new))),
    ("cancel x 2 redeemers, up to 1 fault", || explore(1, || cancelled(MemoryStore::new))),
];

#[test]
fn no_schedule_breaks_a_single_use_token() {
    assert_unbroken(CASES);
}

#[test]
fn single_use_in_a_store_without_its_guard_is_found_out() {
    let unguarded = || Unguarded(MemoryStore::new());
    for (findings, broken) in [
        (explore(0, || guesses(unguarded)), "double redemption"),
        (explore(0, || guesses(unguarded)), "redeemed behind the fifth wrong code"),
        (explore(0, || last_two_guesses(unguarded)), "a wrong code was not counted"),
        (explore(0, || takeover(unguarded)), "the newer token is lost"),
        (explore(0, || cancelled(unguarded)), "redeemed though it was cancelled"),
    ] {
        assert!(findings.broken.contains_key(broken), "{broken}: {findings:?}");
    }
}

const PURPOSE: &str = "reset";

fn issue(digits: bool, seed: u8) -> Task<SingleUseToken> {
    let request = IssueSingleUse::new(PURPOSE, Lifetime::HOUR).subject("u1").slot("u1");
    let request = if digits { request.digits(6) } else { request };
    issuer().issue_single_use(request, &context(NOW, seed))
}

fn redeem(token: &str, by: &str, seed: u8) -> Request {
    let presented = PresentedSingleUse::new(PURPOSE, token).slot("u1");
    let task = issuer().redeem_single_use(&presented, Some(by), &context(NOW + 1, seed));
    Request::of(task, |redeemed| redeemed.subject.unwrap())
}

/// A store with a code that had so many wrong ones, and the code with a wrong one.
fn with_code<S: Store>(store: S, wrong: u8) -> (S, String, String) {
    let code = issue(true, 1).run(&store).result.unwrap().token;
    let other = if code == "000000" { "000001" } else { "000000" };
    for seed in 0..wrong {
        assert_eq!(redeem(other, "guess", 2 + seed).run(&store), Err(ErrorCode::LinkUnknown));
    }
    (store, code, other.to_owned())
}

/// The answers of redeemers of one token, who ask again where they got none.
fn settled<S: Store>(store: &S, token: &str, answers: &[Option<Answer>]) -> Vec<Answer> {
    let again = |(i, answer): (u8, &Option<Answer>)| match answer {
        Some(known) if !is_unsure(answer) => known.clone(),
        _ => redeem(token, &format!("redeemer {i}"), 40 + i).run(store),
    };
    (0..).zip(answers).map(again).collect()
}

fn redeemers(token: &str) -> Vec<Request> {
    (0..2).map(|i| redeem(token, &format!("redeemer {i}"), 20 + i)).collect()
}

fn winners(answers: &[Answer]) -> usize {
    answers.iter().filter(|answer| answer.is_ok()).count()
}

/// The last guess that is left, while two redeem the code.
fn guesses<S: Store + 'static>(store: impl Fn() -> S) -> World<S> {
    let (store, code, wrong) = with_code(store(), 4);
    let mut requests = redeemers(&code);
    requests.push(redeem(&wrong, "guess", 30));
    let judge = move |store: &S, answers: &[Option<Answer>]| {
        let (redeemers, guess) = answers.split_at(2);
        let settled = settled(store, &code, redeemers);
        let mut broken = Vec::new();
        if winners(&settled) > 1 {
            broken.push("double redemption");
        }
        if refused_with(guess, ErrorCode::AttemptsExhausted) && winners(&settled) > 0 {
            broken.push("redeemed behind the fifth wrong code");
        }
        if guess.iter().flatten().any(Answer::is_ok) {
            broken.push("redeemed by a wrong code");
        }
        if winners(&settled) == 0 && settled.iter().any(|answer| *answer != Err(ErrorCode::AttemptsExhausted))
        {
            broken.push("burnt code");
        }
        broken
    };
    World { store, requests, judge: Box::new(judge) }
}

/// Two guesses where two are left, while another redeems the code.
fn last_two_guesses<S: Store + 'static>(store: impl Fn() -> S) -> World<S> {
    let (store, code, wrong) = with_code(store(), 3);
    let guess = |seed| redeem(&wrong, "guess", seed);
    let requests = vec![redeem(&code, "redeemer 0", 20), guess(30), guess(31)];
    let judge = move |store: &S, answers: &[Option<Answer>]| {
        let (redeemer, guesses) = answers.split_at(1);
        let settled = settled(store, &code, redeemer);
        let told = guesses
            .iter()
            .flatten()
            .filter(|guess| matches!(guess, Err(ErrorCode::LinkUnknown | ErrorCode::AttemptsExhausted)));
        let mut broken = Vec::new();
        // Both were compared, so the code had its five.
        let both = told.count() == 2;
        if both && winners(&settled) > 0 {
            broken.push("redeemed behind the fifth wrong code");
        }
        let unknown = |guess: &&Option<Answer>| **guess == Some(Err(ErrorCode::LinkUnknown));
        if guesses.iter().filter(unknown).count() == 2 {
            broken.push("a wrong code was not counted");
        }
        broken
    };
    World { store, requests, judge: Box::new(judge) }
}

/// A newer token of the slot, while two redeem the older.
fn takeover<S: Store + 'static>(store: impl Fn() -> S) -> World<S> {
    let store = store();
    let older = issue(false, 1).run(&store).result.unwrap().token;
    let mut requests = redeemers(&older);
    requests.push(Request::of(issue(false, 10), |made| made.token));
    let judge = move |store: &S, answers: &[Option<Answer>]| {
        let (redeemers, newer) = answers.split_at(2);
        let settled = settled(store, &older, redeemers);
        let mut broken = Vec::new();
        if winners(&settled) > 1 {
            broken.push("double redemption");
        }
        if let [Some(Ok(newer))] = newer {
            if redeem(newer, "redeemer of the newer", 60).run(store).is_err() {
                broken.push("the newer token is lost");
            }
            if redeem(&older, "late redeemer", 61).run(store) != Err(ErrorCode::LinkUnknown) {
                broken.push("the older token is known");
            }
        }
        broken
    };
    World { store, requests, judge: Box::new(judge) }
}

/// A token is cancelled while two redeem it.
fn cancelled<S: Store + 'static>(store: impl Fn() -> S) -> World<S> {
    let store = store();
    let token = issue(false, 1).run(&store).result.unwrap().token;
    let mut requests = redeemers(&token);
    let cancel = {
        let token = token.clone();
        move |seed| {
            let which = CancelSingleUse::Token(token.clone());
            Request::of(issuer().cancel_single_use(PURPOSE, which, &context(NOW + 1, seed)), |()| {
                "cancelled".into()
            })
        }
    };
    requests.push(cancel(30));
    let judge = move |store: &S, answers: &[Option<Answer>]| {
        let (redeemers, cancelled) = answers.split_at(2);
        let settled = settled(store, &token, redeemers);
        let cancelled = match &cancelled[0] {
            Some(known) if !is_unsure(&cancelled[0]) => known.clone(),
            _ => cancel(50).run(store),
        };
        let mut broken = Vec::new();
        if winners(&settled) > 1 {
            broken.push("double redemption");
        }
        if cancelled.is_ok() && winners(&settled) > 0 {
            broken.push("redeemed though it was cancelled");
        }
        if cancelled == Err(ErrorCode::LinkUsed) && winners(&settled) == 0 {
            broken.push("burnt token");
        }
        broken
    };
    World { store, requests, judge: Box::new(judge) }
}
