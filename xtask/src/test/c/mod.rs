//! The C library, as it is installed: header, goldens, all vectors, misuse, threads, memory, examples; and from Python.

mod examples;
mod goldens;
mod runner;
mod sizes;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::capi::{self, Stores};
use crate::shell::Shell;
use crate::{header, setup};

/// The standards that the header keeps to, each with its language.
const STANDARDS: [(&str, &str); 4] = [("c", "c99"), ("c", "c11"), ("c", "c2x"), ("c++", "c++17")];
const WARNINGS: [&str; 4] = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"];
/// Uses the shared library with nothing but `ctypes`.
const CTYPES: &str = "bindings-tests/python-ctypes/run.py";

pub(super) fn run(shell: &Shell) -> Result<()> {
    header::run(shell, true)?;
    let library = Library { prefix: shell.target("c/installed"), tests: shell.target("c/tests") };
    std::fs::create_dir_all(&library.tests)?;
    capi::install(shell, &library.prefix, Stores::All)?;
    standards(shell, &library)?;
    goldens::symbols(shell, &library)?;
    runner::run(shell, &library)?;
    examples::run(shell, &library)?;
    sizes::run(shell, &library)?;
    let mut python = shell.command(setup::python(shell), &[CTYPES]);
    python.arg(library.shared());
    shell.run(python)
}

/// Where the library is installed, and where the tests are built.
struct Library {
    prefix: PathBuf,
    tests: PathBuf,
}

impl Library {
    fn shared(&self) -> PathBuf {
        self.prefix.join("lib/libtokenmint.so")
    }

    fn fixed(&self) -> PathBuf {
        self.prefix.join("lib/libtokenmint.a")
    }

    /// What pkg-config says about packages, this library among them.
    fn pkg_config(&self, shell: &Shell, args: &[&str]) -> Result<Vec<String>> {
        let mut command = shell.command("pkg-config", args);
        command.env("PKG_CONFIG_PATH", self.prefix.join("lib/pkgconfig"));
        Ok(shell.read(command)?.split_whitespace().map(str::to_owned).collect())
    }

    /// Compiles a program that finds the shared library where it is installed.
    fn compile(&self, shell: &Shell, sources: &[PathBuf], out: &Path, flags: &[String]) -> Result<()> {
        let mut compiler = compiler(shell);
        compiler.args(sources).arg("-o").arg(out).args(flags);
        let mut rpath = OsString::from("-Wl,-rpath,");
        rpath.push(self.prefix.join("lib"));
        shell.run(with(compiler, rpath))
    }
}

fn compiler(shell: &Shell) -> Command {
    let mut compiler = shell.command("gcc", &["-std=c11", "-D_GNU_SOURCE", "-O1", "-g"]);
    compiler.args(WARNINGS);
    compiler
}

fn with(mut command: Command, arg: OsString) -> Command {
    command.arg(arg);
    command
}

/// The header is C99, C11, C23 and C++17, without a warning: for gcc, and for clang where it is installed.
fn standards(shell: &Shell, library: &Library) -> Result<()> {
    for compiler in
        ["gcc", "clang"].into_iter().filter(|name| *name == "gcc" || shell.succeeds(name, &["--version"]))
    {
        for (language, standard) in STANDARDS {
            let mut command = shell.command(compiler, &WARNINGS);
            command.arg(format!("-std={standard}")).args(["-x", language, "-fsyntax-only"]);
            shell.run(with(command, library.prefix.join("include/tokenmint.h").into()))?;
        }
    }
    Ok(())
}
