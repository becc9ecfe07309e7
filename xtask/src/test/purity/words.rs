//! The core's sources name nothing that reaches outside.
//!
//! Clippy knows single functions and types, and what is not in its list passes. This reads whole modules: coarser,
//! and without a gap for the functions that nobody thought of.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::shell::Shell;

/// Each stands for a whole family of ways out.
const WAYS_OUT: [&str; 16] = [
    "std::env",
    "std::fs",
    "std::io",
    "std::net",
    "std::os",
    "std::path",
    "std::process",
    "std::thread",
    "std::{", // one path a line, as everywhere in the core: a group would hide one of the above
    "Instant",
    "SystemTime",
    "UNIX_EPOCH",
    "print!(",
    "println!(",
    "eprint!(",
    "eprintln!(",
];

/// Fails and names the line where the core's library, its tests aside, could reach outside.
pub(super) fn run(shell: &Shell) -> Result<()> {
    let mut files = Vec::new();
    collect(&shell.path("core/src"), &mut files)?;
    for path in &files {
        let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        if let Some((number, word, line)) = way_out(&text) {
            bail!("{}:{number}: `{word}` reaches outside of the core: {}", path.display(), line.trim());
        }
    }
    println!("{} files of the core name no way out", files.len());
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        // A folder or file of tests is compiled for tests only.
        if path.file_stem().is_some_and(|name| name == "tests") {
            continue;
        }
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

/// The first line that names a way out: its number, the word, the line.
fn way_out(source: &str) -> Option<(usize, &'static str, &str)> {
    let mut lines = source.lines().enumerate().peekable();
    while let Some((index, line)) = lines.next() {
        // The module of tests stands last in every file.
        let opens = |next: &(usize, &str)| next.1.starts_with("mod ") && next.1.ends_with('{');
        if line == "#[cfg(test)]" && lines.peek().is_some_and(opens) {
            return None;
        }
        let code = line.split("//").next().unwrap_or_default();
        if let Some(word) = WAYS_OUT.iter().find(|word| names(code, word)) {
            return Some((index + 1, word, line));
        }
    }
    None
}

/// Whether the word stands there as a word: `InstantNoodles` is not `Instant`.
fn names(code: &str, word: &str) -> bool {
    let joins = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].chars().next_back().is_some_and(joins);
        let after = code[at + word.len()..].chars().next().is_some_and(joins);
        !before && (!after || word.ends_with(['{', '(']))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_out_is_found_wherever_it_is_named() {
        for line in [
            "use std::fs;",
            "    let here = std::env::temp_dir();",
            "use std::{fmt, fs};",
            "::std::thread::Builder::new();",
            "let now = UNIX_EPOCH.elapsed();",
            "eprintln!(\"x\");",
            "#[cfg(test)]\nuse crate::x;\nuse std::fs;",
        ] {
            assert!(way_out(line).is_some(), "{line}");
        }
    }

    #[test]
    fn what_only_looks_like_one_is_none() {
        for line in [
            "use std::fmt;",
            "// as std::fs does",
            "/// not a std::time::Instant",
            "struct InstantNoodles;",
            "mod std::environment;",
            "#[cfg(test)]\nmod tests {\n    use std::fs;",
        ] {
            assert!(way_out(line).is_none(), "{line}");
        }
    }
}
