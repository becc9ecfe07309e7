//! What compiled callers rely on, in files that are changed by hand only: symbols, sizes, statuses.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result, bail, ensure};

use super::Library;
use crate::capi;
use crate::shell::Shell;

const SYMBOLS: &str = "bindings-tests/c/golden/symbols.txt";
const PAGE: &str = "docs/c-abi.md";
const ABI: &str = "bindings-tests/c/golden/abi.txt";

/// The shared library has a SONAME with the interface's number, exports what it should and nothing else, and holds no path
/// of the machine that built it; the static one defines the same functions.
pub(super) fn symbols(shell: &Shell, library: &Library) -> Result<()> {
    let header = fs::read_to_string(library.prefix.join("include/tokenmint.h"))?;
    let mut readelf = shell.command("readelf", &["--dynamic"]);
    readelf.arg(library.shared());
    let soname = format!("Library soname: [libtokenmint.so.{}]", capi::abi_version(&header)?);
    ensure!(shell.read(readelf)?.contains(&soname), "the shared library has no `{soname}`");

    let wanted = fs::read_to_string(shell.path(SYMBOLS)).context(SYMBOLS)?;
    let wanted: BTreeSet<&str> = wanted.lines().collect();
    let mut nm = shell.command("nm", &["--dynamic", "--defined-only", "--format=posix"]);
    nm.arg(library.shared());
    let text = shell.read(nm)?;
    let found: BTreeSet<&str> = text.lines().filter_map(|line| line.split(' ').next()).collect();
    differ(SYMBOLS, &found, &wanted)?;
    let mut nm = shell.command("nm", &["--defined-only", "--extern-only", "--format=posix", "--quiet"]);
    nm.arg(library.fixed());
    let text = shell.read(nm)?;
    let names = text.lines().filter_map(|line| line.split(' ').next());
    let found: BTreeSet<&str> = names.filter(|name| name.starts_with("tokenmint_")).collect();
    differ(SYMBOLS, &found, &wanted)?;

    let pkg_config = fs::read_to_string(library.prefix.join("lib/pkgconfig/tokenmint.pc"))?;
    let private =
        pkg_config.lines().find_map(|line| line.strip_prefix("Libs.private: ")).context("Libs.private")?;
    let documented =
        fs::read_to_string(shell.path(PAGE))?.contains(&format!("lib/libtokenmint.a {private}`"));
    ensure!(documented, "{PAGE}: the static library needs {private}");

    for path in [library.shared(), library.fixed()] {
        let content = fs::read(&path)?;
        for place in [shell.path(""), shell.target(""), std::env::home_dir().context("a home")?] {
            let place = place.to_string_lossy().trim_end_matches('/').to_owned() + "/";
            let found = content.windows(place.len()).any(|window| window == place.as_bytes());
            ensure!(!found, "{} holds the path {place}", path.display());
        }
    }
    Ok(())
}

/// What `runner goldens` prints is what was written down.
pub(super) fn abi(shell: &Shell, printed: &str) -> Result<()> {
    let wanted = fs::read_to_string(shell.path(ABI)).context(ABI)?;
    differ(ABI, &printed.lines().collect(), &wanted.lines().collect())
}

fn differ(file: &str, found: &BTreeSet<&str>, wanted: &BTreeSet<&str>) -> Result<()> {
    let list = |lines: Vec<&&str>| lines.into_iter().map(|line| format!("\n  {line}")).collect::<String>();
    if found == wanted {
        return Ok(());
    }
    bail!(
        "{file} differs; a change that a compiled caller would notice raises TOKENMINT_ABI_VERSION\nnew:{}\ngone:{}",
        list(found.difference(wanted).collect()),
        list(wanted.difference(found).collect())
    )
}
