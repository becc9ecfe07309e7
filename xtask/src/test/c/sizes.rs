//! How large the library is, and a program that it is in: printed, and kept under what was reached.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use super::{Library, runner};
use crate::capi::{self, Stores};
use crate::shell::Shell;

const KIB: u64 = 1024;
/// The most that each may have, in KiB: a little over what it has. Whoever makes it smaller lowers the bound.
const SHARED: u64 = 9_600;
const PROGRAM: u64 = 3_700;
const WITHOUT_STORES: u64 = 5_950;

pub(super) fn run(shell: &Shell, library: &Library) -> Result<()> {
    within("libtokenmint.so", &library.shared(), SHARED)?;
    within("a static program that mints and verifies", &program(shell, library)?, PROGRAM)?;

    let bare = Library { prefix: shell.target("c/without-stores"), tests: shell.target("c/tests") };
    capi::install(shell, &bare.prefix, Stores::Memory)?;
    within("libtokenmint.so without stores", &bare.shared(), WITHOUT_STORES)?;
    let opens = bare.tests.join("without-stores");
    let source = shell.path("bindings-tests/c/without_stores/main.c");
    bare.compile(shell, &[source], &opens, &bare.pkg_config(shell, &["--cflags", "--libs", "tokenmint"])?)?;
    shell.run(shell.command(&opens, &[]))
}

/// The example, linked as the page says, without the names in it.
fn program(shell: &Shell, library: &Library) -> Result<PathBuf> {
    let out = library.tests.join("small");
    let mut flags = runner::fixed_line(shell, library)?;
    flags.push("-s".into());
    library.compile(shell, &[shell.path("examples/c/mint_and_verify.c")], &out, &flags)?;
    Ok(out)
}

fn within(name: &str, path: &Path, most: u64) -> Result<()> {
    let size = fs::metadata(path)?.len() / KIB;
    println!("size: {name}: {size} KiB, at most {most}");
    ensure!(size <= most, "{name} has {size} KiB, and not at most {most}: {}", path.display());
    Ok(())
}
