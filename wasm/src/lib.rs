//! The WebAssembly of the npm package: handles, buffers and JSON texts over the core. What people use is the TypeScript
//! in `wasm/ts`.
//!
//! The modules are public because `wasm_bindgen` exports public items only.
//!
//! RSA, ECDSA and Ed25519 belong to the host: the core judges the keys, and asks for signatures by a key's name.

pub mod error;
pub mod exchange;
pub mod functions;
pub mod keys;
pub mod remote;
pub mod task;
pub mod verifier;

#[cfg(feature = "issue")]
pub mod endpoint;
#[cfg(feature = "issue")]
pub mod issuer;
#[cfg(feature = "issue")]
pub mod lifetime;
#[cfg(feature = "issue")]
pub mod store;
