//! Stores, opened by URL.

use std::ffi::c_char;
use std::mem::MaybeUninit;

use tokenmint::{Error, ErrorCode, MemoryStore, Store};

use crate::arguments::{place, text};
use crate::error::tokenmint_error;
use crate::guard::{guard, guard_value};
use crate::handle::{Handle, borrow, free, handles};

/// Where the flows keep their records.
pub struct tokenmint_store(Box<dyn Store>);

handles!(tokenmint_store b"tm store");

impl tokenmint_store {
    /// The store behind a handle.
    ///
    /// # Safety
    /// As [`borrow`].
    pub(crate) unsafe fn borrow<'a>(store: *const Self) -> tokenmint::Result<&'a dyn Store> {
        // SAFETY: the caller's promise.
        Ok(&*unsafe { borrow(store, "store")? }.0)
    }
}

/// Opens a store by its URL: `memory:` is an empty one that lasts until it is freed.
///
/// Fails with `field_invalid` for any other URL.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tokenmint_store_open(
    url: *const c_char,
    url_length: usize,
    store: Option<&mut MaybeUninit<*mut tokenmint_store>>,
    error: Option<&mut MaybeUninit<tokenmint_error>>,
) -> i32 {
    guard(error, || {
        let out = place(store, "store")?;
        // SAFETY: the caller keeps the header's contract.
        let url = unsafe { text(url, url_length, "url")? };
        if url != "memory:" {
            // The URL of a data base may hold a password, so it is not repeated.
            return Err(Error::new(ErrorCode::FieldInvalid).at("url").because("the one store is memory:"));
        }
        out.write(tokenmint_store(Box::new(MemoryStore::new())).into_handle());
        Ok(())
    })
}

/// Frees a store; a store in memory forgets everything.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tokenmint_store_free(store: *mut tokenmint_store) {
    // SAFETY: the caller keeps the header's contract.
    guard_value((), || unsafe { free(store) });
}
