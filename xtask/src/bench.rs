//! `cargo xtask bench`: a workspace of its own, so that no test builds the peers.

use anyhow::Result;

use crate::setup::python::{BENCH, PACKAGE};
use crate::shell::Shell;

pub(crate) fn run(shell: &Shell, table: &str, row: &str) -> Result<()> {
    if table == "python" {
        return python(shell, row);
    }
    let manifest = shell.path("bench/Cargo.toml");
    let target = shell.target("bench");
    let mut command = shell.cargo(&["run", "--quiet", "--release", "--locked", "--manifest-path"]);
    command.arg(manifest).arg("--target-dir").arg(target).args(["--", table, row]);
    shell.run(command)
}

/// The Python package beside Python's own peers, on one core: `row` chooses algorithms.
fn python(shell: &Shell, row: &str) -> Result<()> {
    PACKAGE.install(shell)?;
    BENCH.install(shell)?;
    let wheel = crate::test::python::wheel(shell)?;
    BENCH.pip(shell, &["--no-deps", "--no-index", "--force-reinstall", &wheel])?;
    let mut command = shell.command(BENCH.python(shell), &["-W", "ignore", "bench/python/bench.py"]);
    command.args(Some(row).filter(|row| !row.is_empty()));
    shell.run(command)
}
