//! `docs/errors.md`, from the one table of errors in the core.

mod remedies;

use anyhow::{Context, Result};
use tokenmint::ErrorCode;

use super::Generated;
use crate::surface::prose::capitalized;

const HEAD: &str = "# Errors

Every error carries a code. Its number and its name never change their meaning and are never used again for
another error; the text may become clearer. `status` and `error` are what an HTTP answer carries where a
dialect does not say otherwise: `error` is the value of RFC 6749 section 5.2 and RFC 6750 section 3.1.

Each code has a heading of its own, so `errors.md#token_expired` is an address that stays. An error's own message is more exact than
what stands here: it names the field or claim, what was found and what is needed. `tokenmint explain TOKEN` shows every check of a token.

This file is written by `cargo xtask vectors` from the table in `core/src/error.rs`, and `xtask/src/vectors/errors/remedies.rs`.
";

/// The hundreds, as in the table of the core.
fn heading(hundred: i32) -> &'static str {
    match hundred {
        1 => "Lifetimes and claims that a caller sets",
        2 => "Keys and configuration",
        3 => "Tokens that are refused",
        4 => "Requests, credentials and grants",
        5 => "The store",
        6 => "HTTP",
        9 => "The library itself",
        _ => "Other",
    }
}

fn hundred(code: ErrorCode) -> i32 {
    code.number() / 100
}

pub(super) fn generate() -> Result<Vec<Generated>> {
    let mut content = String::from(HEAD);
    for family in ErrorCode::ALL.chunk_by(|a, b| hundred(*a) == hundred(*b)) {
        let number = hundred(family[0]);
        content += &format!("\n## {number}xx: {}\n\n", heading(number));
        content += "| number | name | status | error | text |\n| --- | --- | --- | --- | --- |\n";
        for code in family {
            content += &format!(
                "| {} | `{}` | {} | `{}` | {} |\n",
                code.number(),
                code.name(),
                code.http_status(),
                code.oauth_error(),
                code.text().replace('|', "\\|")
            );
        }
        for code in family {
            let (_, cause, remedy) = remedies::REMEDIES
                .iter()
                .find(|(of, ..)| of == code)
                .with_context(|| format!("nothing says what to do after {}", code.name()))?;
            content += &format!("\n### {}\n\n{}.", code.name(), capitalized(code.text()));
            content += &format!(" **Cause:** {cause} **Remedy:** {remedy}\n");
        }
    }
    Ok(vec![Generated { path: "docs/errors.md", content }])
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    /// All Rust below a folder, up to each file's tests, and all TypeScript; the lists of codes aside.
    fn sources(folder: &Path, out: &mut String) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() && name != "tests" {
                sources(&path, out);
            } else if name.ends_with(".rs") && name != "error.rs" && name != "tests.rs" {
                let text = fs::read_to_string(&path).unwrap();
                *out += text.split("#[cfg(test)]").next().unwrap();
            } else if name.ends_with(".ts") && name != "codes.ts" {
                *out += &fs::read_to_string(&path).unwrap();
            }
        }
    }

    /// A caller who looks for a code that nothing gives waits for ever.
    #[test]
    fn every_code_is_given_somewhere() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let (mut text, mut script) = (String::new(), String::new());
        for folder in ["core", "store", "ffi", "python", "wasm"] {
            sources(&root.join(folder).join("src"), &mut text);
        }
        sources(&root.join("wasm/ts"), &mut script);
        for code in ErrorCode::ALL {
            let name = format!("ErrorCode::{code:?}");
            let ends = |rest: &str| !rest.starts_with(|next: char| next.is_ascii_alphanumeric());
            let quoted = format!("\"{}\"", code.name());
            let is_given = text.split(&name).skip(1).any(ends) || script.contains(&quoted);
            assert!(is_given, "{name} is given by nothing");
        }
    }
}
