//! Results: bytes that the library owns until the caller gives them back.

use std::ffi::c_char;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::ptr;

use zeroize::{Zeroize, Zeroizing};

use crate::guard::guard_value;

/// Bytes that the library made, to be given back by `tokenmint_bytes_free`. Change nothing in it.
#[repr(C)]
#[derive(Debug)]
pub struct tokenmint_bytes {
    /// The bytes; a NUL stands behind the last, which `length` does not count. `NULL` where there is nothing.
    pub data: *mut c_char,
    /// How many there are.
    pub length: usize,
    /// How many were allocated; only the library needs it.
    pub capacity: usize,
}

impl tokenmint_bytes {
    /// Where there is nothing to hand out.
    pub(crate) const NOTHING: tokenmint_bytes =
        tokenmint_bytes { data: ptr::null_mut(), length: 0, capacity: 0 };

    /// Takes the bytes over; whatever they are copied from is wiped.
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        let mut owned = if bytes.len() < bytes.capacity() {
            bytes
        } else {
            let bytes = Zeroizing::new(bytes);
            let mut longer = Vec::with_capacity(bytes.len() + 1);
            longer.extend_from_slice(&bytes);
            longer
        };
        owned.push(0);
        let mut owned = ManuallyDrop::new(owned);
        tokenmint_bytes {
            data: owned.as_mut_ptr().cast(),
            length: owned.len() - 1,
            capacity: owned.capacity(),
        }
    }
}

impl From<String> for tokenmint_bytes {
    fn from(text: String) -> Self {
        tokenmint_bytes::new(text.into_bytes())
    }
}

impl From<&[u8]> for tokenmint_bytes {
    fn from(bytes: &[u8]) -> Self {
        let mut owned = Vec::with_capacity(bytes.len() + 1);
        owned.extend_from_slice(bytes);
        tokenmint_bytes::new(owned)
    }
}

impl From<&str> for tokenmint_bytes {
    fn from(text: &str) -> Self {
        text.as_bytes().into()
    }
}

/// Wipes the bytes and gives them back; `bytes` is empty afterwards, so that a second call does nothing. `NULL`, and
/// bytes that are empty, are left alone.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tokenmint_bytes_free(bytes: Option<&mut MaybeUninit<tokenmint_bytes>>) {
    guard_value((), || {
        let Some(bytes) = bytes else { return };
        // SAFETY: the caller's promise: these are the parts of a `Vec` that `tokenmint_bytes::new` took apart, whose
        // first `length + 1` bytes are written; or zeros.
        let owned = unsafe {
            let found = bytes.assume_init_read();
            (!found.data.is_null())
                .then(|| Vec::from_raw_parts(found.data.cast::<u8>(), found.length + 1, found.capacity))
        };
        bytes.write(tokenmint_bytes::NOTHING);
        if let Some(mut owned) = owned {
            // What stands behind the NUL may have been used too.
            owned.resize(owned.capacity(), 0);
            wipe(&mut owned);
        }
    });
}

/// Wipes eight bytes at a time: one at a time takes a good part of what a token takes.
fn wipe(bytes: &mut [u8]) {
    // SAFETY: every bit pattern is a `u64`.
    let (head, words, tail) = unsafe { bytes.align_to_mut::<u64>() };
    head.zeroize();
    words.zeroize();
    tail.zeroize();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_wiped() {
        for (start, end) in [(0, 0), (0, 1), (1, 40), (3, 17), (0, 64)] {
            let mut bytes = [7_u8; 64];
            wipe(&mut bytes[start..end]);
            assert!(bytes.iter().enumerate().all(|(at, byte)| (*byte == 0) == (start..end).contains(&at)));
        }
    }

    #[test]
    fn a_nul_stands_behind_the_last_byte() {
        for text in ["", "a", "token"] {
            for mut bytes in [tokenmint_bytes::from(text), text.to_owned().into()] {
                // SAFETY: the bytes were made just now, with a NUL behind them.
                let found = unsafe { std::slice::from_raw_parts(bytes.data.cast::<u8>(), bytes.length + 1) };
                assert_eq!(found, [text.as_bytes(), b"\0"].concat());
                let slot = (&raw mut bytes).cast::<MaybeUninit<tokenmint_bytes>>();
                // SAFETY: `slot` is the only pointer to `bytes`, which the library made; the second call finds nothing.
                unsafe {
                    tokenmint_bytes_free(Some(&mut *slot));
                    tokenmint_bytes_free(Some(&mut *slot));
                }
                assert!(bytes.data.is_null());
            }
        }
    }
}
