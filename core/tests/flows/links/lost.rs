//! Answers that never arrived: who repeats the request gets the same result, or nobody has had it.

use super::*;

/// Drives a task to its end; the store is gone from its write number `from` on, which is still carried out or not.
fn lose_the_store<T: 'static>(task: Task<T>, store: &Watched, from: usize, done: bool) -> Outcome<T> {
    let (mut writes, mut gone) = (0, false);
    drive(task, |command| {
        writes += usize::from(matches!(command, Command::Cas { .. }) && !gone);
        let last = writes == from && !gone;
        gone |= last;
        if !gone {
            return store.execute(command);
        }
        if last && done {
            store.execute(command).unwrap();
        }
        Err(StoreError::Unknown)
    })
}

#[test]
fn whoever_repeats_a_redemption_that_nobody_can_have_had_gets_it_once() {
    // The first write is the redemption, the second the public token.
    for (from, done) in [(1, false), (1, true), (2, false)] {
        let store = store();
        let token = link(&store, "u1", 10);
        let first = lose_the_store(redeem(&token, "lever", None, 5, 11), &store, from, done);
        assert_eq!(code(first), ErrorCode::StoreUnknown);
        let repeat = |integration, by, seed| redeem(&token, integration, by, 6, seed).run(&store);
        if (from, done) != (1, false) {
            for other in [repeat("bamboohr", None, 20), repeat("lever", Some("r2"), 21)] {
                assert_eq!(code(other), ErrorCode::LinkUsed);
            }
        }
        let again = repeat("lever", None, 22);
        assert!(again.events.iter().any(|event| event.kind == EventKind::LinkRedeemed));
        let public = again.result.unwrap().public_token;
        assert_eq!(code(repeat("lever", None, 23)), ErrorCode::LinkUsed);
        assert!(exchange(KEY, "hris", &public, None, 7, 13).run(&store).result.is_ok());
    }
}

#[test]
fn a_redemption_that_somebody_may_have_had_is_repeated_with_its_key_only() {
    for by in [None, Some("r1")] {
        let store = store();
        let token = link(&store, "u1", 10);
        let first = lose_the_store(redeem(&token, "lever", by, 5, 11), &store, 2, true);
        let error = first.result.unwrap_err();
        assert_eq!(error.to_string(), "the store did not confirm; the change may or may not have happened");
        assert!(error.retry_after().is_some());
        let again = redeem(&token, "lever", by, 6, 12).run(&store).result;
        assert_eq!(again.is_ok(), by.is_some());
    }
}

#[test]
fn a_redemption_that_nobody_has_had_is_over_with_its_window() {
    let store = store();
    let token = link(&store, "u1", 10);
    crash_after_writes(redeem(&token, "lever", None, 5, 11), &store, 1);
    assert_eq!(code(redeem(&token, "lever", None, 16, 12).run(&store)), ErrorCode::LinkUsed);
    assert!(redeem(&token, "lever", None, 15, 13).run(&store).result.is_ok());
}

#[test]
fn whoever_repeats_an_exchange_that_nobody_can_have_had_gets_it_once() {
    for (from, done) in [(1, false), (1, true), (2, false)] {
        let store = store();
        let public = public(&store, "u1", "lever", 10);
        let first = lose_the_store(exchange(KEY, "hris", &public, None, 5, 12), &store, from, done);
        assert_eq!(code(first), ErrorCode::StoreUnknown);
        let repeat = |by, seed| exchange(KEY, "hris", &public, by, 6, seed).run(&store);
        if (from, done) != (1, false) {
            assert_eq!(code(repeat(Some("r2"), 20)), ErrorCode::LinkUnknown);
        }
        let account = repeat(None, 21).result.unwrap();
        assert_eq!(code(repeat(None, 22)), ErrorCode::LinkUnknown);
        assert!(issuer().account(&account.account_token, &context(6, 14)).run(&store).result.is_ok());
    }
    for by in [None, Some("r1")] {
        let store = store();
        let public = public(&store, "u1", "lever", 10);
        let first = lose_the_store(exchange(KEY, "hris", &public, by, 5, 12), &store, 2, true);
        assert_eq!(code(first), ErrorCode::StoreUnknown);
        assert_eq!(exchange(KEY, "hris", &public, by, 6, 13).run(&store).result.is_ok(), by.is_some());
    }
}

#[test]
fn a_first_exchange_is_answered_whichever_clock_is_ahead() {
    let store = store();
    let (one, two) = (public(&store, "u1", "lever", 10), public(&store, "u1", "bamboohr", 20));
    let first = exchange(KEY, "hris", &one, None, 5, 12).run(&store).result.unwrap();
    let second = exchange(KEY, "hris", &two, None, 3, 22).run(&store).result.unwrap();
    assert_eq!(first.account_token, second.account_token);
    assert_eq!(second.integration.slug, "bamboohr");
}

#[test]
fn windows_are_exact_to_the_microsecond() {
    let micros = |after_us: u64, seed: u8| {
        Context::at_micros(u64::try_from(NOW).unwrap() * 1_000_000 + 700_000 + after_us, [seed; 32])
    };
    let store = store();
    let token = link(&store, "u1", 10);
    let request =
        RedeemRequest { link_token: token, integration: Some("lever".into()), redeemer: Some("r1".into()) };
    let redeem = |at| issuer().redeem_link(request.clone(), &micros(at, 11)).run(&store);
    let public = redeem(0).result.unwrap().public_token;
    assert!(redeem(10_000_000).result.is_ok());
    assert_eq!(code(redeem(10_000_001)), ErrorCode::LinkUsed);

    let account = exchange(KEY, "hris", &public, None, 5, 12).run(&store).result.unwrap().account_token;
    let regenerate = |at| {
        issuer().regenerate_account_token(Secret::from(KEY), "hris", &account, &micros(at, 13)).run(&store)
    };
    let next = regenerate(0).result.unwrap();
    assert!(regenerate(10_000_000).result.unwrap() == next);
    assert_eq!(code(regenerate(10_000_001)), ErrorCode::Unauthenticated);
}
