//! The npm package: WebAssembly, its bindings, and the TypeScript around them, written to `wasm/dist`.

use std::fs;

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

use crate::setup;
use crate::shell::Shell;
use crate::wasm::{self, Instructions};

/// The package's folder.
pub(crate) const FOLDER: &str = "wasm";

/// A module: the folder of its bindings, the features of the crate, and the instructions that it may use.
const MODULES: [(&str, &[&str], Instructions); 4] = [
    ("raw", &[], Instructions::Simd),
    ("raw-fallback", &[], Instructions::Base),
    ("raw-verify", &["--no-default-features"], Instructions::Simd),
    ("raw-verify-fallback", &["--no-default-features"], Instructions::Base),
];

/// Builds the package.
pub(crate) fn build(shell: &Shell) -> Result<()> {
    for (name, features, instructions) in MODULES {
        let folder = wasm::compile(shell, &[&["-p", "tokenmint-wasm"], features].concat(), instructions)?;
        let out = shell.path(FOLDER).join("dist").join(name);
        if out.exists() {
            fs::remove_dir_all(&out)?;
        }
        let mut bindgen = Bindgen::new();
        bindgen
            .input_path(folder.join("tokenmint_wasm.wasm"))
            .web(true)?
            .typescript(true)
            .out_name("tokenmint");
        bindgen.generate(&out).with_context(|| format!("the bindings of {name}"))?;
    }
    setup::node::install(shell, FOLDER)?;
    let mut node = shell.command("node", &["build.mjs"]);
    node.current_dir(shell.path(FOLDER));
    shell.run(node)
}
