//! A vendor's name stands in its wing, in tests, demonstrations and documents, and nowhere else.
//!
//! The core's generic layers, the command and the bindings would otherwise have to be changed with every dialect.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::shell::Shell;

const VENDORS: [&str; 4] = ["mercoa", "monite", "ledger", "merge"];

/// Where no vendor is named.
const FOLDERS: [&str; 8] =
    ["core/src", "cli/src", "ffi/src", "include", "python/src", "python/tokenmint", "wasm/src", "wasm/ts"];

/// The wings, the list that registers them, and the demonstration.
const EXCEPT: [&str; 6] = [
    "core/src/dialect/mercoa",
    "core/src/dialect/monite",
    "core/src/dialect/ledger",
    "core/src/dialect/merge",
    "core/src/dialect/mod.rs",
    "cli/src/demo.rs",
];

/// Fails and names the line where a vendor's name stands outside its wing.
pub(super) fn run(shell: &Shell) -> Result<()> {
    let mut files = Vec::new();
    for folder in FOLDERS {
        collect(&shell.path(folder), &mut files)?;
    }
    let except: Vec<PathBuf> = EXCEPT.iter().map(|path| shell.path(path)).collect();
    files.retain(|path| !except.iter().any(|wing| path.starts_with(wing)));
    for path in &files {
        let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        if let Some((number, line)) = named(&text) {
            bail!("{}:{number}: a vendor's name outside its wing: {}", path.display(), line.trim());
        }
    }
    println!("{} files name no vendor", files.len());
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        let is_source = path
            .extension()
            .is_some_and(|kind| ["rs", "ts", "py", "h", "go"].iter().any(|known| kind == *known));
        match path.file_stem() {
            Some(name) if name == "tests" || name.to_string_lossy().ends_with("_test") => {}
            _ if path.is_dir() => collect(&path, files)?,
            _ if is_source => files.push(path),
            _ => {}
        }
    }
    Ok(())
}

/// The first line of code that names a vendor. An example in the documentation has to be of some dialect.
fn named(source: &str) -> Option<(usize, &str)> {
    let documents = ["//", "*", "/*", ">>>", "..."];
    let mut lines = source.lines().enumerate();
    lines.by_ref().take_while(|(_, line)| *line != "#[cfg(test)]").find_map(|(index, line)| {
        let code = line.trim_start();
        let counts = !documents.iter().any(|begin| code.starts_with(begin)) && names_a_vendor(code);
        counts.then_some((index + 1, line))
    })
}

/// Whether a word is a vendor's name, or a name of the code begins with one: `LedgerOptions`, but not `merged`.
fn names_a_vendor(code: &str) -> bool {
    code.split(|c: char| !c.is_alphanumeric()).any(|word| {
        VENDORS.iter().any(|vendor| {
            let (head, tail) = word.split_at_checked(vendor.len()).unwrap_or_default();
            head.eq_ignore_ascii_case(vendor) && tail.chars().next().is_none_or(char::is_uppercase)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vendor_is_found_wherever_it_is_named() {
        for line in
            ["    Ledger,", "use x::monite::y;", "LedgerOptions::new()", "\"mercoa\": 1", "fn to_merge() {}"]
        {
            assert!(named(line).is_some(), "{line}");
        }
    }

    #[test]
    fn what_only_looks_like_one_is_none() {
        for line in [
            "/// as Monite does",
            " * mercoa: {}",
            "let merged = emerge(submerge);",
            "entity.enableMercoaPayments",
            "#[cfg(test)]\nmod tests { Mercoa }",
        ] {
            assert!(named(line).is_none(), "{line}");
        }
    }
}
