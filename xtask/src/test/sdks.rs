//! The vendors' own SDKs, against `tokenmint serve --demo`.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use anyhow::{Context, Result, ensure};

use crate::setup;
use crate::shell::Shell;

const SCRIPT: &str = "bindings-tests/oracles/sdks.py";

/// A server that ends with this value.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself, which is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(super) fn run(shell: &Shell) -> Result<()> {
    // As the tests build it: alone it would be built with other features of what it stands on, all of it anew.
    shell.run(shell.cargo(&["test", "--locked", "--workspace", "--no-run", "--test", "cli"]))?;
    let binary = shell.target("debug/tokenmint");
    let mut command = shell.command(&binary, &["serve", "--demo", "--port", "0", "--quiet"]);
    let mut server = Server(command.stdout(Stdio::piped()).spawn().context("the server")?);
    // Held open to the end: the server has more to say.
    let mut output = BufReader::new(server.0.stdout.take().context("its output")?);
    let mut address = String::new();
    output.read_line(&mut address)?;
    ensure!(address.starts_with("http://127.0.0.1:"), "the first line is no address: {address:?}");
    let mut sdks = shell.command(setup::python(shell), &[SCRIPT]);
    sdks.arg(address.trim_end());
    shell.run(sdks)
}
