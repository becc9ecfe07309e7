//! The vendors' own SDKs, against `tokenmint serve --demo`.

use anyhow::Result;

use super::served::Served;
use crate::setup;
use crate::shell::Shell;

const SCRIPT: &str = "bindings-tests/oracles/sdks.py";

pub(super) fn run(shell: &Shell) -> Result<()> {
    let server = Served::demo(shell)?;
    let mut sdks = shell.command(setup::python(shell), &[SCRIPT]);
    sdks.arg(&server.base);
    shell.run(sdks)
}
