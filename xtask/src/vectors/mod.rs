//! `cargo xtask vectors`: the files that are generated from the code.

mod dpop;
mod errors;
mod flows;
mod go;
mod mint;
mod proofs;
mod python;
mod status_lists;
mod transcripts;
mod typescript;
mod verify;

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use crate::generated::Generated;
use crate::shell::Shell;

/// Each returns the same files with the same bytes whenever and wherever it runs: times and seeds are fixed.
const GENERATORS: &[fn() -> Result<Vec<Generated>>] = &[
    errors::generate,
    go::generate,
    python::generate,
    typescript::generate,
    mint::generate,
    flows::generate,
    transcripts::generate,
    verify::generate,
    dpop::generate,
    status_lists::generate,
    proofs::generate,
    crate::surface::generate,
];

/// Where the vectors stand; every `*.json` directly in it comes from a generator, or is named in [`AUTHORED`].
const FOLDER: &str = "bindings-tests/vectors";

/// Files whose expectations come from rules and from other libraries, not from the code: never written here.
const AUTHORED: [&str; 1] = ["bindings-tests/vectors/lifetimes.json"];

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

/// A case as it is written: what was given, and what came out.
fn case(given: &Value, result: Result<Value, tokenmint::Error>) -> Value {
    let mut case = given.clone();
    match result {
        Ok(output) => case["output"] = output,
        Err(error) => case["error"] = error.code().name().into(),
    }
    case
}

/// The context of a case: its `now` and `seed`.
fn context(case: &Value) -> Result<tokenmint::Context> {
    let now = case["now"].as_i64().context("`now` is whole seconds")?;
    let seed = case["seed"].as_str().context("`seed` is hexadecimal")?;
    let mut bytes = [0; 32];
    for (index, byte) in bytes.iter_mut().enumerate() {
        let digits = seed.get(index * 2..index * 2 + 2).context("`seed` has 64 digits")?;
        *byte = u8::from_str_radix(digits, 16)?;
    }
    Ok(tokenmint::Context::new(tokenmint::UnixTime::from_seconds(now), bytes))
}

/// JSON text with a line for each case.
fn pretty(file: &Value) -> String {
    let mut text = String::from("{\n");
    for (index, (name, value)) in file.as_object().into_iter().flatten().enumerate() {
        if index > 0 {
            text += ",\n";
        }
        match value {
            Value::Array(items) => {
                let lines: Vec<String> = items.iter().map(|item| format!("    {item}")).collect();
                text += &format!("  \"{name}\": [\n{}\n  ]", lines.join(",\n"));
            }
            other => text += &format!("  \"{name}\": {other}"),
        }
    }
    text + "\n}\n"
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
        let expected = known.contains(path.as_str()) || AUTHORED.contains(&path.as_str());
        ensure!(!name.ends_with(".json") || expected, "{path}: no generator writes it");
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
