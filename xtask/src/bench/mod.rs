//! `cargo xtask bench`: a workspace of its own, so that no test builds the peers.

//! After the tables it says of each figure with a target what it was, is and should be.

mod targets;

use std::process::Command;

use anyhow::Result;

use crate::capi::{self, Stores};
use crate::setup::node;
use crate::setup::python::{BENCH, PACKAGE};
use crate::shell::Shell;
use crate::{go, npm, setup};

pub(crate) fn run(shell: &Shell, table: &str, row: &str) -> Result<()> {
    let (bench, command) = match table {
        "count" => return count(shell, row),
        "c" => (table, c(shell)?),
        "go" => (table, go(shell)?),
        "node" => (table, node(shell, row)?),
        "python" => (table, python(shell, row)?),
        "stores" => (table, stores(shell, row)?),
        "oauth" => (table, oauth(shell, row)?),
        _ => ("rust", rust(shell, table, row)),
    };
    let printed = shell.run_aloud(command)?;
    let targets = std::fs::read_to_string(shell.path("bench/targets.toml"))?;
    targets::print(&targets, bench, &printed)
}

/// The crate beside its peers and the raw limits.
fn rust(shell: &Shell, table: &str, row: &str) -> Command {
    let mut command = shell.cargo(&["run", "--quiet", "--release", "--locked", "--manifest-path"]);
    command.arg(shell.path("bench/Cargo.toml")).arg("--target-dir").arg(shell.target("bench"));
    command.args(["--", table, row]);
    command
}

/// The instructions and allocations of a call, beside those that were written down; `write` writes these down.
pub(crate) fn count(shell: &Shell, row: &str) -> Result<()> {
    let mut command = shell.cargo(&["run", "--quiet", "--release", "--locked", "--manifest-path"]);
    command.arg(shell.path("bench/Cargo.toml")).arg("--target-dir").arg(shell.target("bench"));
    command.args(["-p", "tokenmint-bench-count", "--"]).args(Some(row).filter(|row| !row.is_empty()));
    shell.run(command)
}

/// Each store beside the raw statements, and the endpoints over HTTP with it: `row` chooses a store.
fn stores(shell: &Shell, row: &str) -> Result<Command> {
    setup::servers(shell)?;
    over_http(shell, "tokenmint-bench-stores", row)
}

/// The standard token endpoint beside other people's servers, each on one core: `row` chooses rows.
fn oauth(shell: &Shell, row: &str) -> Result<Command> {
    node::install(shell, "bench/oauth/node")?;
    let fosite = shell.target("bench/fosite");
    let mut build = shell.command("go", &["build", "-o"]);
    build.arg(&fosite).arg(".").current_dir(shell.path("bench/oauth/go"));
    shell.run(build)?;
    let mut command = over_http(shell, "tokenmint-bench-oauth", row)?;
    command.env("FOSITE", fosite);
    Ok(command)
}

/// A program that measures `tokenmint serve`, which is built for it.
fn over_http(shell: &Shell, package: &str, row: &str) -> Result<Command> {
    shell.run(shell.cargo(&["build", "--release", "--locked", "-p", "tokenmint-cli"]))?;
    let mut command = shell.cargo(&["run", "--quiet", "--release", "--locked", "--manifest-path"]);
    command.arg(shell.path("bench/Cargo.toml")).arg("--target-dir").arg(shell.target("bench"));
    command.args(["-p", package, "--", row]).env("TOKENMINT", shell.target("release/tokenmint"));
    Ok(command)
}

/// The Python package beside Python's own peers, on one core: `row` chooses algorithms.
fn python(shell: &Shell, row: &str) -> Result<Command> {
    PACKAGE.install(shell)?;
    BENCH.install(shell)?;
    let wheel = crate::test::python::wheel(shell)?;
    BENCH.pip(shell, &["--no-deps", "--no-index", "--force-reinstall", &wheel])?;
    let mut command = shell.command(BENCH.python(shell), &["-W", "ignore", "bench/python/bench.py"]);
    command.args(Some(row).filter(|row| !row.is_empty()));
    Ok(command)
}

/// The npm package beside Node's own peers: `row` chooses rows.
fn node(shell: &Shell, row: &str) -> Result<Command> {
    npm::build(shell)?;
    node::install(shell, "bench/node")?;
    let mut command = shell.command("node", &["bench/node/bench.mjs"]);
    command.args(Some(row).filter(|row| !row.is_empty()));
    Ok(command)
}

/// The C library beside libjwt, as it is installed.
fn c(shell: &Shell) -> Result<Command> {
    setup::c_peer(shell)?;
    let prefix = shell.target("c/installed");
    capi::install(shell, &prefix, Stores::All)?;
    let program = shell.target("c/bench");
    let mut pkg_config = shell.command("pkg-config", &["--cflags", "--libs", "tokenmint", "libjwt"]);
    pkg_config.env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig"));
    let flags = shell.read(pkg_config)?;
    let mut compiler = shell.command("gcc", &["-std=c11", "-D_GNU_SOURCE", "-O2", "bench/c/bench.c", "-o"]);
    compiler.arg(&program).args(flags.split_whitespace());
    compiler.arg(format!("-Wl,-rpath,{}", prefix.join("lib").display()));
    shell.run(compiler)?;
    println!("libjwt {}", shell.read(shell.command("pkg-config", &["--modversion", "libjwt"]))?.trim());
    Ok(shell.command(program, &[]))
}

/// The Go module beside golang-jwt.
fn go(shell: &Shell) -> Result<Command> {
    go::install(shell)?;
    let mut command = shell.command("go", &["run", "."]);
    command.current_dir(shell.path("bench/go"));
    Ok(command)
}
