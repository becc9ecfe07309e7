//! The Python package: its wheel is built, installed in a clean environment, and tested from there.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use crate::release;
use crate::setup::{self, python, python::PACKAGE};
use crate::shell::Shell;

const TESTS: &str = "bindings-tests/python";

pub(super) fn run(shell: &Shell) -> Result<()> {
    setup::servers(shell)?;
    module(shell, &["ruff", "format", "--check", "--quiet"])?;
    module(shell, &["ruff", "check", "--quiet"])?;
    let wheel = wheel(shell)?;
    clean(shell, &wheel)?;
    PACKAGE.pip(shell, &["--no-deps", "--no-index", "--force-reinstall", &wheel])?;
    module(shell, &["pytest", "--quiet", "--config-file", &format!("{TESTS}/pytest.ini"), TESTS])?;
    let cache = shell.target("mypy").to_string_lossy().into_owned();
    let strict = ["mypy", "--strict", "--cache-dir", &cache];
    module(shell, &[&strict, ["--package", "tokenmint"].as_slice()].concat())?;
    module(shell, &[&strict, [TESTS, "examples/python"].as_slice()].concat())?;
    module(shell, &["mypy.stubtest", "tokenmint._tokenmint"])
}

/// Builds the wheel, as a user would: one for the platform.
pub(crate) fn wheel(shell: &Shell) -> Result<String> {
    let folder = shell.target("wheels");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let mut maturin = shell.command(
        PACKAGE.python(shell),
        &["-m", "maturin", "build", "--profile", release::PROFILE, "--locked"],
    );
    maturin.args(["--manifest-path", "python/Cargo.toml", "--out"]).arg(&folder).arg("--target-dir");
    maturin.arg(shell.target("")).arg("--interpreter").arg(PACKAGE.python(shell));
    release::ship(shell, &mut maturin)?;
    shell.run(maturin)?;
    let wheels: Vec<PathBuf> =
        fs::read_dir(&folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    ensure!(wheels.len() == 1, "expected one wheel, found {wheels:?}");
    let wheel = wheels[0].to_str().context("a path that is text")?.to_owned();
    ensure!(wheel.contains("-cp311-abi3-"), "{wheel} is not for every Python from 3.11 on");
    Ok(wheel)
}

/// The wheel alone is enough: nothing else is installed where the examples of its documentation run.
fn clean(shell: &Shell, wheel: &str) -> Result<()> {
    let python = python::create(shell, "venv-clean")?;
    python::pip(shell, &python, &["--no-index", wheel])?;
    let script =
        "import doctest, tokenmint as t; ran = doctest.testmod(t); assert ran.attempted and not ran.failed";
    shell.run(shell.command(python, &["-W", "error", "-c", script]))
}

/// Runs a module of the test's environment.
fn module(shell: &Shell, args: &[&str]) -> Result<()> {
    let mut command = shell.command(PACKAGE.python(shell), &["-m"]);
    // The folders of the sources stay as they are.
    command
        .args(args)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("MYPYPATH", TESTS)
        // Nothing is skipped because it is not installed.
        .env("CI", "true")
        .env("RUFF_NO_CACHE", "true");
    shell.run(command)
}
