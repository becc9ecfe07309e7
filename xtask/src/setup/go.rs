//! Go, for the Go module.

use anyhow::{Context, Result, bail};

use crate::shell::Shell;

/// The oldest that has what the module uses: `runtime.AddCleanup`, and calls that let nothing escape.
const OLDEST: (u32, u32) = (1, 24);

/// Debian's packages that are needed before the module can be built.
pub(super) fn missing(shell: &Shell) -> Vec<&'static str> {
    if version(shell).is_ok() { Vec::new() } else { vec!["golang-go"] }
}

/// That Go is there, and new enough: some distributions have older ones.
pub(crate) fn go(shell: &Shell) -> Result<()> {
    let found = version(shell).context("Go is needed: https://go.dev/dl")?;
    if found < OLDEST {
        bail!(
            "Go {}.{} or newer is needed, this is {}.{}: https://go.dev/dl",
            OLDEST.0,
            OLDEST.1,
            found.0,
            found.1
        );
    }
    Ok(())
}

fn version(shell: &Shell) -> Result<(u32, u32)> {
    let text = shell.read(shell.command("go", &["env", "GOVERSION"]))?;
    parse(text.trim()).with_context(|| format!("the version {text:?}"))
}

/// `go1.24.3` and `go1.25rc1` as their first two numbers.
fn parse(version: &str) -> Option<(u32, u32)> {
    let (major, rest) = version.strip_prefix("go")?.split_once('.')?;
    let minor = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn versions_are_read() {
        assert_eq!(parse("go1.24.3"), Some((1, 24)));
        assert_eq!(parse("go1.25rc1"), Some((1, 25)));
        assert_eq!(parse("go1.26.8-X:jsonv2"), Some((1, 26)));
        assert_eq!(parse("devel"), None);
    }
}
