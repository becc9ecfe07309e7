//! `docs/errors.md`, from the one table of errors in the core.

use anyhow::Result;
use tokenmint::ErrorCode;

use super::Generated;

const HEAD: &str = "# Errors

Every error carries a code. Its number and its name never change their meaning and are never used again for
another error; the text may become clearer. `status` and `error` are what an HTTP answer carries where a
dialect does not say otherwise: `error` is the value of RFC 6749 section 5.2 and RFC 6750 section 3.1.

This file is written by `cargo xtask vectors` from the table in `core/src/error.rs`.
";

/// The hundreds, as in the table of the core.
fn family(hundred: i32) -> &'static str {
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

pub(super) fn generate() -> Result<Vec<Generated>> {
    let mut content = String::from(HEAD);
    let mut hundred = 0;
    for code in ErrorCode::ALL {
        if code.number() / 100 != hundred {
            hundred = code.number() / 100;
            content += &format!("\n## {hundred}xx: {}\n\n", family(hundred));
            content += "| number | name | status | error | text |\n| --- | --- | --- | --- | --- |\n";
        }
        content += &format!(
            "| {} | `{}` | {} | `{}` | {} |\n",
            code.number(),
            code.name(),
            code.http_status(),
            code.oauth_error(),
            code.text().replace('|', "\\|")
        );
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
