//! Load and cas, by the driver and by the raw statements, in turns within one run.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use tokenmint::{AsyncStore, Command, Entry, Expect, Index, RecordKey, Reply, Version, Write};
use tokenmint_store::Database;

use crate::Place;
use crate::measure::{Measured, repeat, slice, sum};
use crate::raw::{self, Connection, EXPIRES_MS, VALUE};

const TURNS: usize = 4;

/// One of those that do the same at the same time, on entries of its own.
struct Worker {
    number: u64,
    all: u64,
    entries: u64,
    version: u64,
    by: By,
}

enum By {
    Driver(Arc<Database>),
    Raw(Connection),
}

pub(crate) async fn table(place: &Place, _: &Database, entries: u64) -> Result<()> {
    println!("{entries} entries        raw/s  driver/s   raw / driver");
    for workers in [1, 8, 64] {
        for cas in [false, true] {
            // One writer is all that SQLite has; more of them only wait.
            if matches!(place.raw, raw::Raw::Sqlite(_)) && workers > 8 && cas {
                continue;
            }
            let (raw, driver) = row(place, entries, workers, cas).await?;
            println!(
                "  {:<9} x{workers:<3} {:>10.0} {:>9.0}   {:>6.2}   driver p50 {:?} p99 {:?}",
                if cas { "cas" } else { "load" },
                raw.per_second(),
                driver.per_second(),
                raw.per_second() / driver.per_second(),
                driver.quantile(0.5),
                driver.quantile(0.99),
            );
        }
    }
    Ok(())
}

async fn row(place: &Place, entries: u64, workers: u64, cas: bool) -> Result<(Measured, Measured)> {
    let database = Arc::new(Database::open(&place.url).await?);
    let worker = |number, by| Worker { number, all: workers, entries, version: 0, by };
    let (mut raws, mut drivers) = (Vec::new(), Vec::new());
    for number in 0..workers {
        if let Some(connection) = place.raw.connect().await? {
            raws.push(worker(number, By::Raw(connection)));
        }
        drivers.push(worker(number, By::Driver(Arc::clone(&database))));
    }
    let (mut raw, mut driver) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        let measured;
        (raws, measured) = slice(raws, move |worker| run(worker, cas)).await?;
        raw.push(measured);
        let measured;
        (drivers, measured) = slice(drivers, move |worker| run(worker, cas)).await?;
        driver.push(measured);
    }
    Ok((sum(raw), sum(driver)))
}

async fn run(worker: Worker, cas: bool) -> Result<(Worker, Vec<Duration>)> {
    let worker = Arc::new(tokio::sync::Mutex::new(worker));
    let times = repeat(|turn| {
        let worker = Arc::clone(&worker);
        async move {
            let mut worker = worker.lock().await;
            match cas {
                true => worker.cas().await,
                false => worker.load(turn).await,
            }
        }
    })
    .await?;
    Ok((Arc::into_inner(worker).map(tokio::sync::Mutex::into_inner).expect("only one holds it"), times))
}

impl Worker {
    async fn load(&mut self, turn: u64) -> Result<()> {
        // All over the entries, in an order that repeats nothing soon.
        let number = (self.number + turn * self.all).wrapping_mul(7919) % self.entries;
        match &mut self.by {
            By::Raw(connection) => connection.load(number).await,
            By::Driver(database) => {
                let reply = database.execute(Command::Load { keys: vec![key(number)] }).await?;
                ensure!(matches!(reply, Reply::Loaded { entries, .. } if entries[0].is_some()));
                Ok(())
            }
        }
    }

    /// Writes an entry of its own anew each time.
    async fn cas(&mut self) -> Result<()> {
        // Each row of each table begins with entries that nobody has written yet.
        let number = self.entries / 2 + self.all * 2 + self.number;
        let (old, new) = (self.of(self.version), self.of(self.version + 1));
        match &mut self.by {
            By::Raw(connection) => {
                let name = number;
                let old = if self.version == 0 { raw::version(name) } else { old };
                connection.cas(name, &old, &new).await?;
            }
            By::Driver(database) => {
                let name = number + 200;
                let old = if self.version == 0 { raw::version(name) } else { old };
                let entry = Entry {
                    version: Version::new(&new).expect("16 bytes"),
                    value: VALUE.to_vec(),
                    expires_at_ms: EXPIRES_MS as u64,
                    index: Index::default(),
                };
                let expect = Expect::Version(Version::new(&old).expect("16 bytes"));
                let cas = Command::Cas { key: key(name), expect, write: Write::Put(entry) };
                let mut reply = database.execute(cas).await?;
                // An earlier row of the table has written it.
                if let Reply::Conflict(Some(found)) = reply {
                    self.version = 0;
                    let write =
                        Write::Put(Entry { version: Version::new(&new).expect("16 bytes"), ..found.clone() });
                    let expect = Expect::Version(found.version);
                    reply = database.execute(Command::Cas { key: key(name), expect, write }).await?;
                }
                ensure!(reply == Reply::Done);
            }
        }
        self.version += 1;
        Ok(())
    }

    fn of(&self, version: u64) -> Vec<u8> {
        format!("{:06}{version:010}", self.number).into_bytes()
    }
}

fn key(number: u64) -> RecordKey {
    RecordKey::new(&raw::key(number)).expect("a short key")
}
