//! `cargo xtask c`: the C library as it is installed: header, shared and static library, pkg-config file.
//!
//! `cargo cinstall` of cargo-c lays out the same from the metadata in `ffi/Cargo.toml`; this needs nothing but cargo.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::release;
use crate::shell::Shell;

const HEADER: &str = "include/tokenmint.h";

/// Which stores the library opens.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Stores {
    All,
    Memory,
}

/// Builds the library and installs it under `prefix`.
pub(crate) fn install(shell: &Shell, prefix: &Path, stores: Stores) -> Result<()> {
    let header = fs::read_to_string(shell.path(HEADER)).context(HEADER)?;
    let soname = format!("libtokenmint.so.{}", abi_version(&header)?);
    let private = build(shell, &soname, stores)?;
    let (include, lib) = (prefix.join("include"), prefix.join("lib"));
    fs::create_dir_all(&include)?;
    fs::create_dir_all(lib.join("pkgconfig"))?;
    fs::write(include.join("tokenmint.h"), header)?;
    let built = shell.target(release::PROFILE);
    replace(&built.join("libtokenmint_ffi.a"), &lib.join("libtokenmint.a"))?;
    if stores == Stores::All {
        rename_sqlite(shell, &lib.join("libtokenmint.a"))?;
    }
    // What a debugger would want is a third of it.
    let mut strip = shell.command("strip", &["-S"]);
    strip.arg(lib.join("libtokenmint.a"));
    shell.run(strip)?;
    replace(&built.join("libtokenmint_ffi.so"), &lib.join(&soname))?;
    let link = lib.join("libtokenmint.so");
    if link.symlink_metadata().is_ok() {
        fs::remove_file(&link)?;
    }
    symlink(&soname, link)?;
    fs::write(lib.join("pkgconfig/tokenmint.pc"), pkg_config(&private))?;
    println!("installed under {}", prefix.display());
    Ok(())
}

/// Builds both libraries; what a program says to the linker beside the static one: to leave out what it does not use, and
/// the system's libraries.
fn build(shell: &Shell, soname: &str, stores: Stores) -> Result<String> {
    let mut cargo = release::cargo(
        shell,
        &["rustc", "--profile", release::PROFILE, "--locked", "-p", "tokenmint-ffi", "--lib"],
    )?;
    if stores == Stores::Memory {
        cargo.arg("--no-default-features");
    }
    cargo.args(["--message-format", "json", "--", "--print", "native-static-libs"]);
    cargo.arg("-C").arg(format!("link-arg=-Wl,-soname,{soname}"));
    println!("$ cargo rustc --profile {} -p tokenmint-ffi", release::PROFILE);
    let messages = shell.read(cargo)?;
    let mut texts = messages.lines().filter_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        Some(message["message"]["message"].as_str()?.strip_prefix("native-static-libs: ")?.to_owned())
    });
    let libraries = texts.next().context("rustc names no native-static-libs")?;
    let unused = if cfg!(target_os = "macos") { "-Wl,-dead_strip" } else { "-Wl,--gc-sections" };
    Ok(format!("{unused} {}", each_once(&libraries)))
}

/// Each library once, where it is named last: what it needs stands behind it. Without the compiler's own, which the compiler
/// adds by itself, another one to a program that is wholly static.
fn each_once(libraries: &str) -> String {
    let all: Vec<&str> = libraries.split_whitespace().filter(|name| *name != "-lgcc_s").collect();
    let last = |(at, name): &(usize, &&str)| !all[at + 1..].contains(*name);
    all.iter().enumerate().filter(last).map(|(_, name)| *name).collect::<Vec<_>>().join(" ")
}

/// Gives the SQLite in a static library names of its own: the program that links it may bring another. The shared library
/// keeps the names to itself.
fn rename_sqlite(shell: &Shell, archive: &Path) -> Result<()> {
    // GNU's tools; without them, as on macOS, such a program links the shared library.
    if !shell.succeeds("objcopy", &["--version"]) {
        return Ok(());
    }
    let mut nm = shell.command("nm", &["--defined-only", "--extern-only", "--format=posix", "--quiet"]);
    nm.arg(archive);
    let text = shell.read(nm)?;
    let mut names: Vec<&str> = text
        .lines()
        .filter_map(|line| line.split(' ').next())
        .filter(|name| name.starts_with("sqlite3"))
        .collect();
    names.sort_unstable();
    names.dedup();
    let renamed: String = names.iter().map(|name| format!("{name} tm_{name}\n")).collect();
    let list = shell.target("c/renamed");
    fs::create_dir_all(shell.target("c"))?;
    fs::write(&list, renamed)?;
    let mut objcopy = shell.command("objcopy", &["--redefine-syms"]);
    objcopy.arg(&list).arg(archive);
    shell.run(objcopy)
}

/// The number of the interface, which the header has from the sources.
pub(crate) fn abi_version(header: &str) -> Result<u32> {
    let line = header.lines().find_map(|line| line.strip_prefix("#define TOKENMINT_ABI_VERSION "));
    Ok(line.context("TOKENMINT_ABI_VERSION")?.trim().parse()?)
}

/// The folder may be moved: paths are told from where this file is.
fn pkg_config(private: &str) -> String {
    format!(
        "prefix=${{pcfiledir}}/../..\n\
         libdir=${{prefix}}/lib\n\
         includedir=${{prefix}}/include\n\n\
         Name: tokenmint\n\
         Description: The token endpoint as a library\n\
         Version: {}\n\
         Cflags: -I${{includedir}}\n\
         Libs: -L${{libdir}} -ltokenmint\n\
         Libs.private: {private}\n",
        env!("CARGO_PKG_VERSION")
    )
}

/// Copies a file in the place of another, which a running program may have open.
fn replace(from: &Path, to: &Path) -> Result<()> {
    if to.exists() {
        fs::remove_file(to)?;
    }
    fs::copy(from, to).with_context(|| from.display().to_string())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_library_stands_behind_those_that_need_it() {
        assert_eq!(super::each_once("-lc -lm -lrt -lgcc_s -lrt -lm -lc"), "-lrt -lm -lc");
    }
}
