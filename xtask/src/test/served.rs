//! `tokenmint serve`, for the steps that ask it something.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::shell::Shell;

/// For a machine that is busy with everything else.
const PATIENCE: Duration = Duration::from_secs(120);

/// A server that ends with this value.
pub(super) struct Served {
    process: Child,
    lines: Receiver<String>,
    /// The address of the endpoints.
    pub(super) base: String,
    /// The address of the admin API.
    pub(super) admin: String,
}

/// The key of the demonstration's admin API.
pub(super) const ADMIN_KEY: &str = "demo-admin-key";

/// Builds the command as the tests do: alone it would be built with other features of what it stands on, all of it anew.
pub(super) fn build(shell: &Shell) -> Result<PathBuf> {
    shell.run(shell.cargo(&["test", "--locked", "--workspace", "--no-run", "--test", "cli"]))?;
    Ok(shell.target("debug/tokenmint"))
}

impl Served {
    /// Builds it, and starts the demonstration at any free ports.
    pub(super) fn demo(shell: &Shell) -> Result<Self> {
        Served::start(shell, &["--demo"])
    }

    /// Builds it, and starts it at any free ports, with these arguments beside.
    pub(super) fn start(shell: &Shell, args: &[&str]) -> Result<Self> {
        let mut command = shell.command(build(shell)?, &["serve", "--port", "0", "--quiet"]);
        let mut process = command.args(args).stdout(Stdio::piped()).spawn().context("the server")?;
        let output = BufReader::new(process.stdout.take().context("its output")?);
        let (sender, lines) = channel();
        // It reads on to the end, so that the server is never stopped by a full pipe.
        std::thread::spawn(move || {
            output.lines().map_while(Result::ok).for_each(|line| {
                // Nobody may be left who wants it.
                let _ = sender.send(line);
            });
        });
        let mut served = Served { process, lines, base: String::new(), admin: String::new() };
        (served.base, served.admin) = (served.address("")?, served.address("admin ")?);
        Ok(served)
    }

    fn address(&self, before: &str) -> Result<String> {
        let line = self.lines.recv_timeout(PATIENCE).context("the server says nothing")?;
        let address = line.strip_prefix(before).unwrap_or_default();
        ensure!(address.starts_with("http://127.0.0.1:"), "the line is no address: {line:?}");
        Ok(address.to_owned())
    }

    /// What follows on the next line that begins so.
    pub(super) fn line(&self, start: &str) -> Result<String> {
        loop {
            let line = self.lines.recv_timeout(PATIENCE).with_context(|| format!("no line `{start}..`"))?;
            if let Some(rest) = line.strip_prefix(start) {
                return Ok(rest.to_owned());
            }
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended by itself, which is as good.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
