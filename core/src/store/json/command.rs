//! Commands as JSON, there and back.

use serde::{Deserialize, Serialize};

use super::{Bytes, EntryText, GivenEntry, GivenKey, GivenVersion, needed, wrong};
use crate::error::{ErrorCode, Result};
use crate::json;
use crate::store::{Command, Expect, IndexValue, Write};

impl Command {
    /// The command as a JSON object: `command`, its name, and its fields.
    ///
    /// | command | fields | answered by |
    /// | --- | --- | --- |
    /// | `load` | `keys` | `loaded` |
    /// | `cas` | `key`; `expect`: a version, or `null` for no entry; `write`: an entry, or `null` to delete | `done`, `conflict` |
    /// | `throttle` | `key`, `interval_us`, `burst_us`, `cost`, `now_us` | `admitted`, `denied` |
    /// | `sweep` | `before_ms`, `limit` | `removed` |
    /// | `list` | `by`: `subject` or `client`; `value`; `after`: a key, or `null`; `limit` | `listed` |
    /// | `sign` | `kid`, `algorithm`, `message` | `signed` |
    /// | `verify_signature` | `kid`, `algorithm`, `message`, `signature` | `verified` |
    ///
    /// An entry has `version`, `value`, `expires_at_ms`, `subject` and `client`; the last two are keys, or `null`. In the
    /// reply `listed` it has its `key` as well.
    ///
    /// ```
    /// use tokenmint::*;
    /// let command = Command::Load { keys: vec![RecordKey::new(b"key").unwrap()] };
    /// assert_eq!(command.to_json(), r#"{"command":"load","keys":["a2V5"]}"#);
    /// ```
    pub fn to_json(&self) -> String {
        // Texts and numbers: they can always be written.
        serde_json::to_string(&CommandText::from(self)).unwrap_or_default()
    }

    /// A command for a store from what [`Command::to_json`] gives.
    ///
    /// ```
    /// use tokenmint::*;
    /// let command = Command::Load { keys: vec![RecordKey::new(b"key").unwrap()] };
    /// assert_eq!(Command::from_json(&command.to_json())?, command);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// `invalid_request` for what is no such command; those for keys are none.
    pub fn from_json(text: &str) -> Result<Self> {
        json::read_as::<GivenCommand>(ErrorCode::InvalidRequest, text)?.command()
    }
}

