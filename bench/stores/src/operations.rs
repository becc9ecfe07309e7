//! Load, cas and throttle, by the driver and by the raw statements, in turns within one run.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use tokenmint::{AsyncStore, Command, Entry, Expect, Index, RecordKey, Reply, Store, Version, Write};
use tokenmint_store::{BlockingDatabase, Database};

use crate::Place;
use crate::filter::Filter;
use crate::measure::{Measured, Work, slice, sum};
use crate::raw::{self, BURST_US, Connection, EXPIRES_MS, INTERVAL_US, VALUE};

const TURNS: usize = 4;

/// One of those that do the same at the same time, on entries of its own.
struct Worker {
    operation: Operation,
    number: u64,
    all: u64,
    entries: u64,
    /// An entry that nobody else writes.
    own: u64,
    version: u64,
    by: By,
}

enum By {
    Driver(Arc<Database>),
    /// Without a runtime, as C, Go and Python have it.
    Blocking(Arc<BlockingDatabase>),
    Raw(Connection),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Operation {
    Load,
    Cas,
    Throttle,
}

pub(crate) async fn table(place: &Place, entries: u64, filter: &Filter) -> Result<()> {
    println!("\n### {}, {entries} entries\n", place.name);
    println!(
        "| callers | raw/s | driver/s | raw / driver | driver, p50 | p99 |\n|---|---:|---:|---:|---:|---:|"
    );
    let sqlite = matches!(place.raw, raw::Raw::Sqlite(_));
    for workers in [1_usize, 8, 64] {
        for (name, operation) in
            [("load", Operation::Load), ("cas", Operation::Cas), ("throttle", Operation::Throttle)]
        {
            if !filter.admits(name) || !filter.admits_workers(workers) {
                continue;
            }
            // One writer is all that SQLite has; more of them only wait.
            if sqlite && workers > 8 && operation != Operation::Load {
                continue;
            }
            let database = Arc::new(Database::open(&place.url).await?);
            row(place, entries, workers as u64, (name, operation), || By::Driver(Arc::clone(&database)))
                .await?;
            // Over a network, a blocking host waits for the same runtime.
            if sqlite && workers == 1 {
                let url = place.url.clone();
                let database =
                    Arc::new(tokio::task::spawn_blocking(move || BlockingDatabase::open(&url)).await??);
                let by = || By::Blocking(Arc::clone(&database));
                row(place, entries, workers as u64, (&format!("{name}, blocking"), operation), by).await?;
            }
        }
    }
    Ok(())
}

async fn row(
    place: &Place,
    entries: u64,
    workers: u64,
    (name, operation): (&str, Operation),
    by: impl Fn() -> By,
) -> Result<()> {
    let worker = |number, by| Worker {
        operation,
        number,
        all: workers,
        entries,
        own: unwritten(entries),
        version: 0,
        by,
    };
    let (mut raws, mut drivers) = (Vec::new(), Vec::new());
    for number in 0..workers {
        if let Some(connection) = place.raw.connect().await? {
            raws.push(worker(number, By::Raw(connection)));
        }
        drivers.push(worker(number, by()));
    }
    let (mut raw, mut driver) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        let measured;
        (raws, measured) = slice(raws).await?;
        raw.push(measured);
        let measured;
        (drivers, measured) = slice(drivers).await?;
        driver.push(measured);
    }
    let (raw, driver): (Measured, Measured) = (sum(raw), sum(driver));
    println!(
        "| {name} x{workers} | {:.0} | {:.0} | {:.2} | {:.0?} | {:.0?} |",
        raw.per_second(),
        driver.per_second(),
        raw.per_second() / driver.per_second(),
        driver.quantile(0.5),
        driver.quantile(0.99),
    );
    Ok(())
}

impl Work for Worker {
    async fn once(&mut self, turn: u64) -> Result<()> {
        match self.operation {
            Operation::Load => self.load(turn).await,
            Operation::Cas => self.cas().await,
            Operation::Throttle => self.throttle().await,
        }
    }
}

impl By {
    async fn execute(&mut self, command: Command) -> Result<Reply> {
        Ok(match self {
            By::Driver(database) => database.execute(command).await?,
            By::Blocking(database) => Store::execute(&**database, command)?,
            By::Raw(_) => anyhow::bail!("a raw connection has no commands"),
        })
    }
}

impl Worker {
    async fn load(&mut self, turn: u64) -> Result<()> {
        // All over the entries, in an order that repeats nothing soon.
        let number = (self.number + turn * self.all).wrapping_mul(7919) % self.entries;
        match &mut self.by {
            By::Raw(connection) => connection.load(number).await,
            by => {
                let reply = by.execute(Command::Load { keys: vec![key(number)] }).await?;
                ensure!(matches!(reply, Reply::Loaded { entries, .. } if entries[0].is_some()));
                Ok(())
            }
        }
    }

    /// Writes an entry of its own anew each time.
    async fn cas(&mut self) -> Result<()> {
        let of = |version| format!("{version:016x}").into_bytes();
        let old = if self.version == 0 { raw::version(self.own) } else { of(self.version) };
        let new = of(self.version + 1);
        match &mut self.by {
            By::Raw(connection) => connection.cas(self.own, &old, &new).await?,
            by => {
                let version = |bytes: &[u8]| Version::new(bytes).context("16 bytes");
                let entry = Entry {
                    version: version(&new)?,
                    value: VALUE.to_vec(),
                    expires_at_ms: EXPIRES_MS as u64,
                    index: Index::default(),
                };
                let expect = Expect::Version(version(&old)?);
                let cas = Command::Cas { key: key(self.own), expect, write: Write::Put(entry) };
                ensure!(by.execute(cas).await? == Reply::Done);
            }
        }
        self.version += 1;
        Ok(())
    }

    /// Takes one event from a limit of its own.
    async fn throttle(&mut self) -> Result<()> {
        let now_us = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros())?;
        match &mut self.by {
            By::Raw(connection) => connection.throttle(self.own, now_us).await,
            by => {
                let (interval_us, burst_us) = (INTERVAL_US.into(), BURST_US.into());
                let key = key(self.own);
                let reply =
                    by.execute(Command::Throttle { key, interval_us, burst_us, cost: 1, now_us }).await?;
                ensure!(matches!(reply, Reply::Admitted { .. }));
                Ok(())
            }
        }
    }
}

/// An entry that nobody has written yet, somewhere among all.
fn unwritten(entries: u64) -> u64 {
    static WRITTEN: AtomicU64 = AtomicU64::new(0);
    let next = WRITTEN.fetch_add(1, Ordering::Relaxed);
    // A small table is part of the large one.
    if entries <= 1000 { next % entries } else { 1000 + next.wrapping_mul(104_729) % (entries - 1000) }
}

fn key(number: u64) -> RecordKey {
    RecordKey::new(&raw::key(number)).expect("a short key")
}
