//! Assertions on every store: none that is wrong is taken, none twice, and of many at once one is first.

#![cfg(any(feature = "sqlite", feature = "postgres", feature = "redis"))]

#[path = "../../core/tests/flows/assertions/cases.rs"]
mod cases;
#[cfg(any(feature = "postgres", feature = "redis"))]
mod servers;
#[path = "../../core/tests/flows/signer.rs"]
#[allow(dead_code, reason = "the core's tests use the rest")]
mod signer;

use cases::{World, judge};
use futures_util::future::join_all;
use tokenmint::AcceptAssertion;
use tokenmint_store::Database;

async fn holds(url: &str) {
    let (world, store) = (World::new(), Database::open(url).await.unwrap());
    let present = async |token: &str, after: i64| {
        let request = AcceptAssertion::new(token);
        world.issuer.accept_assertion(request, &World::context(after)).run_async(&store).await.result
    };
    let mut verdicts = Vec::new();
    for case in world.cases() {
        for step in &case.steps {
            let result = present(&step.token, step.after).await;
            verdicts.push(judge(&case.name, step, &result));
        }
    }
    let wrong: Vec<_> = verdicts.iter().filter_map(|verdict| verdict.as_ref().err()).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(verdicts.iter().filter(|verdict| **verdict == Ok(true)).count() >= 200);

    for round in 0..8 {
        let job = world.job(&format!("round {round}"));
        let results = join_all((0..16).map(|_| present(&job, 0))).await;
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{results:?}");
    }
}

#[cfg(feature = "sqlite")]
#[tokio::test(flavor = "multi_thread")]
async fn sqlite_takes_no_assertion_twice() {
    let folder = tempfile::tempdir().unwrap();
    holds(&format!("sqlite:{}?timeout_ms=60000", folder.path().join("tokens.db").display())).await;
}

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread")]
async fn postgres_takes_no_assertion_twice() {
    let server = servers::postgres::Postgres::shared();
    let url = server.url(&server.database());
    holds(&format!("{url}{}timeout_ms=60000", if url.contains('?') { '&' } else { '?' })).await;
}

#[cfg(feature = "redis")]
#[tokio::test(flavor = "multi_thread")]
async fn redis_takes_no_assertion_twice() {
    let server = servers::redis::Redis::start(&[]);
    holds(&format!("{}?timeout_ms=60000", server.url())).await;
}
