//! Many entries and many limits: what is full refuses, and what was acknowledged is there.

use std::future::Future;
use std::sync::Arc;

use super::rig::Rig;
use super::throttle::{Answer, EARLY_US, hourly, throttle};
use super::trial::{Trial, Verdict, done, ensure, insert, load_all, now_ms, race};

/// How many callers there are at once.
const CALLERS: usize = 256;

pub(crate) async fn no_entry_is_evicted<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    let mut own = Vec::new();
    for n in 0..t.size(21_000, 110_000) {
        let (key, mut entry) = (t.key(format!("{n}"))?, t.entry([])?);
        // So many may go as soon as any may.
        entry.expires_at_ms = now_ms();
        own.push((key, entry));
    }
    let own = Arc::new(own);
    each(t, own.len(), |n, store| {
        let own = Arc::clone(&own);
        async move {
            let Some((key, entry)) = own.get(n) else { return Ok(()) };
            done(&format!("insert number {n}"), insert(&*store, key, entry).await?)
        }
    })
    .await?;
    each(t, own.len().div_ceil(8), |part, store| {
        let own = Arc::clone(&own);
        async move {
            let part = own.chunks(8).nth(part).unwrap_or_default();
            let keys: Vec<_> = part.iter().map(|(key, _)| key.clone()).collect();
            let found = load_all(&*store, &keys).await?;
            let whole = found.iter().zip(part).all(|(found, (_, entry))| found.as_ref() == Some(entry));
            ensure!(whole, "of {} entries some are gone: {found:?}", own.len());
            Ok(())
        }
    })
    .await
}

pub(crate) async fn no_limit_is_evicted<R: Rig>(t: &mut Trial<'_, R>) -> Verdict {
    let mut keys = Vec::new();
    for n in 0..t.size(10_500, 110_000) {
        keys.push(t.key(format!("{n}"))?);
    }
    let keys = Arc::new(keys);
    for (round, admits) in [("first", true), ("second", false)] {
        each(t, keys.len(), |n, store| {
            let keys = Arc::clone(&keys);
            async move {
                let Some(key) = keys.get(n) else { return Ok(()) };
                let answer = throttle(&*store, key, hourly(1), 1, EARLY_US).await?;
                let right = matches!(answer, Answer::Admitted(_)) == admits;
                ensure!(right, "of {} limits the {round} event of number {n}: {answer:?}", keys.len());
                Ok(())
            }
        })
        .await?;
    }
    Ok(())
}

/// Does something so many times, many at once.
async fn each<R: Rig, F>(t: &Trial<'_, R>, count: usize, act: impl Fn(usize, Arc<R::Store>) -> F) -> Verdict
where
    F: Future<Output = Verdict> + Send + 'static,
{
    let connections = t.connections(4).await?;
    let callers = race(&connections, CALLERS, |index, store| {
        let acts: Vec<F> = (index..count).step_by(CALLERS).map(|n| act(n, Arc::clone(&store))).collect();
        async move {
            for act in acts {
                act.await?;
            }
            Ok(())
        }
    });
    callers.await.map(|_| ())
}
