//! The servers that the tests of stores start: Debian's packages.

use std::path::Path;

use crate::shell::Shell;

/// Debian's packages that are not installed.
pub(super) fn missing(shell: &Shell) -> Vec<&'static str> {
    let mut packages = Vec::new();
    if !shell.succeeds("redis-server", &["--version"]) {
        packages.push("redis-server");
    }
    if !has_postgres(shell) {
        packages.push("postgresql");
    }
    // Debian keeps it out of the path of those who do not administer the machine.
    if !Path::new("/usr/sbin/pgbouncer").exists() && !shell.succeeds("pgbouncer", &["--version"]) {
        packages.push("pgbouncer");
    }
    packages
}

/// Debian keeps the server's programs out of the path, in a folder of each version.
fn has_postgres(shell: &Shell) -> bool {
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    debian.map(|version| version.path()).any(|version| Path::new(&version).join("bin/initdb").exists())
        || shell.succeeds("initdb", &["--version"])
}