#[derive(Serialize)]
#[serde(tag = "command", rename_all = "snake_case")]
enum CommandText<'a> {
    Load { keys: Vec<Bytes<'a>> },
    Cas { key: Bytes<'a>, expect: Option<Bytes<'a>>, write: Option<EntryText<'a>> },
    Throttle { key: Bytes<'a>, interval_us: u64, burst_us: u64, cost: u32, now_us: u64 },
    Sweep { before_ms: u64, limit: u32 },
    List { by: &'static str, value: Bytes<'a>, after: Option<Bytes<'a>>, limit: u32 },
    Sign { kid: &'a str, algorithm: &'static str, message: Bytes<'a> },
    VerifySignature { kid: &'a str, algorithm: &'static str, message: Bytes<'a>, signature: Bytes<'a> },
}

impl<'a> From<&'a Command> for CommandText<'a> {
    fn from(command: &'a Command) -> Self {
        match command {
            Command::Load { keys } => CommandText::Load { keys: keys.iter().map(Bytes::from).collect() },
            Command::Cas { key, expect, write } => CommandText::Cas {
                key: key.into(),
                expect: match expect {
                    Expect::Absent => None,
                    Expect::Version(version) => Some(version.as_bytes().into()),
                },
                write: match write {
                    Write::Put(entry) => Some(entry.into()),
                    Write::Delete => None,
                },
            },
            Command::Throttle { key, interval_us, burst_us, cost, now_us } => CommandText::Throttle {
                key: key.into(),
                interval_us: *interval_us,
                burst_us: *burst_us,
                cost: *cost,
                now_us: *now_us,
            },
            Command::Sweep { before_ms, limit } => {
                CommandText::Sweep { before_ms: *before_ms, limit: *limit }
            }
            Command::List { by, after, limit } => {
                let (by, value) = match by {
                    IndexValue::Subject(value) => ("subject", value),
                    IndexValue::Client(value) => ("client", value),
                };
                let after = after.as_ref().map(Bytes::from);
                CommandText::List { by, value: value.into(), after, limit: *limit }
            }
            Command::Sign { kid, algorithm, message } => {
                CommandText::Sign { kid, algorithm: algorithm.name(), message: message.as_slice().into() }
            }
            Command::VerifySignature { kid, algorithm, message, signature } => CommandText::VerifySignature {
                kid,
                algorithm: algorithm.name(),
                message: message.as_slice().into(),
                signature: signature.as_slice().into(),
            },
        }
    }
}

/// Every field of every command that a store carries out, as in a reply: see [`super::reply`].
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GivenCommand {
    command: CommandName,
    keys: Option<Vec<GivenKey>>,
    key: Option<GivenKey>,
    expect: Option<GivenVersion>,
    write: Option<GivenEntry>,
    interval_us: Option<u64>,
    burst_us: Option<u64>,
    cost: Option<u32>,
    now_us: Option<u64>,
    before_ms: Option<u64>,
    limit: Option<u32>,
    by: Option<GivenIndex>,
    value: Option<GivenKey>,
    after: Option<GivenKey>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum CommandName {
    Load,
    Cas,
    Throttle,
    Sweep,
    List,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum GivenIndex {
    Subject,
    Client,
}

impl GivenCommand {
    fn command(mut self) -> Result<Command> {
        let command = match self.command {
            CommandName::Load => {
                let keys = needed("keys", self.keys.take())?;
                Command::Load { keys: keys.into_iter().map(|key| key.0).collect() }
            }
            CommandName::Cas => Command::Cas {
                key: needed("key", self.key.take())?.0,
                expect: self.expect.take().map_or(Expect::Absent, |version| Expect::Version(version.0)),
                write: self.write.take().map_or(Write::Delete, |entry| Write::Put(entry.into())),
            },
            CommandName::Throttle => Command::Throttle {
                key: needed("key", self.key.take())?.0,
                interval_us: needed("interval_us", self.interval_us.take())?,
                burst_us: needed("burst_us", self.burst_us.take())?,
                cost: needed("cost", self.cost.take())?,
                now_us: needed("now_us", self.now_us.take())?,
            },
            CommandName::Sweep => Command::Sweep {
                before_ms: needed("before_ms", self.before_ms.take())?,
                limit: needed("limit", self.limit.take())?,
            },
            CommandName::List => {
                let value = needed("value", self.value.take())?.0;
                let by = match needed("by", self.by.take())? {
                    GivenIndex::Subject => IndexValue::Subject(value),
                    GivenIndex::Client => IndexValue::Client(value),
                };
                let after = self.after.take().map(|key| key.0);
                Command::List { by, after, limit: needed("limit", self.limit.take())? }
            }
        };
        if self.is_spent() { Ok(command) } else { Err(wrong("a field of another command")) }
    }

    /// Whether every field was used.
    fn is_spent(&self) -> bool {
        let bytes = self.keys.is_none() && self.key.is_none() && self.value.is_none() && self.after.is_none();
        let entry = self.expect.is_none() && self.write.is_none() && self.by.is_none();
        let rate = self.interval_us.or(self.burst_us).or(self.now_us).is_none() && self.cost.is_none();
        bytes && entry && rate && self.before_ms.is_none() && self.limit.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{ENTRY, entry, key};
    use super::*;
    use crate::Algorithm;
    use crate::store::Version;

    #[test]
    fn every_command_has_its_text() {
        let put = || Write::Put(entry());
        let version = Expect::Version(Version::new(&[1; 8]).unwrap());
        for (command, text) in [
            (Command::Load { keys: vec![key("a"), key("b")] }, r#"{"command":"load","keys":["YQ","Yg"]}"#.to_owned()),
            (
                Command::Cas { key: key("a"), expect: Expect::Absent, write: put() },
                format!(r#"{{"command":"cas","key":"YQ","expect":null,"write":{ENTRY}}}"#),
            ),
            (
                Command::Cas { key: key("a"), expect: version, write: Write::Delete },
                r#"{"command":"cas","key":"YQ","expect":"AQEBAQEBAQE","write":null}"#.to_owned(),
            ),
            (
                Command::Throttle { key: key("a"), interval_us: 1, burst_us: 2, cost: 3, now_us: 4 },
                r#"{"command":"throttle","key":"YQ","interval_us":1,"burst_us":2,"cost":3,"now_us":4}"#.to_owned(),
            ),
            (Command::Sweep { before_ms: 1, limit: 2 }, r#"{"command":"sweep","before_ms":1,"limit":2}"#.to_owned()),
            (
                Command::List { by: IndexValue::Client(key("c")), after: Some(key("a")), limit: 2 },
                r#"{"command":"list","by":"client","value":"Yw","after":"YQ","limit":2}"#.to_owned(),
            ),
            (
                Command::Sign { kid: "k".into(), algorithm: Algorithm::ES256, message: b"m".to_vec() },
                r#"{"command":"sign","kid":"k","algorithm":"ES256","message":"bQ"}"#.to_owned(),
            ),
            (
                Command::VerifySignature {
                    kid: "k".into(),
                    algorithm: Algorithm::EdDSA,
                    message: b"m".to_vec(),
                    signature: b"s".to_vec(),
                },
                r#"{"command":"verify_signature","kid":"k","algorithm":"EdDSA","message":"bQ","signature":"cw"}"#
                    .to_owned(),
            ),
        ] {
            assert_eq!(command.to_json(), text);
            if !matches!(command, Command::Sign { .. } | Command::VerifySignature { .. }) {
                assert_eq!(Command::from_json(&text).unwrap(), command);
            }
        }
    }

    #[test]
    fn what_is_no_command_is_refused() {
        for (text, said) in [
            ("{}", "command: this field is required"),
            (r#"{"command":"drop"}"#, "command: must be one of: load, "),
            (r#"{"command":"sweep","before_ms":1}"#, "limit: this field is required"),
            (r#"{"command":"load","keys":[],"limit":1}"#, "another command"),
            (r#"{"command":"load","keys":[""]}"#, "1 to 128"),
            (r#"{"command":"sweep","before_ms":1,"limit":2,"all":true}"#, "all: this field is not known"),
        ] {
            let error = Command::from_json(text).unwrap_err();
            assert_eq!(error.code(), ErrorCode::InvalidRequest);
            assert!(error.to_string().contains(said), "{text}: {error}");
        }
    }
}
