//! What is shipped: built once, with the same flags for every surface, so that the core is compiled once for all.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::shell::Shell;

/// Cargo for a build with `--release`, in which no path of this machine is left behind: Rust writes the path of a source
/// into every place that could panic.
pub(crate) fn cargo(shell: &Shell, args: &[&str]) -> Result<Command> {
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
    let mut command = shell.cargo(args);
    // Behind these, cargo does not look at RUSTFLAGS and at the configuration's `rustflags`.
    command.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"));
    Ok(command)
}
