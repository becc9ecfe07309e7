//! The documents: the site is built, its links lead somewhere and it is searched in Chromium; and what tutorials and guides tell
//! their readers to do is done from an empty folder, with what the steps before have built.

use std::fs;

use anyhow::{Context, Result};

use crate::shell::Shell;
use crate::{npm, site};

pub(super) fn run(shell: &Shell) -> Result<()> {
    site::build(shell)?;
    let mut look = shell.command("npm", &["test", "--silent"]);
    look.current_dir(shell.path(site::FOLDER)).env("TOKENMINT_TARGET", shell.target(""));
    shell.run(look)?;

    let mut tutorials =
        shell.command("node", &["--test", "--test-concurrency=1", "bindings-tests/documents/"]);
    tutorials
        .env("TOKENMINT_TARGET", shell.target(""))
        .env("TOKENMINT_PACKAGE", shell.path(npm::FOLDER))
        .env("TOKENMINT_WHEEL", wheel(shell)?)
        .env("TOKENMINT", shell.target("debug/tokenmint"));
    shell.run(tutorials)
}

/// The wheel that the step `python` has built.
fn wheel(shell: &Shell) -> Result<std::path::PathBuf> {
    let none = "there is no wheel: `cargo xtask test python` builds one";
    let folder = fs::read_dir(shell.target("wheels")).context(none)?;
    let paths = folder.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    paths.into_iter().find(|path| path.extension().is_some_and(|end| end == "whl")).context(none)
}
