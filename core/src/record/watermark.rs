//! Watermarks: up to when the tokens of an issuer, of a client or about a subject are revoked.
//!
//! A watermark is a counter that only moves forward: by one, or to the time in microseconds, whichever is more. A token
//! carries, as `epoch`, the sum of the counters of its issuer, client and subject when it was minted, and so does every
//! record that a token follows from: if any of them has moved since, the sum differs. Counters have no resolution, so a
//! token minted after a revocation lives, even in the same instant. A token minted without the store has no epoch and
//! falls to every watermark raised at or after the time in its id, or its `iat`.
//!
//! The issuer's own watermark is there from the first start on: where it is absent, the store is new or was wiped, and
//! whatever it knew to be revoked is forgotten. So it is raised before the first request, and every token that was
//! checked against the lost records falls.

use std::cmp::max_by_key;

use super::{Stored, decode_some};
use crate::error::{Error, ErrorCode, Result};
use crate::json::object;
use crate::store::RecordKey;
use crate::time::{Context, Moment};

/// The claim that holds the sum of the counters.
pub(crate) const EPOCH: &str = "epoch";

object! {
    /// A watermark.
    #[derive(Clone, Copy, Debug, Default)]
    #[json(read, write)]
    pub(crate) struct Mark {
        pub(crate) epoch: u64,
        issued_before: Moment,
    }
}

/// Whose tokens of an issuer a watermark is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Marked<'a> {
    All,
    Client(&'a str),
    Subject(&'a str),
}

impl Marked<'_> {
    /// The key of the watermark. RFC 7519 section 4.1.2: a subject is unique within its issuer, not beyond it.
    pub(crate) fn key(self, issuer: &str) -> RecordKey {
        match self {
            Marked::All => RecordKey::of("mark-issuer", &[issuer]),
            Marked::Client(id) => RecordKey::of("mark-client", &[issuer, id]),
            Marked::Subject(id) => RecordKey::of("mark-subject", &[issuer, id]),
        }
    }
}

/// By what the watermark of a subject is found: the end of its key.
pub(crate) fn subject_hash(issuer: &str, subject: &str) -> [u8; 32] {
    let key = Marked::Subject(subject).key(issuer);
    key.as_bytes().last_chunk().copied().unwrap_or_default()
}

/// The keys of the watermarks of the issuer, and of a subject that is known by its hash alone.
pub(crate) fn keys_by_hash(issuer: &str, subject_hash: [u8; 32]) -> Result<[RecordKey; 2]> {
    let by_subject = RecordKey::new(&[b"mark-subject/".as_slice(), &subject_hash].concat());
    Ok([Marked::All.key(issuer), by_subject.ok_or(ErrorCode::Internal)?])
}

/// The keys of the watermarks that a token is under.
pub(crate) fn keys(issuer: &str, client: &str, subject: &str) -> [RecordKey; 3] {
    [Marked::All, Marked::Client(client), Marked::Subject(subject)].map(|marked| marked.key(issuer))
}

/// The watermarks that a token is under.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Marks {
    epoch: u64,
    issued_before: Option<Moment>,
}

impl Marks {
    /// The watermarks of entries that were read with [`keys`], and of others that a token is under.
    pub(crate) fn read(entries: impl IntoIterator<Item = Option<Stored>>) -> Result<Self> {
        entries.into_iter().try_fold(Marks::default(), |marks, entry| marks.and(entry.as_ref()))
    }

    /// These, and one more.
    pub(crate) fn and(mut self, entry: Option<&Stored>) -> Result<Self> {
        if let Some(mark) = decode_some::<Mark>(entry)? {
            self.epoch = self.epoch.saturating_add(mark.epoch);
            self.issued_before = self.issued_before.max(Some(mark.issued_before.latest()));
        }
        Ok(self)
    }

    /// The sum that a token minted now carries.
    pub(crate) fn epoch(self) -> u64 {
        self.epoch
    }

    /// The one rule: refused if any watermark has moved since the token, or the record behind it, was made.
    pub(crate) fn check(self, epoch: Option<u64>, issued_at: Option<Moment>) -> Result<()> {
        let revoked = || Err(Error::new(ErrorCode::TokenRevoked));
        match epoch {
            Some(epoch) if epoch == self.epoch => Ok(()),
            Some(epoch) if epoch < self.epoch => revoked(),
            // More than the store has ever counted: it lost a write.
            Some(_) => Err(Error::new(ErrorCode::StoreRegressed)),
            None => match (self.issued_before, issued_at) {
                (None, _) => Ok(()),
                (Some(before), Some(issued_at)) if issued_at > before => Ok(()),
                _ => revoked(),
            },
        }
    }
}

impl Mark {
    /// The watermark moved forward.
    pub(crate) fn raised(self, context: &Context) -> Mark {
        Mark {
            // At least the time: after a store was wiped, no counter comes back to where it was.
            epoch: (self.epoch + 1).max(context.now_micros()),
            // The clock may step back; a watermark does not.
            issued_before: max_by_key(self.issued_before, context.moment(), |time| time.latest()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_watermark_of_a_subject_is_found_by_its_hash() {
        let [all, by_subject] = keys_by_hash("i", subject_hash("i", "u1")).unwrap();
        assert_eq!([all, by_subject], [Marked::All, Marked::Subject("u1")].map(|marked| marked.key("i")));
    }
}
