//! `cargo xtask test`: the steps of CI, in order.

mod c;
mod cargo;
mod console;
mod deploy;
pub(crate) mod fuzz;
mod go;
mod markdown;
mod npm;
mod oauth;
mod openapi;
mod oracles;
mod policy;
mod purity;
pub(crate) mod python;
mod schemas;
mod sdks;
mod served;
mod site;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::shell::Shell;
use crate::{bench, setup, vectors, wasm};

struct Step {
    name: &'static str,
    about: &'static str,
    run: fn(&Shell) -> Result<()>,
}

/// Cheap and telling steps first.
const STEPS: &[Step] = &[
    Step { name: "setup", about: "what the tests need is installed", run: setup::run },
    Step { name: "format", about: "the sources are formatted", run: cargo::format },
    Step { name: "markdown", about: "the documents' links lead somewhere", run: markdown::run },
    Step { name: "policy", about: "dependencies: licences, bans, sources", run: policy::run },
    Step {
        name: "vectors",
        about: "generated files are what the code says",
        run: |shell| vectors::run(shell, true),
    },
    Step { name: "schemas", about: "the vector files follow their schemas", run: schemas::run },
    Step { name: "clippy", about: "no lint, in every set of features", run: cargo::clippy },
    Step { name: "purity", about: "the core's lints refuse clock, files, ...", run: purity::run },
    Step { name: "tests", about: "every test, in every set of features", run: cargo::tests },
    Step { name: "oldest", about: "the oldest Rust that is promised compiles it", run: cargo::oldest },
    Step { name: "docs", about: "the documentation builds, no link broken", run: cargo::docs },
    Step { name: "wasm", about: "the core compiles for the browser", run: wasm::check },
    Step { name: "c", about: "the C library does what the core does", run: c::run },
    Step {
        name: "counts",
        about: "what a call takes, beside what it took",
        run: |shell| bench::count(shell, ""),
    },
    Step { name: "python", about: "the Python package: wheel, vectors, types", run: python::run },
    Step { name: "go", about: "the Go module does what the core does", run: go::run },
    Step { name: "npm", about: "the npm package: Node, browsers, the playground", run: npm::run },
    Step { name: "console", about: "the server's console, in a real browser", run: console::run },
    Step { name: "site", about: "the documents: a site, and what they say to do", run: site::run },
    Step { name: "fuzz", about: "no input breaks a promise: corpus and search", run: fuzz::run },
    Step { name: "oracles", about: "other libraries accept and refuse the same", run: oracles::run },
    Step { name: "sdks", about: "the vendors' SDKs get what they expect", run: sdks::run },
    Step { name: "oauth", about: "other makers' OAuth clients get what they expect", run: oauth::run },
    Step { name: "openapi", about: "the server does what its documents say", run: openapi::run },
    Step { name: "deploy", about: "systemd, Docker and Kubernetes take what is for them", run: deploy::run },
];

/// Prints the steps.
pub(crate) fn list() {
    for step in STEPS {
        println!("{:<8} {}", step.name, step.about);
    }
}

/// Runs the steps named in `only`, or all; the last line printed is `N passed, M failed`.
pub(crate) fn run(shell: &Shell, only: &[String]) -> Result<ExitCode> {
    if let Some(unknown) = only.iter().find(|name| STEPS.iter().all(|step| step.name != **name)) {
        bail!("there is no step `{unknown}`; `cargo xtask test --list` names them");
    }
    let wanted = |step: &&Step| only.is_empty() || only.iter().any(|name| name == step.name);
    let mut report = Report::default();
    for step in STEPS.iter().filter(wanted) {
        println!("\n== {}: {}", step.name, step.about);
        let start = Instant::now();
        let result = (step.run)(shell);
        let failed = result.is_err();
        report.add(step.name, start.elapsed(), result);
        if failed {
            break;
        }
    }
    Ok(report.finish())
}

#[derive(Default)]
struct Report {
    lines: Vec<String>,
    total: Duration,
    passed: usize,
    failure: Option<anyhow::Error>,
}

impl Report {
    fn add(&mut self, name: &str, took: Duration, result: Result<()>) {
        let verdict = match result {
            Ok(()) => {
                self.passed += 1;
                "passed"
            }
            Err(error) => {
                self.failure = Some(error.context(format!("step `{name}` failed")));
                "FAILED"
            }
        };
        self.total += took;
        self.lines.push(format!("{name:<8} {:>8.1} s  {verdict}", took.as_secs_f64()));
    }

    fn finish(self) -> ExitCode {
        println!("\n== summary");
        for line in &self.lines {
            println!("{line}");
        }
        println!("{:<8} {:>8.1} s", "total", self.total.as_secs_f64());
        if let Some(error) = &self.failure {
            println!("\n{error:#}");
        }
        println!("{} passed, {} failed", self.passed, usize::from(self.failure.is_some()));
        if self.failure.is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
    }
}
