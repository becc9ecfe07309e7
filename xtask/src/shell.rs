//! Runs other programs, saying which.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// Where the workspace is and where it is built.
pub(crate) struct Shell {
    root: PathBuf,
    target: PathBuf,
}

impl Shell {
    pub(crate) fn new() -> Result<Self> {
        let manifest = std::env::var_os("CARGO_MANIFEST_DIR").context("start this as `cargo xtask`")?;
        let root = Path::new(&manifest).parent().context("the workspace's folder")?.to_path_buf();
        let mut shell = Shell { target: root.join("target"), root };
        // The target folder may be set by the environment or by a configuration file: ask cargo.
        let text = shell.read(shell.cargo(&["metadata", "--no-deps", "--format-version", "1"]))?;
        let metadata: serde_json::Value = serde_json::from_str(&text)?;
        shell.target = metadata["target_directory"].as_str().context("cargo's target folder")?.into();
        Ok(shell)
    }

    /// A path in the workspace.
    pub(crate) fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.root.join(relative)
    }

    /// A path in the build folder.
    pub(crate) fn target(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.target.join(relative)
    }

    /// A command that will run in the workspace's folder; it never waits for input.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(args).current_dir(&self.root).stdin(Stdio::null());
        command
    }

    pub(crate) fn cargo(&self, args: &[&str]) -> Command {
        self.command("cargo", args)
    }

    /// Prints the command and runs it; an error when it fails.
    pub(crate) fn run(&self, mut command: Command) -> Result<()> {
        let line = self.render(&command);
        println!("$ {line}");
        std::io::stdout().flush()?;
        let status = command.status().with_context(|| format!("cannot start `{line}`"))?;
        if !status.success() {
            bail!("`{line}` failed: {status}");
        }
        Ok(())
    }

    /// As [`Shell::run`], and returns what it printed.
    pub(crate) fn run_aloud(&self, mut command: Command) -> Result<String> {
        let line = self.render(&command);
        println!("$ {line}");
        let child = command.stdout(Stdio::piped()).spawn();
        let mut child = child.with_context(|| format!("cannot start `{line}`"))?;
        let mut printed = String::new();
        for text in child.stdout.take().map(BufReader::new).context("its output")?.lines() {
            let text = text?;
            println!("{text}");
            printed += &text;
            printed.push('\n');
        }
        let status = child.wait()?;
        if !status.success() {
            bail!("`{line}` failed: {status}");
        }
        Ok(printed)
    }

    /// Runs the command unseen and returns what it printed; an error with its messages when it fails.
    pub(crate) fn read(&self, mut command: Command) -> Result<String> {
        let line = self.render(&command);
        let output = command.output().with_context(|| format!("cannot start `{line}`"))?;
        if !output.status.success() {
            let messages = String::from_utf8_lossy(&output.stderr);
            bail!("`{line}` failed: {}\n{}", output.status, messages.trim());
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Whether the command starts and succeeds; what it prints is dropped.
    pub(crate) fn succeeds(&self, program: &str, args: &[&str]) -> bool {
        let mut command = self.command(program, args);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }

    /// The command as one would type it in the workspace's folder.
    fn render(&self, command: &Command) -> String {
        let mut words: Vec<String> = Vec::new();
        if let Some(folder) = command.get_current_dir().filter(|folder| *folder != self.root) {
            words.push(format!("cd {} &&", quote(folder)));
        }
        for (name, value) in command.get_envs() {
            if let Some(value) = value {
                words.push(format!("{}={}", name.to_string_lossy(), quote(value)));
            }
        }
        words.push(quote(command.get_program()));
        words.extend(command.get_args().map(quote));
        words.join(" ")
    }
}

fn quote(word: impl AsRef<OsStr>) -> String {
    let word = word.as_ref().to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@+".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.into_owned() } else { format!("'{word}'") }
}
