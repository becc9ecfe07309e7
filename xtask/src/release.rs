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

/// Cargo for a build of what is shipped.
pub(crate) fn cargo(shell: &Shell, args: &[&str]) -> Result<Command> {
    let mut command = shell.cargo(args);
    command.env(FLAGS, flags(shell)?);
    Ok(command)
}

/// The value of [`FLAGS`], for cargo and for tools that call it. No path of this machine is left behind: Rust writes the
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
