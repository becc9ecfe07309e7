//! Tables of the clauses of a standard, as in `docs/oauth.md`: each row names the tests that hold it, and they are there.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use super::prose;
use crate::shell::Shell;

/// The head of such a table: its last column names tests.
const HEAD: &str = "| clause | what we do | test |";

/// The names of all tests of the tree's Rust files.
pub(super) fn tests(shell: &Shell, files: &BTreeSet<PathBuf>) -> Result<BTreeSet<String>> {
    let mut tests = BTreeSet::new();
    for path in files.iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs")) {
        let text = fs::read_to_string(shell.path(path)).with_context(|| path.display().to_string())?;
        tests.extend(named(&text).map(str::to_owned));
    }
    Ok(tests)
}

/// The functions of a file that are tests.
fn named(text: &str) -> impl Iterator<Item = &str> {
    let mut is_test = false;
    text.lines().map(str::trim_start).filter_map(move |line| {
        is_test |= line == "#[test]";
        let name = line.strip_prefix("fn ")?.split('(').next();
        name.filter(|_| std::mem::take(&mut is_test))
    })
}

/// How many rows a page's tables of clauses have, and which of them name no test, or one that is not there.
pub(super) fn judge(page: &str, tests: &BTreeSet<String>) -> (usize, Vec<(usize, String)>) {
    let (mut inside, mut rows, mut faults) = (false, 0, Vec::new());
    for (number, line) in prose(page) {
        if !line.starts_with('|') || line == HEAD {
            inside = line == HEAD;
            continue;
        }
        if !inside || line.starts_with("| ---") {
            continue;
        }
        rows += 1;
        let last = line.trim_end().trim_end_matches('|').rsplit(" | ").next().unwrap_or_default();
        let mut names = last.split('`').skip(1).step_by(2).peekable();
        if names.peek().is_none() {
            faults.push((number, "the row names no test".to_owned()));
        }
        faults.extend(
            names
                .filter(|name| !tests.contains(*name))
                .map(|name| (number, format!("there is no test {name}"))),
        );
    }
    (rows, faults)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_found_by_their_attribute() {
        let file = "#[test]\nfn one() {}\nfn two() {}\n    #[test]\n    #[ignore]\n    fn three(a in 1..2) {}\n// fn four()\n";
        assert_eq!(named(file).collect::<Vec<_>>(), ["one", "three"]);
    }

    #[test]
    fn each_row_names_tests_that_are_there() {
        let page = "| a | b |\n| --- | --- |\n| x | `y` |\n\n| clause | what we do | test |\n| --- | --- | --- |\n\
            | 1 | `a` \\| b | `one`, `two` |\n| 2 | c | `one` |\n| 3 | d | see above |\n\n| 4 | e | `three` |\n";
        let (rows, faults) = judge(page, &["one".to_owned()].into());
        let lines: Vec<_> = faults.iter().map(|(line, fault)| format!("{line}: {fault}")).collect();
        assert_eq!(
            (rows, lines),
            (3, vec!["7: there is no test two".into(), "9: the row names no test".into()])
        );
    }
}
