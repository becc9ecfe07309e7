//! The OpenAPI documents of `tokenmint serve --demo`, judged by what others make of them: a validator; schemathesis, which
//! calls the running server as they allow and as they forbid; and clients that are generated from them, and used.

use anyhow::Result;

use super::demo::{ADMIN_KEY, Demo};
use crate::setup::node;
use crate::setup::python::OPENAPI;
use crate::shell::Shell;

const FOLDER: &str = "bindings-tests/openapi";

pub(super) fn run(shell: &Shell) -> Result<()> {
    OPENAPI.install(shell)?;
    node::install(shell, FOLDER)?;
    let server = Demo::start(shell)?;
    let documents = shell.target("openapi");
    let mut python = shell.command(OPENAPI.python(shell), &[&format!("{FOLDER}/run.py")]);
    python.arg(&documents).args([&server.base, &server.admin, ADMIN_KEY]);
    shell.run(python)?;

    let mut types = shell.command("node", &["node_modules/openapi-typescript/bin/cli.js"]);
    types.arg(documents.join("admin.json")).args(["--output", "generated/admin.ts"]);
    let compile = shell.command("node", &["node_modules/typescript/bin/tsc", "--project", "."]);
    let client = shell.command("node", &["generated/out/client.js", &server.admin, ADMIN_KEY]);
    for mut command in [types, compile, client] {
        command.current_dir(shell.path(FOLDER));
        shell.run(command)?;
    }
    Ok(())
}
