//! One endpoint and one store, used by many threads at once.

use std::time::Instant;

use anyhow::{Result, ensure};

use crate::service::{ENTITY, OPTIONS, Service};

/// Calls of each thread; all of them are counted.
const CALLS: usize = 4_000;

pub(crate) fn run() -> Result<()> {
    println!("\n### threads: Mercoa's entity token, one endpoint and one store in memory\n");
    println!("| threads | calls/s | ns, median | 99 % | 99.9 % | 99.9 % x median |");
    println!("|---:|---:|---:|---:|---:|---:|");
    for threads in [1, 8, 64] {
        let service = Service::new("ledger")?;
        let begin = Instant::now();
        let times = std::thread::scope(|scope| {
            // Each thread has a session of its own: requests of one session take turns.
            let calls = |thread: u64| {
                let (service, first) = (&service, thread * CALLS as u64);
                let options = OPTIONS.replace("ses_42", &format!("ses_{thread}"));
                move || -> Result<Vec<u64>> {
                    let mut times = Vec::with_capacity(CALLS);
                    for call in 0..CALLS as u64 {
                        let (request, context) =
                            service.request_at(ENTITY, "Bearer demo-mercoa-key", &options, first + call)?;
                        let start = Instant::now();
                        let response =
                            service.endpoint.handle(request, &context).run(&service.store).result?;
                        times.push(start.elapsed().as_nanos() as u64);
                        ensure!(response.status().is_success());
                    }
                    Ok(times)
                }
            };
            let handles: Vec<_> = (0..threads).map(|thread| scope.spawn(calls(thread))).collect();
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
            "| {threads} | {:.0} | {} | {} | {} | {:.1} |",
            times.len() as f64 / took,
            at(0.5),
            at(0.99),
            at(0.999),
            at(0.999) as f64 / at(0.5) as f64
        );
    }
    Ok(())
}
