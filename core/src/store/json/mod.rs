//! Commands and replies as JSON: for stores and keys of hosts that do not share this crate's types.
//!
//! Keys, versions, values, messages and signatures are base64url without padding (RFC 4648 section 5).

mod command;
mod reply;

use std::borrow::Cow;

use super::{Entry, Index, MAX_VALUE, RecordKey, Version};
use crate::encoding::{base64url, from_base64url};
use crate::error::{Error, ErrorCode, Result};
use crate::json::{FromJson, Json, Misfit, ToJson, object, write_member};

/// Bytes as base64url.
struct Bytes<'a>(&'a [u8]);

impl ToJson for Bytes<'_> {
    fn write_json(&self, out: &mut Vec<u8>) {
        base64url(self.0).write_json(out);
    }
}

fn bytes(json: Json<'_>) -> Result<Vec<u8>, Misfit> {
    from_base64url(&json.string("a string")?).ok_or_else(|| Misfit::because("expected base64url"))
}

impl FromJson for RecordKey {
    fn blank() -> Self {
        RecordKey::of_parts(&[], &[])
    }

    fn read_json(&mut self, json: Json<'_>) -> Result<(), Misfit> {
        let key = RecordKey::new(&bytes(json)?);
        *self = key.ok_or_else(|| Misfit::because("a key has 1 to 128 bytes"))?;
        Ok(())
    }
}

impl ToJson for RecordKey {
    fn write_json(&self, out: &mut Vec<u8>) {
        Bytes(self.as_bytes()).write_json(out);
    }
}

impl FromJson for Version {
    fn blank() -> Self {
        Version { bytes: [0; 16], len: 0 }
    }

    fn read_json(&mut self, json: Json<'_>) -> Result<(), Misfit> {
        let version = Version::new(&bytes(json)?);
        *self = version.ok_or_else(|| Misfit::because("a version has 8 to 16 bytes"))?;
        Ok(())
    }
}

impl ToJson for Version {
    fn write_json(&self, out: &mut Vec<u8>) {
        Bytes(self.as_bytes()).write_json(out);
    }
}

/// Bytes of any length.
struct GivenBytes(Vec<u8>);

impl FromJson for GivenBytes {
    fn blank() -> Self {
        GivenBytes(Vec::new())
    }

    fn read_json(&mut self, json: Json<'_>) -> Result<(), Misfit> {
        self.0 = bytes(json)?;
        Ok(())
    }
}

struct GivenValue(Vec<u8>);

impl FromJson for GivenValue {
    fn blank() -> Self {
        GivenValue(Vec::new())
    }

    fn read_json(&mut self, json: Json<'_>) -> Result<(), Misfit> {
        self.0 = bytes(json)?;
        match self.0.len() {
            ..=MAX_VALUE => Ok(()),
            _ => Err(Misfit::because("a value has at most 65536 bytes")),
        }
    }
}

object! {
    #[json(read)]
    struct GivenEntry {
        version: Version,
        value: GivenValue,
        expires_at_ms: u64,
        subject: Option<RecordKey>,
        client: Option<RecordKey>,
    }
}

impl From<GivenEntry> for Entry {
    fn from(entry: GivenEntry) -> Self {
        let GivenEntry { version, value, expires_at_ms, subject, client } = entry;
        Entry { version, value: value.0, expires_at_ms, index: Index { subject, client } }
    }
}

impl ToJson for Entry {
    fn write_json(&self, out: &mut Vec<u8>) {
        write_entry(out, None, self);
    }
}

/// Appends an entry, with its key where it is one of a list.
fn write_entry(out: &mut Vec<u8>, key: Option<&RecordKey>, entry: &Entry) {
    let Entry { version, value, expires_at_ms, index: Index { subject, client } } = entry;
    out.push(b'{');
    if let Some(key) = key {
        write_member(out, "key", key);
    }
    write_member(out, "version", version);
    write_member(out, "value", &Bytes(value));
    write_member(out, "expires_at_ms", expires_at_ms);
    write_member(out, "subject", subject);
    write_member(out, "client", client);
    out.push(b'}');
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
