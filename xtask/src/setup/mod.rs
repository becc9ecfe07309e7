//! `cargo xtask setup`: installs what the tests need and this machine lacks.
//!
//! A second run finds everything there and changes nothing. Only package managers are used: rustup, apt, pip
//! and npm, each as the machine configures it.

mod apt;
mod c;
mod go;
mod java;
pub(crate) mod node;
pub(crate) mod python;
mod servers;
mod systemd;

use anyhow::{Result, bail};

use crate::shell::Shell;
use crate::wasm;

pub(crate) use go::go;
pub(crate) use python::python;

/// Looks for each need in turn, and installs what is missing.
pub(crate) fn run(shell: &Shell) -> Result<()> {
    components(shell)?;
    let wasm_by_rustup = wasm::add_target(shell);
    if wasm_by_rustup {
        wasm::add_sources(shell);
    }
    let mut missing = python::missing(shell);
    missing.extend(node::missing(shell));
    missing.extend(c::missing(shell));
    missing.extend(go::missing(shell));
    missing.extend(java::missing(shell));
    missing.extend(servers::missing(shell));
    if !wasm_by_rustup {
        missing.extend(wasm::missing_packages());
    }
    apt::install(shell, &missing)?;
    if !wasm_by_rustup && !wasm::missing_packages().is_empty() {
        bail!(
            "no compiler for wasm32-unknown-unknown: `rustup target add {}` does not work here",
            wasm::TARGET
        );
    }
    python::ORACLES.install(shell)?;
    python::PACKAGE.install(shell)?;
    go(shell)?;
    node::install(shell, node::ORACLES)?;
    println!("everything that the tests need is installed");
    Ok(())
}

/// The library that the benchmark of the C ABI measures beside.
pub(crate) fn c_peer(shell: &Shell) -> Result<()> {
    apt::install(shell, &c::missing_peer(shell))
}

/// The servers behind the stores.
pub(crate) fn servers(shell: &Shell) -> Result<()> {
    apt::install(shell, &servers::missing(shell))
}

/// What OAuth clients are written in and the stores that stand behind the server, and the clients themselves.
pub(crate) fn clients(shell: &Shell) -> Result<()> {
    let missing = [python::missing, node::missing_npm, go::missing, java::missing, servers::missing];
    apt::install(shell, &missing.map(|missing| missing(shell)).concat())?;
    go(shell)?;
    python::OAUTH.install(shell)?;
    node::install(shell, node::OAUTH)
}

/// What judges the files of deploy/.
pub(crate) fn deploy(shell: &Shell) -> Result<()> {
    let missing = [python::missing, go::missing, systemd::missing];
    apt::install(shell, &missing.map(|missing| missing(shell)).concat())?;
    go(shell)?;
    python::DEPLOY.install(shell)
}

/// rustfmt and clippy are not in rustup's minimal profile.
fn components(shell: &Shell) -> Result<()> {
    for (component, subcommand) in [("rustfmt", "fmt"), ("clippy", "clippy")] {
        if !shell.succeeds("cargo", &[subcommand, "--version"]) {
            shell.run(shell.command("rustup", &["component", "add", component]))?;
        }
    }
    Ok(())
}
