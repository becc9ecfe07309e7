//! Other libraries, PyJWT and jose, must accept what tokenmint mints and refuse what it refuses.
//!
//! npm's jsonwebtoken must give the same `exp` for the same texts.
//!
//! `core/tests/oracles/` starts them and feeds them; here those of tokens are first shown to tell good from bad.

use std::fs::{self, File};
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::setup;
use crate::shell::Shell;

const FOLDER: &str = "bindings-tests/oracles";

pub(super) fn run(shell: &Shell) -> Result<()> {
    prove(shell)?;
    let mut test = shell.cargo(&["test", "--locked", "-p", "tokenmint", "--test", "oracles"]);
    test.args(["--", "--ignored", "--nocapture"]);
    test.env("TOKENMINT_PYTHON", setup::python(shell)).env("TOKENMINT_ORACLES", shell.path(FOLDER));
    shell.run(test)
}

/// An oracle that says yes to everything proves nothing: each gets tokens that jsonwebtoken and jose signed, good
/// ones and spoilt ones, and must judge every one of them rightly.
fn prove(shell: &Shell) -> Result<()> {
    let path = |name: &str| format!("{FOLDER}/{name}");
    let text = shell.read(shell.command("node", &[&path("selftest.mjs")]))?;
    let cases = parse(&text)?;
    let requests: PathBuf = shell.target("oracles-selftest.jsonl");
    fs::write(&requests, &text)?;

    let python = setup::python(shell).to_string_lossy().into_owned();
    let scripts = [(python.as_str(), "verify_pyjwt.py"), ("node", "verify_jose.mjs")];
    for (program, script) in scripts {
        let mut command = shell.command(program, &[&path(script)]);
        command.stdin(File::open(&requests)?);
        let answers = parse(&shell.read(command)?)?;
        ensure!(
            answers.len() == cases.len(),
            "{script}: {} answers to {} tokens",
            answers.len(),
            cases.len()
        );
        for (case, answer) in cases.iter().zip(&answers) {
            ensure!(answer["ok"] == case["expect"], "{script} judged {} wrongly: {answer}", case["case"]);
            let same = answer["ok"] == false || answer["claims"] == case["claims"];
            ensure!(same, "{script} read other claims in {}: {answer}", case["case"]);
        }
        println!("{script}: {} tokens judged rightly", cases.len());
    }
    Ok(())
}

fn parse(lines: &str) -> Result<Vec<Value>> {
    lines.lines().map(|line| serde_json::from_str(line).with_context(|| line.to_owned())).collect()
}
