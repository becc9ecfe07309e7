//! The fuzz targets: the corpus replayed, then a bounded search; `cargo xtask fuzz` searches longer.
//!
//! libFuzzer needs the nightly compiler and cargo-fuzz. Where they cannot be had, stable Rust replays the corpus.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, bail, ensure};

use crate::shell::Shell;

const MANIFEST: &str = "fuzz/Cargo.toml";
/// Seconds for each target in CI.
const BRIEF: u64 = 10;
/// Targets that run at the same time.
const AT_ONCE: usize = 2;

/// The step of CI.
pub(super) fn run(shell: &Shell) -> Result<()> {
    shell.run(shell.cargo(&["fmt", "--manifest-path", MANIFEST, "--check"]))?;
    if let Err(missing) = tools(shell) {
        println!("no search: {missing:#}; the corpus is replayed on stable Rust instead");
        let target = shell.target("fuzz-replay");
        let mut replay =
            shell.cargo(&["test", "--locked", "--no-default-features", "--manifest-path", MANIFEST]);
        replay.args(["--", "--nocapture"]).env("CARGO_TARGET_DIR", target);
        return shell.run(replay);
    }
    let programs = build(shell)?;
    search(shell, &programs, BRIEF)
}

/// `cargo xtask fuzz`: so many minutes for each target, or for the one that is named.
pub(crate) fn long(shell: &Shell, minutes: u64, only: Option<&str>) -> Result<()> {
    tools(shell)?;
    let mut programs = build(shell)?;
    if let Some(only) = only {
        let names: Vec<_> = programs.iter().map(|program| program.name.clone()).collect();
        programs.retain(|program| program.name == only);
        ensure!(!programs.is_empty(), "there is no target `{only}`, only {}", names.join(", "));
    }
    search(shell, &programs, minutes * 60)
}

struct Program {
    name: String,
    path: PathBuf,
}

/// Installs what is missing: the nightly toolchain by rustup, cargo-fuzz by cargo.
fn tools(shell: &Shell) -> Result<()> {
    if !shell.succeeds("cargo", &["+nightly", "--version"]) {
        shell
            .run(shell.command("rustup", &["toolchain", "install", "nightly", "--profile", "minimal"]))
            .context("no nightly toolchain")?;
    }
    if !shell.succeeds("cargo", &["fuzz", "--version"]) {
        shell.run(shell.cargo(&["install", "--locked", "cargo-fuzz"])).context("no cargo-fuzz")?;
    }
    Ok(())
}

fn build(shell: &Shell) -> Result<Vec<Program>> {
    let target = shell.target("fuzz");
    let folder = target.to_string_lossy().into_owned();
    // Without a sanitizer: the library forbids `unsafe`, and twice as many inputs are tried.
    let args = ["+nightly", "fuzz", "build", "--sanitizer", "none", "--target-dir", &folder];
    let mut command = shell.cargo(&args);
    command.current_dir(shell.path("fuzz"));
    shell.run(command)?;

    // cargo-fuzz builds into the folder of the host's triple.
    let host = shell.read(shell.command("rustc", &["+nightly", "--version", "--verbose"]))?;
    let host = host.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc's host")?;
    let list = shell.read(shell.cargo(&["fuzz", "list", "--fuzz-dir", "fuzz"]))?;
    let path = |name: &str| target.join(host).join("release").join(name);
    let programs: Vec<_> =
        list.lines().map(|name| Program { name: name.to_owned(), path: path(name) }).collect();
    ensure!(!programs.is_empty(), "cargo-fuzz knows no targets");
    Ok(programs)
}

/// Runs the targets, a few at a time, and prints a line for each.
fn search(shell: &Shell, programs: &[Program], seconds: u64) -> Result<()> {
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(program) = programs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    match fuzz(shell, program, seconds) {
                        Ok(line) => println!("{:<10} {line}", program.name),
                        Err(error) => {
                            println!("{:<10} FAILED", program.name);
                            if let Ok(mut failures) = failures.lock() {
                                failures.push(error);
                            }
                        }
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap_or_default();
    match failures.into_iter().reduce(|all, error| anyhow::anyhow!("{all:#}\n\n{error:#}")) {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

/// Runs one target over its corpus and then over what it makes of it.
fn fuzz(shell: &Shell, program: &Program, seconds: u64) -> Result<String> {
    let corpus = shell.path("fuzz/corpus").join(&program.name);
    let files = fs::read_dir(&corpus).with_context(|| corpus.display().to_string())?.count();
    // New inputs are collected outside of git; they shorten the next search on the same machine.
    let found = shell.target("fuzz-corpus").join(&program.name);
    let artifacts = shell.path("fuzz/artifacts").join(&program.name);
    fs::create_dir_all(&found)?;
    fs::create_dir_all(&artifacts)?;

    let mut command =
        shell.command(&program.path, &["-timeout=60", "-rss_limit_mb=2048", "-print_final_stats=1"]);
    command.arg(format!("-max_total_time={seconds}"));
    command.arg(format!("-artifact_prefix={}/", artifacts.display()));
    command.args([&found, &corpus]).stdout(Stdio::null()).stderr(Stdio::piped());
    let output = command.output().with_context(|| program.path.display().to_string())?;
    let text = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        let from = text.lines().position(|line| line.contains("panicked at")).unwrap_or_default();
        let shown: Vec<_> = text.lines().skip(from).take(40).collect();
        bail!("{}: {}\n{}", program.name, output.status, shown.join("\n"));
    }
    let executed = statistic(&text, "number_of_executed_units")?;
    Ok(format!("{files:>4} files, {executed:>9} executions, {:>6} per second", executed / seconds.max(1)))
}

fn statistic(text: &str, name: &str) -> Result<u64> {
    let name = format!("stat::{name}:");
    let line = text.lines().find_map(|line| line.strip_prefix(&name)).with_context(|| name.clone())?;
    Ok(line.trim().parse()?)
}
