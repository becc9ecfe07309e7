//! Java and Maven, for the OAuth clients of its world.

use crate::shell::Shell;

/// Debian's packages that are not installed.
pub(super) fn missing(shell: &Shell) -> Vec<&'static str> {
    let mut packages = Vec::new();
    if !shell.succeeds("javac", &["-version"]) {
        packages.push("default-jdk-headless");
    }
    if !shell.succeeds("mvn", &["--version"]) {
        packages.push("maven");
    }
    packages
}
