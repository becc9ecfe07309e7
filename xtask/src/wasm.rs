//! Builds the core for the browser: `wasm32-unknown-unknown`.
//!
//! rustup's standard library for that target is used where rustup can get it. Elsewhere Debian's `rustc-web`
//! builds the standard library from Debian's sources; it brings no linker for WebAssembly, rustup's does.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::shell::Shell;

/// The target's name.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// The core alone, without native code: a browser's own functions sign and check.
const CORE: [&str; 8] =
    ["build", "--locked", "--lib", "-p", "tokenmint", "--no-default-features", "--target", TARGET];

const DEBIAN_CARGO: &str = "/usr/bin/cargo";
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_SOURCES: &str = "/usr/src";

/// Adds the target by rustup; whether it is there now.
pub(crate) fn add_target(shell: &Shell) -> bool {
    if has_target(shell) {
        return true;
    }
    println!("adding the target {TARGET} by rustup");
    shell.run(shell.command("rustup", &["target", "add", TARGET])).is_ok() && has_target(shell)
}

/// Debian's packages that stand in for rustup's target and are not installed.
pub(crate) fn missing_packages() -> Vec<&'static str> {
    let mut packages = Vec::new();
    for (file, package) in [(DEBIAN_RUSTC, "rustc-web"), (DEBIAN_CARGO, "cargo-web")] {
        if !Path::new(file).exists() {
            packages.push(package);
        }
    }
    let is_rust = |entry: fs::DirEntry| entry.file_name().to_string_lossy().starts_with("rustc-");
    if !fs::read_dir(DEBIAN_SOURCES).is_ok_and(|entries| entries.flatten().any(is_rust)) {
        packages.push("rust-web-src");
    }
    packages
}

/// The core builds.
pub(crate) fn build(shell: &Shell) -> Result<()> {
    if has_target(shell) {
        return shell.run(shell.cargo(&CORE));
    }
    let mut command = shell.command(DEBIAN_CARGO, &CORE);
    command.arg("-Zbuild-std=std,panic_abort");
    // Another compiler: a folder of its own, so that neither throws away what the other built.
    command.env("CARGO_TARGET_DIR", shell.target("wasm-debian"));
    command.env("RUSTC_BOOTSTRAP", "1").env("RUSTC", DEBIAN_RUSTC);
    command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", rust_lld(shell)?);
    // `cargo run` puts the libraries of rustup's compiler first; Debian's would load them.
    command.env_remove("LD_LIBRARY_PATH").env_remove("RUSTUP_TOOLCHAIN");
    shell.run(command)
}

/// Whether the compiler in use has a standard library for the target.
fn has_target(shell: &Shell) -> bool {
    let libraries = shell.read(shell.command("rustc", &["--print", "target-libdir", "--target", TARGET]));
    libraries
        .is_ok_and(|folder| fs::read_dir(folder.trim()).is_ok_and(|mut entries| entries.next().is_some()))
}

/// The linker that comes with rustup's compiler.
fn rust_lld(shell: &Shell) -> Result<PathBuf> {
    let sysroot = shell.read(shell.command("rustc", &["--print", "sysroot"]))?;
    for host in fs::read_dir(Path::new(sysroot.trim()).join("lib/rustlib"))? {
        let linker = host?.path().join("bin/rust-lld");
        if linker.exists() {
            return Ok(linker);
        }
    }
    Err(anyhow::anyhow!("no lib/rustlib/*/bin/rust-lld")).context(sysroot)
}
