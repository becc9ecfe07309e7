//! The vectors that every language runs, and a corpus beside the repository.

mod adapter;
mod dpop;
mod lifetimes;
mod proofs;
mod shared;
mod status_adapter;
mod status_lists;
mod verify;
