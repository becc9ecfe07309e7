//! Calls that are repeated: one `Idempotency-Key` is one attempt, whose answer is given again.
//!
//! What an attempt is done with is written before it is done: its time, and a salt. So a call that is repeated before there is
//! an answer does the same again, and makes nothing new. Of several answers, which may differ in a signature, the one that is
//! kept first is everybody's. It is kept sealed, for it may hold a token: the store has neither the admin key nor the
//! `Idempotency-Key`, and the sealing key is made of both.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hmac;
use base64_simd::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use tokenmint::{
    AsyncStore, Command, Context, Entropy, Entry, Error, ErrorCode, Expect, Index, RecordKey, Reply, Result,
    Secret, StoreError, Version, Write,
};

/// The longest `Idempotency-Key`, in bytes.
pub(super) const LONGEST_KEY: usize = 200;

/// For how long an attempt is known, in microseconds: a day.
const KNOWN_US: u64 = 24 * 60 * 60 * 1_000_000;

/// How often a write is tried whose answer was lost, or before which another was first.
const MAX_ROUNDS: usize = 4;

/// What makes an attempt the same as another: who calls, what, and by which `Idempotency-Key`.
pub(super) struct Name<'a> {
    pub(super) key_id: &'a str,
    pub(super) bearer: &'a Secret,
    pub(super) operation: &'a str,
    pub(super) issuer: Option<&'a str>,
    pub(super) idempotency_key: &'a str,
}

/// An attempt that the store knows of.
pub(super) struct Attempt {
    key: RecordKey,
    entry: Entry,
    record: Record,
    secret: hmac::Key,
}

/// What the store keeps of an attempt.
#[derive(Clone, Deserialize, Serialize)]
struct Record {
    at_us: u64,
    salt: [u8; 32],
    /// Of the input, under the attempt's secret.
    input: [u8; 32],
    /// The answer, sealed, in base64.
    answer: Option<String>,
}

impl Attempt {
    /// The attempt of this name: the one that was begun within a day, or else a new one.
    pub(super) async fn begin(
        store: &impl AsyncStore,
        name: &Name<'_>,
        input: &str,
        context: &Context,
    ) -> Result<Self> {
        let parts = [name.key_id, name.operation, name.issuer.unwrap_or_default(), name.idempotency_key];
        let key = RecordKey::of("admin-attempt", &parts);
        let secret = derived(&hmac::Key::new(hmac::HMAC_SHA256, name.bearer.expose()), key.as_bytes());
        let secret = hmac::Key::new(hmac::HMAC_SHA256, &secret);
        let mut entropy = context.entropy();
        let new = Record {
            at_us: context.now_micros(),
            salt: entropy.bytes(),
            input: derived(&secret, input.as_bytes()),
            answer: None,
        };
        let fresh = entry(&new, &mut entropy)?;
        let mut expect = Expect::Absent;
        for _ in 0..MAX_ROUNDS {
            let write = Write::Put(fresh.clone());
            match store.execute(Command::Cas { key: key.clone(), expect, write }).await {
                Ok(Reply::Done) => return Ok(Attempt { key, entry: fresh, record: new, secret }),
                Ok(Reply::Conflict(Some(found))) => {
                    let record: Record = serde_json::from_slice(&found.value)
                        .map_err(|_| Error::new(ErrorCode::StoreCorrupt))?;
                    if record.at_us.saturating_add(KNOWN_US) > context.now_micros() {
                        let begun = Attempt { key, entry: found, record, secret };
                        return begun.of_input(&new.input);
                    }
                    expect = Expect::Version(found.version);
                }
                // It is over, and forgotten meanwhile.
                Ok(Reply::Conflict(None)) => expect = Expect::Absent,
                Ok(_) => return Err(ErrorCode::StoreCorrupt.into()),
                // The same again finds out.
                Err(StoreError::Unknown) => {}
                Err(error) => return Err(ErrorCode::from(error).into()),
            }
        }
        Err(ErrorCode::StoreBusy.into())
    }

