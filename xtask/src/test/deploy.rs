//! What is in deploy/, judged by what reads it: systemd, a linter of Dockerfiles and, where a daemon answers, Docker itself;
//! Kubernetes' own types and Compose's own loader, in a test in Go.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::served;
use crate::setup;
use crate::setup::python::DEPLOY;
use crate::shell::Shell;

const FOLDER: &str = "bindings-tests/deploy";
const DOCKERFILE: &str = "deploy/docker/Dockerfile";

/// The exposure that systemd may find in a unit, in tenths.
const EXPOSURE: &str = "--threshold=15";

pub(super) fn run(shell: &Shell) -> Result<()> {
    setup::deploy(shell)?;
    let tokenmint = served::build(shell)?;
    units(shell, &tokenmint)?;
    shell.run(shell.command(shell.target(DEPLOY.folder()).join("bin/hadolint"), &[DOCKERFILE]))?;
    manifests(shell, &tokenmint)?;
    image(shell)
}

/// The units name the installed command, which is not here: they are read with the one that was built in its place.
fn units(shell: &Shell, tokenmint: &Path) -> Result<()> {
    let copies = shell.target("deploy");
    fs::create_dir_all(&copies)?;
    let mut units = Vec::new();
    for entry in fs::read_dir(shell.path("deploy/systemd"))? {
        let unit = entry?.path();
        let text = fs::read_to_string(&unit)?.replace("/usr/bin/tokenmint", &tokenmint.to_string_lossy());
        let copy = copies.join(unit.file_name().context("its name")?);
        fs::write(&copy, text)?;
        units.push(copy);
    }
    let mut verify = shell.command("systemd-analyze", &["verify", "--man=no"]);
    verify.args(&units);
    let output = verify.output().context("systemd-analyze")?;
    let said = [output.stdout, output.stderr].concat();
    // What it does not know it only tells.
    ensure!(output.status.success() && said.is_empty(), "systemd: {}", String::from_utf8_lossy(&said));
    let is_service = |unit: &&PathBuf| unit.extension().is_some_and(|extension| extension == "service");
    let services: Vec<_> = units.iter().filter(is_service).collect();
    ensure!(!services.is_empty(), "there is no service");
    for service in &services {
        let mut security =
            shell.command("systemd-analyze", &["security", "--offline=true", "--no-pager", EXPOSURE]);
        security.arg(service);
        let judged = shell.read(security)?;
        println!("{}", judged.trim_end().lines().last().unwrap_or_default());
    }
    println!("systemd knows all that is in {} units", units.len());
    Ok(())
}

fn manifests(shell: &Shell, tokenmint: &Path) -> Result<()> {
    let unformatted = shell.read(shell.command("gofmt", &["-l", FOLDER]))?;
    ensure!(unformatted.is_empty(), "not as gofmt writes them:\n{unformatted}");
    let mut go = shell.command("go", &["test", "-count=1", "./..."]);
    go.current_dir(shell.path(FOLDER)).env("GOFLAGS", "-mod=readonly").env("GOTOOLCHAIN", "local");
    go.env("TOKENMINT", tokenmint);
    shell.run(go)
}

/// Builds the image and asks it what it is, without a root that can be written.
fn image(shell: &Shell) -> Result<()> {
    if !shell.succeeds("docker", &["info"]) {
        println!("no Docker daemon answers here: the image is not built");
        return Ok(());
    }
    let tag = "tokenmint:test";
    shell.run(shell.command("docker", &["build", "--file", DOCKERFILE, "--tag", tag, "."]))?;
    let run = ["run", "--rm", "--read-only", "--cap-drop=ALL", tag, "--version"];
    let version = shell.read(shell.command("docker", &run))?;
    ensure!(version.starts_with("tokenmint "), "the image says {version:?}");
    Ok(())
}
