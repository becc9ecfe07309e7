//! The configuration file: read, and its errors told with file, line and field.

use std::path::{Path, PathBuf};

use tokenmint::Error;
use tokenmint::config::{Config, Service, without_values};
use toml::de::{DeTable, DeValue};

use crate::demo;
use crate::failure::{Failure, Result};
use crate::keys;
use crate::sources::Sources;

/// A configuration's text, and where it came from.
pub(crate) struct Source {
    path: PathBuf,
    name: String,
    text: String,
}

impl Source {
    /// The demonstration's, which is part of this program.
    pub(crate) fn demo() -> Self {
        Source { path: PathBuf::new(), name: "demo.toml".to_owned(), text: demo::CONFIG.to_owned() }
    }

    /// A file's.
    pub(crate) fn file(path: &Path) -> Result<Self> {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        Ok(Source { path: path.to_owned(), name, text: keys::text(path)? })
    }

    /// Reads it.
    pub(crate) fn parse(&self) -> Result<Config> {
        toml::from_str(&self.text).map_err(|error| self.syntax(&error))
    }

    /// What the configuration points to.
    pub(crate) fn sources(&self) -> Sources {
        Sources::beside(&self.path)
    }

    /// Makes what serves; `config` is what [`Source::parse`] gave, with what the command line changes.
    pub(crate) fn build(&self, config: &Config, sources: &mut Sources) -> Result<Service> {
        if let Some(at) = config.keys.iter().position(|key| key.held) {
            let field = format!("keys[{at}].held");
            let reason =
                "this server signs with its own keys only; a program that embeds the library can hold one";
            return Err(self.failure(self.line_of(&field), &format!("{field}: {reason}")));
        }
        sources.rewind();
        config.build(sources).map_err(|error| self.invalid(&error))
    }

    /// A value that cannot be, in the place that the error names.
    fn invalid(&self, error: &Error) -> Failure {
        let line = error.field().and_then(|field| self.line_of(field));
        self.failure(line, &error.to_string())
    }

    /// A text that is no TOML, or has a field that does not exist. The source line is not repeated: it may hold a secret.
    fn syntax(&self, error: &toml::de::Error) -> Failure {
        let reason = without_values(error.message()).replace('`', "\"");
        let Some(span) = error.span() else { return self.failure(None, &reason) };
        // In a broken text nobody knows what is a name.
        if DeTable::parse(&self.text).is_err() {
            return self.failure(Some(line_at(&self.text, span.start)), &reason);
        }
        let place = match section_at(&self.text, span.start) {
            Some(section) => format!(" in {section}"),
            None => " at the top level".to_owned(),
        };
        let names_field = reason.starts_with("unknown field") || reason.starts_with("missing field");
        let reason = match (names_field, reason.split_once(", expected "), field_at(&self.text, span.start)) {
            (true, Some((found, expected)), _) => format!("{found}{place}, expected {expected}"),
            (false, _, Some(field)) => format!("{field}{place}: {reason}"),
            _ => format!("{reason}{place}"),
        };
        self.failure(Some(line_at(&self.text, span.start)), &reason)
    }

    fn failure(&self, line: Option<usize>, reason: &str) -> Failure {
        let name = &self.name;
        Failure::config(match line {
            Some(line) => format!("{name}: line {line}: {reason}"),
            None => format!("{name}: {reason}"),
        })
    }

    /// The line of a path such as `keys[0].pem_file`, or of the longest part of it that stands in the text.
    fn line_of(&self, path: &str) -> Option<usize> {
        let table = DeTable::parse(&self.text).ok()?;
        let mut line = None;
        let mut value = DeValue::Table(table.into_inner());
        for part in path.split('.') {
            let (name, index) = match part.strip_suffix(']').and_then(|part| part.split_once('[')) {
                Some((name, index)) => (name, index.parse::<usize>().ok()),
                None => (part, None),
            };
            let DeValue::Table(mut table) = value else { break };
            let Some((key, found)) = table.remove_entry(name) else { break };
            line = Some(line_at(&self.text, key.span().start));
            value = found.into_inner();
            if let (Some(index), DeValue::Array(list)) = (index, &value) {
                let Some(item) = list.get(index).cloned() else { break };
                line = Some(line_at(&self.text, item.span().start));
                value = item.into_inner();
            }
        }
        line
    }
}

fn line_at(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

/// The header of the table that a place in the text belongs to.
fn section_at(text: &str, offset: usize) -> Option<&str> {
    let end = text[offset..].find('\n').map_or(text.len(), |length| offset + length);
    let header = text[..end].lines().rev().map(str::trim).find(|line| line.starts_with('['))?;
    let header = header.rfind(']').map(|end| &header[..=end])?;
    is_name(header.trim_matches(['[', ']'])).then_some(header)
}

/// The name that the value at a place in the text is given to, where it stands on the same line.
fn field_at(text: &str, offset: usize) -> Option<&str> {
    let line = text[..offset].rsplit('\n').next().unwrap_or_default();
    let name = line.split_once('=')?.0.trim();
    is_name(name).then_some(name)
}

/// Whether a part of the text is the name of a field or a table: it may be a line of a secret, too, and then it is not
/// repeated.
fn is_name(text: &str) -> bool {
    let bare = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '.');
    (1..=24).contains(&text.len()) && text.chars().all(bare)
}
