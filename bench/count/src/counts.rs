//! Counting, and the counts beside those from before.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::{allocations, cases};

/// From so many per cent on a count is said to have changed.
const TOLD: f64 = 5.0;

/// What a call takes.
pub(crate) struct Count {
    name: String,
    /// But for the compression function of SHA-256: that runs in hardware, which valgrind does not have.
    instructions: u64,
    allocations: u64,
}

/// Counts all cases.
pub(crate) fn count() -> Result<Vec<Count>> {
    let instructions = instructions()?;
    let cases = cases::all()?;
    ensure!(cases.len() == instructions.len(), "valgrind counted {instructions:?} of {} cases", cases.len());
    let counts = cases.into_iter().zip(instructions).map(|(mut case, instructions)| {
        case.warm_up();
        let allocations = allocations::during(&mut case.work);
        Count { name: case.name, instructions, allocations }
    });
    Ok(counts.collect())
}

/// Instructions of each case, in their order: valgrind writes a file after each call that is counted.
fn instructions() -> Result<Vec<u64>> {
    let folder = empty_folder()?;
    let files = folder.join("counted");
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--quiet", "--collect-atstart=no"]);
    // Entering or leaving one of these turns counting on or off.
    valgrind.args(["--toggle-collect=*::counted", "--toggle-collect=*::sha256::*::compress"]);
    valgrind.args(["--dump-after=*::warm_up", "--dump-after=*::written"]);
    valgrind.arg(format!("--callgrind-out-file={}", files.display()));
    valgrind.arg(std::env::current_exe()?).arg("run");
    let output = valgrind.output().context("valgrind cannot be started")?;
    if !output.status.success() {
        bail!("valgrind failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    let totals = (1..)
        .map(|number| PathBuf::from(format!("{}.{number}", files.display())))
        .map_while(|file| std::fs::read_to_string(file).ok())
        .filter(|text| text.contains("::written\n"))
        .map(|text| total(&text));
    let totals = totals.collect();
    std::fs::remove_dir_all(folder)?;
    totals
}

fn total(text: &str) -> Result<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("totals: "));
    Ok(line.context("a file of valgrind's has no total")?.trim().parse()?)
}

fn empty_folder() -> Result<PathBuf> {
    let folder = std::env::temp_dir().join(format!("tokenmint-counts-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Prints the counts beside those from before. Another compiler gives other counts, so none is a failure.
pub(crate) fn print(counts: &[Count]) -> Result<()> {
    let before = read()?;
    println!("| a call | instructions | before | | allocations | before |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: |");
    let mut changed = Vec::new();
    for Count { name, instructions, allocations } in counts {
        let Some((instructions_before, allocations_before)) = before.get(name) else {
            println!("| {name} | {instructions} | | new | {allocations} | |");
            continue;
        };
        let change = (*instructions as f64 / *instructions_before as f64 - 1.0) * 100.0;
        println!(
            "| {name} | {instructions} | {instructions_before} | {change:+.1} % | {allocations} | {allocations_before} |"
        );
        if change.abs() >= TOLD || allocations != allocations_before {
            changed.push(name.as_str());
        }
    }
    println!("Instructions as valgrind counts them, all but those of SHA-256's compression function.");
    if !changed.is_empty() {
        println!("CHANGED by {TOLD} % or in its allocations: {}.", changed.join("; "));
        println!("Where that is meant: `cargo xtask bench count write`.");
    }
    Ok(())
}

/// Keeps the counts for the next comparison.
pub(crate) fn write(counts: &[Count]) -> Result<()> {
    let lines = counts.iter().map(|count| {
        let Count { name, instructions, allocations } = count;
        format!("{name}\t{instructions}\t{allocations}\n")
    });
    std::fs::write(kept(), lines.collect::<String>())?;
    print(counts)
}

/// Instructions and allocations by the names of the calls.
fn read() -> Result<BTreeMap<String, (u64, u64)>> {
    let text = std::fs::read_to_string(kept()).unwrap_or_default();
    let line = |line: &str| {
        let (name, counts) = line.split_once('\t').context("a line without counts")?;
        let (instructions, allocations) = counts.split_once('\t').context("a line without allocations")?;
        Ok((name.to_owned(), (instructions.parse()?, allocations.parse()?)))
    };
    text.lines().map(line).collect()
}

fn kept() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("counts.tsv")
}
