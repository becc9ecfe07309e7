//! npm packages: what a `package-lock.json` says, in the `node_modules` beside it.

use std::fs;

use anyhow::{Context, Result};

use crate::shell::Shell;

/// The browser of the tests; they take another from the variable `CHROMIUM`.
const CHROMIUM: &str = "chromium";

/// The oracles.
pub(super) const ORACLES: &str = "bindings-tests/oracles";

/// OAuth clients of other makers.
pub(super) const OAUTH: &str = "bindings-tests/oauth/node";

/// Debian's packages that are not installed: what npm needs, and the browser.
pub(super) fn missing(shell: &Shell) -> Vec<&'static str> {
    let mut packages = missing_npm(shell);
    if !shell.succeeds(CHROMIUM, &["--version"]) {
        packages.push("chromium");
    }
    packages
}

/// Debian's packages that are needed before npm can run.
pub(super) fn missing_npm(shell: &Shell) -> Vec<&'static str> {
    let mut packages = Vec::new();
    if !shell.succeeds("node", &["--version"]) {
        packages.push("nodejs");
    }
    if !shell.succeeds("npm", &["--version"]) {
        packages.push("npm");
    }
    packages
}

/// Installs what the folder's lock file says, unless it is there.
pub(crate) fn install(shell: &Shell, folder: &str) -> Result<()> {
    let lock = fs::read_to_string(shell.path(folder).join("package-lock.json")).context(folder.to_owned())?;
    // A copy of the lock that was installed: equal means there is nothing to do.
    let stamp = shell.path(folder).join("node_modules/.installed-lock.json");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    println!("installing {folder}/package-lock.json into {folder}/node_modules");
    let mut npm = shell.command("npm", &["ci", "--no-audit", "--no-fund", "--ignore-scripts"]);
    npm.current_dir(shell.path(folder));
    shell.run(npm)?;
    fs::write(stamp, lock)?;
    Ok(())
}
