//! `cargo xtask go`: puts the C library where the Go module looks for it.

use std::fs;

use anyhow::{Context, Result};
use aws_lc_rs::digest;

use crate::capi::{self, Stores};
use crate::setup;
use crate::shell::Shell;

/// The folder of the module.
pub(crate) const MODULE: &str = "go";

/// Builds the library and puts header and archive beside the Go sources: `go mod vendor` takes along what stands there.
pub(crate) fn install(shell: &Shell) -> Result<()> {
    setup::go(shell)?;
    let prefix = shell.target("c/installed");
    capi::install(shell, &prefix, Stores::All)?;
    let platform = shell.read(shell.command("go", &["env", "GOOS", "GOARCH"]))?;
    let (system, machine) = platform.trim().split_once('\n').context("go env")?;
    let archive = shell.path(MODULE).join(format!("libtokenmint_{system}_{machine}.a"));
    fs::copy(prefix.join("include/tokenmint.h"), shell.path(MODULE).join("tokenmint.h"))?;
    fs::copy(prefix.join("lib/libtokenmint.a"), &archive)?;
    note_archives(shell)
}

/// Go's build cache does not look into archives: a header that names their content, and is compiled into the package, makes
/// it see a new one.
fn note_archives(shell: &Shell) -> Result<()> {
    let mut lines = Vec::new();
    for entry in fs::read_dir(shell.path(MODULE))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "a") {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let digest = digest::digest(&digest::SHA256, &fs::read(&path)?);
            lines.push(format!("{name} {digest:?}"));
        }
    }
    lines.sort();
    let header = format!("#define NATIVE_ARCHIVES \"{}\"\n", lines.join(", "));
    Ok(fs::write(shell.path(MODULE).join("archives.h"), header)?)
}
