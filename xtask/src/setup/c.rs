//! What the tests of the C ABI need beside a C compiler: Debian's packages.

use crate::shell::Shell;

/// Programs, and the packages that bring them.
const PROGRAMS: [(&str, &str); 3] = [("g++", "g++"), ("pkg-config", "pkg-config"), ("valgrind", "valgrind")];

/// Libraries by their pkg-config names: the tests read JSON, the example serves HTTP.
const LIBRARIES: [(&str, &str); 2] = [("json-c", "libjson-c-dev"), ("libmicrohttpd", "libmicrohttpd-dev")];

/// What `cargo xtask bench c` measures beside.
pub(super) fn missing_peer(shell: &Shell) -> Vec<&'static str> {
    if shell.succeeds("pkg-config", &["--exists", "libjwt"]) {
        Vec::new()
    } else {
        vec!["pkg-config", "libjwt-dev"]
    }
}

/// Debian's packages that are not installed.
pub(super) fn missing(shell: &Shell) -> Vec<&'static str> {
    let program = |(name, _): &&(&str, &str)| !shell.succeeds(name, &["--version"]);
    let library = |(name, _): &&(&str, &str)| !shell.succeeds("pkg-config", &["--exists", name]);
    let mut packages: Vec<&str> = PROGRAMS.iter().filter(program).map(|(_, package)| *package).collect();
    packages.extend(LIBRARIES.iter().filter(library).map(|(_, package)| *package));
    packages
}
