//! The stores beside the raw statements by the same client library, and the endpoints over HTTP with each store.
//! Started by `cargo xtask bench stores [WORDS]`.

mod endpoints;
mod filter;
mod measure;
mod operations;
#[allow(dead_code, reason = "the tests of the drivers use more of it")]
#[path = "../../../store/tests/servers/postgres.rs"]
mod postgres_server;
mod raw;
#[allow(dead_code, reason = "the tests of the drivers use more of it")]
#[path = "../../../store/tests/servers/redis.rs"]
mod redis_server;

use anyhow::{Context, Result};
use tokenmint_store::Database;

use crate::filter::Filter;

/// A store that is running, and how to speak to it without tokenmint.
struct Place {
    name: &'static str,
    url: String,
    raw: raw::Raw,
    /// What ends with it.
    _server: Box<dyn std::any::Any + Send>,
}

const STORES: [(&str, fn() -> Result<Place>); 4] =
    [("memory", memory), ("sqlite", sqlite), ("postgres", postgres), ("redis", redis)];

#[tokio::main]
async fn main() -> Result<()> {
    let filter = Filter::new(&std::env::args().nth(1).unwrap_or_default())?;
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!(
        "{} cores, load {}",
        std::thread::available_parallelism()?,
        load.split(' ').next().unwrap_or("?")
    );
    let program = std::env::var("TOKENMINT")?;
    for (name, open) in STORES {
        if !filter.admits(name) {
            continue;
        }
        let place = open()?;
        println!("\n{}: {}", place.name, place.raw.describe().await?);
        // It makes the schema.
        drop(Database::open(&place.url).await?);
        for entries in [1000, 1_000_000] {
            if !filter.admits(&entries.to_string()) {
                continue;
            }
            let filled = place.raw.fill(entries).await?;
            if filled {
                operations::table(&place, entries, &filter).await?;
            }
            if filled || entries == 1000 {
                endpoints::table(&place, &program, entries, &filter).await?;
            }
        }
    }
    Ok(())
}

fn memory() -> Result<Place> {
    Ok(Place { name: "memory", url: "memory:".into(), raw: raw::Raw::None, _server: Box::new(()) })
}

fn sqlite() -> Result<Place> {
    // On a disk, beside this program: what is in memory is not durable.
    let program = std::env::current_exe()?;
    let beside = program.parent().context("a program without a folder")?;
    let folder = tempfile::Builder::new().prefix("tokens").tempdir_in(beside)?;
    let path = folder.path().join("tokens.db");
    Ok(Place {
        name: "sqlite",
        url: format!("sqlite:{}", path.display()),
        raw: raw::Raw::Sqlite(path),
        _server: Box::new(folder),
    })
}

fn postgres() -> Result<Place> {
    let server = postgres_server::Postgres::start();
    let url = server.url(&server.database());
    Ok(Place { name: "postgres", raw: raw::Raw::Postgres(url.clone()), url, _server: Box::new(server) })
}

fn redis() -> Result<Place> {
    let server = redis_server::Redis::start(&["--appendfsync", "everysec"]);
    let url = server.url();
    Ok(Place { name: "redis", raw: raw::Raw::Redis(url.clone()), url, _server: Box::new(server) })
}
