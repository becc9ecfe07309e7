//! What is printed shows itself: no character of others moves the cursor, turns the direction of a line or hides.

use std::borrow::Cow;

/// The text with such characters as `\uXXXX`, which JSON text means as well: its value stays the same. Line breaks and tabs
/// stay; a carriage return, by which a line is written over, becomes a blank.
pub(crate) fn shown(text: &str) -> Cow<'_, str> {
    if text.chars().all(shows) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '\r' => out.push(' '),
            character if shows(character) => out.push(character),
            hidden => {
                for unit in hidden.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    Cow::Owned(out)
}

fn shows(character: char) -> bool {
    if character.is_ascii() {
        return matches!(character, '\n' | '\t') || !character.is_ascii_control();
    }
    // The standard library knows what can be printed. Behind a letter, where an accent belongs.
    String::from_iter(['a', character]).escape_debug().count() == 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_shows_stays() {
        for text in ["", "{\"a\":\"b\\\"c\"}", "Zürich", "u\u{308}", "東京", "हिन्दी", "שלום", "😀", "a\n\tb"]
        {
            assert!(matches!(shown(text), Cow::Borrowed(_)), "{text:?}");
        }
    }

    #[test]
    fn what_does_not_is_escaped_and_means_the_same_in_json() {
        let hidden = [
            '\u{7f}',
            '\u{80}',
            '\u{9b}',
            '\u{ad}',
            '\u{61c}',
            '\u{200b}',
            '\u{200e}',
            '\u{200f}',
            '\u{2028}',
            '\u{2029}',
            '\u{202a}',
            '\u{202b}',
            '\u{202c}',
            '\u{202d}',
            '\u{202e}',
            '\u{2060}',
            '\u{2066}',
            '\u{2067}',
            '\u{2068}',
            '\u{2069}',
            '\u{feff}',
            '\u{e0041}',
            '\u{10ffff}',
        ];
        for character in hidden {
            let json = format!("\"a{character}b\"");
            let shown = shown(&json);
            assert!(shown.is_ascii() && !shown.contains(char::is_control), "{shown:?}");
            assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), format!("a{character}b"));
        }
        assert_eq!(shown("a\u{1b}[2Kb\rc\0"), "a\\u001b[2Kb c\\u0000");
    }
}
