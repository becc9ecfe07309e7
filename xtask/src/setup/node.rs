//! The npm packages of the oracles: `bindings-tests/oracles/node_modules`.

use std::fs;

use anyhow::{Context, Result};

use crate::shell::Shell;

const FOLDER: &str = "bindings-tests/oracles";

/// Debian's packages that are needed before npm can run.
pub(super) fn missing(shell: &Shell) -> Vec<&'static str> {
    let mut packages = Vec::new();
    if !shell.succeeds("node", &["--version"]) {
        packages.push("nodejs");
    }
    if !shell.succeeds("npm", &["--version"]) {
        packages.push("npm");
    }
    packages
}

pub(super) fn install(shell: &Shell) -> Result<()> {
    let lock = fs::read_to_string(shell.path(FOLDER).join("package-lock.json")).context(FOLDER)?;
    // A copy of the lock that was installed: equal means there is nothing to do.
    let stamp = shell.path(FOLDER).join("node_modules/.installed-lock.json");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    println!("installing {FOLDER}/package-lock.json into {FOLDER}/node_modules");
    let mut npm = shell.command("npm", &["ci", "--no-audit", "--no-fund", "--ignore-scripts"]);
    npm.current_dir(shell.path(FOLDER));
    shell.run(npm)?;
    fs::write(stamp, lock)?;
    Ok(())
}
