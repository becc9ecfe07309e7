//! The OpenAPI documents of `tokenmint serve --demo`, judged by what others make of them: a validator; schemathesis, which
//! calls the running server as they allow and as they forbid; and clients that are generated from them, and used.

use anyhow::Result;

use super::served::{ADMIN_KEY, Served};
use crate::setup::node;
use crate::setup::python::OPENAPI;
use crate::shell::Shell;

const FOLDER: &str = "bindings-tests/openapi";

pub(super) fn run(shell: &Shell) -> Result<()> {
    OPENAPI.install(shell)?;
    node::install(shell, FOLDER)?;
    let server = Served::demo(shell)?;
    let documents = shell.target("openapi");
    let mut python = shell.command(OPENAPI.python(shell), &[&format!("{FOLDER}/run.py")]);
    python.arg(&documents).args([&server.base, &server.admin, ADMIN_KEY]);
    shell.run(python)?;

    let generator = "node_modules/openapi-typescript/bin/cli.js";
    let types = ["admin", "endpoints"].map(|name| {
        let mut types = shell.command("node", &[generator]);
        types.arg(documents.join(format!("{name}.json"))).args(["--output", &format!("generated/{name}.ts")]);
        types
    });
    let compile = shell.command("node", &["node_modules/typescript/bin/tsc", "--project", "."]);
    let client = shell.command("node", &["generated/out/client.js", &server.base, &server.admin, ADMIN_KEY]);
    for mut command in types.into_iter().chain([compile, client]) {
        command.current_dir(shell.path(FOLDER));
        shell.run(command)?;
    }
    Ok(())
}
