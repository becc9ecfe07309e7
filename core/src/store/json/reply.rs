//! Replies as JSON, there and back.

use super::{Bytes, GivenBytes, GivenEntry, GivenValue, needed, write_entry, wrong};
use crate::error::{ErrorCode, Result};
use crate::json::{self, ToJson, as_names, object, write_member};
use crate::store::{Entry, RecordKey, Reply, StoreError, Version};

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
    pub fn from_json(text: &str) -> Result<Result<Reply, StoreError>> {
        json::read_as::<GivenReply>(ErrorCode::InvalidRequest, text)?.reply()
    }

    /// What [`Reply::from_json`] reads.
    ///
    /// ```
    /// use tokenmint::*;
    /// assert_eq!(Reply::to_json(&Ok(Reply::Done)), r#"{"reply":"done"}"#);
    /// assert_eq!(Reply::to_json(&Err(StoreError::Unknown)), r#"{"error":"unknown"}"#);
    /// ```
    pub fn to_json(reply: &Result<Reply, StoreError>) -> String {
        match reply {
            Ok(reply) => json::to_text(reply),
            Err(error) => json::to_text(&ErrorText { error: error.into() }),
        }
    }
}

object! {
    /// Every field of every reply: one type is read in one pass, which one for each reply would not be.
    #[json(read)]
    struct GivenReply {
        reply: Option<ReplyName>,
        error: Option<StoreErrorText>,
        entries: Option<Vec<Option<ListedEntry>>>,
        store_now_ms: Option<u64>,
        entry: Option<GivenEntry>,
        tat_us: Option<u64>,
        count: Option<u64>,
        next: Option<RecordKey>,
        signature: Option<GivenBytes>,
        valid: Option<bool>,
    }
}

#[derive(Clone, Copy)]
enum ReplyName {
    Loaded,
    Done,
    Conflict,
    Admitted,
    Denied,
    Removed,
    Listed,
    Signed,
    Verified,
}

as_names! { ReplyName { Loaded = "loaded", Done = "done", Conflict = "conflict", Admitted = "admitted", Denied = "denied", Removed = "removed", Listed = "listed", Signed = "signed", Verified = "verified", } }

impl GivenReply {
    fn reply(mut self) -> Result<Result<Reply, StoreError>> {
        let reply = match (self.error.take(), self.reply.take()) {
            (Some(error), None) => Err(error.into()),
            (None, Some(name)) => Ok(self.named(name)?),
            (None, None) => return needed("reply", None),
            (Some(_), Some(_)) => return Err(wrong("both `reply` and `error`")),
        };
        if self.is_spent() { Ok(reply) } else { Err(wrong("a field of another reply")) }
    }

    fn named(&mut self, name: ReplyName) -> Result<Reply> {
        Ok(match name {
            ReplyName::Loaded => {
                let entries = needed("entries", self.entries.take())?.into_iter();
                let entries = entries.map(|entry| entry.map(ListedEntry::loaded).transpose());
                Reply::Loaded {
                    entries: entries.collect::<Result<_>>()?,
                    store_now_ms: self.store_now_ms.take(),
                }
            }
            ReplyName::Done => Reply::Done,
            ReplyName::Conflict => Reply::Conflict(self.entry.take().map(Entry::from)),
            ReplyName::Admitted => Reply::Admitted { tat_us: needed("tat_us", self.tat_us.take())? },
            ReplyName::Denied => Reply::Denied { tat_us: needed("tat_us", self.tat_us.take())? },
            ReplyName::Removed => Reply::Removed(needed("count", self.count.take())?),
            ReplyName::Listed => {
                let entries = needed("entries", self.entries.take())?.into_iter();
                let entries = entries.map(|entry| needed("entries", entry)?.listed());
                let next = self.next.take();
                Reply::Listed { entries: entries.collect::<Result<_>>()?, next }
            }
            ReplyName::Signed => Reply::Signed(needed("signature", self.signature.take())?.0),
            ReplyName::Verified => Reply::Verified(needed("valid", self.valid.take())?),
        })
    }

    /// Whether every field was used.
    fn is_spent(&self) -> bool {
        self.entries.is_none()
            && self.store_now_ms.is_none()
            && self.entry.is_none()
            && self.tat_us.is_none()
            && self.count.is_none()
            && self.next.is_none()
            && self.signature.is_none()
            && self.valid.is_none()
    }
}

#[derive(Clone, Copy)]
enum StoreErrorText {
    Unavailable,
    Unknown,
    Corrupt,
    TooLarge,
}

