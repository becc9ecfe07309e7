//! How many a second, and how long each takes.

use std::time::{Duration, Instant};

use anyhow::Result;

/// How long one slice of a measurement takes.
const SLICE: Duration = Duration::from_millis(400);

/// What was measured.
#[derive(Clone, Debug, Default)]
pub(crate) struct Measured {
    times: Vec<Duration>,
    took: Duration,
}

impl Measured {
    pub(crate) fn per_second(&self) -> f64 {
        self.times.len() as f64 / self.took.as_secs_f64()
    }

    #[allow(dead_code, reason = "not every benchmark that has this file asks")]
    pub(crate) fn took(&self) -> Duration {
        self.took
    }

    /// The time within which this share of all was done.
    pub(crate) fn quantile(&self, share: f64) -> Duration {
        let mut times = self.times.clone();
        times.sort_unstable();
        let at = (times.len() as f64 * share) as usize;
        times.get(at.min(times.len().saturating_sub(1))).copied().unwrap_or_default()
    }

    fn add(&mut self, other: Measured) {
        self.times.extend(other.times);
        self.took += other.took;
    }
}

/// Somebody who does the same over and over.
pub(crate) trait Work: Send + 'static {
    /// Does it once; `turn` counts within a slice.
    fn once(&mut self, turn: u64) -> impl Future<Output = Result<()>> + Send;
}

/// Lets each worker do its work for one slice of time.
pub(crate) async fn slice<W: Work>(workers: Vec<W>) -> Result<(Vec<W>, Measured)> {
    let start = Instant::now();
    let running: Vec<_> = workers.into_iter().map(|worker| tokio::spawn(repeat(worker))).collect();
    let (mut workers, mut measured) = (Vec::new(), Measured::default());
    for one in running {
        let (worker, times) = one.await??;
        workers.push(worker);
        measured.times.extend(times);
    }
    measured.took = start.elapsed();
    Ok((workers, measured))
}

async fn repeat<W: Work>(mut worker: W) -> Result<(W, Vec<Duration>)> {
    let end = Instant::now() + SLICE;
    let mut times = Vec::new();
    for turn in 0.. {
        let start = Instant::now();
        if start >= end {
            break;
        }
        worker.once(turn).await?;
        times.push(start.elapsed());
    }
    Ok((worker, times))
}

/// Collects slices.
pub(crate) fn sum(slices: Vec<Measured>) -> Measured {
    slices.into_iter().fold(Measured::default(), |mut sum, slice| {
        sum.add(slice);
        sum
    })
}
