//! Commands and replies as JSON: for stores and keys of hosts that do not share this crate's types.
//!
//! Keys, versions, values, messages and signatures are base64url without padding (RFC 4648 section 5).

mod command;
mod reply;

use std::borrow::Cow;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Entry, Index, MAX_VALUE, RecordKey, Version};
use crate::encoding::{base64url, from_base64url};
use crate::error::{Error, ErrorCode, Result};

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

#[derive(Serialize)]
struct EntryText<'a> {
    version: Bytes<'a>,
    value: Bytes<'a>,
    expires_at_ms: u64,
    subject: Option<Bytes<'a>>,
    client: Option<Bytes<'a>>,
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

fn needed<T>(field: &'static str, value: Option<T>) -> Result<T> {
    value.ok_or_else(|| wrong("this field is required").at(field))
}

fn wrong(reason: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorCode::InvalidRequest).because(reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn key(text: &str) -> RecordKey {
        RecordKey::new(text.as_bytes()).unwrap()
    }

    pub(super) fn entry() -> Entry {
        let index = Index { subject: Some(key("s")), client: None };
        Entry { version: Version::new(&[1; 8]).unwrap(), value: b"v".to_vec(), expires_at_ms: 7, index }
    }

    pub(super) const ENTRY: &str =
        r#"{"version":"AQEBAQEBAQE","value":"dg","expires_at_ms":7,"subject":"cw","client":null}"#;
}
