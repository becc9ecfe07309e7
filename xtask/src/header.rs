//! `cargo xtask header`: `include/tokenmint.h`, from the sources of the C ABI and the one table of errors.

use std::fmt::Write;
use std::fs;

use anyhow::{Context, Result, bail};
use tokenmint::ErrorCode;

use crate::shell::Shell;

const PATH: &str = "include/tokenmint.h";

/// Writes the header, or with `check` compares it.
pub(crate) fn run(shell: &Shell, check: bool) -> Result<()> {
    let header = generate(shell)?;
    let path = shell.path(PATH);
    if check {
        let found = fs::read_to_string(&path).context(PATH)?;
        if found != header {
            let at = found.lines().zip(header.lines()).position(|(found, wanted)| found != wanted);
            bail!("{PATH} differs in line {}; run `cargo xtask header`", at.unwrap_or_default() + 1);
        }
        return Ok(());
    }
    fs::create_dir_all(path.parent().context(PATH)?)?;
    Ok(fs::write(path, header)?)
}

fn generate(shell: &Shell) -> Result<String> {
    let mut config =
        cbindgen::Config::from_file(shell.path("ffi/cbindgen.toml")).map_err(anyhow::Error::msg)?;
    let after_includes = config.after_includes.get_or_insert_default();
    after_includes.push_str(&statuses()?);
    let bindings = cbindgen::Builder::new().with_crate(shell.path("ffi")).with_config(config).generate()?;
    let mut header = Vec::new();
    bindings.write(&mut header);
    Ok(String::from_utf8(header)?)
}

/// The statuses: every code of the core's table by its number.
fn statuses() -> Result<String> {
    let mut out = String::from(
        "\n// Statuses; docs/errors.md says more. Numbers and names never change their meaning.\n",
    );
    writeln!(out, "#define TOKENMINT_OK 0")?;
    for code in ErrorCode::ALL {
        writeln!(
            out,
            "#define TOKENMINT_{} {} // {}",
            code.name().to_uppercase(),
            code.number(),
            code.text()
        )?;
    }
    Ok(out)
}
