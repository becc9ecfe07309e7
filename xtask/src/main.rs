//! Developer commands: `cargo xtask test` is all that CI runs.

mod bench;
mod capi;
mod generated;
mod go;
mod header;
mod npm;
mod release;
mod setup;
mod shell;
mod site;
mod surface;
mod test;
mod vectors;
mod wasm;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::capi::Stores;
use crate::shell::Shell;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Developer commands of tokenmint")]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run every check that CI runs, in order; stop at the first that fails
    Test {
        /// Run only these steps
        #[arg(value_name = "STEP")]
        only: Vec<String>,
        /// List the steps and run none
        #[arg(long)]
        list: bool,
    },
    /// Install what the tests need and this machine lacks
    Setup,
    /// Search for inputs that break a promise; `cargo xtask test fuzz` does so briefly
    Fuzz {
        /// Search only here
        #[arg(value_name = "TARGET")]
        only: Option<String>,
        /// How long, for each target
        #[arg(long, default_value_t = 30)]
        minutes: u64,
    },
    /// Measure tokenmint beside its peers and the raw limits; nothing is judged
    Bench {
        /// Only the tables whose title contains this; `c`, `go`, `node` and `python`: the C library, the Go module, the npm
        /// package and the Python package beside their own peers; `oauth` and `stores`: the server beside others, and on
        /// each store; `count`: instructions and allocations beside those written down
        #[arg(default_value = "")]
        table: String,
        /// Only their first row and those whose name contains this; for `python` an algorithm, for `count`
        /// `write` to write them down
        #[arg(default_value = "")]
        row: String,
    },
    /// Build the C library and install it: header, shared and static library, pkg-config file
    C {
        /// Where to; `include` and `lib` are made in it
        #[arg(long)]
        prefix: std::path::PathBuf,
        /// Without SQLite, PostgreSQL and Redis: no store is opened but `memory:`
        #[arg(long)]
        without_stores: bool,
    },
    /// Build the C library and put it where the Go module links it
    Go,
    /// Write the C header from the sources of the C ABI
    Header {
        /// Write nothing; fail where the header differs from what the sources say
        #[arg(long)]
        check: bool,
    },
    /// Build the site of the documents: `target/site`, files for any host
    Site,
    /// Build the npm package: `wasm/dist`
    Wasm,
    /// Write the files that are generated from the code
    Vectors {
        /// Write nothing; fail where a file differs from what the code says
        #[arg(long)]
        check: bool,
    },
}

fn main() -> ExitCode {
    match run(Args::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    let shell = Shell::new()?;
    match command {
        Command::Test { list: true, .. } => test::list(),
        Command::Test { only, .. } => return test::run(&shell, &only),
        Command::Fuzz { only, minutes } => test::fuzz::long(&shell, minutes, only.as_deref())?,
        Command::Bench { table, row } => bench::run(&shell, &table, &row)?,
        Command::C { prefix, without_stores } => {
            let stores = if without_stores { Stores::Memory } else { Stores::All };
            capi::install(&shell, &std::path::absolute(prefix)?, stores)?;
        }
        Command::Go => go::install(&shell)?,
        Command::Header { check } => header::run(&shell, check)?,
        Command::Setup => setup::run(&shell)?,
        Command::Site => site::build(&shell)?,
        Command::Wasm => npm::build(&shell)?,
        Command::Vectors { check } => vectors::run(&shell, check)?,
    }
    Ok(ExitCode::SUCCESS)
}
