//! How entries and limits are laid out.
//!
//! An entry is a hash: `v` version, `d` value, `e` expires_at_ms in decimal, and `s` subject and `c` client where it
//! has them. A limit is a string, its theoretical arrival time in microseconds.

use redis::Cmd;
use tokenmint::{Entry, Index, IndexValue, RecordKey, StoreError, Version};

/// What the name of an entry begins with; the key's bytes follow as they are.
pub(super) const ENTRY: &[u8] = b"tokenmint:e:";
/// What the name of a limit begins with.
pub(super) const CELL: &[u8] = b"tokenmint:c:";

/// The fields of an entry as they are read, each of them perhaps missing.
pub(super) type Fields = Vec<Option<Vec<u8>>>;

/// The name of a key within one of the two name spaces.
pub(super) fn name(space: &[u8], key: &RecordKey) -> Vec<u8> {
    [space, key.as_bytes()].concat()
}

/// The key that a name stands for, where it is one of this name space.
pub(super) fn key_of(space: &[u8], name: &[u8]) -> Option<RecordKey> {
    RecordKey::new(name.strip_prefix(space)?)
}

/// Reads the entry of this name, to be answered by [`Fields`].
pub(super) fn read(name: &[u8]) -> Cmd {
    let mut command = redis::cmd("HMGET");
    command.arg(name).arg(&["v", "d", "e", "s", "c"]);
    command
}

/// Reads the field by which the entry of this name is listed.
pub(super) fn read_index(name: &[u8], by: &IndexValue) -> Cmd {
    let field = match by {
        IndexValue::Subject(_) => "s",
        IndexValue::Client(_) => "c",
    };
    let mut command = redis::cmd("HGET");
    command.arg(name).arg(field);
    command
}

/// An entry from its fields; none where there is nothing.
pub(super) fn entry(fields: Fields) -> Result<Option<Entry>, StoreError> {
    let [version, value, expires, subject, client]: [_; 5] =
        fields.try_into().map_err(|_| StoreError::Corrupt)?;
    let (version, value, expires) = match (version, value, expires) {
        (Some(version), Some(value), Some(expires)) => (version, value, expires),
        (None, None, None) => return Ok(None),
        _ => return Err(StoreError::Corrupt),
    };
    let indexed = |value: Option<Vec<u8>>| {
        value.map(|value| RecordKey::new(&value).ok_or(StoreError::Corrupt)).transpose()
    };
    Ok(Some(Entry {
        version: Version::new(&version).ok_or(StoreError::Corrupt)?,
        value,
        expires_at_ms: number(&expires)?,
        index: Index { subject: indexed(subject)?, client: indexed(client)? },
    }))
}

/// A number from its decimal text.
pub(super) fn number(text: &[u8]) -> Result<u64, StoreError> {
    std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()).ok_or(StoreError::Corrupt)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_a_whole_entry_is_corrupt() {
        let fields = |parts: [Option<&str>; 5]| entry(parts.map(|part| part.map(Into::into)).into());
        assert_eq!(fields([None; 5]), Ok(None));
        let whole = [Some("12345678"), Some(""), Some("7"), None, Some("web")];
        let read = fields(whole).unwrap().unwrap();
        assert_eq!((read.expires_at_ms, read.value.len()), (7, 0));
        assert_eq!(read.index, Index { subject: None, client: RecordKey::new(b"web") });
        for (at, wrong) in
            [(0, None), (0, Some("short")), (1, None), (2, Some("-1")), (2, Some("7.5")), (3, Some(""))]
        {
            let mut parts = whole;
            parts[at] = wrong;
            assert_eq!(fields(parts), Err(StoreError::Corrupt), "field {at}: {wrong:?}");
        }
        assert_eq!(entry(vec![None; 4]), Err(StoreError::Corrupt));
    }
}
