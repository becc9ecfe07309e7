//! Sentences of the table, as comments of a language.

pub(super) use tokenmint::operation::prose;

/// A text in which what stands in backticks is written by `rename`.
pub(super) fn renamed(text: &str, rename: impl Fn(&str) -> String) -> String {
    let parts = text.split('`').enumerate();
    parts.map(|(at, part)| if at % 2 == 0 { part.to_owned() } else { rename(part) }).collect()
}

/// Lines of at most 120 characters, each behind `prefix`.
pub(super) fn wrapped(text: &str, prefix: &str) -> String {
    let mut out = String::new();
    let mut line = String::from(prefix);
    for word in text.split(' ') {
        let is_first = line.len() == prefix.len();
        // A tab is as wide as four blanks.
        let width = line.chars().map(|letter| if letter == '\t' { 4 } else { 1 }).sum::<usize>();
        if !is_first && width + 1 + word.chars().count() > 120 {
            out += &line;
            out.push('\n');
            line = String::from(prefix);
        } else if !is_first {
            line.push(' ');
        }
        line += word;
    }
    out + &line + "\n"
}

/// `a`, `a or b`, `a, b or c`.
pub(super) fn one_of(items: &[String]) -> String {
    match items {
        [before @ .., last] if !before.is_empty() => format!("{} or {last}", before.join(", ")),
        _ => items.concat(),
    }
}

pub(crate) fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

/// A sentence that goes on: its first letter is small, but for a name.
pub(super) fn continued(text: &str) -> String {
    let first = text.split(' ').next().unwrap_or_default();
    if first.chars().filter(|letter| letter.is_uppercase()).count() != 1 {
        return text.to_owned();
    }
    let mut letters = text.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_before_they_are_too_long() {
        let text = "word ".repeat(60);
        let lines = wrapped(text.trim(), "\t// ");
        assert!(lines.lines().all(|line| line.starts_with("\t// word") && line.len() <= 117), "{lines}");
        assert_eq!(lines.matches("word").count(), 60);
    }
}
