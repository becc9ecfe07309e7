//! The Python environment of the oracles: `target/venv`.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::shell::Shell;

const REQUIREMENTS: &str = "bindings-tests/oracles/requirements.txt";

/// The environment's interpreter.
pub(crate) fn python(shell: &Shell) -> PathBuf {
    shell.target("venv/bin/python")
}

/// Debian's packages that are needed before an environment can be made.
pub(super) fn missing(shell: &Shell) -> Vec<&'static str> {
    if interpreter(shell).is_some() { Vec::new() } else { vec!["python3", "python3-venv"] }
}

/// An interpreter that can make environments: the first in the path, or Debian's, whose package may have been
/// installed just now.
fn interpreter(shell: &Shell) -> Option<&'static str> {
    // The module `venv` is always there; Debian keeps `ensurepip`, which it needs, in a package of its own.
    ["python3", "/usr/bin/python3"].into_iter().find(|name| {
        shell.succeeds(name, &["-c", "import ensurepip, sys, venv; assert sys.version_info >= (3, 11)"])
    })
}

pub(super) fn install(shell: &Shell) -> Result<()> {
    let requirements = fs::read_to_string(shell.path(REQUIREMENTS)).context(REQUIREMENTS)?;
    // A copy of the list that was installed: equal means there is nothing to do.
    let stamp = shell.target("venv/requirements.txt");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == requirements) {
        return Ok(());
    }
    let interpreter = interpreter(shell).context("no python3 that can run `-m venv`")?;
    let folder = shell.target("venv");
    println!("installing {REQUIREMENTS} into {}", folder.display());
    let mut create = shell.command(interpreter, &["-m", "venv", "--clear"]);
    create.arg(&folder);
    shell.run(create)?;
    let mut pip =
        shell.command(python(shell), &["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    pip.args(["--no-deps", "--requirement", REQUIREMENTS]);
    shell.run(pip)?;
    fs::write(stamp, requirements)?;
    Ok(())
}
