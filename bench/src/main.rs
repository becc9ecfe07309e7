//! tokenmint beside its peers and the raw limits. Started by `cargo xtask bench [TABLE] [ROW]`.

mod allocations;
mod endpoint;
mod material;
mod measure;
mod mint;
mod oauth;
mod peers;
mod scale;
mod service;
mod statuses;
mod switch;
mod threads;
mod verify;
mod work;

use anyhow::Result;
use tokenmint::Algorithm;

#[global_allocator]
static COUNTING: allocations::Counting = allocations::Counting;

fn main() -> Result<()> {
    let [filter, rows] = [1, 2].map(|at| std::env::args().nth(at).unwrap_or_default());
    switch::install();
    println!("{}", machine());
    println!("\"x limit\" is the median over all turns of the ratio to the first row within the same turn.");
    let chosen = |title: &str| title.to_lowercase().contains(&filter.to_lowercase());
    for algorithm in [Algorithm::HS256, Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA] {
        let turns = if algorithm == Algorithm::HS256 { 1001 } else { 201 };
        let material = material::Material::new(algorithm)?;
        for (title, table) in [("mint", mint::table as fn(_, _) -> _), ("verify", verify::table)] {
            let title = format!("{title} {algorithm}");
            if chosen(&title) {
                table(title, &material)?.run(&rows, turns);
            }
        }
    }
    if chosen("payload") {
        for table in scale::payload()? {
            table.run(&rows, 201);
        }
    }
    if chosen("keys") {
        scale::keys()?.run(&rows, 201);
    }
    if chosen("endpoint") {
        endpoint::table()?.run(&rows, 301);
    }
    if chosen("standard") {
        oauth::table()?.run(&rows, 301);
    }
    if chosen("status") {
        statuses::table()?.run(&rows, 301);
        statuses::sizes()?;
    }
    if chosen("threads") {
        threads::run()?;
    }
    Ok(())
}

fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let value = |name: &str| {
        info.lines()
            .find(|line| line.starts_with(name))
            .and_then(|line| line.split_once(": "))
            .map(|(_, v)| v)
    };
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    format!(
        "CPU: {}, {} cores; load {}",
        value("model name").unwrap_or("unknown"),
        std::thread::available_parallelism().map_or(0, usize::from),
        load.split(' ').next().unwrap_or_default(),
    )
}
