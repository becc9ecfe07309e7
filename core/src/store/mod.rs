//! The storage contract: one function, five commands, data only; and two commands for keys that the host holds.
//!
//! A store maps keys to entries and is linearizable per key. It never looks inside a value and never judges time:
//! `expires_at_ms` is only the permission to forget an entry, some time after it. What the flows keep
//! in it, and for how long, is listed in `docs/storage.md`.

use std::cmp::Ordering;
use std::fmt;
use std::future::Future;
use std::hash::{Hash, Hasher};

pub use memory::MemoryStore;
pub use signer::{AsyncSigner, Signer, WithSigner};

use crate::error::ErrorCode;
use crate::json::as_names;
use crate::key::Algorithm;

mod debug;
mod json;
mod memory;
mod signer;

/// The largest value of an entry, in bytes.
pub const MAX_VALUE: usize = 64 * 1024;

/// The longest key of an entry, in bytes.
pub const MAX_KEY: usize = 128;

/// How long after its expiry an entry is kept at least, in milliseconds: more than any clock skew and any request.
pub const SLACK_MS: u64 = 3_600_000;

/// How far a store's clock and the host's may differ before somebody should look, in milliseconds.
pub const MAX_SKEW_MS: u64 = 2000;

/// What a flow asks of the store, or of whoever holds a key for it.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command {
    /// Reads 1 to 8 entries; answered by [`Reply::Loaded`] in the same order.
    Load {
        /// The keys to read.
        keys: Vec<RecordKey>,
    },
    /// Writes one entry if it is as expected, all or nothing; answered by [`Reply::Done`] or [`Reply::Conflict`].
    Cas {
        /// The entry to write.
        key: RecordKey,
        /// What must be there now; compared by version only.
        expect: Expect,
        /// What shall be there then.
        write: Write,
    },
    /// Admits or denies one event by GCRA; answered by [`Reply::Admitted`] or [`Reply::Denied`].
    ///
    /// With `tat` the stored time (0 at first): `next = max(tat, now) + cost * interval`; admitted, and stored, if and
    /// only if `next - now <= burst`. A denial writes nothing.
    Throttle {
        /// The limit's key; a name space of its own.
        key: RecordKey,
        /// Microseconds between two events at the steady rate.
        interval_us: u64,
        /// How many microseconds ahead of the steady rate events may run.
        burst_us: u64,
        /// How many events this one counts for.
        cost: u32,
        /// The time in microseconds since 1970. A shared store uses its own clock instead.
        now_us: u64,
    },
    /// Forgets entries whose `expires_at_ms` is before `before_ms`; answered by [`Reply::Removed`].
    Sweep {
        /// Entries that expired before this time may go. The caller has taken [`SLACK_MS`] off.
        before_ms: u64,
        /// At most so many.
        limit: u32,
    },
    /// Lists entries by an index, in the order of their keys; answered by [`Reply::Listed`].
    List {
        /// Which index, and the value to look for.
        by: IndexValue,
        /// Only keys after this one.
        after: Option<RecordKey>,
        /// At most so many.
        limit: u32,
    },
    /// Signs with a key that the host holds ([`Key::held_by_host`](crate::Key::held_by_host)); answered by
    /// [`Reply::Signed`]. A store has no keys and answers [`StoreError::Unavailable`]; see [`WithSigner`].
    Sign {
        /// The key, by the id that it was made known with.
        kid: String,
        /// How to sign. The host hashes as the algorithm says: RS256 over SHA-256 of the message, and so on.
        algorithm: Algorithm,
        /// What to sign: the first two parts of the token with their dot (RFC 7515 section 5.1 step 5).
        message: Vec<u8>,
    },
    /// Checks a signature with a key of which the core has not even the public half; answered by
    /// [`Reply::Verified`].
    VerifySignature {
        /// The key, by the id that it was made known with.
        kid: String,
        /// How it was signed.
        algorithm: Algorithm,
        /// What was signed.
        message: Vec<u8>,
        /// The signature, in the form of JWS and of the length that the algorithm has.
        signature: Vec<u8>,
    },
}

