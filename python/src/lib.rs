//! The extension module `tokenmint._tokenmint`: Python's objects to the core's and back, and nothing else.
//!
//! The host's part is here too: the clock and the randomness, where the caller gives none.

mod bound;
mod database;
mod endpoint;
mod errors;
mod functions;
mod host;
mod issuer;
mod json;
mod keys;
mod lifetime;
mod status_lists;
mod store;
mod task;
mod timedelta;
mod values;
mod verifier;

use pyo3::prelude::*;

/// The core of tokenmint, for the package `tokenmint`. What it exports is immutable or locks itself: it needs no GIL.
#[pymodule(gil_used = false)]
mod _tokenmint {
    #[pymodule_export]
    use crate::bound::ProofWindow;
    #[pymodule_export]
    use crate::database::{Database, open_store};
    #[pymodule_export]
    use crate::endpoint::Endpoint;
    #[pymodule_export]
    use crate::functions::{
        decode_unverified, format_expires_in, generate_secret, hash_secret, node_jsonwebtoken_expiry,
        parse_expires_in, parse_expires_in_json, secret_matches, source_operation,
    };
    #[pymodule_export]
    use crate::issuer::Issuer;
    #[pymodule_export]
    use crate::keys::{Key, KeySet};
    #[pymodule_export]
    use crate::status_lists::StatusLists;
    #[pymodule_export]
    use crate::store::MemoryStore;
    #[pymodule_export]
    use crate::task::Task;
    #[pymodule_export]
    use crate::verifier::Verifier;
}
