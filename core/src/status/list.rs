//! A list: read from its token (draft-ietf-oauth-status-list section 5.1), and looked up (section 4.1).

use super::inflate::inflate;
use crate::encoding::from_base64url;
use crate::error::{Error, ErrorCode, Result};
use crate::fetches::{distance, seconds};
use crate::json::{self, object};
use crate::time::{Lifetime, UnixTime};
use crate::token::verified::Verified;

/// The largest list that is taken, inflated: 2^20 tokens of 8 bits, or 2^23 of one.
const MAX_LIST: usize = 1 << 20;

object! {
    #[json(read)]
    struct StatusList {
        bits: u8,
        lst: String,
    }
}

/// A status list token that was verified, whose list is not inflated yet: for a host that does it by itself. Others use
/// [`StatusLists::fetched`](crate::StatusLists::fetched).
#[derive(Clone, Debug)]
pub struct OpenedList {
    pub(super) url: String,
    bits: u8,
    compressed: Vec<u8>,
    pub(super) issued_at: UnixTime,
    expires_at: Option<UnixTime>,
    /// How long it may be kept, in seconds.
    time_to_live: Option<i64>,
}

impl OpenedList {
    /// The list in the ZLIB format (RFC 1950).
    pub fn compressed(&self) -> &[u8] {
        &self.compressed
    }

    /// The most bytes that it may have when it is inflated: whoever inflates it stops there, and refuses it.
    pub fn most(&self) -> usize {
        MAX_LIST
    }

    /// Inflates the list.
    ///
    /// # Errors
    /// `status_list_malformed` where it is not in that format, is cut off, has something behind its end, or would have
    /// more bytes than [`OpenedList::most`].
    pub fn inflate(&self) -> Result<Vec<u8>> {
        inflate(&self.compressed, MAX_LIST).map_err(|fault| malformed("status_list.lst", fault))
    }

    /// What a token says that was verified as the list of this URL.
    pub(super) fn read(verified: &Verified, url: String) -> Result<Self> {
        let missing = || malformed("status_list", "the claim is required and missing");
        let list = verified.claim_json("status_list").ok_or_else(missing)?;
        let list: StatusList = json::from_written(list)
            .map_err(|misfit| misfit.within("status_list").error(ErrorCode::StatusListMalformed))?;
        if ![1, 2, 4, 8].contains(&list.bits) {
            return Err(malformed("status_list.bits", "must be 1, 2, 4 or 8"));
        }
        let compressed = from_base64url(&list.lst)
            .ok_or_else(|| malformed("status_list.lst", "must be base64url without padding"))?;
        let issued_at = verified.issued_at().ok_or(Error::new(ErrorCode::ClaimMissing).at("iat"))?;
        let expires_at = verified.expires_at();
        let time_to_live = verified.claim_json("ttl").map(positive).transpose()?;
        Ok(OpenedList { url, bits: list.bits, compressed, issued_at, expires_at, time_to_live })
    }
}

/// `ttl`: a positive number of seconds, of which a part counts as a whole one.
fn positive(value: &str) -> Result<i64> {
    match json::number(value) {
        #[allow(clippy::cast_possible_truncation)] // a float beyond the ends becomes the end
        Some(seconds) if seconds > 0.0 => Ok(seconds.ceil() as i64),
        _ => Err(malformed("ttl", "must be a positive number of seconds")),
    }
}

fn malformed(field: &'static str, fault: &'static str) -> Error {
    Error::new(ErrorCode::StatusListMalformed).at(field).because(fault)
}

/// A list that is used.
#[derive(Debug)]
pub(super) struct List {
    bits: u8,
    bytes: Box<[u8]>,
    pub(super) issued_at: UnixTime,
    fetched_at: UnixTime,
    /// How long it is fresh, in seconds from when it was fetched.
    fresh_seconds: i64,
    /// When it says nothing any more: at its `exp`, or without one when it is no longer fresh.
    pub(super) good_until: UnixTime,
}

impl List {
    pub(super) fn new(opened: &OpenedList, bytes: Vec<u8>, longest: Lifetime, now: UnixTime) -> Result<Self> {
        if bytes.len() > MAX_LIST {
            return Err(malformed("status_list.lst", "the list is larger than any that is taken"));
        }
        let longest = seconds(longest.seconds());
        let fresh_seconds = opened.time_to_live.unwrap_or(longest).min(longest);
        let good_until = opened
            .expires_at
            .unwrap_or_else(|| UnixTime::from_seconds(now.seconds().saturating_add(fresh_seconds)));
        Ok(List {
            bits: opened.bits,
            bytes: bytes.into_boxed_slice(),
            issued_at: opened.issued_at,
            fetched_at: now,
            fresh_seconds,
            good_until,
        })
    }

    /// Whether there is no reason to fetch it again; a clock that was set back by more than a cooldown is one.
    #[inline]
    pub(super) fn is_fresh(&self, now: UnixTime, cooldown: Lifetime) -> bool {
        let age = distance(now, self.fetched_at);
        age < self.fresh_seconds && now < self.good_until && age > -seconds(cooldown.seconds())
    }

    /// The state at an index; `None` outside of the list. Bits are counted from the least significant one on.
    #[inline]
    pub(super) fn state(&self, index: u64) -> Option<u8> {
        let bits = u32::from(self.bits);
        // 8, 4, 2 or 1 in a byte.
        let in_byte = 3 - bits.trailing_zeros();
        let byte = *self.bytes.get(usize::try_from(index >> in_byte).ok()?)?;
        let place = u32::try_from(index).unwrap_or(index as u32) & ((1 << in_byte) - 1);
        Some((byte >> (place * bits)) & (u8::MAX >> (8 - bits)))
    }

    /// How many states it has.
    pub(super) fn len(&self) -> usize {
        self.bytes.len() * 8 / usize::from(self.bits)
    }
}