/// What a store answers.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reply {
    /// The entries of a [`Command::Load`], in the order of its keys.
    Loaded {
        /// One for each key.
        entries: Vec<Option<Entry>>,
        /// The store's own clock, in milliseconds since 1970, where it tells it. One that is off gives the event
        /// `clock_skew`.
        store_now_ms: Option<u64>,
    },
    /// A [`Command::Cas`] was done, and is durable as the store declares.
    Done,
    /// A [`Command::Cas`] was not done: this is the entry, as of not before the comparison.
    Conflict(Option<Entry>),
    /// A [`Command::Throttle`] was admitted; this time is stored now.
    Admitted {
        /// The theoretical arrival time, in microseconds since 1970.
        tat_us: u64,
    },
    /// A [`Command::Throttle`] was denied; nothing was written.
    Denied {
        /// The theoretical arrival time as it is stored, in microseconds since 1970.
        tat_us: u64,
    },
    /// How many entries a [`Command::Sweep`] removed.
    Removed(u64),
    /// The entries of a [`Command::List`].
    Listed {
        /// Keys and entries, in the order of the keys.
        entries: Vec<(RecordKey, Entry)>,
        /// Where to go on; `None` at the end.
        next: Option<RecordKey>,
    },
    /// The signature that a [`Command::Sign`] asked for, in the form of JWS: for ES256 and its like r and s, each of
    /// the curve's length (RFC 7518 section 3.4), which is not the DER that many signers give.
    Signed(Vec<u8>),
    /// Whether the signature of a [`Command::VerifySignature`] is the key's.
    Verified(bool),
}

/// Why a store could not answer. There are no other reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StoreError {
    /// Certainly not done.
    Unavailable,
    /// Maybe done: the core finds out by reading the version back.
    Unknown,
    /// The store holds something it cannot give back as it was written.
    Corrupt,
    /// The value or key is over the limits.
    TooLarge,
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            StoreError::Unavailable => "the store is unavailable; nothing was changed",
            StoreError::Unknown => "the store did not confirm; the change may have happened",
            StoreError::Corrupt => "the store holds an entry that cannot be read",
            StoreError::TooLarge => "the entry is too large for the store",
        })
    }
}

impl std::error::Error for StoreError {}

impl From<StoreError> for ErrorCode {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable => ErrorCode::StoreUnavailable,
            StoreError::Unknown => ErrorCode::StoreUnknown,
            StoreError::Corrupt => ErrorCode::StoreCorrupt,
            StoreError::TooLarge => ErrorCode::StoreTooLarge,
        }
    }
}

/// A store that answers at once or blocks.
pub trait Store: Send + Sync {
    /// Carries out one command.
    ///
    /// # Errors
    /// One of the four reasons of [`StoreError`].
    fn execute(&self, command: Command) -> Result<Reply, StoreError>;

    /// How long an acknowledged write lasts.
    fn durability(&self) -> Durability {
        Durability::Process
    }
}

impl<S: Store + ?Sized> Store for &S {
    fn execute(&self, command: Command) -> Result<Reply, StoreError> {
        (**self).execute(command)
    }

    fn durability(&self) -> Durability {
        (**self).durability()
    }
}

/// A store that answers later. Dropping the future may leave the command done or not done, nothing between.
pub trait AsyncStore: Send + Sync {
    /// Carries out one command.
    ///
    /// # Errors
    /// One of the four reasons of [`StoreError`].
    fn execute(&self, command: Command) -> impl Future<Output = Result<Reply, StoreError>> + Send;

    /// How long an acknowledged write lasts.
    fn durability(&self) -> Durability {
        Durability::Process
    }
}

impl<S: AsyncStore + ?Sized> AsyncStore for &S {
    fn execute(&self, command: Command) -> impl Future<Output = Result<Reply, StoreError>> + Send {
        (**self).execute(command)
    }

    fn durability(&self) -> Durability {
        (**self).durability()
    }
}

/// How long an acknowledged write lasts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Durability {
    /// As long as the process.
    #[default]
    Process,
    /// It survives a crash of the machine.
    Disk,
    /// It survives the loss of a machine.
    Replicated,
}

as_names! { Durability { Process = "process", Disk = "disk", Replicated = "replicated", } }

/// The key of an entry: 1 to 128 bytes, any bytes, compared byte for byte.
#[derive(Clone)]
pub struct RecordKey(KeyBytes);

/// Where the bytes of a key are: every key of the flows is short enough to stand in place.
#[derive(Clone)]
enum KeyBytes {
    Short { len: u8, bytes: [u8; SHORT] },
    Long(Box<[u8]>),
}

/// The longest key that needs no allocation, in bytes.
const SHORT: usize = 54;

