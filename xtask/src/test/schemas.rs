//! The vector files against their JSON schemas, judged by the Python package `jsonschema`.

use anyhow::Result;

use crate::setup;
use crate::shell::Shell;

pub(super) fn run(shell: &Shell) -> Result<()> {
    shell.run(shell.command(setup::python(shell), &["bindings-tests/vectors/check_schemas.py"]))
}
