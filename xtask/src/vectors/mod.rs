//! `cargo xtask vectors`: the files that are generated from the code.

mod errors;

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result, bail, ensure};

use crate::shell::Shell;

/// A file of the repository and what the code says it holds.
struct Generated {
    path: &'static str,
    content: String,
}

/// Each returns the same files with the same bytes whenever and wherever it runs: times and seeds are fixed.
const GENERATORS: &[fn() -> Result<Vec<Generated>>] = &[errors::generate];

/// Where the vectors stand; every `*.json` directly in it must come from a generator.
const FOLDER: &str = "bindings-tests/vectors";

/// Writes the files, or with `check` compares them and names the first line that differs.
pub(crate) fn run(shell: &Shell, check: bool) -> Result<()> {
    let mut known = BTreeSet::new();
    for generator in GENERATORS {
        let again = generator()?;
        for (file, repeated) in generator()?.into_iter().zip(again) {
            ensure!(file.content == repeated.content, "{}: the generator is not deterministic", file.path);
            ensure!(known.insert(file.path), "{}: two generators write it", file.path);
            if check {
                compare(shell, &file)?;
            } else {
                write(shell, &file)?;
            }
        }
    }
    refuse_strays(shell, &known)
}

fn compare(shell: &Shell, file: &Generated) -> Result<()> {
    let found =
        fs::read_to_string(shell.path(file.path)).with_context(|| format!("cannot read {}", file.path))?;
    if let Some(difference) = first_difference(&found, &file.content) {
        bail!("{}: {difference}\nrun `cargo xtask vectors` and commit the result", file.path);
    }
    println!("{}: as generated", file.path);
    Ok(())
}

fn write(shell: &Shell, file: &Generated) -> Result<()> {
    let path = shell.path(file.path);
    if fs::read_to_string(&path).is_ok_and(|found| found == file.content) {
        println!("{}: unchanged", file.path);
        return Ok(());
    }
    fs::create_dir_all(path.parent().context("a folder")?)?;
    fs::write(path, &file.content).with_context(|| format!("cannot write {}", file.path))?;
    println!("{}: written", file.path);
    Ok(())
}

fn refuse_strays(shell: &Shell, known: &BTreeSet<&str>) -> Result<()> {
    for entry in fs::read_dir(shell.path(FOLDER)).context(FOLDER)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let path = format!("{FOLDER}/{name}");
        ensure!(!name.ends_with(".json") || known.contains(path.as_str()), "{path}: no generator writes it");
    }
    Ok(())
}

fn first_difference(found: &str, expected: &str) -> Option<String> {
    if found == expected {
        return None;
    }
    let (mut left, mut right) = (found.split('\n'), expected.split('\n'));
    let mut number = 0;
    loop {
        number += 1;
        match (left.next(), right.next()) {
            (Some(a), Some(b)) if a == b => {}
            (None, None) => return None,
            (a, b) => {
                let show =
                    |line: Option<&str>| line.map_or("(the end)".to_owned(), |text| format!("{text:?}"));
                return Some(format!("line {number} is\n  {}\nand should be\n  {}", show(a), show(b)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_differs_is_named() {
        assert_eq!(first_difference("a\nb\n", "a\nb\n"), None);
        assert!(first_difference("a\nb\n", "a\nc\n").is_some_and(|text| text.starts_with("line 2 is")));
        assert!(first_difference("a\n", "a\nb\n").is_some_and(|text| text.contains("should be\n  \"b\"")));
        // Only the final newline is missing.
        assert!(first_difference("a", "a\n").is_some_and(|text| text.contains("(the end)")));
        assert!(first_difference("a\r\n", "a\n").is_some());
    }
}
