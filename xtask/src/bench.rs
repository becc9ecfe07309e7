//! `cargo xtask bench`: a workspace of its own, so that no test builds the peers.

use anyhow::Result;

use crate::shell::Shell;

pub(crate) fn run(shell: &Shell, table: &str, row: &str) -> Result<()> {
    let manifest = shell.path("bench/Cargo.toml");
    let target = shell.target("bench");
    let mut command = shell.cargo(&["run", "--quiet", "--release", "--locked", "--manifest-path"]);
    command.arg(manifest).arg("--target-dir").arg(target).args(["--", table, row]);
    shell.run(command)
}
