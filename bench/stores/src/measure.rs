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

/// Lets each worker do the same over and over for one slice of time.
pub(crate) async fn slice<W, F>(workers: Vec<W>, work: impl Fn(W) -> F) -> Result<(Vec<W>, Measured)>
where
    W: Send + 'static,
    F: Future<Output = Result<(W, Vec<Duration>)>> + Send + 'static,
{
    let start = Instant::now();
    let running: Vec<_> = workers.into_iter().map(|worker| tokio::spawn(work(worker))).collect();
    let (mut workers, mut measured) = (Vec::new(), Measured::default());
    for one in running {
        let (worker, times) = one.await??;
        workers.push(worker);
        measured.times.extend(times);
    }
    measured.took = start.elapsed();
    Ok((workers, measured))
}

/// Does one thing until the slice is over.
pub(crate) async fn repeat<F>(mut one: impl FnMut(u64) -> F) -> Result<Vec<Duration>>
where
    F: Future<Output = Result<()>>,
{
    let end = Instant::now() + SLICE;
    let mut times = Vec::new();
    for turn in 0.. {
        let start = Instant::now();
        if start >= end {
            break;
        }
        one(turn).await?;
        times.push(start.elapsed());
    }
    Ok(times)
}

/// Collects slices.
pub(crate) fn sum(slices: Vec<Measured>) -> Measured {
    slices.into_iter().fold(Measured::default(), |mut sum, slice| {
        sum.add(slice);
        sum
    })
}
