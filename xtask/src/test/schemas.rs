//! The vector files against their JSON schemas, judged by the Python package `jsonschema`.

use std::fs;

use anyhow::Result;

use super::Outcome;
use crate::setup;
use crate::shell::Shell;

pub(super) fn run(shell: &Shell) -> Result<Outcome> {
    let is_json = |entry: fs::DirEntry| entry.path().extension().is_some_and(|extension| extension == "json");
    if !fs::read_dir(shell.path("bindings-tests/vectors"))?.flatten().any(is_json) {
        return Ok(Outcome::Skipped("there are no vector files".to_owned()));
    }
    shell.run(shell.command(setup::python(shell), &["bindings-tests/vectors/check_schemas.py"]))?;
    Ok(Outcome::Passed)
}
