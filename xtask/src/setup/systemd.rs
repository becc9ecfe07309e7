//! What judges systemd's units.

use crate::shell::Shell;

/// Debian's package that is needed before they can be judged.
pub(super) fn missing(shell: &Shell) -> Vec<&'static str> {
    if shell.succeeds("systemd-analyze", &["--version"]) { Vec::new() } else { vec!["systemd"] }
}
