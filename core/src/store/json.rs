//! Commands as JSON, and replies from it: for stores and keys of hosts that do not share this crate's types.
//!
//! Keys, versions, values, messages and signatures are base64url without padding (RFC 4648 section 5).

use std::borrow::Cow;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{
    Command, Entry, Expect, Index, IndexValue, MAX_VALUE, RecordKey, Reply, StoreError, Version, Write,
};
use crate::encoding::{base64url, from_base64url};
use crate::error::{ErrorCode, Result};
use crate::strict;

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
    /// An entry has `version`, `value`, `expires_at_ms`, `subject` and `client`; the last two are keys, or `null`.
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
}

impl Reply {
    /// A reply, or a store's error, from a JSON object: `reply`, its name, and its fields; or `error`.
    ///
    /// | reply | fields |
    /// | --- | --- |
    /// | `loaded` | `entries`: an entry or `null` for each key; `store_now_ms`, which may be left out |
    /// | `done` | |
    /// | `conflict` | `entry`, or `null` |
    /// | `admitted`, `denied` | `tat_us` |
    /// | `removed` | `count` |
    /// | `listed` | `entries`: entries with their `key`; `next`: a key, or `null` at the end |
    /// | `signed` | `signature` |
    /// | `verified` | `valid` |
    ///
    /// `error` is `unavailable`, `unknown`, `corrupt` or `too_large`, as in [`StoreError`].
    ///
    /// ```
    /// use tokenmint::*;
    /// assert_eq!(Reply::from_json(r#"{"reply":"done"}"#)?, Ok(Reply::Done));
    /// assert_eq!(Reply::from_json(r#"{"error":"unknown"}"#)?, Err(StoreError::Unknown));
    /// assert_eq!(Reply::from_json("{}").unwrap_err().code(), ErrorCode::InvalidRequest);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// `invalid_request` for what is none of these.
    pub fn from_json(json: &str) -> Result<Result<Reply, StoreError>> {
        // Looked at first: a type that could be either could not say what was wrong.
        #[derive(Deserialize)]
        struct Tag {
            error: Option<StoreErrorText>,
        }
        let tag: Tag = strict::read(json, ErrorCode::InvalidRequest)?;
        if let Some(error) = tag.error {
            return Ok(Err(error.into()));
        }
        Ok(Ok(strict::read::<ReplyText>(json, ErrorCode::InvalidRequest)?.into()))
    }
}

/// Bytes as base64url.
struct Bytes<'a>(Cow<'a, [u8]>);

impl Serialize for Bytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&base64url(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes<'_> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        let bytes = from_base64url(&text).ok_or_else(|| D::Error::custom("expected base64url"))?;
        Ok(Bytes(Cow::Owned(bytes)))
    }
}

impl<'a> From<&'a RecordKey> for Bytes<'a> {
    fn from(key: &'a RecordKey) -> Self {
        Bytes(Cow::Borrowed(key.as_bytes()))
    }
}

impl<'a> From<&'a [u8]> for Bytes<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Bytes(Cow::Borrowed(bytes))
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

#[derive(Serialize)]
struct EntryText<'a> {
    version: Bytes<'a>,
    value: Bytes<'a>,
    expires_at_ms: u64,
    subject: Option<Bytes<'a>>,
    client: Option<Bytes<'a>>,
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

impl<'a> From<&'a Entry> for EntryText<'a> {
    fn from(entry: &'a Entry) -> Self {
        EntryText {
            version: entry.version.as_bytes().into(),
            value: entry.value.as_slice().into(),
            expires_at_ms: entry.expires_at_ms,
            subject: entry.index.subject.as_ref().map(Bytes::from),
            client: entry.index.client.as_ref().map(Bytes::from),
        }
    }
}

