//! What a benchmark printed, beside what each figure was and should be: `bench/targets.toml`.

use anyhow::{Context, Result};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Targets {
    target: Vec<Target>,
}

/// A figure in one of the printed tables.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Target {
    /// What it is, in words.
    what: String,
    /// What measures it.
    bench: String,
    /// The table's title.
    table: String,
    /// The row's name.
    row: String,
    /// The column's.
    column: String,
    /// The row that the figure is divided by.
    over: Option<String>,
    /// What it was when it was last written down.
    was: Option<f64>,
    at_most: Option<f64>,
    at_least: Option<f64>,
}

/// One table of what was printed.
struct Table<'a> {
    title: &'a str,
    columns: Vec<&'a str>,
    rows: Vec<Vec<&'a str>>,
}

/// Prints the targets of the tables that were printed. Nothing fails: times are the machine's, too.
pub(super) fn print(targets: &str, bench: &str, printed: &str) -> Result<()> {
    let lines = judged(targets, bench, printed)?;
    if !lines.is_empty() {
        println!(
            "\n### Targets\n\n| | was | is | target | |\n|---|---:|---:|---:|---|\n{}",
            lines.join("\n")
        );
    }
    Ok(())
}

fn judged(targets: &str, bench: &str, printed: &str) -> Result<Vec<String>> {
    let targets: Targets = toml::from_str(targets).context("bench/targets.toml")?;
    let tables = tables(printed);
    let lines = targets.target.iter().filter(|target| target.bench == bench).filter_map(|target| {
        let table = tables.iter().find(|table| table.title == target.table)?;
        let is = table.figure(&target.row, &target.column)?;
        let over = match &target.over {
            Some(row) => table.figure(row, &target.column)?,
            None => 1.0,
        };
        Some(target.line(is / over))
    });
    Ok(lines.collect())
}

impl Target {
    fn line(&self, is: f64) -> String {
        let was = self.was.map_or("-".to_owned(), figure);
        let (aim, met) = match (self.at_most, self.at_least) {
            (Some(most), _) => (format!("<= {}", figure(most)), is <= most),
            (_, Some(least)) => (format!(">= {}", figure(least)), is >= least),
            (None, None) => ("-".to_owned(), true),
        };
        let verdict = if met { "met" } else { "missed" };
        format!("| {} | {was} | {} | {aim} | {verdict} |", self.what, figure(is))
    }
}

impl Table<'_> {
    /// The first number of a cell.
    fn figure(&self, row: &str, column: &str) -> Option<f64> {
        let at = self.columns.iter().position(|name| *name == column)?;
        let row = self.rows.iter().find(|cells| cells.first() == Some(&row))?;
        let cell = row.get(at)?;
        let end = cell.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(cell.len());
        cell.get(..end)?.parse().ok()
    }
}

/// As much of a number as says something.
fn figure(number: f64) -> String {
    if number >= 100.0 || number.fract() == 0.0 { format!("{number:.0}") } else { format!("{number:.2}") }
}

/// The tables in a text of Markdown, each with the heading before it.
fn tables(text: &str) -> Vec<Table<'_>> {
    let (mut found, mut title): (Vec<Table<'_>>, _) = (Vec::new(), "");
    let mut within = false;
    for line in text.lines().map(str::trim) {
        if let Some(heading) = line.strip_prefix("### ") {
            title = heading.trim();
        }
        let Some(cells) = line.strip_prefix('|').and_then(|line| line.strip_suffix('|')) else {
            within = false;
            continue;
        };
        let cells: Vec<&str> = cells.split('|').map(str::trim).collect();
        match found.last_mut() {
            Some(table) if within => table.rows.push(cells),
            _ => found.push(Table { title, columns: cells, rows: Vec::new() }),
        }
        within = true;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_was_is_and_should_be() {
        let printed = "load 1\n\n### mint\n\n| | ns, median | x limit |\n|---|---:|---:|\n| limit | 400 | 1.00 |\n\
            | ours, quick | 600 .. 700 | 1.50 |\n| theirs | 1800 | 4.50 |\n";
        let targets = r#"
            [[target]]
            what = "ours"
            bench = "rust"
            table = "mint"
            row = "ours, quick"
            column = "x limit"
            was = 2.5
            at_most = 1.4
            [[target]]
            what = "theirs to ours"
            bench = "rust"
            table = "mint"
            row = "theirs"
            over = "ours, quick"
            column = "ns, median"
            at_least = 3
            [[target]]
            what = "not printed"
            bench = "rust"
            table = "verify"
            row = "ours, quick"
            column = "x limit"
            [[target]]
            what = "another language"
            bench = "go"
            table = "mint"
            row = "limit"
            column = "x limit"
        "#;
        let lines = judged(targets, "rust", printed).unwrap();
        assert_eq!(
            lines,
            ["| ours | 2.50 | 1.50 | <= 1.40 | missed |", "| theirs to ours | - | 3 | >= 3 | met |"]
        );
        assert!(judged("[[target]]\nwhat = 1", "rust", printed).is_err());
    }
}
