//! `wasm/ts/codes.ts`: the error codes for TypeScript, rendered from the one table.

use std::fmt::Write;

use anyhow::Result;
use tokenmint::ErrorCode;

use super::Generated;

/// Writes the closed union of the codes, and what belongs to each.
pub(super) fn generate() -> Result<Vec<Generated>> {
    let mut out = String::from(
        "// Written by `cargo xtask vectors` from the table in `core/src/error.rs`.\n\n\
         /** What went wrong: the stable name of an error, the same in every language. docs/errors.md explains each. */\n\
         export type ErrorCode =",
    );
    for code in ErrorCode::ALL {
        write!(out, "\n  | \"{}\"", code.name())?;
    }
    out += ";\n\n\
        /**\n \
         * Of each code: its stable number, the HTTP status that fits best, and the `error` value of OAuth 2.0 (RFC 6749 section\n \
         * 5.2, RFC 6750 section 3.1).\n \
         *\n \
         * @internal\n \
         */\n\
        export const ERROR_CODES: Readonly<Record<ErrorCode, readonly [number: number, status: number, oauthError: string]>> = {\n";
    for code in ErrorCode::ALL {
        let (name, number, status) = (code.name(), code.number(), code.http_status());
        writeln!(out, "  {name}: [{number}, {status}, {:?}],", code.oauth_error())?;
    }
    out += "};\n";
    Ok(vec![Generated { path: "wasm/ts/codes.ts", content: out }])
}
