//! The Go module: format, vet, all vectors, stores on real servers, the race detector, garbage collection inside of each
//! call, golang-jwt, the example, and the README's program with the module vendored.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::go::{self, MODULE};
use crate::setup;
use crate::shell::Shell;

/// Every module, and whether its tests are run.
const MODULES: [(&str, bool); 4] =
    [(MODULE, true), ("bindings-tests/go", true), ("examples/go", true), ("bench/go", false)];
/// Tests in which objects come and go, for the build that collects garbage inside of each call.
const COLLECTED: &str = "Keeps|VectorsFlows|Close|Fails|Spills|Redeems|^Example";
const VENDORED: &str = "go/vendored";

pub(super) fn run(shell: &Shell) -> Result<()> {
    go::install(shell)?;
    setup::servers(shell)?;
    format(shell)?;
    for (module, tested) in MODULES {
        shell.run(go(shell, module, &["vet", "./..."]))?;
        if tested {
            shell.run(go(shell, module, &["test", "./..."]))?;
        }
    }
    shell.run(go(shell, MODULE, &["test", "-race", "-short", "."]))?;
    shell.run(go(shell, MODULE, &["test", "-short", "-tags", "tokenmint_gc", "-run", COLLECTED, "."]))?;
    quick_start(shell)
}

fn go(shell: &Shell, module: &str, args: &[&str]) -> Command {
    let mut command = shell.command("go", args);
    // What is tested is what is written down: no look for newer versions, no other toolchain.
    command.current_dir(shell.path(module)).env("GOFLAGS", "-mod=readonly").env("GOTOOLCHAIN", "local");
    // Nothing is skipped because it is not installed.
    command.env("CI", "true");
    command
}

fn format(shell: &Shell) -> Result<()> {
    let mut gofmt = shell.command("gofmt", &["-l"]);
    gofmt.args(MODULES.map(|(module, _)| module));
    let unformatted = shell.read(gofmt)?;
    ensure!(unformatted.is_empty(), "not as gofmt writes them:\n{unformatted}");
    Ok(())
}

/// The README's program, as a user has it: a module of its own that vendors this one, and needs nothing else to build.
fn quick_start(shell: &Shell) -> Result<()> {
    let folder = shell.target(VENDORED);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let readme = fs::read_to_string(shell.path("README.md"))?;
    let program = readme.split_once("```go\n").and_then(|(_, rest)| rest.split_once("```"));
    fs::write(folder.join("main.go"), program.context("README.md has no program in Go")?.0)?;
    let text = fs::read_to_string(shell.path(MODULE).join("go.mod"))?;
    let name = text.lines().next().and_then(|line| line.strip_prefix("module ")).context("go.mod")?;
    let module = |replaced: &str| format!("module widget\n\ngo 1.24\n\nrequire {name} v0.0.0\n{replaced}");
    let path = shell.path(MODULE);
    fs::write(folder.join("go.mod"), module(&format!("\nreplace {name} => {}\n", path.display())))?;
    let within = |args: &[&str]| {
        let mut command = shell.command("go", args);
        command.current_dir(&folder).env("GOTOOLCHAIN", "local");
        command
    };
    shell.run(within(&["mod", "vendor"]))?;
    // The archive that is linked is the vendored one.
    let listed = shell.read(within(&["list", "-mod=vendor", "-f", "{{.Dir}}", name]))?;
    ensure!(listed.contains(VENDORED), "the module is not vendored: {listed}");
    shell.run(within(&["build", "-mod=vendor", "-o", "widget"]))?;
    let printed = shell.read(shell.command(folder.join("widget"), &[]))?;
    let wanted = "{\"device\":\"phone\"}\nlogged out everywhere\nent_1 [invoices]\n";
    ensure!(printed.ends_with(wanted), "the README's program printed {printed:?} and not {wanted:?}");
    println!("the README's program runs with the module vendored");
    // As go/README.md says for an image with nothing else in it.
    let flags = ["-ldflags", "-linkmode external -extldflags -static"];
    shell.run(within(&[["build", "-o", "widget"].as_slice(), &flags].concat()))?;
    let mut readelf = shell.command("readelf", &["--dynamic"]);
    readelf.arg(folder.join("widget"));
    let dynamic = shell.read(readelf)?;
    let printed = shell.read(shell.command(folder.join("widget"), &[]))?;
    ensure!(printed.ends_with(wanted) && !dynamic.contains("NEEDED"), "not static: {printed}\n{dynamic}");
    // A build that cannot work says why, before all that follows from it.
    let refused = |cgo, system, why: &str| {
        let mut command = within(&["build", "-o", "widget"]);
        let output = command.env("CGO_ENABLED", cgo).env("GOOS", system).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        let first = said.lines().take(4).any(|line| line.contains(why));
        ensure!(!output.status.success() && first, "CGO_ENABLED={cgo} GOOS={system}: {said}");
        Ok(())
    };
    refused("0", "linux", "this_package_needs_cgo__set_CGO_ENABLED_to_1_and_install_a_C_compiler")?;
    refused("0", "windows", "this_package_is_for_linux_and_darwin_on_amd64_and_arm64")?;
    fs::remove_file(folder.join("vendor").join(name).join("archives.h"))?;
    refused("1", "linux", "the library is not beside the Go sources")
}
