//! One endpoint and one store, used by many threads at once; and what of that is the machine's.

use std::hint::black_box;
use std::time::Instant;

use anyhow::{Result, ensure};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::service::{ENTITY, OPTIONS, Service};
use crate::work::SECRET;

/// Calls of each thread; all of them are counted.
const CALLS: u64 = 4_000;

pub(crate) fn run() -> Result<()> {
    println!("\n### threads: Mercoa's entity token, endpoints on stores in memory\n");
    println!(
        "Each thread has a session of its own, but in the second row. In the third it has an endpoint and a store of its"
    );
    println!(
        "own, so that it waits for nobody; in the last it computes hashes for as long as a call takes one thread alone.\n"
    );
    println!("| threads | calls/s | ns, median | 99 % | 99.9 % | 99.9 % x median |");
    println!("|---|---:|---:|---:|---:|---:|");
    let mut alone = 0;
    for threads in [1, 8, 64] {
        let shared = Service::new("ledger")?;
        let median = row("one endpoint, one store", threads, |thread| Ok(calls(&shared, thread, thread)))?;
        if threads == 1 {
            alone = median;
        }
        let shared = Service::new("ledger")?;
        row("the same, one session for all", threads, |thread| Ok(calls(&shared, thread, 0)))?;
        row("one of each for each thread", threads, |thread| {
            let own = Service::new("ledger")?;
            Ok(move |call| calls(&own, thread, thread)(call))
        })?;
        let rounds = rounds(alone)?;
        row("no call: hashes for as long", threads, |_| Ok(move |_| hashes(rounds)))?;
    }
    Ok(())
}

/// A call of a thread: it takes so many nanoseconds.
fn calls(service: &Service, thread: u64, session: u64) -> impl Fn(u64) -> Result<u64> {
    let options = OPTIONS.replace("ses_42", &format!("ses_{session}"));
    move |call| {
        let number = thread * CALLS + call;
        let (request, context) = service.request_at(ENTITY, "Bearer demo-mercoa-key", &options, number)?;
        let start = Instant::now();
        let response = service.endpoint.handle(request, &context).run(&service.store).result?;
        let took = start.elapsed().as_nanos() as u64;
        ensure!(response.status().is_success());
        Ok(took)
    }
}

fn hashes(rounds: u64) -> Result<u64> {
    let keyed = Hmac::<Sha256>::new_from_slice(&SECRET)?;
    let start = Instant::now();
    for _ in 0..rounds {
        black_box(keyed.clone().chain_update([0; 449]).finalize());
    }
    Ok(start.elapsed().as_nanos() as u64)
}

/// How many hashes take so many nanoseconds, when nothing comes between.
fn rounds(ns: u64) -> Result<u64> {
    let least = (0..100).map(|_| hashes(100)).collect::<Result<Vec<_>>>()?.into_iter().min();
    Ok((ns * 100 / least.unwrap_or(1).max(1)).max(1))
}

/// Runs the calls of all threads, which begin at once; gives the median.
fn row<C>(name: &str, threads: u64, thread: impl Fn(u64) -> Result<C> + Sync) -> Result<u64>
where
    C: FnMut(u64) -> Result<u64>,
{
    let begin = Instant::now();
    let times = std::thread::scope(|scope| {
        let thread = &thread;
        let calls = |number| move || (0..CALLS).map(thread(number)?).collect::<Result<Vec<_>>>();
        let handles: Vec<_> = (0..threads).map(|number| scope.spawn(calls(number))).collect();
        let joined = handles
            .into_iter()
            .map(|handle| handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        joined.collect::<Result<Vec<_>>>()
    })?;
    let took = begin.elapsed().as_secs_f64();
    let mut times = times.concat();
    times.sort_unstable();
    let at = |quantile: f64| times[((times.len() - 1) as f64 * quantile) as usize];
    println!(
        "| {threads}: {name} | {:.0} | {} | {} | {} | {:.1} |",
        times.len() as f64 / took,
        at(0.5),
        at(0.99),
        at(0.999),
        at(0.999) as f64 / at(0.5) as f64
    );
    Ok(at(0.5))
}
