//! Commands as JSON, there and back.

use super::{Bytes, GivenEntry, needed, wrong};
use crate::error::{ErrorCode, Result};
use crate::json::{self, ToJson, as_names, object, write_member};
use crate::store::{Command, Expect, IndexValue, RecordKey, Version, Write};

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
        json::to_text(self)
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

impl ToJson for Command {
    fn write_json(&self, out: &mut Vec<u8>) {
        out.push(b'{');
        let mut member = |name, value: &dyn ToJson| write_member(out, name, value);
        match self {
            Command::Load { keys } => {
                member("command", &"load");
                member("keys", keys);
            }
            Command::Cas { key, expect, write } => {
                member("command", &"cas");
                member("key", key);
                match expect {
                    Expect::Absent => member("expect", &None::<Version>),
                    Expect::Version(version) => member("expect", version),
                }
                match write {
                    Write::Put(entry) => member("write", entry),
                    Write::Delete => member("write", &None::<Version>),
                }
            }
            Command::Throttle { key, interval_us, burst_us, cost, now_us } => {
                member("command", &"throttle");
                member("key", key);
                member("interval_us", interval_us);
                member("burst_us", burst_us);
                member("cost", cost);
                member("now_us", now_us);
            }
            Command::Sweep { before_ms, limit } => {
                member("command", &"sweep");
                member("before_ms", before_ms);
                member("limit", limit);
            }
            Command::List { by, after, limit } => {
                let (by, value) = match by {
                    IndexValue::Subject(value) => ("subject", value),
                    IndexValue::Client(value) => ("client", value),
                };
                member("command", &"list");
                member("by", &by);
                member("value", value);
                member("after", after);
                member("limit", limit);
            }
            Command::Sign { kid, algorithm, message } => {
                member("command", &"sign");
                member("kid", kid);
                member("algorithm", algorithm);
                member("message", &Bytes(message));
            }
            Command::VerifySignature { kid, algorithm, message, signature } => {
                member("command", &"verify_signature");
                member("kid", kid);
                member("algorithm", algorithm);
                member("message", &Bytes(message));
                member("signature", &Bytes(signature));
            }
        }
        out.push(b'}');
    }
}

object! {
    /// Every field of every command that a store carries out, as in a reply: see [`super::reply`].
    #[json(read)]
    struct GivenCommand {
        command: CommandName,
        keys: Option<Vec<RecordKey>>,
        key: Option<RecordKey>,
        expect: Option<Version>,
        write: Option<GivenEntry>,
        interval_us: Option<u64>,
        burst_us: Option<u64>,
        cost: Option<u32>,
        now_us: Option<u64>,
        before_ms: Option<u64>,
        limit: Option<u32>,
        by: Option<GivenIndex>,
        value: Option<RecordKey>,
        after: Option<RecordKey>,
    }
}

#[derive(Clone, Copy)]
enum CommandName {
    Load,
    Cas,
    Throttle,
    Sweep,
    List,
}

as_names! { CommandName { Load = "load", Cas = "cas", Throttle = "throttle", Sweep = "sweep", List = "list", } }

#[derive(Clone, Copy)]
enum GivenIndex {
    Subject,
    Client,
}

as_names! { GivenIndex { Subject = "subject", Client = "client", } }

impl GivenCommand {
    fn command(mut self) -> Result<Command> {
        let command = match self.command {
            CommandName::Load => {
                let keys = needed("keys", self.keys.take())?;
                Command::Load { keys }
            }
            CommandName::Cas => Command::Cas {
                key: needed("key", self.key.take())?,
                expect: self.expect.take().map_or(Expect::Absent, Expect::Version),
                write: self.write.take().map_or(Write::Delete, |entry| Write::Put(entry.into())),
            },
            CommandName::Throttle => Command::Throttle {
                key: needed("key", self.key.take())?,
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
                let value = needed("value", self.value.take())?;
                let by = match needed("by", self.by.take())? {
                    GivenIndex::Subject => IndexValue::Subject(value),
                    GivenIndex::Client => IndexValue::Client(value),
                };
                let after = self.after.take();
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
