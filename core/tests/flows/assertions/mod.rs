//! Tokens of trusted issuers, for tokens of ours (RFC 7523).

pub(crate) mod cases;

use cases::{World, judge};
use tokenmint::*;

#[test]
fn no_wrong_assertion_is_taken_and_none_twice() {
    let (world, store) = (World::new(), MemoryStore::new());
    let mut verdicts = Vec::new();
    for case in world.cases() {
        for step in &case.steps {
            let request = AcceptAssertion::new(step.token.clone());
            let outcome = world.issuer.accept_assertion(request, &World::context(step.after)).run(&store);
            verdicts.push(judge(&case.name, step, &outcome.result));
        }
    }
    let wrong: Vec<_> = verdicts.iter().filter_map(|verdict| verdict.as_ref().err()).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(verdicts.iter().filter(|verdict| **verdict == Ok(true)).count() >= 200);
}

/// What comes at the same time is taken once.
#[test]
#[allow(clippy::disallowed_methods)] // the test stands for a host with threads
fn of_many_at_once_one_is_first() {
    let (world, store) = (World::new(), MemoryStore::new());
    for round in 0..20 {
        let job = world.job(&format!("round {round}"));
        let taken = std::thread::scope(|scope| {
            let present = || {
                let request = AcceptAssertion::new(job.clone());
                world.issuer.accept_assertion(request, &World::context(0)).run(&store).result
            };
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(present)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).filter(Result::is_ok).count()
        });
        assert_eq!(taken, 1);
    }
}

/// Keys at a URL are the host's to fetch; what is known is told, what cannot be known is no refusal.
#[test]
fn keys_that_are_not_here_are_no_fault_of_the_token() {
    let rule = AssertionRule::new("{sub}").claim("sub", "*");
    let trusted =
        TrustedIssuer::at("https://ci.example/jwks").unwrap().issuer("https://ci.example").rule(rule);
    let keys = KeySet::builder().hmac("k1", [7; 32].as_slice()).unwrap().build().unwrap();
    let issuer = Issuer::new(keys, Policy::new(cases::ISSUER).trusted_issuer(trusted)).unwrap();
    let outcome = issuer
        .accept_assertion(AcceptAssertion::new(World::new().job("a")), &World::context(0))
        .run(&MemoryStore::new());
    let error = outcome.result.unwrap_err();
    assert_eq!(error.code(), ErrorCode::KeysUnavailable);
    assert!(error.retry_after().is_some() && outcome.events.is_empty());
}
