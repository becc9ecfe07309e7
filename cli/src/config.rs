//! The configuration file: read by every command alike, and its errors told with file, line and field.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use serde_json::{Number, Value};
use tokenmint::Error;
use tokenmint::config::{Config, Service};
use toml::de::{DeTable, DeValue};

use crate::address;
use crate::demo;
use crate::failure::{Failure, Result};
use crate::keys;
use crate::proxies::Proxies;
use crate::sources::Sources;

const DEFAULT_PORT: u16 = 8080;

/// A configuration's text, and where it came from.
#[derive(Clone)]
pub(crate) struct Source {
    path: PathBuf,
    name: String,
    text: String,
}

impl Source {
    /// The demonstration's, which is part of this program.
    pub(crate) fn demo() -> Self {
        Source { path: PathBuf::new(), name: "demo.toml".to_owned(), text: demo::config() }
    }

    /// A file's.
    pub(crate) fn file(path: &Path) -> Result<Self> {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        Ok(Source { path: path.to_owned(), name, text: keys::text(path)? })
    }

    /// Whether it stands in a file that can be read again, and not in a pipe or in this program.
    pub(crate) fn can_change(&self) -> bool {
        self.path != Path::new("") && !keys::is_read_once(&self.path)
    }

    /// What its file holds now.
    pub(crate) fn again(&self) -> Result<Self> {
        Self::file(&self.path)
    }

    /// Whether it is the same text.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.text == other.text
    }

    /// Reads it.
    pub(crate) fn parse(&self) -> Result<Config> {
        Config::from_json(&self.json()?.to_string()).map_err(|error| self.invalid(&error))
    }

    /// The paths of the fields that are different in another text: one that is there, and what is wrong, was told before.
    pub(crate) fn differences(&self, other: &Self) -> Vec<String> {
        let mut paths = Vec::new();
        if let (Ok(old), Ok(new)) = (self.json(), other.json()) {
            differences("", Some(&old), Some(&new), &mut paths);
        }
        paths
    }

    fn json(&self) -> Result<Value> {
        let table = DeTable::parse(&self.text).map_err(|error| self.syntax(&error))?;
        json(DeValue::Table(table.into_inner())).map_err(|(path, reason)| self.refuse(&path, reason))
    }

    /// What the configuration points to.
    pub(crate) fn sources(&self) -> Sources {
        Sources::beside(&self.path)
    }

    /// Makes what serves at an address, under which it is known where the configuration does not say another.
    pub(crate) fn build(
        &self,
        config: &Config,
        address: SocketAddr,
        sources: &mut Sources,
    ) -> Result<Service> {
        if let Some(at) = config.keys.iter().position(|key| key.held) {
            let field = format!("keys[{at}].held");
            let reason =
                "this server signs with its own keys only; a program that embeds the library can hold one";
            return Err(self.refuse(&field, reason));
        }
        Proxies::of(config).map_err(|error| self.invalid(&error))?;
        let mut config = config.clone();
        config.server.public_url.get_or_insert_with(|| format!("http://{address}"));
        config.build(sources).map_err(|error| self.invalid(&error))
    }

    /// A field that cannot be what it is.
    pub(crate) fn refuse(&self, field: &str, reason: &str) -> Failure {
        self.failure(self.line_of(field), &format!("{field}: {reason}"))
    }

    /// A value that cannot be, in the place that the error names.
    fn invalid(&self, error: &Error) -> Failure {
        let line = error.field().and_then(|field| self.line_of(field));
        self.failure(line, &error.to_string())
    }

    /// A text that is no TOML. What the parser expects there says it best: its texts are fixed, and hold nothing of the
    /// file, which may be a secret. So the source line is not repeated, either.
    fn syntax(&self, error: &toml::de::Error) -> Failure {
        let line = error.span().map(|span| line_at(&self.text, span.start));
        self.failure(line, &format!("not valid TOML: {}", error.message().replace('`', "\"")))
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

/// Where a server of this configuration listens, unless its arguments say otherwise.
pub(crate) fn address(config: &Config, host: Option<IpAddr>, port: Option<u16>) -> Result<SocketAddr> {
    let host = match (host, &config.server.host) {
        (Some(host), _) => host,
        (None, Some(host)) => {
            address::ip(host).map_err(|reason| Failure::config(format!("server.host: {reason}")))?
        }
        (None, None) => Ipv4Addr::LOCALHOST.into(),
    };
    Ok(SocketAddr::new(host, port.or(config.server.port).unwrap_or(DEFAULT_PORT)))
}

fn line_at(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

/// Adds the paths of what is different; of lists that became longer or shorter their own.
fn differences(path: &str, old: Option<&Value>, new: Option<&Value>, paths: &mut Vec<String>) {
    match (old, new) {
        (old, new) if old == new => {}
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            let added = new.keys().filter(|name| !old.contains_key(*name));
            for name in old.keys().chain(added) {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                differences(&path, old.get(name), new.get(name), paths);
            }
        }
        (Some(Value::Array(old)), Some(Value::Array(new))) if old.len() == new.len() => {
            for (at, (old, new)) in old.iter().zip(new).enumerate() {
                differences(&format!("{path}[{at}]"), Some(old), Some(new), paths);
            }
        }
        _ => paths.push(path.to_owned()),
    }
}

/// A value of TOML as one of JSON; or the path to what JSON has no form for, and why.
fn json(value: DeValue<'_>) -> Result<Value, (String, &'static str)> {
    let within = |name: &str| {
        let name = name.to_owned();
        move |(path, reason): (String, &'static str)| {
            let dot = if path.is_empty() || path.starts_with('[') { "" } else { "." };
            (format!("{name}{dot}{path}"), reason)
        }
    };
    let refused = |reason| (String::new(), reason);
    Ok(match value {
        DeValue::String(text) => Value::String(text.into_owned()),
        DeValue::Boolean(truth) => Value::Bool(truth),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map(Value::from)
            .map_err(|_| refused("an integer has at most 64 bits"))?,
        DeValue::Float(number) => number
            .as_str()
            .parse()
            .ok()
            .and_then(Number::from_f64)
            .map(Value::Number)
            .ok_or_else(|| refused("must be a finite number"))?,
        DeValue::Datetime(_) => return Err(refused("there are no dates here; write a text, or seconds")),
        DeValue::Array(items) => items
            .into_iter()
            .enumerate()
            .map(|(at, item)| json(item.into_inner()).map_err(within(&format!("[{at}]"))))
            .collect::<Result<_, _>>()?,
        DeValue::Table(members) => members
            .into_iter()
            .map(|(name, member)| {
                let member = json(member.into_inner()).map_err(within(name.get_ref()))?;
                Ok((name.into_inner().into_owned(), member))
            })
            .collect::<Result<_, _>>()?,
    })
}