as_names! { StoreErrorText { Unavailable = "unavailable", Unknown = "unknown", Corrupt = "corrupt", TooLarge = "too_large", } }

object! {
    /// An entry, with its key where it is one of a list.
    #[json(read)]
    struct ListedEntry {
        key: Option<RecordKey>,
        version: Version,
        value: GivenValue,
        expires_at_ms: u64,
        subject: Option<RecordKey>,
        client: Option<RecordKey>,
    }
}

impl ListedEntry {
    fn loaded(self) -> Result<Entry> {
        let ListedEntry { key, version, value, expires_at_ms, subject, client } = self;
        match key {
            None => Ok(GivenEntry { version, value, expires_at_ms, subject, client }.into()),
            Some(_) => Err(wrong("an entry of `loaded` with a `key`")),
        }
    }

    fn listed(mut self) -> Result<(RecordKey, Entry)> {
        let key = needed("key", self.key.take())?;
        Ok((key, self.loaded()?))
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

/// An entry of a list, with its key.
struct Listed<'a>(&'a RecordKey, &'a Entry);

impl ToJson for Listed<'_> {
    fn write_json(&self, out: &mut Vec<u8>) {
        write_entry(out, Some(self.0), self.1);
    }
}

impl ToJson for Reply {
    fn write_json(&self, out: &mut Vec<u8>) {
        out.push(b'{');
        let mut member = |name, value: &dyn ToJson| write_member(out, name, value);
        match self {
            Reply::Loaded { entries, store_now_ms } => {
                member("reply", &"loaded");
                member("entries", entries);
                store_now_ms.iter().for_each(|now| member("store_now_ms", now));
            }
            Reply::Done => member("reply", &"done"),
            Reply::Conflict(entry) => {
                member("reply", &"conflict");
                member("entry", entry);
            }
            Reply::Admitted { tat_us } => {
                member("reply", &"admitted");
                member("tat_us", tat_us);
            }
            Reply::Denied { tat_us } => {
                member("reply", &"denied");
                member("tat_us", tat_us);
            }
            Reply::Removed(count) => {
                member("reply", &"removed");
                member("count", count);
            }
            Reply::Listed { entries, next } => {
                let entries: Vec<Listed<'_>> =
                    entries.iter().map(|(key, entry)| Listed(key, entry)).collect();
                member("reply", &"listed");
                member("entries", &entries);
                member("next", next);
            }
            Reply::Signed(signature) => {
                member("reply", &"signed");
                member("signature", &Bytes(signature));
            }
            Reply::Verified(valid) => {
                member("reply", &"verified");
                member("valid", valid);
            }
        }
        out.push(b'}');
    }
}

object! {
    #[json(write)]
    struct ErrorText {
        error: StoreErrorText,
    }
}

impl From<&StoreError> for StoreErrorText {
    fn from(error: &StoreError) -> Self {
        match error {
            StoreError::Unavailable => StoreErrorText::Unavailable,
            StoreError::Unknown => StoreErrorText::Unknown,
            StoreError::Corrupt => StoreErrorText::Corrupt,
            StoreError::TooLarge => StoreErrorText::TooLarge,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{ENTRY, entry, key};
    use super::*;

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
            assert_eq!(Reply::to_json(&reply), text);
        }
    }

    #[test]
    fn what_is_no_reply_is_refused() {
        for (text, said) in [
            ("", "not valid JSON at byte 0"),
            ("{}", "reply: this field is required"),
            (r#"{"reply":"yes"}"#, "must be one of: "),
            (r#"{"error":"yes"}"#, "must be one of: "),
            (r#"{"reply":"loaded","entries":[{}]}"#, "entries[0].version: this field is required"),
            (r#"{"reply":"signed","signature":"=="}"#, "base64url"),
            (r#"{"reply":"signed"}"#, "signature: this field is required"),
            (r#"{"reply":"done","valid":true}"#, "another reply"),
            (r#"{"reply":"done","error":"unknown"}"#, "both"),
            (r#"{"reply":"listed","entries":[null]}"#, "entries: this field is required"),
            (&format!(r#"{{"reply":"conflict","entry":{}}}"#, ENTRY.replace("AQEBAQEBAQE", "AQ")), "8 to 16"),
            (&format!(r#"{{"reply":"conflict","entry":{}}}"#, ENTRY.replace("cw", "")), "1 to 128"),
        ] {
            let error = Reply::from_json(text).unwrap_err();
            assert_eq!(error.code(), ErrorCode::InvalidRequest);
            assert!(error.to_string().contains(said), "{text}: {error}");
        }
    }
}
