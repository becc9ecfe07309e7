//! Handles: boxes that C knows by an opaque pointer, with a tag in front that tells a wrong one.

use std::ptr;

use tokenmint::{Error, ErrorCode, Result};

/// What a handle's pointer points to.
#[repr(C)]
struct Tagged<T> {
    tag: u64,
    value: T,
}

/// The tag of a handle that was freed.
const FREED: u64 = 0;

/// A type that C holds by pointer.
pub(crate) trait Handle: Sized {
    /// Tells this kind of handle from the others.
    const TAG: u64;
    /// What it is called in C.
    const NAME: &'static str;

    /// Gives the value to C.
    fn into_handle(self) -> *mut Self {
        Box::into_raw(Box::new(Tagged { tag: Self::TAG, value: self })).cast()
    }
}

/// Makes types handles.
macro_rules! handles {
    ($($name:ident $tag:literal),+ $(,)?) => {$(
        impl $crate::handle::Handle for $name {
            const TAG: u64 = u64::from_be_bytes(*$tag);
            const NAME: &'static str = stringify!($name);
        }
    )+};
}
pub(crate) use handles;

/// The value of a handle.
///
/// # Errors
/// `field_required` for NULL, `field_invalid` for another kind of handle.
///
/// # Safety
/// `pointer` is NULL, or came from [`Handle::into_handle`] of any type and was not freed.
pub(crate) unsafe fn borrow<'a, T: Handle>(pointer: *const T, name: &'static str) -> Result<&'a T> {
    if pointer.is_null() {
        return Err(Error::new(ErrorCode::FieldRequired).at(name).because(format!("expected a {}", T::NAME)));
    }
    // SAFETY: every kind of handle begins with its tag.
    if unsafe { pointer.cast::<u64>().read() } != T::TAG {
        return Err(Error::new(ErrorCode::FieldInvalid)
            .at(name)
            .because(format!("expected a {}, found another handle, or one that was freed", T::NAME)));
    }
    // SAFETY: the tag says that this is a `Tagged<T>`; only `free` changes it, and whoever calls that is done with it.
    Ok(unsafe { &(*pointer.cast::<Tagged<T>>()).value })
}

/// Frees a handle; NULL, and another kind of handle, are left alone.
///
/// # Safety
/// As [`borrow`], and nobody else uses the handle any more.
pub(crate) unsafe fn free<T: Handle>(pointer: *mut T) {
    // SAFETY: the caller's promise.
    if unsafe { borrow(pointer.cast_const(), "") }.is_ok() {
        let tagged = pointer.cast::<Tagged<T>>();
        // SAFETY: the tag says that `into_handle` made this box; it is written over so that a second use shows.
        drop(unsafe {
            ptr::write_volatile(&raw mut (*tagged).tag, FREED);
            Box::from_raw(tagged)
        });
    }
}
