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
