//! `tokenmint serve --demo`: a configuration like any other, and a curl line for every operation.

use std::fmt::Write as _;

use tokenmint::dialect::{Demonstration, demonstrations};

/// The configuration. Its credentials are the public examples of the vendors' documentation.
pub(crate) fn config() -> String {
    let parts = demonstrations().map(|shown| shown.config);
    std::iter::once(include_str!("demo.toml")).chain(parts).collect::<Vec<_>>().join("\n")
}

/// Lines to paste into a shell, in this order: some use what an earlier one answered.
pub(crate) fn lines(base: &str) -> String {
    let mut lines = String::new();
    for shown in demonstrations() {
        let _ = writeln!(lines, "\n{}", shown.tokens.trim_end());
    }
    lines.push_str(COMMON);
    // The other way round: the line that ends everything stands last.
    let rest: Vec<&Demonstration> = demonstrations().collect();
    rest.iter().rev().for_each(|shown| lines.push_str(shown.introspection));
    let (ends, ended): (Vec<&str>, Vec<&str>) = rest.iter().rev().filter_map(|shown| shown.end).unzip();
    let _ = write!(lines, "\n# Ending tokens: {}.\n{}", ends.join(", "), ended.concat());
    lines.replace("{BASE}", base)
}

const COMMON: &str = r#"
# The public keys, and introspection by a client and by an API key.
curl -sS -w '\n' {BASE}/.well-known/jwks.json
"#;
