//! The C ABI of tokenmint. What a caller must know stands at the head of `include/tokenmint.h`, which is generated from
//! this crate, and in `docs/c-abi.md`.
//!
//! No token logic is here: each function takes C's values apart, calls the core, and hands the result out. Every export
//! goes through `guard`.
#![allow(non_camel_case_types, reason = "these are the names in C")]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod arguments;
mod error;
mod guard;
mod handle;

// The exports, in the order of the header.
mod library;

mod bytes;

mod lifetime;

mod keys;

mod issuer;

mod verifier;

mod status_lists;

mod bound;

mod credential;

mod source;

mod task;

mod store;

mod endpoint;

#[cfg(test)]
mod exports;

/// The number of this interface. It goes up with each change that a compiled caller would notice.
pub const TOKENMINT_ABI_VERSION: u32 = 1;

/// Handles may be used by several threads at once.
const _: () = {
    const fn shared_between_threads<T: Send + Sync>() {}
    shared_between_threads::<keys::tokenmint_keys>();
    shared_between_threads::<issuer::tokenmint_issuer>();
    shared_between_threads::<verifier::tokenmint_verifier>();
    shared_between_threads::<status_lists::tokenmint_status_lists>();
    shared_between_threads::<bound::tokenmint_proof_window>();
    shared_between_threads::<endpoint::tokenmint_endpoint>();
    shared_between_threads::<store::tokenmint_store>();
    shared_between_threads::<task::tokenmint_task>();
};
