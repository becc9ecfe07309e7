//! The steps that are plain cargo commands.

use anyhow::Result;

use crate::shell::Shell;

/// The sets of features of the core that differ in code, besides the default one.
const CORE_FEATURES: [&[&str]; 3] = [
    &["-p", "tokenmint", "--no-default-features"],
    &["-p", "tokenmint", "--no-default-features", "--features", "rustcrypto"],
    HOST,
];

/// Each driver of the stores alone, and the certificate without any.
const STORE_FEATURES: [&[&str]; 4] = [
    &["-p", "tokenmint-store", "--no-default-features", "--features", "certify"],
    &["-p", "tokenmint-store", "--no-default-features", "--features", "sqlite"],
    &["-p", "tokenmint-store", "--no-default-features", "--features", "postgres"],
    &["-p", "tokenmint-store", "--no-default-features", "--features", "redis"],
];

/// The module of each entry of the npm package.
const WASM_FEATURES: [&[&str]; 3] = [
    &["-p", "tokenmint-wasm", "--no-default-features"],
    &["-p", "tokenmint-wasm", "--no-default-features", "--features", "remote"],
    &["-p", "tokenmint-wasm", "--no-default-features", "--features", "mint"],
];

/// The command with all that it can be built with.
const CLI_FEATURES: &[&str] = &["-p", "tokenmint-cli", "--features", "otlp"];

/// Where the host computes; the tests of the npm package are the host.
const HOST: &[&str] = &["-p", "tokenmint", "--no-default-features", "--features", "host"];

/// Every source is as rustfmt writes it.
pub(super) fn format(shell: &Shell) -> Result<()> {
    shell.run(shell.cargo(&["fmt", "--all", "--check"]))
}

/// Every target is free of lints, in every set of features.
pub(super) fn clippy(shell: &Shell) -> Result<()> {
    let deny = ["--", "-D", "warnings"];
    let head = ["clippy", "--locked", "--all-targets"];
    shell.run(shell.cargo(&[&head, ["--workspace"].as_slice(), &deny].concat()))?;
    for features in CORE_FEATURES.iter().chain(&STORE_FEATURES).chain(&WASM_FEATURES).chain([&CLI_FEATURES]) {
        shell.run(shell.cargo(&[&head, *features, &deny].concat()))?;
    }
    Ok(())
}

/// What is shipped as Rust compiles with the oldest compiler that is promised.
pub(super) fn oldest(shell: &Shell) -> Result<()> {
    let toolchain = format!("+{}", env!("CARGO_PKG_RUST_VERSION"));
    if !shell.succeeds("cargo", &[&toolchain, "--version"]) {
        let install = ["toolchain", "install", &toolchain[1..], "--profile", "minimal"];
        if let Err(missing) = shell.run(shell.command("rustup", &install)) {
            println!("not compiled: {missing:#}; clippy knows what of the standard library is younger");
            return Ok(());
        }
    }
    let shipped = ["tokenmint", "tokenmint-certify", "tokenmint-store", "tokenmint-ffi", "tokenmint-cli"];
    let packages = shipped.iter().flat_map(|name| ["-p", name]);
    let args: Vec<&str> = [toolchain.as_str(), "check", "--locked"].into_iter().chain(packages).collect();
    shell.run(shell.cargo(&args))
}

/// Every test passes, the examples in the documentation included.
pub(super) fn tests(shell: &Shell) -> Result<()> {
    let unit_tests = [HOST, &["--lib"]].concat();
    // As the rest is built, but for the command itself.
    let traces = ["--workspace", "--features", "tokenmint-cli/otlp", "--test", "cli", "otlp"];
    for features in [["--workspace"].as_slice(), CORE_FEATURES[0], CORE_FEATURES[1], &unit_tests, &traces] {
        let mut command = shell.cargo(&[&["test", "--locked"], features].concat());
        // One commit, one verdict: here the properties try the same cases each time, by hand they try new ones.
        command.env("PROPTEST_RNG_SEED", "8725");
        // Many wait for a server or for a lapse: meanwhile others run.
        command.env("RUST_TEST_THREADS", "4");
        shell.run(command)?;
    }
    Ok(())
}

/// The documentation builds without a warning.
pub(super) fn docs(shell: &Shell) -> Result<()> {
    // The command and the library have the same name, and rustdoc writes both to one folder: one at a time.
    for targets in ["--bins", "--lib"] {
        let mut command = shell.cargo(&["doc", "--locked", "--no-deps", "--workspace", targets]);
        command.env("RUSTDOCFLAGS", "-D warnings");
        shell.run(command)?;
    }
    Ok(())
}
