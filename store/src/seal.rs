//! Values sealed at rest: who reads the data base sees no personal data, and cannot change or move a value.
//!
//! AES-256-GCM-SIV (RFC 8452) with a random nonce. The associated data are the entry's key, version and expiry, so a
//! value is good in its own place only. A key file may hold several keys, one a line: the first seals, all open.

use std::path::Path;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::digest::{SHA256, digest};
use tokenmint::{Entry, RecordKey, Reply, Result, Secret, StoreError};

use crate::target::invalid;

/// What a sealed value begins with: the form, and the first bytes of the SHA-256 of the key.
const FORM: u8 = 1;
const ID: usize = 4;

/// The keys that values are sealed with.
pub(crate) struct Seal(Vec<SealingKey>);

struct SealingKey {
    id: [u8; ID],
    key: LessSafeKey,
}

impl Seal {
    /// Reads a file: 32 bytes in hexadecimal or base64url a line; the first line's key seals, all open.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let wrong = |reason: String| invalid("sealing_key_file", reason);
        let text = std::fs::read(path).map_err(|error| wrong(format!("{}: {error}", path.display())))?;
        let text = Secret::from(text);
        let keys: Option<Vec<_>> = text
            .expose()
            .split(|byte| *byte == b'\n')
            .map(<[u8]>::trim_ascii)
            .filter(|line| !line.is_empty())
            .map(SealingKey::parse)
            .collect();
        match keys {
            Some(keys) if !keys.is_empty() => Ok(Seal(keys)),
            _ => Err(wrong(
                "each line is a key: 32 random bytes as 64 hexadecimal digits, as `openssl rand -hex 32` prints them"
                    .to_owned(),
            )),
        }
    }

    /// Seals the value of an entry.
    pub(crate) fn seal(&self, key: &RecordKey, entry: &mut Entry) -> Result<(), StoreError> {
        let sealing = self.0.first().ok_or(StoreError::Corrupt)?;
        let mut nonce = [0; NONCE_LEN];
        aws_lc_rs::rand::fill(&mut nonce).map_err(|_| StoreError::Unavailable)?;
        let context = context(key, entry);
        let mut sealed = Vec::with_capacity(1 + ID + NONCE_LEN + entry.value.len() + 16);
        sealed.push(FORM);
        sealed.extend_from_slice(&sealing.id);
        sealed.extend_from_slice(&nonce);
        let nonce = Nonce::assume_unique_for_key(nonce);
        let mut body = std::mem::take(&mut entry.value);
        sealing
            .key
            .seal_in_place_append_tag(nonce, Aad::from(context), &mut body)
            .map_err(|_| StoreError::Corrupt)?;
        sealed.append(&mut body);
        entry.value = sealed;
        Ok(())
    }

    /// Whether an entry is sealed by the key that seals now.
    pub(crate) fn seals_as(&self, entry: &Entry) -> bool {
        let sealed_by = entry.value.get(1..=ID);
        self.0.first().is_some_and(|key| sealed_by == Some(key.id.as_slice()))
    }

    /// Opens the value of an entry; one that was altered, moved or never sealed is refused.
    pub(crate) fn open(&self, key: &RecordKey, entry: &mut Entry) -> Result<(), StoreError> {
        let context = context(key, entry);
        let head = entry.value.split_first_chunk::<{ 1 + ID + NONCE_LEN }>();
        let ([FORM, head @ ..], body) = head.ok_or(StoreError::Corrupt)? else {
            return Err(StoreError::Corrupt);
        };
        let (id, nonce) = head.split_first_chunk::<ID>().ok_or(StoreError::Corrupt)?;
        let nonce: [u8; NONCE_LEN] = nonce.try_into().map_err(|_| StoreError::Corrupt)?;
        let sealed = self.0.iter().find(|key| key.id == *id).ok_or(StoreError::Corrupt)?;
        let mut body = body.to_vec();
        let nonce = Nonce::assume_unique_for_key(nonce);
        let opened = sealed.key.open_in_place(nonce, Aad::from(context), &mut body);
        let length = opened.map_err(|_| StoreError::Corrupt)?.len();
        body.truncate(length);
        entry.value = body;
        Ok(())
    }

    /// Opens the values of a reply; `keys` are those that were asked for.
    pub(crate) fn unsealed(&self, keys: &[RecordKey], mut reply: Reply) -> Result<Reply, StoreError> {
        match &mut reply {
            Reply::Loaded { entries, .. } => {
                for (key, entry) in keys.iter().zip(entries) {
                    if let Some(entry) = entry {
                        self.open(key, entry)?;
                    }
                }
            }
            Reply::Conflict(Some(entry)) => self.open(keys.first().ok_or(StoreError::Corrupt)?, entry)?,
            Reply::Listed { entries, .. } => {
                for (key, entry) in entries {
                    self.open(key, entry)?;
                }
            }
            _ => {}
        }
        Ok(reply)
    }
}