#[derive(Deserialize)]
#[serde(tag = "reply", rename_all = "snake_case", deny_unknown_fields)]
enum ReplyText {
    Loaded { entries: Vec<Option<GivenEntry>>, store_now_ms: Option<u64> },
    Done {},
    Conflict { entry: Option<GivenEntry> },
    Admitted { tat_us: u64 },
    Denied { tat_us: u64 },
    Removed { count: u64 },
    Listed { entries: Vec<ListedEntry>, next: Option<GivenKey> },
    Signed { signature: Bytes<'static> },
    Verified { valid: bool },
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoreErrorText {
    Unavailable,
    Unknown,
    Corrupt,
    TooLarge,
}

#[derive(Deserialize)]
#[serde(try_from = "Bytes<'static>")]
struct GivenKey(RecordKey);

#[derive(Deserialize)]
#[serde(try_from = "Bytes<'static>")]
struct GivenVersion(Version);

#[derive(Deserialize)]
#[serde(try_from = "Bytes<'static>")]
struct GivenValue(Vec<u8>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GivenEntry {
    version: GivenVersion,
    value: GivenValue,
    expires_at_ms: u64,
    subject: Option<GivenKey>,
    client: Option<GivenKey>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListedEntry {
    key: GivenKey,
    version: GivenVersion,
    value: GivenValue,
    expires_at_ms: u64,
    subject: Option<GivenKey>,
    client: Option<GivenKey>,
}

impl TryFrom<Bytes<'_>> for GivenKey {
    type Error = &'static str;

    fn try_from(bytes: Bytes<'_>) -> Result<Self, Self::Error> {
        RecordKey::new(&bytes.0).map(GivenKey).ok_or("a key has 1 to 128 bytes")
    }
}

impl TryFrom<Bytes<'_>> for GivenVersion {
    type Error = &'static str;

    fn try_from(bytes: Bytes<'_>) -> Result<Self, Self::Error> {
        Version::new(&bytes.0).map(GivenVersion).ok_or("a version has 8 to 16 bytes")
    }
}

impl TryFrom<Bytes<'_>> for GivenValue {
    type Error = &'static str;

    fn try_from(bytes: Bytes<'_>) -> Result<Self, Self::Error> {
        if bytes.0.len() > MAX_VALUE {
            return Err("a value has at most 65536 bytes");
        }
        Ok(GivenValue(bytes.0.into_owned()))
    }
}

impl From<GivenEntry> for Entry {
    fn from(entry: GivenEntry) -> Self {
        let GivenEntry { version, value, expires_at_ms, subject, client } = entry;
        let key = |key: Option<GivenKey>| key.map(|key| key.0);
        let index = Index { subject: key(subject), client: key(client) };
        Entry { version: version.0, value: value.0, expires_at_ms, index }
    }
}

impl From<ListedEntry> for (RecordKey, Entry) {
    fn from(entry: ListedEntry) -> Self {
        let ListedEntry { key, version, value, expires_at_ms, subject, client } = entry;
        (key.0, GivenEntry { version, value, expires_at_ms, subject, client }.into())
    }
}

impl From<ReplyText> for Reply {
    fn from(reply: ReplyText) -> Self {
        match reply {
            ReplyText::Loaded { entries, store_now_ms } => Reply::Loaded {
                entries: entries.into_iter().map(|entry| entry.map(Entry::from)).collect(),
                store_now_ms,
            },
            ReplyText::Done {} => Reply::Done,
            ReplyText::Conflict { entry } => Reply::Conflict(entry.map(Entry::from)),
            ReplyText::Admitted { tat_us } => Reply::Admitted { tat_us },
            ReplyText::Denied { tat_us } => Reply::Denied { tat_us },
            ReplyText::Removed { count } => Reply::Removed(count),
            ReplyText::Listed { entries, next } => Reply::Listed {
                entries: entries.into_iter().map(Into::into).collect(),
                next: next.map(|key| key.0),
            },
            ReplyText::Signed { signature } => Reply::Signed(signature.0.into_owned()),
            ReplyText::Verified { valid } => Reply::Verified(valid),
        }
    }
}

impl From<StoreErrorText> for StoreError {
    fn from(error: StoreErrorText) -> Self {
        match error {
            StoreErrorText::Unavailable => StoreError::Unavailable,
            StoreErrorText::Unknown => StoreError::Unknown,
            StoreErrorText::Corrupt => StoreError::Corrupt,
            StoreErrorText::TooLarge => StoreError::TooLarge,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Algorithm;

    fn key(text: &str) -> RecordKey {
        RecordKey::new(text.as_bytes()).unwrap()
    }

    fn entry() -> Entry {
        let index = Index { subject: Some(key("s")), client: None };
        Entry { version: Version::new(&[1; 8]).unwrap(), value: b"v".to_vec(), expires_at_ms: 7, index }
    }

    const ENTRY: &str =
        r#"{"version":"AQEBAQEBAQE","value":"dg","expires_at_ms":7,"subject":"cw","client":null}"#;

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
        }
    }

