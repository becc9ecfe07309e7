//! The flows, driven through the public interface.

mod directory;
mod links;
mod sessions;
mod storage_document;
mod store_wiped;
