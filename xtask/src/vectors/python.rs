//! `python/tokenmint/errors.py`: an exception for each code of the one table of errors.

use anyhow::Result;
use tokenmint::ErrorCode;

use super::Generated;

const HEAD: &str = r#""""The exceptions of tokenmint: one base, families below it, and one class for each code.

Written by `cargo xtask vectors` from the table in `core/src/error.rs`; the codes are listed in docs/errors.md.
"""

from typing import ClassVar, Final


class TokenmintError(Exception):
    """The base of every exception: what went wrong, and the field or claim at fault. It never holds a secret.

    >>> from tokenmint import parse_expires_in
    >>> try:
    ...     parse_expires_in("1 fortnight")
    ... except TokenmintError as error:
    ...     print(error.code, isinstance(error, LifetimeError))
    lifetime_unit True
    """

    code: ClassVar[str] = "internal"
    """The stable name of the error, the same in every language."""
    number: ClassVar[int] = 900
    """The stable number of the error."""
    http_status: ClassVar[int] = 500
    """The HTTP status that fits best."""
    oauth_error: ClassVar[str] = "server_error"
    """The `error` value of OAuth 2.0 (RFC 6749 section 5.2, RFC 6750 section 3.1)."""

    def __init__(self, message: str = "", *, field: str | None = None, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        """What was found and what is needed, without the field's name."""
        self.field = field
        """The field, header or claim at fault; None where the whole input is."""
        self.retry_after = retry_after
        """Whole seconds until a retry can succeed, where that is known."""

    def __str__(self) -> str:
        return self.message if self.field is None else f"{self.field}: {self.message}"

"#;

/// Families: the first and the last number, name, base beside the base of all, and text.
const FAMILIES: [(i32, i32, &str, &str); 7] = [
    (100, 119, "LifetimeError", "A lifetime, or a point in time, is not acceptable."),
    (120, 199, "ClaimsError", "Claims cannot be minted."),
    (
        200,
        299,
        "ConfigurationError",
        "A key, an issuer, a verifier or an endpoint cannot be made from what is given.",
    ),
    (300, 399, "TokenError", "A token is refused."),
    (400, 499, "RequestError", "A flow refuses what it was asked for."),
    (500, 599, "StoreError", "The store could not do its part. A store raises these, too."),
    (600, 699, "HttpError", "A request is not acceptable."),
];

pub(super) fn generate() -> Result<Vec<Generated>> {
    let mut content = String::from(HEAD);
    for (_, _, name, text) in FAMILIES {
        content += &format!("\nclass {name}(TokenmintError):\n    \"\"\"{text}\"\"\"\n\n");
    }
    for code in ErrorCode::ALL {
        content += &format!(
            "\nclass {}({}):\n    \"\"\"{}.\"\"\"\n\n    code = \"{}\"\n    number = {}\n    http_status = {}\n    \
             oauth_error = \"{}\"\n\n",
            class(*code),
            family(*code),
            capitalized(code.text()),
            code.name(),
            code.number(),
            code.http_status(),
            code.oauth_error(),
        );
    }
    content += "\nBY_CODE: Final[dict[str, type[TokenmintError]]] = {\n";
    for code in ErrorCode::ALL {
        content += &format!("    \"{}\": {},\n", code.name(), class(*code));
    }
    content += "}\n\"\"\"The class of each code.\"\"\"\n";
    Ok(vec![Generated { path: "python/tokenmint/errors.py", content }])
}

/// The name in CamelCase.
fn class(code: ErrorCode) -> String {
    code.name().split('_').map(capitalized).collect()
}

fn family(code: ErrorCode) -> &'static str {
    let found = FAMILIES.iter().find(|(first, last, ..)| (*first..=*last).contains(&code.number()));
    found.map_or("TokenmintError", |(_, _, name, _)| name)
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}
