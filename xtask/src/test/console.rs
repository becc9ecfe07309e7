//! The console of `tokenmint serve`, gone through in a real browser.

use anyhow::Result;

use crate::setup::node;
use crate::shell::Shell;

const FOLDER: &str = "cli/tests/console";

pub(super) fn run(shell: &Shell) -> Result<()> {
    node::install(shell, FOLDER)?;
    // As the tests build it.
    shell.run(shell.cargo(&["test", "--locked", "--workspace", "--no-run", "--test", "cli"]))?;
    let mut npm = shell.command("npm", &["test", "--silent"]);
    npm.current_dir(shell.path(FOLDER)).env("TOKENMINT", shell.target("debug/tokenmint"));
    shell.run(npm)
}