    #[test]
    fn every_reply_is_read() {
        let listed = ENTRY.replacen('{', r#"{"key":"YQ","#, 1);
        for (text, reply) in [
            (
                format!(r#"{{"reply":"loaded","entries":[null,{ENTRY}]}}"#),
                Ok(Reply::Loaded { entries: vec![None, Some(entry())], store_now_ms: None }),
            ),
            (
                r#"{"reply":"loaded","entries":[],"store_now_ms":9}"#.to_owned(),
                Ok(Reply::Loaded { entries: vec![], store_now_ms: Some(9) }),
            ),
            (r#"{"reply":"done"}"#.to_owned(), Ok(Reply::Done)),
            (r#"{"reply":"conflict","entry":null}"#.to_owned(), Ok(Reply::Conflict(None))),
            (format!(r#"{{"reply":"conflict","entry":{ENTRY}}}"#), Ok(Reply::Conflict(Some(entry())))),
            (r#"{"reply":"admitted","tat_us":1}"#.to_owned(), Ok(Reply::Admitted { tat_us: 1 })),
            (r#"{"reply":"denied","tat_us":1}"#.to_owned(), Ok(Reply::Denied { tat_us: 1 })),
            (r#"{"reply":"removed","count":3}"#.to_owned(), Ok(Reply::Removed(3))),
            (
                format!(r#"{{"reply":"listed","entries":[{listed}],"next":"YQ"}}"#),
                Ok(Reply::Listed { entries: vec![(key("a"), entry())], next: Some(key("a")) }),
            ),
            (r#"{"reply":"signed","signature":"cw"}"#.to_owned(), Ok(Reply::Signed(b"s".to_vec()))),
            (r#"{"reply":"verified","valid":true}"#.to_owned(), Ok(Reply::Verified(true))),
            (r#"{"error":"unavailable"}"#.to_owned(), Err(StoreError::Unavailable)),
            (r#"{"error":"too_large"}"#.to_owned(), Err(StoreError::TooLarge)),
        ] {
            assert_eq!(Reply::from_json(&text).unwrap(), reply, "{text}");
        }
    }

    #[test]
    fn what_is_no_reply_is_refused() {
        for (text, said) in [
            ("", "EOF"),
            ("{}", "missing field `reply`"),
            (r#"{"reply":"yes"}"#, "unknown variant, expected"),
            (r#"{"error":"yes"}"#, "unknown variant, expected"),
            (r#"{"reply":"loaded","entries":[{}]}"#, "missing field `version`"),
            (r#"{"reply":"signed","signature":"=="}"#, "base64url"),
            (&format!(r#"{{"reply":"conflict","entry":{}}}"#, ENTRY.replace("AQEBAQEBAQE", "AQ")), "8 to 16"),
            (&format!(r#"{{"reply":"conflict","entry":{}}}"#, ENTRY.replace("cw", "")), "1 to 128"),
        ] {
            let error = Reply::from_json(text).unwrap_err();
            assert_eq!(error.code(), ErrorCode::InvalidRequest);
            assert!(error.to_string().contains(said), "{text}: {error}");
        }
    }
}
