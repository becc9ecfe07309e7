//! The flows, driven through the public interface.

mod api_keys;
#[cfg(feature = "aws-lc")]
mod assertions;
#[cfg(feature = "aws-lc")]
mod client_proofs;
mod clients;
mod directory;
mod drive;
mod links;
mod narrow;
mod security_events;
mod sessions;
#[cfg(feature = "aws-lc")]
mod signer;
mod single_use;
mod status_lists;
mod storage_document;
mod store_wiped;
mod token_source;
