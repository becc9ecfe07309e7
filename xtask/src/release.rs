//! What is shipped: built once, with the same flags for every surface, so that the core is compiled once for all.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::shell::Shell;

/// Where cargo looks for flags of the compiler; behind it, it reads neither RUSTFLAGS nor the configuration's.
pub(crate) const FLAGS: &str = "CARGO_ENCODED_RUSTFLAGS";

/// The profile of what is shipped, and the folder where cargo puts it.
pub(crate) const PROFILE: &str = "dist";

/// What a store has no use for is left out of SQLite: a third of a megabyte, and a way to load code.
const SQLITE: &str = "-USQLITE_ENABLE_FTS3 -USQLITE_ENABLE_FTS3_PARENTHESIS -USQLITE_ENABLE_FTS5 \
    -USQLITE_ENABLE_RTREE -USQLITE_ENABLE_STAT4 -USQLITE_ENABLE_DBSTAT_VTAB -USQLITE_SOUNDEX \
    -USQLITE_ENABLE_LOAD_EXTENSION -DSQLITE_OMIT_LOAD_EXTENSION";

/// Cargo for a build of what is shipped.
pub(crate) fn cargo(shell: &Shell, args: &[&str]) -> Result<Command> {
    let mut command = shell.cargo(args);
    ship(shell, &mut command)?;
    Ok(command)
}

/// Lets a command, which is cargo or calls it, build what is shipped: alike for every surface, so that nothing is
/// compiled twice.
pub(crate) fn ship(shell: &Shell, command: &mut Command) -> Result<()> {
    command.env(FLAGS, flags(shell)?).env("LIBSQLITE3_FLAGS", SQLITE);
    Ok(())
}

/// The value of [`FLAGS`]. No path of this machine is left behind: Rust writes the
/// path of a source into every place that could panic.
pub(crate) fn flags(shell: &Shell) -> Result<String> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| env::home_dir().map(|home| home.join(".cargo"))).context("cargo's home")?;
    let sysroot = PathBuf::from(shell.read(shell.command("rustc", &["--print", "sysroot"]))?.trim());
    // Where two fit, the last one wins.
    let places = [
        (shell.path(""), "tokenmint"),
        (shell.target(""), "target"),
        (home, "cargo"),
        (sysroot.join("lib/rustlib/src/rust"), "rust"),
    ];
    let flags: Vec<String> = places
        .iter()
        .map(|(path, name)| {
            format!("--remap-path-prefix={}={name}", path.to_string_lossy().trim_end_matches('/'))
        })
        .collect();
    Ok(flags.join("\x1f"))
}
