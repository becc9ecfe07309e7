//! The npm package: built, and then tested by what uses it: the vectors in Node and in a browser, scratch projects that
//! install the packed package, the examples, and the playground.

use anyhow::Result;

use crate::npm;
use crate::setup::node;
use crate::shell::Shell;

/// Each has a lock file and the script `test`; those that use the built package stand behind its own tests.
const FOLDERS: [&str; 5] = [
    "bindings-tests/node",
    "examples/express",
    "examples/worker",
    "examples/react-widget",
    "wasm/playground",
];

pub(super) fn run(shell: &Shell) -> Result<()> {
    npm::build(shell)?;
    for folder in FOLDERS {
        node::install(shell, folder)?;
        let mut npm = shell.command("npm", &["test", "--silent"]);
        npm.current_dir(shell.path(folder));
        shell.run(npm)?;
    }
    Ok(())
}
