//! Debian's and Ubuntu's packages.

use anyhow::{Result, bail};

use crate::shell::Shell;

/// Installs the packages, as root or by a `sudo` that asks no password. Elsewhere it says what is needed.
pub(super) fn install(shell: &Shell, packages: &[&str]) -> Result<()> {
    if packages.is_empty() {
        return Ok(());
    }
    let names = packages.join(" ");
    println!("missing on this machine: {names}");
    if !shell.succeeds("apt-get", &["--version"]) {
        bail!("please install what these Debian packages hold (macOS: `brew install python node`): {names}");
    }
    let sudo = !is_root(shell);
    if sudo && !shell.succeeds("sudo", &["-n", "true"]) {
        bail!("please run `apt-get install {names}` as root");
    }
    apt_get(shell, sudo, &["update"])?;
    apt_get(shell, sudo, &[["install", "--yes", "--no-install-recommends"].as_slice(), packages].concat())
}

fn is_root(shell: &Shell) -> bool {
    shell.read(shell.command("id", &["-u"])).is_ok_and(|id| id.trim() == "0")
}

fn apt_get(shell: &Shell, sudo: bool, args: &[&str]) -> Result<()> {
    // sudo drops the environment, so the variable is set behind it.
    let env = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"];
    let words = if sudo { [["sudo", "-n"].as_slice(), &env, args].concat() } else { [&env, args].concat() };
    shell.run(shell.command(words[0], &words[1..]))
}
