//! Interleaved measurement: the cases of a table take turns in short batches, so that a slow spell of the machine
//! meets them all, and each ratio is taken within one turn.

use std::time::{Duration, Instant};

use crate::allocations;

/// How long one batch of one case takes, about.
const BATCH: Duration = Duration::from_micros(400);

/// One thing that is measured.
pub(crate) struct Case {
    name: String,
    work: Box<dyn FnMut()>,
}

/// Cases that are compared; the first is the limit that the others are compared with.
pub(crate) struct Table {
    title: String,
    cases: Vec<Case>,
}

impl Table {
    pub(crate) fn new(title: impl Into<String>) -> Self {
        Table { title: title.into(), cases: Vec::new() }
    }

    /// Adds a case; what `work` returns is dropped within the measured time.
    pub(crate) fn case<T>(&mut self, name: impl Into<String>, mut work: impl FnMut() -> T + 'static) {
        let work = Box::new(move || drop(std::hint::black_box(work())));
        self.cases.push(Case { name: name.into(), work });
    }

    /// Measures and prints the limit and the rows whose name contains `rows`.
    pub(crate) fn run(mut self, rows: &str, turns: usize) {
        let mut first = true;
        self.cases.retain(|case| std::mem::take(&mut first) || case.name.contains(rows));
        let allocations: Vec<u64> = self.cases.iter_mut().map(Case::allocations).collect();
        let sizes: Vec<u32> = self.cases.iter_mut().map(Case::batch_size).collect();
        let mut samples: Vec<Vec<f64>> = vec![Vec::with_capacity(turns); self.cases.len()];
        for _ in 0..turns {
            for ((case, size), samples) in self.cases.iter_mut().zip(&sizes).zip(&mut samples) {
                samples.push(case.batch(*size));
            }
        }
        println!("\n### {}\n", self.title);
        println!("| | ns, median | 10 % .. 90 % | x limit | allocations |");
        println!("|---|---:|---:|---:|---:|");
        let limit = samples[0].clone();
        for ((case, samples), allocations) in self.cases.iter().zip(&mut samples).zip(allocations) {
            let ratios = samples.iter().zip(&limit).map(|(sample, limit)| sample / limit);
            let ratio = at(&mut ratios.collect::<Vec<_>>(), 0.5);
            let [low, median, high] = [0.1, 0.5, 0.9].map(|quantile| at(samples, quantile));
            println!("| {} | {median:.0} | {low:.0} .. {high:.0} | {ratio:.2} | {allocations} |", case.name);
        }
    }
}

impl Case {
    fn allocations(&mut self) -> u64 {
        (self.work)();
        (self.work)();
        allocations::during(&mut self.work)
    }

    fn batch_size(&mut self) -> u32 {
        let mut size = 1_u32;
        loop {
            let took = self.batch(size) * f64::from(size);
            if took >= BATCH.as_nanos() as f64 / 2.0 || size >= 1 << 20 {
                return size;
            }
            size *= 2;
        }
    }

    /// Nanoseconds per call.
    fn batch(&mut self, size: u32) -> f64 {
        let start = Instant::now();
        for _ in 0..size {
            (self.work)();
        }
        start.elapsed().as_nanos() as f64 / f64::from(size)
    }
}

fn at(samples: &mut [f64], quantile: f64) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples[((samples.len() - 1) as f64 * quantile) as usize]
}
