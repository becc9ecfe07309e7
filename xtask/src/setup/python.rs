//! Python environments, each with the packages of one list, in the build folder.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::shell::Shell;

/// A virtual environment and the list of what is installed in it.
pub(crate) struct Environment {
    folder: &'static str,
    requirements: &'static str,
}

/// The oracles: other libraries, and the vendors' SDKs.
pub(crate) const ORACLES: Environment =
    Environment { folder: "venv", requirements: "bindings-tests/oracles/requirements.txt" };

/// What builds the Python package and tests it; the tests put the package itself into it.
pub(crate) const PACKAGE: Environment =
    Environment { folder: "venv-python", requirements: "bindings-tests/python/requirements.txt" };

/// What judges the OpenAPI documents, and calls the server by them.
pub(crate) const OPENAPI: Environment =
    Environment { folder: "venv-openapi", requirements: "bindings-tests/openapi/requirements.txt" };

/// OAuth clients of other makers.
pub(crate) const OAUTH: Environment =
    Environment { folder: "venv-oauth", requirements: "bindings-tests/oauth/python/requirements.txt" };

/// The linter of Dockerfiles, which is a program and no module.
pub(crate) const DEPLOY: Environment =
    Environment { folder: "venv-deploy", requirements: "bindings-tests/deploy/requirements.txt" };

/// The peers that the Python package is measured beside; the tests need none of them.
pub(crate) const BENCH: Environment =
    Environment { folder: "venv-bench", requirements: "bench/python/requirements.txt" };

/// The interpreter of the oracles.
pub(crate) fn python(shell: &Shell) -> PathBuf {
    ORACLES.python(shell)
}

/// Debian's packages that are needed before an environment can be made.
pub(super) fn missing(shell: &Shell) -> Vec<&'static str> {
    if interpreter(shell).is_some() { Vec::new() } else { vec!["python3", "python3-venv"] }
}

/// An interpreter that can make environments: the first in the path, or Debian's, whose package may have been
/// installed just now.
fn interpreter(shell: &Shell) -> Option<&'static str> {
    // The module `venv` is always there; Debian keeps `ensurepip`, which it needs, in a package of its own.
    ["python3", "/usr/bin/python3"].into_iter().find(|name| {
        shell.succeeds(name, &["-c", "import ensurepip, sys, venv; assert sys.version_info >= (3, 11)"])
    })
}

impl Environment {
    /// Where it is, in the build folder.
    pub(crate) fn folder(&self) -> &'static str {
        self.folder
    }

    /// The environment's interpreter.
    pub(crate) fn python(&self, shell: &Shell) -> PathBuf {
        shell.target(self.folder).join("bin/python")
    }

    /// Makes the environment, unless it is there with the same list.
    pub(crate) fn install(&self, shell: &Shell) -> Result<()> {
        let requirements = fs::read_to_string(shell.path(self.requirements)).context(self.requirements)?;
        // A copy of the list that was installed: equal means there is nothing to do.
        let stamp = shell.target(self.folder).join("requirements.txt");
        if fs::read_to_string(&stamp).is_ok_and(|installed| installed == requirements) {
            return Ok(());
        }
        println!("installing {} into {}", self.requirements, shell.target(self.folder).display());
        create(shell, self.folder)?;
        self.pip(shell, &["--no-deps", "--requirement", self.requirements])?;
        fs::write(stamp, requirements)?;
        Ok(())
    }

    /// Installs more into it.
    pub(crate) fn pip(&self, shell: &Shell, args: &[&str]) -> Result<()> {
        pip(shell, &self.python(shell), args)
    }
}

/// A virtual environment with nothing in it, in the place of one that may be there; its interpreter.
pub(crate) fn create(shell: &Shell, folder: &str) -> Result<PathBuf> {
    let interpreter = interpreter(shell).context("no python3 that can run `-m venv`")?;
    let mut create = shell.command(interpreter, &["-m", "venv", "--clear"]);
    create.arg(shell.target(folder));
    shell.run(create)?;
    Ok(shell.target(folder).join("bin/python"))
}

/// Installs packages by an interpreter's pip.
pub(crate) fn pip(shell: &Shell, python: &PathBuf, args: &[&str]) -> Result<()> {
    let mut pip = shell.command(python, &["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    pip.args(args);
    shell.run(pip)
}