impl SealingKey {
    fn parse(line: &[u8]) -> Option<Self> {
        let line = std::str::from_utf8(line).ok().filter(|line| line.len() == 64)?;
        let mut bytes = [0; 32];
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(line.get(2 * at..2 * at + 2)?, 16).ok()?;
        }
        let bytes = Secret::from(bytes.as_slice());
        let id = digest(&SHA256, bytes.expose());
        let id = *id.as_ref().first_chunk()?;
        let key = UnboundKey::new(&AES_256_GCM_SIV, bytes.expose()).ok()?;
        Some(SealingKey { id, key: LessSafeKey::new(key) })
    }
}

/// What a value belongs to.
fn context(key: &RecordKey, entry: &Entry) -> Vec<u8> {
    let (key, version) = (key.as_bytes(), entry.version.as_bytes());
    let mut context = Vec::with_capacity(key.len() + version.len() + 10);
    context.push(u8::try_from(key.len()).unwrap_or(u8::MAX));
    context.extend_from_slice(key);
    context.push(u8::try_from(version.len()).unwrap_or(u8::MAX));
    context.extend_from_slice(version);
    context.extend_from_slice(&entry.expires_at_ms.to_be_bytes());
    context
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokenmint::{Index, Version};

    fn seal(lines: &str) -> Result<Seal> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, lines).unwrap();
        Seal::read(&path)
    }

    fn key(name: &str) -> RecordKey {
        RecordKey::new(name.as_bytes()).unwrap()
    }

    fn entry() -> Entry {
        let version = Version::new(&[1; 16]).unwrap();
        Entry { version, value: b"personal".to_vec(), expires_at_ms: 7, index: Index::default() }
    }

    #[test]
    fn a_sealed_value_is_good_in_its_place_only() {
        let seal = seal(&"ab".repeat(32)).unwrap();
        let mut sealed = entry();
        seal.seal(&key("a"), &mut sealed).unwrap();
        assert!(!sealed.value.windows(8).any(|part| part == b"personal"));

        let opened = |key: &RecordKey, entry: &Entry| {
            let mut entry = entry.clone();
            seal.open(key, &mut entry).map(|()| entry.value)
        };
        assert_eq!(opened(&key("a"), &sealed), Ok(b"personal".to_vec()));
        assert_eq!(opened(&key("b"), &sealed), Err(StoreError::Corrupt), "moved to another key");
        let later = Entry { expires_at_ms: 8, ..sealed.clone() };
        assert_eq!(opened(&key("a"), &later), Err(StoreError::Corrupt), "given another expiry");
        let older = Entry { version: Version::new(&[2; 16]).unwrap(), ..sealed.clone() };
        assert_eq!(opened(&key("a"), &older), Err(StoreError::Corrupt), "given another version");
        for at in 0..sealed.value.len() {
            let mut altered = sealed.clone();
            altered.value[at] ^= 1;
            assert_eq!(opened(&key("a"), &altered), Err(StoreError::Corrupt), "byte {at}");
            altered.value.truncate(at);
            assert_eq!(opened(&key("a"), &altered), Err(StoreError::Corrupt), "the first {at} bytes");
        }
        assert_eq!(opened(&key("a"), &entry()), Err(StoreError::Corrupt), "never sealed");
    }

    #[test]
    fn a_new_key_seals_and_the_old_one_still_opens() {
        let (old, new) = ("ab".repeat(32), "cd".repeat(32));
        let mut before = entry();
        seal(&old).unwrap().seal(&key("a"), &mut before).unwrap();
        let both = seal(&format!("{new}\n{old}\n")).unwrap();
        both.open(&key("a"), &mut before.clone()).unwrap();
        let mut after = entry();
        both.seal(&key("a"), &mut after).unwrap();
        assert!(seal(&old).unwrap().open(&key("a"), &mut after.clone()).is_err());
        seal(&new).unwrap().open(&key("a"), &mut after).unwrap();
    }

    #[test]
    fn a_file_without_a_key_is_refused_and_not_repeated() {
        for lines in ["", "\n", "abc", &"xy".repeat(32), &format!("{}\nshort", "ab".repeat(32))] {
            let error = seal(lines).err().unwrap();
            assert_eq!(error.field(), Some("sealing_key_file"));
            assert!(!error.to_string().contains("xyxy"));
        }
        assert!(Seal::read(Path::new("no such file")).is_err());
    }
}