impl RecordKey {
    /// A key from its bytes; `None` where there are none or more than 128.
    pub fn new(bytes: &[u8]) -> Option<Self> {
        (1..=MAX_KEY).contains(&bytes.len()).then(|| Self::of_parts(bytes, &[]))
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            KeyBytes::Short { len, bytes } => bytes.get(..usize::from(*len)).unwrap_or_default(),
            KeyBytes::Long(bytes) => bytes,
        }
    }

    fn of_parts(first: &[u8], second: &[u8]) -> Self {
        let len = first.len() + second.len();
        let mut bytes = [0; SHORT];
        match (bytes.get_mut(..len), u8::try_from(len)) {
            (Some(place), Ok(len)) => {
                place.iter_mut().zip(first.iter().chain(second)).for_each(|(to, from)| *to = *from);
                RecordKey(KeyBytes::Short { len, bytes })
            }
            _ => RecordKey(KeyBytes::Long([first, second].concat().into())),
        }
    }

    /// The key of a record of some kind, named by parts of any length: the kind, and the SHA-256 of the parts with
    /// their lengths. Short, of one length, without personal data, and never the same for other parts.
    ///
    /// ```
    /// use tokenmint::{Command, IndexValue, RecordKey};
    /// // Asks for everything about an end user.
    /// let by = IndexValue::Subject(RecordKey::of("subject", &["u1"]));
    /// let list = Command::List { by, after: None, limit: 100 };
    /// assert_ne!(RecordKey::of("subject", &["a", "b"]), RecordKey::of("subject", &["ab"]));
    /// ```
    pub fn of(kind: &'static str, parts: &[&str]) -> Self {
        use sha2::{Digest, Sha256};
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        let mut end = [b'/'; 33];
        if let Some(place) = end.last_chunk_mut() {
            *place = hash.finalize().into();
        }
        Self::of_parts(kind.as_bytes(), &end)
    }
}

impl PartialEq for RecordKey {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for RecordKey {}

impl PartialOrd for RecordKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for RecordKey {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl Hash for RecordKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl fmt::Debug for RecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.as_bytes();
        let kind = bytes.split(|byte| *byte == b'/').next().unwrap_or_default();
        write!(f, "RecordKey({}/{})", kind.escape_ascii(), crate::encoding::fingerprint(bytes))
    }
}

/// The version of an entry: 8 to 16 bytes, chosen at random by whoever writes.
///
/// A random version makes a write recognisable after a lost answer, and rules out ABA after a delete.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Version {
    bytes: [u8; 16],
    len: u8,
}

impl Version {
    /// A version from its bytes; `None` where there are not 8 to 16.
    pub fn new(bytes: &[u8]) -> Option<Self> {
        let mut own = [0; 16];
        if bytes.len() < 8 {
            return None;
        }
        own.get_mut(..bytes.len())?.copy_from_slice(bytes);
        Some(Version { bytes: own, len: u8::try_from(bytes.len()).ok()? })
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }

    pub(crate) fn random(entropy: &mut crate::Entropy) -> Self {
        Version { bytes: entropy.bytes(), len: 16 }
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Version({})", crate::encoding::hex(self.as_bytes()))
    }
}

impl fmt::Display for Durability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Durability::Process => "process",
            Durability::Disk => "disk",
            Durability::Replicated => "replicated",
        })
    }
}

/// A stored record.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// Who wrote it last.
    pub version: Version,
    /// At most 64 KiB that only the core understands.
    pub value: Vec<u8>,
    /// When it may be forgotten, in milliseconds since 1970; never before this plus [`SLACK_MS`].
    pub expires_at_ms: u64,
    /// By what it is listed.
    pub index: Index,
}

// A record may hold personal data: its debug text shows the size only.
impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Entry({:?}, {} bytes, expires_at_ms {})",
            self.version,
            self.value.len(),
            self.expires_at_ms
        )
    }
}

/// What must be there for a [`Command::Cas`] to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// No entry.
    Absent,
    /// The entry of this version.
    Version(Version),
}

/// What a [`Command::Cas`] writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// This entry.
    Put(Entry),
    /// No entry.
    Delete,
}

/// The values by which an entry is found with [`Command::List`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Index {
    /// The subject it is about.
    pub subject: Option<RecordKey>,
    /// The client it belongs to.
    pub client: Option<RecordKey>,
}

/// An index and the value to look for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IndexValue {
    /// Entries about this subject.
    Subject(RecordKey),
    /// Entries of this client.
    Client(RecordKey),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_other_parts_differ() {
        let keys = [
            RecordKey::of("user", &["a", "bc"]),
            RecordKey::of("user", &["ab", "c"]),
            RecordKey::of("user", &["abc"]),
            RecordKey::of("user", &["abc", ""]),
            RecordKey::of("users", &["abc"]),
        ];
        for (index, key) in keys.iter().enumerate() {
            assert!(!keys[index + 1..].contains(key));
        }
    }

    #[test]
    fn sizes_are_bounded() {
        assert!(RecordKey::new(&[]).is_none() && RecordKey::new(&[0; 129]).is_none());
        for len in [1, SHORT, SHORT + 1, MAX_KEY] {
            let key = RecordKey::new(&vec![7; len]).unwrap();
            assert_eq!(key.as_bytes(), vec![7; len]);
            assert!(RecordKey::new(&vec![7; len - 1]).is_none_or(|shorter| shorter < key));
        }
        assert!(Version::new(&[0; 7]).is_none() && Version::new(&[0; 17]).is_none());
        assert_eq!(Version::new(&[1; 9]).unwrap().as_bytes(), [1; 9]);
    }
}
