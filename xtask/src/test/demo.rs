//! `tokenmint serve --demo`, for the steps that ask it something.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Stdio};

use anyhow::{Context, Result};

use crate::shell::Shell;

/// A server that ends with this value.
pub(super) struct Demo {
    process: Child,
    /// Held open to the end: the server has more to say.
    _output: BufReader<ChildStdout>,
    /// The address of the endpoints.
    pub(super) base: String,
    /// The address of the admin API.
    pub(super) admin: String,
}

/// The key of its admin API.
pub(super) const ADMIN_KEY: &str = "demo-admin-key";

impl Demo {
    /// Builds it, and starts it at any free ports.
    pub(super) fn start(shell: &Shell) -> Result<Self> {
        // As the tests build it: alone it would be built with other features of what it stands on, all of it anew.
        shell.run(shell.cargo(&["test", "--locked", "--workspace", "--no-run", "--test", "cli"]))?;
        let binary = shell.target("debug/tokenmint");
        let mut command = shell.command(&binary, &["serve", "--demo", "--port", "0", "--quiet"]);
        let mut process = command.stdout(Stdio::piped()).spawn().context("the server")?;
        let mut output = BufReader::new(process.stdout.take().context("its output")?);
        let mut address = |before: &str| -> Result<String> {
            let mut line = String::new();
            output.read_line(&mut line)?;
            let address =
                line.trim_end().strip_prefix(before).filter(|rest| rest.starts_with("http://127.0.0.1:"));
            address.map(str::to_owned).with_context(|| format!("the line is no address: {line:?}"))
        };
        let (base, admin) = (address("")?, address("admin ")?);
        Ok(Demo { process, _output: output, base, admin })
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // It may have ended by itself, which is as good.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
