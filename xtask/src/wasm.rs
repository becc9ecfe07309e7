//! Builds for the browser: `wasm32-unknown-unknown`.
//!
//! What is shipped is built together with the standard library, from the sources that rustup's component `rust-src` brings:
//! without the text and the machinery of panics, and for size. Where rustup has the target but not the sources, its own
//! standard library is taken, and the modules are larger. Where it has neither, Debian's `rustc-web` builds the standard
//! library from Debian's sources; it brings no linker for WebAssembly, rustup's does.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::release;
use crate::shell::Shell;

/// The target's name.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

const BUILD_STD: &str = "-Zbuild-std=std,panic_abort";
const DEBIAN_CARGO: &str = "/usr/bin/cargo";
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_SOURCES: &str = "/usr/src";
/// By which Debian's compiler calls them, too.
const DEBIAN_LIBRARY: &str = "/usr/lib/rustlib/src/rust";

/// Adds the target by rustup; whether it is there now.
pub(crate) fn add_target(shell: &Shell) -> bool {
    if has_target(shell) {
        return true;
    }
    println!("adding the target {TARGET} by rustup");
    shell.run(shell.command("rustup", &["target", "add", TARGET])).is_ok() && has_target(shell)
}

/// Adds the standard library's sources by rustup; without them the modules are built all the same, and are larger.
pub(crate) fn add_sources(shell: &Shell) {
    if !has_sources(shell) {
        println!("adding the component rust-src by rustup");
        let added = shell.run(shell.command("rustup", &["component", "add", "rust-src"]));
        if added.is_err() || !has_sources(shell) {
            println!("there is no rust-src: the modules of WebAssembly will be larger");
        }
    }
}

/// Whether what [`compile`] builds has the sizes by which they are judged.
pub(crate) fn is_smallest(shell: &Shell) -> bool {
    has_target(shell) && has_sources(shell)
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

/// The core compiles without native code and without anything of a host's; the npm package is what is built of it.
pub(crate) fn check(shell: &Shell) -> Result<()> {
    let core = ["--lib", "-p", "tokenmint", "--no-default-features"];
    cargo(shell, "check", &core, Instructions::Simd).map(drop)
}

/// Which instructions the module may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Instructions {
    /// Those of every browser with WebAssembly.
    Base,
    /// The fixed-width vector instructions, which browsers have since 2021 to 2023: hashing is faster and smaller.
    Simd,
}

/// Builds for the browser with the profile `wasm`; the folder with what was built.
pub(crate) fn compile(shell: &Shell, what: &[&str], instructions: Instructions) -> Result<PathBuf> {
    cargo(shell, "build", what, instructions)
}

fn cargo(shell: &Shell, verb: &str, what: &[&str], instructions: Instructions) -> Result<PathBuf> {
    let args = [&[verb, "--locked", "--profile", "wasm", "--target", TARGET], what].concat();
    let mut flags = release::flags(shell)?;
    // One folder for each, as cargo keeps the outputs of only one set of flags.
    let name = match instructions {
        Instructions::Base => "wasm-base",
        Instructions::Simd => {
            flags += "\x1f-Ctarget-feature=+simd128";
            "wasm-simd"
        }
    };
    let target = shell.target(name);
    let mut command = if has_target(shell) {
        let mut command = shell.cargo(&args);
        // What is only checked needs no standard library of its own.
        if verb == "build" && has_sources(shell) {
            command.args([BUILD_STD, "-Zbuild-std-features=optimize_for_size"]).env("RUSTC_BOOTSTRAP", "1");
            flags += "\x1f-Zunstable-options\x1f-Cpanic=immediate-abort";
        }
        command
    } else {
        let mut command = shell.command(DEBIAN_CARGO, &args);
        command.arg(BUILD_STD).env("RUSTC_BOOTSTRAP", "1").env("RUSTC", DEBIAN_RUSTC);
        command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", rust_lld(shell)?);
        // `cargo run` puts the libraries of rustup's compiler first; Debian's would load them.
        command.env_remove("LD_LIBRARY_PATH").env_remove("RUSTUP_TOOLCHAIN");
        for sources in [DEBIAN_SOURCES, DEBIAN_LIBRARY] {
            flags += &format!("\x1f--remap-path-prefix={sources}=rust");
        }
        command
    };
    command.env("CARGO_TARGET_DIR", &target).env(release::FLAGS, flags);
    shell.run(command)?;
    Ok(target.join(TARGET).join("wasm"))
}

/// Whether the compiler in use has a standard library for the target.
fn has_target(shell: &Shell) -> bool {
    let libraries = shell.read(shell.command("rustc", &["--print", "target-libdir", "--target", TARGET]));
    libraries
        .is_ok_and(|folder| fs::read_dir(folder.trim()).is_ok_and(|mut entries| entries.next().is_some()))
}

/// Whether the compiler in use has the sources of its standard library, and leaves the machinery of panics out of it where it
/// is told to by a flag: Rust 1.92 and newer.
fn has_sources(shell: &Shell) -> bool {
    let sysroot = shell.read(shell.command("rustc", &["--print", "sysroot"]));
    let strategies = ["-Zunstable-options", "-Cpanic=immediate-abort", "--print", "cfg"];
    let mut rustc = shell.command("rustc", &strategies);
    rustc.env("RUSTC_BOOTSTRAP", "1");
    sysroot.is_ok_and(|folder| Path::new(folder.trim()).join("lib/rustlib/src/rust/library").exists())
        && shell.read(rustc).is_ok()
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
