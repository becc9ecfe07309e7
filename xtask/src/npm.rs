//! The npm package: WebAssembly, its bindings, and the TypeScript around them, written to `wasm/dist`.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

use crate::setup;
use crate::shell::Shell;
use crate::wasm::{self, Instructions};

/// The package's folder.
pub(crate) const FOLDER: &str = "wasm";

/// A module: an entry of the package, the features of the crate with which it is built, and for which instructions. Those
/// without SIMD stand in for the two between them.
const MODULES: [(&str, &[&str], Instructions); 6] = [
    ("raw", &[], Instructions::Simd),
    ("raw-mint", &["--no-default-features", "--features", "mint"], Instructions::Simd),
    ("raw-remote", &["--no-default-features", "--features", "remote"], Instructions::Simd),
    ("raw-verify", &["--no-default-features"], Instructions::Simd),
    ("raw-base", &[], Instructions::Base),
    ("raw-verify-base", &["--no-default-features"], Instructions::Base),
];

/// Builds the package.
pub(crate) fn build(shell: &Shell) -> Result<()> {
    for (name, features, instructions) in MODULES {
        let folder = wasm::compile(shell, &[&["-p", "tokenmint-wasm"], features].concat(), instructions)?;
        bind(shell, &folder.join("tokenmint_wasm.wasm"), name)?;
    }
    setup::node::install(shell, FOLDER)?;
    let mut node = shell.command("node", &["build.mjs"]);
    if wasm::is_smallest(shell) {
        node.arg("--bounded");
    } else {
        println!("without rustup's rust-src the modules are larger: their bounds are not looked at");
    }
    node.current_dir(shell.path(FOLDER));
    shell.run(node)
}

/// Writes a module and its bindings to a folder of `dist`.
fn bind(shell: &Shell, module: &Path, name: &str) -> Result<()> {
    let out = shell.path(FOLDER).join("dist").join(name);
    if out.exists() {
        fs::remove_dir_all(&out)?;
    }
    let mut bindgen = Bindgen::new();
    bindgen.input_path(module).web(true)?.typescript(true).out_name("tokenmint");
    bindgen.generate(&out).with_context(|| format!("the bindings of {name}"))
}