    fn of_input(self, input: &[u8; 32]) -> Result<Self> {
        if self.record.input == *input {
            return Ok(self);
        }
        Err(Error::new(ErrorCode::AlreadyExists)
            .at("Idempotency-Key")
            .because("a call with this key had another input"))
    }

    /// What it is done with, each time.
    pub(super) fn context(&self) -> Context {
        Context::at_micros(self.record.at_us, self.part(b"seed"))
    }

    /// Its answer, where there is one.
    pub(super) fn answer(&self) -> Result<Option<String>> {
        let Some(sealed) = &self.record.answer else { return Ok(None) };
        self.open(sealed).map(Some).ok_or_else(|| ErrorCode::StoreCorrupt.into())
    }

    /// Keeps an answer, and gives the one that is kept: another call may have been first. Where that fails, or the answer is
    /// too large for a record, the next call does the same again.
    pub(super) async fn done(self, store: &impl AsyncStore, answer: String, entropy: &mut Entropy) -> String {
        let Some(sealed) = self.seal(&answer) else { return answer };
        let Ok(entry) = entry(&Record { answer: Some(sealed), ..self.record.clone() }, entropy) else {
            return answer;
        };
        let expect = Expect::Version(self.entry.version);
        for _ in 0..MAX_ROUNDS {
            let write = Write::Put(entry.clone());
            match store.execute(Command::Cas { key: self.key.clone(), expect, write }).await {
                Ok(Reply::Conflict(Some(found))) => return self.kept(&found).unwrap_or(answer),
                // The same again finds out.
                Err(StoreError::Unknown) => {}
                _ => break,
            }
        }
        answer
    }

    /// The answer in an entry of this attempt.
    fn kept(&self, found: &Entry) -> Option<String> {
        let record: Record = serde_json::from_slice(&found.value).ok()?;
        self.open(record.answer.as_deref()?)
    }

    /// Forgets it: nothing was done. Where that fails, the next call is done at the time of this one.
    pub(super) async fn refused(self, store: &impl AsyncStore) {
        let expect = Expect::Version(self.entry.version);
        let forgotten = Command::Cas { key: self.key.clone(), expect, write: Write::Delete };
        let _ = store.execute(forgotten).await;
    }

    fn part(&self, of: &[u8]) -> [u8; 32] {
        derived(&self.secret, &[&self.record.salt, of].concat())
    }

    fn sealing_key(&self) -> Option<RandomizedNonceKey> {
        RandomizedNonceKey::new(&AES_256_GCM, &self.part(b"seal")).ok()
    }

    /// The nonce, and behind it the answer and its tag.
    fn seal(&self, answer: &str) -> Option<String> {
        let mut sealed = answer.as_bytes().to_vec();
        let nonce = self.sealing_key()?.seal_in_place_append_tag(Aad::empty(), &mut sealed).ok()?;
        Some(BASE64.encode_to_string([nonce.as_ref().as_slice(), &sealed].concat()))
    }

    fn open(&self, sealed: &str) -> Option<String> {
        let sealed = BASE64.decode_to_vec(sealed).ok()?;
        let (nonce, sealed) = sealed.split_at_checked(NONCE_LEN)?;
        let (nonce, mut sealed) = (Nonce::try_assume_unique_for_key(nonce).ok()?, sealed.to_vec());
        let answer = self.sealing_key()?.open_in_place(nonce, Aad::empty(), &mut sealed).ok()?;
        String::from_utf8(answer.to_vec()).ok()
    }
}

fn entry(record: &Record, entropy: &mut Entropy) -> Result<Entry> {
    let value = serde_json::to_vec(record).map_err(|_| Error::new(ErrorCode::Internal))?;
    let version = Version::new(&entropy.bytes::<16>()).ok_or(ErrorCode::Internal)?;
    let expires_at_ms = record.at_us.saturating_add(KNOWN_US) / 1000;
    Ok(Entry { version, value, expires_at_ms, index: Index::default() })
}

fn derived(key: &hmac::Key, of: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(hmac::sign(key, of).as_ref());
    out
}
