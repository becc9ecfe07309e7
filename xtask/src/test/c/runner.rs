//! The tests in `bindings-tests/c`: linked statically and dynamically, with sanitizers, and under valgrind.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::{Library, goldens};
use crate::shell::Shell;

const FOLDER: &str = "bindings-tests/c";
const SUPPRESSIONS: &str = "--suppressions=bindings-tests/c/valgrind.supp";
const VALGRIND: [&str; 5] = [
    "--quiet",
    "--leak-check=full",
    "--errors-for-leak-kinds=definite,possible",
    "--error-exitcode=9",
    SUPPRESSIONS,
];
const SANITIZERS: [&str; 2] = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
/// How many tokens are minted and verified to see that memory does not grow.
const TOKENS: &str = "1000000";

pub(super) fn run(shell: &Shell, library: &Library) -> Result<()> {
    let json = library.pkg_config(shell, &["--cflags", "--libs", "json-c"])?;
    let dynamic = library.pkg_config(shell, &["--cflags", "--libs", "tokenmint"])?;
    let fixed = fixed_line(shell, library)?;

    let runner = |name: &str, flags: &[&[String]]| -> Result<PathBuf> {
        let out = library.tests.join(name);
        library.compile(shell, &sources(shell)?, &out, &[&json, flags.concat().as_slice()].concat())?;
        Ok(out)
    };
    let shared = runner("runner-shared", &[&dynamic])?;
    call(shell, &shared, &["vectors", "."])?;
    stores(shell, library, &shared)?;
    let plain = runner("runner-static", &[&fixed])?;
    for args in [["vectors", "."].as_slice(), &["misuse"], &["threads"], &["memory", TOKENS]] {
        call(shell, &plain, args)?;
    }
    stores(shell, library, &plain)?;
    goldens::abi(shell, &shell.read(shell.command(&plain, &["goldens"]))?)?;

    let sanitized = runner("runner-sanitized", &[&SANITIZERS.map(str::to_owned), &fixed])?;
    has_sanitizers(shell, &sanitized)?;
    for args in [["vectors", "."].as_slice(), &["misuse"], &["threads"]] {
        call(shell, &sanitized, args)?;
    }
    stores(shell, library, &sanitized)?;
    for args in [["vectors", "."].as_slice(), &["misuse"]] {
        let mut valgrind = shell.command("valgrind", &VALGRIND);
        valgrind.arg(&plain).args(args);
        shell.run(valgrind)?;
    }
    Ok(())
}

fn call(shell: &Shell, runner: &Path, args: &[&str]) -> Result<()> {
    shell.run(shell.command(runner, args))
}

/// Stores in files, in a folder that is empty at first.
fn stores(shell: &Shell, library: &Library, runner: &Path) -> Result<()> {
    let folder = library.tests.join("stores");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let mut command = shell.command(runner, &["stores"]);
    command.arg(folder);
    shell.run(command)
}

fn sources(shell: &Shell) -> Result<Vec<PathBuf>> {
    let mut sources = Vec::new();
    for entry in fs::read_dir(shell.path(FOLDER)).context(FOLDER)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "c") {
            sources.push(path);
        }
    }
    sources.sort();
    Ok(sources)
}

/// The static library by its path, and behind it what pkg-config says that it needs of the system.
pub(super) fn fixed_line(shell: &Shell, library: &Library) -> Result<Vec<String>> {
    let words = library.pkg_config(shell, &["--static", "--cflags", "--libs", "tokenmint"])?;
    let archive = library.fixed().to_string_lossy().into_owned();
    let line: Vec<String> =
        words.into_iter().map(|word| if word == "-ltokenmint" { archive.clone() } else { word }).collect();
    ensure!(line.contains(&archive), "pkg-config names no -ltokenmint");
    Ok(line)
}

/// A sanitizer that was not linked finds nothing.
fn has_sanitizers(shell: &Shell, program: &Path) -> Result<()> {
    let mut nm = shell.command("nm", &["--undefined-only"]);
    nm.arg(program);
    let symbols = shell.read(nm)?;
    for symbol in ["__asan_init", "__ubsan_handle"] {
        ensure!(symbols.contains(symbol), "{} is built without {symbol}", program.display());
    }
    Ok(())
}
