//! The flows, driven through the public interface.

mod api_keys;
mod clients;
mod directory;
mod drive;
mod links;
mod narrow;
mod sessions;
mod single_use;
mod storage_document;
mod store_wiped;
