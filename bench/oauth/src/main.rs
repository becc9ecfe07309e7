//! The standard token endpoint over HTTP, beside node-oidc-provider and fosite, each on one core with its state in memory.
//! Started by `cargo xtask bench oauth [ROW]`.

#[path = "../../stores/src/measure.rs"]
mod measure;
mod servers;
mod work;

use std::time::Duration;

use anyhow::Result;

use measure::{Measured, slice, sum};
use servers::{Format, Server};
use work::{Client, Operation};

/// How often the servers take turns.
const TURNS: usize = 5;
/// How many connections ask at the same time.
const CONNECTIONS: usize = 16;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let filter = std::env::args().nth(1).unwrap_or_default();
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("load {}, {CONNECTIONS} connections", load.split(' ').next().unwrap_or("?"));
    for format in [Format::Jwt, Format::Opaque] {
        for operation in Operation::ALL.into_iter().filter(|operation| operation.is_for(format)) {
            let title = format!("{}, {}", operation.name(), format.name());
            if title.contains(&filter) {
                // New ones each time: node-oidc-provider's adapter keeps a thousand things and forgets the oldest.
                table(&title, &Server::all(format, CONNECTIONS).await?, operation).await?;
            }
        }
    }
    Ok(())
}

/// A server, whoever asks it, and what was measured.
struct Row<'a> {
    server: &'a Server,
    clients: Vec<Client>,
    slices: Vec<Measured>,
    /// The processor time that it took.
    busy: Duration,
}

/// The servers that know the operation, in turns: the machine may be slow for seconds at a time.
async fn table(title: &str, servers: &[Server], operation: Operation) -> Result<()> {
    let mut rows = Vec::new();
    for server in servers.iter().filter(|server| operation.is_known_to(server)) {
        let mut clients = Vec::new();
        for number in 0..CONNECTIONS {
            clients.push(Client::connect(server, number, operation).await?);
        }
        rows.push(Row { server, clients, slices: Vec::new(), busy: Duration::ZERO });
    }
    for turn in 0..=TURNS {
        for row in &mut rows {
            let before = row.server.processor_time()?;
            let (back, measured) = slice(std::mem::take(&mut row.clients)).await?;
            row.clients = back;
            // The first turn warms up.
            if turn > 0 {
                row.slices.push(measured);
                row.busy += row.server.processor_time()? - before;
            }
        }
    }
    println!("\n### {title}\n");
    println!(
        "|  | requests/s | tokenmint's are | of its core | p50 | p99 |\n| --- | ---: | ---: | ---: | ---: | ---: |"
    );
    let mut own = None;
    for Row { server, slices, busy, .. } in rows {
        let all = sum(slices);
        let rate = all.per_second();
        println!(
            "| {} | {rate:.0} | {:.1}x | {:.0} % | {:.0?} | {:.0?} |",
            server.name,
            *own.get_or_insert(rate) / rate,
            100.0 * busy.as_secs_f64() / all.took().as_secs_f64(),
            all.quantile(0.5),
            all.quantile(0.99),
        );
    }
    Ok(())
}
