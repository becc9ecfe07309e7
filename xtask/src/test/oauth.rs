//! OAuth clients of other makers, in five languages, against `tokenmint serve --demo`; and one session that many processes
//! refresh at once, on each store.

use std::process::Command;

use anyhow::{Result, ensure};

use super::served::Served;
use crate::setup::{self, python::OAUTH};
use crate::shell::Shell;

const FOLDER: &str = "bindings-tests/oauth";

pub(super) fn run(shell: &Shell) -> Result<()> {
    setup::clients(shell)?;
    let demo = Served::demo(shell)?;
    let config = format!("{FOLDER}/serve.toml");
    let workloads = Served::start(shell, &["--config", &config])?;
    let config = format!("{FOLDER}/bound.toml");
    let bound = Served::start(shell, &["--config", &config])?;
    let surroundings = [
        ("TOKENMINT_ISSUER", demo.base.clone()),
        ("TOKENMINT_ADMIN", demo.admin.clone()),
        ("TOKENMINT_KEY_CLIENT_JWK", demo.line("DEMO_KEY_CLIENT_JWK=")?.trim_matches('\'').to_owned()),
        ("TOKENMINT_WORKLOADS", workloads.base.clone()),
        ("TOKENMINT_WORKLOAD_JWK", shell.path(FOLDER).join("workload.jwk.json").display().to_string()),
        ("TOKENMINT_BOUND", bound.base.clone()),
        ("TOKENMINT_BOUND_ADMIN", bound.admin.clone()),
        ("TOKENMINT", shell.target("debug/tokenmint").display().to_string()),
    ];
    for client in [node, python, go, rust, java] {
        let mut command = client(shell)?;
        command.envs(surroundings.iter().map(|(name, value)| (name, value)));
        shell.run(command)?;
    }
    Ok(())
}

fn node(shell: &Shell) -> Result<Command> {
    let mut node = shell.command("node", &["--test"]);
    node.current_dir(shell.path(FOLDER).join("node"));
    Ok(node)
}

fn python(shell: &Shell) -> Result<Command> {
    let mut pytest = shell.command(OAUTH.python(shell), &["-m", "pytest", "--quiet"]);
    pytest.current_dir(shell.path(FOLDER).join("python")).env("PYTHONDONTWRITEBYTECODE", "1");
    Ok(pytest)
}

fn go(shell: &Shell) -> Result<Command> {
    let unformatted = shell.read(shell.command("gofmt", &["-l", &format!("{FOLDER}/go")]))?;
    ensure!(unformatted.is_empty(), "not as gofmt writes them:\n{unformatted}");
    // What is tested is what is written down; and a result of an earlier server is no result.
    let mut go = shell.command("go", &["test", "-count=1", "./..."]);
    go.current_dir(shell.path(FOLDER).join("go")).env("GOFLAGS", "-mod=readonly").env("GOTOOLCHAIN", "local");
    Ok(go)
}

fn rust(shell: &Shell) -> Result<Command> {
    let manifest = format!("{FOLDER}/rust/Cargo.toml");
    shell.run(shell.cargo(&["fmt", "--manifest-path", &manifest, "--check"]))?;
    let mut cargo = shell.cargo(&["test", "--locked", "--manifest-path", &manifest]);
    cargo.env("CARGO_TARGET_DIR", shell.target("oauth"));
    Ok(cargo)
}

fn java(shell: &Shell) -> Result<Command> {
    let mut maven = shell.command("mvn", &["--batch-mode", "--quiet", "test", "--file"]);
    maven.arg(shell.path(FOLDER).join("java/pom.xml"));
    maven.arg(format!("-Dfolder={}", shell.target("oauth-java").display()));
    Ok(maven)
}
