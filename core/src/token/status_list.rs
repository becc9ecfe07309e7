//! A status list as it is signed: a bit array, compressed, in a JWT (draft-ietf-oauth-status-list sections 4 and 5.1).

use miniz_oxide::deflate::core::{
    CompressionStrategy, CompressorOxide, TDEFLFlush, compress_to_output, create_comp_flags_from_zip_params,
};

use crate::encoding::{base64url, fingerprint};
use crate::json::object;
use crate::time::UnixTime;

/// How many places a list has.
pub(crate) const PLACES: u32 = 1 << 20;
/// How many lists there are at most.
pub(crate) const LISTS: u32 = 64;
/// The `typ` of a list (section 5.1).
pub(crate) const STATUS_LIST_TYPE: &str = "statuslist+jwt";

/// The status of a token that is not valid (draft-ietf-oauth-status-list section 7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Status {
    /// It is not revoked, and its client is disabled.
    Suspended,
    /// It is revoked.
    Invalid,
}

object! {
    /// The claims of a list.
    #[json(write)]
    pub(crate) struct StatusListClaims<'a> {
        pub(crate) iss: &'a str,
        pub(crate) sub: &'a str,
        pub(crate) iat: UnixTime,
        pub(crate) exp: UnixTime,
        pub(crate) ttl: u64,
        pub(crate) status_list: StatusList,
    }

    /// The bit array.
    #[json(write)]
    pub(crate) struct StatusList {
        pub(crate) bits: u8,
        pub(crate) lst: String,
    }
}

impl StatusList {
    /// A list that says these places.
    pub(crate) fn of(bits: u8, set: impl Iterator<Item = (u32, Status)>) -> Self {
        Self::compressed(bits, &array(bits, length(bits), set))
    }

    /// A list in which nothing is valid.
    pub(crate) fn all_invalid(bits: u8) -> Self {
        let byte = (0..8).step_by(usize::from(bits.clamp(1, 8))).fold(0_u8, |byte, at| byte | 1 << at);
        Self::compressed(bits, &vec![byte; length(bits)])
    }

    /// By what it is told apart from a list that says something else.
    pub(crate) fn fingerprint(&self) -> String {
        fingerprint(self.lst.as_bytes())
    }

    fn compressed(bits: u8, array: &[u8]) -> Self {
        StatusList { bits, lst: base64url(&zlib(array)) }
    }
}

/// The array of so many bytes that says these places (section 4.1).
fn array(bits: u8, length: usize, set: impl Iterator<Item = (u32, Status)>) -> Vec<u8> {
    let mut array = vec![0_u8; length];
    let per_byte = 8 / u32::from(bits.clamp(1, 8));
    for (index, status) in set {
        let value = match status {
            // It takes two bits to say more than that it is not valid.
            Status::Suspended if bits > 1 => 2,
            _ => 1,
        };
        // The first of a byte is in its lowest bits.
        let at = usize::try_from(index / per_byte).ok().and_then(|at| array.get_mut(at));
        if let Some(byte) = at {
            *byte |= value << (index % per_byte * u32::from(bits));
        }
    }
    array
}

/// An array in zlib's format (RFC 1950). It has runs of zeros between bytes that nothing tells of before, so only runs are looked
/// for: what else there is to find costs more than it saves.
fn zlib(array: &[u8]) -> Vec<u8> {
    let flags = create_comp_flags_from_zip_params(9, 1, CompressionStrategy::RLE as i32);
    let mut out = Vec::new();
    let mut compressor = CompressorOxide::new(flags);
    compress_to_output(&mut compressor, array, TDEFLFlush::Finish, |bytes| {
        out.extend_from_slice(bytes);
        true
    });
    out
}

/// How many bytes the array of a list has.
fn length(bits: u8) -> usize {
    PLACES as usize / 8 * usize::from(bits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::from_base64url;

    fn invalid(indexes: &[u32]) -> impl Iterator<Item = (u32, Status)> {
        indexes.iter().map(|index| (*index, Status::Invalid))
    }

    /// Section 4.1, and the same array in its JSON.
    #[test]
    fn the_example_of_the_draft_with_one_bit() {
        let array = array(1, 2, invalid(&[0, 3, 4, 5, 7, 8, 9, 13, 15]));
        assert_eq!(array, [0xb9, 0xa3]);
        // But for the byte of zlib's header that tells how hard the compressor tried.
        let (ours, theirs) = (zlib(&array), from_base64url("eNrbuRgAAhcBXQ").unwrap());
        assert_eq!((ours[0], &ours[2..]), (theirs[0], &theirs[2..]));
    }

    /// The draft's example with two bits, but for the statuses 3, which nothing here has.
    #[test]
    fn the_first_of_a_byte_is_in_its_lowest_bits() {
        let suspended = [1, 9].map(|index| (index, Status::Suspended));
        let array = array(2, 3, invalid(&[0, 5, 7, 8]).chain(suspended));
        assert_eq!(array, [0xc9 & !0xc0, 0x44, 0xf9 & !0xf0]);
    }

    #[test]
    fn one_bit_says_that_a_suspended_token_is_not_valid() {
        let suspended = || [(3, Status::Suspended)].into_iter();
        let arrays = [1, 2, 4, 8].map(|bits| array(bits, 4, suspended()));
        assert_eq!(arrays, [[8, 0, 0, 0], [0x80, 0, 0, 0], [0, 0x20, 0, 0], [0, 0, 0, 2]]);
    }

    #[test]
    fn in_a_list_of_a_generation_before_nothing_is_valid() {
        for (bits, byte) in [(1, 0xff), (2, 0x55), (4, 0x11), (8, 1)] {
            let all = (0..PLACES).map(|index| (index, Status::Invalid));
            let array = array(bits, length(bits), all);
            assert!(array.iter().all(|found| *found == byte));
            assert_eq!(StatusList::all_invalid(bits).lst, StatusList::compressed(bits, &array).lst);
        }
    }
}
