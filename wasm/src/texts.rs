//! Several texts in one, as they cross to JavaScript: it takes no reader to have them apart, and no writer to put them together.

use std::fmt::Write;

/// The lengths in JavaScript's units, `-` for a text that is left out, then the texts.
pub(crate) fn together(texts: &[Option<&str>]) -> String {
    let mut whole = String::new();
    for (at, text) in texts.iter().enumerate() {
        let between = if at == 0 { "" } else { "," };
        // To a String, writing does not fail.
        let _ = match text {
            Some(text) => write!(whole, "{between}{}", text.encode_utf16().count()),
            None => write!(whole, "{between}-"),
        };
    }
    whole.push(':');
    whole.extend(texts.iter().flatten().copied());
    whole
}
